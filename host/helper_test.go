package host_test

import (
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/scenarios"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// scenario loads a built-in with settings on top. Interrupt moderation stands still,
// so that a run has a closed form; dim_test.go moves it.
func scenario(t testing.TB, name string, sets ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name, append([]string{"nic.rx_dim=false", "nic.tx_dim=false"}, sets...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world builds the world of a scenario, as a prediction does.
func world(t testing.TB, s *scenarios.Scenario) *host.World {
	t.Helper()
	w, err := host.NewWorld(&host.Config{
		Sender: &s.Sender, Receiver: &s.Receiver, Link: &s.Link, Flows: s.Flows, Seed: s.Seed,
		Warmup: s.Run.Warmup, Duration: s.Run.Duration, Batches: s.Run.Batches, StallAfter: s.Run.StallAfter,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ran builds and runs a scenario to its end.
func ran(t testing.TB, name string, sets ...string) (*host.World, *scenarios.Scenario) {
	t.Helper()
	s := scenario(t, name, sets...)
	w := world(t, s)
	for !w.Run(w.End()) {
	}
	return w, s
}

const (
	sending   = 0 // indices into World.Hosts
	receiving = 1
)

// goodput is what the applications took since the warm-up, in Gbit/s.
func goodput(w *host.World) float64 {
	var bytes int64
	for i := range w.Conns {
		bytes += w.ConnUse(i).Received
	}
	return float64(bytes) * 8 / w.Span().Seconds() / 1e9
}

// lineRate is what a saturated link carries of payload, in Gbit/s: the share of
// the MSS in a frame with preamble and gap.
func lineRate(s *scenarios.Scenario) float64 {
	spec := &s.Sender.TCP
	mss := tcp.MSS(spec, s.Sender.NIC.MTU)
	frame := tcp.HeaderLen(spec) + tcp.OptionLen(spec, 0) + mss
	return s.Link.Rate.Gbps() * float64(mss) / float64(tcp.WireBytes(int64(frame)))
}

// within checks a figure against what a closed form says, to a relative tolerance.
func within(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if got < want*(1-tolerance) || got > want*(1+tolerance) {
		t.Errorf("%s is %.6g, should be %.6g within %.2g %%", what, got, want, 100*tolerance)
	}
}

// free sets every cost of the processors to zero, so that a test can add the one
// that it is about.
func free(hosts ...string) []string {
	costs := []string{
		"rx_cqe", "rx_skb", "rx_misses", "rx_header_page", "page_refill", "page_pool", "gro_merge",
		"tcp_receive", "tcp_ack", "deliver", "ack_transmit", "wakeup", "interrupt", "napi_poll", "napi_complete",
		"poll", "app_iovec", "recv_call", "send_call", "send_page", "send_skb", "tcp_transmit", "nic_transmit",
		"nic_segment", "doorbell", "tx_cqe", "tx_fragment", "wake_latency",
	}
	var sets []string
	for _, h := range hosts {
		for _, c := range costs {
			sets = append(sets, h+".cpu."+c+"=0ns")
		}
		sets = append(sets, h+".cpu.copy_rate=10Tbps")
	}
	return sets
}

// pages is the ledger's count of a host's pages in one place.
func pages(h *host.Host, at netgpu.Place) int64 { return h.Ledger().Counts()[at] }

// violations fails the test unless a host's violations are exactly those named, in
// the order in which they first occurred.
func violations(t testing.TB, h *host.Host, invariants ...string) {
	t.Helper()
	vs := h.Violations()
	for i, v := range vs {
		if i >= len(invariants) || v.Invariant != invariants[i] {
			t.Errorf("%s: violation of %s: %s (%d times)", h.Name, v.Invariant, v.What, v.Count)
		}
	}
	if len(vs) < len(invariants) {
		t.Errorf("%s: %d violations, want %v", h.Name, len(vs), invariants)
	}
}

// stalled fails the test unless the run has ended for this cause.
func stalled(t testing.TB, w *host.World, cause string) {
	t.Helper()
	switch {
	case w.Stall == nil:
		t.Errorf("the run did not stall; want %s", cause)
	case w.Stall.Cause != cause:
		t.Errorf("stalled for %s (%s), want %s", w.Stall.Cause, w.Stall.What, cause)
	}
}

// steps runs a world to a time in steps of random length and calls check between
// them.
func steps(w *host.World, until sim.Time, r *sim.Rand, mean sim.Time, check func()) {
	for w.Engine().Now() < until {
		next := w.Engine().Now() + sim.Time(r.Uint64()%uint64(2*mean)) + 1
		done := w.Run(min(next, until))
		check()
		if done {
			return
		}
	}
}
