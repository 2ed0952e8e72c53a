package host_test

import (
	"testing"

	"netgpusim/sim"
)

// TestNoCoreIsBusyForLongerThanThereIsTime: of an item that the end of the run cuts
// off only the part before it counts.
func TestNoCoreIsBusyForLongerThanThereIsTime(t *testing.T) {
	for _, think := range []string{"0ns", "1ms", "50ms"} {
		w, _ := ran(t, "rfc-base", "run.warmup=1ms", "run.duration=10ms", "receiver.app.think_time="+think)
		for i, h := range w.Hosts {
			for _, u := range w.CoreUses(i) {
				if u.Busy > w.Span() || u.Busy < 0 {
					t.Errorf("think time %s: core %d of the %s was busy for %v of %v", think, u.Index, h.Name, u.Busy, w.Span())
				}
			}
		}
	}
}

// TestNoWireIsBusyForLongerThanThereIsTime: what the NIC has booked ahead of the wire
// does not count yet.
func TestNoWireIsBusyForLongerThanThereIsTime(t *testing.T) {
	for _, rate := range []string{"1Gbps", "25Gbps"} {
		for _, warmup := range []string{"0ns", "1ms"} {
			w, s := ran(t, "rfc-base", "run.warmup="+warmup, "run.duration=5ms", "link.rate="+rate)
			for i := range w.Wires {
				traffic := w.WireTraffic(i)
				if traffic.Busy < 0 || traffic.Busy > w.Span() {
					t.Errorf("%s, warm-up %s: wire %d was busy for %v of %v", rate, warmup, i, traffic.Busy, w.Span())
				}
			}
			// Of all that was sent, the rest is ahead.
			if wire := w.Wires[sending]; warmup == "0ns" {
				ahead := max(wire.FreeAt()-w.Engine().Now(), 0)
				busy := w.WireTraffic(sending).Busy + ahead
				within(t, rate+": busy time", busy.Seconds(), s.Link.Rate.Pace().Time(wire.Bytes).Seconds(), 1e-6)
			}
		}
	}
}

// TestMeasurementLeavesTheWarmUpOut compares what is measured over the second half
// of a run with the difference of totals.
func TestMeasurementLeavesTheWarmUpOut(t *testing.T) {
	w := world(t, scenario(t, "rfc-base", "run.warmup=5ms", "run.duration=5ms", "link.loss=0.1%"))
	w.Run(5 * sim.Millisecond)
	received, frames, nic := w.Conns[0].Received(), w.Wires[sending].Frames, w.Hosts[receiving].NICTotals()
	w.Run(w.End())
	u, n := w.ConnUse(0), w.NICCounters(receiving)
	if want := w.Conns[0].Received() - received; u.Received != want || want == 0 {
		t.Errorf("received %d since the warm-up, should be %d", u.Received, want)
	}
	if want := w.Wires[sending].Frames - frames; w.WireTraffic(sending).Frames != want {
		t.Errorf("%d frames since the warm-up, should be %d", w.WireTraffic(sending).Frames, want)
	}
	if want := w.Hosts[receiving].NICTotals().RxPackets - nic.RxPackets; n.RxPackets != want {
		t.Errorf("%d packets since the warm-up, should be %d", n.RxPackets, want)
	}
	if w.Span() != 5*sim.Millisecond {
		t.Errorf("measured for %v", w.Span())
	}
	if got, want := w.Batches.Mean(), goodput(w); got < 0.999*want || got > 1.001*want {
		t.Errorf("the batches' mean is %g Gbit/s, goodput %g", got, want)
	}
}

// TestViolationsCarryTheirTime: a report that says when is worth more.
func TestViolationsCarryTheirTime(t *testing.T) {
	w, _ := ran(t, "rfc-base", "tcp.ip_version=4", "run.warmup=0ns", "run.duration=20ms")
	vs := w.Hosts[receiving].Violations()
	if len(vs) == 0 {
		t.Fatal("payload in the header buffer is not reported")
	}
	for _, v := range vs {
		if v.At < 100*sim.Microsecond || v.At > w.Engine().Now() {
			t.Errorf("%s: at %v, before anything was sent or after the end", v.What, v.At)
		}
	}
}
