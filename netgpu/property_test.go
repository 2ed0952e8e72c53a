package netgpu

import (
	"fmt"
	"testing"
)

// random is SplitMix64: the same numbers everywhere.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a number in [0, n).
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// pick returns one of the numbers.
func pick[T any](r *random, from ...T) T { return from[r.below(len(from))] }

// fifo is the exact twin of a ring: it counts, in 64 bits and without caching.
type fifo struct {
	entries                              uint64
	reserved, published, taken, released uint64
}

func (f *fifo) free() uint64  { return f.entries - (f.reserved - f.released) }
func (f *fifo) ready() uint64 { return f.published - f.taken }

func TestRingBehavesAsAFIFOAcrossTheWrap(t *testing.T) {
	for seed := range 200 {
		r := random(seed)
		entries := uint32(1) << r.below(6)
		start := uint32(0) - uint32(r.below(200))
		ring := NewRing[uint64](entries)
		if seed%2 == 1 { // with the atomic stores of a live ring
			ring = RingOver(new(RingHeader), make([]uint64, entries))
		}
		ring.StoreProd(start)
		ring.StoreCons(start)
		p, c := NewProducer(ring), NewConsumer(ring)
		twin := fifo{entries: uint64(entries)}

		// read checks count slots from first against what the twin says is next.
		read := func(first, count uint32) {
			for i := range count {
				if got, want := *c.Slot(first + i), twin.taken+uint64(i); got != want {
					t.Fatalf("seed %d: slot of entry %d holds %d", seed, want, got)
				}
			}
		}
		for step := range 2000 {
			n := uint32(r.below(int(entries) + 2))
			fail := ""
			switch r.below(12) {
			case 0, 1, 2:
				slot := p.Reserve()
				if (slot != nil) != (twin.free() > 0) {
					fail = fmt.Sprintf("Reserve = %v with %d free", slot != nil, twin.free())
				} else if slot != nil {
					*slot = twin.reserved
					twin.reserved++
				}
			case 3:
				p.Submit()
				twin.published = twin.reserved
			case 4:
				if got := p.Avail(n); got != (uint64(n) <= twin.free()) {
					fail = fmt.Sprintf("producer Avail(%d) = %v with %d free", n, got, twin.free())
				}
			case 5:
				if got := uint64(p.Space()); got > twin.free() || got == 0 && twin.free() > 0 {
					fail = fmt.Sprintf("Space = %d with %d free", got, twin.free())
				}
			case 6:
				slot := c.Peek()
				if (slot != nil) != (twin.ready() > 0) {
					fail = fmt.Sprintf("Peek = %v with %d ready", slot != nil, twin.ready())
				} else if slot != nil {
					read(c.cachedCons, 1)
					c.Advance()
					twin.taken++
				}
			case 7:
				first, count := c.PeekBatch(n)
				if uint64(count) > twin.ready() || count == 0 && n > 0 && twin.ready() > 0 {
					fail = fmt.Sprintf("PeekBatch(%d) = %d with %d ready", n, count, twin.ready())
				} else {
					read(first, count)
				}
			case 8:
				first, count := c.PeekBatchAdvance(n)
				read(first, count)
				twin.taken += uint64(count)
			case 9:
				first, count := c.Batch(n)
				read(first, count)
				twin.taken += uint64(count)
				if count > 0 {
					twin.released = twin.taken
				}
			case 10:
				c.Complete()
				twin.released = twin.taken
			case 11:
				if got := c.Avail(n); got != (uint64(n) <= twin.ready()) {
					fail = fmt.Sprintf("consumer Avail(%d) = %v with %d ready", n, got, twin.ready())
				}
			}
			// A Peek that had to refresh has published cons: never less than before.
			_, cons := ring.Shared()
			if lag := uint32(twin.taken) + start - cons; uint64(lag) > twin.taken-twin.released {
				fail = fmt.Sprintf("cons lags by %d, twin by %d", lag, twin.taken-twin.released)
			} else {
				twin.released = twin.taken - uint64(lag)
			}
			if fail != "" {
				t.Fatalf("seed %d step %d (%d entries): %s", seed, step, entries, fail)
			}
			if ring.Occupancy() > entries {
				t.Fatalf("seed %d step %d: occupancy %d of %d", seed, step, ring.Occupancy(), entries)
			}
		}
	}
}

// benchWorld is a machine with one process, one region and one queue, all pages in the
// fill ring.
func benchWorld(t testing.TB, pages, rx uint32) (*Module, *IfQueue, *Socket) {
	t.Helper()
	m := NewModule(RFCv2())
	if _, err := m.AddDevice(2, 4); err != OK {
		t.Fatal(err)
	}
	p := m.NewProcess(&Account{LimitPages: 1 << 30}, false)
	const base = 1 << 32
	size := uint64(pages) * PageSize
	ctx, err := p.OpenContext()
	check := func(err Errno) {
		t.Helper()
		if err != OK {
			t.Fatal(err)
		}
	}
	check(err)
	check(p.MapHost(base, size))
	check(p.AttachDev(ctx, 2))
	mem, err := p.OpenMemory()
	check(err)
	index, err := p.AddRegion(mem, Iovec{base, size}, HostMemory)
	check(err)
	check(p.AttachRegion(ctx, mem, index))
	q, err := p.BindQueue(ctx, &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, pages}})
	check(err)
	s, err := p.Socket(TCP6)
	check(err)
	check(p.SetZeroCopy(s, true))
	check(p.AttachQueues(s, &SocketParams{Rx: QueueParams{16, rx}, Completion: QueueParams{8, 8}, Context: ctx}))
	if !p.IfQueueAt(q).Populate(base, pages) {
		t.Fatal("populate")
	}
	return m, p.IfQueueAt(q), p.SocketAt(s)
}

// TestPageCacheIsAMultiset puts and takes pages at random and compares the cache
// with a set. The cache may disagree only after StaleNext has been reported.
func TestPageCacheIsAMultiset(t *testing.T) {
	faulty, faultless := 0, 0
	for seed := range 300 {
		r := random(seed)
		const pages = 512
		m, q, _ := benchWorld(t, pages, 8)
		var out []PageID // with the NIC
		cached := map[PageID]bool{}
		for range pages {
			id, err := q.GetPage()
			if err != OK {
				t.Fatal(err)
			}
			q.Post(id)
			out = append(out, id)
		}
		putting := true
		for range 3000 {
			if r.below(100) < 2 {
				putting = !putting
			}
			if putting == (r.below(8) > 0) && len(out) > 0 {
				i := r.below(len(out))
				id := out[i]
				out[i] = out[len(out)-1]
				out = out[:len(out)-1]
				if r.below(3) == 0 {
					q.Receive(id)
					m.DropFragment(id)
				} else {
					q.PutNapi(id)
				}
				cached[id] = true
			} else if id, err := q.GetPage(); err == OK {
				if !cached[id] && len(m.Violations()) == 0 {
					t.Fatalf("seed %d: got page %d, which is not cached, with no violation", seed, id)
				}
				delete(cached, id)
				q.Post(id)
				out = append(out, id)
			}
			if len(m.Violations()) > 0 {
				break
			}
			counts := m.Counts()
			if got := counts[NapiCache] + counts[AnyCache]; got != int64(len(cached)) {
				t.Fatalf("seed %d: ledger has %d cached, twin %d", seed, got, len(cached))
			}
		}
		if v := m.Violations(); len(v) > 0 {
			faulty++
			if v[0].Cause != StaleNext {
				t.Fatalf("seed %d: %v before any %v", seed, v[0].Cause, StaleNext)
			}
			if got := m.Counts(); got[Lost] == 0 || got[Lost]%maxChunkSlots != 0 {
				t.Fatalf("seed %d: %d pages lost, want whole chunks", seed, got[Lost])
			}
			continue
		}
		faultless++
		for len(cached) > 0 { // what the cache owes, it gives back
			id, err := q.GetPage()
			if err != OK || !cached[id] {
				t.Fatalf("seed %d: page %d, %v with %d still cached", seed, id, err, len(cached))
			}
			delete(cached, id)
		}
	}
	if faulty == 0 || faultless == 0 {
		t.Errorf("%d runs with the fault, %d without: want both", faulty, faultless)
	}
}
