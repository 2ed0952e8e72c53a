package pcie

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"netgpusim/sim"
)

// job is one transaction of a load that both engines are given.
type job struct {
	at     sim.Time
	read   bool
	target Target
	bytes  int64
}

// outcome is what an engine made of a load.
type outcome struct {
	gbps    float64 // bytes over the time from the first job to the last end
	latency float64 // mean, in ns, from when a job was due until it was done
}

// batch gives an engine jobs as their time comes: its queue of events is no longer than
// a run's.
type batch struct {
	sim  *sim.Engine
	port Port
	jobs []job
	done []sim.Time // by job
	left []int64    // of a read
}

// newBatch makes the port of the engine that s.Engine says.
func newBatch(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, jobs []job) *batch {
	b := &batch{sim: sim.NewEngine(), jobs: jobs, done: make([]sim.Time, len(jobs)), left: make([]int64, len(jobs))}
	var err error
	if b.port, err = Open(b.sim, "test", s, outstanding, peer); err != nil {
		tb.Fatal(err)
	}
	b.port.Listen(b)
	return b
}

// run does all jobs.
func (b *batch) run() {
	for i := range b.jobs {
		j := &b.jobs[i]
		b.sim.Run(j.at)
		b.left[i] = j.bytes
		if j.read {
			b.port.Read(j.at, j.target, j.bytes, Notice(i+1))
		} else {
			b.port.Write(j.at, j.target, j.bytes, Notice(i+1))
		}
	}
	b.sim.Run(sim.Never)
}

// Arrived implements Requester.
func (b *batch) Arrived(about Notice, n int64, _, last sim.Time) {
	b.left[about-1] -= n
	b.done[about-1] = max(b.done[about-1], last)
}

// Sent implements Requester.
func (b *batch) Sent(Notice, sim.Time) {}

// Visible implements Requester.
func (b *batch) Visible(about Notice, at sim.Time) { b.done[about-1], b.left[about-1] = at, 0 }

// outcome checks that all is done, and sums up.
func (b *batch) outcome(tb testing.TB) outcome {
	var bytes int64
	var end sim.Time
	var latency float64
	for i, j := range b.jobs {
		if b.left[i] != 0 || b.done[i] == 0 {
			tb.Fatalf("job %d: %d bytes have not come", i, b.left[i])
		}
		bytes += j.bytes
		end = max(end, b.done[i])
		latency += (b.done[i] - j.at).Nanoseconds()
	}
	return outcome{float64(8*bytes) / (end - b.jobs[0].at).Seconds() / 1e9, latency / float64(len(b.jobs))}
}

func runJobs(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, jobs []job, engine string) outcome {
	spec := *s
	spec.Engine = engine
	b := newBatch(tb, &spec, outstanding, peer, jobs)
	b.run()
	if x, exact := b.port.(*Exact); exact {
		if err := x.Audit(); err != nil {
			tb.Fatal(err)
		}
	}
	return b.outcome(tb)
}

// anySpec draws a tree from what servers are made of: every setting that both
// engines know.
func anySpec(r *sim.Rand) (Spec, TargetSpec, int) {
	pick := func(of ...int) int { return of[r.Intn(len(of))] }
	yes := func() bool { return r.Intn(2) == 0 }
	s := testSpec()
	if yes() {
		s.Topology = TopologyRoot
	}
	s.NICGen, s.GPUGen, s.UplinkGen = 1+r.Intn(6), 1+r.Intn(6), 1+r.Intn(6)
	s.NICLanes, s.GPULanes, s.UplinkLanes = pick(4, 8, 16), pick(4, 8, 16), pick(4, 8, 16)
	s.MaxPayload = sim.Bytes(pick(128, 256, 512))
	s.MaxReadRequest = sim.Bytes(pick(128, 256, 512, 1024, 4096))
	s.CompletionSize = min(sim.Bytes(pick(64, 128, 256)), s.MaxPayload, s.MaxReadRequest)
	s.TagBits = pick(5, 8, 10)
	s.PostedHeaderCredits = pick(16, 32, 64, 128)
	s.PostedDataCredits = pick(256, 1024, 4096)
	s.NonPostedHeaderCredits = pick(0, 16, 32, 64, 128)
	s.CompletionHeaderCredits = pick(0, 64, 128)
	s.CompletionDataCredits = pick(0, 1024, 4096)
	s.CutThrough, s.ACSRedirect, s.RelaxedOrdering, s.IDOrdering = yes(), yes(), yes(), yes()
	s.LinkLatency = sim.Time(20+r.Intn(130)) * sim.Nanosecond
	s.SwitchHop = sim.Time(90+r.Intn(70)) * sim.Nanosecond
	s.HostReadRTT = s.LinkLatency*2 + sim.Time(400+r.Intn(700))*sim.Nanosecond
	s.HostWrite, s.MMIOWrite = s.LinkLatency+300*sim.Nanosecond, s.LinkLatency+300*sim.Nanosecond
	s.PeerWriteLimit = sim.Bandwidth(pick(0, 0, 24, 56, 96)) * sim.Gbps
	s.PeerReadLimit = sim.Bandwidth(pick(0, 0, 8, 24, 48)) * sim.Gbps
	s.HostReads = pick(0, 0, 18, 48, 96)
	s.RemoteMemory, s.NUMAHop = yes(), 40*sim.Nanosecond
	s.NUMALimit = sim.Bandwidth(pick(0, 100, 300)) * sim.Gbps
	s.MemoryLimit = sim.Bandwidth(pick(0, 200, 600)) * sim.Gbps
	s.HostWindow = sim.Bytes(pick(0, 64<<10, 256<<10, 1<<20, 64<<20))
	s.LLCReach, s.LLCMiss = 20*sim.MiB, 60*sim.Nanosecond
	s.IOMMU = r.Intn(3) == 0
	s.ATS = s.IOMMU && yes()
	s.IOMMUPage = sim.Bytes(pick(4<<10, 64<<10, 2<<20))
	s.IOTLBEntries, s.IOMMUWalkers, s.IOMMUWalk, s.ATSEntries = pick(32, 64, 128), pick(4, 6, 16), 300*sim.Nanosecond, pick(32, 64)
	s.IOMMULine = sim.Time(pick(0, 22)) * sim.Nanosecond
	peer := TargetSpec{ReadService: sim.Time(300+r.Intn(600)) * sim.Nanosecond, WriteVisible: 300 * sim.Nanosecond}
	peer.WriteLimit = sim.Bandwidth(pick(0, 60, 7200)) * sim.Gbps
	peer.ReadLimit = sim.Bandwidth(pick(0, 60, 7200)) * sim.Gbps
	return s, peer, pick(16, 32, 64, 128, 256)
}

// Patterns of traffic that the engines are compared under.
const (
	loadWrites  = iota // writes at given times
	loadReads          // reads at given times
	loadBoth           // DMA engines that read and write, with tags and credits for all their reads
	loadStarved        // the same, but the reads want twice the tags and credits there are
)

// anyLoad draws jobs of one size or of all sizes, for one target or both, from a
// tenth of what the NIC's link takes to more than it can.
func anyLoad(r *sim.Rand, s *Spec, load, n int) []job {
	sizes := [...]int64{64, 128, 256, 512, 1420, 2048, 4096, 9000, 0}
	size := sizes[r.Intn(len(sizes))]
	share := [...]float64{0.1, 0.3, 0.5, 0.7, 1.3}[r.Intn(5)]
	where := r.Intn(3)
	rate := share * effectiveRate(s.NICGen, s.NICLanes, s.DLLPTax).Gbps() * 1e9
	if s.Topology == TopologySwitch {
		rate = min(rate, share*effectiveRate(s.UplinkGen, s.UplinkLanes, s.DLLPTax).Gbps()*1e9)
	}
	var jobs []job
	var now float64
	for range n {
		j := job{at: sim.Time(now), bytes: size, read: load == loadReads, target: Target(where)}
		if size == 0 {
			j.bytes = int64(64 + r.Intn(4032))
		}
		if where == 2 {
			j.target = Target(r.Intn(2))
		}
		jobs = append(jobs, j)
		gap := float64(8*j.bytes) / rate * 1e12
		now += gap * (0.5 + r.Float64())
	}
	return jobs
}

// agreement is how far the engines may be apart.
const (
	agreeThroughput = 0.01
	agreeLatency    = 0.05
)

// difference is how far the engines are apart on a tree.
type difference struct {
	throughput, latency float64
	about               func() string
}

func (d *difference) agrees() bool {
	return math.Abs(d.throughput) <= agreeThroughput && math.Abs(d.latency) <= agreeLatency
}

// family is trees and loads of a kind. The fast engine books a transaction when it has
// what it needs to leave the NIC, and times that have been told stay: what then goes
// before it on a link makes it later in truth. Where queues are full and many things
// meet, or a load is just what a link can carry, so that a trifle changes how long the
// queue is, a few trees are a little further apart than the others.
//
// outside says that runs use the exact engine on such trees (Spec.Exactly), because
// requests wait for translations, or for others' completions, between the switch and
// the root port. How well the fast one does there is kept from getting worse.
type family struct {
	name    string
	outside bool
	load    int
	change  func(*Spec)

	share      float64 // of the trees that agree, at least
	throughput float64 // most that any tree may be apart
	latency    float64 // the same; 0: a queue that grows without bound on one engine alone makes it any
}

// plain takes out what runs use the exact engine for.
func plain(s *Spec) { s.ATS, s.ACSRedirect = false, false }

func withATS(s *Spec) { s.IOMMU, s.ATS, s.ACSRedirect = true, true, false }

func behindACS(s *Spec) { s.ATS, s.ACSRedirect, s.Topology = false, true, TopologySwitch }

var families = []family{
	{"writes", false, loadWrites, func(s *Spec) { s.ATS = false }, 0.99, agreeThroughput, 0.2},
	{"reads", false, loadReads, plain, 0.99, agreeThroughput, 0.1},
	{"reads and writes", false, loadBoth, plain, 0.99, 0.025, 0.1},
	{"reads starved of tags, and writes", false, loadStarved, plain, 0.97, 0.03, 0.1},

	{"writes with ATS", true, loadWrites, withATS, 0.8, 0.4, 0},
	{"reads with ATS", true, loadReads, withATS, 0.85, 0.75, 0},
	{"reads and writes with ATS", true, loadBoth, withATS, 0.9, 0.4, 0},
	{"reads behind ACS", true, loadReads, behindACS, 0.95, 0.05, 0.2},
	{"reads and writes behind ACS", true, loadBoth, behindACS, 0.85, 0.3, 0.7},
}

// compare runs a tree of the family on both engines.
func (f *family) compare(tb testing.TB, r *sim.Rand) difference {
	s, peer, outstanding := anySpec(r)
	f.change(&s)
	var fast, exact outcome
	var about func() string
	switch f.load {
	case loadWrites, loadReads:
		jobs := anyLoad(r, &s, f.load, 1500)
		fast, exact = runJobs(tb, &s, outstanding, peer, jobs, EngineFast), runJobs(tb, &s, outstanding, peer, jobs, EngineExact)
		about = func() string { return aboutJobs(&s, &peer, outstanding, jobs) }
	default:
		engines := anyEngines(r, &s, outstanding, f.load == loadStarved)
		fast, exact = runLoops(tb, &s, outstanding, peer, engines, EngineFast), runLoops(tb, &s, outstanding, peer, engines, EngineExact)
		about = func() string { return fmt.Sprintf("%+v; %d; %+v; %+v", engines, outstanding, peer, s) }
	}
	return difference{fast.gbps/exact.gbps - 1, fast.latency/exact.latency - 1, about}
}

// hold compares the engines on so many trees and holds them to the family's bounds.
func (f *family) hold(t *testing.T, seed uint64, trees int) {
	r := sim.NewRand(seed, f.name)
	var throughput, latency []float64
	agree := 0
	for i := range trees {
		d := f.compare(t, &r)
		throughput, latency = append(throughput, math.Abs(d.throughput)), append(latency, math.Abs(d.latency))
		if d.agrees() {
			agree++
		} else {
			t.Logf("%d: %+.2f %% throughput, %+.1f %% latency\n%s", i, 100*d.throughput, 100*d.latency, d.about())
		}
		if math.Abs(d.throughput) > f.throughput || f.latency > 0 && math.Abs(d.latency) > f.latency {
			t.Errorf("%d: %+.2f %% throughput, %+.1f %% latency\n%s", i, 100*d.throughput, 100*d.latency, d.about())
		}
	}
	slices.Sort(throughput)
	slices.Sort(latency)
	of := func(sorted []float64, share float64) float64 { return 100 * sorted[int(share*float64(trees-1))] }
	t.Logf("%d of %d trees agree; throughput: median %.2f %%, 90th %.2f, 99th %.2f, largest %.2f; latency: %.2f, %.2f, %.2f, %.1f", agree, trees,
		of(throughput, 0.5), of(throughput, 0.9), of(throughput, 0.99), of(throughput, 1),
		of(latency, 0.5), of(latency, 0.9), of(latency, 0.99), of(latency, 1))
	if float64(agree) < f.share*float64(trees) {
		t.Errorf("%d of %d trees agree within %.0f %% throughput and %.0f %% mean latency, want %.0f %% of them",
			agree, trees, 100*agreeThroughput, 100*agreeLatency, 100*f.share)
	}
}

func TestBothEnginesAgree(t *testing.T) {
	for i := range families {
		f := &families[i]
		t.Run(f.name, func(t *testing.T) {
			trees := 100
			if f.outside {
				trees = 30
			}
			if f.load >= loadBoth { // which take longer
				trees /= 2
			}
			f.hold(t, 1, trees)
		})
	}
}

func aboutJobs(s *Spec, p *TargetSpec, outstanding int, jobs []job) string {
	var to [targets]int
	for _, j := range jobs {
		to[j.target]++
	}
	return fmt.Sprintf("%d jobs of %d B..., host %d, gpu %d; outstanding %d; peer %+v\n%+v", len(jobs), jobs[0].bytes, to[0], to[1], outstanding, *p, *s)
}
