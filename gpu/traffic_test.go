package gpu

import (
	"bytes"
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// testHost is a Gen4 x16 root port with the GPU at the requester's link.
func testHost() pcie.Spec {
	return pcie.Spec{
		Topology: pcie.TopologyRoot,
		NICGen:   4, NICLanes: 16, GPUGen: 4, GPULanes: 16, UplinkGen: 4, UplinkLanes: 16,
		MaxPayload: 256, MaxReadRequest: 512, CompletionSize: 256, DLLPTax: 0.05,
		PostedHeaderCredits: 256, PostedDataCredits: 4096,
		LinkLatency: 50 * sim.Nanosecond,
		HostReadRTT: 600 * sim.Nanosecond, HostWrite: 300 * sim.Nanosecond, MMIOWrite: 300 * sim.Nanosecond,
		IOMMUPage: 4096, IOTLBEntries: 64, IOMMUWalkers: 4, ATSEntries: 64,
	}
}

func newTree(tb testing.TB, d *Device) *pcie.Tree {
	tb.Helper()
	host := testHost()
	tree, err := pcie.New("test", &host, d.OutstandingReads(), d.Target())
	if err != nil {
		tb.Fatal(err)
	}
	return tree
}

// linkBytes is the effective rate of testHost's link in bytes per picosecond.
const linkBytes = 16e9 * 16 / 8 * 128 / 130 * 0.95 / 1e12

// near says whether a time is within 0.1 % and a nanosecond of what is expected.
func near(got sim.Time, wantPs float64) bool {
	diff := float64(got) - wantPs
	return diff < 0.001*wantPs+1000 && diff > -0.001*wantPs-1000
}

func TestCopiesToTheDeviceTakeSetupRoundTripAndBytes(t *testing.T) {
	s := testSpec()
	s.ReadSlices = 256 // enough reads in flight for the link
	for _, n := range []int64{64, 512, 4096, 1 << 20} {
		d := newDevice(t, s)
		engine := d.NewCopyEngine(newTree(t, d))
		one := engine.ToDevice(0, n)
		for range 9 {
			engine.ToDevice(0, n)
		}
		ten := engine.ToDevice(0, n)
		// The round trip is that of 64 bytes; completions of 256 bytes with 20 more.
		pieces := float64((n + 255) / 256)
		want := float64(s.CopySetup+testHost().HostReadRTT) + (float64(n)+20*pieces-84)/linkBytes
		if !near(one, want) {
			t.Errorf("%d B: %v, want %.1f ns", n, one, want/1000)
		}
		if !near(ten, 11*want) {
			t.Errorf("%d B: eleven take %v, one takes %v", n, ten, one)
		}
	}
}

func TestCopiesToTheHostTakeSetupFetchAndBytes(t *testing.T) {
	s := testSpec()
	for _, n := range []int64{64, 512, 4096, 1 << 20} {
		d := newDevice(t, s)
		done, visible := d.NewCopyEngine(newTree(t, d)).ToHost(0, n)
		pieces := float64((n + 255) / 256)
		want := float64(s.CopySetup+s.CopyFetch) + (float64(n)+24*pieces)/linkBytes
		if !near(done, want) {
			t.Errorf("%d B: %v, want %.1f ns", n, done, want/1000)
		}
		if visible <= done {
			t.Errorf("%d B: visible at %v, left at %v", n, visible, done)
		}
	}
}

func TestTheFirstBytesToTheHostLeaveAtTheRampRate(t *testing.T) {
	s := testSpec()
	s.CopyRamp, s.CopyRampRate = 64*sim.KiB, 80*sim.Gbps
	for _, n := range []int64{8192, 65536, 1 << 20} {
		d := newDevice(t, s)
		done, _ := d.NewCopyEngine(newTree(t, d)).ToHost(0, n)
		slow := min(n, int64(s.CopyRamp))
		// The last page of the ramp leaves after it has come whole.
		want := float64(s.CopySetup+s.CopyFetch) + float64(slow)*8/80e9*1e12 +
			float64(n-slow+rampPiece)*(256+24)/256/linkBytes
		if !near(done, want) {
			t.Errorf("%d B: %v, want %.1f ns", n, done, want/1000)
		}
	}
}

func TestACopyWithinTheDeviceReadsAndWrites(t *testing.T) {
	s := testSpec()
	d := newDevice(t, s)
	const n = 1 << 30
	want := float64(s.CopySetup+s.CopyFetch) + 2*n*8/(2560e9*0.8)*1e12
	if got := d.CopyWithin(n); !near(got, want) {
		t.Errorf("%v, want %.0f ns", got, want/1000)
	}
}

func TestAFlushAnswersWhenEverythingBeforeIsVisible(t *testing.T) {
	d := newDevice(t, testSpec())
	var v Visibility
	if got := d.Flush(1000, &v); got != 1000+d.spec.Flush {
		t.Errorf("nothing written: %v", got)
	}
	v.Wrote(9000)
	v.Wrote(5000) // an earlier one that was noted late
	if got := v.Exposed(4000); got != 5000 {
		t.Errorf("exposed for %v, want 5 ns", got)
	}
	if got := v.Exposed(9000); got != 0 {
		t.Errorf("exposed for %v after all is visible", got)
	}
	if got := d.Flush(1000, &v); got != 9000+d.spec.Flush {
		t.Errorf("flush answered at %v", got)
	}
}

func TestStoresLeaveNoFasterThanTheirInterval(t *testing.T) {
	s := testSpec()
	d := newDevice(t, s)
	path := d.NewHostAccess(newTree(t, d))
	first, _ := path.Store(0, 16)
	var last sim.Time
	for range 100 {
		last, _ = path.Store(0, 16)
	}
	if got := last - first; got != 100*s.StoreInterval {
		t.Errorf("100 stores took %v, want %v", got, 100*s.StoreInterval)
	}
}

func TestSectorsAreWhole(t *testing.T) {
	for n, want := range map[int64]int64{1: 32, 8: 32, 32: 32, 33: 64, 64: 64, 100: 128, 128: 128} {
		if got := Sectors(n); got != want {
			t.Errorf("%d bytes are %d, want %d", n, got, want)
		}
	}
}

func TestNeighbouringLinesAndPagesSpreadOverAllSlices(t *testing.T) {
	for _, stride := range []uint64{1, 2, 32} {
		const slices, lines = 128, 128 * 1000
		var count [slices]int
		for i := range uint64(lines) {
			count[mix(i*stride)%slices]++
		}
		for i, n := range count {
			if n < 800 || n > 1200 { // 1000, six standard deviations are 190
				t.Errorf("stride %d: slice %d has %d of %d", stride, i, n, lines)
			}
		}
	}
}

// kernel drives a HostAccess with loads at random times.
type kernel struct {
	path   *HostAccess
	tree   *pcie.Tree
	events sim.Queue
	rand   sim.Rand
	now    sim.Time
}

func newKernel(tb testing.TB, seed uint64) *kernel {
	d := newDevice(tb, testSpec())
	tree := newTree(tb, d)
	return &kernel{path: d.NewHostAccess(tree), tree: tree, rand: sim.NewRand(seed, "kernel")}
}

// step issues a load, then takes in what is back. It returns the owners that came back.
func (k *kernel) step(owner uint32, back []uint32) []uint32 {
	k.now += sim.Time(k.rand.Intn(20_000))
	back = k.drain(k.now, back)
	if s, ok := k.path.Load(k.now, uint64(k.rand.Intn(1<<20)), int64(1+k.rand.Intn(LineBytes)), owner); ok {
		k.events.Push(s.Back, sim.Event{A: s.Owner, B: uint64(s.Slice)})
	}
	return back
}

func (k *kernel) drain(until sim.Time, back []uint32) []uint32 {
	for {
		at, ok := k.events.NextTime()
		if !ok || at > until {
			return back
		}
		ev := k.events.Pop()
		back = append(back, ev.A)
		if s, ok := k.path.Returned(at, uint32(ev.B)); ok {
			k.events.Push(s.Back, sim.Event{A: s.Owner, B: uint64(s.Slice)})
		}
	}
}

func TestEveryLoadComesBackOnceAndNoSliceHasMoreThanItsReads(t *testing.T) {
	for seed := range uint64(20) {
		k := newKernel(t, seed)
		const loads = 2000
		var back []uint32
		full := false
		for i := range uint32(loads) {
			back = k.step(i, back)
			for j := range k.path.slices {
				s := &k.path.slices[j]
				if s.outstanding > 4 || s.outstanding < 4 && s.waiting.Len() > 0 {
					t.Fatalf("seed %d: slice %d has %d outstanding, %d waiting", seed, j, s.outstanding, s.waiting.Len())
				}
				full = full || s.waiting.Len() > 0
			}
		}
		back = k.drain(sim.Never, back)
		seen := make([]int, loads)
		for _, owner := range back {
			seen[owner]++
		}
		for owner, n := range seen {
			if n != 1 {
				t.Fatalf("seed %d: load %d came back %d times", seed, owner, n)
			}
		}
		for j := range k.path.slices {
			if k.path.slices[j].outstanding != 0 {
				t.Fatalf("seed %d: slice %d still has %d outstanding", seed, j, k.path.slices[j].outstanding)
			}
		}
		if !full || k.path.Waited() == 0 {
			t.Fatalf("seed %d: no slice was ever full: this tests little", seed)
		}
	}
}

func TestARestoredPathGoesOnLikeTheOneThatWasSaved(t *testing.T) {
	type world struct {
		Tree   *pcie.Tree
		Path   *HostAccess
		Engine *CopyEngine
	}
	build := func() (*world, *kernel) {
		k := newKernel(t, 7)
		return &world{k.tree, k.path, newDevice(t, testSpec()).NewCopyEngine(k.tree)}, k
	}
	a, k := build()
	for i := range uint32(200) {
		k.step(i, nil)
		a.Engine.ToDevice(k.now, 4096)
	}
	var saved bytes.Buffer
	if err := sim.Save(&saved, a); err != nil {
		t.Fatal(err)
	}
	b, _ := build()
	if err := sim.Restore(&saved, b); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(200) {
		now := k.now + sim.Time(i)*1000
		x, okX := a.Path.Load(now, i, 32, 1)
		y, okY := b.Path.Load(now, i, 32, 1)
		if x != y || okX != okY {
			t.Fatalf("load %d: %+v %t, restored %+v %t", i, x, okX, y, okY)
		}
		if x, y := a.Engine.ToDevice(now, 4096), b.Engine.ToDevice(now, 4096); x != y {
			t.Fatalf("copy %d: %v, restored %v", i, x, y)
		}
	}
}

func TestTrafficDoesNotAllocate(t *testing.T) {
	k := newKernel(t, 1)
	engine := newDevice(t, testSpec()).NewCopyEngine(k.tree)
	back := make([]uint32, 0, 64)
	step := func() {
		k.step(0, back)
		k.path.Store(k.now, 64)
		engine.ToDevice(k.now, 4096)
		engine.ToHost(k.now, 4096)
		k.now += sim.Microsecond
	}
	for range 2000 { // queues grow to their longest
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n != 0 {
		t.Errorf("%.2f allocations per step", n)
	}
}

func BenchmarkLoad(b *testing.B) {
	k := newKernel(b, 1)
	back := make([]uint32, 0, 1024)
	b.ReportAllocs()
	for range b.N {
		k.step(0, back)
	}
}
