package tcp

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"netgpusim/sim"
)

// RFC 9438 figure 1: W(t) = C (t-K)^3 + Wmax with K = cbrt(Wmax (1-beta) / C), C = 0.4,
// beta = 0.7. The window after a loss must be on that curve at every time, whatever the
// round trip, or on the Reno estimate of section 4.3 where that is larger (there: the
// case of 500 segments and 20 ms).
func TestCUBICFollowsItsCurve(t *testing.T) {
	for _, rtt := range []sim.Time{20 * sim.Millisecond, 100 * sim.Millisecond} {
		for _, wmax := range []uint32{500, 2000, 20_000} {
			t.Run(fmt.Sprintf("%v, %d", rtt, wmax), func(t *testing.T) {
				c, s := cubicAfterLoss(wmax)
				w := &s.cwnd
				k := math.Cbrt(float64(wmax) * 0.3 / 0.4)
				worst := 0.0
				for now := sim.Time(0); now.Seconds() < 2*k; now += rtt {
					// A window's worth of ACKs, evenly over the round trip.
					acks := w.size
					for i := range acks {
						c.acked(s, now+rtt*sim.Time(i)/sim.Time(acks), 1)
					}
					at := (now + rtt).Seconds()
					want := 0.4*math.Pow(at-k, 3) + float64(wmax)
					want = max(want, 0.7*float64(wmax)+3*0.3/1.7*at/rtt.Seconds())
					worst = max(worst, math.Abs(float64(w.size)-want)/want)
				}
				if worst > 0.03 {
					t.Errorf("the window is up to %.1f %% off the curve", 100*worst)
				}
			})
		}
	}
}

// RFC 9438 section 4.3: where CUBIC's own curve is flat (small windows, short round
// trips), it grows like Reno with alpha = 3 (1-beta)/(1+beta) segments per round trip.
func TestCUBICIsFriendlyToReno(t *testing.T) {
	c, s := cubicAfterLoss(100)
	w := &s.cwnd
	const rtt, rounds = sim.Millisecond, 200
	for i := range rounds {
		for range w.size {
			c.acked(s, sim.Time(i)*rtt, 1)
		}
	}
	want := 70 + rounds*3*0.3/1.7
	if got := float64(w.size); math.Abs(got-want) > 0.1*want {
		t.Errorf("the window is %.0f, Reno's would be %.0f", got, want)
	}
}

// cubicAfterLoss is CUBIC and a sender whose window of so many segments has just been
// reduced.
func cubicAfterLoss(size uint32) (*cubic, *sender) {
	s := &sender{cwnd: cwnd{size: size, ssthresh: size}}
	c := newCubic(s, 0)
	s.cwnd.ssthresh = c.ssthresh(s)
	s.cwnd.set(s.cwnd.ssthresh)
	return c, s
}

func TestFastConvergenceGivesWay(t *testing.T) {
	c := &cubic{}
	s := &sender{cwnd: cwnd{size: 1000}}
	c.ssthresh(s)
	if c.lastMax != 1000 {
		t.Fatalf("after the first loss: %d", c.lastMax)
	}
	s.cwnd.size = 800 // lost again before it was back
	c.ssthresh(s)
	if want := uint32(800 * (1024 + 717) / 2048); c.lastMax != want {
		t.Errorf("plateau at %d, want %d", c.lastMax, want)
	}
}

func TestCubeRootIsExact(t *testing.T) {
	for _, x := range []uint64{0, 1, 7, 8, 9, 26, 27, 28, 1 << 20, 1<<63 - 1, math.MaxUint64} {
		checkCubeRoot(t, x)
	}
	r := sim.NewRand(1, "cube")
	for range 10_000 {
		checkCubeRoot(t, r.Uint64()>>uint(r.Intn(64)))
	}
}

func checkCubeRoot(t *testing.T, x uint64) {
	t.Helper()
	root := uint64(cubeRoot(x))
	const largest = 2642245 // the cube root of 2^64-1
	if root > largest || root*root*root > x || root < largest && (root+1)*(root+1)*(root+1) <= x {
		t.Fatalf("the cube root of %d is not %d", x, root)
	}
}

// The variance term is a floor of Linux's, not of RFC 6298: RTO = SRTT + max(4 RTTVAR,
// MinRTO).
func TestRTOFollowsTheRoundTrip(t *testing.T) {
	const floor = 200 * sim.Millisecond
	var r rttEstimator
	r.sample(100*sim.Millisecond, floor, 0, 1000)
	if r.srtt() != 100*sim.Millisecond || r.rto != 300*sim.Millisecond {
		t.Errorf("first sample: SRTT %v, RTO %v", r.srtt(), r.rto)
	}
	// RFC 6298 rule 2.3: 7/8 of the old, 1/8 of the new.
	r.sample(900*sim.Millisecond, floor, 0, 1000)
	if r.srtt() != 200*sim.Millisecond {
		t.Errorf("second sample: SRTT %v, want 200ms", r.srtt())
	}
	if want := 200*sim.Millisecond + (3*50+800)*sim.Millisecond; r.rto != want {
		t.Errorf("second sample: RTO %v, want %v", r.rto, want)
	}
	for i := range uint64(200) {
		r.sample(40*sim.Microsecond, floor, 2000*i, 2000*i+1000)
	}
	if r.rto < floor || r.rto > floor+sim.Millisecond {
		t.Errorf("a steady round trip of 40us: RTO %v, want a little over %v", r.rto, floor)
	}
}

// A snapshot in the middle of a lossy transfer, restored into fresh endpoints, goes on
// exactly as the original does.
func TestRestoredEndpointGoesOnTheSame(t *testing.T) {
	for _, cc := range CongestionControls {
		t.Run(cc, func(t *testing.T) { testRestored(t, cc) })
	}
}

func testRestored(t *testing.T, cc string) {
	const total = 3 << 20
	start := func() *network {
		spec := testSpec()
		spec.Congestion, spec.ECN = cc, 1
		n := newNetwork(t, spec, 1500, 9, wire{rate: 10 * sim.Gbps, delay: 50 * sim.Microsecond, loss: 0.02, ce: 0.02, late: 0.02, lateBy: sim.Millisecond}, lan())
		n.write(0, total)
		n.run(3 * sim.Millisecond)
		return n
	}
	straight, other := start(), start()
	var state, again bytes.Buffer
	if err := sim.Save(&state, straight.side[0].ep, straight.side[1].ep); err != nil {
		t.Fatal(err)
	}
	for i := range other.side {
		ep, err := New(other.side[i].ep.spec, other.side[i].ep.cfg)
		if err != nil {
			t.Fatal(err)
		}
		other.side[i].ep = ep
	}
	if err := sim.Restore(bytes.NewReader(state.Bytes()), other.side[0].ep, other.side[1].ep); err != nil {
		t.Fatal(err)
	}
	if err := sim.Save(&again, other.side[0].ep, other.side[1].ep); err != nil || !bytes.Equal(state.Bytes(), again.Bytes()) {
		t.Fatalf("saving what was restored gives something else (%v)", err)
	}
	log := [2][]Segment{}
	for i, n := range []*network{straight, other} {
		n.trace = func(_ int, _ sim.Time, seg *Segment) { log[i] = append(log[i], *seg) }
		n.run(100 * sim.Second)
		if n.side[1].received != total {
			t.Fatalf("network %d delivered %d bytes", i, n.side[1].received)
		}
	}
	if len(log[0]) != len(log[1]) {
		t.Fatalf("%d and %d segments were sent", len(log[0]), len(log[1]))
	}
	for i := range log[0] {
		if log[0][i] != log[1][i] {
			t.Fatalf("segment %d: %+v and %+v", i, log[0][i], log[1][i])
		}
	}
}

// A receiver that stops reading closes its window; when it goes on, so does the
// transfer, even if the ACK that opens the window is lost.
func TestTransferSurvivesAClosedWindow(t *testing.T) {
	const total = 8 << 20
	for _, updateLost := range []bool{false, true} {
		dropping := false
		back := lan()
		back.drop = func(int64, *Segment) bool { return dropping }
		n := newNetwork(t, testSpec(), 1500, 1, lan(), back)
		n.verify = true
		n.write(0, total)
		n.side[1].paused = true
		n.run(sim.Second)
		if got := n.side[1].received; got == 0 || got > uint64(testSpec().ReceiveBuffer)/2 {
			t.Fatalf("%d bytes arrived while nobody read", got)
		}
		if st := n.side[0].ep.Stats(); st.PeerWindow != 0 || st.ZeroProbes == 0 || st.RwndLimited < 0.9 {
			t.Fatalf("the sender does not wait for the window: %+v", st)
		}
		n.side[1].paused = false
		dropping = updateLost
		n.schedule(1)
		n.turn(1)
		dropping = false
		n.run(10 * sim.Second)
		if n.side[1].received != total {
			t.Errorf("update lost %v: %d of %d bytes", updateLost, n.side[1].received, total)
		}
	}
}

// The shares of time name what really held the sender back.
func TestStatsNameWhatLimits(t *testing.T) {
	for _, test := range []struct {
		name  string
		share func(Stats) float64
		setup func(spec *Spec, out *wire) (readRate sim.Bandwidth, chunkEvery sim.Time)
	}{
		{"window", func(s Stats) float64 { return s.RwndLimited }, func(spec *Spec, out *wire) (sim.Bandwidth, sim.Time) {
			return sim.Gbps, 0
		}},
		{"congestion", func(s Stats) float64 { return s.CwndLimited }, func(spec *Spec, out *wire) (sim.Bandwidth, sim.Time) {
			out.loss = 0.01
			return 0, 0
		}},
		{"application", func(s Stats) float64 { return s.AppLimited }, func(spec *Spec, out *wire) (sim.Bandwidth, sim.Time) {
			return 0, sim.Millisecond
		}},
		{"send buffer", func(s Stats) float64 { return s.BufferLimited }, func(spec *Spec, out *wire) (sim.Bandwidth, sim.Time) {
			spec.SendBuffer = 16 * sim.KiB
			return 0, 0
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, out := testSpec(), lan()
			rate, every := test.setup(spec, &out)
			n := newNetwork(t, spec, 1500, 1, out, lan())
			n.side[1].readRate = rate
			if every == 0 {
				n.write(0, 1<<40)
			}
			for n.now < 50*sim.Millisecond {
				if every > 0 {
					n.write(0, 100_000)
				}
				if n.now == 10*sim.Millisecond {
					n.side[0].ep.RestartStats(n.now)
				}
				n.run(n.now + sim.Millisecond)
			}
			st := n.side[0].ep.Stats()
			if got := test.share(st); got < 0.6 || got > 1 {
				t.Errorf("share %.2f: %+v", got, st)
			}
			if sum := st.RwndLimited + st.CwndLimited + st.AppLimited + st.BufferLimited + st.HostLimited; sum > 1.000001 {
				t.Errorf("shares add up to %v", sum)
			}
		})
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	for _, cc := range CongestionControls {
		t.Run(cc, func(t *testing.T) { testNoAllocation(t, cc) })
	}
}

func testNoAllocation(t *testing.T, cc string) {
	spec := testSpec()
	spec.Congestion, spec.ECN = cc, 1
	n := newNetwork(t, spec, 1500, 1, lan(), lan())
	n.write(0, 1<<40)
	n.run(50 * sim.Millisecond)
	tx, rx := n.side[0].ep, n.side[1].ep
	var seg, ack Segment
	now := n.now
	allocs := testing.AllocsPerRun(1000, func() {
		now += 100 * sim.Microsecond
		tx.Write(now, 128<<10, 4096)
		for {
			if _, ok := tx.Output(now, &seg); !ok {
				break
			}
			tx.Sent(now, int(seg.Len))
			deliver(rx, now, &seg)
		}
		for {
			if _, ok := rx.Output(now, &ack); !ok {
				break
			}
			tx.Input(now, &ack)
		}
		tx.Stats()
	})
	if allocs != 0 {
		t.Errorf("%v allocations per turn", allocs)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for _, test := range []struct {
		cfg Config
		ip  int
		ok  bool
	}{
		{Config{MTU: 1500}, 6, true},
		{Config{MTU: 108}, 6, true},
		{Config{MTU: 107}, 6, false},
		{Config{MTU: 88}, 4, true},
		{Config{MTU: 87}, 4, false},
		{Config{MTU: 65535}, 6, true},
		{Config{MTU: 65536}, 6, false},
		{Config{MTU: -1}, 6, false},
		{Config{MTU: 1500, PeerWindow: 65536}, 6, false},
		{Config{MTU: 1500, PeerWindow: -1}, 6, false},
	} {
		spec := testSpec()
		spec.IPVersion = test.ip
		if _, err := New(spec, test.cfg); (err == nil) != test.ok {
			t.Errorf("IPv%d, %+v: %v", test.ip, test.cfg, err)
		}
	}
}
