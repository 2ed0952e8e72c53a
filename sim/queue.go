package sim

import (
	"math/bits"
	"slices"
)

// Queue is the pending-event set: a 4-ary heap of 16-byte keys over a slab of
// events. A key carries the time, the sequence number that breaks ties and the
// slab slot, so sifting moves 16 bytes, compares two integers without a branch, and
// finds four children in 64 bytes. docs/models/engine.md has the measurement
// against container/heap and a calendar queue, and the reason for the choice. The
// zero Queue is empty and ready.
type Queue struct {
	keys []queueKey
	slab []Event
	free []uint32
	seq  uint64
}

// slotBits is the part of queueKey.order that names the slab slot: at most 16.7 M
// events can be pending. The rest is the sequence number, good for 2^40 events;
// then the pending ones are numbered afresh.
const (
	slotBits = 24
	seqLimit = 1 << (64 - slotBits)
)

type queueKey struct {
	at    Time   // not negative
	order uint64 // sequence number << slotBits | slab slot
}

func (a queueKey) before(b queueKey) bool {
	return a.at < b.at || (a.at == b.at && a.order < b.order)
}

// earlier is 1 if a comes before b, else 0, without a branch: which of two events is
// earlier is a coin toss, and half of the tosses would be mispredicted.
func (a queueKey) earlier(b queueKey) int {
	_, borrow := bits.Sub64(a.order, b.order, 0)
	_, borrow = bits.Sub64(uint64(a.at), uint64(b.at), borrow)
	return int(borrow)
}

// Len is the number of pending events.
func (q *Queue) Len() int { return len(q.keys) }

// NextTime is the time of the earliest event, and whether there is one.
func (q *Queue) NextTime() (Time, bool) {
	if len(q.keys) == 0 {
		return 0, false
	}
	return q.keys[0].at, true
}

// Push adds ev at time at, not negative, after every event already pushed for that
// time.
func (q *Queue) Push(at Time, ev Event) {
	var slot uint32
	if n := len(q.free); n > 0 {
		slot = q.free[n-1]
		q.free = q.free[:n-1]
		q.slab[slot] = ev
	} else {
		slot = uint32(len(q.slab))
		if slot >= 1<<slotBits {
			panic("sim: more than 2^24 events pending: an actor schedules without bound")
		}
		q.slab = append(q.slab, ev)
	}
	if q.seq == seqLimit {
		q.renumber()
	}
	k := queueKey{at, q.seq<<slotBits | uint64(slot)}
	q.seq++
	q.keys = append(q.keys, k)
	keys := q.keys
	i := len(keys) - 1
	for i > 0 {
		parent := (i - 1) >> 2
		if !k.before(keys[parent]) {
			break
		}
		keys[i] = keys[parent]
		i = parent
	}
	keys[i] = k
}

// Pop removes and returns the earliest event. The queue must not be empty.
func (q *Queue) Pop() Event {
	keys := q.keys
	slot := uint32(keys[0].order & (1<<slotBits - 1))
	ev := q.slab[slot]
	q.free = append(q.free, slot)

	n := len(keys) - 1
	k := keys[n]
	keys = keys[:n]
	q.keys = keys
	if n == 0 {
		return ev
	}
	// The hole sinks to the bottom along the earliest children, then the last key
	// rises from there: it came from the bottom, so it seldom rises far, and the way
	// down needs no comparison with it.
	i := 0
	for {
		child := i<<2 + 1
		if child+4 > n {
			break
		}
		c := keys[child : child+4 : child+4]
		a := c[1].earlier(c[0])
		b := 2 + c[3].earlier(c[2])
		best := a + (b-a)*c[b&3].earlier(c[a&3])
		keys[i] = c[best&3]
		i = child + best
	}
	if child := i<<2 + 1; child < n {
		best := child
		for c := child + 1; c < n; c++ {
			best += (c - best) * keys[c].earlier(keys[best])
		}
		keys[i] = keys[best]
		i = best
	}
	for i > 0 {
		parent := (i - 1) >> 2
		if !k.before(keys[parent]) {
			break
		}
		keys[i] = keys[parent]
		i = parent
	}
	keys[i] = k
	return ev
}

// renumber gives the pending events the lowest sequence numbers, in their order. A
// sorted array is a heap.
func (q *Queue) renumber() {
	slices.SortFunc(q.keys, func(a, b queueKey) int { return b.earlier(a) - a.earlier(b) })
	for i := range q.keys {
		k := &q.keys[i]
		k.order = uint64(i)<<slotBits | k.order&(1<<slotBits-1)
	}
	q.seq = uint64(len(q.keys))
}
