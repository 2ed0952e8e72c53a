package pcie

import (
	"fmt"
	"math"
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

func summarise(jobs []job, done []sim.Time) outcome {
	var bytes int64
	var end sim.Time
	var latency float64
	for i, j := range jobs {
		bytes += j.bytes
		end = max(end, done[i])
		latency += (done[i] - j.at).Nanoseconds()
	}
	return outcome{float64(8*bytes) / (end - jobs[0].at).Seconds() / 1e9, latency / float64(len(jobs))}
}

func runFast(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, jobs []job) outcome {
	tree, err := New("test", s, outstanding, peer)
	if err != nil {
		tb.Fatal(err)
	}
	done := make([]sim.Time, len(jobs))
	for i, j := range jobs {
		if j.read {
			_, done[i] = tree.Read(j.at, j.target, j.bytes)
		} else {
			_, done[i] = tree.Write(j.at, j.target, j.bytes)
		}
	}
	return summarise(jobs, done)
}

// newExact makes an exact engine and submits the jobs at the addresses that the fast
// one draws.
func newExact(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, jobs []job, o ExactOptions) (*sim.Engine, *Exact) {
	engine := sim.NewEngine()
	x, err := NewExact(engine, "test", s, outstanding, peer, o)
	if err != nil {
		tb.Fatal(err)
	}
	stream := newAddresses(s)
	for _, j := range jobs {
		r := Request{From: AtNIC, To: AtGPU, Bytes: j.bytes}
		if j.target == HostMemory {
			r.To, r.Address = AtHost, stream.next(j.bytes)
		}
		if j.read {
			r.Kind = ReadRequest
		}
		if _, err := x.Submit(j.at, r); err != nil {
			tb.Fatal(err)
		}
	}
	return engine, x
}

func runExact(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, jobs []job) outcome {
	engine, x := newExact(tb, s, outstanding, peer, jobs, ExactOptions{})
	engine.Run(sim.Never)
	if err := x.Audit(); err != nil {
		tb.Fatal(err)
	}
	done := make([]sim.Time, len(jobs))
	for i := range jobs {
		done[i] = x.Result(i).Last
	}
	return summarise(jobs, done)
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

// loads are the patterns of traffic that the engines are compared under.
const (
	loadWrites = iota
	loadReads
	loads
)

// withinReach takes out what the fast engine is known to do less well, and
// TestWhatIsBookedAheadIsCloseEnough bounds: ATS, and peer reads that ACS sends over an
// uplink on which requests and completions compete.
func withinReach(s *Spec, reads bool) {
	s.ATS = false
	s.ACSRedirect = s.ACSRedirect && !reads
}

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

func TestBothEnginesAgree(t *testing.T) {
	for load, name := range [loads]string{"writes", "reads"} {
		t.Run(name, func(t *testing.T) {
			r := sim.NewRand(1, name)
			var far difference
			for i := range agreeTrees {
				s, peer, outstanding := anySpec(&r)
				withinReach(&s, load == loadReads)
				jobs := anyLoad(&r, &s, load, 1500)
				fast := runFast(t, &s, outstanding, peer, jobs)
				exact := runExact(t, &s, outstanding, peer, jobs)
				far.check(t, i, fast, exact, func() string { return about(&s, &peer, outstanding, jobs) })
			}
			far.log(t)
		})
	}
	t.Run("reads and writes together", func(t *testing.T) {
		r := sim.NewRand(1, "together")
		var far difference
		for i := range agreeTrees / 2 {
			s, peer, outstanding := anySpec(&r)
			withinReach(&s, true)
			engines := anyEngines(&r, &s, outstanding)
			fast, exact := runLoops(t, &s, outstanding, peer, engines, false), runLoops(t, &s, outstanding, peer, engines, true)
			far.check(t, i, fast, exact, func() string { return fmt.Sprintf("%+v; %d; %+v; %+v", engines, outstanding, peer, s) })
		}
		far.log(t)
	})
}

// What the fast engine books ahead of what comes before it, only bounded.
func TestWhatIsBookedAheadIsCloseEnough(t *testing.T) {
	const farThroughput = 0.25
	for name, change := range map[string]func(*Spec){
		"ATS":                   func(s *Spec) { s.IOMMU, s.ATS, s.ACSRedirect = true, true, false },
		"peer reads behind ACS": func(s *Spec) { s.ATS, s.ACSRedirect, s.Topology = false, true, TopologySwitch },
	} {
		r := sim.NewRand(1, name)
		var far difference
		for i := range agreeTrees {
			s, peer, outstanding := anySpec(&r)
			change(&s)
			jobs := anyLoad(&r, &s, loadReads, 1500)
			fast := runFast(t, &s, outstanding, peer, jobs)
			exact := runExact(t, &s, outstanding, peer, jobs)
			if off := fast.gbps/exact.gbps - 1; math.Abs(off) > farThroughput {
				t.Errorf("%s, %d: %+.2f %% throughput\n%s", name, i, 100*off, about(&s, &peer, outstanding, jobs))
			}
			far.throughput = max(far.throughput, math.Abs(fast.gbps/exact.gbps-1))
			far.latency = max(far.latency, math.Abs(fast.latency/exact.latency-1))
		}
		t.Logf("%s: largest differences: %.1f %% throughput, %.0f %% mean latency", name, 100*far.throughput, 100*far.latency)
	}
}

// agreeTrees is how many trees each kind of traffic is tried on.
const agreeTrees = 100

// difference is the largest one seen.
type difference struct{ throughput, latency float64 }

func (d *difference) check(t *testing.T, i int, fast, exact outcome, about func() string) {
	t.Helper()
	off, offLatency := fast.gbps/exact.gbps-1, fast.latency/exact.latency-1
	if math.Abs(off) > agreeThroughput || math.Abs(offLatency) > agreeLatency {
		t.Errorf("%d: %+.2f %% throughput, %+.1f %% latency: fast %.3f Gbit/s %.0f ns, exact %.3f %.0f\n%s", i,
			100*off, 100*offLatency, fast.gbps, fast.latency, exact.gbps, exact.latency, about())
	}
	d.throughput, d.latency = max(d.throughput, math.Abs(off)), max(d.latency, math.Abs(offLatency))
}

func (d *difference) log(t *testing.T) {
	t.Logf("largest differences: %.2f %% throughput, %.1f %% mean latency", 100*d.throughput, 100*d.latency)
}

func about(s *Spec, p *TargetSpec, outstanding int, jobs []job) string {
	var to [targets]int
	for _, j := range jobs {
		to[j.target]++
	}
	return fmt.Sprintf("%d jobs of %d B..., host %d, gpu %d; outstanding %d; peer %+v\n%+v", len(jobs), jobs[0].bytes, to[0], to[1], outstanding, *p, *s)
}
