package search

import "testing"

// Violations and goals of the systems below.
const (
	codeExclusion Code = 1 + iota
	codeDeadlock
	codeOverflow
)

// small is a System whose states are a few bytes and whose actions are numbered
// steps: step returns the successor and whether the action is enabled.
type small struct {
	initial []byte
	actions int
	step    func(s []byte, a int) bool // changes s in place
	inspect func(s []byte, enabled int, out *Successors)
}

func (m small) Initial(dst []byte) []byte { return append(dst, m.initial...) }

func (m small) Expand(state []byte, out *Successors) {
	enabled := 0
	for a := range m.actions {
		b := append(out.Buffer(), state...)
		if m.step(b, a) {
			enabled++
			out.Add(Action(a), b)
		}
	}
	m.inspect(state, enabled, out)
}

// replay takes path from the initial state and returns where it leads.
func (m small) replay(t *testing.T, path []Action) []byte {
	t.Helper()
	s := append([]byte(nil), m.initial...)
	for i, a := range path {
		if !m.step(s, int(a)) {
			t.Fatalf("step %d of %v: action %d is not enabled in %v", i, path, a, s)
		}
	}
	return s
}

// peterson is Peterson's lock for two processes. State: pc0, pc1, flag0, flag1,
// turn. A polite process yields the turn to the other; without that the lock
// does not exclude.
func peterson(polite bool) small {
	const idle, flagged, waiting, critical = 0, 1, 2, 3
	return small{
		initial: []byte{idle, idle, 0, 0, 0},
		actions: 2,
		step: func(s []byte, p int) bool {
			other := 1 - p
			switch s[p] {
			case idle:
				s[2+p], s[p] = 1, flagged
			case flagged:
				s[4], s[p] = byte(p), waiting
				if polite {
					s[4] = byte(other)
				}
			case waiting:
				if s[2+other] == 1 && s[4] == byte(other) {
					return false
				}
				s[p] = critical
			case critical:
				s[2+p], s[p] = 0, idle
			}
			return true
		},
		inspect: func(s []byte, enabled int, out *Successors) {
			if s[0] == critical && s[1] == critical {
				out.StateViolation(codeExclusion)
			}
			if enabled == 0 {
				out.StateViolation(codeDeadlock)
			}
			if s[0] == critical {
				out.Goal()
			}
		},
	}
}

func TestPetersonsLockExcludesAndNeverLocksOut(t *testing.T) {
	r := run(t, peterson(true), Options{Progress: true})
	if !r.Complete || len(r.Found) != 0 || r.Trapped != nil {
		t.Errorf("%+v", r)
	}
}

func TestLockThatKeepsTheTurnIsBrokenInSixSteps(t *testing.T) {
	m := peterson(false)
	r := run(t, m, Options{})
	if len(r.Found) == 0 || r.Found[0].Code != codeExclusion || r.Found[0].Depth != 6 {
		t.Fatalf("%+v", r.Found)
	}
	if s := m.replay(t, r.Found[0].Path); s[0] != 3 || s[1] != 3 {
		t.Errorf("the path %v ends in %v", r.Found[0].Path, s)
	}
}

// philosophers take their left fork, then their right one, eat, and put both
// down. State: per philosopher the number of forks held, then who has each fork.
// The last one may be left-handed.
func philosophers(n int, leftHanded bool) small {
	return small{
		initial: make([]byte, 2*n),
		actions: n,
		step: func(s []byte, p int) bool {
			first, second := n+p, n+(p+1)%n
			if leftHanded && p == n-1 {
				first, second = second, first
			}
			switch s[p] {
			case 0, 1:
				fork := first
				if s[p] == 1 {
					fork = second
				}
				if s[fork] != 0 {
					return false
				}
				s[fork] = byte(p + 1)
				s[p]++
			case 2:
				s[first], s[second], s[p] = 0, 0, 0
			}
			return true
		},
		inspect: func(s []byte, enabled int, out *Successors) {
			if enabled == 0 {
				out.StateViolation(codeDeadlock)
			}
			for p := range n {
				if s[p] == 2 {
					out.Goal()
				}
			}
		},
	}
}

func TestPhilosophersStarveTogetherAfterOneForkEach(t *testing.T) {
	const n = 7
	m := philosophers(n, false)
	r := run(t, m, Options{Progress: true, Workers: 2})
	if len(r.Found) != 1 || r.Found[0].Code != codeDeadlock || r.Found[0].Depth != n || r.Found[0].Count != 1 {
		t.Fatalf("%+v", r.Found)
	}
	for p, forks := range m.replay(t, r.Found[0].Path)[:n] {
		if forks != 1 {
			t.Errorf("philosopher %d holds %d forks", p, forks)
		}
	}
	if r.Trapped != nil { // with n-1 forks taken, one philosopher can still eat
		t.Errorf("trapped: %+v", r.Trapped)
	}
}

func TestOneLeftHandedPhilosopherFeedsAll(t *testing.T) {
	r := run(t, philosophers(7, true), Options{Progress: true})
	if !r.Complete || len(r.Found) != 0 || r.Trapped != nil {
		t.Errorf("%+v", r)
	}
}

// producerConsumer passes items through a ring of some slots. State: produced,
// consumed. A careless producer does not look at the space; a forgetful consumer
// never takes item number 3.
func producerConsumer(slots, items byte, careless, forgetful bool) small {
	return small{
		initial: []byte{0, 0},
		actions: 2,
		step: func(s []byte, a int) bool {
			switch {
			case a == 0 && s[0] < items && (careless || s[0]-s[1] < slots):
				s[0]++
			case a == 1 && s[1] < s[0] && !(forgetful && s[1] == 3):
				s[1]++
			default:
				return false
			}
			return true
		},
		inspect: func(s []byte, enabled int, out *Successors) {
			if s[0]-s[1] > slots {
				out.StateViolation(codeOverflow)
			}
			if s[1] == items {
				out.Goal()
			}
		},
	}
}

func TestProducerThatDoesNotLookOverflowsTheRing(t *testing.T) {
	r := run(t, producerConsumer(4, 20, true, false), Options{})
	if len(r.Found) != 1 || r.Found[0].Code != codeOverflow || r.Found[0].Depth != 5 {
		t.Errorf("%+v", r.Found)
	}
}

func TestConsumerThatForgetsAnItemTrapsEverybodyFromTheStart(t *testing.T) {
	r := run(t, producerConsumer(4, 20, false, true), Options{Progress: true})
	if r.Trapped == nil || r.Trapped.Depth != 0 || r.Trapped.Count != uint64(r.States) {
		t.Errorf("%+v", r.Trapped)
	}
	if r = run(t, producerConsumer(4, 20, false, false), Options{Progress: true}); r.Trapped != nil {
		t.Errorf("the correct pair: %+v", r.Trapped)
	}
}

func TestShallowestTrappedStateIsNamedWithItsPath(t *testing.T) {
	// 0 → 1 → 2 → 0 with goal 2; 1 → 3 ⟲ is a trap, so is 0 → 4 → 3, and 4 is nearer.
	g := &graph{names: []string{"0", "1", "2", "3", "4"}, byName: map[string]int{"0": 0, "1": 1, "2": 2, "3": 3, "4": 4}}
	g.nodes = []node{
		{edges: []edge{{action: 10, to: 1}, {action: 11, to: 4}}},
		{edges: []edge{{action: 12, to: 2}, {action: 13, to: 3}}},
		{edges: []edge{{action: 14, to: 0}}, goal: true},
		{edges: []edge{{action: 15, to: 3}}},
		{edges: []edge{{action: 16, to: 3}}},
	}
	r := run(t, g, Options{Progress: true})
	if r.Trapped == nil || len(r.Trapped.Path) != 1 || r.Trapped.Path[0] != 11 || r.Trapped.Count != 2 {
		t.Errorf("%+v", r.Trapped)
	}
}
