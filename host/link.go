package host

import (
	"netgpusim/nic"
	"netgpusim/sim"
)

// frameOverhead is what a frame costs on the wire besides its bytes in memory: FCS
// 4, preamble and SFD 8, inter-frame gap 12 (IEEE 802.3 clause 4.4.2); short frames
// are padded to 60 bytes before the FCS.
const (
	frameOverhead = 4 + 8 + 12
	frameMin      = 60
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
	tap    Tap `snapshot:"-"`

	free   sim.Time
	ring   []flight // frames under way in order of arrival; a power of two
	head   uint32
	tail   uint32
	held   []flight // reordered frames, by slot; arrival events name the slot
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
	evArrival     uint16 = iota // the oldest frame of the ring
	evHeldArrival               // A: slot of a held frame
)

func newWire(e *sim.Engine, name string, spec *LinkSpec, seed uint64) *Wire {
	w := &Wire{spec: spec, engine: e, pace: spec.Rate.Pace(), delay: spec.Delay + spec.FEC,
		random: sim.NewRand(seed, name), ring: make([]flight, 64)}
	w.id = e.Register(name, w)
	return w
}

// FreeAt is when everything sent so far has left.
func (w *Wire) FreeAt() sim.Time { return w.free }

// Send implements nic.Wire.
func (w *Wire) Send(ready sim.Time, f *nic.Frame) sim.Time {
	bytes := max(f.Length(), frameMin) + frameOverhead
	w.free = max(w.free, ready) + w.pace.Time(bytes)
	w.Frames++
	w.Bytes += bytes
	if w.tap != nil {
		w.tap.Frame(w.free, "", f)
	}
	arrives := w.free + w.delay
	switch {
	case w.random.Chance(w.spec.Loss):
		w.Lost++
		return w.free
	case w.random.Chance(w.spec.Reorder):
		w.Reordered++
		w.hold(arrives+w.spec.ReorderDelay, f)
		return w.free
	}
	w.enqueue(arrives, f)
	if w.random.Chance(w.spec.Duplicate) {
		w.Duplicated++
		w.enqueue(arrives, f)
	}
	return w.free
}

// enqueue adds a frame to those under way. Only the oldest has an event pending.
func (w *Wire) enqueue(arrives sim.Time, f *nic.Frame) {
	if int(w.tail-w.head) == len(w.ring) {
		grown := make([]flight, 2*len(w.ring))
		for i := w.head; i != w.tail; i++ {
			grown[i&uint32(len(grown)-1)] = w.ring[i&uint32(len(w.ring)-1)]
		}
		w.ring = grown
	}
	slot := &w.ring[w.tail&uint32(len(w.ring)-1)]
	slot.arrives = arrives
	slot.frame = *f
	if w.head == w.tail {
		w.engine.Schedule(arrives, sim.Event{Actor: w.id, Kind: evArrival})
	}
	w.tail++
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
	w.to.Receive(now, &w.ring[w.head&uint32(len(w.ring)-1)].frame)
	w.head++
	if w.head != w.tail {
		w.engine.Schedule(w.ring[w.head&uint32(len(w.ring)-1)].arrives, sim.Event{Actor: w.id, Kind: evArrival})
	}
}
