package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// graph is a System given edge by edge. State i is encoded as names[i].
type graph struct {
	names  []string
	byName map[string]int
	nodes  []node

	outside func(Action) bool // Options.Outside
}

type node struct {
	goal     bool
	violates []Code
	edges    []edge
}

// edge leads to a state or, with a code, to a violation.
type edge struct {
	action Action
	to     int
	code   Code
}

func (g *graph) Initial(dst []byte) []byte { return append(dst, g.names[0]...) }

func (g *graph) Expand(state []byte, out *Successors) {
	n := g.nodes[g.byName[string(state)]]
	if n.goal {
		out.Goal()
	}
	for _, c := range n.violates {
		out.StateViolation(c)
	}
	for i, e := range n.edges {
		switch {
		case e.code != 0:
			out.Violation(e.action, e.code)
		case i%3 == 0: // not every System builds in Buffer
			out.Add(e.action, []byte(g.names[e.to]))
		default:
			out.Add(e.action, append(out.Buffer(), g.names[e.to]...))
		}
	}
}

// randomGraph returns a graph of n states with up to degree edges each: most of
// them to states not far ahead, so that there are many levels, some anywhere.
func randomGraph(r *rand.Rand, n, degree int) *graph {
	g := &graph{byName: map[string]int{}, nodes: make([]node, n)}
	for i := range n {
		g.byName[randomName(r, i)] = i
	}
	g.names = make([]string, n)
	for name, i := range g.byName {
		g.names[i] = name
	}
	rare := 1 + r.IntN(2*n) // how rare goals and violations are
	for i := range g.nodes {
		v := &g.nodes[i]
		v.goal = r.IntN(rare) < 3
		if r.IntN(rare) == 0 {
			v.violates = append(v.violates, Code(1+r.IntN(5)))
		}
		for range r.IntN(degree + 1) {
			e := edge{action: Action(r.IntN(1 << 16)), to: min(n-1, i+r.IntN(2*degree+2))}
			switch k := r.IntN(rare + 20); {
			case k == 0:
				e.code = Code(1 + r.IntN(8))
			case k == 1:
				e.to = r.IntN(n)
			case k < 5:
				e.to = i
			}
			v.edges = append(v.edges, e)
		}
	}
	return g
}

// randomName encodes i in 0 (the initial state) to some hundred bytes.
func randomName(r *rand.Rand, i int) string {
	if i == 0 {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(i))
	pad := r.IntN(30)
	if r.IntN(50) == 0 {
		pad = r.IntN(700)
	}
	for range pad {
		b = append(b, byte(r.Uint32()))
	}
	return string(b)
}

// twin is Run in the plainest way: one queue, maps of whole states, no limits.
func twin(g *graph) Result {
	r := Result{Complete: true}
	type visit struct {
		node int
		path []Action
	}
	queue := []visit{{}}
	seen := map[int]bool{0: true}
	best := map[Code]*Found{}
	var order []Code
	report := func(c Code, path []Action) {
		f := best[c]
		if f == nil {
			f = &Found{Code: c, Path: path, Depth: len(path)}
			best[c] = f
			order = append(order, c)
		}
		if len(path) < f.Depth {
			f.Path, f.Depth = path, len(path)
		}
		f.Count++
	}
	for i := 0; i < len(queue); i++ {
		v := queue[i]
		if len(v.path) == len(r.Levels) {
			r.Levels = append(r.Levels, 0)
		}
		r.Levels[len(v.path)]++
		for _, c := range g.nodes[v.node].violates {
			report(c, v.path)
		}
		for _, e := range g.nodes[v.node].edges {
			r.Transitions++
			path := append(v.path[:len(v.path):len(v.path)], e.action)
			if e.code != 0 {
				report(e.code, path)
			} else if !seen[e.to] {
				seen[e.to] = true
				queue = append(queue, visit{e.to, path})
			}
		}
	}
	for depth := range len(r.Levels) + 1 {
		for _, c := range order {
			if best[c].Depth == depth {
				r.Found = append(r.Found, *best[c])
			}
		}
	}
	r.States, r.Depth = len(queue), len(r.Levels)-1
	for _, v := range queue {
		if !g.reachesGoal(v.node) {
			if r.Trapped == nil {
				r.Trapped = &Found{Path: v.path, Depth: len(v.path)}
			}
			r.Trapped.Count++
		}
	}
	return r
}

func (g *graph) reachesGoal(from int) bool {
	seen, queue := map[int]bool{from: true}, []int{from}
	for len(queue) > 0 {
		n := g.nodes[queue[0]]
		queue = queue[1:]
		if n.goal || len(n.violates) > 0 {
			return true
		}
		for _, e := range n.edges {
			if g.outside != nil && g.outside(e.action) {
				continue
			}
			if e.code != 0 {
				return true
			}
			if !seen[e.to] {
				seen[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
	return false
}

// essence is what a twin can know of a result.
func essence(r Result) Result {
	r.Bytes, r.BytesPerState, r.OmissionOdds = 0, 0, 0
	for i := range r.Found {
		if len(r.Found[i].Path) == 0 {
			r.Found[i].Path = nil
		}
	}
	if r.Trapped != nil && len(r.Trapped.Path) == 0 {
		t := *r.Trapped
		t.Path = nil
		r.Trapped = &t
	}
	return r
}

func run(t *testing.T, s System, o Options) Result {
	t.Helper()
	r, err := Run(context.Background(), func() System { return s }, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func agree(t *testing.T, g *graph) {
	t.Helper()
	want := twin(g)
	var first Result
	for workers := 1; workers <= 3; workers++ {
		got := run(t, g, Options{Workers: workers, Progress: true, Outside: g.outside})
		if e, w := essence(got), essence(want); !reflect.DeepEqual(e, w) {
			t.Fatalf("%d workers:\n got %+v\nwant %+v", workers, e, w)
		}
		if workers == 1 {
			first = got
		} else if !reflect.DeepEqual(first, got) {
			t.Fatalf("%d workers and one differ:\n%+v\n%+v", workers, got, first)
		}
		plain := run(t, g, Options{Workers: workers})
		want.Trapped = nil
		if e, w := essence(plain), essence(want); !reflect.DeepEqual(e, w) {
			t.Fatalf("%d workers, no progress:\n got %+v\nwant %+v", workers, e, w)
		}
		want.Trapped = first.Trapped
	}
}

func TestResultsAreThoseOfAPlainQueueForAnyNumberOfWorkers(t *testing.T) {
	trapped, violated, states := 0, 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := randomGraph(r, 1+r.IntN(250), 1+r.IntN(5))
		if seed%3 == 2 {
			g.outside = func(a Action) bool { return a%2 == 0 }
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { agree(t, g) })
		w := twin(g)
		states += w.States
		violated += len(w.Found)
		if w.Trapped != nil {
			trapped++
		}
	}
	if trapped < 30 || violated < 100 || states < 3000 {
		t.Errorf("the graphs show too little: %d trapped, %d codes, %d states", trapped, violated, states)
	}
}

// Large enough for rounds with all chunks, several rounds per level, duplicates
// within a round, and tables that grow often.
func TestManyRoundsPerLevelGiveThePlainQueuesResult(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	const n = 300_000
	r := rand.New(rand.NewPCG(7, 7))
	g := &graph{byName: map[string]int{}, nodes: make([]node, n), names: make([]string, n)}
	for i := range n {
		g.names[i] = string(binary.AppendUvarint([]byte("state "), uint64(i)))
		g.byName[g.names[i]] = i
		for range 3 {
			g.nodes[i].edges = append(g.nodes[i].edges, edge{action: Action(r.IntN(100)), to: r.IntN(n)})
		}
		g.nodes[i].goal = true
	}
	for i := 0; i < n; i += n / 11 {
		g.nodes[i].edges[1].code = Code(1 + i%7)
	}
	agree(t, g)
}

// Everything, the bytes held included, and over levels of several rounds, some of them
// small: which worker has which chunk must not show.
func TestNothingDependsOnTheNumberOfWorkers(t *testing.T) {
	systems := map[string]System{
		"lattice":  lattice{dims: 4, top: 13, width: 60},
		"hashed":   hashed{mask: 1<<16 - 1, width: 30},
		"producer": producerConsumer(4, 200, true, false),
	}
	for name, s := range systems {
		for _, progress := range []bool{false, true} {
			for _, o := range []Options{{}, {MaxStates: 20_000}, {MaxBytes: 2 << 20}, {StopAt: 1}} {
				o.Progress, o.Workers = progress, 1
				want := run(t, s, o)
				for _, workers := range []int{2, 3, 7} {
					o.Workers = workers
					if got := run(t, s, o); !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %+v:\n got %+v\nwant %+v", name, o, got, want)
					}
				}
			}
		}
	}
}

// repeating is a lattice that reports every successor three times: at once, and at the end
// of its state.
type repeating struct{ lattice }

func (r repeating) Expand(state []byte, out *Successors) {
	r.lattice.Expand(state, out)
	for i := range r.dims {
		if state[i]+1 < r.top {
			b := append([]byte(nil), state...)
			b[i]++
			out.Add(Action(100+i), b)
			out.Add(Action(200+i), b)
		}
	}
}

// With Progress nothing is filtered: the filter must make no difference.
func TestSuccessorsThatTheFilterLeavesOutWereStored(t *testing.T) {
	s := repeating{lattice{dims: 4, top: 14, width: 9}}
	once := run(t, s.lattice, Options{})
	for workers := 1; workers <= 3; workers++ {
		filtered := essence(run(t, s, Options{Workers: workers}))
		all := essence(run(t, s, Options{Workers: workers, Progress: true}))
		all.Trapped = nil
		if !reflect.DeepEqual(filtered, all) {
			t.Errorf("%d workers: filtered %+v, not filtered %+v", workers, filtered, all)
		}
		if !reflect.DeepEqual(filtered.Levels, once.Levels) || filtered.Transitions != 3*once.Transitions {
			t.Errorf("%d workers: %+v, each once %+v", workers, filtered, once)
		}
	}
}

func FuzzResultsAreThoseOfAPlainQueue(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint8(3))
	f.Add(uint64(2), uint16(1), uint8(1))
	f.Add(uint64(3), uint16(900), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, degree uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		agree(t, randomGraph(r, 1+int(n)%1000, 1+int(degree)%6))
	})
}
