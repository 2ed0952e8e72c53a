package sim

import (
	"slices"
	"testing"
)

// patient makes progress at some times and writes down its stalls.
type patient struct {
	count  uint64
	stalls [][2]Time // now, since
}

func (p *patient) Progress() uint64        { return p.count }
func (p *patient) Stalled(now, since Time) { p.stalls = append(p.stalls, [2]Time{now, since}) }
func (p *patient) Handle(Time, Event)      { p.count++ }

func TestWatchdogReportsEachStallOnce(t *testing.T) {
	e, p := NewEngine(), &patient{}
	NewWatchdog(e, 10, 3, p)
	id := e.Register("work", p)
	for _, at := range []Time{5, 12, 28, 75, 200} {
		e.Schedule(at, Event{Actor: id})
	}
	e.Run(300)
	// Progress is seen at 10, 20, 30, then at 80, then at 200: the work was scheduled
	// before the check of the same time.
	want := [][2]Time{{60, 30}, {110, 80}, {230, 200}}
	if !slices.Equal(p.stalls, want) {
		t.Errorf("got %v, want %v", p.stalls, want)
	}
}

func TestWatchdogIsPatient(t *testing.T) {
	e, p := NewEngine(), &patient{}
	NewWatchdog(e, 10, 3, p)
	id := e.Register("work", p)
	for at := Time(25); at < 1000; at += 25 { // never silent for three checks
		e.Schedule(at, Event{Actor: id})
	}
	e.Run(990)
	if len(p.stalls) > 0 {
		t.Errorf("stalls %v", p.stalls)
	}
}

func TestWatchdogSeesADeadWorldAtTheFirstOccasion(t *testing.T) {
	e, p := NewEngine(), &patient{}
	NewWatchdog(e, 10, 0, p) // a patience of 0 counts as 1
	if reason := e.Run(100); reason != ReachedTime || !slices.Equal(p.stalls, [][2]Time{{10, 0}}) {
		t.Errorf("%v, stalls %v", reason, p.stalls)
	}
}

func TestWatchdogWithoutIntervalIsOff(t *testing.T) {
	e, p := NewEngine(), &patient{}
	NewWatchdog(e, 0, 1, p)
	if reason := e.Run(100); reason != Idle || len(p.stalls) > 0 {
		t.Errorf("%v, stalls %v", reason, p.stalls)
	}
}
