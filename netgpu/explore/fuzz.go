package explore

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// FuzzOptions are how to walk.
type FuzzOptions struct {
	Seed    uint64
	Walks   int
	Steps   int // of one walk
	Workers int // 1 if 0; the outcome does not depend on it

	// Report is called after each walk with the number of walks done, from any
	// goroutine.
	Report func(walks int)
}

// FuzzReport is the outcome of walking at random through one case.
type FuzzReport struct {
	Case     Case
	Variant  netgpu.Variant
	Seed     uint64
	Walks    int // done
	Steps    int64
	Complete bool // all walks were done
	Coverage []Coverage
	// Violations have one entry per root cause, by the first walk that met it, with a
	// way from which no step can be left out.
	Violations []Violation
}

// Fuzz walks at random: from the initial state, some actor that can does its next
// step, now and then one or more of them stand still for a while. Walk i of a seed is
// the same however many there are.
func Fuzz(ctx context.Context, c Case, v netgpu.Variant, o FuzzOptions) (FuzzReport, error) {
	walkers := make([]*walker, max(o.Workers, 1))
	for i := range walkers {
		var err error
		if walkers[i], err = newWalker(c.Config, v); err != nil {
			return FuzzReport{}, err
		}
	}
	walks := make([]walk, o.Walks)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for _, w := range walkers {
		group.Go(func() {
			defer func() { w.crash = recover() }() // raised again below, where somebody can handle it
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(walks) {
					return
				}
				walks[i] = w.walk(ctx, rand.New(rand.NewPCG(o.Seed, uint64(i))), o.Steps)
				if n := int(done.Add(1)); o.Report != nil {
					o.Report(n)
				}
			}
		})
	}
	group.Wait()
	for _, w := range walkers {
		if w.crash != nil {
			panic(w.crash)
		}
	}
	r := FuzzReport{Case: c, Variant: v, Seed: o.Seed, Complete: true}
	counts := make([]int64, actionCount)
	first := map[search.Code]int{}
	for _, x := range walks {
		if !x.done {
			r.Complete = false
			continue
		}
		r.Walks++
		r.Steps += int64(x.steps)
		for a, n := range x.counts {
			counts[a] += n
		}
		if x.code == 0 {
			continue
		}
		if at, ok := first[x.code]; ok {
			r.Violations[at].Count++
			continue
		}
		first[x.code] = len(r.Violations)
		violation, err := shrink(c, v, x.path, x.code)
		if err != nil {
			return FuzzReport{}, err
		}
		r.Violations = append(r.Violations, violation)
	}
	r.Coverage = coverage([]*World{{count: counts}})
	return r, nil
}

// walk is one way and where it led.
type walk struct {
	done   bool
	steps  int
	path   []search.Action // if it led to a violation
	code   search.Code
	counts []int64
}

// walker walks, over and over.
type walker struct {
	world   *World
	crash   any // what the model has panicked with
	initial []byte
	state   []byte
	next    []byte
	path    []search.Action
	allowed []search.Action
}

func newWalker(c Config, v netgpu.Variant) (*walker, error) {
	w, err := newWorld(c, v)
	if err != nil {
		return nil, err
	}
	return &walker{world: w, initial: w.Initial(nil)}, nil
}

// interruptEvery is the number of steps between two looks at the context.
const interruptEvery = 1024

// walk takes up to n steps.
func (k *walker) walk(ctx context.Context, r *rand.Rand, n int) walk {
	w := k.world
	w.count = make([]int64, actionCount)
	w.decode(k.initial)
	k.state = append(k.state[:0], k.initial...)
	k.path = k.path[:0]
	var stalls stalls
	for i := range n {
		if i%interruptEvery == 0 && ctx.Err() != nil {
			return walk{}
		}
		w.actions = w.enabled(w.actions[:0])
		if c := k.stuck(); c != 0 {
			return walk{true, i, append([]search.Action(nil), k.path...), c, w.count}
		}
		if len(w.actions) == 0 {
			return walk{true, i, nil, 0, w.count}
		}
		a := stalls.pick(r, w.actions, &k.allowed)
		k.path = append(k.path, a)
		if c := k.take(a); c != 0 {
			return walk{true, i + 1, append([]search.Action(nil), k.path...), c, w.count}
		}
	}
	return walk{true, n, nil, 0, w.count}
}

// stuck returns the violation of a state in which nothing goes on, 0 if something
// does. Most states need no closer look: of several actors that can go on, one will.
func (k *walker) stuck() search.Code {
	w := k.world
	inside := 0
	for _, a := range w.actions {
		if !environment(a) {
			inside++
		}
	}
	if inside > 1 {
		return 0
	}
	count := w.count
	w.count = nil
	defer func() { w.count = count }()
	if !w.stuckIn(k.state) {
		return 0
	}
	c := w.stuckCode(k.state)
	w.decode(k.state)
	return c
}

// take carries out an action and brings the World into the canonical form of the
// state that it leads to. It returns the violation, if there is one.
func (k *walker) take(a search.Action) search.Code {
	w := k.world
	w.verdict.broken = false
	w.step(a)
	next, census := w.encode(k.next[:0])
	k.next = next
	w.judge(census)
	if c := w.violation(); c != 0 {
		return c
	}
	k.state, k.next = k.next, k.state
	w.decode(k.state)
	return 0
}

// stalls are actors that stand still: those of a bit mask, for some steps.
type stalls struct {
	actors uint32
	left   int
}

// ends says which actions bring what is going on to its end, so that a walk in which
// they were as likely as others would be a short one.
func ends(a search.Action) bool {
	return a >= appCloseSocket && a <= gpuRevoke && a != procDestruct || a == nicReceiveLinear || a == sendOverdraw ||
		a >= hostileFillBad && a < neighbourCycle
}

// pick chooses the next step: every actor that can and does not stand still has the
// same chance, so that one with many choices does not crowd out the others.
func (s *stalls) pick(r *rand.Rand, actions []search.Action, allowed *[]search.Action) search.Action {
	const every, longest, seldomEvery = 64, 200, 200
	if s.left--; s.left < 0 {
		s.actors, s.left = 0, r.IntN(every)
		if r.IntN(4) == 0 {
			s.actors, s.left = r.Uint32(), r.IntN(longest)
		}
	}
	*allowed = (*allowed)[:0]
	seldom := r.IntN(seldomEvery) == 0
	for _, a := range actions {
		if s.actors>>actorOf[a]&1 == 0 && (seldom || !ends(a)) {
			*allowed = append(*allowed, a)
		}
	}
	if len(*allowed) == 0 {
		*allowed = append(*allowed, actions...)
	}
	// One of the actors, then one of its choices.
	var present uint32
	for _, a := range *allowed {
		present |= 1 << actorOf[a]
	}
	chosen := nth(present, r.IntN(ones(present)))
	n := 0
	for _, a := range *allowed {
		if actorOf[a] == chosen {
			(*allowed)[n] = a
			n++
		}
	}
	return (*allowed)[r.IntN(n)]
}
