package explore

import (
	"errors"
	"fmt"
	"slices"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

const maxPerWQE = 4

// Addresses of the memory in a World.
const (
	regionBase    = 0x1000_0000
	neighbourBase = 0x2000_0000
	badAddress    = 0xbad_0000 // in no region
)

// The network devices: the application's, and one for the neighbour where two
// applications cannot share one.
const ifindex, secondIfindex, channels = 2, 3, 2

// World is one bounded configuration: a Module, the programs of the actors around
// it, and where each of them stands.
type World struct {
	config  Config
	module  *netgpu.Module
	codec   *netgpu.Codec
	process *netgpu.Process
	account *netgpu.Account
	first   netgpu.PageID
	pages   int

	contextFD, memoryFD, queueFD, socketFD netgpu.FD
	queue                                  *netgpu.IfQueue
	socket                                 *netgpu.Socket

	neighbour *party
	other     *netgpu.IfQueue // the second context's, with Config.SharedArea

	completions  bool // the variant notifies of completed sends
	rekicks      bool // ... resumes delivery in poll
	lateComplete bool // ... gives the slots of a batch back when they have been read
	hasProcesses bool // something runs in process context beside the application's loops
	hasOthers    bool // there are more actors than those
	hasNumbers   bool // there are numbers of fragments to forget
	reduce       bool // take private steps alone
	blind        bool // leave the model's own diagnosis out

	crash any // what the model has panicked with

	state
	verdict verdict
	actions []search.Action // scratch of Expand
	count   []int64         // of executed actions, by Action; nil: not counted
}

// party is the application next door.
type party struct {
	queue  *netgpu.IfQueue
	socket *netgpu.Socket
	page   netgpu.PageID
}

// state is what the actors know; code writes and reads it.
type state struct {
	rq    []netgpu.PageID // posted WQEs, PerWQE pages each, oldest first
	cq    []completion
	queue []netgpu.PageID // the socket's receive queue, fragments in order
	due   uint8           // number of the next fragment that the application is to get
	sent  uint8           // number of the next fragment that arrives

	irq     irqState
	app     appState
	send    sendState
	flight  []fragment      // transmit fragments that TCP holds, oldest first
	freeing []netgpu.PageID // what a process is freeing
	locked  uint8           // who has the socket: nobody, softirq, a system call
	posted  []netgpu.PageID // by the other context's queue

	blocked    bool // the head of the receive queue is not zero-copy
	closing    bool // the application has closed the socket
	revoking   bool // the GPU driver waits
	revoked    bool
	allocFails uint8 // left
	hostile    uint8 // left
}

// completion is a CQE with the WQE it is about.
type completion struct {
	kind  uint8 // of packet
	used  uint8
	pages [maxPerWQE]netgpu.PageID
}

// fragment is a transmit fragment in flight.
type fragment struct {
	page netgpu.PageID
	own  bool  // of the sender's own buffer, not an echo
	want uint8 // the content it was sent with
}

// Kinds of packets.
const (
	packetData = iota
	packetControl
	packetDuplicate
	packetLinear
)

// Holders of the socket lock.
const (
	unlocked = iota
	lockedBySoftirq
	lockedBySyscall
)

// newWorld builds the configuration and brings it into its initial state: queues
// bound, socket attached, as many pages in the fill ring as it holds.
func newWorld(c Config, v netgpu.Variant) (*World, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if why := c.impossible(v); why != "" {
		return nil, errors.New(why)
	}
	v = c.variant(v)
	w := &World{config: c, module: netgpu.NewModule(v), pages: c.Pages,
		completions: v.Repairs.Has(netgpu.TxCompletion), rekicks: v.Repairs.Has(netgpu.RxRekick)}
	w.prepare(v)
	w.state.allocFails, w.state.hostile = uint8(c.AllocFails), uint8(c.Hostile+c.Bogus)
	if err := w.build(); err != nil {
		return nil, err
	}
	w.makeRoom()
	return w, nil
}

// makeRoom allocates now what would be allocated while a search runs, and lists in whole
// cache lines: what is small and comes later may come to lie beside what another worker's
// World writes all the time.
func (w *World) makeRoom() {
	const room = 16 // of a list of pages: a cache line
	s := &w.state
	for _, list := range [...]*[]netgpu.PageID{&s.rq, &s.queue, &s.freeing, &s.posted, &s.irq.pages, &s.app.hand, &s.app.echoed} {
		*list = slices.Grow(*list, room)
	}
	s.cq, s.flight = slices.Grow(s.cq, room), slices.Grow(s.flight, room)
	w.actions = make([]search.Action, 0, 2*room)
	state, _ := w.encode(nil) // the codec has lists of its own
	w.decode(state)
}

// must turns an errno of the set-up into an error.
type must struct{ err error }

func (m *must) ok(what string, e netgpu.Errno) {
	if m.err == nil && e != netgpu.OK {
		m.err = fmt.Errorf("explore: setting up: %s: %w", what, e)
	}
}

func (w *World) build() error {
	var m must
	for _, index := range [...]int{ifindex, secondIfindex} {
		_, e := w.module.AddDevice(index, channels)
		m.ok("device", e)
	}
	m.ok("plugin", w.module.LoadPlugin(netgpu.CUDAMemory, true))
	processes := []*netgpu.Process{w.buildApplication(&m)}
	if w.config.Neighbour {
		processes = append(processes, w.buildNeighbour(&m))
	}
	if w.config.SharedArea {
		w.buildSecondContext(&m)
	}
	if m.err != nil {
		return m.err
	}
	w.codec = netgpu.NewCodec(w.module, processes...)
	w.codec.Odd = []uint64{badAddress}
	w.codec.Lifetimes = w.config.Teardown || w.config.Revoke
	w.queue.Populate(regionBase, uint32(min(w.pages, w.config.Fill)))
	if w.config.Sends {
		w.send.buffer = w.first + netgpu.PageID(w.config.Pages)
	}
	return nil
}

// buildApplication is the set-up of the library. The sender's own buffer, if there
// is one, is the page behind the receive buffers.
func (w *World) buildApplication(m *must) *netgpu.Process {
	w.account = &netgpu.Account{LimitPages: 1 << 20}
	p := w.module.NewProcess(w.account, false)
	pages, kind := w.config.Pages, netgpu.HostMemory
	if w.config.Sends {
		pages++
	}
	size := uint64(pages) * netgpu.PageSize
	if w.config.Revoke {
		kind = netgpu.CUDAMemory
		m.ok("cudaMalloc", p.CudaMalloc(regionBase, size, 0))
	} else {
		m.ok("mmap", p.MapHost(regionBase, size))
	}
	var e netgpu.Errno
	w.process = p
	w.contextFD, e = p.OpenContext()
	m.ok("open context", e)
	m.ok("attach device", p.AttachDev(w.contextFD, ifindex))
	w.memoryFD = register(m, w.module, p, w.contextFD, netgpu.Iovec{Base: regionBase, Len: size}, kind)
	w.queueFD, w.queue = bind(m, p, w.contextFD, w.config.Fill)
	w.socketFD, w.socket = attach(m, p, w.contextFD, w.config.Rx, w.config.CQ)
	if m.err == nil {
		w.first, _ = p.ContextAt(w.contextFD).Page(regionBase)
	}
	return p
}

// register makes memory usable in a context, and returns the memory area that it is
// in; -1 in a variant without such objects.
func register(m *must, module *netgpu.Module, p *netgpu.Process, ctx netgpu.FD, iov netgpu.Iovec, t netgpu.MemType) netgpu.FD {
	if !module.Variant().MemoryObjects {
		_, e := p.AddContextRegion(ctx, iov, t)
		m.ok("add region", e)
		return -1
	}
	mem, e := p.OpenMemory()
	m.ok("open memory", e)
	index, e := p.AddRegion(mem, iov, t)
	m.ok("add region", e)
	m.ok("attach region", p.AttachRegion(ctx, mem, index))
	return mem
}

func bind(m *must, p *netgpu.Process, ctx netgpu.FD, entries int) (netgpu.FD, *netgpu.IfQueue) {
	fd, e := p.BindQueue(ctx, &netgpu.BindParams{QueueID: netgpu.AnyQueue,
		Fill: netgpu.QueueParams{ElementBytes: 8, Entries: uint32(entries)}})
	m.ok("bind queue", e)
	return fd, p.IfQueueAt(fd)
}

func attach(m *must, p *netgpu.Process, ctx netgpu.FD, entries, completions int) (netgpu.FD, *netgpu.Socket) {
	fd, e := p.Socket(netgpu.TCP6)
	m.ok("socket", e)
	m.ok("zero-copy", p.SetZeroCopy(fd, true))
	m.ok("attach queues", p.AttachQueues(fd, &netgpu.SocketParams{Context: ctx,
		Rx:         netgpu.QueueParams{ElementBytes: 16, Entries: uint32(entries)},
		Completion: netgpu.QueueParams{ElementBytes: 8, Entries: uint32(completions)}}))
	return fd, p.SocketAt(fd)
}

// buildNeighbour is another application with one page, on the same device if the
// variant lets applications share one.
func (w *World) buildNeighbour(m *must) *netgpu.Process {
	p := w.module.NewProcess(&netgpu.Account{LimitPages: 1 << 20}, false)
	m.ok("mmap", p.MapHost(neighbourBase, netgpu.PageSize))
	ctx, e := p.OpenContext()
	m.ok("open context", e)
	device := ifindex
	if !w.module.Variant().SocketsShareDevice {
		device = secondIfindex
	}
	m.ok("attach device", p.AttachDev(ctx, device))
	register(m, w.module, p, ctx, netgpu.Iovec{Base: neighbourBase, Len: netgpu.PageSize}, netgpu.HostMemory)
	w.neighbour = &party{}
	_, w.neighbour.queue = bind(m, p, ctx, 1)
	_, w.neighbour.socket = attach(m, p, ctx, 1, 1)
	if m.err == nil {
		w.neighbour.page, _ = p.ContextAt(ctx).Page(neighbourBase)
		w.neighbour.queue.Populate(neighbourBase, 1)
	}
	return p
}

// buildSecondContext gives the application another context with the same memory.
func (w *World) buildSecondContext(m *must) {
	p := w.process
	ctx, e := p.OpenContext()
	m.ok("open second context", e)
	m.ok("attach device", p.AttachDev(ctx, ifindex))
	m.ok("attach region", p.AttachRegion(ctx, w.memoryFD, 1))
	_, w.other = bind(m, p, ctx, w.config.Fill)
}

// Initial implements search.System.
func (w *World) Initial(dst []byte) []byte {
	state, _ := w.encode(dst)
	return state
}

var _ search.System = (*World)(nil)
