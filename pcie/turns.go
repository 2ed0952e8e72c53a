package pcie

import "netgpusim/sim"

// turns keeps what goes through a direction in the order in which it became ready for
// it, though bookings come in another order: the completions of a page are booked in
// one go, a limit before the link makes them trickle, and a completion from elsewhere
// that becomes ready meanwhile has to wait only for those that were there before.
//
// A direction that is busy without a break serves what is there in the order of
// arrival. So what became ready at a time starts when all is done but what became ready
// after it. Whatever it goes before ends later by as much, which its owner is not told:
// taken together, nothing is gained or lost.
type turns struct {
	works  [worksKept]work // a ring in the order of came.last; the youngest is number n - 1
	n      uint32
	latest sim.Time // came.last of the youngest
}

// worksKept is how many bookings back the order reaches, a power of two.
const worksKept = 128

func (t *turns) at(i uint32) *work { return &t.works[i%worksKept] }

// oldest is the number of the oldest work that is kept.
func (t *turns) oldest() uint32 { return t.n - min(t.n, worksKept) }

// came is when the first and the last piece of a burst came to a direction; those
// between came evenly.
type came struct{ first, last sim.Time }

// work is what a burst takes of a direction.
type work struct {
	came came
	end  sim.Time // when the last piece will have left
	all  sim.Time
}

// after is the part of the work that came after a time.
func (w *work) after(t sim.Time) sim.Time {
	switch {
	case t < w.came.first:
		return w.all
	case t >= w.came.last:
		return 0
	}
	return sim.Time(float64(w.all) * (float64(w.came.last-t) / float64(w.came.last-w.came.first)))
}

// append adds a burst that came after all others.
func (t *turns) append(c came, all, end sim.Time) {
	*t.at(t.n) = work{c, end, all}
	t.n++
	t.latest = c.last
}

// take gives a burst its turn by when it came, but not before it is ready. It is booked
// from start to end, for the time all, behind everything that is booked. The result is
// when it starts and ends instead.
func (t *turns) take(c came, ready, all, start, end sim.Time) (sim.Time, sim.Time) {
	if c.first < t.latest {
		return t.before(c, ready, all, end)
	}
	if youngest := t.at(t.n - 1); t.n > 0 && c == youngest.came && start == youngest.end {
		// The next part of the same transaction.
		youngest.end = end
		youngest.all += all
		return start, end
	}
	t.append(c, all, end)
	return start, end
}

// before is take for a burst that came before some that are booked.
func (t *turns) before(c came, ready, all, booked sim.Time) (start, end sim.Time) {
	idle := booked - all     // the direction is, from then on, but for the burst
	var first, last sim.Time // of the direction for what came after the first piece, after the last
	oldest, place := t.oldest(), t.n
	for i := t.n; i > oldest && t.at(i-1).came.last > c.first; i-- {
		w := t.at(i - 1)
		if w.came.last > c.last {
			place = i - 1
		}
		if w.end > booked {
			continue // not in the same busy time
		}
		first += w.after(c.first)
		last += w.after(c.last)
		w.end = min(w.end+all, booked)
	}
	start = max(ready, idle-first)
	end = max(start+all, booked-last)
	if place == oldest && t.n-oldest == worksKept {
		return start, end // older than all that is remembered
	}
	for k := t.n; k > place; k-- {
		*t.at(k) = *t.at(k - 1)
	}
	t.n++
	*t.at(place) = work{c, end, all}
	t.latest = t.at(t.n - 1).came.last
	return start, end
}
