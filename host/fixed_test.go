package host_test

import (
	"fmt"
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/sim"
)

// The variant fixed: what the driver's, TCP's and the application's part of the
// repairs promise.

const fixed = "netgpu.variant=fixed"

// sane fails the test if a host of the variant fixed has broken an invariant, apart
// from the one that no repair is about: the CPU cannot parse a header in GPU memory.
func sane(t *testing.T, w *host.World) {
	t.Helper()
	for _, h := range w.Hosts {
		for _, v := range h.Ledger().Violations() {
			if v.Cause != netgpu.CPUTouchedGPU {
				t.Errorf("%s: %v (%d times)", h.Name, v.What, v.Count)
			}
		}
		if n := len(h.Violations()) - len(h.Ledger().Violations()); n > 0 {
			t.Errorf("%s: the application got wrong bytes on %d sockets", h.Name, n)
		}
	}
}

// TestRepairedWorldsKeepEveryInvariant is the random worlds of
// TestPagesFramesAndBytesAreConservedAtAnyTime with all repairs: none of them may
// meet a fault of the RFC, whatever its rings, buffers and links.
func TestRepairedWorldsKeepEveryInvariant(t *testing.T) {
	seeds := 60
	if testing.Short() {
		seeds = 10
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := sim.NewRand(seed, "repaired")
			sets := []string{fixed, "app.modify=true",
				"app.send_buffers=" + []string{"1", "2", "7"}[r.Intn(3)],
				"app.overfill=" + []string{"false", "true"}[r.Intn(2)],
				"netgpu.fill_entries=" + []string{"128", "512", "10240"}[r.Intn(3)]}
			w := world(t, random(t, seed, sets...))
			steps(w, w.End(), &r, 50*sim.Microsecond, func() {
				conserved(t, w)
				sane(t, w)
				if t.Failed() {
					t.Fatalf("at %v", w.Engine().Now())
				}
			})
		})
	}
}

// TestRepairedDeliveryLosesNoWakeUp: through the smallest rings, on one core or two,
// with a batch that empties the ring and one that does not, an application that polls
// gets every byte, and every page comes back.
func TestRepairedDeliveryLosesNoWakeUp(t *testing.T) {
	for _, entries := range []int{1, 2, 4, 64} {
		for _, batch := range []int{1, 32} {
			for _, core := range []int{0, 1} {
				for _, think := range []string{"0ns", "3us"} {
					name := fmt.Sprintf("ring %d, batch %d, core %d, think %s", entries, batch, core, think)
					w, _ := ran(t, "rfc-base", fixed, "run.warmup=0ns", "run.duration=1s", "run.stall_after=0", "app.send_buffers=8",
						fmt.Sprint("receiver.netgpu.rx_entries=", entries), fmt.Sprint("app.batch=", batch), fmt.Sprint("cpu.app_core=", core),
						"receiver.app.think_time="+think, "sender.app.stop_after=2ms", "link.loss=0.1%", "link.reorder=0.5%", "link.reorder_delay=20us")
					c := w.Conns[0]
					if c.Written() == 0 || c.Received() != c.Written() {
						t.Errorf("%s: %v", name, c)
					}
					if entries < 64 && c.RxBlocked() == 0 {
						t.Errorf("%s: the ring was never full", name)
					}
					sane(t, w)
					conserved(t, w)
					if n := w.Hosts[receiving].SKBsInUse(); n != 0 {
						t.Errorf("%s: %d skbs are not freed", name, n)
					}
				}
			}
		}
	}
}

// TestRepairedBatchesKeepTheirSlots: until a batch has been read, its slots count as
// occupied; so a slow reader's ring is full, and nothing in it is overwritten.
func TestRepairedBatchesKeepTheirSlots(t *testing.T) {
	slow := []string{"receiver.netgpu.rx_entries=32", "receiver.app.think_time=300us", "link.rate=1Gbps", "run.warmup=1ms", "run.duration=50ms"}
	w, _ := ran(t, "rfc-base", append(slow, fixed, "app.send_buffers=8")...)
	sane(t, w)
	for _, g := range w.RingUses(receiving) {
		if g.Name == "rx/0" && (g.Max != 32 || g.Full == 0) {
			t.Errorf("the rx ring held up to %d and was full for %v", g.Max, g.Full)
		}
	}
	if w, _ = ran(t, "rfc-base", slow...); len(w.Hosts[receiving].Violations()) == 0 {
		t.Error("without the repair nothing is overwritten: the run shows nothing")
	}
}

// TestGoodputIsBuffersPerCompletionTime: a sender that waits for completions has all
// its buffers with the kernel (Little's law), and on a long link the time until a
// completion is the round trip and the time on the wire.
func TestGoodputIsBuffersPerCompletionTime(t *testing.T) {
	const delay = 500 * sim.Microsecond
	const size = 32 * 1420 // whole segments: Nagle's rule holds nothing back
	for _, buffers := range []int{1, 2, 4, 8} {
		w, s := ran(t, "rfc-base", fixed, "run.warmup=20ms", "run.duration=200ms", "tcp.congestion=reno", fmt.Sprint("link.delay=", int64(delay/sim.Nanosecond), "ns"),
			fmt.Sprint("app.send_buffers=", buffers), fmt.Sprint("app.send_size=", size))
		u := w.ConnUse(0)
		bits := float64(8 * size * buffers)
		within(t, fmt.Sprint("goodput by completion time, buffers: ", buffers), goodput(w)*1e9, bits/u.CompletionTime.Seconds(), 0.02)
		onWire := s.Link.Rate.Pace().Time(int64(size * 1538 / 1420))
		within(t, fmt.Sprint("completion time, buffers: ", buffers), u.CompletionTime.Seconds(), (2*delay + onWire).Seconds(), 0.12) // interrupts are moderated
		if u.CompletionLimited < 0.85 || u.Completions == 0 {
			t.Errorf("buffers %d: waited for completions for %.3f of the time", buffers, u.CompletionLimited)
		}
		sane(t, w)
	}
}

// TestFullCompletionRingHoldsTheSenderBack: a send without room for its completion is
// refused (EAGAIN), and the sender waits as for a buffer.
func TestFullCompletionRingHoldsTheSenderBack(t *testing.T) {
	received := func(entries, buffers int) int64 {
		w, _ := ran(t, "rfc-base", fixed, "run.warmup=0ns", "run.duration=30ms", "link.delay=100us",
			fmt.Sprint("sender.netgpu.rx_entries=", entries), fmt.Sprint("app.send_buffers=", buffers))
		sane(t, w)
		return w.Conns[0].Received()
	}
	two := received(1024, 2)
	if got := received(2, 8); got != two {
		t.Errorf("8 buffers and a completion ring of 2: %d bytes; 2 buffers: %d", got, two)
	}
	if got := received(1024, 8); got < 2*two {
		t.Errorf("8 buffers and room for their completions: %d bytes, 2 buffers: %d", got, two)
	}
}

// TestChangingABufferIsAViolationOnlyWithoutCompletions.
func TestChangingABufferIsAViolationOnlyWithoutCompletions(t *testing.T) {
	for _, c := range []struct {
		sets []string
		want []string
	}{
		{nil, nil},
		{[]string{"app.modify=true"}, []string{"tx-stability"}},
		{[]string{"app.modify=true", "app.send_buffers=8"}, []string{"tx-stability"}},
		{[]string{"app.modify=true", fixed}, nil},
		{[]string{"app.modify=true", "app.send_buffers=8", fixed}, nil},
		{[]string{"app.modify=true", "app.send_buffers=3", "app.send_size=5000", fixed, "link.loss=1%"}, nil},
	} {
		w, _ := ran(t, "rfc-base", append(c.sets, "run.warmup=0ns", "run.duration=20ms")...)
		if w.Conns[0].Received() == 0 {
			t.Errorf("%v: nothing arrived", c.sets)
		}
		violations(t, w.Hosts[sending], c.want...)
	}
}

// TestRefusedDataEndsTheConnection: both ends learn of it, also if resets are lost,
// and everything that they hold for it comes back.
func TestRefusedDataEndsTheConnection(t *testing.T) {
	for _, sets := range [][]string{
		nil,
		{"flows.bulk.count=5"},
		{"netgpu.memory=gpu", "flows.bulk.tx=copy"},
		{"flows.bulk.count=9", "link.loss=30%", "link.reorder=10%", "link.reorder_delay=50us", "link.duplicate=5%"},
	} {
		w, _ := ran(t, "rfc-base", append([]string{fixed, "tcp.pad_options=0", "app.send_buffers=2", "run.warmup=0ns", "run.duration=20s", "run.stall_after=0"}, sets...)...)
		for _, c := range w.Conns {
			if !c.Ended() || c.Error() != "EFAULT: payload in the header buffer" {
				t.Errorf("%v: %v: both ends ended: %v, error %q", sets, c, c.Ended(), c.Error())
			}
			if n := c.HeldFragments(); n != 0 || c.Queued() != 0 {
				t.Errorf("%v: %v: TCP holds %d fragments", sets, c, n)
			}
		}
		sane(t, w)
		conserved(t, w)
		for _, h := range w.Hosts {
			if n := h.TxReferences(); n != 0 || h.SKBsInUse() != 0 {
				t.Errorf("%v: %s has %d transmit references and %d skbs", sets, h.Name, n, h.SKBsInUse())
			}
		}
	}
	w, _ := ran(t, "fixed-unpadded", "run.stall_after=100ms")
	stalled(t, w, "connection-ended")
}

// TestOneRefusedConnectionLeavesTheOthersAlone: one host has senders of both kinds.
func TestOneRefusedConnectionLeavesTheOthersAlone(t *testing.T) {
	s := scenario(t, "rfc-base", fixed, "receiver.tcp.pad_options=0", "flows.bulk.count=2", "app.send_buffers=4",
		"run.warmup=0ns", "run.duration=20ms")
	s.Flows[0].Count = 1
	s.Flows = append(s.Flows, s.Flows[0])
	s.Flows[1].Name, s.Flows[1].Reverse = "unpadded", true
	w := world(t, s)
	w.Run(w.End())
	if c := w.Conns[0]; c.Error() != "" || c.Received() == 0 {
		t.Errorf("%v: %q", c, c.Error())
	}
	if c := w.Conns[1]; c.Error() == "" || c.Received() != 0 {
		t.Errorf("%v: %q", c, c.Error())
	}
	sane(t, w)
	conserved(t, w)
}

// TestBuffersBeyondTheFillRing: without the check the application dies of the first
// one; with it they are kept and all of them get their turn.
func TestBuffersBeyondTheFillRing(t *testing.T) {
	over := []string{"receiver.netgpu.fill_entries=64", "receiver.app.overfill=true", "run.warmup=0ns", "run.duration=1s", "run.stall_after=50ms"}
	w, _ := ran(t, "rfc-base", over...)
	stalled(t, w, "app-crashed")
	violations(t, w.Hosts[receiving], "robustness")
	if n := w.Hosts[receiving].Ledger().Lost(); n != 1 {
		t.Errorf("%d pages lost, want the one that was not written anywhere", n)
	}

	s := scenario(t, "rfc-base", append(over, fixed, "app.send_buffers=8", "run.duration=20ms")...)
	w = world(t, s)
	r := sim.NewRand(1, "steps")
	steps(w, w.End(), &r, 100*sim.Microsecond, func() { conserved(t, w) })
	sane(t, w)
	within(t, "goodput", goodput(w), lineRate(s), 0.05)
	if posted := pages(w.Hosts[receiving], netgpu.WQE); posted < 512 {
		t.Errorf("%d pages are posted to the NIC: the kept buffers do not reach a ring of 64", posted)
	}
}

// TestRepairsCostTheReceiverNothing: goodput and the receiver's share of its core are
// those of rfc-v2 as long as the sender does not wait for completions.
func TestRepairsCostTheReceiverNothing(t *testing.T) {
	short := []string{"run.warmup=5ms", "run.duration=20ms"}
	v2, _ := ran(t, "rfc-v2-gpu-rx", short...)
	repaired, _ := ran(t, "rfc-v2-gpu-rx", append(short, "receiver."+fixed)...)
	within(t, "goodput", goodput(repaired), goodput(v2), 0.001)
	within(t, "core time", float64(repaired.CoreBusy(receiving, 0)), float64(v2.CoreBusy(receiving, 0)), 0.005)
}
