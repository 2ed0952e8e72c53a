package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// The fill ring: the application's side, then the kernel's.

// produce is the library writing an address into the next slot.
func (c *checker) produce(r *ring) error {
	ev := &c.ev
	id, ok := c.page(r, ev.Addr)
	if ok {
		c.learned(id)
	}
	if ev.Err != netgpu.OK {
		if c.exact && r.fillProd.Space() != 0 {
			return c.diverge(Conformance, "refused-with-space", fmt.Sprintf("%d free slots in ring %s", r.fillProd.Space(), r.name), "no slot")
		}
		if c.exact {
			r.queue.Recycle(ev.Addr) // through a null pointer
		}
		return nil
	}
	prod, _ := r.fillProd.Cached()
	if err := c.produced(r, prod); err != nil || c.astray {
		return err
	}
	if !c.exact && r.fillProd.Space() == 0 {
		r.fillCons.Complete() // what is consumed is free, whenever that is published
	}
	if r.fillProd.Reserve() == nil {
		return c.diverge(ringSafety, "written-when-full", fmt.Sprintf("no write: the %d slots of ring %s are not free", r.entries, r.name), fmt.Sprintf("slot %d written", ev.Index))
	}
	r.queue.Recycle(ev.Addr)
	*r.queue.Fill().Slot(prod) = ev.Addr // the library's rounding is the library's
	return nil
}

// submit publishes the producer's index.
func (c *checker) submit(r *ring) error {
	var prod uint32
	if r.kind == Fill {
		prod, _ = r.fillProd.Cached()
	} else {
		prod, _ = r.rxProd.Cached()
	}
	if err := c.produced(r, prod); err != nil || c.astray {
		return err
	}
	if r.kind == Rx {
		r.socket.Submit()
		r.rxProd.Submit()
		if !c.has[App] {
			c.takeAll(r)
		}
		return nil
	}
	r.queue.SubmitFill()
	r.fillProd.Submit()
	if !c.has[Kernel] {
		return c.postAll(r)
	}
	return nil
}

// complete publishes the consumer's index.
func (c *checker) complete(r *ring) error {
	next := r.consNext
	if r.kind == Rx {
		next = r.batchNext
	}
	if !r.consKnown {
		r.consKnown, r.consNext, r.batchNext = true, c.ev.Index, c.ev.Index
		next = c.ev.Index
		c.report.Unverifiable++
	}
	if c.ev.Index != next {
		return c.diverge(ringSafety, "index-mismatch", fmt.Sprintf("cons of ring %s at %d", r.name, next), fmt.Sprint(c.ev.Index))
	}
	switch {
	case r.kind == Rx:
		r.socket.CompleteRx()
		r.rxCons.Complete()
	case c.exact:
		r.queue.FillComplete()
		r.fillCons.Complete()
	default:
		r.fillCons.Complete()
	}
	return nil
}

// refill is the driver's question whether a bulk may be started (patch 19). Only the
// variants that the model knows answer it as the model does.
func (c *checker) refill(r *ring) error {
	if !c.exact || !c.has[App] {
		return nil
	}
	n := int32(min(c.ev.Len, 1<<30))
	napi, _ := r.queue.Cached()
	if napi < n {
		r.fillCons.Avail(uint32(n - napi)) // looks at prod as the model will
	}
	if may := r.queue.CanRefill(n); may != (c.ev.Err == netgpu.OK) {
		return c.diverge(Conformance, "refill-decision", fmt.Sprintf("refill of %d pages to start: %v", n, may), fmt.Sprint(!may))
	}
	return nil
}

// get is the kernel taking a page from the fill ring.
func (c *checker) get(r *ring) error {
	ev := &c.ev
	if ev.Err == netgpu.ENOMEM {
		return c.getNothing(r)
	}
	if !c.has[App] {
		if err := c.recycle(r); err != nil || c.astray {
			return err
		}
	}
	if c.exact {
		return c.getExact(r)
	}
	if ev.Err == netgpu.EINVAL {
		return c.badEntry(r)
	}
	id, known := c.scopes[r.contextID].ctx.Page(ev.Addr) // those that are gone do not count
	if leftover, err := c.entry(r, known); err != nil || c.astray {
		return err
	} else if leftover && known {
		c.learned(id)
	}
	if !known {
		return c.diverge(progress, netgpu.BadFillEntry.String(), "an address in a region of the context", fmt.Sprintf("%#x", ev.Addr))
	}
	s := c.shelfOf(r, id)
	if s == nil {
		return c.wrong(fmt.Errorf("more pages in the hands of the kernel than can be followed"))
	}
	c.pages[id].unknown = false
	s.take(id, ev.Addr)
	return nil
}

// entry checks that the entry at the head of the fill ring is the event's and steps
// over it.
func (c *checker) entry(r *ring, known bool) (leftover bool, err error) {
	ev := &c.ev
	leftover, err = c.consumed(r, ev.Index)
	if err != nil || c.astray {
		return false, err
	}
	if leftover {
		if !known {
			c.report.Unverifiable++
		}
		return true, nil
	}
	slot := r.fillCons.Peek()
	if err := c.published(r, slot != nil); err != nil || c.astray {
		return false, err
	}
	if *slot != ev.Addr {
		return false, c.slotMismatch(r, fmt.Sprintf("%#x", *slot), fmt.Sprintf("%#x", ev.Addr))
	}
	r.fillCons.Advance()
	return false, nil
}

func (c *checker) published(r *ring, yes bool) error {
	if yes {
		return nil
	}
	return c.diverge(ringSafety, "read-unpublished", fmt.Sprintf("no published entry in ring %s", r.name), fmt.Sprintf("entry %d taken", c.ev.Index))
}

func (c *checker) slotMismatch(r *ring, want, got string) error {
	return c.diverge(ringSafety, "slot-mismatch", fmt.Sprintf("slot %d of ring %s to hold %s", c.ev.Index, r.name, want), got)
}

// getNothing is a get that found neither a cached page nor an entry.
func (c *checker) getNothing(r *ring) error {
	if !c.exact || !c.has[App] {
		return nil
	}
	if id, errno := r.queue.GetPage(); errno != netgpu.ENOMEM {
		return c.diverge(Conformance, "empty-with-pages", fmt.Sprintf("page %#x or an entry", c.va(id)), "nothing to take")
	}
	r.fillCons.Peek() // publishes cons and looks at prod, as the model has done
	return nil
}

// getExact is get where the page is to be the one that the model takes.
func (c *checker) getExact(r *ring) error {
	ev := &c.ev
	id, errno, fromCache := c.modelGet(r)
	if fromCache {
		return c.diverge(Conformance, "cache-not-empty", fmt.Sprintf("page %#x from the cache", c.va(id)), fmt.Sprintf("entry %d of ring %s", ev.Index, r.name))
	}
	if ev.Err != netgpu.OK { // the entry stays: nothing is consumed
		if errno != ev.Err {
			return c.diverge(Conformance, "errno-mismatch", errno.Error(), ev.Err.Error())
		}
		return nil
	}
	index := r.consNext
	if _, err := c.consumed(r, ev.Index); err != nil || c.astray {
		return err
	}
	slot := r.fillCons.Peek()
	if err := c.published(r, slot != nil); err != nil || c.astray {
		return err
	}
	if entry := *r.queue.Fill().Slot(index - r.base); entry != ev.Addr {
		return c.slotMismatch(r, fmt.Sprintf("%#x", entry), fmt.Sprintf("%#x", ev.Addr))
	}
	r.fillCons.Advance()
	if errno != netgpu.OK && errno != netgpu.EINVAL { // EINVAL is a violation, too
		return c.diverge(Conformance, "errno-mismatch", errno.Error(), "a page")
	}
	return nil
}

// modelGet takes a page in the model and says whether it came from the cache: the
// counts of the cache change if and only if it did.
func (c *checker) modelGet(r *ring) (id netgpu.PageID, errno netgpu.Errno, fromCache bool) {
	napi, any := r.queue.Cached()
	id, errno = r.queue.GetPage()
	napiNow, anyNow := r.queue.Cached()
	return id, errno, napi != napiNow || any != anyNow
}

// badEntry is an entry that is no address of the context: it is met, not consumed.
func (c *checker) badEntry(r *ring) error {
	if _, known := c.page(r, c.ev.Addr); known {
		return c.diverge(Conformance, "errno-mismatch", fmt.Sprintf("the page at %#x", c.ev.Addr), "EINVAL")
	}
	return c.diverge(progress, netgpu.BadFillEntry.String(), "an address in a region of the context", fmt.Sprintf("%#x", c.ev.Addr))
}

// skip is an entry that an implementation consumes and ignores: one that is no address
// of the context, or one for a page that the kernel has.
func (c *checker) skip(r *ring) error {
	if c.exact {
		return c.diverge(Conformance, "entry-skipped", "the entry to be taken or to stay", "consumed and ignored")
	}
	if !c.has[App] {
		if err := c.recycle(r); err != nil || c.astray {
			return err
		}
	}
	id, known := c.page(r, c.ev.Addr)
	if leftover, err := c.entry(r, known); leftover || err != nil || c.astray {
		return err
	}
	if known && !c.pages[id].unknown && c.module.Place(id) == netgpu.FillRing {
		return c.diverge(conservation, "entry-skipped", fmt.Sprintf("page %#x to be taken: only the ring has it", c.ev.Addr), "consumed and ignored")
	}
	return nil
}

// cacheGet is the kernel taking a page from the page cache.
func (c *checker) cacheGet(r *ring) error {
	ev := &c.ev
	if c.exact {
		return c.cacheGetExact(r)
	}
	if ev.Err != netgpu.OK {
		return c.diverge(robustness, netgpu.CachedPageRevoked.String(), "a page that is attached", ev.Err.Error())
	}
	id, ok := c.page(r, ev.Addr)
	if !ok {
		return c.unknownAddress()
	}
	s := c.shelfOf(r, id)
	if s == nil {
		return c.wrong(fmt.Errorf("more pages in the hands of the kernel than can be followed"))
	}
	if c.learned(id) {
		s.take(id, ev.Addr)
		return nil
	}
	if !c.cached(id) {
		cause := netgpu.PostedTwice
		if at := c.module.Place(id); at != netgpu.Driver && at != netgpu.WQE {
			cause = netgpu.StaleSlot
		}
		return c.diverge(cause.Invariant().String(), cause.String(), fmt.Sprintf("a page that is cached; %#x is in %v", ev.Addr, c.module.Place(id)), "taken from the cache")
	}
	if !s.takeCached(id) && !c.takeStray(id) {
		return c.diverge(conservation, "other-cache", fmt.Sprintf("a page that is in the cache of %s", r.name), fmt.Sprintf("%#x, which is in another", ev.Addr))
	}
	return nil
}

func (c *checker) cacheGetExact(r *ring) error {
	ev := &c.ev
	id, errno, fromCache := c.modelGet(r)
	switch {
	case !fromCache:
		return c.diverge(Conformance, "cache-empty", "an empty cache", "a page from the cache")
	case errno != ev.Err:
		return c.diverge(Conformance, "errno-mismatch", errno.Error(), ev.Err.Error())
	case errno == netgpu.OK && c.va(id) != ev.Addr&^(netgpu.PageSize-1):
		return c.diverge(Conformance, "cache-order", fmt.Sprintf("page %#x, the last one put in", c.va(id)), fmt.Sprintf("%#x", ev.Addr))
	}
	return nil
}

// va is the address of a page of the model, 0 if there is none.
func (m *model) va(id netgpu.PageID) uint64 {
	va, _ := m.module.VA(id)
	return va
}

// unknownAddress is an address that is in no region.
func (c *checker) unknownAddress() error {
	return c.diverge(conservation, netgpu.UnknownPage.String(), "an address in a registered region", fmt.Sprintf("%#x", c.ev.Addr))
}
