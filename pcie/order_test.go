package pcie

import (
	"testing"

	"netgpusim/sim"
)

func TestOrderWaitsForWhatWasReadyBeforeAndForNothingElse(t *testing.T) {
	var o order
	o.note(10, 20)
	o.note(100, 110) // booked ahead
	o.note(100, 120) // at the same time, behind it
	o.note(12, 30)   // booked later, ready earlier
	for ready, want := range map[sim.Time]sim.Time{5: 0, 12: 30, 99: 30, 100: 120, 200: 120} {
		if got := o.until(ready); got != want {
			t.Errorf("ready at %d: waits until %d, want %d", ready, got, want)
		}
	}
}

func TestClockIsNotCarriedAwayByOneRoundOfCallsAhead(t *testing.T) {
	c := newClock()
	round := func(at sim.Time) {
		for range clockRound {
			c.tick(at)
		}
	}
	round(100)
	round(200)
	if c.past != 100 {
		t.Errorf("past %d after rounds at 100 and 200", c.past)
	}
	round(9000)
	if c.past != 200 {
		t.Errorf("past %d after a round ahead, want 200", c.past)
	}
	round(300)
	if c.past != 300 {
		t.Errorf("past %d back at 300", c.past)
	}
}
