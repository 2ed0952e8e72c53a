package netgpu

import (
	"slices"
	"sort"
)

// AnyQueue asks BindQueue for the first free queue.
const AnyQueue = -1

// Context is an open /dev/netgpu ("RSS object" in the patches): a device, the
// page map through which addresses become pages, and the queues on it. Its file,
// each bound queue and each attached socket hold a reference; it goes with the
// last one.
type Context struct {
	module  *Module
	device  *Device
	queues  []*IfQueue
	refs    int
	pageMap []attachment // by start
	own     *area        // of a variant without memory objects

	// Copy of the attachment that was used last: nearly always the next one too.
	hotStart uint64
	hotSize  uint64
	hotFirst PageID
	hotPages uint32
	hotIndex int
}

// attachment is a region in a context's page map.
type attachment struct {
	region *region
	start  uint64
	size   uint64
	first  PageID
	base   uint64 // DMA address of the first page
}

// OpenContext opens /dev/netgpu. ENOMEM, EMFILE.
func (p *Process) OpenContext() (FD, Errno) {
	if p.module.Faults.ObjectAlloc.hit() {
		return -1, ENOMEM
	}
	c := &Context{module: p.module, refs: 1}
	return p.install(&file{kind: contextFile, context: c})
}

// AttachDev is CTX_ATTACH_DEV. ENODEV if there is no such device; EALREADY if the
// context has another (the same once more is fine); EBUSY in a variant with one
// socket per device, if that would be exceeded by sockets that were attached to the
// context before; EBADF, ENOTTY for the descriptor.
func (p *Process) AttachDev(ctx FD, ifindex int) Errno {
	f, err := p.fileOf(ctx, contextFile, ENOTTY)
	if err != OK {
		return err
	}
	d := p.module.device(ifindex)
	switch {
	case d == nil:
		return ENODEV
	case f.context.device == nil:
		return f.context.setDevice(d)
	case f.context.device != d:
		return EALREADY
	}
	return OK
}

// setDevice gives the context its device, and the device the context's sockets.
func (c *Context) setDevice(d *Device) Errno {
	var waiting []*Socket
	for _, s := range c.module.sockets {
		if s.context == c {
			waiting = append(waiting, s)
		}
	}
	if !c.module.variant.SocketsShareDevice && len(waiting) > 0 && d.sockets+len(waiting) > 1 {
		return EBUSY
	}
	c.device = d
	d.sockets += len(waiting)
	for _, s := range waiting {
		s.device = d
	}
	return OK
}

// AttachRegion is CTX_ATTACH_REGION: region index of the area mem becomes usable
// in the context. ENODEV without a device; EBADF or EOPNOTSUPP if mem is not an
// open memory area; ENOENT if it has no such region; EEXIST if the region is
// attached or its addresses overlap one that is; ENOMEM; ENXIO if it cannot be
// mapped; EINVAL if it is empty; EBADF, ENOTTY for ctx.
func (p *Process) AttachRegion(ctx, mem FD, index int) Errno {
	f, err := p.fileOf(ctx, contextFile, ENOTTY)
	if err != OK {
		return err
	}
	if !p.module.variant.MemoryObjects {
		return ENOTTY
	}
	if f.context.device == nil {
		return ENODEV
	}
	g, err := p.fileOf(mem, memoryFile, EOPNOTSUPP)
	if err != OK {
		return err
	}
	i := slices.IndexFunc(g.area.regions, func(r *region) bool { return r.index == index })
	if i < 0 || p.module.dying(g.area.regions[i]) {
		return ENOENT
	}
	return f.context.attach(g.area.regions[i])
}

// AddContextRegion registers memory through the context that uses it: the way of
// a variant without memory objects (v1). ENOTTY in the others; ENODEV without a
// device; ENXIO for an unknown memory type, a missing plug-in, or memory that cannot
// be mapped; ENOMEM, EFAULT and EEXIST as AddRegion has them, EEXIST also for
// addresses that overlap; EINVAL if the range is empty; EBADF, ENOTTY for the
// descriptor.
func (p *Process) AddContextRegion(ctx FD, iov Iovec, t MemType) (int, Errno) {
	f, err := p.fileOf(ctx, contextFile, ENOTTY)
	if err != OK {
		return 0, err
	}
	c := f.context
	if p.module.variant.MemoryObjects {
		return 0, ENOTTY
	}
	if c.device == nil {
		return 0, ENODEV
	}
	if c.own == nil {
		c.own = p.newArea()
	}
	r, err := p.newRegion(c.own, iov, t)
	if err != OK {
		return 0, err
	}
	if err := c.attach(r); err != OK {
		c.own.regions = slices.DeleteFunc(c.own.regions, func(x *region) bool { return x == r })
		p.module.freeRegion(r)
		return 0, err
	}
	return r.index, OK
}

// attach enters a region into the page map.
func (c *Context) attach(r *region) Errno {
	base, err := r.attach(c)
	if err != OK {
		return err
	}
	size := uint64(r.pages) << PageShift
	for _, a := range c.pageMap {
		if r.start < a.start+a.size && a.start < r.start+size {
			r.detach(c)
			return EEXIST
		}
	}
	if size == 0 { // the page map has no empty ranges
		r.detach(c)
		return EINVAL
	}
	at := sort.Search(len(c.pageMap), func(i int) bool { return c.pageMap[i].start > r.start })
	c.pageMap = slices.Insert(c.pageMap, at, attachment{r, r.start, size, r.first, base})
	c.hotSize, c.hotPages = 0, 0 // the index has moved
	return OK
}

// forget takes a region out of the page map.
func (c *Context) forget(r *region) {
	c.pageMap = slices.DeleteFunc(c.pageMap, func(a attachment) bool { return a.region == r })
	c.hotSize, c.hotPages = 0, 0
}

// put drops a reference; the last one frees the context.
func (c *Context) put() {
	if c.refs--; c.refs > 0 {
		return
	}
	for _, a := range slices.Clone(c.pageMap) {
		c.forget(a.region)
		a.region.detach(c)
	}
	if c.own != nil {
		c.own.release(c.module)
	}
}

// References is the context's reference count.
func (c *Context) References() int { return c.refs }

// Page looks an address up in the page map. Any address in a page names it.
func (c *Context) Page(va uint64) (PageID, bool) {
	if off := va - c.hotStart; off < c.hotSize {
		return c.hotFirst + PageID(off>>PageShift), true
	}
	return c.findPage(va)
}

func (c *Context) findPage(va uint64) (PageID, bool) {
	a := c.search(va)
	if a == nil {
		return NoPage, false
	}
	return a.first + PageID((va-a.start)>>PageShift), true
}

// attachmentAt returns the part of the page map that va is in, nil if none is.
func (c *Context) attachmentAt(va uint64) *attachment {
	if va-c.hotStart < c.hotSize {
		return &c.pageMap[c.hotIndex]
	}
	return c.search(va)
}

// search is attachmentAt without the help of the last answer, which it replaces.
func (c *Context) search(va uint64) *attachment {
	i := sort.Search(len(c.pageMap), func(i int) bool { return c.pageMap[i].start > va }) - 1
	if i < 0 || va-c.pageMap[i].start >= c.pageMap[i].size {
		return nil
	}
	a := &c.pageMap[i]
	c.hotStart, c.hotSize, c.hotIndex = a.start, a.size, i
	c.hotFirst, c.hotPages = a.first, uint32(a.size>>PageShift)
	return a
}

// has says whether a page is of a region that is attached.
func (c *Context) has(page PageID) bool {
	return uint32(page-c.hotFirst) < c.hotPages || c.findAttachment(page) != nil
}

func (c *Context) findAttachment(page PageID) *attachment {
	for i := range c.pageMap {
		if a := &c.pageMap[i]; uint64(page-a.first) < a.size>>PageShift {
			return a
		}
	}
	return nil
}

// DMA is the address at which the context's device reaches page, and whether it
// does.
func (c *Context) DMA(page PageID) (uint64, bool) {
	a := c.findAttachment(page)
	if a == nil {
		return 0, false
	}
	return a.region.dma(a.base, uint32(page-a.first)), true
}
