package pcie

import (
	"math"
	"testing"

	"netgpusim/sim"
)

// saturate runs writes up and reads down, all at once, and returns the payload rates
// in Gbit/s of both directions of the NIC's link.
func saturate(tb testing.TB, s *Spec, o ExactOptions, writes, reads int) (up, down float64) {
	tb.Helper()
	engine := sim.NewEngine()
	x, err := NewExact(engine, "test", s, 256, testPeer, o)
	if err != nil {
		tb.Fatal(err)
	}
	const size = 4096
	for i := range max(writes, reads) {
		if i < writes {
			_, err = x.Submit(sim.Time(i)*500*sim.Nanosecond, Request{From: AtNIC, To: AtHost, Address: int64(i) * size, Bytes: size})
		}
		if err == nil && i < reads {
			_, err = x.Submit(sim.Time(i)*500*sim.Nanosecond, Request{From: AtNIC, To: AtHost, Kind: ReadRequest, Address: int64(i) * size, Bytes: size})
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	const from, until = 50 * sim.Microsecond, 250 * sim.Microsecond
	engine.Run(from)
	before := x.Links(engine.Now())[0]
	engine.Run(until)
	after := x.Links(engine.Now())[0]
	rate := func(b, a DirectionReport) float64 {
		return float64(8*(a.PayloadBytes-b.PayloadBytes)) / (until - from).Seconds() / 1e9
	}
	return rate(before.Up, after.Up), rate(before.Down, after.Down)
}

func TestTheExactEngineHasTheEfficiencyOfTheFormula(t *testing.T) {
	for _, mps := range []sim.Bytes{128, 256, 512} {
		s := rootSpec()
		s.NICLanes, s.MaxPayload = 8, mps
		s.CompletionSize = min(256, mps)
		up, _ := saturate(t, &s, ExactOptions{}, 600, 0)
		if want := efficiency(rawRate(3, 8), s.DLLPTax, 4096, int64(mps), 24); math.Abs(up/want-1) > 0.002 {
			t.Errorf("MPS %d: writes %.3f Gbit/s, formula %.3f", mps, up, want)
		}
		_, down := saturate(t, &s, ExactOptions{}, 0, 600)
		if want := efficiency(rawRate(3, 8), s.DLLPTax, 4096, int64(s.CompletionSize), 20); math.Abs(down/want-1) > 0.002 {
			t.Errorf("completions of %d: reads %.3f Gbit/s, formula %.3f", s.CompletionSize, down, want)
		}
	}
}

// What DLLPs and SKP take of a direction, sent by the timers of the specification:
// less than the tax that measurements show, because one DLLP answers many TLPs and
// those for a stream go the other way.
func TestExplicitDLLPsTakeLessThanTheMeasuredTax(t *testing.T) {
	s := rootSpec()
	s.NICLanes = 8
	for _, c := range []struct {
		name      string
		reads     int
		low, high float64
	}{
		{"writes alone", 0, 0.002, 0.004}, // SKP: 1/371
		{"writes and reads", 600, 0.004, 0.03},
	} {
		up, down := saturate(t, &s, ExactOptions{ExplicitDLLPs: true}, 600, c.reads)
		// TLPs: 280 bytes per 256 of data, and a request of 24 for every 512 read.
		tlps := up*280/256 + down*24/512
		tax := 1 - tlps/rawRate(3, 8).Gbps()
		t.Logf("%s: %.2f Gbit/s up, %.2f down: DLLPs and SKP take %.2f %%", c.name, up, down, 100*tax)
		if tax < c.low || tax > c.high {
			t.Errorf("%s: %.2f %% of the rate are gone, want %.1f to %.1f %%", c.name, 100*tax, 100*c.low, 100*c.high)
		}
	}
}

func TestDLLPTimersAreThoseOfTheSpecification(t *testing.T) {
	for lanes, want := range map[int]sim.Time{8: 203 * sim.Nanosecond, 16: 168 * sim.Nanosecond} {
		s := rootSpec()
		s.NICLanes = lanes
		x, err := NewExact(sim.NewEngine(), "test", &s, 64, testPeer, ExactOptions{ExplicitDLLPs: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.latencyLimit(nicUp); got != want { // a symbol is 1 ns at 8 GT/s
			t.Errorf("x%d: %v, want %v", lanes, got, want)
		}
	}
}
