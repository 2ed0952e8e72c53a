package pcie

import "netgpusim/sim"

// clock says which times no call will name any more, so that ledgers can forget
// them. Calls may name times ahead of the event they are made from: a NIC books the
// payload reads for when the WQE will be there. But among a few dozen calls there is
// one at the present, so the earliest time among them is over. All directions of a
// tree share the clock.
type clock struct {
	past  sim.Time // earlier times are over
	low   sim.Time // earliest in this round of calls
	prior sim.Time // earliest in the round before
	calls int      // in this round
}

// clockRound is the number of calls in a round.
const clockRound = 64

func newClock() *clock { return &clock{low: sim.Never} }

// tick notes the time that a call names.
func (c *clock) tick(now sim.Time) {
	c.low = min(c.low, now)
	c.calls++
	if c.calls < clockRound {
		return
	}
	c.past = max(c.past, min(c.prior, c.low))
	c.prior, c.low, c.calls = c.low, sim.Never, 0
}
