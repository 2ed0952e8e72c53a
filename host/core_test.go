package host_test

import (
	"testing"

	"netgpusim/host"
	"netgpusim/sim"
)

// oneCore is a receiver whose application shares the core with the interrupt.
func oneCore(sets ...string) []string {
	return append([]string{"receiver.cpu.app_core=0", "run.warmup=5ms", "run.duration=50ms"}, sets...)
}

// appTime is what the receiver's application had of its cores.
func appTime(u *host.CoreUse) sim.Time { return u.Spent[host.FnApp] + u.Spent[host.FnPollCall] }

// TestKsoftirqdSharesTheCore: when packets and the application both want all of a
// core, neither starves, and the two get about the same.
func TestKsoftirqdSharesTheCore(t *testing.T) {
	for _, cost := range []string{"rx_cqe", "gro_merge", "page_refill"} {
		w := world(t, scenario(t, "rfc-base", oneCore("receiver.cpu."+cost+"=1us", "receiver.app.think_time=40us", "link.rate=100Gbps")...))
		taken, looks := 0, 0
		for !w.Run(w.Engine().Now() + 100*sim.Microsecond) {
			looks++
			if w.Ksoftirqd(receiving, 0) {
				taken++
			}
		}
		if taken < looks/2 {
			t.Errorf("%s: ksoftirqd had the softirqs at %d of %d looks at an overloaded core", cost, taken, looks)
		}
		u := w.CoreUses(receiving)[0]
		if u.Role != "irq+app" {
			t.Errorf("%s: the core's role is %q", cost, u.Role)
		}
		within(t, cost+": time on the core", u.Busy.Seconds(), w.Span().Seconds(), 0.01)
		within(t, cost+": the application's share", appTime(&u).Seconds()/u.Busy.Seconds(), 0.5, 0.1)
	}
}

// TestSoftirqHasABudgetOfPacketsAndOfTime: either hands an overloaded core over to
// ksoftirqd.
func TestSoftirqHasABudgetOfPacketsAndOfTime(t *testing.T) {
	for _, c := range []struct {
		budget, time string
		taken        bool
	}{
		{"300", "1s", true},
		{"100000", "100us", true},
		{"100000", "1s", false},
	} {
		w := world(t, scenario(t, "rfc-base", oneCore("receiver.cpu.rx_cqe=1us", "tcp.receive_buffer=2MiB",
			"receiver.cpu.netdev_budget="+c.budget, "receiver.cpu.netdev_budget_time="+c.time)...))
		taken := false
		for w.Engine().Now() < 10*sim.Millisecond {
			w.Run(w.Engine().Now() + 20*sim.Microsecond)
			taken = taken || w.Ksoftirqd(receiving, 0)
		}
		if taken != c.taken {
			t.Errorf("budget of %s packets and %s: ksoftirqd took over: %v", c.budget, c.time, taken)
		}
	}
}

// TestStarvedPollCountsAsAWholeBudget: a poll that cannot refill reports the whole
// budget as used (patch 20), so the spinning is ksoftirqd's after some tens of polls
// at most, and the application on that core comes to recycle.
func TestStarvedPollCountsAsAWholeBudget(t *testing.T) {
	w := world(t, scenario(t, "rfc-base", oneCore("receiver.app.fill_slots=7")...))
	w.Run(90 * sim.Microsecond) // hundreds of polls
	if !w.Ksoftirqd(receiving, 0) {
		t.Errorf("softirqs still have the core after %d polls for buffers", w.CoreUses(receiving)[0].Polls)
	}
}

// TestSoftirqComesBeforeTheApplication: as long as ksoftirqd has not taken over,
// packets wait for no thread that has not begun its turn.
func TestSoftirqComesBeforeTheApplication(t *testing.T) {
	w := world(t, scenario(t, "rfc-base", oneCore("link.rate=1Gbps", "receiver.app.think_time=1us")...))
	for !w.Run(w.Engine().Now() + 100*sim.Microsecond) {
		if w.Ksoftirqd(receiving, 0) {
			t.Fatal("ksoftirqd took over on a core that is mostly idle")
		}
	}
	u := w.CoreUses(receiving)[0]
	if appTime(&u) == 0 || u.Spent[host.FnPollRx] == 0 {
		t.Errorf("application %v, packets %v: both should have run", appTime(&u), u.Spent[host.FnPollRx])
	}
}

// TestCoresOfTheirOwnRunAtTheSameTime: on two cores, what softirq does costs the
// application nothing. The reader is slower than the link: as patched, a full rx ring
// would stop the flow.
func TestCoresOfTheirOwnRunAtTheSameTime(t *testing.T) {
	slow := oneCore("receiver.app.think_time=40us", "netgpu.variant=fixed", "sender.app.send_buffers=8")
	one, _ := ran(t, "rfc-base", slow...)
	two, _ := ran(t, "rfc-base", append(slow, "receiver.cpu.app_core=1")...)
	if goodput(two) < 1.1*goodput(one) {
		t.Errorf("%.2f Gbit/s on two cores, %.2f on one", goodput(two), goodput(one))
	}
	uses := two.CoreUses(receiving)
	if len(uses) != 2 || uses[0].Role != "irq" || uses[1].Role != "app" {
		t.Fatalf("roles: %+v", uses)
	}
	if appTime(&uses[0]) != 0 || uses[1].Spent[host.FnPollRx] != 0 {
		t.Error("work on the wrong core")
	}
}

// TestWakeUpTakesItsLatency: a receiver that sleeps between two packets takes each
// that much later, at a cost that does not change.
func TestWakeUpTakesItsLatency(t *testing.T) {
	delivered := func(latency string) sim.Time {
		w := world(t, scenario(t, "rfc-base", append(free("sender", "receiver"), "receiver.cpu.wake_latency="+latency, "app.send_size=1000", "run.warmup=0ns")...))
		for w.Conns[0].Received() == 0 {
			w.Run(w.Engine().Now() + 10*sim.Nanosecond)
		}
		return w.Engine().Now()
	}
	fast, slow := delivered("0ns"), delivered("40us")
	if d := slow - fast; d < 39*sim.Microsecond || d > 41*sim.Microsecond {
		t.Errorf("40 us of latency delayed the first delivery by %v", d)
	}
}

// TestThreadsTakeTurns: senders that one core is too slow for get the same.
func TestThreadsTakeTurns(t *testing.T) {
	w, _ := ran(t, "rfc-base", "flows.bulk.count=4", "flows.bulk.tx=copy", "sender.cpu.copy_rate=4Gbps", "run.warmup=20ms", "run.duration=60ms")
	var sum int64
	for i := range w.Conns {
		sum += w.ConnUse(i).Received
	}
	for i := range w.Conns {
		within(t, "share of flow "+w.Conns[i].Name, float64(w.ConnUse(i).Received)/float64(sum), 0.25, 0.05)
	}
}
