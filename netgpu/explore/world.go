package explore

import (
	"errors"
	"fmt"

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
	return w, nil
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

// code writes or reads the whole state.
func (w *World) code() {
	c := w.codec
	s := &w.state
	c.TagBase = s.due
	w.codeActors(c)
	c.Module()
	w.codeLists(c)
	if w.config.AllocFails > 0 {
		pending := w.module.Faults.ChunkAlloc != 0
		c.Byte(&s.allocFails)
		c.Bool(&pending)
		w.module.Faults.ChunkAlloc = 0
		if pending {
			w.module.Faults.ChunkAlloc = 1
		}
	}
	if w.config.Hostile+w.config.Bogus > 0 {
		c.Byte(&s.hostile)
	}
}

// codeActors writes or reads where the actors stand and how long their lists are, in one
// word. Longer lists than it has room for follow one by one.
func (w *World) codeActors(c *netgpu.Codec) {
	s := &w.state
	if s.irq.at == irqIdle {
		s.irq.kind, s.irq.used = 0, 0
	}
	word := uint64(s.sent-s.due) | uint64(s.locked)<<8 | uint64(s.irq.at)<<10 | uint64(s.app.at)<<14 |
		bitIf(s.app.asleep, 18) | bitIf(s.app.posted, 19) | bitIf(s.irq.posted, 20) |
		bitIf(s.blocked, 21) | bitIf(s.closing, 22) | bitIf(s.revoking, 23) | bitIf(s.revoked, 24) |
		uint64(s.irq.kind)<<25 | uint64(s.irq.used)<<28
	lengths := [...]int{len(s.rq), len(s.cq), len(s.queue), len(s.irq.pages), len(s.app.hand), len(s.freeing)}
	if lengths[0]|lengths[1]|lengths[2]|lengths[3]|lengths[4]|lengths[5] < longLists {
		word |= uint64(lengths[0]|lengths[1]<<4|lengths[2]<<8|lengths[3]<<12|lengths[4]<<16|lengths[5]<<20) << lengthShift
	} else {
		word |= longLists << lengthShift
	}
	read := c.Word(&word)
	if word>>lengthShift&15 == longLists {
		for i := range lengths {
			lengths[i] = c.Len(lengths[i])
		}
	} else if read {
		x := int(word >> lengthShift)
		lengths = [...]int{x & 15, x >> 4 & 15, x >> 8 & 15, x >> 12 & 15, x >> 16 & 15, x >> 20 & 15}
	}
	if !read {
		return
	}
	s.sent = s.due + uint8(word)
	s.locked, s.irq.at, s.app.at = uint8(word>>8&3), uint8(word>>10&15), uint8(word>>14&15)
	s.app.asleep, s.app.posted, s.irq.posted = word>>18&1 != 0, word>>19&1 != 0, word>>20&1 != 0
	s.blocked, s.closing, s.revoking, s.revoked = word>>21&1 != 0, word>>22&1 != 0, word>>23&1 != 0, word>>24&1 != 0
	s.irq.kind, s.irq.used = uint8(word>>25&7), uint8(word>>28&7)
	s.rq, s.cq, s.queue = resize(s.rq, lengths[0]), resize(s.cq, lengths[1]), resize(s.queue, lengths[2])
	s.irq.pages, s.app.hand, s.freeing = resize(s.irq.pages, lengths[3]), resize(s.app.hand, lengths[4]), resize(s.freeing, lengths[5])
}

// In the word of codeActors: where the lengths of six lists are, four bits each, and what
// is there of the first if one of them needs more.
const (
	lengthShift = 32
	longLists   = 15
)

func bitIf(b bool, bit uint) uint64 {
	v := uint64(0)
	if b {
		v = 1
	}
	return v << bit
}

// codeLists is what pages they hold.
func (w *World) codeLists(c *netgpu.Codec) {
	s := &w.state
	c.Pages(s.rq, netgpu.WQE, false)
	for i := range s.cq {
		w.codeCompletion(c, &s.cq[i])
	}
	c.Pages(s.queue, netgpu.ReceiveQueue, true)
	c.Pages(s.irq.pages, s.irq.place(), s.irq.at == irqGotPacket)
	c.Pages(s.app.hand, netgpu.App, false)
	c.Pages(s.freeing, netgpu.ReceiveQueue, false)
	if w.config.SharedArea {
		s.posted = resize(s.posted, c.Len(len(s.posted)))
		c.Pages(s.posted, netgpu.WQE, false)
	}
	if w.config.Sends || w.config.Echo {
		w.codeSender(c) // last: fragments point at pages
	}
}

func (w *World) codeCompletion(c *netgpu.Codec, x *completion) {
	packed := x.kind | x.used<<4
	c.Byte(&packed)
	x.kind, x.used = packed&15, packed>>4
	used := min(int(x.used), w.config.PerWQE)
	c.Pages(x.pages[:used], netgpu.WQE, true)
	c.Pages(x.pages[used:w.config.PerWQE], netgpu.WQE, false)
}

func (w *World) codeSender(c *netgpu.Codec) {
	s := &w.state
	if w.config.Sends {
		c.Page(&s.send.buffer, netgpu.App, false)
		packed := s.send.at | s.send.version<<4
		c.Byte(&packed)
		s.send.at, s.send.version = packed&15, packed>>4
	}
	s.app.echoed = resize(s.app.echoed, c.Len(len(s.app.echoed)))
	c.Pages(s.app.echoed, netgpu.App, false)
	s.flight = resize(s.flight, c.Len(len(s.flight)))
	for i := range s.flight {
		w.codeFragment(c, i)
	}
}

// codeFragment writes or reads a fragment in flight. A page that reception has freed
// meanwhile is in no other place.
func (w *World) codeFragment(c *netgpu.Codec, i int) {
	f := &w.state.flight[i]
	parked := w.module.Parked(f.page) && !w.inFlightBefore(i)
	packed := uint8(bitIf(f.own, 0) | bitIf(parked, 1))
	c.Byte(&packed)
	f.own = packed&1 != 0
	if packed>>1&1 != 0 {
		c.Page(&f.page, netgpu.SKB, true)
	} else {
		c.Pointer(&f.page)
	}
	want := f.want
	if !f.own {
		want -= w.state.due
	}
	c.Byte(&want)
	if f.want = want; !f.own {
		f.want += w.state.due
	}
}

func (w *World) inFlightBefore(i int) bool {
	for _, g := range w.state.flight[:i] {
		if g.page == w.state.flight[i].page {
			return true
		}
	}
	return false
}

// forgetNumbers gives the content of pages in flight numbers that do not grow old:
// all that matters is whether it is what was sent.
func (w *World) forgetNumbers() {
	s := &w.state
	tags := w.codec.Tags
	if w.config.Hostile > 0 {
		// Which data it gets is the application's own affair.
		s.sent = s.due
		for i := range tags {
			tags[i] = s.due
		}
	}
	if w.config.Sends {
		tags[s.send.buffer] = s.due
	}
	for i := range s.flight {
		f := &s.flight[i]
		switch tag := &tags[f.page]; {
		case f.own:
		case *tag == f.want:
			f.want = s.due - 1
			*tag = f.want
		default:
			f.want = s.due - 2
			if *tag-s.due >= s.sent-s.due { // it is not on its way to the application
				*tag = s.due - 3
			}
		}
	}
}

func resize[T any](s []T, n int) []T {
	for len(s) < n {
		var zero T
		s = append(s, zero)
	}
	return s[:n]
}

// encode appends the present state to dst, and returns what is wrong with its structures:
// nil if nothing is.
func (w *World) encode(dst []byte) ([]byte, *netgpu.Census) {
	if w.hasNumbers {
		w.forgetNumbers()
	}
	w.codec.Begin(dst)
	w.code()
	return w.codec.Finish()
}

// decode brings the World into an encoded state.
func (w *World) decode(state []byte) {
	w.state.due = 0
	w.codec.Open(state)
	w.code()
	w.codec.Finish()
}

// Initial implements search.System.
func (w *World) Initial(dst []byte) []byte {
	state, _ := w.encode(dst)
	return state
}

var _ search.System = (*World)(nil)
