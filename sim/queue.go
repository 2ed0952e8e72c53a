package sim

// Queue is the pending-event set: a 4-ary heap of 16-byte keys over a slab of
// events. A key carries the time, the sequence number that breaks ties and the
// slab slot, so sifting moves 16 bytes and compares two integers, and four
// children share one cache line. docs/performance.md has the measurement against
// container/heap and a calendar queue. The zero Queue is empty and ready.
type Queue struct {
	keys []queueKey
	slab []Event
	free []uint32
	seq  uint64
}

// slotBits is the part of queueKey.order that names the slab slot: at most 16.7 M
// events can be pending, and 2^40 can be scheduled in a run.
const slotBits = 24

type queueKey struct {
	at    Time
	order uint64 // sequence number << slotBits | slab slot
}

func (a queueKey) before(b queueKey) bool {
	return a.at < b.at || (a.at == b.at && a.order < b.order)
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

// Push adds ev at time at, after every event already pushed for that time.
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
	i := 0
	for {
		child := i<<2 + 1
		if child >= n {
			break
		}
		best := child
		last := min(child+4, n)
		for c := child + 1; c < last; c++ {
			if keys[c].before(keys[best]) {
				best = c
			}
		}
		if !keys[best].before(k) {
			break
		}
		keys[i] = keys[best]
		i = best
	}
	keys[i] = k
	return ev
}
