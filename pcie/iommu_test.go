package pcie

import (
	"math"
	"testing"

	"netgpusim/sim"
)

// benchSpec is the machine of pcie-bench, Xeon E5-2630v4 and Gen3 x8, with the IOMMU
// of the built-in profiles: 64 entries, 6 walkers of 280 ns and 22 ns for each line.
func benchSpec() Spec {
	s := rootSpec()
	s.NICLanes, s.LinkLatency, s.HostReadRTT = 8, 70*sim.Nanosecond, 430*sim.Nanosecond
	s.LLCReach, s.LLCMiss = 20*sim.MiB, 60*sim.Nanosecond
	s.IOMMUPage, s.IOTLBEntries, s.IOMMUWalkers, s.IOMMUWalk = 4*sim.KiB, 64, 6, 280*sim.Nanosecond
	s.IOMMULine = 22 * sim.Nanosecond
	return s
}

// benchTags is how many reads the NFP-6000 of pcie-bench keeps in flight.
const benchTags = 32

func TestIOMMUWindowCurveOfPCIeBenchWithinEightPercent(t *testing.T) {
	s := benchSpec()
	s.IOMMU = true
	for _, c := range []struct {
		window   sim.Bytes
		measured float64 // Gbit/s of random 64-byte reads
	}{{sim.MiB, 15.2}, {16 * sim.MiB, 9.95}, {64 * sim.MiB, 9.84}} {
		s.HostWindow = c.window
		got := readRate(newTree(t, s, benchTags), HostMemory, 64, 40_000)
		t.Logf("window %d KiB: %.2f Gbit/s, measured %.2f (%+.1f %%)", c.window/sim.KiB, got, c.measured, 100*(got/c.measured-1))
		if math.Abs(got/c.measured-1) > 0.08 {
			t.Errorf("window %d KiB: %.2f Gbit/s, measured %.2f", c.window/sim.KiB, got, c.measured)
		}
	}
	// Within the reach of 64 pages of 4 KiB, and with superpages, nothing is lost.
	s.HostWindow = 256 * sim.KiB
	inReach := readRate(newTree(t, s, benchTags), HostMemory, 64, 40_000)
	s.HostWindow, s.IOMMUPage = 64*sim.MiB, 2*sim.MiB
	s.LLCReach = s.HostWindow
	superpages := readRate(newTree(t, s, benchTags), HostMemory, 64, 40_000)
	s.IOMMU = false
	off := readRate(newTree(t, s, benchTags), HostMemory, 64, 40_000)
	for name, got := range map[string]float64{"256 KiB": inReach, "64 MiB of superpages": superpages} {
		if math.Abs(got/off-1) > 0.01 {
			t.Errorf("%s: %.2f Gbit/s, %.2f without IOMMU", name, got, off)
		}
	}
}

func TestATranslationMissTakesAWalkLonger(t *testing.T) {
	s := benchSpec()
	idle := runOne(t, s, Request{From: AtNIC, To: AtHost, Kind: ReadRequest, Bytes: 64})
	s.IOMMU = true
	tree := newTree(t, s, benchTags)
	if _, last := tree.Read(0, HostMemory, 64); last != idle+s.IOMMUWalk {
		t.Errorf("first read of a page %v, want %v and a walk", last, idle)
	}
	now := 10 * sim.Microsecond
	if _, last := tree.Read(now, HostMemory, 64); last-now != idle {
		t.Errorf("second read of a page %v, want %v", last-now, idle)
	}
	if got := runOne(t, s, Request{From: AtNIC, To: AtHost, Kind: ReadRequest, Bytes: 64}); got != idle+s.IOMMUWalk {
		t.Errorf("exact engine: first read of a page %v, want %v and a walk", got, idle)
	}
}

// With ATS the first transaction with a page asks for it, 24 bytes up and 28 down, and
// the IOMMU is out of the way of the next.
func TestATSAsksForAPageOnce(t *testing.T) {
	s := benchSpec()
	idle := runOne(t, s, Request{From: AtNIC, To: AtHost, Kind: ReadRequest, Bytes: 64})
	s.IOMMU, s.ATS, s.ATSEntries = true, true, 64
	tree := newTree(t, s, benchTags)
	_, first := tree.Read(0, HostMemory, 64)
	now := 10 * sim.Microsecond
	_, second := tree.Read(now, HostMemory, 64)
	wire := func(n int64) sim.Time { return tree.nic.up.pace.Time(n) + s.LinkLatency }
	if want := idle + wire(24) + wire(28) + s.IOMMUWalk; first != want || second-now != idle {
		t.Errorf("reads of a page %v and %v, want %v and %v", first, second-now, want, idle)
	}
	if got := runOne(t, s, Request{From: AtNIC, To: AtHost, Kind: ReadRequest, Bytes: 64}); got != first {
		t.Errorf("exact engine: %v, fast %v", got, first)
	}
	if up := tree.Links(now)[0].Up.TotalBytes; up != 3*24 {
		t.Errorf("%d bytes up, want three requests of 24", up)
	}
}

func TestRemoteMemoryIsTwoHopsFurtherAndNoFasterThanTheLinkBetweenTheSockets(t *testing.T) {
	s := rootSpec()
	s.NUMAHop, s.NUMALimit = 40*sim.Nanosecond, 50*sim.Gbps
	_, local := newTree(t, s, 64).Read(0, HostMemory, 64)
	_, localWrite := newTree(t, s, 64).Write(0, HostMemory, 64)
	s.RemoteMemory = true
	_, remote := newTree(t, s, 64).Read(0, HostMemory, 64)
	_, remoteWrite := newTree(t, s, 64).Write(0, HostMemory, 64)
	if remote-local != 2*s.NUMAHop || remoteWrite-localWrite != s.NUMAHop {
		t.Errorf("read %v longer, write %v", remote-local, remoteWrite-localWrite)
	}
	if got := readRate(newTree(t, s, 64), HostMemory, 4096, 2000); math.Abs(got/50-1) > 0.001 {
		t.Errorf("reads: %.2f Gbit/s, limit 50", got)
	}
	if got := writeRate(newTree(t, s, 64), HostMemory, 4096, 2000); math.Abs(got/50-1) > 0.001 {
		t.Errorf("writes: %.2f Gbit/s, limit 50", got)
	}
}

// The share of reads that miss is the part of the window that the LLC does not hold.
func TestReadsMissTheCacheInTheProportionOfTheWindow(t *testing.T) {
	s := rootSpec()
	s.HostWindow, s.LLCReach, s.LLCMiss = 80*sim.MiB, 20*sim.MiB, 60*sim.Nanosecond
	tree := newTree(t, s, 64)
	const reads = 20_000
	var sum sim.Time
	for i := range sim.Time(reads) {
		now := i * sim.Microsecond
		_, last := tree.Read(now, HostMemory, 64)
		sum += last - now - s.HostReadRTT
	}
	if got := float64(sum) / reads / float64(s.LLCMiss); math.Abs(got-0.75) > 0.01 {
		t.Errorf("%.3f of the reads missed, want 0.75", got)
	}
}

func TestReadsOfARootComplexAreBoundByItsPlacesOverTheirResidence(t *testing.T) {
	s := rootSpec()
	s.HostReads = 4
	tree := newTree(t, s, 64)
	got := readRate(tree, HostMemory, 64, 4000)
	want := float64(s.HostReads) * 64 * 8 / tree.targets[HostMemory].service.Nanoseconds()
	if math.Abs(got/want-1) > 0.01 {
		t.Errorf("%.3f Gbit/s, %d places over %v are %.3f", got, s.HostReads, tree.targets[HostMemory].service, want)
	}
}

func TestATLBKeepsWhatWasUsedLast(t *testing.T) {
	for _, entries := range []int{1, 3, 4, 7, 64, 96, 1024} {
		tlb := newTLB(entries)
		if len(tlb.pages) != entries || int64(entries)%tlb.ways != 0 {
			t.Fatalf("%d entries: %d in sets of %d", entries, len(tlb.pages), tlb.ways)
		}
		for page := range int64(entries) {
			if tlb.find(page) {
				t.Errorf("%d entries: page %d is there already", entries, page)
			}
			tlb.insert(page)
		}
		for page := range int64(entries) {
			if !tlb.find(page) {
				t.Errorf("%d entries: page %d of a window of as many pages is gone", entries, page)
			}
		}
		sets := tlb.setMask + 1
		for i := range tlb.ways { // the set of page 0, whose oldest is page 0
			if tlb.find(sets * (tlb.ways + i)) {
				t.Errorf("%d entries: a page that was never inserted is there", entries)
			}
		}
		tlb.insert(sets * tlb.ways)
		if tlb.find(0) || !tlb.find(sets*tlb.ways) {
			t.Errorf("%d entries: page 0, used least recently, should have given way", entries)
		}
	}
}

// One walker is held for its walk and the lines of each read that misses.
func TestAWalkerIsHeldForTheLinesOfAMiss(t *testing.T) {
	s := benchSpec()
	s.IOMMU, s.IOMMUWalkers, s.HostWindow, s.LLCReach = true, 1, sim.GiB, sim.GiB
	for _, c := range []struct{ bytes, lines int64 }{{64, 1}, {256, 4}, {512, 8}} {
		want := float64(8*c.bytes) / (s.IOMMUWalk + sim.Time(c.lines)*s.IOMMULine).Nanoseconds()
		var jobs []job
		for range 2000 {
			jobs = append(jobs, job{read: true, bytes: c.bytes})
		}
		for name, got := range map[string]float64{
			"fast":  runJobs(t, &s, benchTags, testPeer, jobs, EngineFast).gbps,
			"exact": runJobs(t, &s, benchTags, testPeer, jobs, EngineExact).gbps,
		} {
			if math.Abs(got/want-1) > 0.01 {
				t.Errorf("%s, %d bytes: %.3f Gbit/s, want %.3f", name, c.bytes, got, want)
			}
		}
	}
}

// A write's walker is held for the walk alone.
func TestAWalkerIsHeldForTheWalkOfAWrite(t *testing.T) {
	s := benchSpec()
	s.IOMMU, s.IOMMUWalkers, s.HostWindow, s.LLCReach = true, 1, sim.GiB, sim.GiB
	var jobs []job
	for range 2000 {
		jobs = append(jobs, job{bytes: 256})
	}
	want := 8 * 256 / s.IOMMUWalk.Nanoseconds()
	for name, got := range map[string]float64{
		"fast":  runJobs(t, &s, benchTags, testPeer, jobs, EngineFast).gbps,
		"exact": runJobs(t, &s, benchTags, testPeer, jobs, EngineExact).gbps,
	} {
		if math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s: %.3f Gbit/s, want %.3f", name, got, want)
		}
	}
}

// A walk for a read that is booked ahead leaves its walker to what comes before, and no
// walker does two walks at once.
func TestWalkersFillTheGapsBeforeWalksBookedAhead(t *testing.T) {
	s := benchSpec()
	s.IOMMUWalkers = 1
	m := newIOMMU(&s, newClock())
	walk, held := s.IOMMUWalk, s.IOMMUWalk+s.IOMMULine
	ahead := 10 * held
	for i, c := range []struct{ at, want sim.Time }{
		{ahead, ahead + walk},
		{0, walk},                             // long before
		{held / 2, held + walk},               // behind the second
		{ahead - held/2, ahead + held + walk}, // half a gap is too short
		{ahead - held - held/2, ahead - held/2 - s.IOMMULine},
	} {
		if got := m.translate(c.at, int64(i), lineBytes); got != c.want {
			t.Errorf("%d: a walk asked for at %v is done at %v, want %v", i, c.at, got, c.want)
		}
	}
}
