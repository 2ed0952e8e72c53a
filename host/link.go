package host

import (
	"netgpusim/nic"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Wire is one direction of the link between two hosts: frames leave in order,
// spend their bits at the link rate, and arrive after the delay. Loss, duplication
// and reordering draw from a random stream of the link's own.
type Wire struct {
	Frames     int64 // frames put on the wire
	Bytes      int64 // with preamble and gap
	Lost       int64
	Duplicated int64
	Reordered  int64

	spec   *LinkSpec
	engine *sim.Engine
	id     sim.ActorID
	pace   sim.Pace
	delay  sim.Time
	random sim.Rand
	to     *nic.NIC
	from   string
	tap    Tap `snapshot:"-"`

	line   sim.Server       // what spends the bits
	flying sim.FIFO[flight] // frames under way in order of arrival
	held   []flight         // reordered frames, by slot; arrival events name the slot
	vacant []uint32
}

// Tap sees every frame that is put on a wire, at the time its last bit has left
// the sender.
type Tap interface {
	Frame(at sim.Time, from string, f *nic.Frame)
}

type flight struct {
	arrives sim.Time
	frame   nic.Frame
}

const (
	evArrival     uint16 = iota // the oldest frame under way
	evHeldArrival               // A: slot of a held frame
)

func newWire(e *sim.Engine, from, to string, spec *LinkSpec, seed uint64) *Wire {
	name := from + ">" + to
	w := &Wire{from: from, spec: spec, engine: e, pace: spec.Rate.Pace(), delay: spec.Delay + spec.FEC,
		random: sim.NewRand(seed, name)}
	w.id = e.Register(name, w)
	return w
}

// FreeAt is when everything sent so far has left.
func (w *Wire) FreeAt() sim.Time { return w.line.FreeAt() }

// Send implements nic.Wire.
func (w *Wire) Send(ready sim.Time, f *nic.Frame) sim.Time {
	bytes := tcp.WireBytes(f.Length())
	_, departed := w.line.Book(ready, w.pace.Time(bytes))
	w.Frames++
	w.Bytes += bytes
	if w.tap != nil {
		w.tap.Frame(departed, w.from, f)
	}
	arrives := departed + w.delay
	switch {
	case w.random.Chance(w.spec.Loss):
		w.Lost++
		return departed
	case w.random.Chance(w.spec.Reorder):
		w.Reordered++
		w.hold(arrives+w.spec.ReorderDelay, f)
		return departed
	}
	w.enqueue(arrives, f)
	if w.random.Chance(w.spec.Duplicate) {
		w.Duplicated++
		w.enqueue(arrives, f)
	}
	return departed
}

// enqueue adds a frame to those under way. Only the oldest has an event pending.
func (w *Wire) enqueue(arrives sim.Time, f *nic.Frame) {
	w.flying.Push(flight{arrives, *f})
	if w.flying.Len() == 1 {
		w.engine.Schedule(arrives, sim.Event{Actor: w.id, Kind: evArrival})
	}
}

// hold keeps a frame back so that later ones overtake it.
func (w *Wire) hold(arrives sim.Time, f *nic.Frame) {
	var slot uint32
	if n := len(w.vacant); n > 0 {
		slot = w.vacant[n-1]
		w.vacant = w.vacant[:n-1]
	} else {
		slot = uint32(len(w.held))
		w.held = append(w.held, flight{})
	}
	w.held[slot] = flight{arrives, *f}
	w.engine.Schedule(arrives, sim.Event{Actor: w.id, Kind: evHeldArrival, A: slot})
}

// Handle delivers frames to the NIC at the other end.
func (w *Wire) Handle(now sim.Time, ev sim.Event) {
	if ev.Kind == evHeldArrival {
		w.to.Receive(now, &w.held[ev.A].frame)
		w.vacant = append(w.vacant, ev.A)
		return
	}
	for {
		w.to.Receive(now, &w.flying.Front().frame)
		w.flying.Pop()
		if w.flying.Len() == 0 {
			return
		}
		now = w.flying.Front().arrives
		if !w.engine.Continue(now, sim.Event{Actor: w.id, Kind: evArrival}) {
			return
		}
	}
}
