package predict

import (
	"runtime"
	"testing"

	"netgpusim/host"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// BenchmarkRun reports how fast runs are simulated in steady state: packets (data
// and ACK frames) per second of wall time on one core, events and allocations per
// packet. The first 20 ms are left out: slow start, and rings that grow to their
// size.
func BenchmarkRun(b *testing.B) {
	for _, bench := range []struct{ name, scenario, set string }{
		{"gpu-rx", "rfc-v2-gpu-rx", "seed=1"},
		{"gpu-rx-mtu1500", "rfc-v2-gpu-rx", "nic.mtu=1500"},
		{"gpu-rx-mtu9000", "rfc-v2-gpu-rx", "nic.mtu=9000"},
		{"gpu-tx-mtu1500", "rfc-v2-gpu-tx", "nic.mtu=1500"},
		{"copy-rx-mtu1500", "copy-rx", "nic.mtu=1500"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s, err := scenarios.Load(bench.scenario, []string{bench.set, "run.warmup=0", "run.duration=1000s"})
			if err != nil {
				b.Fatal(err)
			}
			w, err := host.NewWorld(config(s))
			if err != nil {
				b.Fatal(err)
			}
			w.Run(20 * sim.Millisecond)
			frames := func() int64 { return w.Wires[0].Frames + w.Wires[1].Frames }
			packets, events := frames(), w.Engine().Events()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			for range b.N {
				w.Run(w.Engine().Now() + 10*sim.Millisecond)
			}
			b.StopTimer()
			runtime.ReadMemStats(&after)
			packets, events = frames()-packets, w.Engine().Events()-events
			if packets == 0 {
				b.Fatal("the run has stalled")
			}
			b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
			b.ReportMetric(float64(events)/float64(packets), "events/packet")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(packets), "allocs/packet")
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(packets), "ns/packet")
		})
	}
}
