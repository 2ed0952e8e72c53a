package netgpu

import "testing"

const benchPages = 10240 // 40 MiB, as the modified iperf3 has

func TestSteadyStateAllocatesNothing(t *testing.T) {
	m, q, s := benchWorld(t, benchPages, 1024)
	trip := func() {
		if stuck := roundTrip(q, s); stuck != "" {
			t.Fatal("stuck at ", stuck)
		}
	}
	cache := func() {
		for range 200 {
			id, _ := q.GetPage()
			q.Post(id)
			q.Receive(id)
			m.DropFragment(id)
		}
		var ids [200]PageID
		for i := range ids {
			ids[i], _ = q.GetPage()
		}
		for _, id := range ids {
			q.PutNapi(id)
		}
	}
	var fragments [MaxFragments]TxFragment
	send := func() {
		n, _, err := s.AttachPages(Iovec{1 << 32, 64 << 10}, fragments[:])
		if n != 16 || err != OK {
			t.Fatal(n, err)
		}
		for _, f := range fragments[:n] {
			m.ReleaseTx(f.Page)
		}
	}
	for name, f := range map[string]func(){"round trip": trip, "cache": cache, "send": send} {
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	// 200 pages need four chunks; one is spare, and each part has an empty one.
	if n := len(q.cache.chunks); n > 7 {
		t.Errorf("the page cache has come to %d chunks: it leaks them", n)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	_, q, s := benchWorld(b, benchPages, 1024)
	b.ReportAllocs()
	for b.Loop() {
		roundTrip(q, s)
	}
}

// BenchmarkRoundTripBatched moves 32 pages per turn, as NAPI and the library do.
func BenchmarkRoundTripBatched(b *testing.B) {
	_, q, s := benchWorld(b, benchPages, 1024)
	var ids [32]PageID
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(ids) {
		q.CanRefill(int32(len(ids)))
		for k := range ids {
			ids[k], _ = q.GetPage()
			q.Post(ids[k])
		}
		q.FillComplete()
		for _, id := range ids {
			q.Receive(id)
			s.Queue(id)
		}
		for _, id := range ids {
			s.Deliver(id, 0, 1420)
		}
		s.Submit()
		s.Batch(32)
		for {
			iov, ok := s.Take()
			if !ok {
				break
			}
			q.Recycle(iov.Base)
		}
		q.SubmitFill()
	}
}

func BenchmarkRing(b *testing.B) { benchRing(b, NewRing[uint64](1024)) }

// BenchmarkRingLive shows what the atomic stores of a live ring cost.
func BenchmarkRingLive(b *testing.B) {
	benchRing(b, RingOver(new(RingHeader), make([]uint64, 1024)))
}

func benchRing(b *testing.B, ring *Ring[uint64]) {
	p, c := NewProducer(ring), NewConsumer(ring)
	b.ReportAllocs()
	for b.Loop() {
		*p.Reserve() = 1
		p.Submit()
		c.Peek()
		c.Advance()
	}
}

func BenchmarkMove(b *testing.B) {
	m, _, _ := benchWorld(b, benchPages, 8)
	id := PageID(0)
	b.ReportAllocs()
	for b.Loop() {
		m.move(id, FillRing, App, Misplaced)
		m.move(id, App, FillRing, Misplaced)
		if id++; id == benchPages {
			id = 0
		}
	}
}

func BenchmarkGetPutNapi(b *testing.B) {
	_, q, _ := benchWorld(b, benchPages, 8)
	b.ReportAllocs()
	for b.Loop() {
		id, _ := q.GetPage()
		q.PutNapi(id)
	}
}

func BenchmarkGetDropAny(b *testing.B) {
	m, q, _ := benchWorld(b, benchPages, 8)
	b.ReportAllocs()
	for b.Loop() {
		id, _ := q.GetPage()
		q.Post(id)
		q.Receive(id)
		m.DropFragment(id)
	}
}

func BenchmarkGetFromFillRing(b *testing.B) {
	_, q, s := benchWorld(b, benchPages, 8)
	b.ReportAllocs()
	for b.Loop() {
		id, _ := q.GetPage()
		va, _ := s.module.VA(id)
		s.module.move(id, Driver, App, Misplaced)
		q.Recycle(va)
		q.SubmitFill()
	}
}

// BenchmarkSend attaches and releases the 16 pages of a 64 KiB skb.
func BenchmarkSend(b *testing.B) {
	m, _, s := benchWorld(b, benchPages, 8)
	var fragments [MaxFragments]TxFragment
	b.ReportAllocs()
	for b.Loop() {
		n, _, _ := s.AttachPages(Iovec{1 << 32, 64 << 10}, fragments[:])
		for _, f := range fragments[:n] {
			m.ReleaseTx(f.Page)
		}
	}
}
