package pcie

import "netgpusim/sim"

// order keeps bursts of one kind in the order in which they became ready for a
// link. It remembers two: the youngest so far, and one before it, because a NIC
// books some writes ahead (an interrupt for when a CQE is visible) and others that
// are ready earlier must neither wait for those nor lose their own order.
type order struct {
	before, youngest mark
	relaxed          bool // these may pass posted writes
}

// mark is when a burst was ready for the link and when it had left.
type mark struct{ ready, left sim.Time }

// until is when those that were ready no later than ready have left.
func (o *order) until(ready sim.Time) sim.Time {
	var left sim.Time
	if ready >= o.before.ready {
		left = o.before.left
	}
	if ready >= o.youngest.ready {
		left = max(left, o.youngest.left)
	}
	return left
}

// note adds a burst that has been through.
func (o *order) note(ready, left sim.Time) {
	switch {
	case ready > o.youngest.ready:
		o.before, o.youngest = o.youngest, mark{ready, left}
	case ready == o.youngest.ready:
		o.youngest.left = left
	default:
		o.before = mark{ready, left}
	}
}
