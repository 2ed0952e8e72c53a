package host

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/sim"
	"netgpusim/tcp"
)

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
