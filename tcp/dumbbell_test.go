package tcp

import (
	"testing"

	"netgpusim/sim"
)

// dumbbell is a network for tests of congestion control: flows from one side to the
// other share one link with a drop-tail queue that may mark. Access links and the way
// of the ACKs only take time. Applications write and read without end.
type dumbbell struct {
	t      testing.TB
	now    sim.Time
	flows  []flowPair
	events []bellEvent // binary heap
	serial int64
	segs   []Segment // of events, by slot
	free   []int32

	access  sim.Pace // of each flow's own link, 0 for one without limit
	pace    sim.Pace
	delay   sim.Time           // each way
	queue   int64              // bytes that may wait, 0 for no limit
	mark    int64              // bytes waiting from which on frames are marked, 0 for never
	loss    func(n int64) bool // of frame n, counted from 1
	offered int64              // frames so far
	freeAt  sim.Time

	frames, drops, marks int64
	waited               sim.Time // queueing delay, summed over frames
	longest              sim.Time
	wireBytes            int64
}

type flowPair struct {
	end    [2]*Endpoint // sender, receiver
	armed  [2]sim.Time
	freeAt sim.Time // its access link
	asleep bool     // the writer waits for room in the send buffer
}

type bellEvent struct {
	at     sim.Time
	serial int64
	flow   int32
	side   int8  // of the endpoint that it is for, atBottleneck
	slot   int32 // of the segment that arrives, -1: its timer
}

// newDumbbell has n flows of that specification.
func newDumbbell(t testing.TB, spec *Spec, n int, rate sim.Bandwidth, delay sim.Time) *dumbbell {
	t.Helper()
	d := &dumbbell{t: t, pace: rate.Pace(), delay: delay}
	for i := range n {
		d.addFlow(spec, uint32(i))
	}
	return d
}

func (d *dumbbell) addFlow(spec *Spec, i uint32) {
	d.t.Helper()
	a, err := New(spec, Config{MTU: 1500, LocalISS: 1000 + i, RemoteISS: 2000 + i})
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := New(spec, Config{MTU: 1500, LocalISS: 2000 + i, RemoteISS: 1000 + i})
	if err != nil {
		d.t.Fatal(err)
	}
	d.flows = append(d.flows, flowPair{end: [2]*Endpoint{a, b}, armed: [2]sim.Time{sim.Never, sim.Never}})
}

// start lets a flow begin to write.
func (d *dumbbell) start(i int) { d.turn(i, 0) }

func (d *dumbbell) startAll() {
	for i := range d.flows {
		d.start(i)
	}
}

// turn lets an endpoint send what it can.
func (d *dumbbell) turn(i, side int) {
	f := &d.flows[i]
	e := f.end[side]
	var seg Segment
	for {
		if side == 0 {
			// The writer sleeps when the buffer is full, until it is to be woken.
			for f.asleep = f.asleep && !e.WriteReady(); !f.asleep; {
				f.asleep = e.Write(d.now, 128<<10, 4096).Accepted < 128<<10
			}
		}
		if _, ok := e.Output(d.now, &seg); !ok {
			break
		}
		if seg.Len > 0 && d.access == 0 {
			e.Sent(d.now, int(seg.Len))
		}
		if side == 1 {
			d.push(d.now+d.delay, i, 0, &seg)
			continue
		}
		for k := range Frames(&seg) {
			var frame Segment
			Frame(&frame, &seg, k)
			if d.access == 0 {
				d.bottleneck(i, &frame)
				continue
			}
			f.freeAt = max(f.freeAt, d.now) + sim.Time(d.access.Time(frameBytes(&frame)))
			d.push(f.freeAt, i, atBottleneck, &frame)
		}
	}
	if at := e.Deadline(); at < f.armed[side] {
		f.armed[side] = at
		d.push(max(at, d.now), i, side, nil)
	}
}

// atBottleneck is the side of a frame that has come through its access link.
const atBottleneck = 2

// frameBytes is what a frame takes on a link.
func frameBytes(seg *Segment) int64 {
	return WireBytes(int64(74 + int(seg.OptLen) + int(seg.Len)))
}

// bottleneck queues, marks or drops a frame.
func (d *dumbbell) bottleneck(i int, seg *Segment) {
	size := frameBytes(seg)
	d.freeAt = max(d.freeAt, d.now)
	wait := d.freeAt - d.now
	d.frames++
	d.offered++
	if d.queue > 0 && wait > sim.Time(d.pace.Time(d.queue)) || d.loss != nil && d.loss(d.offered) {
		d.drops++
		return
	}
	if d.mark > 0 && wait > sim.Time(d.pace.Time(d.mark)) && seg.ECN != NotECT {
		seg.ECN = CE
		d.marks++
	}
	d.waited += wait
	d.longest = max(d.longest, wait)
	d.wireBytes += size
	d.freeAt += sim.Time(d.pace.Time(size))
	d.push(d.freeAt+d.delay, i, 1, seg)
}

// run handles events until the given time.
func (d *dumbbell) run(until sim.Time) {
	for len(d.events) > 0 && d.events[0].at <= until {
		ev := d.pop()
		d.now = ev.at
		f := &d.flows[ev.flow]
		if ev.side == atBottleneck {
			frame := d.segs[ev.slot]
			d.free = append(d.free, ev.slot)
			f.end[0].Sent(d.now, int(frame.Len))
			d.bottleneck(int(ev.flow), &frame)
			d.turn(int(ev.flow), 0)
			continue
		}
		e := f.end[ev.side]
		if ev.slot < 0 {
			if f.armed[ev.side] == ev.at {
				f.armed[ev.side] = sim.Never
			}
			e.Timer(d.now)
		} else {
			deliver(e, d.now, &d.segs[ev.slot])
			d.free = append(d.free, ev.slot)
		}
		d.turn(int(ev.flow), int(ev.side))
	}
	d.now = until
}

// acked is how many bytes each flow has moved so far.
func (d *dumbbell) acked() []float64 {
	moved := make([]float64, len(d.flows))
	for i := range d.flows {
		moved[i] = float64(d.flows[i].end[0].Acked())
	}
	return moved
}

// measure runs on for a time and returns the bytes that each flow has moved in it.
func (d *dumbbell) measure(span sim.Time) []float64 {
	before := d.acked()
	d.frames, d.drops, d.marks, d.waited, d.longest, d.wireBytes = 0, 0, 0, 0, 0, 0
	d.run(d.now + span)
	after := d.acked()
	for i := range after {
		after[i] -= before[i]
	}
	return after
}

func (d *dumbbell) push(at sim.Time, flow, side int, seg *Segment) {
	slot := int32(-1)
	if seg != nil {
		if n := len(d.free); n > 0 {
			slot = d.free[n-1]
			d.free = d.free[:n-1]
		} else {
			d.segs = append(d.segs, Segment{})
			slot = int32(len(d.segs) - 1)
		}
		d.segs[slot] = *seg
	}
	d.serial++
	h := append(d.events, bellEvent{at: at, serial: d.serial, flow: int32(flow), side: int8(side), slot: slot})
	for k := len(h) - 1; k > 0 && h[k].before(&h[(k-1)/2]); k = (k - 1) / 2 {
		h[k], h[(k-1)/2] = h[(k-1)/2], h[k]
	}
	d.events = h
}

func (d *dumbbell) pop() bellEvent {
	h := d.events
	top := h[0]
	n := len(h) - 1
	h[0] = h[n]
	h = h[:n]
	for k := 0; ; {
		c := 2*k + 1
		if c+1 < n && h[c+1].before(&h[c]) {
			c++
		}
		if c >= n || !h[c].before(&h[k]) {
			break
		}
		h[k], h[c] = h[c], h[k]
		k = c
	}
	d.events = h
	return top
}

func (a *bellEvent) before(b *bellEvent) bool {
	return a.at < b.at || a.at == b.at && a.serial < b.serial
}

// jain is Jain's index of fairness: 1 if all shares are the same, 1/n if one has all.
func jain(share []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range share {
		sum += x
		squares += x * x
	}
	return sum * sum / (float64(len(share)) * squares)
}

func total(share []float64) float64 {
	sum := 0.0
	for _, x := range share {
		sum += x
	}
	return sum
}
