package sim

import (
	"fmt"
	"math"
	"math/bits"
)

// ActorID names a component that receives events. IDs are given in the order of
// registration, so a world that is rebuilt from the same specification gives
// every component the ID it had.
type ActorID uint16

// Event is what a component asked to be told later: which actor, what kind (the
// actor's own enumeration) and two words of argument. It is a value: scheduling
// one allocates nothing.
type Event struct {
	Actor ActorID
	Kind  uint16
	A     uint32
	B     uint64
}

// Actor is a component that receives events.
type Actor interface {
	// Handle is called once per event at its time, which is also Engine.Now.
	Handle(now Time, ev Event)
}

// StopReason says why Engine.Run returned.
type StopReason uint8

const (
	// ReachedTime: every event up to the given time has been handled.
	ReachedTime StopReason = iota
	// Idle: no event is left at all.
	Idle
	// Stopped: an actor called Engine.Stop.
	Stopped
)

// String returns the reason in words.
func (r StopReason) String() string {
	switch r {
	case ReachedTime:
		return "time reached"
	case Idle:
		return "idle"
	case Stopped:
		return "stopped"
	}
	return "unknown reason"
}

// Engine runs events in time order; ties are broken by the order of scheduling.
// Use it from one goroutine only.
type Engine struct {
	now     Time
	queue   Queue
	actors  []Actor `snapshot:"ref"` // the components own themselves
	names   []string
	events  uint64
	digest  uint64
	until   Time // of the present Run
	stopped bool
}

// NewEngine returns an engine at time 0 with an empty queue.
func NewEngine() *Engine {
	return &Engine{digest: 0x9E3779B97F4A7C15}
}

// Register gives a component its ActorID. The name is for diagnostics. An engine
// has room for 65536 actors; one more is a mistake of the caller and panics.
func (e *Engine) Register(name string, a Actor) ActorID {
	if len(e.actors) > math.MaxUint16 {
		panic(fmt.Sprintf("sim: no ActorID is left for %s: %d actors are registered", name, len(e.actors)))
	}
	e.actors = append(e.actors, a)
	e.names = append(e.names, name)
	return ActorID(len(e.actors) - 1)
}

// Now is the time of the event being handled, or the time Run last returned at.
func (e *Engine) Now() Time { return e.now }

// Events is the number of events handled so far.
func (e *Engine) Events() uint64 { return e.events }

// Pending is the number of events that wait in the queue.
func (e *Engine) Pending() int { return e.queue.Len() }

// Digest is a hash over every event handled so far, its time and its arguments,
// and over everything passed to Mix.
func (e *Engine) Digest() uint64 { return e.digest }

// Mix folds v into the digest: for outcomes that no event carries.
func (e *Engine) Mix(v uint64) {
	e.digest = (bits.RotateLeft64(e.digest, 29) ^ v) * 0xD6E8FEB86659FD93
}

// Schedule asks for ev at time at. A time in the past is a mistake of the caller:
// it would break causality, so it panics with the actor's name (a panic here is an
// internal error, exit status 3; no input can cause it).
func (e *Engine) Schedule(at Time, ev Event) {
	if at < e.now {
		panic(fmt.Sprintf("sim: %s scheduled event kind %d at %v, before now (%v)", e.names[ev.Actor], ev.Kind, at, e.now))
	}
	e.queue.Push(at, ev)
}

// Continue is Schedule(at, ev) as the last act of a Handle, for an actor that goes
// on with ev itself if nothing can come before it: then it counts ev as handled,
// moves Now to at and returns true, and the actor does at once what its Handle would
// have done. Otherwise ev is scheduled and the actor must return. The outcome is the
// same, without a passage through the queue.
func (e *Engine) Continue(at Time, ev Event) bool {
	next, waiting := e.queue.NextTime()
	if waiting && next <= at || at > e.until || e.stopped {
		e.Schedule(at, ev)
		return false
	}
	e.count(at, ev)
	return true
}

// count makes ev the event being handled.
func (e *Engine) count(at Time, ev Event) {
	e.now = at
	e.events++
	e.digest = (e.digest ^ uint64(at)) * 0xFF51AFD7ED558CCD
	e.digest = (bits.RotateLeft64(e.digest, 31) ^ uint64(ev.Actor)<<48 ^ uint64(ev.Kind)<<32 ^ uint64(ev.A)) * 0xC4CEB9FE1A85EC53
	e.Mix(ev.B)
}

// Stop makes Run return after the event being handled.
func (e *Engine) Stop() { e.stopped = true }

// Run handles events up to and including time until. Afterwards Now is until,
// unless it stopped early: then it is the time of the last event. A later call
// goes on from there; one with an until before Now handles nothing and leaves Now
// alone. Run(Never) handles events until none is left, and leaves Now at the last.
func (e *Engine) Run(until Time) StopReason {
	e.stopped = false
	e.until = until
	for {
		at, ok := e.queue.NextTime()
		if !ok {
			if e.now < until && until != Never {
				e.now = until
			}
			return Idle
		}
		if at > until {
			e.now = max(e.now, until)
			return ReachedTime
		}
		ev := e.queue.Pop()
		e.count(at, ev)
		e.actors[ev.Actor].Handle(at, ev)
		if e.stopped {
			return Stopped
		}
	}
}
