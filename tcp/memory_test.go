package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

// twinSKB is an skb as skb_gro_receive and tcp_try_coalesce see it.
type twinSKB struct {
	truesize, head uint32 // charged; of it, freed when it is merged into another
	frags          int
	linear         bool // payload in the head, which becomes a fragment when it is merged
	stuck          bool // that head is no page: nothing merges
	chain          bool // others hang on it
	tailroom, len  uint32
	end            uint64
}

// frame is an skb with one frame, as each kind of driver makes it.
func frame(kind Buffers, header, payload uint32) twinSKB {
	align := func(n, to uint32) uint32 { return (n + to - 1) / to * to }
	const skbuff, shared, pad = 256, 320, 64
	switch kind {
	case BuffersBuilt:
		data := align(pad+14+header+payload, 64)
		return twinSKB{truesize: data + shared + skbuff, head: skbuff, linear: true, tailroom: data - (pad + 14 + header + payload), len: payload}
	case BuffersSplit:
		pages := align(payload, 4096) / 4096
		return twinSKB{truesize: 192 + shared + skbuff + 4096*pages, head: 192 + shared + skbuff, frags: int(pages), len: payload}
	}
	object := uint32(512)
	for object < align(pad+header+payload, 64)+shared {
		object *= 2
	}
	return twinSKB{truesize: object + skbuff, linear: true, stuck: true, tailroom: object - shared - pad - header - payload, len: payload}
}

// merge is whether the fragments of from go into to, and what that costs.
func (to *twinSKB) merge(from twinSKB) (bool, uint32) {
	n := from.frags
	if from.linear {
		n++
	}
	if from.stuck || to.chain || from.chain || to.frags+n > 17 {
		return false, 0
	}
	to.frags += n
	return true, from.truesize - from.head
}

// A bundle is charged what merging its frames one after the other charges.
func TestBundleIsChargedAsItsFramesMerged(t *testing.T) {
	random := sim.NewRand(1, "bundle")
	for _, kind := range []Buffers{BuffersLinear, BuffersBuilt, BuffersSplit} {
		for range 500 {
			payload, frames := uint32(1+random.Intn(9000)), 1+random.Intn(60)
			if kind == BuffersBuilt {
				payload = min(payload, 3000)
			}
			seg := Segment{Len: payload * uint32(frames), MSS: uint16(payload), Segs: uint16(frames)}
			last := frame(kind, 80, payload)
			want, chained := last.truesize, false
			for range frames - 1 {
				next := frame(kind, 80, payload)
				ok, cost := last.merge(next)
				if !ok {
					last, cost, chained = next, next.truesize, true
				}
				want += cost
			}
			got := kind.of(&seg, 80)
			if got.truesize != want || frames > 1 && kind != BuffersLinear && (got.frags == chainedSKB) != chained {
				t.Fatalf("kind %d, %d frames of %d bytes: %+v, want %d, chained %v", kind, frames, payload, got, want, chained)
			}
		}
	}
}

// The receive queue's books are those of a list of skbs that are coalesced and read one
// by one.
func TestReceiveQueueAgreesWithAListOfSKBs(t *testing.T) {
	random := sim.NewRand(1, "receive queue")
	for _, kind := range []Buffers{BuffersLinear, BuffersBuilt, BuffersSplit} {
		m := rcvMemory{kind: kind}
		var twin []twinSKB
		end, read := uint64(0), uint64(0)
		for step := range 20_000 {
			if random.Intn(3) > 0 && len(twin) < 100 {
				n := uint32(1 + random.Intn(1420)>>uint(random.Intn(11)))
				n = max(n, 1)
				seg := Segment{Len: n, Segs: 1}
				end += uint64(n)
				m.enqueue(end, n, kind.of(&seg, 80))
				add(&twin, frame(kind, 80, n), end)
			} else if read < end {
				read += uint64(1 + random.Intn(int(end-read)))
				m.read(read)
				for len(twin) > 0 && twin[0].end <= read {
					twin = twin[1:]
				}
			}
			want := int64(0)
			for i := range twin {
				want += int64(twin[i].truesize)
			}
			if m.charged != want || m.queue.len() != len(twin) {
				t.Fatalf("kind %d, step %d: %d skbs charged %d, want %d and %d", kind, step, m.queue.len(), m.charged, len(twin), want)
			}
		}
	}
}

// add appends an skb as tcp_queue_rcv does.
func add(q *[]twinSKB, k twinSKB, end uint64) {
	k.end = end
	if n := len(*q); n > 0 {
		last := &(*q)[n-1]
		if k.len <= last.tailroom {
			last.tailroom -= k.len
			last.end = end
			return
		}
		if ok, cost := last.merge(k); ok {
			last.truesize += cost
			last.tailroom = 0
			last.end = end
			return
		}
	}
	*q = append(*q, k)
}

// A receiver with a buffer that is much too small and a slow reader, behind a network that
// loses and reorders: what is pruned or dropped comes again, and all arrives.
func TestPrunedDataComesAgain(t *testing.T) {
	const total = 400_000
	pruned, dropped, collapsed := int64(0), int64(0), int64(0)
	for seed := range uint64(9) {
		kind := Buffers(seed % 3)
		t.Run(fmt.Sprintf("kind %d, seed %d", kind, seed), func(t *testing.T) {
			out, back := lan(), lan()
			out.loss, out.late, out.lateBy = 0.02, 0.05, sim.Millisecond
			n := newNetwork(t, testSpec(), 1500, seed, out, back)
			n.verify = true
			e := n.side[1].ep
			e.rcv.memory.kind = kind
			e.SetReceiveBuffer(6000 + 4000*int(seed))
			n.side[1].readRate = 200 * sim.Mbps
			n.side[0].chunk = 1 + int(seed)*300
			n.write(0, total)
			n.run(1_000_000 * sim.Second)
			if n.side[1].received != total || n.side[1].live() != 0 {
				t.Fatalf("got %d of %d bytes, keeps %d buffers: %+v", n.side[1].received, total, n.side[1].live(), e.MIB())
			}
			if m := e.MemInfo(); m.RmemAlloc != 0 {
				t.Fatalf("%d bytes are charged for nothing", m.RmemAlloc)
			}
			mib := e.MIB()
			pruned += mib.OfoPruned
			dropped += mib.TCPRcvQDrop + mib.TCPOFODrop
			collapsed += mib.RcvCollapsed
		})
	}
	if pruned == 0 || dropped == 0 || collapsed == 0 {
		t.Errorf("pruned %d times, %d drops, %d skbs collapsed: the test shows nothing", pruned, dropped, collapsed)
	}
}
