package host_test

import (
	"fmt"
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/sim"
)

func TestStoppedApplicationClosesTheWindow(t *testing.T) {
	w, s := ran(t, "fault-app-stopped")
	stalled(t, w, "app-stopped")
	h, c := w.Hosts[receiving], w.Conns[0]
	if got, want := pages(h, netgpu.RxRing), int64(s.Receiver.Netgpu.RxEntries); got != want {
		t.Errorf("%d pages in the rx ring, which has %d slots", got, want)
	}
	if c.Queued() == 0 || c.RxBlocked() == 0 {
		t.Errorf("%v: nothing waits behind the full ring (found full %d times)", c, c.RxBlocked())
	}
	if w.Stall.Since > s.Receiver.App.StopAfter+sim.Millisecond || w.Stall.Since < s.Receiver.App.StopAfter-sim.Millisecond {
		t.Errorf("nothing moves since %v, the application stopped at %v", w.Stall.Since, s.Receiver.App.StopAfter)
	}
	violations(t, h)
	conserved(t, w)
}

func TestStoppedSenderIsNamed(t *testing.T) {
	w, _ := ran(t, "rfc-base", "run.duration=2s", "run.stall_after=100ms", "sender.app.stop_after=5ms")
	stalled(t, w, "app-stopped")
	if c := w.Conns[0]; c.Received() != c.Written() || c.Written() == 0 {
		t.Errorf("%v: what was written before did not arrive", c)
	}
}

func TestBuffersThatAreKeptStarveTheQueue(t *testing.T) {
	w, s := ran(t, "fault-no-recycle", "run.stall_after=250ms")
	stalled(t, w, "fill-starved")
	h := w.Hosts[receiving]
	// All buffers but those of the bulk that cannot start are with the application.
	all := int64(s.Receiver.Netgpu.AreaSize / netgpu.PageSize)
	held := pages(h, netgpu.App) - (h.Ledger().Registered() - all) // its transmit buffer apart
	if held < all-7 || held > all {
		t.Errorf("the application holds %d of %d buffers", held, all)
	}
	if n := h.NICTotals(); n.RxOutOfBuffer == 0 {
		t.Error("no frame was dropped for want of a WQE")
	}
	violations(t, h)
	conserved(t, w)
}

// TestFullRxRingIsNotKickedAgain: what delivery finds no slot for waits for more
// data, although the application makes room at once (patch 10).
func TestFullRxRingIsNotKickedAgain(t *testing.T) {
	w, _ := ran(t, "fault-tiny-rx-ring", "run.stall_after=250ms", "receiver.app.batch=1")
	h, c := w.Hosts[receiving], w.Conns[0]
	stalled(t, w, "rx-ring-no-rekick")
	if ring := h.Whereabouts()[netgpu.RxRing]; c.Queued() == 0 || ring != 0 {
		t.Errorf("%v: %d pages in the rx ring; the ring should be empty and the queue not", c, ring)
	}
	if c.RxBlocked() == 0 {
		t.Error("the ring was never found full")
	}
	reported := false
	for _, v := range h.Violations() {
		reported = reported || v.Invariant == "progress"
	}
	if !reported {
		t.Error("the lost kick is not reported as a violation of progress")
	}
}

// TestRxRingOfAnySizeNeverOverflows: delivery stops at a full ring and goes on with
// the next data.
func TestRxRingOfAnySizeNeverOverflows(t *testing.T) {
	for _, entries := range []int{1, 2, 16, 128} {
		w, _ := ran(t, "rfc-base", fmt.Sprintf("receiver.netgpu.rx_entries=%d", entries), "run.warmup=0ns", "run.duration=20ms")
		for _, g := range w.RingUses(receiving) {
			if g.Name == "rx/0" && (g.Max > int64(entries) || g.Max == 0) {
				t.Errorf("a ring of %d slots held up to %d", entries, g.Max)
			}
		}
	}
}

func TestFewBuffersDropFramesAndLoseNone(t *testing.T) {
	w, _ := ran(t, "fault-fill-starved", "run.warmup=0ns", "run.duration=50ms")
	h := w.Hosts[receiving]
	n := h.NICTotals()
	if n.RxOutOfBuffer == 0 || n.RxOutOfBuffer == n.RxPackets {
		t.Errorf("of %d frames %d found no WQE", n.RxPackets, n.RxOutOfBuffer)
	}
	if w.Conns[0].Received() == 0 {
		t.Error("nothing was received")
	}
	if h.Spent(host.FnStarved) == 0 {
		t.Error("the driver never polled for buffers")
	}
	violations(t, h)
	conserved(t, w)
}

// TestSplitMeetsEveryHeader: the split is at byte 94, whatever is there.
func TestSplitMeetsEveryHeader(t *testing.T) {
	const vlan, ipv4, unpadded = "tcp.vlan=true", "tcp.ip_version=4", "tcp.pad_options=0"
	for _, c := range []struct {
		name, memory string
		sets         []string
		header       int
		stall        string
		flows        bool
		violated     []string
	}{
		{"plain", "host", nil, 94, "", true, nil},
		{"plain", "gpu", nil, 94, "", true, nil},
		// Header bytes in the page: the CPU can pull them from host memory.
		{"vlan", "host", []string{vlan}, 98, "", true, nil},
		{"vlan", "gpu", []string{vlan}, 98, "bad-hd-split", false, []string{"robustness"}},
		// Payload in the header buffer: the skb is not zero-copy.
		{"ipv4", "host", []string{ipv4}, 74, "non-zc-data", false, []string{"delivery"}},
		{"ipv4", "gpu", []string{ipv4}, 74, "non-zc-data", false, []string{"delivery"}},
		{"unpadded", "host", []string{unpadded}, 86, "non-zc-data", false, []string{"delivery"}},
		{"no timestamps", "gpu", []string{unpadded, "tcp.timestamps=false"}, 74, "non-zc-data", false, []string{"delivery"}},
		// Too much and too little cancel out: 4 bytes of tag, 20 less of IP, 16 more
		// of options than the padding needs.
		{"ipv4 padded to 40", "host", []string{ipv4, "tcp.pad_options=40"}, 94, "", true, nil},
	} {
		t.Run(c.name+"/"+c.memory, func(t *testing.T) {
			w, _ := ran(t, "rfc-base", append([]string{"run.warmup=0ns", "run.duration=1s", "run.stall_after=250ms",
				"receiver.netgpu.memory=" + c.memory, "sender.app.stop_after=3ms"}, c.sets...)...)
			h, conn := w.Hosts[receiving], w.Conns[0]
			n := h.NICTotals()
			data := h.Split
			switch {
			case c.header == 94 && data != host.SplitCounters{}:
				t.Errorf("headers of 94 bytes: %+v", data)
			case c.header < 94 && (data.PayloadInHeader == 0 || data.HeaderInPayload != 0):
				t.Errorf("headers of %d bytes: %+v", c.header, data)
			case c.header > 94 && (data.HeaderInPayload == 0 || data.PayloadInHeader != 0):
				t.Errorf("headers of %d bytes: %+v", c.header, data)
			}
			if dropsAll := c.stall == "bad-hd-split"; dropsAll != (data.Dropped > 0) || dropsAll && data.Dropped+n.RxOutOfBuffer != n.RxPackets {
				t.Errorf("%d of %d frames were dropped", data.Dropped, n.RxPackets)
			}
			if c.flows {
				stalled(t, w, "app-stopped") // the sender, as it was told
				if conn.Received() != conn.Written() || conn.Written() == 0 {
					t.Errorf("%v", conn)
				}
			} else {
				stalled(t, w, c.stall)
				if conn.Received() != 0 {
					t.Errorf("%v: received although no packet fits the split", conn)
				}
			}
			violations(t, h, c.violated...)
			conserved(t, w)
		})
	}
}

// TestSACKBlocksDoNotFitTheSplit: timestamps and one SACK block make 98 bytes of
// header; the sender's queue drops such ACKs where they reach into GPU memory.
func TestSACKBlocksDoNotFitTheSplit(t *testing.T) {
	lossy := []string{"run.warmup=0ns", "run.duration=30ms", "link.loss=1%"}
	w, _ := ran(t, "rfc-base", append(lossy, "sender.netgpu.memory=gpu")...)
	if s := w.Hosts[sending].Split; s.HeaderInPayload == 0 || s.Dropped != s.HeaderInPayload {
		t.Errorf("GPU memory: %+v, want all of those with header bytes in the page dropped", s)
	}
	w, _ = ran(t, "rfc-base", lossy...)
	if s := w.Hosts[sending].Split; s.HeaderInPayload == 0 || s.Dropped != 0 {
		t.Errorf("host memory: %+v, want none dropped", s)
	}
	w, _ = ran(t, "rfc-base", append(lossy, "flows.bulk.symmetric=false", "sender.netgpu.memory=gpu")...)
	if s := w.Hosts[sending].Split; s != (host.SplitCounters{}) {
		t.Errorf("ACKs on an ordinary queue: %+v", s)
	}
}

func TestSendsOfNothingAreNamed(t *testing.T) {
	w, _ := ran(t, "send-0", "run.stall_after=20ms", "run.duration=1s")
	stalled(t, w, "nothing-sent")
	if c := w.Conns[0]; c.Calls() == 0 || c.Written() != 0 {
		t.Errorf("%v after %d calls", c, c.Calls())
	}
	for i, wire := range w.Wires {
		if wire.Frames != 0 {
			t.Errorf("wire %d carried %d frames", i, wire.Frames)
		}
	}
}

// TestDropsAddUp: what was sent was received, lost on the link, or dropped for a
// cause that is counted.
func TestDropsAddUp(t *testing.T) {
	w, _ := ran(t, "rfc-base", "run.warmup=0ns", "run.duration=100ms", "flows.bulk.count=8",
		"link.loss=1%", "link.duplicate=1%", "receiver.app.fill_slots=64", "receiver.app.think_time=100us")
	wire, n := w.Wires[sending], w.Hosts[receiving].NICTotals()
	if wire.Lost == 0 || wire.Duplicated == 0 || n.RxOutOfBuffer == 0 {
		t.Fatalf("lost %d, duplicated %d, no WQE %d: the run shows nothing", wire.Lost, wire.Duplicated, n.RxOutOfBuffer)
	}
	within(t, "share of frames lost", float64(wire.Lost)/float64(wire.Frames), 0.01, 0.5)
	within(t, "share of frames duplicated", float64(wire.Duplicated)/float64(wire.Frames), 0.01, 0.5)
	conserved(t, w)
}

// TestFlowsThatShareASendQueueAllProgress: connections that find the send queue full
// go on when it has room again, whoever made it.
func TestFlowsThatShareASendQueueAllProgress(t *testing.T) {
	w, _ := ran(t, "rfc-base", "run.warmup=0ns", "run.duration=100ms", "nic.sq_entries=64", "nic.channels=1", "netgpu.queue=1", "flows.bulk.count=60", "run.stall_after=0")
	for _, c := range w.Conns {
		if c.Received() == 0 {
			t.Errorf("%v: nothing arrived in 100 ms", c)
		}
	}
}
