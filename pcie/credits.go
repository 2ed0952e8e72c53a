package pcie

import "netgpusim/sim"

// completionCredits is the completion credits of a switch or root port. A read is
// booked in one go, however many completions answer it: of those that the receiver
// has no room for, each waits a round trip for the one before it that had its place.
type completionCredits struct {
	places    *slots // full completions that the receiver has room for
	roundTrip sim.Time
	under     int64 // of the burst that was admitted last: the last ones, at most all places
}

// newCompletionCredits is nil if there is no limit. roundTrip is from the start of a
// completion of size bytes until its credits are home.
func newCompletionCredits(headers, units int, size int64, roundTrip sim.Time) *completionCredits {
	if headers == 0 && units == 0 {
		return nil
	}
	places := int64(outstandingMax)
	if headers > 0 {
		places = int64(headers)
	}
	if units > 0 {
		places = min(places, int64(units)*creditBytes/size)
	}
	return &completionCredits{places: newPlaces(places), roundTrip: roundTrip}
}

// admit makes the completions of a read that was asked for at now wait for credits.
// Each takes the link the time span. The burst's times may be those of requests: then
// so many of the completions belong to its last piece. It returns when the first of
// them may go.
func (c *completionCredits) admit(now sim.Time, b *burst, tlps, inLast int64, span sim.Time) (first sim.Time) {
	c.under = min(tlps, c.places.limit)
	sent := burst{pieces: c.under, first: b.first, prev: b.first, last: b.first + sim.Time(c.under-1)*span}
	c.places.admit(&sent, now)
	if rounds := (tlps - 1) / c.places.limit; rounds > 0 {
		sent.last = sent.first + sim.Time(rounds)*c.roundTrip + sim.Time((tlps-1)%c.places.limit)*span
	}
	b.first = max(b.first, sent.first)
	b.prev = max(b.prev, b.first)
	b.last = max(b.last, b.first, sent.last-sim.Time(inLast-1)*span)
	if b.pieces == 1 {
		b.first, b.prev = b.last, b.last
	}
	return sent.first
}

// release says when the completions of the admitted burst have left the receiver's
// buffer; credits take the latency to come home.
func (c *completionCredits) release(b *burst, latency sim.Time) {
	first := b.last
	if b.pieces > 1 {
		first -= (b.last - b.first) * sim.Time(c.under-1) / sim.Time(b.pieces-1)
	}
	c.places.hold(first+latency, b.last+latency)
}
