package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/sim"
)

// thread is one side of iperf3 for one connection: the loop that sends, the loop
// that takes iovecs from the rx ring, or the loop that calls recv.
type thread struct {
	sock   *socket
	core   *Core
	kind   threadKind
	asleep bool

	// Sender.
	remaining int64 // of the present sendmsg
	Calls     int64

	// Receivers: what begin took and end publishes.
	batch uint32
	bytes int64
}

type threadKind uint8

const (
	threadSend threadKind = iota
	threadReceiveZC
	threadReceiveCopy
)

// Bytes one fragment of an skb can hold: a registered page (patch 12 takes one
// fragment per 4 KiB page), or a compound page of the socket's page_frag.
const (
	fragZC   = netgpu.PageSize
	fragCopy = 32768
)

// wakeUp makes a sleeping thread runnable after the scheduler's latency; the cost
// of waking is the waker's.
func (t *thread) wakeUp(c *Core) {
	t.asleep = false
	c.charge(FnWakeup, t.sock.host.spec.CPU.Wakeup)
	t.sock.host.schedule(c.cursor+t.sock.host.spec.CPU.WakeLatency, evThread, t.sock.flow, uint64(t.kind))
}

// begin runs the loop's next turn up to its outcome.
func (t *thread) begin(c *Core) {
	switch t.kind {
	case threadSend:
		t.send(c)
	case threadReceiveZC:
		t.takeBatch(c)
	case threadReceiveCopy:
		t.recv(c)
	}
}

// end publishes the turn's outcome and decides how the loop goes on.
func (t *thread) end(c *Core) {
	var more bool
	switch t.kind {
	case threadSend:
		t.sock.output(c)
		more = t.mayGoOn() && t.sock.ended == 0
	case threadReceiveZC:
		t.recycleBatch(c)
		// A delivery that has stopped makes poll return as data does: it goes on in there
		// (RxRekick). Whoever slept instead would sleep for ever.
		more = t.sock.skq.Rx().Occupancy() != 0 || t.sock.skq.Stopped() && t.sock.host.repairs.Has(netgpu.RxRekick)
	case threadReceiveCopy:
		t.received(c)
		more = t.sock.queued > 0
	}
	if more {
		c.runnable(t)
	} else {
		t.asleep = true
	}
}

// send is one sendmsg of SendSize bytes, or what is left of one that had to wait
// for memory.
func (t *thread) send(c *Core) {
	spec := t.sock.host.spec
	if t.sock.ended != 0 {
		return // the application has given up
	}
	if t.remaining == 0 {
		if !t.startSend(c) {
			return
		}
		t.remaining = int64(spec.App.SendSize)
		t.Calls++
		c.charge(FnSendmsg, spec.CPU.SendCall)
	}
	limit := fragCopy
	if t.sock.tx.zeroCopy {
		limit = fragZC
	}
	r := t.sock.ep.Write(t.sock.time(c), int(t.remaining), limit)
	t.sock.tx.attach(int64(spec.App.SendSize)-t.remaining, int64(r.Accepted))
	t.remaining -= int64(r.Accepted)
	if t.remaining == 0 && t.sock.tx.zeroCopy {
		t.sock.tx.sock.EndSend()
	}
	c.charge(FnSendmsg, sim.Time(r.NewSKBs)*spec.CPU.SendSKB)
	if t.sock.tx.zeroCopy {
		c.charge(FnSendmsg, sim.Time(r.NewFrags)*spec.CPU.SendPage)
	} else {
		c.charge(FnCopy, t.sock.host.copyPace.Time(int64(r.Accepted)))
	}
}

// takeBatch is poll and the library's batch call: cons is published at once, before
// the slots have been read, unless repaired (CompleteAfterRead).
func (t *thread) takeBatch(c *Core) {
	spec := t.sock.host.spec
	t.sock.poll(c)
	t.batch = t.sock.skq.Batch(uint32(spec.App.Batch))
	if t.sock.trace != nil && !t.sock.host.repairs.Has(netgpu.CompleteAfterRead) {
		t.sock.trace.batched(t.batch)
	}
	t.sock.ring.Set(c.cursor, int64(t.sock.skq.Rx().Occupancy()))
	c.charge(FnPollCall, spec.CPU.Poll)
	c.charge(FnApp, sim.Time(t.batch)*spec.CPU.AppIovec+spec.App.ThinkTime)
}

// recycleBatch reads the slots, adds up lengths, gives each buffer back singly,
// then submits (modified iperf3's receive loop).
func (t *thread) recycleBatch(c *Core) {
	s := t.sock
	h := s.host
	keep := h.spec.App.RecycleStop > 0 && c.cursor >= h.spec.App.RecycleStop
	given := t.recycleKept(c)
	taken := t.batch > 0
	for t.batch > 0 && !h.crashed {
		v, _ := s.skq.Take() // as many as Batch took
		t.batch--
		if s.trace != nil {
			s.trace.taken(v)
		}
		s.check(c.cursor, v)
		s.Received += int64(v.Len)
		if !keep {
			if s.rx.kept.Len() > 0 || !s.rx.recycle(v.Base) {
				t.keep(v.Base)
			}
			given = true
		}
	}
	if taken && h.repairs.Has(netgpu.CompleteAfterRead) {
		s.ring.Set(c.cursor, int64(s.skq.Rx().Occupancy()))
		if s.trace != nil {
			s.trace.completed(trace.App, s.trace.cons)
		}
	}
	if given && !h.crashed {
		s.rx.ifq.SubmitFill()
		if s.rx.trace != nil {
			s.rx.trace.submitted(trace.App, s.rx.trace.prod)
		}
		s.rx.fill.Set(c.cursor, int64(s.rx.ifq.Fill().Occupancy()))
	}
	if taken {
		h.world.progressed(c.cursor)
	}
}

// keep is what follows a recycle that found no slot. The library does not look for
// one: it has written through a null pointer, and the program is over, unless repaired
// (RecycleCheck): then it says so, and the application keeps the buffer.
func (t *thread) keep(base uint64) {
	if !t.sock.host.repairs.Has(netgpu.RecycleCheck) {
		t.sock.host.crash()
		return
	}
	t.sock.rx.kept.Push(base)
	t.sock.rx.keeper = t
}

// recycleKept gives back what earlier turns had to keep, as far as the ring has room,
// and says whether it has given anything. It costs what recycling costs after a read.
func (t *thread) recycleKept(c *Core) (given bool) {
	q := t.sock.rx
	for q.kept.Len() > 0 {
		if !q.recycle(*q.kept.Front()) {
			if !t.sock.host.repairs.Has(netgpu.RecycleCheck) {
				t.sock.host.crash()
			}
			break
		}
		q.kept.Pop()
		c.charge(FnApp, t.sock.host.spec.CPU.AppIovec)
		given = true
	}
	return given
}

// check compares the bytes an iovec names with the ones that are due.
func (s *socket) check(now sim.Time, v netgpu.Iovec) {
	page, _ := s.skq.Context().Page(v.Base)
	e := s.host.memory.Pages[page]
	at := uint32(v.Base % netgpu.PageSize)
	if e.Stream != s.flow || at < uint32(e.Start) || uint64(at-uint32(e.Start))+v.Len > uint64(e.Len) ||
		e.Offset+uint64(at-uint32(e.Start)) != s.expect {
		if s.Corrupt == 0 {
			s.firstBad = now
		}
		s.Corrupt++
	}
	s.expect += v.Len
}

// recv is one read of up to ReceiveSize bytes with its copy.
func (t *thread) recv(c *Core) {
	spec := t.sock.host.spec
	t.bytes = min(int64(spec.App.ReceiveSize), t.sock.queued)
	c.charge(FnRecv, spec.CPU.Poll+spec.CPU.RecvCall)
	c.charge(FnCopy, t.sock.host.copyPace.Time(t.bytes))
	c.charge(FnApp, spec.App.ThinkTime)
}

// received frees what was copied and lets TCP open the window.
func (t *thread) received(c *Core) {
	s := t.sock
	left := t.bytes
	for left > 0 {
		ck := s.queue.Front()
		take := min(left, int64(ck.len))
		if ck.offset != s.expect {
			if s.Corrupt == 0 {
				s.firstBad = c.cursor
			}
			s.Corrupt++
		}
		s.expect += uint64(take)
		ck.offset += uint64(take)
		ck.len -= uint32(take)
		left -= take
		if ck.len == 0 {
			s.host.skbs.release(ck.handle)
			s.queue.Pop()
		}
	}
	s.queued -= t.bytes
	s.Received += t.bytes
	if t.bytes > 0 {
		s.host.world.progressed(c.cursor)
		s.ep.Consumed(s.time(c), int(t.bytes))
		s.output(c)
	}
	t.bytes = 0
}
