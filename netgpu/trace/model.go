package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// ifindex is the network device of context 0; each context has one of its own, so
// that no context takes the queues of another.
const ifindex = 1

// model is the netgpu module that a trace is held against, with the objects that the
// trace names.
type model struct {
	variant  netgpu.Variant
	maxPages int64

	module  *netgpu.Module
	process *netgpu.Process
	memory  netgpu.FD // the one memory area
	scopes  []scope
	rings   map[string]*ring
	order   []*ring // in the order of first mention
	regions []region
	gone    []revoked

	pages  []pageNote // by PageID
	known  int        // violations of module that have been looked at
	astray bool       // the model parted from the trace in this event
}

// pageNote is what the checker keeps of a page beside the ledger.
type pageNote struct {
	unknown bool  // not seen since the last gap
	socket  int16 // 1 + index in order of the socket whose receive queue it entered
}

// scope is a context of the trace.
type scope struct {
	fd      netgpu.FD
	ctx     *netgpu.Context
	shelves shelves // for pages that no queue of the trace is known to have

	keeper   *netgpu.Process // has the files of the newest shelves
	keeperFD netgpu.FD
}

// region is a region of the trace.
type region struct {
	RegionSpec
	index int // in the memory area of the model
}

// revoked is a region that is gone: the kernel may still have pages of it.
type revoked struct {
	start, size uint64
	first       netgpu.PageID
}

// revokedMax bounds the regions that are remembered after they are gone.
const revokedMax = 64

// ring is a ring of the trace and the object that has it. Beside the object, whose
// private indices nobody can see, it has a producer and a consumer of its own on the
// same ring, which are taken through the same operations: their indices are the
// object's.
type ring struct {
	name      string
	nameBytes []byte
	kind      Kind
	contextID int
	entries   uint32
	number    int // 1 + index in order
	open      bool
	fd        netgpu.FD

	queue    *netgpu.IfQueue
	fillProd netgpu.Producer[uint64]
	fillCons netgpu.Consumer[uint64]
	shelves  shelves

	socket  *netgpu.Socket
	rxProd  netgpu.Producer[netgpu.Iovec]
	rxCons  netgpu.Consumer[netgpu.Iovec]
	waiting fifo // the socket's receive queue

	position
}

// newModel sets up what a header describes.
func newModel(h *Header, v netgpu.Variant, maxPages int64) (*model, error) {
	m := &model{variant: v, maxPages: maxPages, rings: map[string]*ring{}}
	for _, r := range h.Regions {
		m.regions = append(m.regions, region{RegionSpec: r})
	}
	for _, s := range h.Rings {
		kind, _ := kindByName(s.Kind) // checked
		m.declare(s.Name, kind, s.Context, s.Entries).open = true
	}
	m.scopes = make([]scope, h.Contexts)
	return m, m.build()
}

// declare gives a ring a name; it is opened by build or bind.
func (m *model) declare(name string, kind Kind, contextID int, entries uint32) *ring {
	r := &ring{name: name, nameBytes: []byte(name), kind: kind, contextID: contextID, entries: entries}
	m.rings[name] = r
	m.order = append(m.order, r)
	r.number = len(m.order)
	return r
}

// build makes the module anew: contexts, regions and the rings that are open, in the
// library's order. All pages are the application's, all rings empty.
func (m *model) build() error {
	m.module = netgpu.NewModule(m.variant)
	m.module.LoadPlugin(netgpu.CUDAMemory, true)
	m.process = m.module.NewProcess(&netgpu.Account{}, true)
	m.known, m.gone = 0, nil
	for i := range m.scopes {
		if err := m.openContext(i); err != nil {
			return err
		}
	}
	if m.variant.MemoryObjects {
		var errno netgpu.Errno
		if m.memory, errno = m.process.OpenMemory(); errno != netgpu.OK {
			return fmt.Errorf("memory area: %w", errno)
		}
	}
	for i := range m.regions {
		if err := m.register(&m.regions[i]); err != nil {
			return fmt.Errorf("regions[%d]: %w", i, err)
		}
	}
	for _, r := range m.order {
		r.queue, r.socket, r.shelves = nil, nil, nil
		if r.open {
			if err := m.bind(r); err != nil {
				return fmt.Errorf("ring %q: %w", r.name, err)
			}
		}
	}
	return nil
}

// maxChannels bounds the receive queues of a device (AddDevice).
const maxChannels = 1 << 15

func (m *model) openContext(i int) error {
	// A receive queue for each of the trace's and for each shelf, with room for as much
	// memory again as there is now.
	pages := uint64(1 << 16)
	for _, r := range m.regions {
		pages += min(2*r.Len>>netgpu.PageShift, uint64(m.maxPages))
	}
	channels := int(min(MaxRings+pages/shelfPages, maxChannels))
	_, errno := m.module.AddDevice(ifindex+i, channels)
	var fd netgpu.FD
	if errno == netgpu.OK {
		fd, errno = m.process.OpenContext()
	}
	if errno == netgpu.OK {
		errno = m.process.AttachDev(fd, ifindex+i)
	}
	if errno != netgpu.OK {
		return fmt.Errorf("context %d: %w", i, errno)
	}
	m.scopes[i] = scope{fd: fd, ctx: m.process.ContextAt(fd)}
	return nil
}

// register allocates memory and makes a region of it in the contexts of r.
func (m *model) register(r *region) error {
	if err := m.mayRegister(r.RegionSpec); err != nil {
		return err
	}
	t, _ := memoryByName(r.Memory) // checked
	errno := netgpu.OK
	if t == netgpu.CUDAMemory {
		errno = m.process.CudaMalloc(r.Addr, r.Len, 0)
	} else {
		errno = m.process.MapHost(r.Addr, r.Len)
	}
	if errno != netgpu.OK {
		return fmt.Errorf("memory at %#x, %d bytes: %w (empty, or there is some)", r.Addr, r.Len, errno)
	}
	iov := netgpu.Iovec{Base: r.Addr, Len: r.Len}
	if m.variant.MemoryObjects {
		if r.index, errno = m.process.AddRegion(m.memory, iov, t); errno != netgpu.OK {
			return fmt.Errorf("add region at %#x, %d bytes: %w", r.Addr, r.Len, errno)
		}
	}
	for _, id := range r.Contexts {
		if m.variant.MemoryObjects {
			errno = m.process.AttachRegion(m.scopes[id].fd, m.memory, r.index)
		} else {
			_, errno = m.process.AddContextRegion(m.scopes[id].fd, iov, t)
		}
		if errno != netgpu.OK {
			return fmt.Errorf("attach region at %#x to context %d: %w", r.Addr, id, errno)
		}
		if id, ok := m.scopes[id].ctx.Page(r.Addr); ok {
			m.notePages(id, r.RegionSpec)
		}
	}
	return nil
}

// mayRegister refuses what would take too much memory or names no context.
func (m *model) mayRegister(r RegionSpec) error {
	pages := r.Len>>netgpu.PageShift + 2*netgpu.GPUPageSize>>netgpu.PageShift
	if have := uint64(m.module.Registered()); have+pages > uint64(m.maxPages) {
		return fmt.Errorf("%d bytes: with them more than %d pages would be registered, the limit of this check", r.Len, m.maxPages)
	}
	for _, id := range r.Contexts {
		if id < 0 || id >= len(m.scopes) {
			return fmt.Errorf("context %d: there are %d", id, len(m.scopes))
		}
	}
	return nil
}

// notePages begins the notes on a region's pages.
func (m *model) notePages(first netgpu.PageID, r RegionSpec) {
	granule := uint64(netgpu.PageSize)
	if r.Memory == netgpu.CUDAMemory.String() {
		granule = netgpu.GPUPageSize
	}
	start := r.Addr &^ (granule - 1)
	size := (r.Addr - start + r.Len + granule - 1) &^ (granule - 1)
	end := int(first) + int(size>>netgpu.PageShift)
	if more := end - len(m.pages); more > 0 {
		m.pages = append(m.pages, make([]pageNote, more)...)
	}
	clear(m.pages[first:end])
}

// bind opens the object behind a ring.
func (m *model) bind(r *ring) error {
	if r.contextID < 0 || r.contextID >= len(m.scopes) {
		return fmt.Errorf("context %d: there are %d", r.contextID, len(m.scopes))
	}
	r.position = position{prodKnown: true, consKnown: true}
	r.shelves, r.waiting = nil, fifo{}
	if r.kind == Fill {
		return m.bindQueue(r)
	}
	return m.attachSocket(r)
}

func (m *model) bindQueue(r *ring) error {
	b := netgpu.BindParams{QueueID: netgpu.AnyQueue, Fill: netgpu.QueueParams{ElementBytes: 8, Entries: r.entries}}
	fd, errno := m.process.BindQueue(m.scopes[r.contextID].fd, &b)
	if errno != netgpu.OK {
		return fmt.Errorf("bind a queue with %d entries: %w", r.entries, errno)
	}
	r.fd, r.queue, r.open, r.entries = fd, m.process.IfQueueAt(fd), true, b.Fill.Entries
	r.fillProd, r.fillCons = netgpu.NewProducer(r.queue.Fill()), netgpu.NewConsumer(r.queue.Fill())
	return nil
}

func (m *model) attachSocket(r *ring) error {
	fd, errno := m.process.Socket(netgpu.TCP6)
	if errno == netgpu.OK {
		errno = m.process.SetZeroCopy(fd, true)
	}
	a := netgpu.SocketParams{Rx: netgpu.QueueParams{ElementBytes: 16, Entries: r.entries},
		Completion: netgpu.QueueParams{ElementBytes: 8, Entries: 1}, Context: m.scopes[r.contextID].fd}
	if errno == netgpu.OK {
		errno = m.process.AttachQueues(fd, &a)
	}
	if errno != netgpu.OK {
		return fmt.Errorf("attach a socket with %d entries: %w", r.entries, errno)
	}
	r.fd, r.socket, r.open, r.entries = fd, m.process.SocketAt(fd), true, a.Rx.Entries
	r.rxProd, r.rxCons = netgpu.NewProducer(r.socket.Rx()), netgpu.NewConsumer(r.socket.Rx())
	return nil
}

// page is the page at an address, as the context of r knows it; of any context if r is
// nil. Pages of regions that are gone count, as long as the kernel has them.
func (m *model) page(r *ring, addr uint64) (netgpu.PageID, bool) {
	if r != nil {
		if id, ok := m.scopes[r.contextID].ctx.Page(addr); ok {
			return id, true
		}
	} else {
		for i := range m.scopes {
			if id, ok := m.scopes[i].ctx.Page(addr); ok {
				return id, true
			}
		}
	}
	for i := len(m.gone) - 1; i >= 0; i-- {
		g := &m.gone[i]
		if id := g.first + netgpu.PageID((addr-g.start)>>netgpu.PageShift); addr-g.start < g.size && m.module.Place(id) != netgpu.Unregistered {
			return id, true
		}
	}
	return netgpu.NoPage, false
}
