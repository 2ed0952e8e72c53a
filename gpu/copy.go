package gpu

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// rampPiece is the unit in which the first bytes of a copy to the host are paced: the
// page, the most a copy engine can ask for without another translation.
const rampPiece = int64(HostPage)

// CopyEngine is one copy engine of a GPU, doing operations one after another on the
// link of tree's requester. Operations queued back to back take
//
//	to the device:  copy_setup + read round trip + bytes at the link's read rate
//	to the host:    copy_setup + copy_fetch + bytes at the link's write rate,
//	                the first copy_ramp of them at copy_ramp_rate if that is lower
//
// because the engine does not begin an operation before the last byte of the one
// before has come or gone. It is not safe for concurrent use.
type CopyEngine struct {
	spec *Spec      `snapshot:"-"`
	tree *pcie.Tree `snapshot:"ref"`
	ramp sim.Pace
	free sim.Time
}

// NewCopyEngine makes a copy engine of the device whose link is the requester's of tree.
func (d *Device) NewCopyEngine(tree *pcie.Tree) *CopyEngine {
	return &CopyEngine{spec: &d.spec, tree: tree, ramp: d.spec.CopyRampRate.Pace()}
}

// ToDevice copies n bytes (more than zero) of host memory to the device and returns
// when the last byte has arrived.
func (c *CopyEngine) ToDevice(now sim.Time, n int64) (done sim.Time) {
	start := max(now, c.free) + c.spec.CopySetup
	_, c.free = c.tree.Read(start, pcie.HostMemory, n)
	return c.free
}

// ToHost copies n bytes (more than zero) of the device to host memory. It returns when
// the last byte has left the engine, and when the host can see it.
func (c *CopyEngine) ToHost(now sim.Time, n int64) (done, visible sim.Time) {
	start := max(now, c.free) + c.spec.CopySetup + c.spec.CopyFetch
	for sent := int64(0); sent < n; {
		piece := n - sent
		from := start
		if left := int64(c.spec.CopyRamp) - sent; left > 0 {
			piece = min(piece, left, rampPiece)
			// A piece leaves when the engine has it whole.
			from += c.ramp.Time(sent + piece)
		}
		done, visible = c.tree.Write(max(from, done), pcie.HostMemory, piece)
		sent += piece
	}
	c.free = done
	return done, visible
}

// CopyWithin is how long a copy of n bytes from device memory to device memory takes, back
// to back with the one before: copy_setup + copy_fetch + n read and n written at
// memory_bandwidth × memory_share.
func (d *Device) CopyWithin(n int64) sim.Time {
	rate := sim.Bandwidth(float64(d.spec.MemoryBandwidth) * d.spec.MemoryShare)
	return d.spec.CopySetup + d.spec.CopyFetch + max(1, rate.Pace().Time(2*n))
}
