package netgpu

import (
	"fmt"
	"slices"
)

// Element sizes of the rings (patch 6), in bytes.
const (
	fillElementBytes       = 8  // u64: address of a page
	rxElementBytes         = 16 // struct iovec
	completionElementBytes = 8  // u64
)

// Iovec describes a piece of application memory: address and length in bytes.
type Iovec struct {
	Base uint64
	Len  uint64
}

// QueueParams is what an application asks of a ring (struct netgpu_user_queue).
type QueueParams struct {
	ElementBytes uint32
	Entries      uint32 // rounded up to a power of two
}

// BindParams is the argument of BindQueue (struct netgpu_ifq_param).
type BindParams struct {
	QueueID  int32 // in the shadow group, or AnyQueue; replaced by the one given
	Reserved uint32
	Fill     QueueParams // Entries is replaced by the number given
}

// IfQueue is an interface queue: a receive queue of the NIC together with the fill
// ring that feeds it and the page cache in between. The fill ring's producer is
// the application, its consumer the kernel.
type IfQueue struct {
	module  *Module
	context *Context
	id      int32 // index in Module.queues
	queueID int
	closed  bool

	fill     *Ring[uint64]
	consumer Consumer[uint64] // kernel
	producer Producer[uint64] // library

	cache pageCache
}

// BindQueue is CTX_BIND_QUEUE: it opens a receive queue of the context's device.
// ENODEV without a device; EINVAL for a reserved field that is not zero, an
// element size other than 8, no entries, an id outside the shadow group or a queue
// that AF_XDP has; EALREADY if this context has that queue; EOVERFLOW, ENOMEM for
// the size of the ring; EBUSY if the queue is taken or none is free; EMFILE;
// EBADF, ENOTTY for the descriptor.
func (p *Process) BindQueue(ctx FD, b *BindParams) (FD, Errno) {
	f, err := p.fileOf(ctx, contextFile, ENOTTY)
	if err != OK {
		return -1, err
	}
	c := f.context
	if c.device == nil {
		return -1, ENODEV
	}
	if b.Reserved != 0 {
		return -1, EINVAL
	}
	if b.QueueID != AnyQueue && slices.ContainsFunc(c.queues, func(q *IfQueue) bool { return q.queueID == int(b.QueueID) }) {
		return -1, EALREADY
	}
	slots, err := RingEntries(b.Fill.Entries, b.Fill.ElementBytes, fillElementBytes)
	if err != OK {
		return -1, err
	}
	if ringAllocation(slots, fillElementBytes) > MaxRingBytes || p.module.Faults.ObjectAlloc.hit() {
		return -1, ENOMEM
	}
	q := &IfQueue{module: p.module, context: c}
	q.queueID, err = c.device.open(q, int(b.QueueID))
	if err != OK {
		return -1, err
	}
	fd, err := p.install(&file{kind: queueFile, queue: q})
	if err != OK {
		c.device.queues[q.queueID-c.device.channels] = nil
		return -1, err
	}
	q.fill = NewRing[uint64](slots)
	q.consumer, q.producer = NewConsumer(q.fill), NewProducer(q.fill)
	q.cache.init(p.module.variant.ChunkSlots)
	q.id = p.module.enter(q)
	c.queues = append(c.queues, q)
	c.refs++
	b.QueueID, b.Fill.Entries = int32(q.queueID), slots
	return fd, OK
}

// enter gives q a place in the module's table.
func (m *Module) enter(q *IfQueue) int32 {
	i := slices.Index(m.queues, nil)
	if i < 0 {
		i = len(m.queues)
		m.queues = append(m.queues, nil)
	}
	m.queues[i] = q
	return int32(i)
}

// release is netgpu_ifq_release: the last reference to the queue's file is gone.
// The pages in its cache and its fill ring are the application's again.
func (q *IfQueue) release() {
	m, c := q.module, q.context
	q.closed = true
	c.queues = slices.DeleteFunc(c.queues, func(x *IfQueue) bool { return x == q })
	c.device.queues[q.queueID-c.device.channels] = nil
	q.drainFill()
	q.cache.discard(m)
	outlived := false
	for i := range m.pages {
		if m.pages[i].queue != q.id {
			continue
		}
		id := PageID(i)
		switch at := m.Place(id); at {
		case NapiCache, AnyCache:
			m.letGo(id, at)
			m.pages[i].queue = -1
		case Driver, WQE:
			outlived = true
			if v := m.violate(ClosedWhilePosted, id); v != nil {
				v.What = fmt.Sprintf("queue %d closed with page %d in %v", q.queueID, id, at)
			}
		case SKB, ReceiveQueue:
			outlived = true // a violation only if it comes back here
		default:
			m.pages[i].queue = -1
		}
	}
	m.queues[q.id] = nil
	if outlived {
		m.queues[q.id] = &IfQueue{closed: true} // what is left for the pages to come back to
	}
	c.put()
}

// drainFill gives the pages of the entries that the kernel has not taken back to
// the application, those not yet submitted included.
func (q *IfQueue) drainFill() {
	index := q.consumer.cachedCons
	for range min(q.producer.cachedProd-index, q.fill.Entries()) {
		if id, ok := q.context.Page(*q.fill.Slot(index)); ok && q.module.Place(id) == FillRing {
			q.module.move(id, FillRing, App, Misplaced)
		}
		index++
	}
}

// QueueID is the NIC's number of the queue.
func (q *IfQueue) QueueID() int { return q.queueID }

// Context is the context that the queue is bound to.
func (q *IfQueue) Context() *Context { return q.context }

// Fill is the shared fill ring. An application may write it as it likes.
func (q *IfQueue) Fill() *Ring[uint64] { return q.fill }

// Cached returns the pages in the first chunks of the page cache: what the kernel
// counts. AnyCount is -1 before the first page.
func (q *IfQueue) Cached() (napiCount, anyCount int32) { return q.cache.napiCount, q.cache.anyCount }

// Writable is the poll condition: the fill ring has space.
func (q *IfQueue) Writable() bool { return q.fill.Occupancy() < q.fill.Entries() }

// Driver side: softirq, on the queue's NAPI instance.

// CanRefill says whether a bulk of WQEs may be started (patch 19): n is wqe_bulk,
// compared with pages whatever a WQE needs of them. True if the napi cache's first
// chunk has n, or the fill ring has what it lacks. Chunks behind the first and the
// any cache do not count, unless repaired (RefillCountsAll).
func (q *IfQueue) CanRefill(n int32) bool {
	have := q.cache.napiCount
	if q.module.repaired(RefillCountsAll) {
		have = q.cache.total
	}
	return have >= n || q.consumer.Avail(uint32(n-have))
}

// GetPage is netgpu_get_page: a page for a WQE entry, with a reference, from the
// cache, else from the fill ring. It is the driver's until Post or PutNapi.
//
// ENOMEM if there is none. EINVAL if the entry at the head of the fill ring is not
// an address in the context; the entry is not consumed, so the next call finds it
// again, and everything behind it waits (BadFillEntry). EFAULT if a cached page's
// region has been revoked (where the kernel would go through a null pointer);
// the page is lost. ENODEV after the queue is closed. Repairs: SkipBadEntry,
// OwnerCheck, IndexCheck.
func (q *IfQueue) GetPage() (PageID, Errno) {
	if q.closed {
		return NoPage, ENODEV
	}
	m := q.module
	id := q.cache.get(m)
	if id != NoPage {
		if !q.context.has(id) {
			return NoPage, q.loseRevoked(id)
		}
		q.reference(id)
		return id, OK
	}
	// The bound is for entries that are skipped: no more than a ring full of them.
	for range q.fill.Entries() {
		va := q.consumer.Peek()
		if va == nil {
			break
		}
		if n := q.consumer.cachedProd - q.consumer.cachedCons; n > q.fill.Entries() {
			if q.distrust(n) {
				break
			}
		}
		id, ok := q.context.Page(*va)
		if !ok || m.pages[id].flags&pageDying != 0 {
			if m.repaired(SkipBadEntry) {
				q.consumer.Advance()
				if ok && m.Place(id) == FillRing {
					m.letGo(id, FillRing)
				}
				continue
			}
			q.reportBadEntry(*va)
			return NoPage, EINVAL
		}
		q.consumer.Advance()
		if m.pages[id].flags&pageHeld != 0 && m.repaired(OwnerCheck) {
			continue
		}
		if m.place[id] == uint8(FillRing) {
			m.move(id, FillRing, Driver, PostedTwice)
		} else {
			q.takeMisplaced(id)
		}
		q.reference(id)
		return id, OK
	}
	return NoPage, ENOMEM
}

// distrust is what happens when prod is further from cons than the ring has
// entries: n. It says whether the ring counts as empty.
func (q *IfQueue) distrust(n uint32) bool {
	if q.module.repaired(IndexCheck) {
		q.consumer.cachedProd = q.consumer.cachedCons
		return true
	}
	if v := q.module.violate(IndexOutOfRange, NoPage); v != nil {
		v.What = fmt.Sprintf("fill ring of queue %d: prod - cons is %d, entries %d", q.queueID, n, q.fill.Entries())
	}
	return false
}

// reference gives the driver its reference on a page.
func (q *IfQueue) reference(id PageID) {
	pg := &q.module.pages[id]
	pg.refs++
	pg.queue = q.id
	pg.flags |= pageHeld
	if pg.tx > 0 {
		q.reportRecycled(id)
	}
}

func (q *IfQueue) reportRecycled(id PageID) {
	m := q.module
	if v := m.violate(TxRecycled, id); v != nil {
		v.What = fmt.Sprintf("page %d goes to the NIC for reception with %d transmit fragments in flight", id, m.pages[id].tx)
	}
}

// takeMisplaced takes a page from the fill ring that is not there as far as the
// ledger knows: the same buffer was entered twice, or an index was set back.
func (q *IfQueue) takeMisplaced(id PageID) {
	cause := PostedTwice
	if at := q.module.Place(id); at == SKB || at == ReceiveQueue || at == RxRing {
		cause = PostedOverData
	}
	q.module.move(id, FillRing, Driver, cause)
}

func (q *IfQueue) reportBadEntry(va uint64) {
	if v := q.module.violate(BadFillEntry, NoPage); v != nil {
		v.What = fmt.Sprintf("fill ring of queue %d: entry %#x is in no region of the context and blocks the ring", q.queueID, va)
	}
}

func (q *IfQueue) loseRevoked(id PageID) Errno {
	m := q.module
	m.move(id, Driver, Lost, Misplaced)
	if v := m.violate(CachedPageRevoked, id); v != nil {
		v.What = fmt.Sprintf("page %d was in the cache of queue %d when its region was revoked", id, q.queueID)
	}
	return EFAULT
}

// Post hands a page to the NIC: the doorbell after the WQE that points at it.
func (q *IfQueue) Post(id PageID) { q.module.move(id, Driver, WQE, Misplaced) }

// FillComplete publishes what has been taken from the fill ring
// (mlx5e_netgpu_taken): after each bulk.
func (q *IfQueue) FillComplete() { q.consumer.Complete() }

// Receive records that the NIC has written a page of a completed WQE and that the
// page is now a fragment of an skb.
func (q *IfQueue) Receive(id PageID) {
	m := q.module
	if int(id) < len(m.place) && m.place[id] == uint8(WQE) {
		m.move(id, WQE, SKB, Misplaced)
		return
	}
	if int(id) < len(m.place) && m.place[id]&flagRevoked != 0 {
		if v := m.violate(DMAAfterUnmap, id); v != nil {
			v.What = fmt.Sprintf("the NIC wrote page %d after its region was gone", id)
		}
	}
	m.move(id, WQE, SKB, Misplaced)
}

// PutNapi puts a page back from softirq: one that a WQE did not need (a control
// packet, a short payload), one of a bulk that failed, one of a queue being
// flushed. The driver's reference is dropped.
func (q *IfQueue) PutNapi(id PageID) {
	m := q.module
	if !m.received(id) {
		return
	}
	if q.closed {
		m.outlived(id)
		return
	}
	from := WQE
	if m.Place(id) == Driver {
		from = Driver
	}
	m.pages[id].refs--
	if m.pages[id].flags&pageDying != 0 {
		m.letGo(id, from)
		return
	}
	q.cache.putNapi(m, id, from)
}

// letGo gives a page that the kernel needs no longer to the application.
func (m *Module) letGo(id PageID, from Place) {
	m.pages[id].flags &^= pageHeld | pageParked
	m.move(id, from, App, Misplaced)
}

// DropFragment frees an skb fragment that was not delivered (reset, close with
// data queued, drop): its reference is dropped and, if only the base references
// remain, the page goes to the any cache of the queue that received it (patch 11).
// Repairs: LastReference, QueueOutlivesPackets.
func (m *Module) DropFragment(id PageID) {
	if !m.received(id) {
		return
	}
	from := SKB
	if m.Place(id) == ReceiveQueue {
		from = ReceiveQueue
	}
	pg := &m.pages[id]
	if pg.queue < 0 || m.queues[pg.queue].closed {
		m.outlived(id)
		return
	}
	pg.refs--
	switch {
	case pg.refs == 0:
		m.putBack(id, from)
	case pg.refs != pg.tx:
		// Received into twice: the other holder puts it back. PostedTwice has
		// been reported.
	case m.repaired(LastReference):
		pg.flags |= pageParked
		m.move(id, from, SKB, Misplaced) // of the transmission
	default:
		m.move(id, from, Lost, Misplaced)
		if v := m.violate(StillReferenced, id); v != nil {
			v.What = fmt.Sprintf("page %d freed undelivered while %d transmit fragments refer to it: not put back", id, pg.tx)
		}
	}
}

// putBack is netgpu_put_page for the last reference: into the any cache of the
// queue that received the page, in any context.
func (m *Module) putBack(id PageID, from Place) {
	switch q := m.queues[m.pages[id].queue]; {
	case m.pages[id].flags&pageDying != 0 || q.closed:
		m.letGo(id, from)
	default:
		q.cache.putAny(m, id, from)
	}
}

// received says whether the receive path holds a reference on a page that it wants
// to drop. If not, that is a mistake of the driver, and reported.
func (m *Module) received(id PageID) bool {
	if int(id) < len(m.pages) && m.pages[id].refs > m.pages[id].tx {
		return true
	}
	if v := m.violate(Misplaced, id); v != nil {
		v.What = fmt.Sprintf("page %d was given back by the receive path, which does not have it; it is in %v", id, m.Place(id))
	}
	return false
}

// outlived is a page given back to a queue that is closed. The kernel writes freed
// memory, and here the page is lost; with QueueOutlivesPackets the application has
// it again.
func (m *Module) outlived(id PageID) {
	at := m.Place(id)
	m.pages[id].refs--
	m.pages[id].queue = -1
	if m.repaired(QueueOutlivesPackets) {
		if at.heldByKernel() {
			m.letGo(id, at)
		}
		m.pages[id].flags &^= pageHeld
		return
	}
	if at.heldByKernel() { // else somebody else has come to have it, too
		m.move(id, at, Lost, Misplaced)
	}
	if v := m.violate(OutlivesQueue, id); v != nil {
		v.What = fmt.Sprintf("page %d came back from %v after its queue was closed", id, at)
	}
}

// Application side: what the userspace library does with the fill ring. A page
// counts as being in the fill ring from the moment its slot is written.

// Populate enters count pages from base on and publishes them. False, and nothing
// entered, if the ring has no space for all of them: the library ends the program.
func (q *IfQueue) Populate(base uint64, count uint32) bool {
	if q.producer.Space() < count {
		return false
	}
	for i := range uint64(count) {
		*q.producer.Reserve() = q.recycled(base + i<<PageShift)
	}
	q.producer.Submit()
	return true
}

// Recycle returns one buffer, by the address of its iovec. The library does not
// check that there is a free slot: if there is none it writes through a null
// pointer, which ends the program. Then it returns false, the page is lost and
// RecycleThroughNull is reported. The kernel sees the entry after SubmitFill.
func (q *IfQueue) Recycle(iovBase uint64) bool {
	slot := q.producer.Reserve()
	if slot == nil {
		if !q.module.repaired(RecycleCheck) {
			q.recycleThroughNull(iovBase)
		}
		return false
	}
	*slot = q.recycled(iovBase &^ pageMask)
	return true
}

func (q *IfQueue) recycleThroughNull(iovBase uint64) {
	m := q.module
	id, ok := q.context.Page(iovBase)
	if !ok {
		id = NoPage
	} else if m.Place(id) == App {
		m.move(id, App, Lost, Misplaced)
	}
	if v := m.violate(RecycleThroughNull, id); v != nil {
		v.What = fmt.Sprintf("fill ring of queue %d is full; recycling %#x wrote through a null pointer", q.queueID, iovBase)
	}
}

// RecycleBatch returns several buffers. It checks: false, and nothing entered, if
// the ring has no space for all of them.
func (q *IfQueue) RecycleBatch(iovs []Iovec) bool {
	if !q.producer.Avail(uint32(len(iovs))) {
		return false
	}
	for i := range iovs {
		*q.producer.GetPtr() = q.recycled(iovs[i].Base &^ pageMask)
	}
	return true
}

// recycled records that the application gives the page at va away, and returns va.
func (q *IfQueue) recycled(va uint64) uint64 {
	if id, ok := q.context.Page(va); ok {
		q.module.move(id, App, FillRing, RecycledTwice)
	}
	return va
}

// SubmitFill publishes the entries written since the last time.
func (q *IfQueue) SubmitFill() { q.producer.Submit() }

// FillSpace is the number of free slots as the library sees it.
func (q *IfQueue) FillSpace() uint32 { return q.producer.Space() }

// KnownFillSpace is the number of slots that the library can fill without a look at
// what the kernel has taken.
func (q *IfQueue) KnownFillSpace() uint32 { return q.producer.cachedSpace() }
