package pcie

import (
	"math/bits"

	"netgpusim/sim"
)

// slots is a bounded number of reads under way: the tags of a requester, the reads
// that a root complex serves at once, the places of a receiver's buffer for requests
// or completions. Who waits gets the place that is given back first, whoever had it:
// reads of different memories overtake each other.
//
// The releases of a burst are remembered as one record, spaced evenly between the
// first and the last, and records are kept in the order of their last release. So a
// burst costs the same however many requests it has.
type slots struct {
	limit   int64
	held    int64     // places taken
	open    int64     // of these, the ones of which it is not known when they are given back
	records []vacancy // ring, a power of two, in the order of last
	head    int
	n       int
	burst   int64 // pieces of the admitted burst

	inOrder bool     // a place of a FIFO buffer: not given back before those taken before
	latest  sim.Time // that a place is given back, if in order
}

// vacancy says when so many places were or will be given back.
type vacancy struct {
	pieces      int64
	first, last sim.Time
}

// newPlaces is slots of a buffer, which are given back in order.
func newPlaces(limit int64) *slots {
	s := newSlots(limit)
	s.inOrder = true
	return s
}

func newSlots(limit int64) *slots {
	// Each record holds at least one place.
	return &slots{limit: limit, records: make([]vacancy, 1<<bits.Len64(uint64(limit)))}
}

// slotShare is the part of the places that one burst may take, 1/16; see burstShare.
// Where reads of different memories share them, releases are less evenly spaced than
// those of credits.
const slotShare = 16

// burstMax is the largest burst to admit in one go if it has to wait.
func (s *slots) burstMax() int64 { return max(1, s.limit/slotShare) }

// room is how many requests could be admitted at time now without waiting; a window
// that goes piece by piece has none to offer.
func (s *slots) room(now sim.Time) int64 {
	if s.burstMax() == 1 {
		return 0
	}
	s.forget(now)
	return s.limit - s.held
}

// next is when a place can be had, from now on.
func (s *slots) next(now sim.Time) sim.Time {
	s.forget(now)
	if s.n > 0 {
		s.records[s.head].forget(now, &s.held)
	}
	if s.held < s.limit {
		return now
	}
	if s.n == 0 {
		return sim.Never // all are taken, and none says when it will be given back
	}
	return s.records[s.head].first
}

// most is how many pieces can be admitted in one go when next is now: those that there is
// room for, or a few of which it is known when there will be.
func (s *slots) most(few int64) int64 { return max(s.limit-s.held, min(few, s.limit-s.open)) }

// admit makes the pieces of b wait for their places. The burst, of at most burstMax
// pieces, as many as there is room for, or as most says, is under way until hold or give
// says when it gives them back: hold before the next admit, give at any time. now is when
// the transaction was asked for, which may be long before the burst is there.
func (s *slots) admit(b *burst, now sim.Time) {
	s.forget(now)
	s.burst = b.pieces
	s.open += b.pieces
	over := s.held + b.pieces - s.limit
	s.held += b.pieces
	if over <= 0 {
		return
	}
	s.held -= over
	more := b.pieces - 1
	for over > 0 {
		r := &s.records[s.head]
		k := min(over, r.pieces)
		if first := over - more; first > 0 { // a place of this record is for the first piece
			b.first = max(b.first, r.at(min(first, k)))
		}
		b.last = max(b.last, r.at(k))
		over -= k
		if k < r.pieces {
			r.first = r.at(k + 1)
			r.pieces -= k
			break
		}
		s.drop()
	}
	if more == 0 {
		b.last = b.first
	}
	if more <= 1 {
		b.prev = b.first
	}
}

// hold records when the first and the last piece of the admitted burst give back
// their places.
func (s *slots) hold(first, last sim.Time) { s.give(s.burst, first, last) }

// give records when the first and the last of so many admitted pieces, of one burst or of
// several, give back their places.
func (s *slots) give(pieces int64, first, last sim.Time) {
	if s.inOrder {
		first = max(first, s.latest)
		last = max(first, last)
		s.latest = last
	}
	s.open -= pieces
	i := s.n
	s.n++
	mask := len(s.records) - 1
	for ; i > 0 && s.records[(s.head+i-1)&mask].last > last; i-- {
		s.records[(s.head+i)&mask] = s.records[(s.head+i-1)&mask]
	}
	s.records[(s.head+i)&mask] = vacancy{pieces, first, max(first, last)}
}

// forget drops the records that cannot hold anything up from now on.
func (s *slots) forget(now sim.Time) {
	for s.n > 0 && s.records[s.head].last <= now {
		s.held -= s.records[s.head].pieces
		s.drop()
	}
}

func (s *slots) drop() {
	s.head = (s.head + 1) & (len(s.records) - 1)
	s.n--
}

// forget takes the places out of the record, and off held, that are back before the last.
func (r *vacancy) forget(now sim.Time, held *int64) {
	for r.first <= now && r.pieces > 1 {
		r.first = r.at(2)
		r.pieces--
		*held--
	}
}

// at is when the i-th place of the record is given back, counted from 1.
func (r *vacancy) at(i int64) sim.Time {
	if i == r.pieces {
		return r.last
	}
	return r.first + (r.last-r.first)*sim.Time(i-1)/sim.Time(r.pieces-1)
}
