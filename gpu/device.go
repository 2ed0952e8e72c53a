package gpu

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// HostPage is the page in which the kernel, and so netgpu, sees device memory.
const HostPage = 4 * sim.KiB

// Where device memory and the aperture appear. Any value above 4 GiB does: these
// are round numbers in the ranges where cudaMalloc and server firmware put them.
const (
	virtualBase Addr    = 0x7f00_0000_0000
	busBase     BusAddr = 0x3800_0000_0000
)

// Addr is a virtual address of device memory, as cudaMalloc returns it.
type Addr uint64

// BusAddr is an address on PCIe, as it stands in a WQE's data segment.
type BusAddr uint64

// Device is one GPU.
type Device struct {
	spec     Spec
	memory   extents // allocations, by offset in device memory
	aperture extents // pinned windows, by offset in BAR1
	mappings []*Mapping
}

// New makes a GPU with nothing allocated. The error is a *SpecError.
func New(spec *Spec) (*Device, error) {
	if err := check(spec); err != nil {
		return nil, err
	}
	return &Device{
		spec:     *spec,
		memory:   extents{size: spec.Memory},
		aperture: extents{size: spec.BAR1},
	}, nil
}

// Target describes the GPU to its PCIe link: reads wait for the BAR, writes become
// visible to device code after a while, and peers share the memory's bandwidth.
func (d *Device) Target() pcie.TargetSpec {
	return pcie.TargetSpec{
		ReadService:  d.spec.BARRead,
		WriteVisible: d.spec.WriteVisibility,
		WriteLimit:   d.spec.MemoryBandwidth,
		ReadLimit:    d.spec.MemoryBandwidth,
	}
}

// Alloc reserves n bytes of device memory (cudaMalloc), rounded up to whole GPU
// pages, contiguous, at the lowest address where they fit. Errors: EINVAL if n is
// not positive, ENOMEM.
func (d *Device) Alloc(n sim.Bytes) (Addr, error) {
	if n <= 0 {
		return 0, &Error{Errno: EINVAL, Op: "alloc", Why: "size is not positive", Given: n}
	}
	if n > d.spec.Memory {
		return 0, &Error{Errno: ENOMEM, Op: "alloc", Why: "device memory", Given: n, Allowed: d.spec.Memory}
	}
	offset, largest, ok := d.memory.take(d.roundUp(n))
	if !ok {
		return 0, &Error{Errno: ENOMEM, Op: "alloc", Why: "device memory, largest free range", Given: n, Allowed: largest}
	}
	return virtualBase + Addr(offset), nil
}

// Free releases the allocation that starts at addr (cudaFree, or the exit of the
// process). Mappings of it are revoked first and returned in the order they were
// pinned: their owner must detach them. Error: EINVAL if no allocation starts there.
func (d *Device) Free(addr Addr) ([]*Mapping, error) {
	a, ok := d.memory.find(sim.Bytes(addr - virtualBase))
	if !ok || virtualBase+Addr(a.offset) != addr {
		return nil, &Error{Errno: EINVAL, Op: "free", Why: "no allocation starts at this address"}
	}
	var revoked []*Mapping
	for _, m := range d.mappings {
		if m.start >= addr && m.start < addr+Addr(a.length) {
			revoked = append(revoked, m)
		}
	}
	for _, m := range revoked {
		d.release(m)
	}
	d.memory.give(a.offset)
	return revoked, nil
}

// Allocated is the device memory in use.
func (d *Device) Allocated() sim.Bytes { return d.memory.total() }

// Pinned is the part of BAR1 in use.
func (d *Device) Pinned() sim.Bytes { return d.aperture.total() }

func (d *Device) roundUp(n sim.Bytes) sim.Bytes {
	return (n + d.spec.PageSize - 1) &^ (d.spec.PageSize - 1)
}
