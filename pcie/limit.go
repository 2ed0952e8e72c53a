package pcie

import "netgpusim/sim"

// limit bounds the payload rate of one queue of TLPs: of a root complex that
// forwards between ports, or of the memory behind the last link. It spaces TLPs
// and delays none that comes alone, so a limit that is no lower than the rate of
// the link next to it changes nothing.
type limit struct {
	pace sim.Pace
	free sim.Time // when the last piece has passed
}

// newLimit is a limit on the payload rate next to a link, or nil if there is none
// or the link is slower anyway.
func newLimit(rate sim.Bandwidth, neighbour *direction) *limit {
	if rate <= 0 || rate >= neighbour.rate {
		return nil
	}
	return &limit{pace: rate.Pace(), free: -sim.Never}
}

// receive is for pieces that come from a link: ready means that a piece is there
// whole, and it may have been passing all the while. The times become when each has
// passed.
func (l *limit) receive(b *burst, z sizes) {
	full, tail := l.pieces(b, z)
	b.first -= full
	b.prev -= full
	b.last -= tail
	l.serve(b, z, full, tail)
	b.first += full
	b.prev += full
	b.last += tail
	l.free = b.last
}

// supply is for pieces that go to a link, which may take each while it passes. The
// times become when each starts.
func (l *limit) supply(b *burst, z sizes) {
	full, tail := l.pieces(b, z)
	l.serve(b, z, full, tail)
	l.free = b.last + tail
}

func (l *limit) serve(b *burst, z sizes, full, tail sim.Time) {
	start := max(b.first, l.free)
	b.spread(start, start+l.pace.Time(z.all), full, tail)
}

// pieces is how long every piece but the last takes, and the last.
func (l *limit) pieces(b *burst, z sizes) (full, tail sim.Time) {
	tail = l.pace.Time(z.tail)
	if b.pieces == 1 {
		return tail, tail
	}
	return l.pace.Time(z.full), tail
}
