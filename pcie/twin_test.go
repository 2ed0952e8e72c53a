package pcie

import (
	"fmt"
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
}

// serve returns when a TLP of n bytes that is ready starts and ends.
func (s *twinStage) serve(ready sim.Time, n int64) (start, end sim.Time) {
	if s.rate == 0 {
		return ready, ready
	}
	start = max(ready, s.free)
	s.free = start + s.rate.Pace().Time(n)
	return start, s.free
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
				at, _ = w.peerWrites.serve(at, data)
			}
			o, c := &w.outs[t], &w.outCredits[t]
			_, at = o.serve(c.admit(&w.spec, max(at, o.free), units), data+24)
			w.nicCredits.release(at+l, units)
			at, _ = w.writes[t].serve(at+l, data)
			c.release(at+l, units)
		} else {
			at, _ = w.writes[t].serve(at, data)
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
					at, _ = w.peerReads.serve(at, data)
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

func TestWritesEqualTheTwinToThePicosecond(t *testing.T) {
	r := sim.NewRand(1, "pcie writes")
	for range 300 {
		spec, peer := exactSpec(&r)
		tree, err := New("test", &spec, 64, peer)
		if err != nil {
			t.Fatal(err)
		}
		w := newTwin(spec, peer, 64)
		var now sim.Time
		for i := range 100 {
			dst := Target(r.Intn(targets))
			n := int64(r.Intn(6000))
			now += sim.Time(r.Intn(4000)) * sim.Nanosecond
			sent, visible := tree.Write(now, dst, n)
			wantSent, wantVisible := w.write(now, dst, n)
			if sent != wantSent || visible != wantVisible {
				t.Fatalf("%s: write %d of %d bytes to %v at %v: sent %d visible %d, twin %d %d", describe(&spec, &peer),
					i, n, dst, now, sent, visible, wantSent, wantVisible)
			}
		}
	}
}

func TestReadsOfOneTargetEqualTheTwinToThePicosecond(t *testing.T) {
	r := sim.NewRand(1, "pcie reads")
	for range 300 {
		spec, peer := exactSpec(&r)
		tree, err := New("test", &spec, 4096, peer)
		if err != nil {
			t.Fatal(err)
		}
		w := newTwin(spec, peer, 4096)
		src := Target(r.Intn(targets))
		var now sim.Time
		for i := range 60 {
			n := int64(r.Intn(6000))
			now += sim.Time(r.Intn(4000)) * sim.Nanosecond
			first, last := tree.Read(now, src, n)
			wantFirst, wantLast := w.read(now, src, n)
			if first != wantFirst || last != wantLast {
				t.Fatalf("%s: read %d of %d bytes from %v at %v: %d to %d, twin %d to %d", describe(&spec, &peer),
					i, n, src, now, first, last, wantFirst, wantLast)
			}
		}
	}
}
