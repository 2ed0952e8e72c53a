package sim

import (
	"slices"
	"strings"
	"testing"
)

// recorder is an actor that writes down what it is told and does what react says.
type recorder struct {
	got   []Event
	at    []Time
	react func(now Time, ev Event)
}

func (r *recorder) Handle(now Time, ev Event) {
	r.got = append(r.got, ev)
	r.at = append(r.at, now)
	if r.react != nil {
		r.react(now, ev)
	}
}

func TestEventsComeInTimeOrderAndTiesInTheOrderOfScheduling(t *testing.T) {
	e, r := NewEngine(), &recorder{}
	id := e.Register("r", r)
	random := NewRand(1, "times")
	type scheduled struct {
		at Time
		n  uint32
	}
	var want []scheduled
	for n := range uint32(5000) {
		at := Time(random.Intn(100)) // some 50 ties for every time
		e.Schedule(at, Event{Actor: id, A: n})
		want = append(want, scheduled{at, n})
	}
	slices.SortStableFunc(want, func(a, b scheduled) int { return int(a.at - b.at) })
	if reason := e.Run(100); reason != Idle {
		t.Errorf("Run ended because %v", reason)
	}
	if len(r.got) != len(want) {
		t.Fatalf("%d of %d events came", len(r.got), len(want))
	}
	for i, w := range want {
		if r.at[i] != w.at || r.got[i].A != w.n {
			t.Fatalf("event %d: got number %d at %v, want %d at %v", i, r.got[i].A, r.at[i], w.n, w.at)
		}
	}
}

func TestAnEventScheduledForNowComesAfterThoseAlreadyThere(t *testing.T) {
	e, r := NewEngine(), &recorder{}
	id := e.Register("r", r)
	r.react = func(now Time, ev Event) {
		if ev.A == 1 {
			e.Schedule(now, Event{Actor: id, A: 3})
		}
	}
	e.Schedule(5, Event{Actor: id, A: 1})
	e.Schedule(5, Event{Actor: id, A: 2})
	e.Run(5)
	if len(r.got) != 3 || r.got[1].A != 2 || r.got[2].A != 3 || r.at[2] != 5 {
		t.Errorf("got %v at %v", r.got, r.at)
	}
}

func TestRunStopsWhereItSays(t *testing.T) {
	e, r := NewEngine(), &recorder{}
	id := e.Register("r", r)
	r.react = func(_ Time, ev Event) {
		if ev.Kind == 9 {
			e.Stop()
		}
	}
	for _, at := range []Time{10, 20, 30, 30} {
		e.Schedule(at, Event{Actor: id})
	}
	e.Schedule(40, Event{Actor: id, Kind: 9})
	e.Schedule(40, Event{Actor: id})
	for _, step := range []struct {
		until  Time
		reason StopReason
		now    Time
		events uint64
	}{
		{9, ReachedTime, 9, 0},
		{10, ReachedTime, 10, 1}, // up to and including
		{5, ReachedTime, 10, 1},  // never back
		{25, ReachedTime, 25, 2},
		{50, Stopped, 40, 5}, // not the second event at 40
		{50, Idle, 50, 6},
		{20, Idle, 50, 6},
		{Never, Idle, 50, 6}, // nothing left: the clock stays
	} {
		reason := e.Run(step.until)
		if reason != step.reason || e.Now() != step.now || e.Events() != step.events {
			t.Errorf("Run(%v): %v, now %v, %d events; want %v, %v, %d",
				step.until, reason, e.Now(), e.Events(), step.reason, step.now, step.events)
		}
	}
}

func TestRunningInPiecesEqualsRunningThrough(t *testing.T) {
	world := func() *Engine { return newNetwork(5).engine }
	whole, pieces := world(), world()
	whole.Run(Millisecond)
	for at := Time(0); at <= Millisecond; at += 7919 * Nanosecond {
		pieces.Run(at)
	}
	pieces.Run(Millisecond)
	if whole.Digest() != pieces.Digest() || whole.Events() != pieces.Events() {
		t.Errorf("digests %016x and %016x", whole.Digest(), pieces.Digest())
	}
}

func TestTheDigestDependsOnEverythingThatHappened(t *testing.T) {
	type happening struct {
		at Time
		ev Event
	}
	digest := func(mix uint64, hs ...happening) uint64 {
		e := NewEngine()
		for range 3 {
			e.Register("r", &recorder{})
		}
		for _, h := range hs {
			e.Schedule(h.at, h.ev)
		}
		e.Run(100)
		if mix != 0 {
			e.Mix(mix)
		}
		return e.Digest()
	}
	a, b := happening{5, Event{Actor: 1, Kind: 2, A: 3, B: 4}}, happening{5, Event{Actor: 2}}
	seen := map[uint64]string{}
	for name, d := range map[string]uint64{
		"base":           digest(0, a, b),
		"no event":       digest(0),
		"one event":      digest(0, a),
		"order":          digest(0, b, a),
		"time":           digest(0, happening{6, a.ev}, b),
		"actor":          digest(0, happening{5, Event{Actor: 0, Kind: 2, A: 3, B: 4}}, b),
		"kind":           digest(0, happening{5, Event{Actor: 1, Kind: 3, A: 3, B: 4}}, b),
		"A":              digest(0, happening{5, Event{Actor: 1, Kind: 2, A: 2, B: 4}}, b),
		"B":              digest(0, happening{5, Event{Actor: 1, Kind: 2, A: 3, B: 5}}, b),
		"B high":         digest(0, happening{5, Event{Actor: 1, Kind: 2, A: 3, B: 1<<63 | 4}}, b),
		"a bit from A":   digest(0, happening{5, Event{Actor: 1, Kind: 2, A: 2, B: 1<<47 | 4}}, b),
		"A and B change": digest(0, happening{5, Event{Actor: 1, Kind: 2, A: 4, B: 3}}, b),
		"mix":            digest(1, a, b),
		"mix other":      digest(2, a, b),
	} {
		if other, ok := seen[d]; ok {
			t.Errorf("%q and %q have the same digest", name, other)
		}
		seen[d] = name
	}
	if first, again := digest(0, a, b), digest(0, a, b); first != again {
		t.Error("the same run has two digests")
	}
}

func TestMistakesOfAnActorNameIt(t *testing.T) {
	says := func(want string, f func()) {
		t.Helper()
		defer func() {
			if text, _ := recover().(string); !strings.Contains(text, want) {
				t.Errorf("got panic %q, want %q in it", text, want)
			}
		}()
		f()
	}
	e := NewEngine()
	id := e.Register("nic0.rx", &recorder{})
	e.Run(10)
	says("nic0.rx scheduled event kind 7 at 9ps, before now (10ps)", func() { e.Schedule(9, Event{Actor: id, Kind: 7}) })
	for range 1<<16 - 1 {
		e.Register("x", &recorder{})
	}
	says("no ActorID is left for one too many", func() { e.Register("one too many", &recorder{}) })
}

func TestStopReasonsHaveWords(t *testing.T) {
	for reason, want := range map[StopReason]string{ReachedTime: "time reached", Idle: "idle", Stopped: "stopped", 9: "unknown reason"} {
		if got := reason.String(); got != want {
			t.Errorf("%d: got %q, want %q", reason, got, want)
		}
	}
}

func TestQueueKeepsTheOrderWhenSequenceNumbersRunOut(t *testing.T) {
	fresh, old := Queue{}, Queue{seq: seqLimit - 40}
	random := NewRand(2, "times")
	for n := range uint32(400) {
		at := Time(random.Intn(8))
		fresh.Push(at, Event{A: n})
		old.Push(at, Event{A: n})
		if n%3 == 0 {
			if got, want := old.Pop(), fresh.Pop(); got != want {
				t.Fatalf("after %d events: popped %d, want %d", n, got.A, want.A)
			}
		}
	}
	if old.seq >= seqLimit-40 {
		t.Fatal("the numbers did not run out")
	}
	for fresh.Len() > 0 {
		if got, want := old.Pop(), fresh.Pop(); got != want {
			t.Fatalf("popped %d, want %d", got.A, want.A)
		}
	}
}

// ticker schedules itself again, as most actors of a world do.
type ticker struct {
	engine *Engine
	id     ActorID
	period Time
}

func (k *ticker) Handle(now Time, _ Event) { k.engine.Schedule(now+k.period, Event{Actor: k.id}) }

func BenchmarkEngine(b *testing.B) {
	e := NewEngine()
	for i := range 64 {
		k := &ticker{engine: e, period: Time(900 + 7*i)}
		k.id = e.Register("ticker", k)
		e.Schedule(Time(i), Event{Actor: k.id})
	}
	e.Run(10000)
	b.ReportAllocs()
	b.ResetTimer()
	for start := e.Events(); e.Events()-start < uint64(b.N); {
		e.Run(e.Now() + 10000)
	}
}

// relay passes work on at random intervals, either through the queue or in place.
type relay struct {
	engine  *Engine
	id      ActorID
	rand    Rand
	inPlace bool
	left    int
}

func (r *relay) Handle(now Time, ev Event) {
	for {
		r.left--
		if r.left == 0 {
			r.engine.Stop()
		}
		at := now + Time(r.rand.Intn(4)) // often the same time as another relay's
		next := Event{Actor: r.id, Kind: ev.Kind + 1, B: uint64(r.left)}
		if !r.inPlace {
			r.engine.Schedule(at, next)
			return
		}
		if !r.engine.Continue(at, next) {
			return
		}
		now, ev = at, next
	}
}

func TestContinueIsScheduleWithoutTheQueue(t *testing.T) {
	for seed := range uint64(200) {
		run := func(inPlace bool) *Engine {
			e := NewEngine()
			for i := range 1 + int(seed%4) {
				r := &relay{engine: e, rand: NewRand(seed, string(rune('a'+i))), inPlace: inPlace, left: 300}
				r.id = e.Register("relay", r)
				e.Schedule(Time(i), Event{Actor: r.id})
			}
			for until := Time(0); until < 120; until += Time(1 + seed%50) {
				e.Run(until)
				e.Mix(uint64(e.Now()))
			}
			return e
		}
		queued, direct := run(false), run(true)
		if queued.Digest() != direct.Digest() || queued.Events() != direct.Events() || queued.Now() != direct.Now() || queued.Pending() != direct.Pending() {
			t.Fatalf("seed %d: %d events to %v, in place %d to %v", seed, queued.Events(), queued.Now(), direct.Events(), direct.Now())
		}
	}
}
