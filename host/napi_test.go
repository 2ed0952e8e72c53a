package host_test

import (
	"fmt"
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// posted is the most receive WQEs that a netgpu queue of the receiver had.
func posted(t *testing.T, w *host.World) int64 {
	t.Helper()
	for _, g := range w.RingUses(receiving) {
		if g.Name == "rq/57" {
			return g.Max
		}
	}
	t.Fatal("queue 57 is not there")
	return 0
}

// TestRefillStartsWithEightPagesAtHand: a bulk is eight WQEs, but what is asked for
// is eight pages, whatever a WQE needs (patches 19 and 20).
func TestRefillStartsWithEightPagesAtHand(t *testing.T) {
	for _, c := range []struct {
		mtu, buffers int
		wqes         int64
		cached       int64 // pages that a bulk has taken and given back
		starved      bool
	}{
		{1500, 7, 0, 0, true},
		{1500, 8, 8, 0, true},
		{1500, 15, 8, 0, true},
		{1500, 16, 16, 0, true},
		{1500, 1024, 1024, 0, false},
		{1500, 1030, 1024, 0, false},
		// Three pages each: a bulk that starts with fewer than 24 fails midway.
		{9000, 7, 0, 0, true},
		{9000, 8, 0, 8, true},
		{9000, 23, 0, 23, true},
		{9000, 24, 8, 0, true},
		{9000, 47, 8, 23, true},
		{9000, 48, 16, 0, true},
	} {
		t.Run(fmt.Sprintf("%d/%d", c.mtu, c.buffers), func(t *testing.T) {
			// Before anything is sent.
			s := scenario(t, "rfc-base", fmt.Sprintf("nic.mtu=%d", c.mtu), fmt.Sprintf("receiver.app.fill_slots=%d", c.buffers), "run.warmup=0ns")
			w := world(t, s)
			w.Run(90 * sim.Microsecond)
			if got := posted(t, w); got != c.wqes {
				t.Errorf("%d WQEs are posted, want %d", got, c.wqes)
			}
			h := w.Hosts[receiving]
			perWQE := int64(s.Receiver.NIC.PayloadPages())
			if got := pages(h, netgpu.WQE); got != c.wqes*perWQE {
				t.Errorf("%d pages are posted in %d WQEs of %d", got, c.wqes, perWQE)
			}
			if got := pages(h, netgpu.NapiCache); got != c.cached {
				t.Errorf("%d pages are cached, want %d", got, c.cached)
			}
			rest := pages(h, netgpu.FillRing) + pages(h, netgpu.NapiCache)
			if got := c.wqes*perWQE + rest; got != int64(c.buffers) {
				t.Errorf("%d buffers are accounted for, %d were there", got, c.buffers)
			}
			if busy := h.Spent(host.FnStarved) > 0; busy != c.starved {
				t.Errorf("the driver polls for buffers: %v, want %v", busy, c.starved)
			}
			conserved(t, w)
		})
	}
}

// TestFillRingStartsWithEveryBufferThatItHolds is what the workload does if a
// scenario does not say otherwise.
func TestFillRingStartsWithEveryBufferThatItHolds(t *testing.T) {
	for _, c := range []struct {
		area    string
		entries int
		want    int64
	}{
		{"40MiB", 10240, 10240},
		{"40MiB", 4096, 4096},
		{"1MiB", 10240, 256},
	} {
		w := world(t, scenario(t, "rfc-base", "netgpu.area_size="+c.area, fmt.Sprintf("netgpu.fill_entries=%d", c.entries)))
		w.Run(50 * sim.Microsecond) // before anything is sent
		h := w.Hosts[receiving]
		if got := pages(h, netgpu.FillRing) + pages(h, netgpu.WQE) + pages(h, netgpu.NapiCache); got != c.want {
			t.Errorf("area of %s, %d entries: %d buffers in circulation, want %d", c.area, c.entries, got, c.want)
		}
	}
}

// TestStarvedDriverPollsWithTheInterruptDisarmed: a refill that fails makes the poll
// report busy (patch 20), so that the core spins without an interrupt.
func TestStarvedDriverPollsWithTheInterruptDisarmed(t *testing.T) {
	w, s := ran(t, "rfc-base", "receiver.app.fill_slots=7", "run.warmup=1ms", "run.duration=10ms", "run.stall_after=0")
	u := w.CoreUses(receiving)[0]
	within(t, "time polling for buffers", u.Spent[host.FnStarved].Seconds(), w.Span().Seconds(), 0.001)
	within(t, "polls", float64(u.Polls), float64(w.Span()/s.Receiver.CPU.NAPIPoll), 0.001)
	n := w.NICCounters(receiving)
	if u.Interrupts != 0 || n.RxInterrupts != 0 {
		t.Errorf("%d interrupts were served, %d raised", u.Interrupts, n.RxInterrupts)
	}
	if n := w.Hosts[receiving].NICTotals(); n.RxPackets == 0 || n.RxOutOfBuffer != n.RxPackets {
		t.Errorf("of %d frames %d found no WQE", n.RxPackets, n.RxOutOfBuffer)
	}
}

// TestPollTakesNoMoreThanItsBudget: under overload each poll takes the whole budget
// and goes on without an interrupt.
func TestPollTakesNoMoreThanItsBudget(t *testing.T) {
	for _, budget := range []int{16, 64, 100} {
		w, _ := ran(t, "rfc-base", append(costless("receiver.cpu.rx_cqe=1us", "tcp.receive_buffer=2MiB"), fmt.Sprintf("receiver.cpu.napi_budget=%d", budget))...)
		u := w.CoreUses(receiving)[0]
		each := u.Spent[host.FnPollRx].Microseconds() / float64(u.Polls)
		if each > float64(budget)*1.005 { // the present poll is not counted yet
			t.Errorf("%.1f packets per poll with a budget of %d", each, budget)
		}
		within(t, "packets per poll", each, float64(budget), 0.1)
		if u.Interrupts > u.Polls/20 {
			t.Errorf("%d interrupts for %d polls of an overloaded core", u.Interrupts, u.Polls)
		}
	}
}

// TestNetgpuQueueIsPolledBeforeTheOrdinaryOne: the netgpu CQ has the whole budget,
// the ordinary queue of the channel what it leaves (patch 20).
func TestNetgpuQueueIsPolledBeforeTheOrdinaryOne(t *testing.T) {
	s, err := scenarios.LoadBytes("two-queues.yaml", []byte(`
netgpusim: 1
name: two-queues
extends: rfc-base
run: {warmup: 5ms, duration: 20ms}
nic: {channels: 1}
netgpu: {queue: 1}
link: {rate: 100Gbps}
sender: {cpu: {profile: xeon-2020-fast, cores: 3}, app: {threads: per-flow}}
receiver: {cpu: {rx_cqe: 1us}}
flows:
  - {name: bulk, tx: netgpu, rx: netgpu, symmetric: false}
  - {name: plain, tx: copy, rx: copy}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := world(t, s)
	w.Run(w.End())
	zc, plain := w.ConnUse(0).Received, w.ConnUse(1).Received
	if zc < 4*plain {
		t.Errorf("the netgpu flow received %d bytes, the ordinary one %d, on a core that is too slow for both", zc, plain)
	}
}

// TestWakeUpsComeOnlyToSleepers: an application that keeps up sleeps between two
// bundles and is woken by each; one that does not is never woken.
func TestWakeUpsComeOnlyToSleepers(t *testing.T) {
	w, _ := ran(t, "rfc-base", "run.warmup=0ns", "run.duration=10ms", "link.rate=1Gbps", "receiver.nic.rx_coalesce_mode=eqe")
	h := w.Hosts[receiving]
	if wakeups, bundles := h.Wakeups(), h.Bundles(); wakeups > bundles || float64(wakeups) < 0.9*float64(bundles) {
		t.Errorf("%d wake-ups for %d bundles with hundreds of microseconds between them", wakeups, bundles)
	}
	w, _ = ran(t, "rfc-base", "run.warmup=0ns", "run.duration=10ms", "receiver.app.think_time=100us")
	h = w.Hosts[receiving]
	if wakeups, bundles := h.Wakeups(), h.Bundles(); wakeups > bundles/10 {
		t.Errorf("%d wake-ups for %d bundles of an application that always has more to take", wakeups, bundles)
	}
}

// TestSteadyStateAllocatesNothing: once rings, queues and pools have grown, a run
// makes no garbage.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, sets := range [][]string{nil, {"netgpu.memory=gpu", "nic.mtu=9000"}, {"flows.bulk.tx=copy", "flows.bulk.rx=copy"}, {"flows.bulk.count=4"},
		{fixed, "app.send_buffers=2", "app.modify=true", "receiver.netgpu.rx_entries=4", "receiver.netgpu.fill_entries=64", "receiver.app.overfill=true"}} {
		w := world(t, scenario(t, "rfc-base", append(sets, "run.warmup=1ms", "run.duration=1s")...))
		w.Run(60 * sim.Millisecond)
		n := testing.AllocsPerRun(20, func() { w.Run(w.Engine().Now() + 200*sim.Microsecond) })
		if n > 0 {
			t.Errorf("%v: %g allocations in 200 us of simulated time", sets, n)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for _, c := range []struct {
		name string
		sets []string
	}{
		{"host", nil},
		{"gpu-9000", []string{"netgpu.memory=gpu", "nic.mtu=9000"}},
		{"copy", []string{"flows.bulk.tx=copy", "flows.bulk.rx=copy"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := world(b, scenario(b, "rfc-base", append(c.sets, "run.warmup=1ms", "run.duration=1000s")...))
			w.Run(20 * sim.Millisecond)
			frames := w.Wires[sending].Frames
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				w.Run(w.Engine().Now() + sim.Millisecond)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(w.Wires[sending].Frames-frames), "ns/frame")
		})
	}
}
