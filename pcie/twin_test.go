package pcie

import (
	"fmt"
	"math"
	"testing"

	"netgpusim/sim"
)

// twin is the tree TLP by TLP: every TLP is a value with its own times, every
// credit and tag its own release. It shares no code with the booking except the
// rate of a byte, and knows posted writes on their own and reads on their own.
type twin struct {
	spec Spec
	peer TargetSpec

	nicUp, nicDown        twinStage
	outs, backs           [targets]twinStage // the links after the NIC's, by target
	writes, reads         [targets]twinStage // the targets' limits
	peerWrites, peerReads twinStage
	nicCredits            twinCredits
	outCredits            [targets]twinCredits
	tags                  []sim.Time // release of every request ever issued
	outstanding           int
}

// twinStage serves one TLP after another.
type twinStage struct {
	rate sim.Bandwidth
	free sim.Time
	used bool // free counts: before that, even times before 0 are free
}

// serve returns when a TLP of n bytes that is ready starts and ends.
func (s *twinStage) serve(ready sim.Time, n int64) (start, end sim.Time) {
	if s.rate == 0 {
		return ready, ready
	}
	start = ready
	if s.used {
		start = max(ready, s.free)
	}
	s.used = true
	s.free = start + s.rate.Pace().Time(n)
	return start, s.free
}

// receive is serve for a TLP that is there whole at ready and may have been passing
// all the while; it returns when it has passed.
func (s *twinStage) receive(ready sim.Time, n int64) sim.Time {
	if s.rate == 0 {
		return ready
	}
	_, end := s.serve(ready-s.rate.Pace().Time(n), n)
	return end
}

// twinCredits holds the release of every TLP and of every data unit.
type twinCredits struct{ headers, units []sim.Time }

func (c *twinCredits) admit(s *Spec, ready sim.Time, units int64) sim.Time {
	if i := len(c.headers) - s.PostedHeaderCredits; i >= 0 {
		ready = max(ready, c.headers[i])
	}
	if i := len(c.units) + int(units) - 1 - s.PostedDataCredits; i >= 0 {
		ready = max(ready, c.units[i])
	}
	return ready
}

// release gives back the credits of the TLP admitted last, in FIFO order.
func (c *twinCredits) release(at sim.Time, units int64) {
	if n := len(c.headers); n > 0 {
		at = max(at, c.headers[n-1])
	}
	c.headers = append(c.headers, at)
	for range units {
		c.units = append(c.units, at)
	}
}

func newTwin(spec Spec, peer TargetSpec, outstanding int) *twin {
	nic := effectiveRate(spec.NICGen, spec.NICLanes, spec.DLLPTax)
	gpu := effectiveRate(spec.GPUGen, spec.GPULanes, spec.DLLPTax)
	w := &twin{spec: spec, peer: peer, outstanding: outstanding}
	w.nicUp.rate, w.nicDown.rate = nic, nic
	w.outs[PeerGPU].rate, w.backs[PeerGPU].rate = gpu, gpu
	if spec.Topology == TopologySwitch {
		up := effectiveRate(spec.UplinkGen, spec.UplinkLanes, spec.DLLPTax)
		w.outs[HostMemory].rate, w.backs[HostMemory].rate = up, up
	} else {
		w.peerWrites.rate, w.peerReads.rate = spec.PeerWriteLimit, spec.PeerReadLimit
	}
	w.writes[PeerGPU].rate, w.reads[PeerGPU].rate = peer.WriteLimit, peer.ReadLimit
	return w
}

func (w *twin) turn(t Target) sim.Time {
	if w.spec.Topology == TopologySwitch {
		return w.spec.SwitchHop
	}
	return w.spec.PeerViaRoot
}

// direct says that the target is behind the NIC's own link.
func (w *twin) direct(t Target) bool {
	return t == HostMemory && w.spec.Topology == TopologyRoot
}

// root is the link at the root port, over which the host's latencies are given.
func (w *twin) root() sim.Bandwidth {
	if w.spec.Topology == TopologyRoot {
		return w.nicUp.rate
	}
	return w.outs[HostMemory].rate
}

func (w *twin) visible(t Target) sim.Time {
	if t == PeerGPU {
		return w.peer.WriteVisible
	}
	return w.spec.HostWrite - w.root().Pace().Time(64+24) - w.spec.LinkLatency
}

func (w *twin) service(t Target) sim.Time {
	if t == PeerGPU {
		return w.peer.ReadService
	}
	return w.spec.HostReadRTT - w.root().Pace().Time(24) - w.root().Pace().Time(64+20) - 2*w.spec.LinkLatency
}

func (w *twin) write(now sim.Time, t Target, n int64) (sent, visible sim.Time) {
	l := w.spec.LinkLatency
	for left := (max(n, 1) + 3) / 4 * 4; left > 0; {
		data := min(left, int64(w.spec.MaxPayload))
		left -= data
		units := (data + 15) / 16
		_, sent = w.nicUp.serve(w.nicCredits.admit(&w.spec, max(now, w.nicUp.free), units), data+24)
		at := sent + l
		if !w.direct(t) {
			at += w.turn(t)
			if t == PeerGPU {
				at = w.peerWrites.receive(at, data)
			}
			o, c := &w.outs[t], &w.outCredits[t]
			_, at = o.serve(c.admit(&w.spec, max(at, o.free), units), data+24)
			w.nicCredits.release(at+l, units)
			at = w.writes[t].receive(at+l, data)
			c.release(at+l, units)
		} else {
			at = w.writes[t].receive(at, data)
			w.nicCredits.release(at+l, units)
		}
		visible = at + w.visible(t)
	}
	return sent, visible
}

func (w *twin) read(now sim.Time, t Target, n int64) (first, last sim.Time) {
	l := w.spec.LinkLatency
	first = -1
	for left := (max(n, 1) + 3) / 4 * 4; left > 0; {
		asked := min(left, int64(w.spec.MaxReadRequest))
		left -= asked
		at := now
		if i := len(w.tags) - w.outstanding; i >= 0 {
			at = max(at, w.tags[i])
		}
		_, at = w.nicUp.serve(at, 24)
		at += l
		if !w.direct(t) {
			_, at = w.outs[t].serve(at+w.turn(t), 24)
			at += l
		}
		served := at + w.service(t)
		served, _ = w.reads[t].serve(served, asked)
		for asked > 0 {
			data := min(asked, int64(w.spec.CompletionSize))
			asked -= data
			at = served
			if !w.direct(t) {
				_, at = w.backs[t].serve(at, data+20)
				at += l + w.turn(t)
				if t == PeerGPU {
					at = w.peerReads.receive(at, data)
				}
			}
			_, at = w.nicDown.serve(at, data+20)
			last = at + l
			if first < 0 {
				first = last
			}
		}
		w.tags = append(w.tags, last)
	}
	return first, last
}

// exactSpec draws a tree whose links take a whole number of picoseconds per byte
// (Gen1 and Gen2 without DLLP tax), so that nothing is rounded and booking and twin
// can be compared to the picosecond. Credits are drawn by the caller.
func exactSpec(r *sim.Rand) (Spec, TargetSpec) {
	s := testSpec()
	if r.Intn(2) == 0 {
		s.Topology = TopologyRoot
	}
	gen := func() int { return 1 + r.Intn(2) }
	lanes := func() int { return 1 << r.Intn(5) }
	s.NICGen, s.GPUGen, s.UplinkGen = gen(), gen(), gen()
	s.NICLanes, s.GPULanes, s.UplinkLanes = lanes(), lanes(), lanes()
	s.DLLPTax = 0
	s.MaxPayload = 128 << r.Intn(3)
	s.MaxReadRequest = 128 << r.Intn(4)
	s.CompletionSize = min(64<<r.Intn(3), s.MaxPayload, s.MaxReadRequest)
	s.HostReadRTT, s.HostWrite, s.MMIOWrite = 2*sim.Microsecond, sim.Microsecond, sim.Microsecond
	limit := func() sim.Bandwidth {
		return [...]sim.Bandwidth{0, 2 * sim.Gbps, 4 * sim.Gbps, 8 * sim.Gbps, 20 * sim.Gbps}[r.Intn(5)]
	}
	s.PeerWriteLimit, s.PeerReadLimit = limit(), limit()
	peer := testPeer
	peer.WriteLimit, peer.ReadLimit = limit(), limit()
	s.PostedHeaderCredits, s.PostedDataCredits = 4096, 65536
	return s, peer
}

func describe(s *Spec, p *TargetSpec) string {
	return fmt.Sprintf("%s nic %dx%d gpu %dx%d up %dx%d mps %d mrrs %d cpl %d ph %d pd %d limits %v %v %v %v",
		s.Topology, s.NICGen, s.NICLanes, s.GPUGen, s.GPULanes, s.UplinkGen, s.UplinkLanes,
		s.MaxPayload, s.MaxReadRequest, s.CompletionSize, s.PostedHeaderCredits, s.PostedDataCredits,
		s.PeerWriteLimit.Gbps(), s.PeerReadLimit.Gbps(), p.WriteLimit.Gbps(), p.ReadLimit.Gbps())
}

// tighten draws windows below 16, which the booking goes through piece by piece.
func tighten(r *sim.Rand, s *Spec) (outstanding int) {
	s.PostedHeaderCredits = 1 + r.Intn(15)
	s.PostedDataCredits = int(s.MaxPayload/16)*(1+r.Intn(15)) + r.Intn(8)
	return 1 + r.Intn(15)
}

// widen draws windows of 16 pieces and more, small enough to bind.
func widen(r *sim.Rand, s *Spec) (outstanding int) {
	s.PostedHeaderCredits = 16 + r.Intn(48)
	s.PostedDataCredits = int(s.MaxPayload/16) * (16 + r.Intn(48))
	return 16 + r.Intn(48)
}

func TestWritesEqualTheTwinToThePicosecond(t *testing.T) {
	exact := func(about string, i int, got, want [2]sim.Time) {
		if got != want {
			t.Fatalf("%s: write %d: sent, visible %v, twin %v", about, i, got, want)
		}
	}
	compareWrites(t, "ample credits", func(*sim.Rand, *Spec) int { return 64 }, exact)
	compareWrites(t, "tight credits", tighten, exact)
}

func TestWritesThroughLargeWindowsAreCloseToTheTwin(t *testing.T) {
	compareWrites(t, "wide", widen, func(about string, i int, got, want [2]sim.Time) {
		if off := offBy(got[1], want[1]); i == writesCompared-1 && off > farOff {
			t.Fatalf("%s: visible %v, twin %v: %.2f %% off", about, got[1], want[1], 100*off)
		}
	})
}

// farOff is the relative error at the end of a sequence that is too large, for
// windows of 16 to 63 pieces that bind.
const farOff = 0.005

// writesCompared is the length of the sequences that compareWrites makes.
const writesCompared = 100

// compareWrites gives the same random writes to booking and twin and calls check
// with the sent and visible times that both say.
func compareWrites(t *testing.T, name string, draw func(*sim.Rand, *Spec) int,
	check func(about string, i int, got, want [2]sim.Time)) {
	r := sim.NewRand(1, name)
	for range 300 {
		spec, peer := exactSpec(&r)
		outstanding := draw(&r, &spec)
		tree, err := New("test", &spec, outstanding, peer)
		if err != nil {
			t.Fatal(err)
		}
		w := newTwin(spec, peer, outstanding)
		about := name + ": " + describe(&spec, &peer)
		var now sim.Time
		for i := range writesCompared {
			dst := Target(r.Intn(targets))
			n := int64(r.Intn(6000))
			now += sim.Time(r.Intn(4000)) * sim.Nanosecond
			var got, want [2]sim.Time
			got[0], got[1] = tree.Write(now, dst, n)
			want[0], want[1] = w.write(now, dst, n)
			check(about, i, got, want)
		}
	}
}

// offBy is the relative difference of two times.
func offBy(got, want sim.Time) float64 {
	return math.Abs(float64(got-want)) / float64(want)
}

func TestReadsOfOneTargetEqualTheTwinToThePicosecond(t *testing.T) {
	exact := func(about string, i int, got, want [2]sim.Time) {
		if got != want {
			t.Fatalf("%s: read %d: first, last %v, twin %v", about, i, got, want)
		}
	}
	compareReads(t, "ample tags, no read limit", func(r *sim.Rand, s *Spec, p *TargetSpec) int {
		s.PeerReadLimit, p.ReadLimit = 0, 0
		return 4096
	}, exact)
	compareReads(t, "tight tags", func(r *sim.Rand, s *Spec, _ *TargetSpec) int { return tighten(r, s) }, exact)
}

func TestReadsUnderRateLimitsAreWithinTwoRequestsOfTheTwin(t *testing.T) {
	var request sim.Time // the completions of one request on the slowest link
	compareReads(t, "read limits", func(r *sim.Rand, s *Spec, p *TargetSpec) int {
		slowest := min(effectiveRate(s.NICGen, s.NICLanes, 0), effectiveRate(s.GPUGen, s.GPULanes, 0))
		if s.Topology == TopologySwitch {
			slowest = min(slowest, effectiveRate(s.UplinkGen, s.UplinkLanes, 0))
		}
		request = slowest.Pace().Time(int64(s.MaxReadRequest + 20*(s.MaxReadRequest/s.CompletionSize)))
		return 4096
	}, func(about string, i int, got, want [2]sim.Time) {
		for k := range got {
			if off := got[k] - want[k]; max(off, -off) > 2*request {
				t.Fatalf("%s: read %d: first, last %v, twin %v", about, i, got, want)
			}
		}
	})
}

func TestReadsThroughLargeWindowsAreCloseToTheTwin(t *testing.T) {
	compareReads(t, "wide", func(r *sim.Rand, s *Spec, _ *TargetSpec) int { return widen(r, s) },
		func(about string, i int, got, want [2]sim.Time) {
			if off := offBy(got[1], want[1]); i == readsCompared-1 && off > farOff {
				t.Fatalf("%s: last %v, twin %v: %.2f %% off", about, got[1], want[1], 100*off)
			}
		})
}

// readsCompared is the length of the sequences that compareReads makes.
const readsCompared = 60

// compareReads gives the same random reads of one target to booking and twin and
// calls check with the arrival of the first and last completion that both say.
func compareReads(t *testing.T, name string, draw func(*sim.Rand, *Spec, *TargetSpec) int,
	check func(about string, i int, got, want [2]sim.Time)) {
	r := sim.NewRand(1, name)
	for range 300 {
		spec, peer := exactSpec(&r)
		outstanding := draw(&r, &spec, &peer)
		tree, err := New("test", &spec, outstanding, peer)
		if err != nil {
			t.Fatal(err)
		}
		w := newTwin(spec, peer, outstanding)
		src := Target(r.Intn(targets))
		about := fmt.Sprintf("%s: %v, %d tags, %s", name, src, outstanding, describe(&spec, &peer))
		var now sim.Time
		for i := range readsCompared {
			n := int64(r.Intn(6000))
			now += sim.Time(r.Intn(4000)) * sim.Nanosecond
			var got, want [2]sim.Time
			got[0], got[1] = tree.Read(now, src, n)
			want[0], want[1] = w.read(now, src, n)
			check(about, i, got, want)
		}
	}
}
