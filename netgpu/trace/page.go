package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// What happens to a page between fill ring and rx ring, and to one that is sent.

// pass hands a page on: post, receive, put, queue, drop. Whether it was where it has
// to come from, the model says.
func (c *checker) pass(r *ring) error {
	ev := &c.ev
	id, ok := c.page(r, ev.Addr)
	if !ok {
		return c.unknownAddress()
	}
	if c.pages[id].unknown {
		return c.assume(r, id)
	}
	if !c.has[NIC] && ev.Op != Post && ev.Op != Put && c.module.Place(id) == netgpu.WQE {
		c.anyQueue().Receive(id) // a queue posted it, so there is one
	}
	switch ev.Op {
	case Post:
		r.queue.Post(id)
	case Receive:
		r.queue.Receive(id)
	case Put:
		return c.put(r, id)
	case Queue:
		if c.module.Place(id) == netgpu.SKB {
			r.waiting.push(id)
			c.pages[id].socket = int16(r.number)
		}
		r.socket.Queue(id)
	case Drop:
		if at := c.pages[id].socket; at != 0 && c.module.Place(id) == netgpu.ReceiveQueue {
			c.order[at-1].waiting.remove(id)
		}
		c.module.DropFragment(id)
	}
	return nil
}

// put puts a page into the napi cache of a queue.
func (c *checker) put(r *ring, id netgpu.PageID) error {
	if c.exact {
		r.queue.PutNapi(id)
		return nil
	}
	s := c.shelfOf(r, id)
	if s == nil {
		return c.wrong(fmt.Errorf("more pages in the hands of the kernel than can be followed"))
	}
	s.queue.PutNapi(id)
	return nil
}

// anyQueue is a queue to move a page with that comes from no queue in particular.
func (c *checker) anyQueue() *netgpu.IfQueue {
	for _, r := range c.order {
		if r.kind == Fill && r.queue != nil {
			return r.queue
		}
	}
	for i := range c.scopes {
		for _, s := range c.scopes[i].shelves {
			if s != nil {
				return s.queue
			}
		}
	}
	return nil
}

// deliver is a fragment on its way from the receive queue into an rx slot.
func (c *checker) deliver(r *ring) error {
	ev := &c.ev
	id, ok := c.page(r, ev.Addr)
	if !ok {
		return c.unknownAddress()
	}
	if ev.Err != netgpu.OK {
		return c.deliverFull(r, id)
	}
	offset := ev.Addr & (netgpu.PageSize - 1)
	if ev.Len > netgpu.PageSize-offset {
		return c.diverge(delivery, "beyond-page", fmt.Sprintf("at most %d bytes from %#x to the end of its page", netgpu.PageSize-offset, ev.Addr), fmt.Sprint(ev.Len))
	}
	prod, _ := r.rxProd.Cached()
	if err := c.produced(r, prod); err != nil || c.astray {
		return err
	}
	if c.pages[id].unknown {
		if err := c.assume(r, id); err != nil || c.astray {
			return err
		}
	} else if err := c.inOrder(r, id); err != nil || c.astray {
		return err
	} else {
		r.waiting.remove(id)
	}
	if r.rxProd.Space() == 0 {
		c.makeRoom(r)
	}
	if r.rxProd.Reserve() == nil {
		return c.diverge(ringSafety, "written-when-full", fmt.Sprintf("no write: the %d slots of ring %s are not free", r.entries, r.name), fmt.Sprintf("slot %d written", ev.Index))
	}
	r.socket.Deliver(id, uint32(offset), uint32(ev.Len))
	return nil
}

// inOrder checks that a fragment that is delivered is the first of its receive queue.
// Once a page has been found in two places, it may stand in two receive queues at a
// time, or in one twice, and the order is not followed any more.
func (c *checker) inOrder(r *ring, id netgpu.PageID) error {
	front := r.waiting.front()
	if front == id || front == netgpu.NoPage || c.pages[id].unknown || c.module.Place(id) != netgpu.ReceiveQueue || c.module.Duplicated() > 0 {
		return nil
	}
	return c.diverge(delivery, "out-of-order", fmt.Sprintf("page %#x, the first of the receive queue", c.va(front)), fmt.Sprintf("%#x", c.ev.Addr))
}

// deliverFull is a delivery that found no free slot. The fragment stays where it is.
func (c *checker) deliverFull(r *ring, id netgpu.PageID) error {
	if at := c.module.Place(id); at != netgpu.ReceiveQueue && !c.pages[id].unknown && c.module.Duplicated() == 0 {
		return c.diverge(delivery, netgpu.Misplaced.String(), fmt.Sprintf("a fragment of the receive queue; %#x is in %v", c.ev.Addr, at), "no slot for it")
	}
	if err := c.inOrder(r, id); err != nil || c.astray {
		return err
	}
	if !c.has[App] || !c.exact {
		if r.rxProd.Space() == 0 && c.has[App] {
			r.socket.Deliver(id, 0, uint32(c.ev.Len&(netgpu.PageSize-1))) // notes that delivery stopped
		}
		return nil
	}
	if n := r.rxProd.Space(); n != 0 {
		return c.diverge(Conformance, "refused-with-space", fmt.Sprintf("%d free slots in ring %s", n, r.name), "no slot")
	}
	r.socket.Deliver(id, uint32(c.ev.Addr&(netgpu.PageSize-1)), uint32(c.ev.Len))
	return nil
}

// attach is the part of a send that fills one skb: the pages under Len bytes at Addr.
func (c *checker) attach(r *ring) error {
	ev := &c.ev
	var fragments [netgpu.MaxFragments]netgpu.TxFragment
	n, bytes, errno := r.socket.AttachPages(netgpu.Iovec{Base: ev.Addr, Len: ev.Len}, fragments[:])
	switch {
	case errno != ev.Err:
		for _, f := range fragments[:n] {
			c.module.ReleaseTx(f.Page)
		}
		found := "pages attached"
		if ev.Err != netgpu.OK {
			found = ev.Err.Error()
		}
		return c.diverge(Conformance, "errno-mismatch", fmt.Sprintf("%v for %d bytes at %#x", errno, ev.Len, ev.Addr), found)
	case errno == netgpu.OK && bytes != ev.Len:
		return c.diverge(Conformance, "too-many-fragments", fmt.Sprintf("at most %d pages in an skb: %d bytes", netgpu.MaxFragments, bytes), fmt.Sprint(ev.Len))
	}
	return nil
}

// release drops the reference of one transmit fragment. That of a send that was lost
// in a gap is not known.
func (c *checker) release() error {
	id, ok := c.page(nil, c.ev.Addr)
	if !ok {
		return c.unknownAddress()
	}
	if c.lossy && c.module.InFlight(id) == 0 {
		c.report.Unverifiable++
		return nil
	}
	c.module.ReleaseTx(id)
	return nil
}

// touch is an access to memory. Memory of no region is no business of netgpu.
func (c *checker) touch() {
	ev := &c.ev
	va := ev.Addr &^ (netgpu.PageSize - 1)
	pages := (ev.Addr - va + min(ev.Len, 1<<40) + netgpu.PageSize - 1) >> netgpu.PageShift
	for range min(pages, uint64(len(c.pages))) {
		if id, ok := c.page(nil, va); ok {
			c.touchPage(id)
		}
		va += netgpu.PageSize
	}
}

func (c *checker) touchPage(id netgpu.PageID) {
	if c.pages[id].unknown && c.ev.Op != CPU {
		c.report.Unverifiable++ // it may be posted, or sent from
		return
	}
	switch c.ev.Op {
	case Read:
		c.module.AppRead(id)
	case Write:
		c.module.AppWrite(id)
	case CPU:
		c.module.CPUAccess(id)
	}
}

// assume takes what an event says of an unknown page for true: the page is brought to
// where the event leaves it. In a module made anew it is the application's, from where
// it can go anywhere.
func (c *checker) assume(r *ring, id netgpu.PageID) error {
	c.learned(id)
	if r == nil {
		r = &ring{kind: NoRing, contextID: c.scopeOf(id)}
	}
	s := c.shelfOf(r, id)
	if s == nil {
		return c.wrong(fmt.Errorf("more pages in the hands of the kernel than can be followed"))
	}
	if !s.take(id, c.va(id)) {
		return nil
	}
	if c.ev.Op == Put {
		s.queue.PutNapi(id)
		return nil
	}
	s.queue.Post(id)
	if c.ev.Op == Post {
		return nil
	}
	s.queue.Receive(id)
	switch c.ev.Op {
	case Queue:
		r.socket.Queue(id)
		r.waiting.push(id)
		c.pages[id].socket = int16(r.number)
	case Deliver:
		r.socket.Queue(id)
	case Drop:
		c.module.DropFragment(id)
	}
	return nil
}

// scopeOf is a context in whose page map a page is.
func (c *checker) scopeOf(id netgpu.PageID) int {
	for i := range c.scopes {
		if _, ok := c.scopes[i].ctx.Page(c.va(id)); ok {
			return i
		}
	}
	return 0
}
