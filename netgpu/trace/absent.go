package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// Actors that the trace does not have. The checker plays each as early as it can act:
// an application takes what is published and recycles a buffer just before the kernel
// takes it from the fill ring; a kernel posts what it is given; a NIC has written what
// the kernel finds written (pass). An event that even this cannot explain is wrong.

// takeAll is an absent application that takes everything from its rx ring.
func (c *checker) takeAll(r *ring) {
	r.rxCons.Batch(r.entries)
	r.socket.Batch(r.entries)
	for {
		if _, ok := r.socket.Take(); !ok {
			return
		}
	}
}

// recycle is an absent application that enters the address of the event into the fill
// ring. It does so at the index that the kernel names: nobody saw the ones before.
func (c *checker) recycle(r *ring) error {
	ev := &c.ev
	if prod, _ := r.fillProd.Cached(); !r.prodKnown {
		r.prodKnown, r.base = true, ev.Index-prod
	}
	// A bad entry that the kernel met before is still there.
	if prod, cons := r.queue.Fill().Shared(); prod != cons && *r.queue.Fill().Slot(prod - 1) == ev.Addr && prod-1 == r.consNext-r.base {
		return nil
	}
	if id, ok := c.page(r, ev.Addr); ok && c.pages[id].unknown {
		c.learned(id)
	}
	prod, _ := r.fillProd.Cached()
	if r.fillProd.Space() == 0 {
		r.fillCons.Complete()
	}
	if r.fillProd.Reserve() == nil {
		return c.diverge(ringSafety, "read-unpublished", fmt.Sprintf("at most %d entries taken before cons is published", r.entries), "one more")
	}
	r.queue.Recycle(ev.Addr)
	*r.queue.Fill().Slot(prod) = ev.Addr
	r.queue.SubmitFill()
	r.fillProd.Submit()
	return nil
}

// postAll is an absent kernel that takes everything from a fill ring and posts it.
func (c *checker) postAll(r *ring) error {
	for {
		slot := r.fillCons.Peek()
		if slot == nil {
			return nil
		}
		id, ok := c.page(r, *slot)
		if !ok {
			return c.diverge(progress, netgpu.BadFillEntry.String(), "an address in a region of the context", fmt.Sprintf("%#x", *slot))
		}
		r.fillCons.Advance()
		s := c.shelfOf(r, id)
		if s == nil {
			return c.wrong(fmt.Errorf("more pages in the hands of the kernel than can be followed"))
		}
		if s.take(id, *slot) {
			s.queue.Post(id)
		}
	}
}
