package netgpu

import "testing"

func TestMistakesOfADriverAreReportedAndChangeNothing(t *testing.T) {
	m, q, s := benchWorld(t, 16, 8)
	before := m.Counts()
	for _, id := range []PageID{NoPage, 16, 1 << 20} {
		q.Post(id)
		q.Receive(id)
		q.PutNapi(id)
		m.DropFragment(id)
		s.Queue(id)
		s.Deliver(id, 0, 1)
		m.ReleaseTx(id)
		m.AppWrite(id)
		m.CPUAccess(id)
	}
	q.PutNapi(3) // in the fill ring: the driver never had it
	m.DropFragment(3)
	if m.Counts() != before {
		t.Errorf("pages moved: %v, before %v", m.Counts(), before)
	}
	if s.Readable() || s.Batch(8) != 0 {
		t.Error("a page that does not exist was delivered")
	}
	counts := map[Cause]int64{}
	for _, v := range m.Violations() {
		counts[v.Cause] = v.Count
	}
	// Per page: Post, Receive, Queue, Deliver and ReleaseTx name it; PutNapi and
	// DropFragment find no reference to drop.
	if counts[UnknownPage] != 15 || counts[Misplaced] != 8 || len(counts) != 2 {
		t.Errorf("violations %v", counts)
	}
}

func TestAViolationKeepsItsFirstTimeAndACount(t *testing.T) {
	m, q, _ := benchWorld(t, 16, 8)
	if err := m.LoadPlugin(CUDAMemory, true); err != OK {
		t.Fatal(err)
	}
	*q.Fill().Slot(0) = 0xdead000
	for stamp := range int64(5) {
		m.Stamp = 100 + stamp
		if _, err := q.GetPage(); err != EINVAL {
			t.Fatalf("got %v, want EINVAL", err)
		}
	}
	v := m.Violations()
	if len(v) != 1 || v[0].Cause != BadFillEntry || v[0].Stamp != 100 || v[0].Count != 5 || v[0].Page != NoPage {
		t.Errorf("violations %+v", v)
	}
}

func TestEveryCauseHasANameOfItsOwn(t *testing.T) {
	names := map[string]bool{}
	for c := range causeCount {
		if name := c.String(); name == "" || names[name] {
			t.Errorf("cause %d has the name %q", c, name)
		} else {
			names[name] = true
		}
	}
	for e := range Errno(len(errnoNames)) {
		if names[e.Error()] {
			t.Errorf("two errnos are called %s", e.Error())
		}
		names[e.Error()] = true
	}
}

func TestDescriptorsRunOut(t *testing.T) {
	m := NewModule(RFCv2())
	p := m.NewProcess(&Account{}, false)
	for range MaxFiles {
		if _, err := p.Socket(TCP4); err != OK {
			t.Fatal(err)
		}
	}
	if _, err := p.Socket(TCP4); err != EMFILE {
		t.Errorf("one too many: %v, want EMFILE", err)
	}
	if _, err := p.OpenContext(); err != EMFILE {
		t.Errorf("one too many: %v, want EMFILE", err)
	}
	if p.Close(7); p.files[7] != nil {
		t.Error("descriptor 7 is still open")
	}
	if fd, err := p.OpenMemory(); fd != 7 || err != OK {
		t.Errorf("descriptor %d, %v, want 7: the lowest free one", fd, err)
	}
}

func TestAQueueThatFindsNoDescriptorLeavesTheDeviceFree(t *testing.T) {
	m := NewModule(RFCv2())
	d, _ := m.AddDevice(2, 1)
	p := m.NewProcess(&Account{}, false)
	ctx, _ := p.OpenContext()
	p.AttachDev(ctx, 2)
	for len(p.files) < MaxFiles {
		p.Socket(TCP4)
	}
	b := BindParams{QueueID: AnyQueue, Fill: QueueParams{8, 8}}
	if _, err := p.BindQueue(ctx, &b); err != EMFILE {
		t.Fatalf("%v, want EMFILE", err)
	}
	if d.SetXSK(1, true) != OK || d.SetXSK(1, false) != OK {
		t.Error("the channel is still taken")
	}
	p.Close(5)
	if _, err := p.BindQueue(ctx, &b); err != OK || b.QueueID != 1 {
		t.Errorf("queue %d, %v", b.QueueID, err)
	}
}

func TestPrivilegeLiftsTheLimitOnLockedMemory(t *testing.T) {
	for _, privileged := range []bool{false, true} {
		m := NewModule(RFCv2())
		account := &Account{LimitPages: 4}
		p := m.NewProcess(account, privileged)
		p.MapHost(1<<20, 8*PageSize)
		mem, _ := p.OpenMemory()
		_, err := p.AddRegion(mem, Iovec{1 << 20, 8 * PageSize}, HostMemory)
		if want := map[bool]Errno{false: ENOMEM, true: OK}[privileged]; err != want || account.LockedPages != 0 {
			t.Errorf("privileged %v: %v with %d pages accounted, want %v and none", privileged, err, account.LockedPages, want)
		}
		if p.Close(mem); account.LockedPages != 0 {
			t.Errorf("privileged %v: %d pages accounted after the area is closed", privileged, account.LockedPages)
		}
	}
}

func TestPageIDsAreUsedAgain(t *testing.T) {
	m := NewModule(RFCv2())
	p := m.NewProcess(&Account{LimitPages: 1 << 20}, false)
	p.MapHost(1<<20, 1<<20)
	for i := range uint64(100) {
		base := 1<<20 + i*PageSize
		small, _ := p.OpenMemory()
		p.AddRegion(small, Iovec{base, 3 * PageSize}, HostMemory)
		large, _ := p.OpenMemory()
		p.AddRegion(large, Iovec{base + 3*PageSize, 64 * PageSize}, HostMemory)
		if va, ok := m.VA(5); !ok || va != base+5*PageSize {
			t.Fatalf("page 5 is at %#x, %v", va, ok)
		}
		p.Close(small)
		p.Close(large)
		m.VA(5) // a driver may still ask
	}
	if len(m.pages) != 67 || m.Registered() != 0 {
		t.Errorf("%d page numbers used, %d pages registered; want 67 and none", len(m.pages), m.Registered())
	}
	huge := uint64(MaxPages+1) << PageShift
	p.MapHost(1<<40, huge)
	mem, _ := p.OpenMemory()
	if _, err := p.AddRegion(mem, Iovec{1 << 40, huge}, HostMemory); err != ENOMEM {
		t.Errorf("%v, want ENOMEM", err)
	}
}

func TestDevicesAreCheckedWhenAdded(t *testing.T) {
	m := NewModule(RFCv2())
	for _, c := range []struct {
		ifindex, channels int
		want              Errno
	}{{2, 4, OK}, {2, 4, EEXIST}, {0, 4, EINVAL}, {-1, 4, EINVAL}, {3, 0, EINVAL}, {3, -4, EINVAL}} {
		if _, err := m.AddDevice(c.ifindex, c.channels); err != c.want {
			t.Errorf("AddDevice(%d, %d) = %v, want %v", c.ifindex, c.channels, err, c.want)
		}
	}
	if err := m.LoadPlugin(memTypeCount, true); err != ENXIO {
		t.Errorf("unknown memory type: %v, want ENXIO", err)
	}
	if _, ok := VariantByName("rfc-v3"); ok {
		t.Error("there is no rfc-v3")
	}
}
