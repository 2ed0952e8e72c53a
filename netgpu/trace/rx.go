package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// The application's side of the rx ring.

// makeRoom gives the slots of a full rx ring back that somebody has consumed without
// the trace saying so: an application that is not in it, or one whose complete comes
// later than its effect.
func (c *checker) makeRoom(r *ring) {
	switch {
	case !c.has[App]:
		c.takeAll(r)
	case !c.exact:
		r.rxCons.Complete()
		r.socket.CompleteRx()
	}
}

// batch takes entries and, as the library does, gives their slots back at once.
func (c *checker) batch(r *ring) error {
	ev := &c.ev
	if !r.consKnown {
		r.consKnown, r.consNext, r.batchNext = true, ev.Index, ev.Index
	}
	if ev.Len > uint64(r.entries) {
		return c.diverge(ringSafety, "read-unpublished", fmt.Sprintf("at most the %d entries of ring %s", r.entries, r.name), fmt.Sprint(ev.Len))
	}
	if ev.Index != r.batchNext {
		return c.diverge(ringSafety, "index-mismatch", fmt.Sprintf("cons of ring %s at %d", r.name, r.batchNext), fmt.Sprint(ev.Index))
	}
	n := uint32(ev.Len)
	r.batchNext += n
	if !c.has[Kernel] || !r.prodKnown {
		return nil // what is in them shows when they are read
	}
	if before := r.base - ev.Index; int32(before) > 0 { // entries from before the gap
		n -= min(n, before)
	}
	_, got := r.rxCons.Batch(n)
	r.socket.Batch(n)
	if got < n && !c.exact {
		// What the library knew to be there may be more than the model did.
		_, more := r.rxCons.Batch(n - got)
		r.socket.Batch(n - got)
		got += more
	}
	if got != n {
		return c.diverge(ringSafety, "read-unpublished", fmt.Sprintf("at most %d published entries in ring %s", got, r.name), fmt.Sprint(n))
	}
	return nil
}

// take reads a slot: of a batch, or the next of the ring.
func (c *checker) take(r *ring) error {
	ev := &c.ev
	batched := r.consKnown && r.consNext != r.batchNext
	id, known := c.page(r, ev.Addr)
	leftover, err := c.consumed(r, ev.Index)
	if err != nil || c.astray {
		return err
	}
	if !batched {
		r.batchNext = r.consNext
	}
	if !c.has[Kernel] {
		return c.takeFromAbsent(r, id, known)
	}
	if leftover {
		if known {
			c.learned(id) // the application has it, as in a module made anew
		} else {
			c.report.Unverifiable++
		}
		return nil
	}
	if !batched && r.rxCons.Peek() == nil {
		return c.published(r, false)
	}
	if iov := *r.socket.Rx().Slot(ev.Index - r.base); iov.Base != ev.Addr || iov.Len != ev.Len {
		return c.slotMismatch(r, fmt.Sprintf("%#x, %d bytes", iov.Base, iov.Len), fmt.Sprintf("%#x, %d bytes", ev.Addr, ev.Len))
	}
	if batched {
		r.socket.Take()
		return nil
	}
	r.socket.AdvanceIovec()
	r.rxCons.Advance()
	return nil
}

// takeFromAbsent is take in a trace without kernel: the page that is read has come
// through the kernel, which must have had it.
func (c *checker) takeFromAbsent(r *ring, id netgpu.PageID, known bool) error {
	ev := &c.ev
	if !known {
		return c.unknownAddress()
	}
	if offset := ev.Addr & (netgpu.PageSize - 1); ev.Len > netgpu.PageSize-offset {
		return c.diverge(delivery, "beyond-page", fmt.Sprintf("at most %d bytes from %#x to the end of its page", netgpu.PageSize-offset, ev.Addr), fmt.Sprint(ev.Len))
	}
	if c.learned(id) {
		return nil
	}
	if at := c.module.Place(id); at != netgpu.WQE {
		return c.diverge(delivery, netgpu.DeliveredTwice.String(), fmt.Sprintf("a buffer that the kernel has; %#x is in %v", ev.Addr, at), "delivered")
	}
	c.anyQueue().Receive(id)
	r.socket.Queue(id)
	r.socket.Deliver(id, uint32(ev.Addr&(netgpu.PageSize-1)), uint32(ev.Len))
	r.socket.Submit()
	r.socket.Batch(1)
	r.socket.Take()
	return nil
}
