package tcp

import "netgpusim/sim"

// blockState says where a sent run of bytes is thought to be.
type blockState uint8

const (
	inFlight blockState = iota // on its way: counts against the window
	lost                       // given up, to be sent again
	sacked                     // received out of order
)

// block is a run of bytes that has been sent as one super-segment and is not
// acknowledged cumulatively. SACK and partial acknowledgements split it.
type block struct {
	skb
	sentAt  sim.Time
	prev    uint32 // neighbours in the flight or lost list
	next    uint32
	mss     uint16 // at which it was cut into frames
	segs    uint16 // frames
	state   blockState
	retrans bool // has been sent more than once
}

// none is no block: slot 0 is never used.
const none = 0

// blockList is a doubly linked list through blocks.
type blockList struct{ head, tail uint32 }

// retransmitQueue holds all blocks in stream order, those in flight also in the
// order of transmission, those lost also in stream order. All counts are segments.
type retransmitQueue struct {
	blocks []block
	free   []uint32
	order  ring[uint32]
	flight blockList // oldest transmission first: RACK looks only at its head
	lost   blockList // lowest offset first

	out [3]uint32 // segments by state
	mem int64     // truesize of all blocks
}

func (q *retransmitQueue) empty() bool { return q.order.len() == 0 }

// packets is all segments not acknowledged cumulatively (Linux: packets_out).
func (q *retransmitQueue) packets() uint32 { return q.out[inFlight] + q.out[lost] + q.out[sacked] }

func (q *retransmitQueue) head() *block { return &q.blocks[*q.order.front()] }

func (q *retransmitQueue) tail() *block { return &q.blocks[*q.order.back()] }

// segments is how many frames n bytes make.
func segments(n uint32, mss uint16) uint16 { return uint16((n + uint32(mss) - 1) / uint32(mss)) }

// push appends a run that is being sent for the first time.
func (q *retransmitQueue) push(s *skb, now sim.Time, mss uint16) *block {
	id := q.alloc()
	b := &q.blocks[id]
	*b = block{skb: *s, sentAt: now, mss: mss, segs: segments(s.len, mss)}
	q.order.pushBack(id)
	q.out[inFlight] += uint32(b.segs)
	q.mem += int64(b.truesize)
	q.append(&q.flight, id)
	return b
}

func (q *retransmitQueue) alloc() uint32 {
	if n := len(q.free); n > 0 {
		id := q.free[n-1]
		q.free = q.free[:n-1]
		return id
	}
	if len(q.blocks) == 0 {
		q.blocks = append(q.blocks, block{})
	}
	q.blocks = append(q.blocks, block{})
	return uint32(len(q.blocks) - 1)
}

// popFront forgets the first block.
func (q *retransmitQueue) popFront() {
	id := *q.order.front()
	b := &q.blocks[id]
	q.unlink(id)
	q.out[b.state] -= uint32(b.segs)
	q.mem -= int64(b.truesize)
	q.order.popFront()
	q.free = append(q.free, id)
}

// trimFront drops the first n bytes of the first block, 0 < n < len.
func (q *retransmitQueue) trimFront(n uint32) {
	b := q.head()
	b.drop(n)
	q.mem -= int64(n)
	q.recount(b)
}

// recount corrects the counts after a block's length has changed.
func (q *retransmitQueue) recount(b *block) {
	segs := segments(b.len, b.mss)
	q.out[b.state] += uint32(segs)
	q.out[b.state] -= uint32(b.segs)
	b.segs = segs
}

// search returns the position of the block that holds offset, or of the first one
// after it.
func (q *retransmitQueue) search(offset uint64) int {
	lo, hi := 0, q.order.len()
	for lo < hi {
		mid := (lo + hi) / 2
		if q.blocks[*q.order.at(mid)].end() > offset {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// split cuts block i in front of byte n of it, 0 < n < len. Both parts are where the
// whole was.
func (q *retransmitQueue) split(i int, n uint32) {
	second := q.alloc()
	first := *q.order.at(i)
	a, b := &q.blocks[first], &q.blocks[second]
	*b = *a
	a.skb = b.take(n)
	q.mem += skbOverhead
	q.order.insert(i+1, second)
	q.recount(a)
	b.segs = segments(b.len, b.mss)
	q.out[b.state] += uint32(b.segs)
	if l := q.list(a.state); l != nil {
		b.prev, b.next = first, a.next
		if a.next == none {
			l.tail = second
		} else {
			q.blocks[a.next].prev = second
		}
		a.next = second
	}
}

// list is the list that blocks of a state are on, nil for none.
func (q *retransmitQueue) list(s blockState) *blockList {
	switch s {
	case inFlight:
		return &q.flight
	case lost:
		return &q.lost
	}
	return nil
}

func (q *retransmitQueue) append(l *blockList, id uint32) { q.link(l, l.tail, id) }

// link puts a block behind prev, none being the front.
func (q *retransmitQueue) link(l *blockList, prev, id uint32) {
	b := &q.blocks[id]
	b.prev = prev
	if prev == none {
		b.next, l.head = l.head, id
	} else {
		p := &q.blocks[prev]
		b.next, p.next = p.next, id
	}
	if b.next == none {
		l.tail = id
	} else {
		q.blocks[b.next].prev = id
	}
}

func (q *retransmitQueue) unlink(id uint32) {
	b := &q.blocks[id]
	l := q.list(b.state)
	if l == nil {
		return
	}
	if b.prev == none {
		l.head = b.next
	} else {
		q.blocks[b.prev].next = b.next
	}
	if b.next == none {
		l.tail = b.prev
	} else {
		q.blocks[b.next].prev = b.prev
	}
}

// move takes a block from its list and counts it under another state.
func (q *retransmitQueue) move(id uint32, to blockState) {
	b := &q.blocks[id]
	q.unlink(id)
	q.out[b.state] -= uint32(b.segs)
	q.out[to] += uint32(b.segs)
	b.state = to
}

// lose gives a block up. Blocks are given up nearly in stream order, so the place in
// the list is found from its ends.
func (q *retransmitQueue) lose(id uint32) {
	q.move(id, lost)
	off := q.blocks[id].off
	prev := q.lost.tail
	if q.lost.head != none && q.blocks[q.lost.head].off > off {
		prev = none
	}
	for prev != none && q.blocks[prev].off > off {
		prev = q.blocks[prev].prev
	}
	q.link(&q.lost, prev, id)
}

// resend puts a block back into flight.
func (q *retransmitQueue) resend(id uint32, now sim.Time, mss uint16) {
	q.move(id, inFlight)
	b := &q.blocks[id]
	b.sentAt, b.retrans = now, true
	if b.mss != mss {
		b.mss = mss
		q.recount(b)
	}
	q.append(&q.flight, id)
}

// sack notes that the first n bytes of block i have arrived. Where it can, it moves
// them into the block before, so that a hole that moves through the window does not
// leave a trail of small blocks.
func (q *retransmitQueue) sack(i int, n uint32) {
	id := *q.order.at(i)
	b := &q.blocks[id]
	if n < b.len {
		if i > 0 {
			p := &q.blocks[*q.order.at(i - 1)]
			if p.state == sacked && p.mss == b.mss && p.join(&b.skb, n) {
				q.recount(p)
				q.recount(b)
				return
			}
		}
		q.split(i, n)
	}
	q.move(id, sacked)
}

// loseAll gives up every block that has not been received: a timeout says that
// nothing of it is in flight any more (RFC 5681 section 3.1). With renege, what was
// received out of order counts as not received either (RFC 2018 section 8).
func (q *retransmitQueue) loseAll(renege bool) {
	q.flight, q.lost = blockList{}, blockList{}
	for i := range q.order.len() {
		id := *q.order.at(i)
		b := &q.blocks[id]
		if b.state == sacked && !renege {
			continue
		}
		q.out[b.state] -= uint32(b.segs)
		q.out[lost] += uint32(b.segs)
		b.state = lost
		q.append(&q.lost, id)
	}
}
