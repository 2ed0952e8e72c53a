package tcp

import (
	"slices"
	"testing"

	"netgpusim/sim"
)

func TestRingAgreesWithASlice(t *testing.T) {
	random := sim.NewRand(1, "ring")
	var r ring[int]
	var twin []int
	for step := range 100_000 {
		n := len(twin)
		switch op := random.Intn(5); {
		case op <= 1 && n < 100:
			r.pushBack(step)
			twin = append(twin, step)
		case op == 2 && n > 0:
			r.popFront()
			twin = twin[1:]
		case op == 3 && n < 100:
			i := random.Intn(n + 1)
			r.insert(i, step)
			twin = slices.Insert(twin, i, step)
		case op == 4 && n > 0:
			i := random.Intn(n)
			k := 1 + random.Intn(n-i)
			if random.Intn(4) > 0 {
				k = 1
			}
			r.remove(i, k)
			twin = slices.Delete(twin, i, i+k)
		}
		if r.len() != len(twin) {
			t.Fatalf("step %d: %d elements, want %d", step, r.len(), len(twin))
		}
		for i, v := range twin {
			if *r.at(i) != v {
				t.Fatalf("step %d: element %d is %d, want %d", step, i, *r.at(i), v)
			}
		}
	}
}

// The twin of the scoreboard is a bit per byte.
func TestScoreboardAgreesWithABitmap(t *testing.T) {
	random := sim.NewRand(1, "scoreboard")
	const size = 200
	for range 300 {
		var b scoreboard
		var twin [size]bool
		una := 0
		for range 60 {
			left := una + random.Intn(size-una)
			sp := span{uint64(left), uint64(left + 1 + random.Intn(size-left))}
			for {
				gap, ok := b.nextGap(sp)
				if !ok {
					break
				}
				for i := sp.left; i < gap.left; i++ {
					if !twin[i] {
						t.Fatalf("byte %d is skipped as known", i)
					}
				}
				for i := gap.left; i < gap.right; i++ {
					if twin[i] {
						t.Fatalf("byte %d is reported as new", i)
					}
					twin[i] = true
				}
				b.add(gap)
				sp.left = gap.right
			}
			if random.Intn(4) == 0 {
				una += random.Intn((size - una) / 4)
				b.acked(uint64(una))
				clear(twin[:una])
			}
			checkSpans(t, &b, twin[:])
		}
	}
}

// checkSpans compares the board with the runs of a bitmap.
func checkSpans(t *testing.T, b *scoreboard, twin []bool) {
	t.Helper()
	k, highest := 0, uint64(0)
	for i := 0; i < len(twin); i++ {
		if !twin[i] {
			continue
		}
		left := i
		for i < len(twin) && twin[i] {
			i++
		}
		want := span{uint64(left), uint64(i)}
		if k == b.spans.len() || *b.spans.at(k) != want {
			t.Fatalf("span %d is not %v", k, want)
		}
		k, highest = k+1, want.right
	}
	if k != b.spans.len() || b.highest() != highest {
		t.Fatalf("%d spans up to %d, want %d up to %d", b.spans.len(), b.highest(), k, highest)
	}
}

// The twin of an skb is the list of which fragment each byte lies in.
func TestCuttingAndJoiningKeepsFragments(t *testing.T) {
	random := sim.NewRand(1, "skb")
	for range 2000 {
		k := skb{truesize: skbOverhead}
		var twin []int
		for f := range 1 + random.Intn(maxFrags) {
			n := 1 + random.Intn(3000)
			k.extend(uint32(n), false, uint32(n))
			for range n {
				twin = append(twin, f)
			}
		}
		whole := k
		n := uint32(1 + random.Intn(int(k.len)))
		if n == k.len {
			continue
		}
		if got, want := k.fragsBefore(n), twin[n-1]+1; got != want {
			t.Fatalf("%d bytes touch %d fragments, want %d", n, got, want)
		}
		head := k.take(n)
		checkFragments(t, &head, twin[:n])
		checkFragments(t, &k, twin[n:])
		if head.truesize+k.truesize != whole.truesize+skbOverhead {
			t.Fatalf("cut at %d: the parts are charged %d and %d, the whole was %d", n, head.truesize, k.truesize, whole.truesize)
		}
		if k.off != uint64(n) || head.off != 0 {
			t.Fatalf("cut at %d: the parts begin at %d and %d", n, head.off, k.off)
		}
		back := 1 + uint32(random.Intn(int(k.len)))
		if !head.join(&k, back) {
			t.Fatalf("what was one skb cannot be joined again")
		}
		checkFragments(t, &head, twin[:n+back])
		if back < whole.len-n {
			checkFragments(t, &k, twin[n+back:])
		} else if head != whole {
			t.Fatalf("joined: %+v, want %+v", head, whole)
		}
	}
}

func checkFragments(t *testing.T, k *skb, twin []int) {
	t.Helper()
	if int(k.len) != len(twin) {
		t.Fatalf("%d bytes, want %d", k.len, len(twin))
	}
	var ends, got []uint32
	for i := range twin {
		if i+1 == len(twin) || twin[i+1] != twin[i] {
			ends = append(ends, uint32(i+1))
		}
	}
	for i := range int(k.nfrags) {
		got = append(got, k.fragEnd(i))
	}
	if !slices.Equal(got, ends) {
		t.Fatalf("fragments end at %v, want %v", got, ends)
	}
}

// The twin of the receiver is a bit per byte: whatever arrives, in whatever order and
// overlap, the first copy of each byte and no other is delivered, in order, and every
// buffer comes back once.
func TestReceiverAgreesWithABitmap(t *testing.T) {
	random := sim.NewRand(1, "receiver")
	for round := range 300 {
		e, err := New(testSpec(), Config{MTU: 1500, RemoteISS: uint32(0) - uint32(random.Intn(3000))})
		if err != nil {
			t.Fatal(err)
		}
		const size = 4000
		var arrived [size]bool
		returned := map[uint32]bool{}
		next := uint64(0)
		for handle := uint32(1); handle <= 120; handle++ {
			left := random.Intn(size)
			n := min(1+random.Intn(400), size-left)
			seg := Segment{Seq: seqOf(e.cfg.RemoteISS, uint64(left)), Ack: seqOf(0, 0), Len: uint32(n), Window: 1 << 16, Handle: handle, Flags: ACK, Segs: 1, Opts: OptTimestamps, TSVal: 1}
			e.Input(0, &seg)
			for i := left; i < left+n; i++ {
				arrived[i] = true
			}
			for {
				d, ok := e.NextDelivery()
				if !ok {
					break
				}
				if returned[d.Handle] || d.Handle > handle {
					t.Fatalf("round %d: buffer %d comes back again", round, d.Handle)
				}
				returned[d.Handle] = true
				if d.Len == 0 {
					continue
				}
				if d.Offset != next {
					t.Fatalf("round %d: byte %d is delivered, %d is due", round, d.Offset, next)
				}
				next += uint64(d.Len)
				e.Consumed(0, int(d.Len))
			}
			for want := 0; ; want++ {
				if want == size || !arrived[want] {
					if uint64(want) != next {
						t.Fatalf("round %d: delivered up to %d, want %d", round, next, want)
					}
					break
				}
			}
			if err := verify(e); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
}
