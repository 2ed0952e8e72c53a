package netgpu

import "testing"

// roundTrip takes one page of a queue all the way round and says where it got
// stuck; "" if it came back into the fill ring.
func roundTrip(q *IfQueue, s *Socket) string {
	if !q.CanRefill(1) {
		return "refill"
	}
	id, err := q.GetPage()
	if err != OK {
		return "get: " + err.Error()
	}
	q.Post(id)
	q.FillComplete()
	q.Receive(id)
	s.Queue(id)
	if !s.Deliver(id, 0, 1420) {
		return "deliver"
	}
	s.Submit()
	if s.Batch(1) != 1 {
		return "batch"
	}
	iov, ok := s.Take()
	if !ok || iov.Len != 1420 {
		return "take"
	}
	if !q.Recycle(iov.Base) {
		return "recycle"
	}
	q.SubmitFill()
	return ""
}

// attacker is an application that calls what it likes, right and wrong, and a
// driver and TCP that serve its queues as they should.
type attacker struct {
	random  random
	epoch   int // steps between two proper set-ups
	module  *Module
	process *Process
	posted  []posted
	queued  []queued
	sending []PageID
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

// fd is a descriptor: mostly an open one of the kind that is wanted.
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

// setUp closes everything and sets up one context properly, so that there is
// something to break.
func (a *attacker) setUp() {
	for fd := range a.process.files {
		a.close(FD(fd))
	}
	p := a.process
	ctx, _ := p.OpenContext()
	p.AttachDev(ctx, 2)
	mem, _ := p.OpenMemory()
	for _, t := range [...]MemType{HostMemory, CUDAMemory} {
		index, _ := p.AddRegion(mem, Iovec{attackerBase + uint64(t)*attackerHalf, attackerHalf}, t)
		p.AttachRegion(ctx, mem, index)
	}
	q, _ := p.BindQueue(ctx, &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, attackerPages}})
	if q := p.IfQueueAt(q); q != nil {
		q.Populate(attackerBase, attackerPages)
	}
	for range 2 {
		s, _ := p.Socket(TCP4)
		p.SetZeroCopy(s, true)
		p.AttachQueues(s, &SocketParams{Rx: QueueParams{16, 8}, Completion: QueueParams{8, 1}, Context: ctx})
	}
}

func (a *attacker) size() uint32 {
	return pick[uint32](&a.random, 0, 1, 3, 8, 16, 64, 1<<19, 1<<28, 1<<31, 1<<32-1)
}

func (a *attacker) element() uint32 { return pick[uint32](&a.random, 8, 8, 8, 16, 16, 4) }

func (a *attacker) address() uint64 {
	return pick(&a.random,
		attackerBase+uint64(a.random.below(attackerPages*PageSize)),
		attackerBase+uint64(a.random.below(attackerPages))<<PageShift,
		attackerBase+uint64(a.random.below(attackerPages))<<PageShift,
		a.random.next())
}

func (a *attacker) length() uint64 {
	return pick(&a.random, 0, 1, PageSize, uint64(a.random.below(attackerPages*PageSize)), a.random.next())
}

// systemCall makes one call with arguments that may be anything.
func (a *attacker) systemCall() {
	p, r := a.process, &a.random
	switch r.below(18) {
	case 0:
		p.OpenContext()
	case 1:
		p.OpenMemory()
	case 2:
		p.Socket(Protocol(r.below(8)))
	case 3, 4:
		p.AttachDev(a.fd(contextFile), pick(r, 2, 2, 2, 3, 9))
	case 5, 6:
		p.AddRegion(a.fd(memoryFile), Iovec{a.address(), a.length()}, MemType(r.below(3)))
	case 7, 8:
		p.AttachRegion(a.fd(contextFile), a.fd(memoryFile), r.below(4))
	case 9:
		p.BindQueue(a.fd(contextFile), &BindParams{QueueID: int32(r.below(12) - 2), Reserved: uint32(r.below(20) / 19),
			Fill: QueueParams{a.element(), a.size()}})
	case 10, 11:
		p.AttachQueues(a.fd(socketFile), &SocketParams{Rx: QueueParams{a.element(), a.size()},
			Completion: QueueParams{8, a.size()}, Context: a.fd(contextFile)})
	case 12:
		p.SetZeroCopy(a.fd(socketFile), true)
	case 13:
		p.Mmap(a.fd(queueFile), pick[uint64](r, 0, 4096, 8192, r.next()), a.length())
	case 14:
		p.Poll(a.fd(socketFile))
	case 15:
		p.Pass(a.fd(queueFile), p)
	case 16:
		if r.below(8) == 0 {
			a.close(a.fd(fileKind(r.below(4))))
		}
	case 17:
		if r.below(20) == 0 {
			p.CudaFree(attackerBase + attackerHalf)
			p.CudaMalloc(attackerBase+attackerHalf, attackerHalf, 0)
		}
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
	a.process.Close(fd)
}

// ringAccess is one use of a fill ring and of an rx ring, by library or by hand.
func (a *attacker) ringAccess() {
	r := &a.random
	if q := a.process.IfQueueAt(a.fd(queueFile)); q != nil {
		switch r.below(2000) {
		case 0:
			q.Populate(a.address(), uint32(r.below(20)))
		case 1:
			*q.Fill().Slot(uint32(r.next())) = a.address()
		case 2:
			q.Fill().StoreProd(uint32(r.next()))
		case 3:
			q.Fill().StoreCons(uint32(r.next()))
		case 4:
			q.Recycle(a.address()) // whoever has it
		case 5, 6, 7, 8, 9, 10, 11, 12:
			q.RecycleBatch([]Iovec{{Base: a.address()}, {Base: a.address()}})
		default:
			if va := a.address(); r.below(2) == 0 {
				if id, ok := q.Context().Page(va); ok && a.module.Place(id) == App {
					q.Recycle(va)
				}
			}
		}
		q.SubmitFill()
	}
	if s := a.process.SocketAt(a.fd(socketFile)); s != nil {
		switch r.below(10) {
		case 0:
			s.Batch(a.size())
		case 1, 2, 3, 4:
			s.Take()
		case 5:
			s.PeekIovec()
		case 6:
			s.AdvanceIovec()
			s.CompleteRx()
		case 7:
			if s.Rx() != nil && r.below(50) == 0 {
				s.Rx().StoreProd(uint32(r.next()))
				s.Rx().StoreCons(uint32(r.next()))
				*s.Rx().Slot(uint32(r.next())) = Iovec{a.address(), a.length()}
			}
		case 8, 9:
			var fragments [MaxFragments]TxFragment
			n, _, err := s.AttachPages(Iovec{a.address(), a.length()}, fragments[:r.below(MaxFragments+1)])
			if err == OK {
				for _, f := range fragments[:n] {
					a.sending = append(a.sending, f.Page)
				}
			}
		}
	}
}

// serve is what driver and TCP do: refill, receive, deliver or drop, acknowledge.
func (a *attacker) serve() {
	r := &a.random
	if q := a.process.IfQueueAt(a.fd(queueFile)); q != nil && q.CanRefill(8) {
		for range 8 {
			id, err := q.GetPage()
			if err != OK {
				break
			}
			q.Post(id)
			a.posted = append(a.posted, posted{q, id})
		}
		q.FillComplete()
	}
	packets := 1
	if r.below(200) == 0 {
		packets = r.below(attackerPages) // a burst, all of one kind
	}
	drop, putBack := r.below(4) == 0, r.below(4) == 0
	for range min(packets, len(a.posted)) {
		i := r.below(len(a.posted))
		x := a.posted[i]
		a.posted = append(a.posted[:i], a.posted[i+1:]...)
		s := a.process.SocketAt(a.fd(socketFile))
		switch {
		case putBack:
			x.queue.PutNapi(x.page)
		case s == nil || !s.Delivers() || drop:
			x.queue.Receive(x.page)
			a.module.DropFragment(x.page)
		default:
			x.queue.Receive(x.page)
			s.Queue(x.page)
			a.queued = append(a.queued, queued{s, x.page})
		}
	}
	if len(a.queued) > 0 && r.below(2) == 0 {
		x := a.queued[0]
		if x.socket.Deliver(x.page, 0, 1420) {
			a.queued = a.queued[1:]
		}
		x.socket.Submit()
	}
	if n := len(a.sending); n > 0 && r.below(3) == 0 {
		a.module.ReleaseTx(a.sending[n-1])
		a.sending = a.sending[:n-1]
	}
	if r.below(100) == 0 {
		a.module.CheckQuiescent()
	}
}

// TestNoCallBreaksAnotherContext lets an application do what it likes next to one
// that behaves, on the same device.
func TestNoCallBreaksAnotherContext(t *testing.T) {
	seen := map[Cause]bool{}
	defer func() {
		// An application that can do no harm at all shows nothing.
		for _, c := range [...]Cause{RecycledTwice, PostedTwice, StaleNext, StillReferenced, BatchOverwritten,
			IndexOutOfRange, BadFillEntry, RecycleThroughNull, CachedPageRevoked, TxPastRegion, ClosedWhilePosted, OutlivesQueue, NotReclaimed,
			RevokedWhilePosted, DMAAfterUnmap, ChunkFreedTwice} {
			if !seen[c] {
				t.Errorf("no seed reached %v", c)
			}
		}
	}()
	for seed := range 4 {
		const pages = 64
		m, q, s := benchWorld(t, pages, 16)
		if err := m.LoadPlugin(CUDAMemory, true); err != OK {
			t.Fatal(err)
		}
		m.AddDevice(3, 1)
		a := &attacker{random: random(seed), epoch: 200 << seed, module: m, process: m.NewProcess(&Account{LimitPages: 2 * attackerPages}, false)}
		if a.process.MapHost(attackerBase, attackerHalf) != OK || a.process.CudaMalloc(attackerBase+attackerHalf, attackerHalf, 0) != OK {
			t.Fatal("no memory")
		}
		for step := range 100_000 {
			if step%a.epoch == 0 {
				a.setUp()
			}
			switch x := a.random.below(100); {
			case x < 5:
				a.systemCall()
			case x < 50:
				a.ringAccess()
			default:
				a.serve()
			}
			if step%50 == 0 {
				if stuck := roundTrip(q, s); stuck != "" {
					t.Fatalf("seed %d step %d: the other application's page got stuck at %s", seed, step, stuck)
				}
			}
			if len(m.regions) > 1000 || len(m.pages) > 1<<16 {
				t.Fatalf("seed %d step %d: %d regions, %d pages", seed, step, len(m.regions), len(m.pages))
			}
		}
		for id := range PageID(pages) {
			if at := m.Place(id); at != FillRing || m.References(id) != 0 {
				t.Fatalf("seed %d: page %d of the other application is in %v with %d references", seed, id, at, m.References(id))
			}
		}
		for _, x := range a.posted {
			x.queue.PutNapi(x.page)
		}
		for _, x := range a.queued {
			m.DropFragment(x.page)
		}
		for _, id := range a.sending {
			m.ReleaseTx(id)
		}
		a.process.Exit()
		if got := a.process.account.LockedPages; got != 0 {
			t.Errorf("seed %d: %d pages still locked after exit", seed, got)
		}
		var total int64
		for place, n := range m.Counts() {
			total += n
			if n < 0 {
				t.Errorf("seed %d: %d pages in %v", seed, n, Place(place))
			}
		}
		if total != int64(len(m.pages)) || len(m.sockets) != 1 {
			t.Errorf("seed %d: %d of %d pages counted, %d sockets after exit", seed, total, len(m.pages), len(m.sockets))
		}
		for _, v := range m.Violations() {
			seen[v.Cause] = true
			if v.What == "" || v.Count < 1 || v.Cause.String() == "?" {
				t.Errorf("seed %d: unexplained violation %+v", seed, v)
			}
		}
		if stuck := roundTrip(q, s); stuck != "" {
			t.Errorf("seed %d: after the exit, the other application's page got stuck at %s", seed, stuck)
		}
	}
}
