package pcie

import (
	"cmp"
	"slices"
	"testing"

	"netgpusim/sim"
)

// Bookings of single pieces in any order: each gets the turn that a queue gives it which
// serves all that is booked by then in the order in which it came.
func TestTurnsAreThoseOfAQueueInTheOrderOfArrival(t *testing.T) {
	type piece struct{ came, all sim.Time }
	r := sim.NewRand(1, "turns")
	late := 0
	for range 500 {
		ledger, turns := newLedger(newClock()), turns{}
		var booked []piece
		for range 1 + r.Intn(worksKept) {
			p := piece{sim.Time(1 + r.Intn(1000)), sim.Time(1 + r.Intn(60))}
			booked = append(booked, p)
			start, end := ledger.book(p.came, p.all)
			behind := start
			start, end = turns.take(came{p.came, p.came}, p.came, p.all, start, end)
			queue := slices.Clone(booked)
			slices.SortStableFunc(queue, func(a, b piece) int { return cmp.Compare(a.came, b.came) })
			var want, free sim.Time
			for _, q := range queue {
				at := max(free, q.came)
				if free = at + q.all; q == p {
					want = at
				}
			}
			if start != want || end != want+p.all {
				t.Fatalf("%v of %v: from %d to %d, want from %d", p, booked, start, end, want)
			}
			if start < behind {
				late++
			}
		}
	}
	if late < 100 {
		t.Errorf("only %d went before what was booked", late)
	}
}

// A page is booked in one go and trickles in; what comes half-way waits for half of it.
func TestAPieceThatComesAmidABurstWaitsForWhatCameBefore(t *testing.T) {
	var s turns
	s.take(came{100, 300}, 100, 150, 100, 250)
	if start, end := s.take(came{200, 200}, 200, 10, 250, 260); start != 200 || end != 210 {
		t.Errorf("from %d to %d; half of 150 is done at 175", start, end)
	}
	if start, _ := s.take(came{110, 110}, 110, 10, 260, 270); start != 110 {
		t.Errorf("from %d; 10 of 200 that trickle in need 7.5", start)
	}
	// One that was there before the burst, but could not go.
	if start, _ := s.take(came{50, 50}, 120, 10, 270, 280); start != 120 {
		t.Errorf("from %d, ready at 120", start)
	}
}

// What is older than all that is remembered goes behind it, and does no harm.
func TestTurnsForgetTheOldest(t *testing.T) {
	var s turns
	end := sim.Time(1000)
	for i := range sim.Time(3 * worksKept) {
		s.take(came{1000 + i, 1000 + i}, 1000+i, 10, end, end+10)
		end += 10
	}
	kept := s.works
	start, _ := s.take(came{1, 1}, 1, 10, end, end+10)
	if start != end-10*worksKept {
		t.Errorf("from %d, want before the %d that are remembered, from %d", start, worksKept, end-10*worksKept)
	}
	if s.n != 3*worksKept {
		t.Errorf("%d works, one too many", s.n)
	}
	for i := range kept {
		kept[i].end += 10
	}
	if kept != s.works {
		t.Error("those remembered do not end later by the one that goes before them")
	}
}
