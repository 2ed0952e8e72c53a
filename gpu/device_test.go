package gpu

import (
	"errors"
	"math"
	"testing"

	"netgpusim/sim"
)

// testSpec is a T4: 16 GB of memory behind a BAR1 of 256 MB.
func testSpec() Spec {
	return Spec{
		Memory:          16 * sim.GiB,
		BAR1:            256 * sim.MiB,
		PageSize:        64 * sim.KiB,
		MemoryBandwidth: 2560 * sim.Gbps,
		BARRead:         500 * sim.Nanosecond,
		WriteVisibility: 300 * sim.Nanosecond,
		MemoryShare:     0.8,
		MemoryLatency:   150 * sim.Nanosecond,
		Flush:           500 * sim.Nanosecond,
		PinTime:         sim.Millisecond,
		UnpinTime:       500 * sim.Microsecond,
		CopySetup:       1500 * sim.Nanosecond,
		CopyFetch:       300 * sim.Nanosecond,
		CopyRampRate:    300 * sim.Gbps,
		HostFabric:      100 * sim.Nanosecond,
		ReadSlices:      16,
		SliceReads:      4,
		LineInterval:    15 * sim.Nanosecond,
		StoreInterval:   5 * sim.Nanosecond,
	}
}

func newDevice(t testing.TB, spec Spec) *Device {
	t.Helper()
	d, err := New(&spec)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// alloc and pin fail the test if they fail.
func alloc(t *testing.T, d *Device, n sim.Bytes) Addr {
	t.Helper()
	a, err := d.Alloc(n)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func pin(t *testing.T, d *Device, a Addr, n sim.Bytes) *Mapping {
	t.Helper()
	m, err := d.Pin(a, n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantErrno fails unless err is an *Error of this errno with these sizes.
func wantErrno(t *testing.T, err error, errno Errno, given, allowed sim.Bytes) {
	t.Helper()
	var e *Error
	if !errors.Is(err, errno) || !errors.As(err, &e) || e.Given != given || e.Allowed != allowed {
		t.Errorf("error %v (%+v), want %v, given %d, allowed %d", err, e, errno, given, allowed)
	}
}

func TestAllocationsAreContiguousWholePagesAtTheLowestFreeAddress(t *testing.T) {
	d := newDevice(t, testSpec())
	a, b, c := alloc(t, d, 1), alloc(t, d, 65*sim.KiB), alloc(t, d, 64*sim.KiB)
	if b != a+64<<10 || c != b+128<<10 || d.Allocated() != 256*sim.KiB {
		t.Errorf("allocated at %#x, %#x, %#x, %d bytes in use", a, b, c, d.Allocated())
	}
	if _, err := d.Free(b); err != nil {
		t.Fatal(err)
	}
	if e := alloc(t, d, 128*sim.KiB); e != b {
		t.Errorf("allocated at %#x, the hole is at %#x", e, b)
	}
}

func TestMemoryRunsOut(t *testing.T) {
	s := testSpec()
	s.Memory = sim.MiB
	d := newDevice(t, s)
	alloc(t, d, 512*sim.KiB)
	_, err := d.Alloc(513 * sim.KiB)
	wantErrno(t, err, ENOMEM, 513*sim.KiB, 512*sim.KiB)
	_, err = d.Alloc(1 << 62)
	wantErrno(t, err, ENOMEM, 1<<62, sim.MiB)
	_, err = d.Alloc(0)
	wantErrno(t, err, EINVAL, 0, 0)
	_, err = d.Free(virtualBase + 4096)
	wantErrno(t, err, EINVAL, 0, 0)
}

func TestPinningUsesBAR1UpAndUnpinningGivesItBack(t *testing.T) {
	d := newDevice(t, testSpec())
	a := alloc(t, d, sim.GiB)
	m := pin(t, d, a, 200*sim.MiB)
	_, err := d.Pin(a, 100*sim.MiB)
	wantErrno(t, err, ENOMEM, 100*sim.MiB, 56*sim.MiB)
	if d.Pinned() != 200*sim.MiB {
		t.Errorf("%d bytes pinned", d.Pinned())
	}
	if err := d.Unpin(m); err != nil || d.Pinned() != 0 {
		t.Errorf("unpin: %v, %d bytes still pinned", err, d.Pinned())
	}
	pin(t, d, a, 256*sim.MiB)
	wantErrno(t, d.Unpin(m), EINVAL, 0, 0)
	if d.Pinned() != 256*sim.MiB {
		t.Errorf("a second unpin changed what is pinned to %d bytes", d.Pinned())
	}
}

func TestPinRoundsToGPUPagesOfSixteenHostPages(t *testing.T) {
	d := newDevice(t, testSpec())
	a := alloc(t, d, sim.MiB)
	m := pin(t, d, a+100, 64*sim.KiB)
	if m.Start() != a || m.Length() != 128*sim.KiB || m.HostPages() != 32 {
		t.Errorf("start %#x, %d bytes, %d pages of 4 KiB", m.Start()-a, m.Length(), m.HostPages())
	}
}

func TestPinRefusesWhatIsNotWithinOneAllocation(t *testing.T) {
	d := newDevice(t, testSpec())
	a := alloc(t, d, sim.MiB)
	alloc(t, d, sim.MiB)
	for _, r := range []struct {
		addr Addr
		n    sim.Bytes
	}{{a, 0}, {a, -1}, {a, sim.MiB + 1}, {a + 1<<20 - 1, 2}, {a + 2<<20, 1}, {0, 4096}, {a - 1, 1}, {a, 1<<63 - 1}, {1<<64 - 1, 1}} {
		_, err := d.Pin(r.addr, r.n)
		wantErrno(t, err, EINVAL, r.n, 0)
	}
	if d.Pinned() != 0 {
		t.Errorf("%d bytes pinned by failures", d.Pinned())
	}
}

// This holds Mapping.DMA to the formula of patch 21,
// base[(addr-start)>>page_shift] + offset, with the table of page bases that the
// driver would have.
func TestDMAAddressIsPageBasePlusOffset(t *testing.T) {
	s := testSpec()
	for _, s.PageSize = range []sim.Bytes{4 * sim.KiB, 64 * sim.KiB, 128 * sim.KiB} {
		d := newDevice(t, s)
		pin(t, d, alloc(t, d, 300*sim.KiB), 300*sim.KiB)
		m := pin(t, d, alloc(t, d, 2*sim.MiB), 2*sim.MiB)
		var base []BusAddr
		for page := range m.Length() / s.PageSize {
			bus, _, err := m.DMA(m.Start()+Addr(page*s.PageSize), 1)
			if err != nil || bus%BusAddr(s.PageSize) != 0 {
				t.Fatalf("page %d at %#x: %v", page, bus, err)
			}
			if page > 0 && bus != base[page-1]+BusAddr(s.PageSize) {
				t.Errorf("page %d is not contiguous with the one before", page)
			}
			base = append(base, bus)
		}
		r := sim.NewRand(1, "dma")
		for range 1000 {
			offset := sim.Bytes(r.Intn(int(m.Length())))
			bus, got, err := m.DMA(m.Start()+Addr(offset), 4096)
			want := base[offset/s.PageSize] + BusAddr(offset%s.PageSize)
			if err != nil || bus != want || got != min(4096, m.Length()-offset) {
				t.Fatalf("offset %d: %#x, %d bytes, %v; want %#x", offset, bus, got, err, want)
			}
		}
	}
}

func TestDMAOutsideTheMappingIsRefused(t *testing.T) {
	d := newDevice(t, testSpec())
	m := pin(t, d, alloc(t, d, sim.MiB), 64*sim.KiB)
	for _, addr := range []Addr{0, m.Start() - 1, m.Start() + 64<<10, 1<<64 - 1} {
		_, _, err := m.DMA(addr, 1)
		wantErrno(t, err, EINVAL, 1, 0)
	}
	_, _, err := m.DMA(m.Start(), 0)
	wantErrno(t, err, EINVAL, 0, 0)
}

func TestRevokedPagesHaveNoDMAAddressAndNoWindow(t *testing.T) {
	d := newDevice(t, testSpec())
	m := pin(t, d, alloc(t, d, sim.MiB), sim.MiB)
	if err := d.Revoke(m); err != nil || m.Valid() || d.Pinned() != 0 {
		t.Fatalf("revoke: %v, valid %v, %d bytes pinned", err, m.Valid(), d.Pinned())
	}
	_, _, err := m.DMA(m.Start(), 1)
	wantErrno(t, err, EFAULT, 0, 0)
	wantErrno(t, d.Revoke(m), EINVAL, 0, 0)
	if err := d.Unpin(m); err != nil {
		t.Errorf("freeing the page table of revoked pages: %v", err)
	}
	wantErrno(t, d.Unpin(m), EINVAL, 0, 0)
}

// DMA that was on its way when its pages were revoked is lost, or lands in memory that
// has been pinned at the same place of BAR1 since.
func TestDMAInFlightMeetsNothingOrAnotherMappingAfterARevocation(t *testing.T) {
	d := newDevice(t, testSpec())
	first, second := alloc(t, d, sim.MiB), alloc(t, d, sim.MiB)
	m, other := pin(t, d, first, sim.MiB), pin(t, d, second, sim.MiB)
	bus, _, err := m.DMA(first+5000, 64)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Reached(bus); got != m {
		t.Errorf("before the revocation %p is reached, want %p", got, m)
	}
	if err := d.Revoke(m); err != nil {
		t.Fatal(err)
	}
	if got := d.Reached(bus); got != nil {
		t.Errorf("after the revocation %p is reached, want nothing", got)
	}
	again := pin(t, d, second, 64*sim.KiB)
	if got := d.Reached(bus); got != again || again == other {
		t.Errorf("%p is reached, want %p, which has the window now", got, again)
	}
	end := BusAddr(again.Length())
	if d.Reached(bus-5000+end-1) != again || d.Reached(bus-5000+end) != nil {
		t.Error("a window is as long as its mapping")
	}
}

func TestFreeRevokesTheMappingsOfThatAllocationOnly(t *testing.T) {
	d := newDevice(t, testSpec())
	a, b := alloc(t, d, sim.MiB), alloc(t, d, sim.MiB)
	m1, m2, other := pin(t, d, a, 64*sim.KiB), pin(t, d, a+512<<10, 64*sim.KiB), pin(t, d, b, 64*sim.KiB)
	revoked, err := d.Free(a)
	if err != nil || len(revoked) != 2 || revoked[0] != m1 || revoked[1] != m2 || !other.Valid() {
		t.Errorf("freed: %v, %d revoked, the other valid: %v", err, len(revoked), other.Valid())
	}
	if d.Pinned() != 64*sim.KiB || d.Allocated() != sim.MiB {
		t.Errorf("%d bytes pinned, %d allocated", d.Pinned(), d.Allocated())
	}
}

func TestWindowsAndAllocationsNeverOverlap(t *testing.T) {
	s := testSpec()
	s.Memory = 64 * sim.MiB
	s.BAR1 = 24 * sim.MiB
	d := newDevice(t, s)
	r := sim.NewRand(1, "gpu")
	type live struct {
		addr Addr
		n    sim.Bytes
		m    *Mapping
	}
	var lives []live
	refused := 0
	for range 3000 {
		if len(lives) > 0 && r.Intn(2) == 0 {
			i := r.Intn(len(lives))
			if _, err := d.Free(lives[i].addr); err != nil {
				t.Fatal(err)
			}
			lives = append(lives[:i], lives[i+1:]...)
			continue
		}
		n := sim.Bytes(1 + r.Intn(8<<20))
		a, err := d.Alloc(n)
		if err != nil {
			refused++
			continue
		}
		m, err := d.Pin(a, n)
		if err != nil {
			refused++
			if _, err := d.Free(a); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var pinned sim.Bytes
		for _, l := range lives {
			if a < l.addr+Addr(l.m.length) && l.addr < a+Addr(m.length) {
				t.Fatalf("allocation at %#x overlaps %#x", a, l.addr)
			}
			if m.bus < l.m.bus+BusAddr(l.m.length) && l.m.bus < m.bus+BusAddr(m.length) {
				t.Fatalf("window at %#x overlaps %#x", m.bus, l.m.bus)
			}
			pinned += l.m.length
		}
		lives = append(lives, live{a, n, m})
		if pinned += m.length; d.Pinned() != pinned || d.Allocated() != pinned || pinned > s.BAR1 {
			t.Fatalf("%d pinned, %d allocated, want %d", d.Pinned(), d.Allocated(), pinned)
		}
	}
	if refused == 0 {
		t.Error("nothing was ever refused: this test is too easy")
	}
}

func TestTheCPUHasNoAccess(t *testing.T) {
	if !errors.Is(ErrCPUAccess, EFAULT) {
		t.Errorf("%v is not EFAULT", ErrCPUAccess)
	}
}

func TestTargetCarriesTheSpecificationToThePCIeTree(t *testing.T) {
	s := testSpec()
	target := newDevice(t, s).Target()
	if target.ReadService != s.BARRead || target.WriteVisible != s.WriteVisibility ||
		target.WriteLimit != s.MemoryBandwidth || target.ReadLimit != s.MemoryBandwidth {
		t.Errorf("%+v", target)
	}
}

func TestNewRefusesWhatCannotWorkAndNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		key  string
		make func(s *Spec)
	}{
		{"memory", func(s *Spec) { s.Memory = 0 }},
		{"bar1", func(s *Spec) { s.BAR1 = 4096 }},
		{"page_size", func(s *Spec) { s.PageSize = 0 }},
		{"page_size", func(s *Spec) { s.PageSize = 48 * sim.KiB }},
		{"memory_bandwidth", func(s *Spec) { s.MemoryBandwidth = 0 }},
		{"bar_read", func(s *Spec) { s.BARRead = -1 }},
		{"write_visibility", func(s *Spec) { s.WriteVisibility = -1 }},
		{"memory_share", func(s *Spec) { s.MemoryShare = 0 }},
		{"memory_share", func(s *Spec) { s.MemoryShare = math.NaN() }},
		{"memory_latency", func(s *Spec) { s.MemoryLatency = -1 }},
		{"flush", func(s *Spec) { s.Flush = -1 }},
		{"pin_time", func(s *Spec) { s.PinTime = -1 }},
		{"unpin_time", func(s *Spec) { s.UnpinTime = -1 }},
		{"copy_setup", func(s *Spec) { s.CopySetup = -1 }},
		{"copy_fetch", func(s *Spec) { s.CopyFetch = -1 }},
		{"copy_ramp", func(s *Spec) { s.CopyRamp = -1 }},
		{"copy_ramp_rate", func(s *Spec) { s.CopyRampRate = 0 }},
		{"host_fabric", func(s *Spec) { s.HostFabric = -1 }},
		{"read_slices", func(s *Spec) { s.ReadSlices = 0 }},
		{"read_slices", func(s *Spec) { s.ReadSlices = 1 << 40 }},
		{"slice_reads", func(s *Spec) { s.SliceReads = 0 }},
		{"slice_reads", func(s *Spec) { s.SliceReads = 1000 }},
		{"line_interval", func(s *Spec) { s.LineInterval = -1 }},
		{"store_interval", func(s *Spec) { s.StoreInterval = -1 }},
	} {
		s := testSpec()
		c.make(&s)
		_, err := New(&s)
		var wrong *SpecError
		if !errors.As(err, &wrong) || wrong.Key != "gpu."+c.key {
			t.Errorf("%s: %v", c.key, err)
		}
	}
}
