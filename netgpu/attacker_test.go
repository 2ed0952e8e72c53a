package netgpu

// attacker is an application of two processes that calls what it likes, right and
// wrong, and the driver and TCP that serve its queues, which do as they should except
// that they are sometimes late.
type attacker struct {
	random    random
	module    *Module
	devices   []*Device
	account   *Account
	processes [2]*Process
	process   *Process // who calls
	device    int      // where its sockets may be

	posted  []posted
	queued  []queued
	sending []queued

	calls    int
	answered map[outcome]int
}

type posted struct {
	queue *IfQueue
	page  PageID
}

type queued struct {
	socket *Socket
	page   PageID
}

// Half of an attacker's memory is the host's, half a GPU's.
const attackerBase, attackerPages, attackerHalf = 1 << 32, 256, attackerPages / 2 * PageSize

func newAttacker(m *Module, devices []*Device, seed uint64) *attacker {
	a := &attacker{
		random: random(seed), module: m, devices: devices, device: 2,
		account: &Account{LimitPages: 2 * attackerPages}, answered: map[outcome]int{},
	}
	if !m.variant.SocketsShareDevice {
		a.device = 3 // device 2 has its one socket
	}
	for i := range a.processes {
		a.spawn(i)
	}
	return a
}

// spawn starts process i, with its memory.
func (a *attacker) spawn(i int) {
	a.processes[i] = a.module.NewProcess(a.account, false)
	a.process = a.processes[i]
	a.did("MapHost", a.process.MapHost(attackerBase, attackerHalf))
	a.did("CudaMalloc", a.process.CudaMalloc(attackerBase+attackerHalf, attackerHalf, pick[uint64](&a.random, 0, GPUPageSize, 2*GPUPageSize)))
}

// did counts a call and its answer.
func (a *attacker) did(operation string, err Errno) {
	a.calls++
	a.answered[outcome{operation, err}]++
}

// did2 is did for a call that returns something else, too.
func did2[T any](a *attacker, operation string) func(T, Errno) T {
	return func(v T, err Errno) T {
		a.did(operation, err)
		return v
	}
}

// fd is a descriptor of the process that calls: mostly an open one of the kind that
// is wanted.
func (a *attacker) fd(kind fileKind) FD {
	n := len(a.process.files)
	if start := a.random.below(n + 1); a.random.below(8) > 0 {
		for i := range n {
			fd := FD((start + i) % n)
			if _, err := a.process.fileOf(fd, kind, EBADF); err == OK {
				return fd
			}
		}
	}
	return FD(a.random.below(n+6) - 3)
}

func (a *attacker) anyFD() FD { return a.fd(fileKind(a.random.below(4))) }

// setUp closes everything and sets up one context properly, so that there is
// something to break.
func (a *attacker) setUp() {
	for i := range a.processes {
		a.process = a.processes[i]
		for fd := range a.process.files {
			a.close(FD(fd))
		}
	}
	a.did("LoadPlugin", a.module.LoadPlugin(CUDAMemory, true))
	p := a.process
	ctx := did2[FD](a, "OpenContext")(p.OpenContext())
	a.did("AttachDev", p.AttachDev(ctx, a.device))
	mem := did2[FD](a, "OpenMemory")(p.OpenMemory())
	for _, t := range [...]MemType{HostMemory, CUDAMemory} {
		iov := Iovec{attackerBase + uint64(t)*attackerHalf, attackerHalf}
		index := did2[int](a, "AddRegion")(p.AddRegion(mem, iov, t))
		a.did("AttachRegion", p.AttachRegion(ctx, mem, index))
		did2[int](a, "AddContextRegion")(p.AddContextRegion(ctx, iov, t))
	}
	entries := pick[uint32](&a.random, attackerPages/8, attackerPages)
	fd := did2[FD](a, "BindQueue")(p.BindQueue(ctx, &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, entries}}))
	if q := p.IfQueueAt(fd); q != nil {
		q.Populate(attackerBase, entries)
	}
	for range 2 {
		s := did2[FD](a, "Socket")(p.Socket(TCP4))
		a.did("SetZeroCopy", p.SetZeroCopy(s, true))
		a.did("AttachQueues", p.AttachQueues(s, &SocketParams{Rx: QueueParams{16, 8}, Completion: QueueParams{8, 4}, Context: ctx}))
	}
}

func (a *attacker) size() uint32 {
	return pick[uint32](&a.random, 0, 1, 3, 8, 16, 64, 1<<19, 1<<28, 1<<31, 1<<32-1)
}

func (a *attacker) element() uint32 { return pick[uint32](&a.random, 8, 8, 8, 16, 16, 4) }

// address is one of the attacker's own, one of the neighbour's, or any.
func (a *attacker) address() uint64 {
	return pick(&a.random,
		attackerBase+uint64(a.random.below(attackerPages*PageSize)),
		attackerBase+uint64(a.random.below(attackerPages))<<PageShift,
		attackerBase+uint64(a.random.below(attackerPages))<<PageShift,
		attackerBase+uint64(a.random.below(attackerPages))<<PageShift,
		neighbourBase+uint64(a.random.below(neighbourPages))<<PageShift,
		a.random.next())
}

func (a *attacker) length() uint64 {
	return pick(&a.random, 0, 1, PageSize, uint64(a.random.below(attackerPages*PageSize)), a.random.next())
}

// step is one thing that application, driver or TCP do. Allocations may fail in it.
func (a *attacker) step() {
	r := &a.random
	a.process = a.processes[r.below(len(a.processes))]
	if r.below(12) == 0 {
		n := Countdown(1 + r.below(2))
		a.module.Faults = Faults{ChunkAlloc: n, ObjectAlloc: n, DMAMap: n}
	}
	switch x := r.below(100); {
	case x < 15:
		a.systemCall()
	case x < 55:
		a.fillAccess()
		a.rxAccess()
	default:
		a.serve()
	}
	a.module.Faults = Faults{}
}

// systemCall makes one call with arguments that may be anything.
func (a *attacker) systemCall() {
	p, r := a.process, &a.random
	switch r.below(30) {
	case 0:
		did2[FD](a, "OpenContext")(p.OpenContext())
	case 1:
		did2[FD](a, "OpenMemory")(p.OpenMemory())
	case 2:
		did2[FD](a, "Socket")(p.Socket(Protocol(r.below(8))))
	case 3, 4, 5:
		a.did("AttachDev", p.AttachDev(a.fd(contextFile), pick(r, 2, 2, 2, 3, 9)))
	case 6, 7:
		did2[int](a, "AddRegion")(p.AddRegion(a.fd(memoryFile), Iovec{a.address(), pick(r, 0, a.length())}, MemType(r.below(3))))
	case 8:
		a.did("AttachRegion", p.AttachRegion(a.fd(contextFile), a.fd(memoryFile), r.below(4)))
	case 9:
		a.share()
	case 10:
		iov := Iovec{a.address(), pick(r, 0, PageSize, a.length())}
		did2[int](a, "AddContextRegion")(p.AddContextRegion(a.fd(contextFile), iov, MemType(r.below(3))))
	case 11, 12:
		did2[FD](a, "BindQueue")(p.BindQueue(a.fd(contextFile), &BindParams{QueueID: int32(r.below(12) - 2),
			Reserved: uint32(r.below(20) / 19), Fill: QueueParams{a.element(), a.size()}}))
	case 13, 14:
		a.did("AttachQueues", p.AttachQueues(a.fd(socketFile), &SocketParams{Reserved: uint32(r.below(20) / 19),
			Rx: QueueParams{pick(r, 16, a.element()), a.size()}, Completion: QueueParams{pick(r, 8, a.element()), a.size()},
			Context: a.fd(contextFile)}))
	case 15:
		a.did("SetZeroCopy", p.SetZeroCopy(a.fd(socketFile), r.below(4) > 0))
	case 16, 17:
		a.did("Mmap", p.Mmap(a.anyFD(), pick[uint64](r, 0, 4096, 8192, r.next()), a.length()))
	case 18, 19:
		_, _, err := p.Poll(a.anyFD())
		a.did("Poll", err)
	case 20:
		did2[FD](a, "Pass")(p.Pass(a.anyFD(), a.processes[r.below(2)]))
	case 21, 22:
		if r.below(4) == 0 {
			a.close(a.anyFD())
		}
	case 23:
		a.did("CudaFree", p.CudaFree(a.address()))
	case 24:
		a.did("LoadPlugin", a.module.LoadPlugin(MemType(r.below(3)), r.below(8) > 0))
		a.did("LoadPlugin", a.module.LoadPlugin(HostMemory, true)) // is built in
	case 25:
		a.did("SetXSK", a.devices[r.below(2)].SetXSK(r.below(10), r.below(2) == 0))
	case 26:
		a.did("MapHost", p.MapHost(a.address(), a.length()>>8))
	case 27:
		a.did("CudaMalloc", p.CudaMalloc(a.address(), a.length()>>8, a.length()))
	case 28:
		a.rare()
	case 29:
		_, err := a.module.AddDevice(2+r.below(2), r.below(3))
		a.did("AddDevice", err)
	}
}

// share attaches a region to one more context, if nothing fails, for a moment.
func (a *attacker) share() {
	p, r := a.process, &a.random
	ctx := did2[FD](a, "OpenContext")(p.OpenContext())
	a.did("AttachDev", p.AttachDev(ctx, 2))
	a.module.Faults = pick(r, Faults{}, Faults{ObjectAlloc: 1}, Faults{DMAMap: 1})
	a.did("AttachRegion", p.AttachRegion(ctx, a.fd(memoryFile), 1+r.below(4)))
	a.module.Faults = Faults{}
	a.close(ctx)
}

// rare is what would leave little to break if it happened often.
func (a *attacker) rare() {
	r := &a.random
	switch r.below(60) {
	case 0, 1, 2:
		a.did("CudaFree", a.process.CudaFree(attackerBase+attackerHalf))
		a.did("CudaMalloc", a.process.CudaMalloc(attackerBase+attackerHalf, attackerHalf, 0))
	case 3:
		i := r.below(2)
		a.processes[i].Exit() // with whatever is posted, queued and being sent
		a.spawn(i)
	case 4:
		a.exhaust()
	case 5, 6, 7, 8:
		a.early()
	}
}

// early attaches a socket to a context that has no device yet.
func (a *attacker) early() {
	p := a.process
	ctx := did2[FD](a, "OpenContext")(p.OpenContext())
	s := did2[FD](a, "Socket")(p.Socket(TCP6))
	a.did("AttachQueues", p.AttachQueues(s, &SocketParams{Rx: QueueParams{16, 8}, Completion: QueueParams{8, 4}, Context: ctx}))
	a.did("AttachDev", p.AttachDev(ctx, a.device))
}

// exhaust opens files until there is no descriptor left, and goes on.
func (a *attacker) exhaust() {
	p := a.process
	for range MaxFiles + 1 {
		did2[FD](a, "Socket")(p.Socket(TCP4))
	}
	did2[FD](a, "OpenContext")(p.OpenContext())
	did2[FD](a, "OpenMemory")(p.OpenMemory())
	did2[FD](a, "Pass")(p.Pass(0, p))
	did2[FD](a, "BindQueue")(p.BindQueue(a.fd(contextFile), &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, 8}}))
	for fd := MaxFiles / 2; fd < MaxFiles; fd++ {
		a.close(FD(fd))
	}
}

// close closes a descriptor; driver and TCP flush first what they have of it, but
// not always: a packet on its way may outlive anything.
func (a *attacker) close(fd FD) {
	q, s := a.process.IfQueueAt(fd), a.process.SocketAt(fd)
	keep := a.random.below(4) == 0
	var rest []posted
	for _, x := range a.posted {
		if x.queue == q && !keep {
			q.PutNapi(x.page)
		} else {
			rest = append(rest, x)
		}
	}
	a.posted = rest
	var queue []queued
	for _, x := range a.queued {
		if x.socket == s {
			a.module.DropFragment(x.page)
		} else {
			queue = append(queue, x)
		}
	}
	a.queued = queue
	a.did("Close", a.process.Close(fd))
}

// finish lets driver and TCP let go of all they have, and ends the processes.
func (a *attacker) finish() {
	for _, x := range a.posted {
		x.queue.PutNapi(x.page)
	}
	for _, x := range a.queued {
		a.module.DropFragment(x.page)
	}
	for _, x := range a.sending {
		x.socket.ReleaseTx(x.page)
	}
	for _, p := range a.processes {
		p.Exit()
	}
}
