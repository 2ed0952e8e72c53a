package check

import (
	"context"
	"os"
	"time"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/netgpu/explore/search"
	"netgpusim/reports"
)

// DefaultMaxBytes is what a search may hold if nothing else is said: some 170 million
// states, and less than the machines have that CI runs on.
const DefaultMaxBytes = 4 << 30

// Exploration is a request to visit every state of some cases.
type Exploration struct {
	Variant  netgpu.Variant
	Cases    []Case
	Barriers []string // of memory cases: left out
	FailFast bool     // no further case after one with a violation

	Workers   int   // 0: as many as there are cores
	MaxStates int   // of a case; 0: no bound
	MaxBytes  int64 // of a case; 0: DefaultMaxBytes
	MaxDepth  int   // of a case; 0: no bound
	Full      bool  // without partial-order reduction
	Blind     bool  // without the model's own diagnosis
	Livelock  bool  // look for actors that go round in circles even where none are expected

	SaveTo   string // folder for counterexamples; "": none are kept
	Progress func(Progress)
}

// Progress is how far a check has come with the case it is at.
type Progress struct {
	Case      string
	Index, Of int // cases are counted from 1
	States    int64
	PerSecond float64
	Depth     int
	Left      time.Duration // of the case, estimated; negative if there is no ground for it
}

// Explore visits every state of the cases, one case after the other. A search that was
// cut short, be it by ctx, is in the result. The error is about a folder that cannot be
// written to, or it is an *InternalError.
func Explore(ctx context.Context, e Exploration) (reports.Check, error) {
	begin := time.Now()
	r := reports.Check{Command: "explore", Variant: e.Variant.String()}
	if e.MaxBytes == 0 {
		e.MaxBytes = DefaultMaxBytes
	}
	if e.SaveTo != "" {
		if err := os.MkdirAll(e.SaveTo, 0o755); err != nil {
			return r, err
		}
	}
	for i, c := range e.Cases {
		if stop := ctx.Err() != nil || e.FailFast && len(r.Causes()) > 0; stop {
			r.NotRun = append(r.NotRun, c.Name)
			continue
		}
		k, err := e.run(ctx, c, i)
		if err != nil {
			return r, err
		}
		r.Cases = append(r.Cases, k)
	}
	r.Interrupted, r.Uncovered = ctx.Err() != nil, uncovered(r.Cases)
	r.WallS = time.Since(begin).Seconds()
	return r, nil
}

// run explores one case.
func (e *Exploration) run(ctx context.Context, c Case, index int) (reports.CheckCase, error) {
	begin := time.Now()
	report := e.reporter(c, index, begin)
	var k reports.CheckCase
	var err error
	if c.Kind == reports.CheckMemory {
		k, err = e.memory(ctx, c, report)
	} else {
		k, err = e.world(ctx, c, report)
	}
	k.Name, k.Title, k.Kind, k.Bounds = c.Name, c.Title, c.Kind, c.Bounds()
	k.WallS = time.Since(begin).Seconds()
	if k.StatesPerS == 0 && k.WallS > 0 {
		k.StatesPerS = float64(k.States) / k.WallS
	}
	return k, err
}

// reporter passes on how far a search is; nil if nobody wants to know.
func (e *Exploration) reporter(c Case, index int, begin time.Time) func(search.Snapshot) {
	if e.Progress == nil {
		return nil
	}
	e.Progress(Progress{Case: c.Name, Index: index + 1, Of: len(e.Cases), Left: -1})
	return func(s search.Snapshot) {
		p := Progress{Case: c.Name, Index: index + 1, Of: len(e.Cases), States: int64(s.States), Depth: s.Depth, Left: -1}
		p.PerSecond = float64(s.States) / time.Since(begin).Seconds()
		if rest, ok := s.Remaining(); ok && p.PerSecond > 0 {
			const most = 100 * time.Hour // what is longer is no estimate, and would overflow
			p.Left = time.Duration(min(rest/p.PerSecond, most.Seconds()) * float64(time.Second))
		}
		e.Progress(p)
	}
}

// world explores a case of package explore.
func (e *Exploration) world(ctx context.Context, c Case, report func(search.Snapshot)) (reports.CheckCase, error) {
	if why := c.impossible(e.Variant); why != "" {
		return reports.CheckCase{Skipped: why}, nil
	}
	found, err := explore.Explore(ctx, c.world, e.Variant, explore.Options{Workers: e.Workers, MaxStates: e.MaxStates,
		MaxBytes: e.MaxBytes, MaxDepth: e.MaxDepth, Full: e.Full, Blind: e.Blind, Progress: e.Livelock, Report: report})
	if err != nil {
		return reports.CheckCase{}, &InternalError{err}
	}
	k := reports.CheckCase{States: int64(found.States), Transitions: found.Transitions, DepthMax: found.Depth,
		OmissionOdds: found.OmissionOdds, Reduced: found.Reduced, Complete: found.Complete, Stopped: string(found.Stopped),
		Coverage: coverage(found.Coverage)}
	if found.States > 0 {
		k.BytesPerState = float64(found.Bytes) / float64(found.States)
	}
	k.Violations, err = violations(c.world, e.Variant, found.Violations, e.SaveTo)
	return k, err
}

// violations takes over what was found, and saves it if a folder is given.
func violations(c explore.Case, v netgpu.Variant, found []explore.Violation, folder string) ([]reports.CheckViolation, error) {
	var list []reports.CheckViolation
	for _, x := range found {
		y := violation(x)
		if folder != "" {
			var err error
			if y.File, err = save(folder, explore.NewCounterexample(c, v, x)); err != nil {
				return list, err
			}
		}
		list = append(list, y)
	}
	return list, nil
}

func violation(x explore.Violation) reports.CheckViolation {
	return reports.CheckViolation{Invariant: x.Invariant.String(), Cause: x.Cause, What: x.What, Count: x.Count,
		Shortest: x.Shortest, Steps: steps(x.Steps)}
}

func steps(from []explore.Step) []reports.CheckStep {
	list := make([]reports.CheckStep, len(from))
	for i, s := range from {
		list[i] = reports.CheckStep(s)
	}
	return list
}

func coverage(from []explore.Coverage) []reports.CheckCoverage {
	list := make([]reports.CheckCoverage, len(from))
	for i, x := range from {
		list[i] = reports.CheckCoverage(x)
	}
	return list
}

// uncovered names what actors can do and did in none of the cases; of the memory cases
// alone there is nothing to say.
func uncovered(cases []reports.CheckCase) []string {
	done := map[explore.Coverage]bool{}
	for i := range cases {
		for _, x := range cases[i].Coverage {
			done[explore.Coverage{Actor: x.Actor, Operation: x.Operation}] = true
		}
	}
	if len(done) == 0 {
		return nil
	}
	var list []string
	for _, o := range explore.Operations() {
		if !done[o] {
			list = append(list, o.Actor+" "+o.Operation)
		}
	}
	return list
}
