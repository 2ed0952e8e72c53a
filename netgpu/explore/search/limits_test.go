package search

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
)

// choose is the binomial coefficient.
func choose(n, k int) int {
	c := 1
	for i := range k {
		c = c * (n - i) / (i + 1)
	}
	return c
}

func TestLatticeLevelsAreThoseOfTheClosedForm(t *testing.T) {
	l := lattice{dims: 14, top: 2, width: 20} // a hypercube
	for workers := 1; workers <= 3; workers++ {
		r := run(t, l, Options{Workers: workers})
		for d, n := range r.Levels {
			if n != choose(l.dims, d) {
				t.Errorf("depth %d: %d states, want %d", d, n, choose(l.dims, d))
			}
		}
		if r.States != l.states() || r.Depth != l.dims || r.Transitions != uint64(l.dims*l.states()/2) || !r.Complete {
			t.Errorf("%+v", r)
		}
	}
}

func TestBoundOfStatesIsExactAndNamed(t *testing.T) {
	l := lattice{dims: 4, top: 10, width: 8}
	for _, bound := range []int{1, 2, 137, 5000, 9999} {
		for _, progress := range []bool{false, true} {
			r := run(t, l, Options{MaxStates: bound, Workers: 2, Progress: progress})
			if r.States != bound || r.Stopped != StopMaxStates || r.Complete || r.Trapped != nil {
				t.Errorf("bound %d: %d states, stopped %q, complete %v, trapped %v", bound, r.States, r.Stopped, r.Complete, r.Trapped)
			}
		}
	}
	if r := run(t, l, Options{MaxStates: l.states()}); !r.Complete || r.Stopped != "" {
		t.Errorf("a bound that is just enough: stopped %q", r.Stopped)
	}
}

func TestMemoryBoundIsKeptAndNamed(t *testing.T) {
	l := lattice{dims: 5, top: 14, width: 60}
	for _, progress := range []bool{false, true} {
		for _, bound := range []int64{1, 3 << 20, 8 << 20} {
			r := run(t, l, Options{MaxBytes: bound, Workers: 2, Progress: progress})
			if r.Stopped != StopMaxMemory || r.Complete {
				t.Errorf("bound %d: stopped %q", bound, r.Stopped)
			}
			if bound == 1 {
				if r.States != 1 {
					t.Errorf("no memory: %d states", r.States)
				}
				continue
			}
			if r.Bytes > bound {
				t.Errorf("bound %d: %d bytes held", bound, r.Bytes)
			}
			if r.Bytes < bound/2 {
				t.Errorf("bound %d: stopped at %d bytes", bound, r.Bytes)
			}
		}
	}
}

func TestBoundOfDepthLeavesTheLastLevelUnexpanded(t *testing.T) {
	l := lattice{dims: 14, top: 2, width: 14}
	r := run(t, l, Options{MaxDepth: 3})
	if want := []int{1, 14, 91, 364}; !reflect.DeepEqual(r.Levels, want) || r.Stopped != StopMaxDepth || r.Complete {
		t.Errorf("%+v", r)
	}
	if r = run(t, l, Options{MaxDepth: 15}); !r.Complete {
		t.Errorf("a bound beyond the last level: stopped %q", r.Stopped)
	}
}

func TestCountedCodesEndTheSearch(t *testing.T) {
	m := producerConsumer(4, 100, true, false)
	all := run(t, m, Options{})
	r := run(t, m, Options{StopAt: 1})
	if r.Stopped != StopCodes || r.Complete || r.States >= all.States {
		t.Errorf("stopped %q after %d of %d states", r.Stopped, r.States, all.States)
	}
	if !reflect.DeepEqual(r.Found[0].Path, all.Found[0].Path) {
		t.Errorf("path %v, in the whole search %v", r.Found[0].Path, all.Found[0].Path)
	}
	if r = run(t, m, Options{StopAt: 2}); !r.Complete {
		t.Errorf("two codes wanted, one exists: stopped %q", r.Stopped)
	}
}

// The step to the violation is seen in an early round of the level; the state
// that violates the same is one of its last.
func TestStateOfTheLevelBeatsAnEarlierStepOutOfIt(t *testing.T) {
	const wide = 40_000
	g := &graph{byName: map[string]int{}}
	for i := range wide + 1 {
		g.names = append(g.names, randomNumber(i))
		g.byName[g.names[i]] = i
	}
	g.nodes = make([]node, wide+1)
	for i := 1; i <= wide; i++ {
		g.nodes[0].edges = append(g.nodes[0].edges, edge{action: Action(i), to: i})
	}
	g.nodes[1].edges = []edge{{action: 9, code: 3}}
	g.nodes[wide].violates = []Code{3}
	for _, progress := range []bool{false, true} {
		r := run(t, g, Options{StopAt: 1, Workers: 2, Progress: progress})
		if r.Stopped != StopCodes || len(r.Found) != 1 || r.Found[0].Depth != 1 || r.Found[0].Count != 2 {
			t.Errorf("%q %+v", r.Stopped, r.Found)
		}
	}
}

func randomNumber(i int) string { return string([]byte{byte(i >> 16), byte(i >> 8), byte(i)}) }

// cancelling is a lattice that cancels the search after some states.
type cancelling struct {
	lattice
	left   *atomic.Int64
	cancel func()
}

func (c cancelling) Expand(state []byte, out *Successors) {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
	c.lattice.Expand(state, out)
}

func TestInterruptionReturnsWhatIsKnown(t *testing.T) {
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(context.Background())
		left := new(atomic.Int64)
		left.Store(3000)
		s := cancelling{lattice{dims: 5, top: 9, width: 20}, left, cancel}
		r, err := Run(ctx, func() System { return s }, Options{Workers: workers, Progress: true})
		if err != nil || r.Stopped != StopInterrupted || r.Complete {
			t.Errorf("stopped %q, error %v", r.Stopped, err)
		}
		if r.States < 1000 || r.States >= s.states() {
			t.Errorf("%d states known", r.States)
		}
		sum := 0
		for _, n := range r.Levels {
			sum += n
		}
		if sum != r.States {
			t.Errorf("levels %v add up to %d, not %d", r.Levels, sum, r.States)
		}
	}
}

func TestStateThatIsTooLongIsAnErrorWithItsLengthAndDepth(t *testing.T) {
	long := small{
		initial: nil, actions: 0,
		inspect: func(s []byte, _ int, out *Successors) {
			out.Add(5, make([]byte, len(s)+MaxStateBytes/2+1))
		},
	}
	_, err := Run(context.Background(), func() System { return long }, Options{})
	if err == nil || !strings.Contains(err.Error(), "action 5") || !strings.Contains(err.Error(), "65536 bytes") || !strings.Contains(err.Error(), "depth 1") {
		t.Error(err)
	}
	long.initial = make([]byte, MaxStateBytes+1)
	if _, err = Run(context.Background(), func() System { return long }, Options{}); err == nil || !strings.Contains(err.Error(), "initial state has 65536") {
		t.Error(err)
	}
}

func TestLongestAndEmptyStatesAreStored(t *testing.T) {
	s := small{inspect: func(s []byte, _ int, out *Successors) {
		out.Add(1, make([]byte, min(MaxStateBytes, 2*len(s)+1)))
		out.Add(2, nil)
	}}
	r := run(t, s, Options{})
	if r.States != 17 || r.Depth != 16 || !r.Complete { // lengths 0, 1, 3, ..., 65535
		t.Errorf("%+v", r)
	}
}

func TestUnusableOptionsAndCodesAreRefusedByName(t *testing.T) {
	for name, o := range map[string]Options{
		"Workers": {Workers: -1}, "MaxStates": {MaxStates: -2}, "MaxBytes": {MaxBytes: -3},
		"MaxDepth": {MaxDepth: -4}, "StopAt": {StopAt: -5},
	} {
		_, err := Run(context.Background(), func() System { return lattice{} }, o)
		if err == nil || !strings.Contains(err.Error(), "Options."+name+" is -") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Run(context.Background(), nil, Options{}); err == nil {
		t.Error("no system: accepted")
	}
	zero := small{inspect: func(_ []byte, _ int, out *Successors) { out.Violation(7, 0) }}
	if _, err := Run(context.Background(), func() System { return zero }, Options{}); err == nil || !strings.Contains(err.Error(), "action 7") {
		t.Error(err)
	}
}

func TestOddsOfOmissionArePairsOverTwoToThe64(t *testing.T) {
	r := run(t, lattice{dims: 10, top: 2, width: 10}, Options{})
	if want := 1024 * 1023 / 2 / 0x1p64; r.OmissionOdds != want {
		t.Errorf("%g, want %g", r.OmissionOdds, want)
	}
}
