package host

import (
	"fmt"

	"netgpusim/gpu"
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Host is one machine of a World.
type Host struct {
	Name  string
	Split SplitCounters

	spec    *Spec            `snapshot:"-"`
	repairs netgpu.RepairSet `snapshot:"-"`
	world   *World
	id      sim.ActorID
	tree    *pcie.Tree
	gpu     *gpu.Device // nil without one
	nic     *nic.NIC
	memory  *nic.Memory
	module  *netgpu.Module
	netgpu  *application // nil if no socket uses netgpu
	trace   *ringTrace   `snapshot:"-"` // nil: no protocol trace

	cores    []*Core
	channels []*channel
	sockets  []*socket // by flow
	skbs     skbPool
	stopped  bool // the application has stopped for good (fault)
	crashed  bool // ... because it wrote through a null pointer

	perPacket sim.Time // what every received packet costs before GRO
	copyPace  sim.Pace
}

// application is the process that uses netgpu: what the library sets up, in its
// order, before the first socket.
type application struct {
	process  *netgpu.Process
	contexts []*appContext
	next     int                // context of the next socket that leaves the choice open
	regions  []trace.RegionSpec `snapshot:"-"` // registered, for a protocol trace
	cursor   uint64
}

// appContext is one context of the application with the slots that are its own.
type appContext struct {
	fd    netgpu.FD
	base  uint64 // first receive buffer
	slots uint32
	queue *rxQueue // nil until a socket receives through the context
	index int
}

// ifindex is the network device: a host has one.
const ifindex = 1

// Events of a host.
const (
	evThread uint16 = iota // A: flow, B: thread kind: a woken thread may run
	evTimer                // A: flow: a TCP timer
	evStop                 // the application stops
)

// startDelay lets the receiving ends fill their queues before data is sent.
const startDelay = 100 * sim.Microsecond

// hostBase is where host memory of the application begins: any address does.
const hostBase = 0x10_0000_0000

func newHost(w *World, name string, spec *Spec, wire *Wire, rate sim.Bandwidth) (*Host, error) {
	h := &Host{Name: name, spec: spec, world: w, memory: &nic.Memory{}, copyPace: spec.CPU.CopyRate.Pace()}
	c := &spec.CPU
	h.perPacket = c.RxCQE + c.RxSKB + c.RxMisses + c.RxHeaderPage
	h.id = w.engine.Register(name, h)
	var peer pcie.TargetSpec
	if spec.GPU.Memory > 0 {
		var err error
		if h.gpu, err = gpu.New(&spec.GPU); err != nil {
			return nil, err
		}
		peer = h.gpu.Target()
	}
	var err error
	if h.tree, err = pcie.New(name, &spec.PCIe, spec.NIC.OutstandingRead, peer); err != nil {
		return nil, err
	}
	if h.nic, err = nic.New(w.engine, name+"/nic", &spec.NIC, h.tree, h.memory, wire, rate, h); err != nil {
		return nil, err
	}
	variant, ok := netgpu.VariantByName(spec.Netgpu.Variant)
	if !ok {
		return nil, fmt.Errorf("netgpu.variant %q is not known", spec.Netgpu.Variant)
	}
	h.module, h.repairs = netgpu.NewModule(variant), variant.Repairs
	h.module.LoadPlugin(netgpu.CUDAMemory, h.gpu != nil)
	if _, errno := h.module.AddDevice(ifindex, spec.NIC.Channels); errno != netgpu.OK {
		return nil, fmt.Errorf("netgpu device: %w", errno)
	}
	for i := range c.Cores {
		h.cores = append(h.cores, newCore(h, i))
	}
	return h, nil
}

func (h *Host) usesGPU() bool { return h.spec.Netgpu.Memory == "gpu" }

// memType is the type of the memory that the application registers, and where the
// NIC finds it.
func (h *Host) memType() (netgpu.MemType, pcie.Target) {
	if h.usesGPU() {
		return netgpu.CUDAMemory, pcie.PeerGPU
	}
	return netgpu.HostMemory, pcie.HostMemory
}

// channelAt returns a channel of the NIC, made when it is first used. Channels take
// the cores from irq_core on, in the order of first use.
func (h *Host) channelAt(index int) *channel {
	for _, ch := range h.channels {
		if ch.index == index {
			return ch
		}
	}
	core := h.cores[(h.spec.CPU.IRQCore+len(h.channels))%len(h.cores)]
	core.HasIRQ = true
	ch := &channel{host: h, index: index, core: core, gro: tcp.NewGRO(&h.spec.TCP), sq: h.nic.AddSQ(len(h.channels))}
	if h.spec.NIC.TxDIM {
		ch.txDIM = newDIM(dimTxEQE)
		s := ch.txDIM.setting()
		ch.sq.Moderate(s.period, s.frames)
	}
	ch.rx[1] = &rxQueue{rq: h.nic.AddRQ(index, len(h.channels), false, pcie.HostMemory)}
	ch.rx[1].startDIM(&h.spec.NIC)
	h.channels = append(h.channels, ch)
	return ch
}

// Interrupt implements nic.Driver: the hard interrupt of a channel.
func (h *Host) Interrupt(now sim.Time, channel int) {
	ch := h.channels[channel]
	ch.core.irqs = append(ch.core.irqs, ch)
	ch.core.wake(now)
}

// schedule asks for an event of the host.
func (h *Host) schedule(at sim.Time, kind uint16, flow uint32, b uint64) {
	h.world.engine.Schedule(at, sim.Event{Actor: h.id, Kind: kind, A: flow, B: b})
}

// Handle serves the host's events.
func (h *Host) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evThread:
		s := h.sockets[ev.A]
		t := s.receiver
		if threadKind(ev.B) == threadSend {
			t = s.sender
		}
		t.core.runnable(t)
		t.core.wake(now)
	case evTimer:
		h.sockets[ev.A].timer.fired(now)
	case evStop:
		h.stopped = true
	}
}

// start posts the first receive WQEs, lets the senders go and arms the faults.
func (h *Host) start() {
	h.memory.Pages = make([]nic.Extent, h.module.Registered())
	for _, ch := range h.channels {
		ch.schedule(ch.core)
	}
	for _, c := range h.cores {
		c.wake(0)
	}
	for _, s := range h.sockets {
		if s != nil && s.sender != nil {
			h.schedule(startDelay, evThread, s.flow, uint64(threadSend))
		}
	}
	if at := h.spec.App.StopAfter; at > 0 {
		h.schedule(at, evStop, 0, 0)
	}
}

// addSocket makes one end of a connection: the TCP endpoint, its queues and its
// thread.
func (h *Host) addSocket(flow uint32, f *FlowSpec, sends bool, mtu sim.Bytes, isn [2]uint32) (*socket, error) {
	zeroCopyTx := sends && f.Tx == "netgpu"
	zeroCopyRx := !sends && f.Rx == "netgpu" || zeroCopyTx && f.Symmetric
	buffers := tcp.BuffersBuilt
	if zeroCopyRx {
		buffers = tcp.BuffersSplit
	}
	ep, err := tcp.New(&h.spec.TCP, tcp.Config{MTU: mtu, LocalISS: isn[0], RemoteISS: isn[1], Buffers: buffers})
	if err != nil {
		return nil, err
	}
	s := &socket{host: h, flow: flow, ep: ep, header: uint16(tcp.HeaderLen(&h.spec.TCP))}
	s.timer.sock = s
	s.timer.timer.Init(sim.Event{Actor: h.id, Kind: evTimer, A: flow})

	if zeroCopyTx || zeroCopyRx {
		if err := h.attach(s, f, zeroCopyTx, zeroCopyRx); err != nil {
			return nil, err
		}
	}
	if !zeroCopyRx {
		s.ch = h.channelAt(int(flow) % h.spec.NIC.Channels)
		h.nic.Steer(flow, s.ch.rx[1].rq)
	}

	core := h.cores[h.spec.CPU.AppCore]
	if h.spec.App.Threads == "per-flow" {
		core = h.cores[(h.spec.CPU.AppCore+int(flow))%len(h.cores)]
	}
	core.HasApp = true
	t := &thread{sock: s, core: core}
	switch {
	case sends:
		t.kind = threadSend
		s.sender = t
	case zeroCopyRx:
		t.kind, t.asleep = threadReceiveZC, true
		s.receiver, s.rx.keeper = t, t
	default:
		t.kind, t.asleep = threadReceiveCopy, true
		s.receiver = t
	}
	for len(h.sockets) <= int(flow) {
		h.sockets = append(h.sockets, nil)
	}
	h.sockets[flow] = s
	return s, nil
}

// attach gives a socket its netgpu context, queues and transmit buffer.
func (h *Host) attach(s *socket, f *FlowSpec, tx, rx bool) error {
	if h.netgpu == nil {
		if err := h.setUp(); err != nil {
			return err
		}
	}
	app := h.netgpu
	index := f.Context
	if index < 0 {
		index = app.next % len(app.contexts)
		app.next++
	}
	if index >= len(app.contexts) {
		return fmt.Errorf("context %d: the host has %d (netgpu.contexts)", index, len(app.contexts))
	}
	ctx := app.contexts[index]
	if rx && ctx.queue == nil {
		if err := h.bind(ctx); err != nil {
			return err
		}
	}
	protocol := netgpu.TCP6
	if h.spec.TCP.IPVersion == 4 {
		protocol = netgpu.TCP4
	}
	fd, errno := app.process.Socket(protocol)
	if errno == netgpu.OK {
		errno = app.process.SetZeroCopy(fd, true)
	}
	if errno != netgpu.OK {
		return fmt.Errorf("socket: %w", errno)
	}
	entries := uint32(h.spec.Netgpu.RxEntries)
	if errno := app.process.AttachQueues(fd, &netgpu.SocketParams{
		Rx:         netgpu.QueueParams{ElementBytes: 16, Entries: entries},
		Completion: netgpu.QueueParams{ElementBytes: 8, Entries: entries},
		Context:    ctx.fd,
	}); errno != netgpu.OK {
		return fmt.Errorf("attach socket to context %d: %w", index, errno)
	}
	sock := app.process.SocketAt(fd)
	if rx {
		s.skq = sock
		s.rx = ctx.queue
		s.ring.Start(0, 0, int64(sock.Rx().Entries()))
		s.ch = h.channelAt(ctx.queue.rq.ID - h.spec.NIC.Channels)
		h.nic.Steer(s.flow, ctx.queue.rq)
	}
	if tx {
		_, s.txTarget = h.memType()
		s.tx = txBuffer{zeroCopy: true, sock: sock}
		if err := s.tx.allocate(h, ctx, h.spec.App.SendSize, h.spec.App.SendBuffers); err != nil {
			return fmt.Errorf("app.send_buffers %d of %d bytes: %w", h.spec.App.SendBuffers, h.spec.App.SendSize, err)
		}
	}
	return nil
}

// setUp is what the library does first: contexts on the device, memory areas,
// regions attached. Root runs it, so the locked-memory limit does not bind.
func (h *Host) setUp() error {
	spec := &h.spec.Netgpu
	app := &application{process: h.module.NewProcess(&netgpu.Account{}, true), cursor: hostBase}
	h.netgpu = app
	for i := range spec.Contexts {
		fd, errno := app.process.OpenContext()
		if errno == netgpu.OK {
			errno = app.process.AttachDev(fd, ifindex)
		}
		if errno != netgpu.OK {
			return fmt.Errorf("context %d: %w", i, errno)
		}
		app.contexts = append(app.contexts, &appContext{fd: fd, index: i})
	}
	slots := uint32(spec.AreaSize / netgpu.PageSize)
	if spec.ShareArea {
		base, err := h.register(app.contexts, spec.AreaSize)
		if err != nil {
			return fmt.Errorf("memory area: %w", err)
		}
		each := slots / uint32(spec.Contexts)
		for i, ctx := range app.contexts {
			ctx.base, ctx.slots = base+uint64(i)*uint64(each)*netgpu.PageSize, each
		}
		return nil
	}
	for i, ctx := range app.contexts {
		base, err := h.register([]*appContext{ctx}, spec.AreaSize)
		if err != nil {
			return fmt.Errorf("memory area of context %d: %w", i, err)
		}
		ctx.base, ctx.slots = base, slots
	}
	return nil
}

// register allocates memory of the application's kind, registers it as a region
// and attaches that to contexts. It returns the address.
func (h *Host) register(contexts []*appContext, size sim.Bytes) (uint64, error) {
	p := h.netgpu.process
	memType, _ := h.memType()
	var base uint64
	var errno netgpu.Errno
	if memType == netgpu.CUDAMemory {
		addr, err := h.gpu.Alloc(size)
		if err != nil {
			return 0, fmt.Errorf("cudaMalloc: %w", err)
		}
		if _, err := h.gpu.Pin(addr, size); err != nil {
			return 0, fmt.Errorf("GPU memory: %w", err)
		}
		base = uint64(addr)
		errno = p.CudaMalloc(base, uint64(size), 0)
	} else {
		base = h.netgpu.cursor
		h.netgpu.cursor += (uint64(size) + 2*netgpu.GPUPageSize) &^ (netgpu.GPUPageSize - 1)
		errno = p.MapHost(base, uint64(size))
	}
	if errno != netgpu.OK {
		return 0, fmt.Errorf("allocate %d bytes of %v memory: %w", size, memType, errno)
	}
	region := trace.RegionSpec{Addr: base, Len: uint64(size), Memory: memType.String()}
	for _, ctx := range contexts {
		region.Contexts = append(region.Contexts, ctx.index)
	}
	h.netgpu.regions = append(h.netgpu.regions, region)
	iov := netgpu.Iovec{Base: base, Len: uint64(size)}
	if !h.module.Variant().MemoryObjects {
		for _, ctx := range contexts {
			if _, errno := p.AddContextRegion(ctx.fd, iov, memType); errno != netgpu.OK {
				return 0, fmt.Errorf("add region of %d bytes of %v memory: %w", size, memType, errno)
			}
		}
		return base, nil
	}
	mem, errno := p.OpenMemory()
	if errno != netgpu.OK {
		return 0, fmt.Errorf("open memory area: %w", errno)
	}
	index, errno := p.AddRegion(mem, iov, memType)
	if errno != netgpu.OK {
		return 0, fmt.Errorf("add region of %d bytes of %v memory: %w", size, memType, errno)
	}
	for _, ctx := range contexts {
		if errno := p.AttachRegion(ctx.fd, mem, index); errno != netgpu.OK {
			return 0, fmt.Errorf("attach region: %w", errno)
		}
	}
	return base, nil
}

// bind opens a NIC queue for a context and fills its fill ring.
func (h *Host) bind(ctx *appContext) error {
	spec := &h.spec.Netgpu
	id := int32(netgpu.AnyQueue)
	if spec.Queue >= 0 {
		id = int32(spec.Queue + ctx.index)
	}
	params := netgpu.BindParams{QueueID: id, Fill: netgpu.QueueParams{ElementBytes: 8, Entries: uint32(spec.FillEntries)}}
	fd, errno := h.netgpu.process.BindQueue(ctx.fd, &params)
	if errno != netgpu.OK {
		return fmt.Errorf("bind NIC queue %d (shadow queues are %d to %d): %w", id, h.spec.NIC.Channels, 2*h.spec.NIC.Channels-1, errno)
	}
	ifq := h.netgpu.process.IfQueueAt(fd)
	slots := uint32(h.spec.App.FillSlots)
	if slots == 0 {
		slots = min(ctx.slots, params.Fill.Entries)
	}
	if slots > ctx.slots || !ifq.Populate(ctx.base, slots) {
		return fmt.Errorf("app.fill_slots %d: context %d has %d buffers and a fill ring of %d entries", slots, ctx.index, ctx.slots, params.Fill.Entries)
	}
	ch := h.channelAt(ifq.QueueID() - h.spec.NIC.Channels)
	_, target := h.memType()
	at := 0
	for i, other := range h.channels {
		if other == ch {
			at = i
		}
	}
	ctx.queue = &rxQueue{rq: h.nic.AddRQ(ifq.QueueID(), at, true, target), ifq: ifq, gpu: h.usesGPU(), pages: h.spec.NIC.PayloadPages()}
	ctx.queue.startDIM(&h.spec.NIC)
	ctx.queue.fill.Start(0, int64(slots), int64(params.Fill.Entries))
	if h.spec.App.Overfill {
		for i := slots; i < ctx.slots; i++ {
			ctx.queue.kept.Push(ctx.base + uint64(i)*netgpu.PageSize)
		}
	}
	ch.rx[0] = ctx.queue
	return nil
}

// crash is the end of the application: it has written through a null pointer.
func (h *Host) crash() { h.stopped, h.crashed = true, true }

// nicSpec is the NIC's description.
func (h *Host) nicSpec() *nic.Spec { return &h.spec.NIC }

// PCIe is the traffic on the host's PCIe links since the warm-up.
func (h *Host) PCIe() []pcie.LinkReport { return h.tree.Links(h.world.engine.Now()) }

// rings lists what has an occupancy.
func (h *Host) rings() []namedGauge {
	var all []namedGauge
	for _, ch := range h.channels {
		if q := ch.rx[0]; q != nil {
			all = append(all,
				namedGauge{fmt.Sprintf("fill/%d", q.rq.ID), int(q.ifq.Fill().Entries()), &q.fill},
				namedGauge{fmt.Sprintf("rq/%d", q.rq.ID), h.spec.NIC.RQEntries, &q.rq.Posted})
		}
	}
	for _, s := range h.sockets {
		if s != nil && s.skq != nil {
			all = append(all, namedGauge{fmt.Sprintf("rx/%d", s.flow), int(s.skq.Rx().Entries()), &s.ring})
		}
	}
	return all
}

// SetTap makes a tap see every frame from now on.
func (w *World) SetTap(t Tap) {
	for _, wire := range w.Wires {
		wire.tap = t
	}
}
