package netgpu

// fillAccess is one use of a fill ring by the application, by library or by hand.
func (a *attacker) fillAccess() {
	r := &a.random
	q := a.process.IfQueueAt(a.fd(queueFile))
	if q == nil {
		return
	}
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
	a.calls += 2
}

// rxAccess is one use of a socket's rings by the application.
func (a *attacker) rxAccess() {
	r := &a.random
	s := a.process.SocketAt(a.fd(socketFile))
	if s == nil {
		return
	}
	a.calls++
	switch r.below(11) {
	case 0:
		s.Batch(a.size())
	case 1, 2, 3, 4:
		s.Take()
	case 5:
		s.PeekIovec()
		a.did("RecvFragment", s.RecvFragment(PageID(r.below(4*attackerPages))))
	case 6:
		s.AdvanceIovec()
		s.CompleteRx()
	case 7:
		if s.Rx() != nil && r.below(50) == 0 {
			s.Rx().StoreProd(uint32(r.next()))
			s.Rx().StoreCons(uint32(r.next()))
			*s.Rx().Slot(uint32(r.next())) = Iovec{a.address(), a.length()}
			s.Completions().StoreCons(uint32(r.next()))
			s.Completions().StoreProd(uint32(r.next()))
		}
	case 8, 9:
		a.send(s)
	case 10:
		s.TakeCompletion()
	}
}

// send fills one skb.
func (a *attacker) send(s *Socket) {
	s.ScatterGather = a.random.below(20) > 0
	err := s.StartSend(a.random.next())
	if a.did("StartSend", err); err != OK {
		return
	}
	var fragments [MaxFragments]TxFragment
	n, _, err := s.AttachPages(Iovec{a.address(), a.length()}, fragments[:a.random.below(MaxFragments+1)])
	a.did("AttachPages", err)
	for _, f := range fragments[:n] {
		a.sending = append(a.sending, queued{s, f.Page})
	}
	s.EndSend()
}

// serve is what driver and TCP do: refill, receive, deliver or drop, acknowledge.
func (a *attacker) serve() {
	r := &a.random
	a.refill()
	packets := 1
	if r.below(200) == 0 {
		packets = r.below(attackerPages) // a burst, all of one kind
	}
	drop, putBack := r.below(4) == 0, r.below(4) == 0
	for range min(packets, len(a.posted)) {
		a.receive(drop, putBack)
	}
	if len(a.queued) > 0 && r.below(2) == 0 {
		x := a.queued[0]
		if x.socket.Deliver(x.page, 0, 1420) {
			a.queued = a.queued[1:]
		}
		x.socket.Submit()
		a.calls += 2
	}
	if n := len(a.sending); n > 0 && r.below(3) == 0 {
		a.sending[0].socket.ReleaseTx(a.sending[0].page)
		a.sending = a.sending[1:]
		a.calls++
	}
	switch r.below(100) {
	case 0:
		a.module.CheckQuiescent()
	case 1:
		if s := a.process.SocketAt(a.fd(socketFile)); s != nil && s.Delivers() && r.below(20) == 0 {
			a.did("DeliverLinear", s.DeliverLinear(1))
		}
	case 2:
		a.touch()
	}
}

// refill is a bulk of the driver. A driver that is late comes when the queue is closed.
func (a *attacker) refill() {
	q := a.process.IfQueueAt(a.fd(queueFile))
	if q == nil && len(a.posted) > 0 {
		q = a.posted[a.random.below(len(a.posted))].queue
	}
	if q == nil || !q.closed && !q.CanRefill(8) && a.random.below(20) > 0 {
		return
	}
	for range 8 {
		id, err := q.GetPage()
		if a.did("GetPage", err); err != OK {
			break
		}
		q.Post(id)
		a.posted = append(a.posted, posted{q, id})
		a.calls++
	}
	q.FillComplete()
	a.calls++
}

// receive completes one entry of a WQE: it is put back unused, dropped, or queued.
func (a *attacker) receive(drop, putBack bool) {
	i := a.random.below(len(a.posted))
	x := a.posted[i]
	a.posted = append(a.posted[:i], a.posted[i+1:]...)
	s := a.process.SocketAt(a.fd(socketFile))
	a.calls += 2
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

// touch is an access to a page of the attacker's, by application, GPU or CPU.
func (a *attacker) touch() {
	id := PageID(neighbourPages + a.random.below(attackerPages))
	a.module.AppWrite(id)
	a.module.AppRead(id)
	a.module.CPUAccess(id)
	a.calls += 3
}
