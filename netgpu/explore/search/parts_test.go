package search

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

func TestTableRemembersEverythingThroughItsGrowth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	tab := newTable(17, true)
	ids := map[uint64]uint32{}
	var fps []uint64
	for i := range uint32(200_000) {
		fp := r.Uint64()>>shardBits | 17<<(64-shardBits)
		if i%3 == 0 && len(fps) > 0 {
			fp = fps[r.IntN(len(fps))]
		}
		want, known := ids[fp]
		if !known {
			want = i
			ids[fp] = i
			fps = append(fps, fp)
		}
		slot, got := tab.addID(fp, i)
		if got != want {
			t.Fatalf("%#x: id %d, want %d", fp, got, want)
		}
		if i%7 == 0 {
			tab.setID(slot, i)
			ids[fp] = i
		}
	}
	for fp, want := range ids {
		if _, got := tab.addID(fp, math.MaxUint32); got != want {
			t.Errorf("%#x: id %d at the end, want %d", fp, got, want)
		}
	}
	// 12 bytes per slot, at least half of the slots used.
	if per := float64(tab.held()) / float64(len(ids)); tab.count != len(ids) || per > 25 {
		t.Errorf("%d entries, want %d; %.1f bytes per entry", tab.count, len(ids), per)
	}
}

// Two fingerprints that want the same place drive each other out; what is left in has been
// seen before.
func TestFilterLeavesOutOnlyWhatCameBefore(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var f filter
	left := 0
	for range 20 {
		recs, kept := make([]rec, 1000), make([]uint32, 1000)
		for i := range recs {
			recs[i].fp = 1 + r.Uint64N(300)<<(filterBits-2)
		}
		seen, next := map[uint64]bool{}, 0
		kept = kept[:f.pass(recs, kept)]
		for i := range recs {
			if next < len(kept) && kept[next] == uint32(i) {
				next++
			} else if left++; !seen[recs[i].fp] {
				t.Fatalf("the first %#x, number %d, is left out", recs[i].fp, i)
			}
			seen[recs[i].fp] = true
		}
		if next != len(kept) {
			t.Fatalf("kept %v", kept)
		}
	}
	if left < 100 {
		t.Errorf("only %d left out", left)
	}
}

// Small rounds and those whose sources all come from one lane take each lane once.
func TestLanesTakeSourcesWhereTheyWereFound(t *testing.T) {
	e := newEngine(context.Background(), nil, Options{Workers: 1})
	defer e.crew.close()
	for _, c := range []struct{ want, got []uint8 }{
		{[]uint8{3, 3, 4, 9}, []uint8{3, 4, 5, 9}},
		{[]uint8{47, 47, 0}, []uint8{47, 0, 1}},
	} {
		for _, l := range e.lanes {
			l.marks = nil
		}
		for i, want := range c.want {
			l := e.lane(want)
			l.marks = []mark{{}}
			if l.lane != c.got[i] {
				t.Errorf("%v: number %d goes to lane %d, not %d", c.want, i, l.lane, c.got[i])
			}
		}
	}
}

// Two cache lines at least, for they are fetched in pairs.
func TestWhatWorkersWaitOnLiesApartInMemory(t *testing.T) {
	for name, size := range map[string]uintptr{
		"share": unsafe.Sizeof(share{}), "gate": unsafe.Sizeof(gate{}),
	} {
		if size%128 != 0 {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
}

// Fingerprints that all want the last slots run over the end.
func TestTableGrowsPastItsEndForACluster(t *testing.T) {
	tab := newTable(shards-1, false)
	const n = 2000
	for round := range 2 {
		for i := range uint64(n) {
			if fresh := tab.add(math.MaxUint64 - i); fresh != (round == 0) {
				t.Fatalf("round %d, entry %d: fresh %v", round, i, fresh)
			}
		}
	}
}

// What a level-by-level prediction from part of the lattice says of the rest.
func TestRemainingStatesOfALatticeAreEstimatedWithinAFactorOfTwo(t *testing.T) {
	r := run(t, lattice{dims: 5, top: 12, width: 5}, Options{})
	found := 1 + r.Levels[1] + r.Levels[2] + r.Levels[3] + r.Levels[4] + r.Levels[5] + r.Levels[6] + r.Levels[7]
	checked := 0
	for d := 8; d < len(r.Levels)-1; d++ {
		s := Snapshot{States: found + r.Levels[d], Depth: d, Levels: r.Levels[:d+1]}
		found += r.Levels[d]
		got, ok := s.Remaining()
		want := float64(r.States - s.States)
		if !ok {
			continue
		}
		checked++
		if d > r.Depth/2 && d < r.Depth-3 && (got < want/2 || got > want*2) {
			t.Errorf("depth %d: estimated %.0f, really %.0f", d, got, want)
		}
	}
	if checked < r.Depth/2 {
		t.Errorf("an estimate at only %d of %d depths", checked, r.Depth)
	}
}

func TestNoEstimateWithoutASignOfAnEnd(t *testing.T) {
	for name, levels := range map[string][]int{
		"few levels":     {1, 4, 9},
		"steady growth":  {1, 2, 4, 8, 16, 32, 64},
		"faster growth":  {1, 2, 6, 24, 120, 720},
		"a constant one": {5, 5, 5, 5, 5, 5, 5},
	} {
		s := Snapshot{States: 100, Depth: len(levels) - 1, Levels: levels}
		if n, ok := s.Remaining(); ok {
			t.Errorf("%s: %.0f", name, n)
		}
	}
}

// watched is a lattice that goes on, at some depth, only after a report.
type watched struct {
	lattice
	reported chan struct{}
}

func (w watched) Expand(state []byte, out *Successors) {
	if state[0] == 5 {
		<-w.reported
	}
	w.lattice.Expand(state, out)
}

func TestReportsComeWhileTheSearchRuns(t *testing.T) {
	var once sync.Once
	w := watched{lattice{dims: 3, top: 12, width: 3}, make(chan struct{})}
	var seen Snapshot
	r, err := Run(context.Background(), func() System { return w }, Options{
		MaxStates: 1 << 20,
		Report: func(s Snapshot) {
			once.Do(func() { seen = s; close(w.reported) })
		},
	})
	if err != nil || !r.Complete {
		t.Fatal(r.Stopped, err)
	}
	if seen.States == 0 || seen.States >= r.States || seen.Bytes == 0 || seen.Frontier() == 0 ||
		seen.Limit != float64(seen.States)/(1<<20) || len(seen.Levels) != seen.Depth+1 {
		t.Errorf("%+v", seen)
	}
}

// A level that needs many rounds runs without allocating per state.
func TestSteadyStateAllocatesForTablesAndJournalOnly(t *testing.T) {
	l := lattice{dims: 4, top: 25, width: 60}
	allocs := testing.AllocsPerRun(1, func() { run(t, l, Options{Workers: 1}) })
	if per := allocs / float64(l.states()); per > 0.02 {
		t.Errorf("%.3f allocations per state", per)
	}
}
