package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// irqState is where softirq stands in its NAPI poll, and what it has in hand.
type irqState struct {
	at     uint8
	kind   uint8 // of the packet in hand
	used   uint8
	posted bool // iovecs that have not been published
	pages  []netgpu.PageID
}

// Where softirq can stand.
const (
	irqIdle       = iota
	irqGotPacket  // pages are the fragments of an skb
	irqDelivering // the receive queue is being drained
	irqFull       // it met a full rx ring
	irqStopped    // ... and has published what it could
	irqFilling    // pages are those got for a bulk
	irqFailed     // a bulk could not be completed; its pages are still in hand
	irqReturned   // they have been put back
	irqTaken      // a bulk is complete
	irqPublished  // what was taken has been published
)

// place is where the pages in hand are.
func (i *irqState) place() netgpu.Place {
	if i.at == irqGotPacket {
		return netgpu.SKB
	}
	return netgpu.Driver
}

// bulkPages is the number of pages of a bulk of WQEs.
func (w *World) bulkPages() int { return w.config.Bulk * w.config.PerWQE }

// softirqNext is what softirq may do next.
func (w *World) softirqNext(dst []search.Action) []search.Action {
	s := &w.state
	switch s.irq.at {
	case irqIdle:
		// A poll takes completions until there are none (its budget, 64, is no less than
		// the WQEs that there can be), and refills then.
		if len(s.cq) > 0 {
			dst = append(dst, irqPollCQ)
		} else if w.mayRefill() {
			dst = append(dst, irqRefill)
		}
	case irqGotPacket:
		switch {
		case s.irq.kind == packetDuplicate || s.closing || s.revoking || s.revoked || w.socket.Failed():
			dst = append(dst, irqDrop)
		case s.locked != unlocked: // the backlog
		case s.irq.kind == packetLinear:
			dst = append(dst, irqRefuse)
		default:
			dst = append(dst, irqInput)
		}
	case irqDelivering:
		dst = append(dst, w.deliverNext(irqDeliver, irqSubmit))
	case irqFull:
		dst = append(dst, irqSubmit)
	case irqStopped:
		dst = append(dst, irqRearm)
	case irqFilling:
		dst = append(dst, irqGet)
	case irqFailed:
		dst = append(dst, irqGiveBack)
	case irqReturned, irqTaken:
		dst = append(dst, irqComplete)
	case irqPublished:
		dst = append(dst, irqPost)
	}
	return dst
}

// mayRefill says whether the receive queue misses a bulk and still exists.
func (w *World) mayRefill() bool {
	s := &w.state
	missing := w.config.RQ - len(s.rq)/w.config.PerWQE - len(s.cq)
	return missing >= w.config.Bulk && w.queueOpen() && !s.revoking && !s.revoked
}

// deliverNext is the next step of draining the receive queue, by softirq or by a
// system call.
func (w *World) deliverNext(deliver, submit search.Action) search.Action {
	if len(w.state.queue) > 0 && !w.state.blocked {
		return deliver
	}
	return submit
}

// softirqStep carries out a step of softirq.
func (w *World) softirqStep(a search.Action) {
	s := &w.state
	switch a {
	case irqPollCQ:
		w.pollCQ()
	case irqDrop:
		for _, id := range s.irq.pages[:1] {
			w.module.DropFragment(id)
		}
		s.irq.pages = pop(s.irq.pages)
		if len(s.irq.pages) == 0 {
			s.irq.at = irqIdle
		}
	case irqRefuse:
		w.refuse()
	case irqInput:
		w.input()
	case irqDeliver, irqSubmit, irqRearm:
		w.delivery(&s.irq.at, &s.irq.posted, a-irqDeliver, irqDelivering, irqIdle)
	default:
		w.refillStep(a)
	}
}

// pollCQ takes a CQE: the pages that the packet used become fragments of an skb, the
// others go back (patch 20). Nobody else sees any of that.
func (w *World) pollCQ() {
	s := &w.state
	x := s.cq[0]
	s.cq = s.cq[:copy(s.cq, s.cq[1:])]
	for _, id := range x.pages[x.used:w.config.PerWQE] {
		w.queue.PutNapi(id)
	}
	s.irq.pages = append(s.irq.pages[:0], x.pages[:x.used]...)
	for _, id := range s.irq.pages {
		w.queue.Receive(id)
	}
	s.irq.kind, s.irq.used = x.kind, x.used
	if x.used > 0 {
		s.irq.at = irqGotPacket
	}
}

// input is tcp_data_queue for data in order; sk_data_ready follows.
func (w *World) input() {
	s := &w.state
	for _, id := range s.irq.pages {
		w.socket.Queue(id)
		s.queue = append(s.queue, id)
	}
	s.irq.pages = s.irq.pages[:0]
	s.irq.at, s.locked = irqDelivering, lockedBySoftirq
}

// refuse is an skb with payload in the header buffer, at its turn for delivery.
func (w *World) refuse() {
	s := &w.state
	if w.socket.DeliverLinear(1) == netgpu.OK || !w.socket.Failed() {
		s.blocked = true
		w.input()
		return
	}
	// The connection is at its end: this packet goes the way of all that follow, and
	// a process frees the receive queue.
	s.freeing = append(s.freeing, s.queue...)
	s.queue = s.queue[:0]
}

// delivery is a step of draining the receive queue, by softirq or by a system call:
// step 0 posts a fragment, 1 publishes, 2 looks for room again. Who drains stands at
// *at; the places first, first+1 and first+2 are delivering, having met a full ring, and
// having published then; idle is where it goes when it is through.
func (w *World) delivery(at *uint8, posted *bool, step search.Action, first, idle uint8) {
	switch full, stopped := first+1, first+2; {
	case step == 0:
		if !w.deliverFront(posted) {
			*at = full
		}
		return
	case step == 1:
		w.publish(posted)
		if *at == full && w.rekicks {
			*at = stopped
			return
		}
	case w.socket.Rearm():
		*at = first
		return
	}
	*at, w.state.locked = idle, unlocked
}

// deliverFront posts the fragment at the head of the receive queue; false if the
// rx ring is full.
func (w *World) deliverFront(posted *bool) bool {
	s := &w.state
	if !w.socket.Deliver(s.queue[0], 0, 1) {
		return false
	}
	s.queue = pop(s.queue)
	*posted = true
	return true
}

// publish makes posted iovecs visible.
func (w *World) publish(posted *bool) {
	if *posted {
		w.socket.Submit()
		*posted = false
	}
}

// refillStep carries out a step of the refill (patches 19, 20).
func (w *World) refillStep(a search.Action) {
	s := &w.state
	switch a {
	case irqRefill:
		if w.queue.CanRefill(int32(w.config.Bulk)) {
			s.irq.at = irqFilling
		}
	case irqGet:
		id, e := w.queue.GetPage()
		if e != netgpu.OK {
			s.irq.at = irqFailed
			return
		}
		s.irq.pages = append(s.irq.pages, id)
		if len(s.irq.pages) == w.bulkPages() {
			s.irq.at = irqTaken
		}
	case irqGiveBack:
		for _, id := range s.irq.pages {
			w.queue.PutNapi(id)
		}
		s.irq.pages = s.irq.pages[:0]
		s.irq.at = irqReturned
	case irqComplete:
		w.queue.FillComplete()
		if s.irq.at == irqTaken {
			s.irq.at = irqPublished
		} else {
			s.irq.at = irqIdle
		}
	case irqPost:
		for _, id := range s.irq.pages {
			w.queue.Post(id)
		}
		s.rq = append(s.rq, s.irq.pages...)
		s.irq.pages = s.irq.pages[:0]
		s.irq.at = irqIdle
	}
}

func pop(list []netgpu.PageID) []netgpu.PageID { return list[:copy(list, list[1:])] }

// nicNext is what may arrive: nothing without a posted WQE (rx_out_of_buffer).
func (w *World) nicNext(dst []search.Action) []search.Action {
	s := &w.state
	if len(s.rq) == 0 || s.closing || w.socket.Failed() {
		return dst
	}
	dst = append(dst, nicReceive)
	if w.config.Short && w.config.PerWQE > 1 {
		dst = append(dst, nicReceiveShort)
	}
	if w.config.Control {
		dst = append(dst, nicReceiveControl)
	}
	if w.config.Duplicate {
		dst = append(dst, nicReceiveDuplicate)
	}
	if w.config.Linear {
		dst = append(dst, nicReceiveLinear)
	}
	return dst
}

// nicStep is the DMA of a packet into the oldest WQE, with its CQE.
func (w *World) nicStep(a search.Action) {
	s := &w.state
	n := w.config.PerWQE
	x := completion{kind: packetData, used: uint8(n)}
	copy(x.pages[:], s.rq[:n])
	s.rq = s.rq[:copy(s.rq, s.rq[n:])]
	switch a {
	case nicReceiveShort:
		x.used = 1
	case nicReceiveControl:
		x.kind, x.used = packetControl, 0
	case nicReceiveDuplicate:
		x.kind, x.used = packetDuplicate, 1
	case nicReceiveLinear:
		x.kind, x.used = packetLinear, 1
	}
	for _, id := range x.pages[:x.used] {
		w.codec.Tags[id] = s.sent
		if x.kind == packetData || x.kind == packetLinear {
			s.sent++
		}
	}
	s.cq = append(s.cq, x)
}
