package explore

import (
	"context"
	"fmt"
	"sync"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// Options are how to explore.
type Options struct {
	Workers   int   // 0: as many as there are cores
	MaxStates int   // 0: no bound
	MaxBytes  int64 // 0: no bound
	MaxDepth  int   // 0: no bound

	// Full leaves the partial-order reduction out.
	Full bool
	// Blind leaves the model's own diagnosis out: only what the structures show counts.
	Blind bool

	// Progress looks for ways that go on for ever without getting anywhere in every
	// case, not only in those that may have one. It takes more memory and time.
	Progress bool

	// Report is called about five times a second while states are visited.
	Report func(search.Snapshot)
}

// Report is the outcome of exploring one case.
type Report struct {
	Case    Case
	Variant netgpu.Variant

	States       int
	Transitions  uint64
	Depth        int
	Complete     bool        // every state within the bounds of the case was visited
	Stopped      search.Stop // why not
	Reduced      bool        // by partial order
	Bytes        int64       // held at most
	OmissionOdds float64     // bound on the probability that a hash collision hid a state
	Coverage     []Coverage  // of every action that the case has
	Violations   []Violation // one per root cause, nearest first
}

// Coverage is how often an operation was carried out.
type Coverage struct {
	Actor, Operation string
	Count            int64
}

// Violation is a root cause with a way to it.
type Violation struct {
	Invariant netgpu.Invariant
	Cause     string // short and stable
	What      string // happened, in words
	Count     uint64 // transitions that ended in it
	// Shortest says that no way with fewer steps exists; otherwise none was found.
	Shortest bool
	Steps    []Step

	code search.Code
}

// Step is one step of a way.
type Step struct {
	Actor, Operation string
	Effect           string // what changed
}

// Explore visits every state of a case. The error is for a configuration that cannot
// be built; a search that was cut short by a bound or by ctx returns what it has.
func Explore(ctx context.Context, c Case, v netgpu.Variant, o Options) (Report, error) {
	reduce := !o.Full && c.Config.reducible()
	found, worlds, err := visit(ctx, c, v, o, reduce, search.Options{MaxDepth: o.MaxDepth, Progress: (o.Progress || c.Config.Progress) && c.Config.Hostile == 0})
	if err != nil {
		return Report{}, err
	}
	r := Report{Case: c, Variant: v, States: found.States, Transitions: found.Transitions, Depth: found.Depth,
		Complete: found.Complete, Stopped: found.Stopped, Reduced: reduce, Bytes: found.Bytes,
		OmissionOdds: found.OmissionOdds, Coverage: coverage(worlds)}
	shortest := map[search.Code]bool{}
	if reduce && len(found.Found) > 0 {
		if shortest, err = shorten(ctx, c, v, o, &found); err != nil {
			return Report{}, err
		}
	}
	if err := trapped(c, v, o.Blind, &found); err != nil {
		return Report{}, err
	}
	for _, f := range found.Found {
		violation, err := describe(c, v, o.Blind, f)
		if err != nil {
			return Report{}, err
		}
		violation.Shortest = !reduce || shortest[f.Code]
		r.Violations = append(r.Violations, violation)
	}
	return r, nil
}

// trapped adds the state from which nothing leads on to what was found, unless it is a
// consequence of something that was.
func trapped(c Case, v netgpu.Variant, blind bool, r *search.Result) error {
	f := r.Trapped
	if f == nil {
		return nil
	}
	p, err := replay(c, v, blind, f.Path)
	if err != nil {
		return err
	}
	p.stuck()
	for _, known := range r.Found {
		if known.Code == p.code {
			return nil
		}
	}
	f.Code = livelockCode
	r.Found = append(r.Found, *f)
	return nil
}

// livelockCode is that of a state from which nothing leads on although the actors do.
const livelockCode = signCode + search.Code(Livelock)

// visit runs one search and returns the Worlds that took part.
func visit(ctx context.Context, c Case, v netgpu.Variant, o Options, reduce bool, so search.Options) (search.Result, []*World, error) {
	if _, err := newWorld(c.Config, v); err != nil {
		return search.Result{}, nil, fmt.Errorf("case %s: %w", c.Name, err)
	}
	var mu sync.Mutex
	var worlds []*World
	so.Workers, so.MaxStates, so.MaxBytes, so.Report = o.Workers, o.MaxStates, o.MaxBytes, o.Report
	so.Outside = environment
	r, err := search.Run(ctx, func() search.System {
		w, err := newWorld(c.Config, v)
		if err != nil {
			panic(err) // it could be built a moment ago
		}
		w.reduce, w.blind = reduce, o.Blind
		w.count = make([]int64, actionCount)
		mu.Lock()
		worlds = append(worlds, w)
		mu.Unlock()
		return w
	}, so)
	for _, w := range worlds {
		if w.crash != nil {
			panic(w.crash)
		}
	}
	return r, worlds, err
}

// shorten looks for shorter ways than the reduced search has found: of the steps of
// several actors that it takes in one order only, fewer may do. It replaces the ways
// in r and says which are shortest for certain.
func shorten(ctx context.Context, c Case, v netgpu.Variant, o Options, r *search.Result) (map[search.Code]bool, error) {
	deepest := 0
	for _, f := range r.Found {
		deepest = max(deepest, f.Depth)
	}
	full, _, err := visit(ctx, c, v, o, false, search.Options{MaxDepth: deepest + 1, StopAt: len(r.Found)})
	if err != nil {
		return nil, err
	}
	shortest := map[search.Code]bool{}
	for _, f := range full.Found {
		for i := range r.Found {
			if r.Found[i].Code == f.Code {
				f.Count = r.Found[i].Count
				r.Found[i] = f
				shortest[f.Code] = true
			}
		}
	}
	return shortest, nil
}

// coverage adds up what the workers have carried out.
func coverage(worlds []*World) []Coverage {
	var all []Coverage
	for a := range actionCount {
		n := int64(0)
		for _, w := range worlds {
			n += w.count[a]
		}
		if n > 0 {
			all = append(all, Coverage{actionNames[a][0], actionNames[a][1], n})
		}
	}
	return all
}

// nameOf is the invariant and the cause of a code.
func nameOf(c search.Code) (netgpu.Invariant, string) {
	if c >= signCode {
		s := Sign(c - signCode)
		return s.Invariant(), s.String()
	}
	cause := netgpu.Cause(c - 1)
	return cause.Invariant(), cause.String()
}

// Operations lists everything that actors can do, with a count of 0.
func Operations() []Coverage {
	var all []Coverage
	for _, n := range actionNames {
		all = append(all, Coverage{Actor: n[0], Operation: n[1]})
	}
	return all
}
