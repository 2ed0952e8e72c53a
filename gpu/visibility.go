package gpu

import "netgpusim/sim"

// Visibility says what device code, or a peer, may rely on after writes have arrived at
// BAR1: data are in order on PCIe, but take a while from the device's PCIe interface
// until a kernel sees them. A CQE in host memory can therefore announce a payload that
// the GPU does not show yet. The cure is a flush: the CUDA call
// cudaDeviceFlushGPUDirectRDMAWrites, or a read of the device that pushes the writes
// before it. The zero Visibility has seen no write.
type Visibility struct {
	visible sim.Time // of the last write that arrived
}

// Wrote notes a write whose last byte device code sees at visible (as
// pcie.Tree.Write returns it).
func (v *Visibility) Wrote(visible sim.Time) { v.visible = max(v.visible, visible) }

// Exposed is for how long after now device code can still see old data where writes
// that arrived before now went: 0 if all is visible.
func (v *Visibility) Exposed(now sim.Time) sim.Time { return max(0, v.visible-now) }

// Flush is a flush that arrives at the device at now. It returns when it is answered:
// everything that was written before is visible then.
func (d *Device) Flush(now sim.Time, v *Visibility) sim.Time {
	return max(now, v.visible) + d.spec.Flush
}
