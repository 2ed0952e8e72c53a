package netgpu

import (
	"slices"
	"sort"
)

// MemType is the kind of memory behind a region.
type MemType uint8

// The memory types of the v2 API.
const (
	HostMemory MemType = iota // malloc or mmap, pinned page by page
	CUDAMemory                // cudaMalloc, pinned through the GPU driver
	memTypeCount
)

// String returns "host" or "cuda".
func (t MemType) String() string {
	switch t {
	case HostMemory:
		return "host"
	case CUDAMemory:
		return "cuda"
	}
	return "?"
}

// granule is the size to which the edges of a region of this type are rounded, in
// bytes.
func (t MemType) granule() uint64 {
	if t == CUDAMemory {
		return GPUPageSize
	}
	return PageSize
}

// Account is a user's locked-memory account (user_struct.locked_vm).
type Account struct {
	LimitPages  int64 // RLIMIT_MEMLOCK
	LockedPages int64
}

// area is a memory area: an open /dev/netgpu_mem (patch 10).
type area struct {
	file      *file
	process   *Process
	accounted bool // the opener lacked CAP_IPC_LOCK
	regions   []*region
	lastIndex int // indices count from 1 and are not used twice
}

// region is a page-aligned range of one process's memory that netgpu has pinned.
type region struct {
	area     *area
	owner    *Process // whose memory it is: who added it, not who opened the area
	index    int
	memType  MemType
	start    uint64 // VA
	first    PageID
	pages    uint32
	run      uint32 // pages of a physically contiguous run; 0: all are one
	phase    uint32 // pages of its first run that lie before the region
	contexts []*Context
	maps     []dmaMap
	gone     bool // freed; kept while the kernel holds pages of it
}

// dmaMap is a region as one device sees it, shared by the contexts on it.
type dmaMap struct {
	device *Device
	base   uint64
	refs   int
}

func (r *region) end() uint64 { return r.start + uint64(r.pages)<<PageShift }

// dma is the DMA address of the nth page of a region that is mapped at base. For
// GPU memory, runs of contiguous GPU pages lie apart, so the address is that of
// the page's run plus the offset in it (patch 21).
func (r *region) dma(base uint64, n uint32) uint64 {
	addr := base + uint64(n)<<PageShift
	if r.run != 0 {
		addr += uint64((n+r.phase)/r.run) * GPUPageSize
	}
	return addr
}

// OpenMemory opens /dev/netgpu_mem: a new memory area. ENOMEM; EMFILE; ENOENT if
// the variant has no memory objects.
func (p *Process) OpenMemory() (FD, Errno) {
	if !p.module.variant.MemoryObjects {
		return -1, ENOENT
	}
	if p.module.Faults.ObjectAlloc.hit() {
		return -1, ENOMEM
	}
	a := p.newArea()
	fd, err := p.install(&file{kind: memoryFile, area: a})
	if err != OK {
		return -1, err
	}
	a.file = p.files[fd]
	return fd, OK
}

func (p *Process) newArea() *area {
	return &area{process: p, accounted: !p.privileged}
}

// AddRegion is MEM_ADD_REGION: it pins a range of the caller's memory and returns
// the region's index, which is at least 1. The range is widened to whole pages
// (4 KiB, for CUDA 64 KiB). ENXIO for an unknown memory type or a missing plug-in;
// ENOMEM beyond the locked-memory limit, which applies to host memory of users
// without privilege; EFAULT if the range is not all memory of that type; EEXIST if
// a page of it belongs to a region already; EINVAL if a CUDA range is empty; EBADF,
// ENOTTY for the descriptor.
func (p *Process) AddRegion(mem FD, iov Iovec, t MemType) (int, Errno) {
	f, err := p.fileOf(mem, memoryFile, ENOTTY)
	if err != OK {
		return 0, err
	}
	r, err := p.newRegion(f.area, iov, t)
	if err != OK {
		return 0, err
	}
	return r.index, OK
}

// newRegion is AddRegion on the area itself. The checks are in the source's order:
// the type, the limit, the memory, the claim (patch 10). The memory is the caller's;
// the account is that of whoever opened the area.
func (p *Process) newRegion(a *area, iov Iovec, t MemType) (*region, Errno) {
	m := p.module
	if t >= memTypeCount || !m.plugins[t] {
		return nil, ENXIO
	}
	if m.Faults.ObjectAlloc.hit() {
		return nil, ENOMEM
	}
	mask := t.granule() - 1
	start := iov.Base &^ mask
	size := (iov.Base - start + iov.Len + mask) &^ mask
	if size < iov.Len || start+size < start {
		return nil, EFAULT // wraps around: no such memory
	}
	if size>>PageShift > MaxPages {
		return nil, ENOMEM
	}
	pages := uint32(size >> PageShift)
	if t == CUDAMemory && pages == 0 {
		return nil, EINVAL // the GPU driver pins no empty range
	}
	accounted := a.accounted && t == HostMemory
	account := a.process.account
	if accounted && account.LockedPages+int64(pages) > account.LimitPages {
		return nil, ENOMEM
	}
	run, phase, mapped := p.mapped(start, size, t)
	if !mapped {
		return nil, EFAULT
	}
	if m.claimed(p, start, size) {
		return nil, EEXIST
	}
	first, err := m.allocatePages(pages)
	if err != OK {
		return nil, err
	}
	if accounted {
		account.LockedPages += int64(pages)
	}
	a.lastIndex++
	r := &region{area: a, owner: p, index: a.lastIndex, memType: t,
		start: start, first: first, pages: pages, run: run, phase: phase}
	a.regions = append(a.regions, r)
	if pages > 0 {
		at := sort.Search(len(m.regions), func(i int) bool { return m.regions[i].first > first })
		m.regions = slices.Insert(m.regions, at, r)
	}
	for i := range pages {
		m.pages[first+PageID(i)] = page{queue: -1}
		m.register(first + PageID(i))
	}
	return r, OK
}

// claimed says whether a page of the process's range belongs to a region: the
// kernel marks the page itself (PagePrivate; for CUDA the memory resource).
func (m *Module) claimed(p *Process, start, size uint64) bool {
	for _, r := range m.regions {
		if !r.gone && r.owner == p && start < r.end() && r.start < start+size {
			return true
		}
	}
	return false
}

// allocatePages finds n consecutive PageIDs: the lowest that no region has. ENOMEM
// beyond MaxPages.
func (m *Module) allocatePages(n uint32) (PageID, Errno) {
	m.forgetRegions()
	var first PageID
	for _, r := range m.regions {
		if uint32(r.first-first) >= n {
			break
		}
		first = r.first + PageID(r.pages)
	}
	end := int(first) + int(n)
	if end > MaxPages {
		return 0, ENOMEM
	}
	if grow := end - len(m.pages); grow > 0 {
		m.pages = append(m.pages, make([]page, grow)...)
		m.grow(end)
	}
	return first, OK
}

// forgetRegions drops the regions that are gone and of which nobody holds a page
// any more.
func (m *Module) forgetRegions() {
	m.hotPages = 0
	m.regions = slices.DeleteFunc(m.regions, func(r *region) bool {
		if !r.gone {
			return false
		}
		for i := range PageID(r.pages) {
			if m.Place(r.first+i) != Unregistered || m.pages[r.first+i].refs != 0 {
				return false
			}
		}
		return true
	})
}

// attach is netgpu_mem_attach_ctx: it maps a region for the context's device,
// unless another context on it has done so, and takes a reference on the area's
// file. EEXIST if attached already, ENOMEM, ENXIO if mapping fails.
func (r *region) attach(c *Context) (base uint64, err Errno) {
	if slices.Contains(r.contexts, c) {
		return 0, EEXIST
	}
	faults := &c.module.Faults
	if faults.ObjectAlloc.hit() {
		return 0, ENOMEM
	}
	i := slices.IndexFunc(r.maps, func(d dmaMap) bool { return d.device == c.device })
	if i < 0 {
		if faults.DMAMap.hit() {
			return 0, ENXIO
		}
		i = len(r.maps)
		r.maps = append(r.maps, dmaMap{device: c.device, base: c.device.nextIOVA})
		c.device.nextIOVA = r.dma(c.device.nextIOVA, r.pages)
	}
	r.maps[i].refs++
	r.contexts = append(r.contexts, c)
	if r.area.file != nil {
		r.area.file.refs++
	}
	return r.maps[i].base, OK
}

// detach undoes attach. The area may go with it.
func (r *region) detach(c *Context) {
	r.contexts = slices.DeleteFunc(r.contexts, func(x *Context) bool { return x == c })
	i := slices.IndexFunc(r.maps, func(d dmaMap) bool { return d.device == c.device })
	if r.maps[i].refs--; r.maps[i].refs == 0 {
		r.maps = slices.Delete(r.maps, i, i+1)
	}
	if r.area.file != nil {
		c.module.unref(r.area.file)
	}
}

// release frees an area that nobody refers to any more, with its regions.
func (a *area) release(m *Module) {
	for _, r := range a.regions {
		m.freeRegion(r)
	}
	a.regions = nil
}

// freeRegion unpins a region that is attached nowhere.
func (m *Module) freeRegion(r *region) {
	if r.area.accounted && r.memType == HostMemory {
		r.area.process.account.LockedPages -= int64(r.pages)
	}
	for i := range PageID(r.pages) {
		m.unregister(r.first + i)
	}
	r.gone = true
	m.hotPages = 0
}

// regionOf returns the region of a page, nil if it has none. It includes regions
// that are gone but not forgotten.
func (m *Module) regionOf(page PageID) *region {
	i := sort.Search(len(m.regions), func(i int) bool { return m.regions[i].first > page }) - 1
	if i < 0 || page-m.regions[i].first >= PageID(m.regions[i].pages) {
		return nil
	}
	return m.regions[i]
}

// VA is the address of page in its owner's memory, and whether the page exists.
func (m *Module) VA(page PageID) (uint64, bool) {
	if n := uint32(page - m.hotFirst); n < m.hotPages {
		return m.hotStart + uint64(n)<<PageShift, true
	}
	return m.findVA(page)
}

func (m *Module) findVA(page PageID) (uint64, bool) {
	r := m.regionOf(page)
	if r == nil {
		return 0, false
	}
	m.hotFirst, m.hotPages, m.hotStart = r.first, r.pages, r.start
	return r.start + uint64(page-r.first)<<PageShift, true
}

// MemTypeOf is the kind of memory behind a page; host for a page that does not
// exist.
func (m *Module) MemTypeOf(page PageID) MemType {
	if r := m.regionOf(page); r != nil {
		return r.memType
	}
	return HostMemory
}
