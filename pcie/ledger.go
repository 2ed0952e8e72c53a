package pcie

import "netgpusim/sim"

// ledger says when a direction is busy. Bookings need not come in time order: the
// completions of a read are booked a round trip ahead, and a doorbell rung
// meanwhile takes a gap before them. Time is never booked twice, so the rate is
// bounded over every window.
//
// The busy spans are a ring in time order, disjoint; spans that grow together are
// one, so a saturated direction needs one. Spans in the past are forgotten when the
// ring is full, and it grows only if all may still matter: its size follows
// how far ahead the NIC reads.
type ledger struct {
	clock *clock
	spans []span // a power of two
	head  int    // ring position of the oldest span
	n     int
	floor sim.Time // end of the youngest span forgotten: nothing is booked before
}

// span is busy time from start up to end.
type span struct{ start, end sim.Time }

// ledgerSpans is the ring's first size.
const ledgerSpans = 32

func newLedger(c *clock) ledger {
	return ledger{clock: c, spans: make([]span, ledgerSpans)}
}

// at returns the i-th oldest span.
func (l *ledger) at(i int) *span { return &l.spans[(l.head+i)&(len(l.spans)-1)] }

// book reserves d (more than zero) from the earliest free moment not before ready,
// in pieces where gaps are short, and returns when the first piece starts and the
// last ends.
func (l *ledger) book(ready, d sim.Time) (start, end sim.Time) {
	if l.n > 0 {
		last := l.at(l.n - 1)
		if ready < last.start {
			return l.fill(ready, d)
		}
		if ready <= last.end {
			// The direction is busy and nothing is booked after that: queue up.
			start = last.end
			last.end += d
			return start, last.end
		}
	}
	ready = max(ready, l.floor)
	if l.n == len(l.spans) {
		l.makeRoom()
	}
	*l.at(l.n) = span{ready, ready + d}
	l.n++
	return ready, ready + d
}

// fill books d from ready on into the gaps between spans. What it reaches is busy
// without a break afterwards, so all spans it passes become one.
func (l *ledger) fill(ready, d sim.Time) (start, end sim.Time) {
	start, end = sim.Never, max(ready, l.floor)
	first := l.reaching(end)
	next := first
	for ; next < l.n; next++ {
		s := l.at(next)
		if gap := s.start - end; gap > 0 {
			start = min(start, end)
			if gap >= d {
				break
			}
			d -= gap
		}
		end = max(end, s.end)
	}
	start = min(start, end)
	end += d
	if next == first {
		l.insert(first, span{start, end})
		return start, end
	}
	merged := span{min(start, l.at(first).start), end}
	l.remove(first, next-1)
	*l.at(first) = merged
	return start, end
}

// free is the earliest time not before ready from which on d is free in one piece.
func (l *ledger) free(ready, d sim.Time) sim.Time {
	at := max(ready, l.floor)
	for i := l.reaching(at); i < l.n && l.at(i).start < at+d; i++ {
		at = max(at, l.at(i).end)
	}
	return at
}

// reaching is the number of spans that end before t.
func (l *ledger) reaching(t sim.Time) int {
	low, high := 0, l.n
	for low < high {
		if mid := (low + high) / 2; l.at(mid).end < t {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// insert puts s before the i-th oldest span, moving the fewer of the spans on its
// two sides.
func (l *ledger) insert(i int, s span) {
	if l.n == len(l.spans) {
		i -= l.makeRoom()
		if i < 0 {
			return // older than spans just forgotten, so over as well
		}
	}
	if i < l.n-i {
		l.head = (l.head - 1) & (len(l.spans) - 1)
		for j := range i {
			*l.at(j) = *l.at(j + 1)
		}
	} else {
		for j := l.n; j > i; j-- {
			*l.at(j) = *l.at(j - 1)
		}
	}
	l.n++
	*l.at(i) = s
}

// remove takes out the spans from i up to but excluding end, moving the fewer of
// the spans on the two sides.
func (l *ledger) remove(i, end int) {
	gone := end - i
	if i < l.n-end {
		for j := i - 1; j >= 0; j-- {
			*l.at(j + gone) = *l.at(j)
		}
		l.head = (l.head + gone) & (len(l.spans) - 1)
	} else {
		for j := end; j < l.n; j++ {
			*l.at(j - gone) = *l.at(j)
		}
	}
	l.n -= gone
}

// makeRoom forgets the spans that are over, and says how many; if there is none it
// doubles the ring.
func (l *ledger) makeRoom() (forgotten int) {
	for l.n > 0 && l.at(0).end <= l.clock.past {
		l.floor = l.at(0).end
		l.head = (l.head + 1) & (len(l.spans) - 1)
		l.n--
		forgotten++
	}
	if forgotten == 0 {
		spans := make([]span, 2*len(l.spans))
		for i := range l.n {
			spans[i] = *l.at(i)
		}
		l.spans, l.head = spans, 0
	}
	return forgotten
}

// after is how much of the busy time lies after now.
func (l *ledger) after(now sim.Time) sim.Time {
	var busy sim.Time
	for i := l.n - 1; i >= 0 && l.at(i).end > now; i-- {
		busy += l.at(i).end - max(l.at(i).start, now)
	}
	return busy
}
