package pcie

import "netgpusim/sim"

// burst is where the pieces of one transaction (TLPs, or the requests of a read)
// are in time: when the first, the last but one and the last are ready for the
// next stage. With one piece all three are equal. The last but one is kept because
// the last may be shorter: at a slower stage it then catches up with its
// predecessor and has to wait for it.
type burst struct {
	pieces            int64
	first, prev, last sim.Time
}

// newBurst is n pieces that are all ready now.
func newBurst(pieces int64, now sim.Time) burst { return burst{pieces, now, now, now} }

// delay moves every piece by d.
func (b *burst) delay(d sim.Time) {
	b.first += d
	b.prev += d
	b.last += d
}

// after makes every piece wait until t.
func (b *burst) after(t sim.Time) {
	if t <= b.first {
		return // the first is the earliest
	}
	b.first = t
	b.prev = max(b.prev, t)
	b.last = max(b.last, t)
}

// piece is when the piece with this number, counted from 0, is ready.
func (b *burst) piece(i int64) sim.Time {
	if i == b.pieces-1 {
		return b.last
	}
	return b.first + (b.last-b.first)*sim.Time(i)/sim.Time(b.pieces-1)
}

// part is so many of its pieces, from the one with this number on.
func (b *burst) part(from, pieces int64) burst {
	return burst{pieces, b.piece(from), b.piece(max(from, from+pieces-2)), b.piece(from + pieces - 1)}
}

// came is when the pieces are where they are.
func (b *burst) came() came { return came{b.first, b.last} }

// sizes are the bytes that the pieces of a burst occupy at a stage: each but the
// last, the last, and all together.
type sizes struct{ full, tail, all int64 }

// spread sets the times of a burst that starts being served at start and, were it
// not for pieces that come late, would be done at end, to when its pieces start.
//
// In a tandem, piece i starts at max over j <= i of (ready of j + service of j to
// i-1). The ready times are convex in j and the service is linear, so the maximum
// is at the first piece, or at i itself; for the last, at the last but one too.
func (b *burst) spread(start, end, full, tail sim.Time) {
	b.first = start
	if b.pieces == 1 {
		b.prev, b.last = start, start
		return
	}
	b.prev = max(b.prev, end-tail-full)
	b.last = max(b.last, b.prev+full)
}
