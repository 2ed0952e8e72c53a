package gpu

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// What a warp is and how its accesses coalesce (CUDA C++ Programming Guide, "Hardware
// Implementation" and "Device Memory Accesses", compute capability 6.0 and up).
const (
	WarpLanes   = 32  // threads that execute an instruction together
	SectorBytes = 32  // least that a load fetches
	LineBytes   = 128 // most that one request fetches or writes: a cache line
)

// Sectors is what a load or store of n bytes (more than zero, at most LineBytes) within a
// line moves when it is a load: whole sectors.
func Sectors(n int64) int64 { return (n + SectorBytes - 1) / SectorBytes * SectorBytes }

// HostAccess is the path of all SMs of a device to host memory.
//
// Loads are non-posted reads of whole sectors, at most a line each. An address is hashed
// to one of read_slices slices, and each slice keeps slice_reads reads outstanding, so
// that all slices together have the tags of the device: a load whose slice is full waits
// although others may have room. Stores are posted writes that leave one per
// store_interval, whatever their size.
//
// The caller brings the clock: it calls Load and Returned in the order of their times.
// It is not safe for concurrent use.
type HostAccess struct {
	spec *Spec      `snapshot:"-"`
	tree *pcie.Tree `snapshot:"ref"`

	slices []slice

	storeFree sim.Time
	waited    sim.Time // time that loads waited for their slice, all together
}

// slice is one of the parts over which the device spreads addresses of host memory.
type slice struct {
	outstanding int
	waiting     sim.FIFO[waiting]
}

// waiting is a load that its slice has no room for.
type waiting struct {
	owner uint32
	bytes int64
	since sim.Time
}

// Started is a load whose request is on its way to host memory.
type Started struct {
	Owner uint32
	Slice uint32
	Back  sim.Time // when its data are at the PCIe interface; Returned is due then
}

// NewHostAccess makes the path for the device whose link is the requester's of tree. The
// tree needs OutstandingReads tags for the slices to be what bounds loads.
func (d *Device) NewHostAccess(tree *pcie.Tree) *HostAccess {
	return &HostAccess{spec: &d.spec, tree: tree, slices: make([]slice, d.spec.ReadSlices)}
}

// OutstandingReads is how many loads of host memory all slices keep outstanding.
func (d *Device) OutstandingReads() int { return d.spec.ReadSlices * d.spec.SliceReads }

// Load is a load of n bytes (more than zero, at most LineBytes) of the line with this
// number that is at its slice at now. If the slice has room the request leaves at once;
// if not, ok is false and a later Returned starts it. owner is handed back with it.
func (a *HostAccess) Load(now sim.Time, line uint64, n int64, owner uint32) (s Started, ok bool) {
	i := uint32(mix(line) % uint64(len(a.slices)))
	if a.slices[i].outstanding == a.spec.SliceReads {
		a.slices[i].waiting.Push(waiting{owner, n, now})
		return Started{}, false
	}
	a.slices[i].outstanding++
	return a.start(now, i, owner, n), true
}

// Returned says that a load of a slice is back, at its time. If another one waits for the
// slice it starts now.
func (a *HostAccess) Returned(now sim.Time, slice uint32) (s Started, ok bool) {
	from := &a.slices[slice]
	if from.waiting.Len() == 0 {
		from.outstanding--
		return Started{}, false
	}
	next := *from.waiting.Front()
	from.waiting.Pop()
	a.waited += now - next.since
	return a.start(now, slice, next.owner, next.bytes), true
}

func (a *HostAccess) start(now sim.Time, slice, owner uint32, n int64) Started {
	_, back := a.tree.Read(now, pcie.HostMemory, Sectors(n))
	return Started{Owner: owner, Slice: slice, Back: back}
}

// Waited is the time that loads have waited for their slices, all together.
func (a *HostAccess) Waited() sim.Time { return a.waited }

// Store is an SM storing n bytes (more than zero, at most LineBytes) within one line,
// issued at now. It returns when the write has left the device, and when the host can see
// it.
func (a *HostAccess) Store(now sim.Time, n int64) (sent, visible sim.Time) {
	start := max(now, a.storeFree)
	a.storeFree = start + a.spec.StoreInterval
	return a.tree.Write(start, pcie.HostMemory, n)
}

// mix spreads line numbers over slices: the finaliser of SplitMix64 (Steele et al.,
// OOPSLA 2014). The hash of real devices is not public; any that is even will do.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
