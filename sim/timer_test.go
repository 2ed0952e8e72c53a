package sim

import (
	"slices"
	"testing"
)

// timed owns a Timer and starts it again by itself from time to time.
type timed struct {
	engine *Engine
	timer  Timer
	again  func(now Time) Time // the next deadline after one that was due
	fired  []Time
}

// sometimes is an owner that now and then starts the timer again.
func sometimes(now Time) Time {
	if now%3 == 0 {
		return now + 1 + now%17
	}
	return Never
}

func (o *timed) Handle(now Time, _ Event) {
	if o.timer.Due(o.engine) {
		o.fired = append(o.fired, now)
		o.timer.Set(o.engine, o.again(now))
	}
}

// once is the owner that does not start the timer again.
func once(Time) Time { return Never }

func newTimed(again func(Time) Time) *timed {
	o := &timed{engine: NewEngine(), again: again}
	o.timer.Init(Event{Actor: o.engine.Register("timed", o)})
	return o
}

// twinTimer is the same timer without an engine: a deadline to look at.
type twinTimer struct {
	deadline Time
	fired    []Time
}

func (w *twinTimer) advance(until Time) {
	for w.deadline <= until {
		now := w.deadline
		w.fired = append(w.fired, now)
		w.deadline = sometimes(now)
	}
}

func TestTimerFiresExactlyWhenADeadlineWouldSay(t *testing.T) {
	for seed := range uint64(300) {
		random := NewRand(seed, "timer")
		o, twin := newTimed(sometimes), twinTimer{deadline: Never}
		for range 200 {
			now := o.engine.Now()
			switch random.Intn(5) {
			case 0, 1:
				at := now + 1 + Time(random.Intn(60))
				o.timer.Set(o.engine, at)
				twin.deadline = at
			case 2:
				at := now + 1 + Time(random.Intn(2000))
				o.timer.Set(o.engine, at)
				twin.deadline = at
			case 3:
				o.timer.Stop()
				twin.deadline = Never
			case 4:
				until := now + Time(random.Intn(100))
				o.engine.Run(until)
				twin.advance(until)
			}
			if o.timer.Deadline() != twin.deadline || !slices.Equal(o.fired, twin.fired) {
				t.Fatalf("seed %d at %v: deadline %v, fired %v; twin %v, %v",
					seed, o.engine.Now(), o.timer.Deadline(), o.fired, twin.deadline, twin.fired)
			}
		}
	}
}

func TestATimerThatIsPushedBackCostsOneEventPerOldDeadline(t *testing.T) {
	o := newTimed(once)
	for now := Time(0); now < 10_000; now += 10 { // an ACK every 10 ps, a timeout of 1000
		o.engine.Run(now)
		o.timer.Set(o.engine, now+1000)
	}
	if o.engine.Events() > 11 || o.engine.Pending() > 1 || len(o.fired) > 0 {
		t.Errorf("%d events, %d pending, fired %v", o.engine.Events(), o.engine.Pending(), o.fired)
	}
}

func TestATimerThatAlternatesBetweenShortAndLongLeavesNoEventsBehind(t *testing.T) {
	for _, spans := range [][]Time{{1_000_000, 10}, {1_000_000, 100, 10}, {1_000_000, 15, 500, 10}} {
		o := newTimed(once)
		most := 0
		for range 5000 {
			now := o.engine.Now()
			for _, span := range spans {
				o.timer.Set(o.engine, now+span)
			}
			most = max(most, o.engine.Pending())
			o.engine.Run(now + 11)
		}
		// The spans below the longest may leave events behind that soon fire.
		if len(o.fired) != 5000 || most > 20 {
			t.Errorf("spans %v: fired %d times, up to %d events pending", spans, len(o.fired), most)
		}
	}
}

func TestAStoppedTimerIsSilent(t *testing.T) {
	o := newTimed(once)
	o.timer.Set(o.engine, 10)
	o.timer.Stop()
	o.engine.Run(100)
	o.timer.Set(o.engine, 200)
	o.timer.Set(o.engine, Never)
	o.engine.Run(300)
	if len(o.fired) > 0 || o.timer.Deadline() != Never {
		t.Errorf("fired %v", o.fired)
	}
}

func BenchmarkTimerSet(b *testing.B) {
	o := newTimed(once)
	b.ReportAllocs()
	for i := range b.N {
		o.timer.Set(o.engine, Time(1000+i))
	}
}
