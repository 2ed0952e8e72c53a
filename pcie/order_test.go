package pcie

import (
	"testing"

	"netgpusim/sim"
)

func TestOrderWaitsForWhatWasReadyBeforeAndForNothingElse(t *testing.T) {
	var o order
	o.note(came{10, 10}, 20, 20)
	o.note(came{100, 100}, 110, 110) // booked ahead
	o.note(came{100, 100}, 120, 120) // at the same time, behind it
	o.note(came{12, 12}, 30, 30)     // booked later, ready earlier
	for ready, want := range map[sim.Time]sim.Time{5: 0, 12: 30, 99: 30, 100: 120, 200: 120} {
		if got := o.until(ready); got != want {
			t.Errorf("ready at %d: waits until %d, want %d", ready, got, want)
		}
	}
}

// A burst comes from 100 to 200 and leaves from 110 to 310: what comes half-way waits for
// the half.
func TestOrderWaitsForThePartOfABurstThatCameBefore(t *testing.T) {
	var o order
	o.note(came{50, 50}, 60, 60)
	o.note(came{100, 200}, 110, 310)
	for at, want := range map[sim.Time]sim.Time{99: 60, 100: 110, 150: 210, 200: 310, 300: 310} {
		if got := o.until(at); got != want {
			t.Errorf("come at %d: waits until %d, want %d", at, got, want)
		}
	}
}

func TestOrderForgetsTheOldest(t *testing.T) {
	var o order
	for i := range sim.Time(2 * marksKept) {
		o.note(came{10 * i, 10 * i}, 10*i+5, 10*i+5)
	}
	o.note(came{1, 1}, 2, 2) // older than all that is remembered
	if got := o.until(10 * marksKept); got != 10*marksKept+5 {
		t.Errorf("the oldest that is remembered: %d", got)
	}
	if got := o.until(10*marksKept - 1); got != 0 {
		t.Errorf("what is forgotten holds up nothing: %d", got)
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
