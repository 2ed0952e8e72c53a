package pcie

import "netgpusim/sim"

// order keeps bursts of one kind in the order in which they came to a link. It remembers
// more than the youngest, because some are booked ahead (an interrupt for when a CQE is
// visible, writes that wait for credits) and others that come earlier must neither wait
// for those nor lose their own order.
type order struct {
	marks   [marksKept]mark // a ring in the order of came.first; the youngest is number n - 1
	n       uint32
	latest  sim.Time // came.last of the youngest
	left    sim.Time // last of the youngest
	relaxed bool     // these may pass posted writes
}

// marksKept is how many bursts back the order reaches, a power of two.
const marksKept = 32

// mark is when the pieces of a burst came, and when its first and its last had left.
type mark struct {
	came        came
	first, last sim.Time
}

func (o *order) at(i uint32) *mark { return &o.marks[i%marksKept] }

// oldest is the number of the oldest mark that is kept.
func (o *order) oldest() uint32 { return o.n - min(o.n, marksKept) }

// until is when those that came by a time have left.
func (o *order) until(t sim.Time) sim.Time {
	if t >= o.latest {
		return o.left
	}
	return o.untilBefore(t)
}

// untilBefore is until for a time at which the youngest had not come whole.
func (o *order) untilBefore(t sim.Time) sim.Time {
	for i := o.n; i > o.oldest(); i-- {
		if m := o.at(i - 1); m.came.first <= t {
			return m.until(t)
		}
	}
	return 0
}

// until is when the pieces that had come by a time, not before the first, have left.
func (m *mark) until(t sim.Time) sim.Time {
	if t >= m.came.last {
		return m.last
	}
	return m.first + sim.Time(float64(m.last-m.first)*(float64(t-m.came.first)/float64(m.came.last-m.came.first)))
}

// note adds a burst that came in some time and has been through from first to last,
// behind those that came no later.
func (o *order) note(c came, first, last sim.Time) {
	youngest := o.at(o.n - 1)
	switch {
	case c.first > youngest.came.first || o.n == 0:
		*o.at(o.n) = mark{c, first, last}
		o.n++
		o.latest, o.left = c.last, last
	case c == youngest.came:
		// One more, or the next part of the same transaction.
		youngest.last, o.left = last, last
	default:
		o.noteBefore(mark{c, first, last})
	}
}

// noteBefore is note for a burst that came no later than the youngest.
func (o *order) noteBefore(m mark) {
	i, oldest := o.n, o.oldest()
	for i > oldest && o.at(i-1).came.first > m.came.first {
		i--
	}
	switch {
	case i > oldest && o.at(i-1).came == m.came:
		o.at(i - 1).last = m.last
		return
	case i == oldest && o.n-oldest == marksKept:
		return // older than all that is remembered
	}
	for k := o.n; k > i; k-- {
		*o.at(k) = *o.at(k - 1)
	}
	o.n++
	*o.at(i) = m
	youngest := o.at(o.n - 1)
	o.latest, o.left = youngest.came.last, youngest.last
}
