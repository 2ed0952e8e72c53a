package sim

import (
	"testing"
)

func TestServerServesInOrderOfBooking(t *testing.T) {
	var s Server
	for i, c := range []struct{ now, d, start, end Time }{
		{10, 5, 10, 15},
		{11, 5, 15, 20}, // waits
		{20, 5, 20, 25}, // arrives as the one before ends
		{5, 1, 25, 26},  // an earlier arrival does not overtake
		{40, 0, 40, 40},
		{41, -3, 41, 41},
		{50, Never, 50, Never},
		{60, 1, Never, Never},
	} {
		start, end := s.Book(c.now, c.d)
		if start != c.start || end != c.end || s.FreeAt() != c.end {
			t.Errorf("booking %d: [%v, %v], want [%v, %v]", i, start, end, c.start, c.end)
		}
	}
}

func TestServerCountsWhatWasBookedSinceRestart(t *testing.T) {
	var s Server
	s.Book(0, 7)
	s.Book(100, 3)
	if s.Busy() != 10 {
		t.Errorf("busy %v", s.Busy())
	}
	s.Restart()
	if s.Busy() != 0 || s.FreeAt() != 103 {
		t.Errorf("after Restart: busy %v, free at %v", s.Busy(), s.FreeAt())
	}
	s.Book(100, 4)
	if s.Busy() != 4 || s.FreeAt() != 107 {
		t.Errorf("after Restart and Book: busy %v, free at %v", s.Busy(), s.FreeAt())
	}
}

// request asks for units of a window at some time, to be held for a while.
type request struct {
	at       Time
	n        int64
	duration Time
}

// twinWindow is the same window built from events: requests queue, a release is an
// event, and whoever is first in the queue is admitted when its units fit.
type twinWindow struct {
	engine   *Engine
	id       ActorID
	limit    int64
	held     int64
	last     Time // latest release
	requests []request
	waiting  []int
	admitted []Time
	until    []Time
}

const (
	twinArrival = iota
	twinRelease
)

func (w *twinWindow) Handle(now Time, ev Event) {
	if ev.Kind == twinArrival {
		w.waiting = append(w.waiting, int(ev.A))
	} else {
		w.held -= w.requests[ev.A].n
	}
	for len(w.waiting) > 0 {
		i := w.waiting[0]
		r := w.requests[i]
		if w.held+r.n > w.limit && w.held > 0 {
			return
		}
		w.waiting = w.waiting[1:]
		w.held += r.n
		w.admitted[i] = now
		w.last = max(w.last, now+r.duration)
		w.until[i] = w.last
		w.engine.Schedule(w.last, Event{Actor: w.id, Kind: twinRelease, A: uint32(i)})
	}
}

// runTwin returns when each request is admitted and released.
func runTwin(limit int64, requests []request) (admitted, until []Time) {
	w := &twinWindow{engine: NewEngine(), limit: limit, requests: requests,
		admitted: make([]Time, len(requests)), until: make([]Time, len(requests))}
	w.id = w.engine.Register("twin", w)
	for i, r := range requests {
		w.engine.Schedule(r.at, Event{Actor: w.id, Kind: twinArrival, A: uint32(i)})
	}
	w.engine.Run(Never)
	return w.admitted, w.until
}

func TestWindowEqualsOneBuiltFromEvents(t *testing.T) {
	waits, clamps, most := 0, 0, 0
	for seed := range uint64(500) {
		r := NewRand(seed, "window")
		limit, shortest := int64(r.Intn(20)), 0
		if seed%2 == 0 { // many holdings at a time
			limit, shortest = int64(20+r.Intn(100)), 200
		}
		var requests []request
		now := Time(0)
		for range 200 {
			now += Time(r.Intn(10))
			n := 1 + int64(r.Intn(6))
			if r.Chance(0.02) {
				n = limit + 1 + int64(r.Intn(5))
			}
			requests = append(requests, request{now, n, Time(shortest + r.Intn(1+r.Intn(60)))})
		}
		admitted, until := runTwin(limit, requests)
		w := NewWindow(limit)
		for i, q := range requests {
			got := w.Admit(q.at, q.n)
			if got != admitted[i] {
				t.Fatalf("seed %d, limit %d: request %d (%+v) admitted at %v, by events at %v", seed, limit, i, q, got, admitted[i])
			}
			w.Hold(q.n, got+q.duration)
			most = max(most, w.n)
			if got > q.at {
				waits++
			}
			if until[i] > got+q.duration {
				clamps++
			}
			at := got + Time(r.Intn(80))
			held := int64(0)
			for j := range i + 1 {
				if until[j] > at {
					held += requests[j].n
				}
			}
			if w.Occupancy(at) != held {
				t.Fatalf("seed %d: occupancy at %v is %d, by events %d", seed, at, w.Occupancy(at), held)
			}
		}
	}
	if waits < 1000 || clamps < 1000 || most < 17 {
		t.Errorf("only %d waits, %d releases out of order, %d holdings at a time: the test shows little", waits, clamps, most)
	}
}

func TestWindowAdmitsInOrder(t *testing.T) {
	w := NewWindow(4)
	w.Hold(4, 100)
	if got := w.Admit(10, 4); got != 100 {
		t.Errorf("admitted at %v", got)
	}
	if got := w.Admit(20, 0); got != 100 { // no units, but no overtaking either
		t.Errorf("a later request overtook: admitted at %v", got)
	}
}

func TestWindowThatIsNeverReleasedAdmitsNeverAgain(t *testing.T) {
	w := NewWindow(1)
	w.Hold(1, Never)
	w.Hold(0, 5)
	w.Hold(-1, 5)
	if got := w.Admit(10, 1); got != Never {
		t.Errorf("admitted at %v", got)
	}
}

func TestWindowReusesItsMemory(t *testing.T) {
	w := NewWindow(100)
	now := Time(0)
	step := func() {
		now = w.Admit(now+1, 1)
		w.Hold(1, now+150)
	}
	for range 1000 {
		step()
	}
	if n := testing.AllocsPerRun(10_000, step); n > 0 {
		t.Errorf("%g allocations per admission", n)
	}
}

func BenchmarkServerBook(b *testing.B) {
	var s Server
	b.ReportAllocs()
	for i := range b.N {
		s.Book(Time(i)*90, 100)
	}
}

func BenchmarkWindow(b *testing.B) {
	w := NewWindow(64)
	now := Time(0)
	b.ReportAllocs()
	for i := range b.N {
		now = w.Admit(now, 1)
		w.Hold(1, now+1000+Time(i&7))
	}
}
