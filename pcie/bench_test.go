package pcie

import (
	"math"
	"testing"
	"time"

	"netgpusim/sim"
)

// The benchmarks book transactions one after another; ns/op is per transaction.

func BenchmarkWriteHost64(b *testing.B)  { benchWrite(b, HostMemory, 64) }
func BenchmarkWriteGPU1420(b *testing.B) { benchWrite(b, PeerGPU, 1420) }
func BenchmarkWriteGPU4096(b *testing.B) { benchWrite(b, PeerGPU, 4096) }

func benchWrite(b *testing.B, dst Target, n int64) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		now, _ = t.Write(now, dst, n)
	}
}

// BenchmarkReceivePacket is what one netgpu packet at MTU 1500 books: header,
// payload and CQE, at 100 Gbit/s.
func BenchmarkReceivePacket(b *testing.B) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		t.Write(now, HostMemory, 94)
		t.Write(now, PeerGPU, 1420)
		t.Write(now, HostMemory, 64)
		now += 150 * sim.Nanosecond
	}
}

func BenchmarkReadHost64(b *testing.B)  { benchRead(b, HostMemory, 64, 100*sim.Nanosecond) }
func BenchmarkReadGPU4096(b *testing.B) { benchRead(b, PeerGPU, 4096, 400*sim.Nanosecond) }

// BenchmarkReadGPU4096Tags keeps the tags exhausted.
func BenchmarkReadGPU4096Tags(b *testing.B) { benchRead(b, PeerGPU, 4096, 250*sim.Nanosecond) }

func benchRead(b *testing.B, src Target, n int64, gap sim.Time) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		_, last := t.Read(now, src, n)
		// Follow the reads a few round trips behind, as a NIC with bounded look-ahead does.
		now = max(now+gap, last-4*sim.Microsecond)
	}
}

// BenchmarkDuplex mixes posted writes into reads that wait for tags.
func BenchmarkDuplex(b *testing.B) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		_, last := t.Read(now, PeerGPU, 4096)
		t.Write(now, PeerGPU, 1420)
		t.MMIOWrite(now, 8)
		now = max(now+300*sim.Nanosecond, last-4*sim.Microsecond)
	}
}

// BenchmarkEngines books and simulates the same load on both engines: a netgpu packet
// received, header, payload and CQE, or a page of a GPU read. ratio is how many times
// more transactions a second the fast engine does.
func BenchmarkEngines(b *testing.B) {
	packet := func(now sim.Time) []job {
		return []job{
			{at: now, target: HostMemory, bytes: 94}, {at: now, target: PeerGPU, bytes: 1420}, {at: now, target: HostMemory, bytes: 64},
		}
	}
	page := func(now sim.Time) []job { return []job{{at: now, target: PeerGPU, bytes: 4096, read: true}} }
	both := func(now sim.Time) []job { return append(packet(now), page(now)...) }
	for _, c := range []struct {
		name  string
		gap   sim.Time
		round func(now sim.Time) []job
	}{
		{"packet", 150 * sim.Nanosecond, packet},
		{"page", 400 * sim.Nanosecond, page},
		{"both", 500 * sim.Nanosecond, both},
	} {
		b.Run(c.name, func(b *testing.B) {
			var jobs []job
			for i := range 2000 {
				jobs = append(jobs, c.round(sim.Time(i)*c.gap)...)
			}
			s := testSpec()
			// The shortest run of either: the machine does other things too.
			fast, exact := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for b.Loop() {
				fast, exact = min(fast, timeJobs(b, &s, jobs, EngineFast)), min(exact, timeJobs(b, &s, jobs, EngineExact))
			}
			done := float64(len(jobs))
			b.ReportMetric(done/fast.Seconds()/1e6, "fast-M/s")
			b.ReportMetric(done/exact.Seconds()/1e6, "exact-M/s")
			b.ReportMetric(exact.Seconds()/fast.Seconds(), "ratio")
		})
	}
}

// counter is a requester that counts what is done.
type counter struct{ visible, arrived int64 }

func (c *counter) Arrived(_ Notice, n int64, _, _ sim.Time) { c.arrived += n }
func (c *counter) Sent(Notice, sim.Time)                    {}
func (c *counter) Visible(Notice, sim.Time)                 { c.visible++ }

// timeJobs returns how long an engine takes for jobs, each begun at its time.
func timeJobs(tb testing.TB, s *Spec, jobs []job, engine string) time.Duration {
	spec := *s
	spec.Engine = engine
	e := sim.NewEngine()
	port, err := Open(e, "test", &spec, 64, testPeer)
	if err != nil {
		tb.Fatal(err)
	}
	var got, want counter
	port.Listen(&got)
	start := time.Now()
	for i := range jobs {
		j := &jobs[i]
		if j.at > e.Now() {
			e.Run(j.at)
		}
		if j.read {
			port.Read(j.at, j.target, j.bytes, 1)
		} else {
			port.Write(j.at, j.target, j.bytes, 1)
		}
	}
	e.Run(sim.Never)
	took := time.Since(start)
	for _, j := range jobs {
		if j.read {
			want.arrived += j.bytes
		} else {
			want.visible++
		}
	}
	if got != want {
		tb.Fatalf("%s: done %+v, want %+v", engine, got, want)
	}
	return took
}
