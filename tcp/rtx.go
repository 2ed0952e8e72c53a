package tcp

import "netgpusim/sim"

// blockState says where a sent run of bytes is thought to be, and so on which list it
// is.
type blockState uint8

const (
	inFlight blockState = iota // on its way
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
	retrans bool // has been sent more than once (TCPCB_EVER_RETRANS)
	resent  bool // a retransmission is thought to be on its way (TCPCB_SACKED_RETRANS)
	gone    bool // the transmission before that is thought to be lost (TCPCB_LOST)
	byRACK  bool // it was RACK that gave it up
	hidden  bool // in flight, but not on the list: RACK has judged it already
	tx      txRecord
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
	flight blockList // oldest transmission first
	edge   uint32    // last on it that RACK knows to have been overtaken, none if none is
	lost   blockList // lowest offset first

	out        [3]uint32 // segments by state
	lostOut    uint32    // of them, gone (Linux: lost_out)
	retransOut uint32    // and resent (Linux: retrans_out)
	lostEver   uint64    // segments ever given up (Linux: tp->lost)
	mem        int64     // truesize of all blocks
}

func (q *retransmitQueue) empty() bool { return q.order.len() == 0 }

// packets is all segments not acknowledged cumulatively (Linux: packets_out).
func (q *retransmitQueue) packets() uint32 { return q.out[inFlight] + q.out[lost] + q.out[sacked] }

// pipe is how many segments are in the network (RFC 6675 SetPipe, Linux
// tcp_packets_in_flight): one that was sent again without having been given up counts
// twice.
func (q *retransmitQueue) pipe() uint32 {
	return q.out[inFlight] + q.out[lost] - q.lostOut + q.retransOut
}

func (q *retransmitQueue) head() *block { return &q.blocks[*q.order.front()] }

func (q *retransmitQueue) tail() *block { return &q.blocks[*q.order.back()] }

// segments is how many frames n bytes make.
func segments(n uint32, mss uint16) uint16 { return uint16((n + uint32(mss) - 1) / uint32(mss)) }

// framesIn is how many frames the first n bytes make, framesFrom how many those from a
// position on.
func (b *block) framesIn(n uint32) uint16 {
	if n >= b.len {
		return b.segs
	}
	return segments(n, b.mss)
}

func (b *block) framesFrom(offset uint64) uint16 {
	n := uint32(b.end() - offset)
	if b.fin {
		n--
	}
	return max(segments(n, b.mss), 1)
}

// push appends a run that is being sent for the first time.
func (q *retransmitQueue) push(s *skb, now sim.Time, mss uint16) *block {
	id := q.alloc()
	b := &q.blocks[id]
	*b = block{}
	b.skb, b.sentAt, b.mss, b.segs = *s, now, mss, s.frames(mss)
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
	q.count(b, -uint32(b.segs))
	q.mem -= int64(b.truesize)
	q.order.popFront()
	q.free = append(q.free, id)
}

// count adds n segments to the counts that b stands in; n may be negative, modulo
// 2^32.
func (q *retransmitQueue) count(b *block, n uint32) {
	q.out[b.state] += n
	if b.gone {
		q.lostOut += n
	}
	if b.resent {
		q.retransOut += n
	}
}

// trimFront drops the first n bytes of the first block, 0 < n < len, after which it
// makes so many frames.
func (q *retransmitQueue) trimFront(n uint32, segs uint16) {
	b := q.head()
	q.mem -= int64(b.truesize)
	b.drop(n)
	q.mem += int64(b.truesize)
	q.count(b, uint32(segs)-uint32(b.segs))
	b.segs = segs
}

// recount corrects the counts after a block's length has changed.
func (q *retransmitQueue) recount(b *block) {
	segs := b.frames(b.mss)
	q.count(b, uint32(segs)-uint32(b.segs))
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
	b.segs = b.frames(b.mss)
	q.count(b, uint32(b.segs))
	if l := q.list(a); l != nil {
		b.prev, b.next = first, a.next
		if a.next == none {
			l.tail = second
		} else {
			q.blocks[a.next].prev = second
		}
		a.next = second
	}
}

// list is the list that a block is on, nil for none.
func (q *retransmitQueue) list(b *block) *blockList {
	switch {
	case b.state == inFlight && !b.hidden:
		return &q.flight
	case b.state == lost:
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
	l := q.list(b)
	if l == nil {
		return
	}
	if q.edge == id {
		q.edge = b.prev
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
	b.state, b.hidden = to, false
}

// lose gives a block up (tcp_mark_skb_lost) and says whether it was a retransmission
// that was lost. Blocks are given up nearly in stream order, so the place in the list
// is found from its ends.
func (q *retransmitQueue) lose(id uint32) (again bool) {
	b := &q.blocks[id]
	q.move(id, lost)
	again = b.resent
	if !b.gone || again {
		q.lostEver += uint64(b.segs)
	}
	q.setGone(b, true)
	q.setResent(b, false)
	prev := q.lost.tail
	if q.lost.head != none && q.blocks[q.lost.head].off > b.off {
		prev = none
	}
	for prev != none && q.blocks[prev].off > b.off {
		prev = q.blocks[prev].prev
	}
	q.link(&q.lost, prev, id)
	return again
}

// setGone and setResent change a mark of a block and what counts the marks.
func (q *retransmitQueue) setGone(b *block, to bool) {
	if b.gone == to {
		return
	}
	b.gone = to
	if to {
		q.lostOut += uint32(b.segs)
	} else {
		q.lostOut -= uint32(b.segs)
	}
}

func (q *retransmitQueue) setResent(b *block, to bool) {
	if b.resent == to {
		return
	}
	b.resent = to
	if to {
		q.retransOut += uint32(b.segs)
	} else {
		q.retransOut -= uint32(b.segs)
	}
}

// resend puts a block back into flight.
func (q *retransmitQueue) resend(id uint32, now sim.Time, mss uint16) {
	q.move(id, inFlight)
	b := &q.blocks[id]
	b.sentAt, b.retrans, b.byRACK = now, true, false
	if b.mss != mss {
		b.mss = mss
		q.recount(b)
	}
	q.append(&q.flight, id)
}

// sack notes that the first n bytes of block i have arrived. Where it can, it moves
// them into the block before, so that a hole that moves through the window does not
// leave a trail of small blocks (tcp_shift_skb_data).
func (q *retransmitQueue) sack(i int, n uint32) {
	id := *q.order.at(i)
	b := &q.blocks[id]
	if n < b.len {
		if i > 0 && (b.gone || !b.resent) {
			p := &q.blocks[*q.order.at(i - 1)]
			if p.state == sacked && !p.resent && p.mss == b.mss && p.join(&b.skb, n) {
				p.retrans = p.retrans || b.retrans
				q.recount(p)
				q.recount(b)
				return
			}
		}
		q.split(i, n)
		b = &q.blocks[id] // the split may have moved it
	}
	// A retransmission of what was never given up may still be on its way.
	if b.gone {
		q.setResent(b, false)
	}
	q.setGone(b, false)
	b.tx.rated = false
	q.move(id, sacked)
}

// loseAll gives up what was sent up to the given time, and the first block in any
// case: a timeout says that nothing of it is in flight any more (RFC 5681 section 3.1,
// tcp_timeout_mark_lost). With renege, everything is given up, what was received
// out of order as well (RFC 2018 section 8).
func (q *retransmitQueue) loseAll(until sim.Time, renege bool) {
	for i := range q.order.len() {
		id := *q.order.at(i)
		b := &q.blocks[id]
		switch {
		case b.state == lost:
		case renege:
			q.lose(id)
		case b.state == sacked || i > 0 && b.sentAt > until:
		default:
			q.lose(id)
		}
	}
}

// unlose takes back that anything was given up (tcp_undo_cwnd_reduction with
// unmark_loss). What RACK has given up it does not judge again before it is sent
// again: RACK has not been wrong, reordering was longer than its window.
func (q *retransmitQueue) unlose() {
	for id := q.flight.head; id != none; id = q.blocks[id].next {
		q.setGone(&q.blocks[id], false)
	}
	for q.lost.head != none {
		id := q.lost.head
		q.move(id, inFlight)
		b := &q.blocks[id]
		q.setGone(b, false)
		if b.byRACK {
			b.hidden = true
			continue
		}
		prev := q.flight.tail
		for prev != none && q.blocks[prev].sentAt > b.sentAt {
			prev = q.blocks[prev].prev
		}
		q.link(&q.flight, prev, id)
	}
}
