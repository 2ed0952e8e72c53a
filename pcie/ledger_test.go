package pcie

import (
	"testing"

	"netgpusim/sim"
)

// naiveLedger marks every picosecond.
type naiveLedger []bool

func (l naiveLedger) book(ready, d sim.Time) (start, end sim.Time) {
	start = -1
	for at := ready; ; at++ {
		if l[at] {
			continue
		}
		if start < 0 {
			start = at
		}
		l[at] = true
		if d--; d == 0 {
			return start, at + 1
		}
	}
}

// free is when d is free in one piece.
func (l naiveLedger) free(ready, d sim.Time) sim.Time {
	at, n := ready, sim.Time(0)
	for ; n < d; n++ {
		if l[at+n] {
			at, n = at+n+1, -1
		}
	}
	return at
}

// TestLedgerTakesTheEarliestFreeTime also moves the clock, which must not show as
// long as nothing is booked before it.
func TestLedgerTakesTheEarliestFreeTimeLikeMarkingEveryPicosecond(t *testing.T) {
	r := sim.NewRand(1, "ledger")
	for range 200 {
		var now clock
		l := newLedger(&now)
		naive := make(naiveLedger, 60_000)
		ahead := 100 + r.Intn(9000)
		for i := range 300 {
			now.past += sim.Time(r.Intn(60))
			ready, d := now.past+sim.Time(r.Intn(ahead)), sim.Time(1+r.Intn(80))
			if got, want := l.free(ready, d), naive.free(ready, d); got != want {
				t.Fatalf("booking %d: %d in one piece from %d on: %d, want %d", i, d, ready, got, want)
			}
			start, end := l.book(ready, d)
			wantStart, wantEnd := naive.book(ready, d)
			if start != wantStart || end != wantEnd {
				t.Fatalf("booking %d, %d from %d on: [%d, %d), want [%d, %d)", i, d, ready, start, end, wantStart, wantEnd)
			}
			var busy sim.Time
			from := int(now.past) + r.Intn(ahead)
			for _, b := range naive[from:] {
				if b {
					busy++
				}
			}
			if got := l.after(sim.Time(from)); got != busy {
				t.Fatalf("booking %d: busy after %d: %d, want %d", i, from, got, busy)
			}
		}
	}
}

func TestLedgerKeepsOnlyWhatIsAhead(t *testing.T) {
	var now clock
	l := newLedger(&now)
	for i := range sim.Time(10_000) {
		now.past = 100 * i
		l.book(now.past+1000, 50)
	}
	if len(l.spans) != ledgerSpans {
		t.Errorf("%d spans for 10 that are ahead", len(l.spans))
	}
}

func TestLedgerNeverBooksTimeTwiceWhateverTheOrder(t *testing.T) {
	r := sim.NewRand(1, "ledger disorder")
	var now clock
	l := newLedger(&now)
	type booking struct{ start, end, d sim.Time }
	var all []booking
	for range 1500 {
		ready, d := sim.Time(r.Intn(1_000_000)), sim.Time(1+r.Intn(300))
		now.past = max(now.past, ready-sim.Time(r.Intn(200_000)))
		start, end := l.book(ready, d)
		if start < ready || end-start < d {
			t.Fatalf("%d from %d on: [%d, %d)", d, ready, start, end)
		}
		all = append(all, booking{start, end, d})
	}
	if l.floor == 0 {
		t.Fatal("the ledger forgot nothing: this order tests little")
	}
	for _, w := range all {
		var work sim.Time
		for _, b := range all {
			if b.start >= w.start && b.end <= w.end {
				work += b.d
			}
		}
		if work > w.end-w.start {
			t.Fatalf("%d booked within [%d, %d)", work, w.start, w.end)
		}
	}
}
