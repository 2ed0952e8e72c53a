package host_test

import (
	"fmt"
	"slices"
	"testing"

	"netgpusim/sim"
)

// short is a run that reaches its steady state and is measured over hundreds of
// round trips.
var short = []string{"run.warmup=5ms", "run.duration=20ms"}

// join puts lists of settings together.
func join(lists ...[]string) []string { return slices.Concat(lists...) }

// costless is a pair of hosts whose processors take no time, with an rx ring that
// holds any window, and interrupts that come soon after a completion: what is left
// is what the test sets.
func costless(sets ...string) []string {
	return join(short, free("sender", "receiver"),
		[]string{"netgpu.rx_entries=131072", "nic.rx_coalesce_mode=eqe"}, sets)
}

func TestSaturatedLinkCarriesTheMSSShareOfItsRate(t *testing.T) {
	for _, rate := range []string{"1Gbps", "10Gbps", "25Gbps", "100Gbps"} {
		for _, mtu := range []int{576, 1500, 2048, 4096, 9000} {
			for _, memory := range []string{"host", "gpu"} {
				t.Run(fmt.Sprintf("%s/%d/%s", rate, mtu, memory), func(t *testing.T) {
					w, s := ran(t, "rfc-base", costless("pcie.nic_gen=5", "pcie.gpu_gen=5", "pcie.uplink_gen=5", "link.rate="+rate, fmt.Sprintf("nic.mtu=%d", mtu), "netgpu.memory="+memory)...)
					within(t, "goodput", goodput(w), lineRate(s), 0.005)
				})
			}
		}
	}
}

func TestOneCostBoundsGoodputAtTheRateItAllows(t *testing.T) {
	const mss, mssJumbo = 1420, 8920
	// An skb holds 45 segments, and the page in which it ends takes a fragment of the
	// next one, too: one fragment more than its bytes fill.
	const skb = 45 * mss
	const fragment = skb / (skb/4096.0 + 1)
	window := []string{"tcp.receive_buffer=2MiB"} // a receive queue of 1024 WQEs holds it
	// An application that is slow to recycle makes the driver poll for buffers.
	polling := []string{"receiver.cpu.napi_poll=1us"}
	jumbo := []string{"nic.mtu=9000", "run.warmup=15ms"} // filling the receive queue takes its time, too
	for _, c := range []struct {
		cost  string
		time  sim.Time
		bytes float64 // per unit of the cost
		sets  []string
	}{
		// Receive path, per packet, with one page each.
		{"receiver.cpu.rx_cqe", sim.Microsecond, mss, window},
		{"receiver.cpu.rx_skb", sim.Microsecond, mss, window},
		{"receiver.cpu.rx_misses", sim.Microsecond, mss, window},
		{"receiver.cpu.rx_header_page", sim.Microsecond, mss, window},
		{"receiver.cpu.gro_merge", sim.Microsecond, mss, window},
		{"receiver.cpu.page_refill", sim.Microsecond, mss, window},
		{"receiver.cpu.deliver", sim.Microsecond, mss, window},
		{"receiver.cpu.app_iovec", sim.Microsecond, mss, polling},
		// Three pages and three iovecs per jumbo frame.
		{"receiver.cpu.rx_cqe", 5 * sim.Microsecond, mssJumbo, jumbo},
		{"receiver.cpu.page_refill", 2 * sim.Microsecond, mssJumbo / 3.0, jumbo},
		{"receiver.cpu.deliver", 2 * sim.Microsecond, mssJumbo / 3.0, jumbo},
		{"receiver.cpu.app_iovec", 2 * sim.Microsecond, mssJumbo / 3.0, append(jumbo, polling...)},
		// Per turn of the application, when it has more than a batch to take.
		{"receiver.app.think_time", 50 * sim.Microsecond, 32 * mss, polling},
		{"receiver.cpu.poll", 50 * sim.Microsecond, 32 * mss, polling},
		// Transmit path.
		{"sender.cpu.send_call", 100 * sim.Microsecond, 128 << 10, nil},
		{"sender.cpu.send_page", 3 * sim.Microsecond, fragment, nil},
		{"sender.cpu.nic_segment", 3 * sim.Microsecond, fragment, []string{"tcp.congestion=reno", "sender.cpu.app_core=0"}}, // sendmsg and ACKs both transmit
		{"sender.cpu.tx_fragment", 3 * sim.Microsecond, fragment, nil},
		// The copying path: an ordinary page per packet, a system call per 128 KiB at
		// most, and the copy itself.
		{"receiver.cpu.page_pool", sim.Microsecond, mss, append([]string{"flows.bulk.rx=copy"}, window...)},
		{"receiver.cpu.recv_call", 100 * sim.Microsecond, 128 << 10, []string{"flows.bulk.rx=copy"}},
		{"sender.cpu.send_call", 100 * sim.Microsecond, 128 << 10, []string{"flows.bulk.tx=copy"}},
	} {
		t.Run(fmt.Sprintf("%s/%d", c.cost, int(c.bytes)), func(t *testing.T) {
			w, _ := ran(t, "rfc-base", join(costless(c.sets...), []string{fmt.Sprintf("%s=%dns", c.cost, c.time/sim.Nanosecond)})...)
			within(t, "goodput", goodput(w), c.bytes*8/c.time.Seconds()/1e9, 0.03)
		})
	}
}

func TestCopyBoundsGoodputAtItsRate(t *testing.T) {
	for _, end := range []string{"sender", "receiver"} {
		w, _ := ran(t, "rfc-base", costless("flows.bulk.tx=copy", "flows.bulk.rx=copy", end+".cpu.copy_rate=8Gbps")...)
		within(t, "goodput with a slow copy on the "+end, goodput(w), 8, 0.02)
	}
}

// TestWindowBoundsGoodputToWindowPerRoundTrip: with a round trip that is long
// against everything else, what moves is a window per round trip.
func TestWindowBoundsGoodputToWindowPerRoundTrip(t *testing.T) {
	for _, buffer := range []string{"512KiB", "2MiB"} {
		w, s := ran(t, "rfc-base", costless("link.delay=2ms", "link.rate=100Gbps", "tcp.receive_buffer="+buffer, "tcp.send_buffer=64MiB",
			"run.warmup=200ms", "run.duration=200ms")...)
		u := w.ConnUse(0)
		if u.Stats.RwndLimited < 0.5 {
			t.Errorf("buffer %s: limited by the window for %.2f of the time", buffer, u.Stats.RwndLimited)
		}
		if u.Stats.PeerWindow > int64(s.Receiver.TCP.ReceiveBuffer) {
			t.Errorf("a window of %d of a buffer of %d", u.Stats.PeerWindow, s.Receiver.TCP.ReceiveBuffer)
		}
		trip := u.RTT.Mean().Seconds()
		within(t, "round trip", trip, 2*(s.Link.Delay+s.Link.FEC).Seconds(), 0.05)
		within(t, "goodput with a buffer of "+buffer, goodput(w), float64(u.Stats.PeerWindow)*8/trip/1e9, 0.05)
	}
}

// TestPagesHalfEmptyHoldTheWindowBack: a netgpu frame is charged 4864 bytes for 1420, so
// that Linux's growth rule ends at a quarter of the largest receive buffer. Frames in
// pieces of pages, 2176 bytes each, take it to half.
func TestPagesHalfEmptyHoldTheWindowBack(t *testing.T) {
	for rx, want := range map[string]sim.Bytes{"netgpu": 6 * sim.MiB / 4, "copy": 6 * sim.MiB / 2} {
		w, _ := ran(t, "rfc-base", costless("link.delay=2ms", "link.rate=100Gbps", "tcp.send_buffer=64MiB", "flows.bulk.rx="+rx,
			"run.warmup=200ms", "run.duration=100ms")...)
		got := w.ConnUse(0).Stats.PeerWindow
		if least, most := int64(want)*9/10, int64(want)+2*65536; got < least || got > most {
			t.Errorf("rx %s: the window has grown to %d, want %d to %d", rx, got, least, most)
		}
	}
}

// TestSingleByteSendsAreBoundByTheSystemCall: of copied bytes the send buffer holds many.
func TestSingleByteSendsAreBoundByTheSystemCall(t *testing.T) {
	w, s := ran(t, "rfc-base", costless("app.send_size=1", "sender.cpu.send_call=300ns", "flows.bulk.tx=copy")...)
	within(t, "goodput", goodput(w), 8/s.Sender.CPU.SendCall.Seconds()/1e9, 0.01)
	if c := w.Conns[0]; c.Calls()-c.Written() > 1 {
		t.Errorf("%d calls wrote %d bytes", c.Calls(), c.Written())
	}
}

// TestModerationSetsTheInterruptRate: in eqe mode the period starts with the first
// completion after the last interrupt, and the driver, costing nothing, arms at
// once; so interrupts come once per period plus the wait for the next frame.
func TestModerationSetsTheInterruptRate(t *testing.T) {
	rate := func(sets ...string) (interruptsPerSecond float64, framesEach float64) {
		w, _ := ran(t, "rfc-base", costless(append(sets,
			// HyStart would end slow start in its second round.
			"tcp.congestion=reno",
			// Completions of ACKs raise the same interrupt.
			"receiver.nic.tx_coalesce_time=1ms", "receiver.nic.tx_coalesce_frames=65535")...)...)
		n := w.NICCounters(receiving)
		return float64(n.RxInterrupts) / w.Span().Seconds(), float64(n.RxPackets) / float64(n.RxInterrupts)
	}
	for _, us := range []int{10, 30, 100} {
		got, _ := rate(fmt.Sprintf("receiver.nic.rx_coalesce_time=%dus", us), "receiver.nic.rx_coalesce_frames=65535")
		// At 25 Gbit/s a frame of 1538 bytes follows every 492 ns, and the message
		// needs a few hundred more.
		within(t, fmt.Sprintf("interrupt rate at %d us", us), got, 1e6/(float64(us)+0.8), 0.05)
	}
	for _, frames := range []float64{16, 64} {
		_, got := rate("receiver.nic.rx_coalesce_time=1ms", fmt.Sprintf("receiver.nic.rx_coalesce_frames=%g", frames))
		if got < 0.99*frames || got > frames+2 {
			t.Errorf("%g frames per interrupt, should be %g and the one or two that come while it is served", got, frames)
		}
	}
	if _, got := rate("receiver.nic.rx_coalesce_time=0ns"); got > 2 {
		t.Errorf("without moderation there are %g frames per interrupt", got)
	}
}

// TestEveryBundleIsAcknowledgedOnce: the data-ready callback takes everything off
// the receive queue, so each bundle of more than one segment is acknowledged at
// once, from softirq (patch 10, tcp_cleanup_rbuf). A reader that copies is later: what
// is queued keeps the window from advancing, and one read acknowledges several bundles.
func TestEveryBundleIsAcknowledgedOnce(t *testing.T) {
	for _, rx := range []string{"netgpu", "copy"} {
		w, _ := ran(t, "rfc-base", "run.warmup=0ns", "run.duration=20ms", "nic.mtu=4096", "flows.bulk.rx="+rx)
		acks, bundles := w.Conns[0].ACKs(), w.Hosts[receiving].Bundles()
		if acks > bundles {
			t.Errorf("rx %s: %d ACKs for %d bundles", rx, acks, bundles)
		}
		if rx == "netgpu" && float64(acks) < 0.95*float64(bundles) {
			t.Errorf("rx %s: only %d ACKs for %d bundles", rx, acks, bundles)
		}
		if got := w.Wires[receiving].Frames; got < acks-1 || got > acks { // the last may be on its way
			t.Errorf("rx %s: %d frames came from the receiver, which sent %d ACKs", rx, got, acks)
		}
	}
}
