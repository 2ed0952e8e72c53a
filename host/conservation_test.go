package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// conserved checks everything that must hold of a world at any time, whatever the
// scenario.
func conserved(t *testing.T, w *host.World) {
	t.Helper()
	for i, h := range w.Hosts {
		l := h.Ledger()
		if l.Lost() != 0 || l.Duplicated() != 0 {
			t.Errorf("%s: %d pages lost, %d duplicated", h.Name, l.Lost(), l.Duplicated())
		}
		seen := h.Whereabouts()
		var sum int64
		for place := netgpu.App; place < netgpu.Place(netgpu.PlaceCount); place++ {
			n := pages(h, place)
			sum += n
			switch place {
			case netgpu.App, netgpu.NapiCache, netgpu.AnyCache, netgpu.Lost:
				// what is left when all others are counted
			default:
				if n != seen[place] {
					t.Errorf("%s: the ledger has %d pages in %v, the queues hold %d", h.Name, n, place, seen[place])
				}
			}
		}
		if sum != l.Registered() {
			t.Errorf("%s: %d pages are somewhere, %d are registered", h.Name, sum, l.Registered())
		}

		from := w.Wires[1-i]
		rx := w.Hosts[i].NICTotals()
		if sent := from.Frames - from.Lost + from.Duplicated; sent != rx.RxPackets+from.InFlight() {
			t.Errorf("to %s: %d frames were not lost, %d arrived and %d are under way", h.Name, sent, rx.RxPackets, from.InFlight())
		}
		if sent := w.Wires[i]; rx.TxPackets != sent.Frames {
			t.Errorf("%s: the NIC counts %d frames sent, the wire %d", h.Name, rx.TxPackets, sent.Frames)
		}
		dropped := rx.RxOutOfBuffer + rx.RxDiscards + rx.RxOversize
		if rx.RxPackets != dropped+h.Polled()+h.Unpolled() {
			t.Errorf("%s: of %d frames %d were dropped, the driver took %d and %d wait for it", h.Name, rx.RxPackets, dropped, h.Polled(), h.Unpolled())
		}

		for _, u := range w.CoreUses(i) {
			if busy := w.CoreBusy(i, u.Index); busy < 0 || busy > w.Engine().Now() {
				t.Errorf("%s core %d: busy for %v of %v", h.Name, u.Index, busy, w.Engine().Now())
			}
		}
		for _, g := range w.RingUses(i) {
			if g.Min < 0 || g.Max > int64(g.Entries) {
				t.Errorf("%s ring %s of %d: occupancy was %d to %d", h.Name, g.Name, g.Entries, g.Min, g.Max)
			}
		}
		for _, l := range h.PCIe() {
			if l.Up.Busy > w.Span() || l.Down.Busy > w.Span() {
				t.Errorf("%s link %s: busy for %v up and %v down of %v", h.Name, l.Name, l.Up.Busy, l.Down.Busy, w.Span())
			}
		}
	}
	for _, c := range w.Conns {
		if c.Received()+c.Queued() > c.Written() {
			t.Errorf("%v: more arrived than was sent", c)
		}
	}
}

// random draws a scenario: memory, MTU, link faults, rings and buffers from ample
// to far too small, connections, contexts and placement. More settings come on top.
func random(t *testing.T, seed uint64, more ...string) *scenarios.Scenario {
	t.Helper()
	r := sim.NewRand(seed, "scenario")
	var sets []string
	pick := func(key string, values ...string) string {
		v := values[r.Uint64()%uint64(len(values))]
		sets = append(sets, key+"="+v)
		return v
	}
	sets = append(sets, fmt.Sprintf("seed=%d", seed), "run.warmup=1ms", "run.duration=5ms", "run.stall_after=0",
		"tcp.receive_buffer=1MiB", "nic.channels=4", "netgpu.queue=-1")
	pick("nic.mtu", "576", "1500", "1500", "2048", "4096", "9000")
	pick("link.rate", "10Gbps", "25Gbps", "100Gbps")
	pick("link.loss", "0", "0", "0.1%", "2%")
	if pick("link.reorder", "0", "0", "1%") != "0" {
		sets = append(sets, "link.reorder_delay=30us")
	}
	pick("link.duplicate", "0", "0", "1%")
	pick("netgpu.memory", "host", "gpu")
	pick("netgpu.area_size", "1MiB", "8MiB", "40MiB")
	pick("netgpu.contexts", "1", "1", "3")
	pick("netgpu.share_area", "true", "false")
	pick("netgpu.rx_entries", "4", "64", "1024", "1024")
	pick("receiver.app.fill_slots", "0", "0", "40", "80")
	pick("receiver.app.think_time", "0ns", "0ns", "20us")
	pick("app.send_size", "1", "4096", "128KiB", "131073")
	pick("app.batch", "1", "32", "1000")
	pick("app.threads", "single", "per-flow")
	pick("cpu.app_core", "0", "1")
	pick("nic.rq_entries", "64", "1024")
	pick("nic.sq_entries", "64", "1024")
	pick("tcp.pad_options", "20", "20", "20", "0")
	pick("flows.bulk.count", "1", "1", "2", "9")
	pick("flows.bulk.tx", "netgpu", "copy")
	pick("flows.bulk.rx", "netgpu", "netgpu", "netgpu", "copy")
	pick("flows.bulk.symmetric", "true", "false")
	pick("flows.bulk.reverse", "false", "true")
	return scenario(t, "rfc-base", append(sets, more...)...)
}

// faulty says whether a host has met a fault of the RFC's code that the model
// reproduces and that destroys the books: from then on a page may be in two places.
// Any other violation of the ledger, or one of these without the other end's cause,
// is a fault of the model.
func faulty(t *testing.T, h *host.Host) bool {
	t.Helper()
	for _, v := range h.Violations() {
		cause, _, _ := strings.Cut(v.What, ":")
		switch cause {
		case netgpu.BatchOverwritten.String(), netgpu.StaleNext.String():
			return true
		case netgpu.PayloadInHeader.String(), netgpu.CPUTouchedGPU.String(), netgpu.TxRecycled.String():
			// reported, and every page is still where the ledger says
		default:
			t.Errorf("%s: %s: %s", h.Name, v.Invariant, v.What)
		}
	}
	return false
}

// TestPagesFramesAndBytesAreConservedAtAnyTime stops random worlds at random times
// and takes stock.
func TestPagesFramesAndBytesAreConservedAtAnyTime(t *testing.T) {
	seeds := 80
	if testing.Short() {
		seeds = 10
	}
	sound := 0
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := world(t, random(t, seed))
			r := sim.NewRand(seed, "steps")
			broken := false
			steps(w, w.End(), &r, 50*sim.Microsecond, func() {
				broken = broken || faulty(t, w.Hosts[sending]) || faulty(t, w.Hosts[receiving])
				if broken {
					return
				}
				if conserved(t, w); t.Failed() {
					t.Fatalf("at %v", w.Engine().Now())
				}
			})
			if !broken {
				sound++
			}
		})
	}
	if sound < seeds*3/4 {
		t.Errorf("only %d of %d worlds ran without a fault of the RFC: the scenarios are too hard to show anything", sound, seeds)
	}
}

// TestLookingChangesNothing: a run that is stopped and taken up again at random
// times is the run that goes through.
func TestLookingChangesNothing(t *testing.T) {
	for seed := range uint64(12) {
		s := random(t, seed)
		through, stopped := world(t, s), world(t, s)
		through.Run(through.End())
		r := sim.NewRand(seed, "steps")
		steps(stopped, stopped.End(), &r, 20*sim.Microsecond, func() {})
		a, b := through.Engine(), stopped.Engine()
		if a.Digest() != b.Digest() || a.Events() != b.Events() || through.Received() != stopped.Received() {
			t.Errorf("seed %d: %d events and %d bytes in one go, %d and %d in steps", seed, a.Events(), through.Received(), b.Events(), stopped.Received())
		}
	}
}

// TestEveryByteIsDeliveredExactlyOnce lets the sender stop and the rest drain: what
// was written has been taken, in order, and every page is back where it can be used.
func TestEveryByteIsDeliveredExactlyOnce(t *testing.T) {
	type settings struct {
		name string
		sets []string
	}
	paths := []settings{
		{"host", nil},
		{"gpu", []string{"netgpu.memory=gpu"}},
		{"copy", []string{"flows.bulk.tx=copy", "flows.bulk.rx=copy"}},
		{"copied into zero-copy", []string{"flows.bulk.tx=copy", "flows.bulk.rx=netgpu", "nic.mtu=9000"}},
		{"many", []string{"flows.bulk.count=5", "netgpu.contexts=2", "app.threads=per-flow"}},
		{"shared area", []string{"flows.bulk.count=5", "netgpu.contexts=2", "netgpu.share_area=true", "nic.mtu=4096"}},
		{"single bytes", []string{"app.send_size=1"}},
		{"odd sends, reversed", []string{"app.send_size=131073", "flows.bulk.reverse=true"}},
		{"one core", []string{"cpu.app_core=0"}},
	}
	links := []settings{
		{"clean", nil},
		// Reordering and duplication make SACK blocks, loss retransmissions; the drain
		// has time for a timeout with back-offs.
		{"faulty", []string{"link.loss=0.2%", "link.reorder=0.5%", "link.reorder_delay=20us", "link.duplicate=0.5%"}},
	}
	sound := 0
	for _, path := range paths {
		for _, link := range links {
			t.Run(path.name+"/"+link.name, func(t *testing.T) {
				from, to := sending, receiving
				sets := append([]string{"run.warmup=0ns", "run.duration=3s", "run.stall_after=0", "nic.channels=4", "netgpu.queue=-1"}, path.sets...)
				if slices.Contains(path.sets, "flows.bulk.reverse=true") {
					from, to = receiving, sending
				}
				sets = append(sets, []string{"sender", "receiver"}[from]+".app.stop_after=4ms")
				w, _ := ran(t, "rfc-base", append(sets, link.sets...)...)
				if faulty(t, w.Hosts[from]) || faulty(t, w.Hosts[to]) {
					return // and bytes may be lost
				}
				sound++
				conserved(t, w)
				for _, c := range w.Conns {
					if c.Written() == 0 || c.Received() != c.Written() {
						t.Errorf("%v", c)
					}
					if n := c.HeldFragments(); n != 0 {
						t.Errorf("%v: TCP still holds %d fragments", c, n)
					}
				}
				for _, h := range w.Hosts {
					if n := h.TxReferences(); n != 0 {
						t.Errorf("%s: %d transmit references on pages", h.Name, n)
					}
					for _, at := range []netgpu.Place{netgpu.Driver, netgpu.SKB, netgpu.ReceiveQueue, netgpu.RxRing} {
						if n := pages(h, at); n != 0 {
							t.Errorf("%s: %d pages are still in %v", h.Name, n, at)
						}
					}
					if n := h.SKBsInUse(); n != 0 {
						t.Errorf("%s: %d skbs are not freed", h.Name, n)
					}
				}
			})
		}
	}
	if sound < len(paths)*len(links)*3/4 {
		t.Errorf("only %d of %d runs met no fault of the RFC", sound, len(paths)*len(links))
	}
}

// TestOverlappingSegmentsAreDeliveredOnce: of a segment whose front has been received
// already only the rest is delivered, from where it lies in its page.
func TestOverlappingSegmentsAreDeliveredOnce(t *testing.T) {
	for _, mtu := range []string{"1500", "9000"} {
		// 5000 bytes are more than the first page of a jumbo frame.
		for _, bytes := range []uint32{1, 100, 1419, 5000} {
			w := world(t, scenario(t, "rfc-base", "run.warmup=0ns", "run.duration=3s", "run.stall_after=0", "link.delay=20us", "nic.mtu="+mtu, "sender.app.stop_after=4ms"))
			overlapped := 0
			for w.Engine().Now() < 4*sim.Millisecond {
				w.Run(w.Engine().Now() + 200*sim.Microsecond)
				overlapped += w.Wires[sending].Overlap(bytes)
			}
			w.Run(w.End())
			if overlapped == 0 && (mtu == "9000" || bytes < 1420) {
				t.Errorf("MTU %s: no frame was under way", mtu)
			}
			if c := w.Conns[0]; c.Received() != c.Written() {
				t.Errorf("MTU %s, %d bytes: %v", mtu, bytes, c)
			}
			violations(t, w.Hosts[receiving])
			conserved(t, w)
		}
	}
}
