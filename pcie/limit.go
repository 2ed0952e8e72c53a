package pcie

import "netgpusim/sim"

// limit bounds the payload rate of one queue of TLPs: of a root complex that
// forwards between ports, or of the memory behind the last link. It spaces TLPs
// and delays none that comes alone, so a limit that is no lower than the rate of
// the link next to it changes nothing.
//
// Like a link it may be booked ahead: what is ready earlier takes the gaps before.
type limit struct {
	pace   sim.Pace
	ledger ledger
	latest sim.Time // that a last piece has come at so far
}

// newLimit is a limit on the payload rate next to a link, or nil if there is none
// or the link is slower anyway.
func newLimit(rate sim.Bandwidth, neighbour *direction) *limit {
	if rate <= 0 || rate >= neighbour.rate {
		return nil
	}
	return &limit{pace: rate.Pace(), ledger: newLimitLedger(neighbour), latest: -sim.Second}
}

// newLimitLedger makes the ledger of a limit. A piece may have been passing a limit
// before it is there whole, even before time 0.
func newLimitLedger(neighbour *direction) ledger {
	l := newLedger(neighbour.ledger.clock)
	l.floor = -sim.Second
	return l
}

// receive is for pieces that come from a link: ready means that a piece is there
// whole, and it may have been passing all the while. The times become when each has
// passed.
func (l *limit) receive(b *burst, z sizes) {
	full, tail := l.pieces(b, z)
	come := b.last
	b.first -= full
	b.prev -= full
	b.last -= tail
	l.serve(b, z, full, tail, come)
	b.first += full
	b.prev += full
	b.last += tail
}

// supply is for pieces that go to a link, which may take each while it passes. The
// times become when each starts.
func (l *limit) supply(b *burst, z sizes) {
	full, tail := l.pieces(b, z)
	l.serve(b, z, full, tail, b.last)
}

// serve makes the pieces of a burst, the last of which has come at a time, pass.
func (l *limit) serve(b *burst, z sizes, full, tail, come sim.Time) {
	all := l.pace.Time(z.all)
	last := span{l.ledger.floor, l.ledger.floor}
	if l.ledger.n > 0 {
		last = *l.ledger.at(l.ledger.n - 1)
	}
	if come < l.latest {
		start, end := l.ledger.book(b.first, all)
		b.spread(start, end, full, tail)
		return
	}
	l.latest = come
	start := max(b.first, last.end)
	b.spread(start, start+all, full, tail)
	// Pieces that come slowly end later than they would in one go: what comes next
	// has to wait for the last of them.
	l.ledger.book(max(start, b.last+tail-all), all)
}

// pieces is how long every piece but the last takes, and the last.
func (l *limit) pieces(b *burst, z sizes) (full, tail sim.Time) {
	tail = l.pace.Time(z.tail)
	if b.pieces == 1 {
		return tail, tail
	}
	return l.pace.Time(z.full), tail
}
