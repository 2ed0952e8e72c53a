package tcp

import (
	"container/heap"
	"testing"

	"netgpusim/sim"
)

// This file is a network for tests: two endpoints and a wire each way with rate,
// delay, a drop-tail queue and seeded faults. Every payload byte that an endpoint
// delivers is checked: once, in order, from a buffer that really holds it.

// testSpec is the default profile: Linux 5.8 with netgpu's padding.
func testSpec() *Spec {
	return &Spec{IPVersion: 6, PadOptions: 20, Timestamps: true, SACK: true, Congestion: "cubic", InitialWindow: 10,
		ReceiveBuffer: 6 * sim.MiB, SendBuffer: 4 * sim.MiB, MinRTO: 200 * sim.Millisecond, DelayedACK: 40 * sim.Millisecond,
		ReceiveInitial: 131072, ReceiveMax: 212992, SendInitial: 16384, SendMax: 212992, AdvWinScale: 1, ModerateReceive: true, AutoCorking: true,
		ACKPolicy: "linux", CompSACKDelay: sim.Millisecond, CompSACKSlack: 100 * sim.Microsecond, CompSACKCount: 44,
		BaseMSS: 1024, MTUProbeFloor: 48, ProbeThreshold: 8, ProbeInterval: 600 * sim.Second,
		Recovery: "linux", RACK: 1, WinDivisor: 3, OutputLimit: sim.MiB, ECN: 2, FRTO: true, DSACK: true, TailLossProbe: true, Reordering: 3, MaxReordering: 300,
		SlowStartAfterIdle: true, MinRTTWindow: 300 * sim.Second, PacingSlowStartRatio: 200, PacingRatio: 120,
		SynRetries: 6, SynAckRetries: 5, Retries1: 3, Retries2: 15, FinTimeout: 60 * sim.Second, KeepaliveTime: 7200 * sim.Second,
		KeepaliveEvery: 75 * sim.Second, KeepaliveProbes: 9, InvalidRatelimit: 500 * sim.Millisecond}
}

// wire is one direction of the link.
type wire struct {
	rate   sim.Bandwidth
	delay  sim.Time
	limit  int     // bytes that may wait, 0 for no limit
	loss   float64 // probabilities per frame
	dup    float64
	ce     float64 // of being marked, if ECN-capable
	late   float64 // of being late by up to lateBy
	lateBy sim.Time
	drop   func(n int64, seg *Segment) bool // further losses, by frame number

	random sim.Rand
	freeAt sim.Time
	frames int64
	lost   int64
}

// station is an endpoint with its application and its wire out.
type station struct {
	ep    *Endpoint
	out   *wire
	peer  *station
	armed sim.Time // of the pending timer event

	toWrite  int64 // bytes that the application still has to write
	part     int   // of the present sendmsg
	chunk    int   // bytes per sendmsg
	asleep   bool
	readRate sim.Bandwidth // 0: reads at once, in softirq
	paused   bool          // does not read

	buffers  []testBuffer // by handle
	freed    []uint32
	received uint64
	unread   int
	reading  bool
	rtts     []sim.Time
	gro      *GRO // nil for none
	polling  bool // a poll that ends with a flush is scheduled
}

// testBuffer is what a received segment's buffer holds.
type testBuffer struct {
	off  uint64
	len  uint32
	live bool
}

// network is the two stations and the events between them.
type network struct {
	t      testing.TB
	now    sim.Time
	events eventHeap
	serial int64
	side   [2]station
	verify bool // after every event, what the endpoints keep up to date
	trace  func(from int, now sim.Time, seg *Segment)
}

type netEvent struct {
	at     sim.Time
	serial int64
	kind   byte // 'f' frame arrives, 'p' poll ends, 's' sent, 't' timer, 'r' read
	side   int
	seg    Segment
	n      int
}

type eventHeap []netEvent

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].serial < h[j].serial
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(netEvent)) }
func (h *eventHeap) Pop() any {
	old := *h
	ev := old[len(old)-1]
	*h = old[:len(old)-1]
	return ev
}

// newNetwork connects two endpoints; side 0 is the sender of most tests.
func newNetwork(t testing.TB, spec *Spec, mtu sim.Bytes, seed uint64, out, back wire) *network {
	t.Helper()
	n := &network{t: t}
	iss := sim.NewRand(seed, "iss")
	a, b := uint32(iss.Uint64()), uint32(iss.Uint64())
	if seed%3 == 0 {
		a = ^uint32(0) - 100_000 // wraps soon
	}
	for i, cfg := range []Config{{MTU: mtu, LocalISS: a, RemoteISS: b}, {MTU: mtu, LocalISS: b, RemoteISS: a}} {
		ep, err := New(spec, cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.side[i] = station{ep: ep, chunk: 128 << 10, armed: sim.Never, buffers: []testBuffer{{}}}
	}
	n.side[0].peer, n.side[1].peer = &n.side[1], &n.side[0]
	out.random, back.random = sim.NewRand(seed, "out"), sim.NewRand(seed, "back")
	n.side[0].out, n.side[1].out = &out, &back
	return n
}

func (n *network) push(ev netEvent) {
	ev.serial = n.serial
	n.serial++
	heap.Push(&n.events, ev)
}

// write makes a side's application write so many bytes, as fast as it can.
func (n *network) write(side int, bytes int64) {
	n.side[side].toWrite += bytes
	n.turn(side)
}

// turn lets a side's application and its endpoint do what they can.
func (n *network) turn(side int) {
	s := &n.side[side]
	if !s.asleep || s.ep.WriteReady() {
		s.asleep = false
		for s.toWrite > 0 {
			if s.part == 0 {
				s.part = int(min(int64(s.chunk), s.toWrite))
			}
			r := s.ep.Write(n.now, s.part, 4096)
			s.part -= r.Accepted
			s.toWrite -= int64(r.Accepted)
			n.output(side)
			if s.part > 0 && !s.ep.WriteReady() {
				s.asleep = true
				break
			}
		}
	}
	n.output(side)
}

// output transmits until the endpoint has no more.
func (n *network) output(side int) {
	s := &n.side[side]
	var seg Segment
	for {
		frags, ok := s.ep.Output(n.now, &seg)
		if !ok {
			break
		}
		if (seg.Len > 0) != (frags > 0) || frags > maxFrags {
			n.t.Fatalf("%v: a segment of %d bytes has %d fragments", n.now, seg.Len, frags)
		}
		if n.trace != nil {
			n.trace(side, n.now, &seg)
		}
		n.transmit(side, &seg)
	}
	if at := s.ep.Deadline(); at < s.armed {
		s.armed = at
		n.push(netEvent{at: max(at, n.now), kind: 't', side: side})
	}
}

func (n *network) transmit(side int, seg *Segment) {
	w := n.side[side].out
	for i := range Frames(seg) {
		var f Segment
		Frame(&f, seg, i)
		w.freeAt = max(w.freeAt, n.now)
		if w.limit > 0 && w.rate > 0 && int64(w.freeAt-n.now) > int64(w.rate.Pace().Time(int64(w.limit))) {
			w.lost++
			continue
		}
		w.frames++
		w.freeAt += w.rate.Pace().Time(WireBytes(int64(HeaderLen(n.side[side].ep.spec)) + int64(f.OptLen) + int64(f.Len)))
		if w.random.Chance(w.loss) || w.drop != nil && w.drop(w.frames, &f) {
			w.lost++
			continue
		}
		if f.ECN != NotECT && w.random.Chance(w.ce) {
			f.ECN = CE
		}
		at := w.freeAt + w.delay
		if w.random.Chance(w.late) {
			at += sim.Time(w.random.Intn(int(w.lateBy)))
		}
		n.push(netEvent{at: at, kind: 'f', side: 1 - side, seg: f})
		if w.random.Chance(w.dup) {
			n.push(netEvent{at: at + sim.Microsecond, kind: 'f', side: 1 - side, seg: f})
		}
	}
	if seg.Len > 0 {
		n.push(netEvent{at: w.freeAt, kind: 's', side: side, n: int(seg.Len)})
	}
}

// run handles events until the given time, or until none is left.
func (n *network) run(until sim.Time) {
	for len(n.events) > 0 && n.events[0].at <= until {
		ev := heap.Pop(&n.events).(netEvent)
		n.now = ev.at
		s := &n.side[ev.side]
		switch ev.kind {
		case 'f':
			n.arrive(ev.side, &ev.seg)
		case 'p':
			s.polling = false
			s.gro.FlushAll()
			n.passUp(ev.side)
		case 's':
			s.ep.Sent(n.now, ev.n)
		case 't':
			if s.armed == ev.at {
				s.armed = sim.Never
			}
			s.ep.Timer(n.now)
		case 'r':
			s.reading = false
			n.read(ev.side, ev.n)
		}
		n.turn(ev.side)
		if n.verify {
			if err := verify(s.ep); err != nil {
				n.t.Fatalf("%v: side %d: %v", n.now, ev.side, err)
			}
		}
	}
	n.now = max(n.now, until)
}

// pollTime is how long frames are gathered before GRO is flushed.
const pollTime = 8 * sim.Microsecond

// arrive takes a frame from the wire, through GRO if there is one.
func (n *network) arrive(side int, seg *Segment) {
	s := &n.side[side]
	if seg.Len > 0 {
		seg.Handle = s.hold(testBuffer{off: seg.Offset, len: seg.Len, live: true})
	}
	if s.gro == nil {
		n.input(side, seg)
		return
	}
	if into := s.gro.Offer(n.now, 0, seg); into != seg.Handle {
		s.buffers[into].len += seg.Len
		s.buffers[seg.Handle].live = false
		s.freed = append(s.freed, seg.Handle)
	}
	n.passUp(side)
	if !s.polling {
		s.polling = true
		n.push(netEvent{at: n.now + pollTime, kind: 'p', side: side})
	}
}

func (n *network) passUp(side int) {
	for {
		_, seg, ok := n.side[side].gro.Pop()
		if !ok {
			return
		}
		n.input(side, &seg)
		n.output(side)
	}
}

// input gives a segment to the endpoint and checks what it delivers.
func (n *network) input(side int, seg *Segment) {
	s := &n.side[side]
	s.ep.Input(n.now, seg)
	if rtt, ok := s.ep.LastRTT(); ok {
		s.rtts = append(s.rtts, rtt)
	}
	fresh := 0
	for {
		d, ok := s.ep.NextDelivery()
		if !ok {
			break
		}
		b := &s.buffers[d.Handle]
		if !b.live {
			n.t.Fatalf("%v: buffer %d is delivered or freed twice", n.now, d.Handle)
		}
		b.live = false
		s.freed = append(s.freed, d.Handle)
		if d.Len == 0 {
			continue
		}
		if d.Offset != s.received || b.off+uint64(d.Skip) != d.Offset || d.Skip+d.Len > b.len {
			n.t.Fatalf("%v: delivery %+v of buffer %+v when byte %d is due", n.now, d, *b, s.received)
		}
		s.received += uint64(d.Len)
		fresh += int(d.Len)
	}
	s.unread += fresh
	n.schedule(side)
}

// schedule lets the application read what there is, if it does.
func (n *network) schedule(side int) {
	s := &n.side[side]
	if s.paused || s.unread == 0 || s.reading {
		return
	}
	if s.readRate == 0 {
		n.read(side, s.unread)
		return
	}
	bytes := min(s.unread, 64<<10)
	s.reading = true
	n.push(netEvent{at: n.now + s.readRate.Pace().Time(int64(bytes)), kind: 'r', side: side, n: bytes})
}

func (n *network) read(side, bytes int) {
	s := &n.side[side]
	s.unread -= bytes
	s.ep.Consumed(n.now, bytes)
	n.schedule(side)
}

// hold keeps a received buffer until it is delivered.
func (s *station) hold(b testBuffer) uint32 {
	if k := len(s.freed); k > 0 {
		h := s.freed[k-1]
		s.freed = s.freed[:k-1]
		s.buffers[h] = b
		return h
	}
	s.buffers = append(s.buffers, b)
	return uint32(len(s.buffers) - 1)
}

// live counts the buffers that a station's endpoint still holds.
func (s *station) live() int {
	held := 0
	for _, b := range s.buffers {
		if b.live {
			held++
		}
	}
	return held
}

// gbps is a rate of so many bytes in so much time.
func gbps(bytes uint64, t sim.Time) float64 { return float64(bytes) * 8 / t.Seconds() / 1e9 }
