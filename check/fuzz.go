package check

import (
	"context"
	"os"
	"time"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/reports"
)

// Fuzzing is a request to walk at random through some cases.
type Fuzzing struct {
	Variant netgpu.Variant
	Cases   []Case // worlds, not memory cases
	Seed    uint64
	Walks   int // through each case
	Steps   int // of a walk at most
	Workers int // the outcome does not depend on it

	SaveTo   string // folder for counterexamples; "": none are kept
	Progress func(Progress)
}

// Fuzz walks through the cases, one case after the other. The outcome depends on the
// seed alone. The error is as that of Explore.
func Fuzz(ctx context.Context, f Fuzzing) (reports.Check, error) {
	begin := time.Now()
	r := reports.Check{Command: "fuzz", Variant: f.Variant.String(), Seed: &f.Seed}
	if f.SaveTo != "" {
		if err := os.MkdirAll(f.SaveTo, 0o755); err != nil {
			return r, err
		}
	}
	for i, c := range f.Cases {
		if ctx.Err() != nil {
			r.NotRun = append(r.NotRun, c.Name)
			continue
		}
		k, err := f.run(ctx, c, i)
		if err != nil {
			return r, err
		}
		r.Cases = append(r.Cases, k)
	}
	r.Interrupted, r.Uncovered = ctx.Err() != nil, uncovered(r.Cases)
	r.WallS = time.Since(begin).Seconds()
	return r, nil
}

// run walks through one case.
func (f *Fuzzing) run(ctx context.Context, c Case, index int) (reports.CheckCase, error) {
	begin := time.Now()
	k := reports.CheckCase{Name: c.Name, Title: c.Title, Kind: reports.CheckWalk, Bounds: c.Bounds()}
	if k.Skipped = c.impossible(f.Variant); k.Skipped != "" {
		return k, nil
	}
	found, err := explore.Fuzz(ctx, c.world, f.Variant, explore.FuzzOptions{Seed: f.Seed, Walks: f.Walks, Steps: f.Steps,
		Workers: f.Workers, Report: f.reporter(c, index, begin)})
	if err != nil {
		return k, &InternalError{err}
	}
	k.States = found.Steps
	k.Complete = found.Complete
	if !k.Complete {
		k.Stopped = "interrupted"
	}
	k.Coverage = coverage(found.Coverage)
	k.Walk = &reports.CheckWalkInfo{Walks: found.Walks, StepsMax: f.Steps}
	if k.Violations, err = violations(c.world, f.Variant, found.Violations, f.SaveTo); err != nil {
		return k, err
	}
	if k.WallS = time.Since(begin).Seconds(); k.WallS > 0 {
		k.StatesPerS = float64(k.States) / k.WallS
	}
	return k, nil
}

// reporter passes on how many walks are done; nil if nobody wants to know.
func (f *Fuzzing) reporter(c Case, index int, begin time.Time) func(int) {
	if f.Progress == nil {
		return nil
	}
	f.Progress(Progress{Case: c.Name, Index: index + 1, Of: len(f.Cases), Left: -1})
	return func(walks int) {
		passed := time.Since(begin)
		f.Progress(Progress{Case: c.Name, Index: index + 1, Of: len(f.Cases), Left: passed / time.Duration(walks) * time.Duration(f.Walks-walks)})
	}
}
