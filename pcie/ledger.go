package pcie

import "netgpusim/sim"

// ledgerSpans is how many separate busy spans a ledger remembers. Spans that touch
// are one, so a saturated stage needs one and an idle one none; what needs many is
// bookings far apart in the future, such as read requests that wait for tags.
const ledgerSpans = 128

// ledger says when a stage is busy. Bookings need not come in time order: the
// completions of a read are booked a round trip ahead, and a doorbell rung
// meanwhile takes a gap before them. Work is never booked twice over, so the rate
// of a stage is bounded over every window.
//
// The spans are a ring, in time order, disjoint. When the ring is full the oldest
// span is forgotten and nothing can be booked before its end any more.
type ledger struct {
	spans [ledgerSpans]span
	head  uint32 // ring position of the oldest span
	n     uint32
	floor sim.Time // end of the youngest span forgotten
}

// span is busy time from start up to end.
type span struct{ start, end sim.Time }

// at returns the i-th oldest span.
func (l *ledger) at(i uint32) *span { return &l.spans[(l.head+i)%ledgerSpans] }

// book reserves d (more than zero) of stage time from the earliest free moment not
// before ready, in pieces where gaps are short, and returns when the first piece
// starts and the last ends.
func (l *ledger) book(ready, d sim.Time) (start, end sim.Time) {
	if l.n > 0 {
		last := l.at(l.n - 1)
		if ready < last.start {
			return l.fill(max(ready, l.floor), d)
		}
		if ready <= last.end {
			// The stage is busy and nothing is booked after that: queue up.
			start = last.end
			last.end += d
			return start, last.end
		}
	}
	l.push(span{ready, ready + d})
	return ready, ready + d
}

// push appends a span that starts after all others.
func (l *ledger) push(s span) {
	if l.n == ledgerSpans {
		l.floor = l.at(0).end
		l.head = (l.head + 1) % ledgerSpans
		l.n--
	}
	l.n++
	*l.at(l.n - 1) = s
}

// fill books d from ready on into the gaps between spans. What it reaches is busy
// without a break afterwards, so all spans it passes become one.
func (l *ledger) fill(ready, d sim.Time) (start, end sim.Time) {
	first := l.n
	for first > 0 && l.at(first-1).end >= ready {
		first--
	}
	start, end = -1, ready
	next := first
	for ; next < l.n; next++ {
		s := l.at(next)
		if gap := s.start - end; gap > 0 {
			if start < 0 {
				start = end
			}
			if gap >= d {
				break
			}
			d -= gap
		}
		end = max(end, s.end)
	}
	if start < 0 {
		start = end
	}
	end += d
	if next == first {
		l.insert(first, span{start, end})
		return start, end
	}
	l.at(first).start = min(start, l.at(first).start)
	l.at(first).end = end
	l.remove(first+1, next)
	return start, end
}

// insert puts s before the i-th oldest span.
func (l *ledger) insert(i uint32, s span) {
	if l.n == ledgerSpans {
		if i == 0 {
			// Older than everything remembered: s is the one to forget.
			l.floor = s.end
			return
		}
		i--
	}
	l.push(*l.at(l.n - 1)) // makes room; its value is overwritten below
	for j := l.n - 1; j > i; j-- {
		*l.at(j) = *l.at(j - 1)
	}
	*l.at(i) = s
}

// remove closes the gap left by the spans from first up to but excluding next.
func (l *ledger) remove(first, next uint32) {
	if next <= first {
		return
	}
	for ; next < l.n; next++ {
		*l.at(first) = *l.at(next)
		first++
	}
	l.n = first
}

// after is how much of the busy time lies after now.
func (l *ledger) after(now sim.Time) sim.Time {
	var busy sim.Time
	for i := l.n; i > 0; i-- {
		s := l.at(i - 1)
		if s.end <= now {
			break
		}
		busy += s.end - max(s.start, now)
	}
	return busy
}
