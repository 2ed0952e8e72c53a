package check

import (
	"context"
	"fmt"
	"slices"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/reports"
)

// Replaying is a request to take counterexamples again.
type Replaying struct {
	// Change gives the implementation to take the way on instead of the file's; nil:
	// the file's own. The error is passed on.
	Change func(netgpu.Variant) (netgpu.Variant, error)
	// ExpectNothing passes a way on which nothing is violated, whatever the file says.
	ExpectNothing bool
}

// Check takes one counterexample again and adds the outcome to r. The error is about a
// configuration that cannot be had, or ctx's.
func (p Replaying) Check(ctx context.Context, r *reports.Check, name string, c explore.Counterexample) error {
	c, got, err := p.replay(ctx, name, c)
	if err != nil {
		return err
	}
	k := reports.CheckCase{Name: name, Kind: reports.CheckReplay, Variant: c.Variant.String(), Bounds: c.Config.String(),
		States: int64(len(got.Steps)), Complete: len(got.Steps) == len(c.Steps)}
	k.Replay = &reports.CheckReplayInfo{Case: c.Case, Violates: c.Violates, AsWritten: got.AsWritten, Differs: got.Differs, Written: len(c.Steps)}
	if c.Violates == "" {
		k.Replay.Violates = "nothing"
	}
	if got.Violation != nil {
		k.Violations = []reports.CheckViolation{violation(*got.Violation)}
	} else {
		k.Replay.Steps = steps(got.Steps)
	}
	k.Replay.OK = got.AsWritten
	if p.ExpectNothing {
		k.Replay.OK = got.Violation == nil
	}
	r.Command = "replay"
	r.Cases = append(r.Cases, k)
	r.OK = !slices.ContainsFunc(r.Cases, func(k reports.CheckCase) bool { return !k.Replay.OK })
	return nil
}

func (p Replaying) replay(ctx context.Context, name string, c explore.Counterexample) (explore.Counterexample, explore.Replayed, error) {
	if p.Change != nil {
		v, err := p.Change(c.Variant)
		if err != nil {
			return c, explore.Replayed{}, err
		}
		c.Variant = v
	}
	if why := (explore.Case{Config: c.Config}).Impossible(c.Variant); why != "" {
		return c, explore.Replayed{}, fmt.Errorf("%s: %s", name, why)
	}
	got, err := c.Replay()
	if err == nil && c.Violates == livelock && got.Violation == nil {
		err = findLivelock(ctx, c, &got)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return c, got, err
}

// livelock is what a file says of a way to a state from which nothing leads on.
var livelock = fmt.Sprintf("%v/%v", explore.Livelock.Invariant(), explore.Livelock)

// findLivelock sees whether a way leads to a livelock. No step shows that: it is about
// all that can follow, so the file's case is explored again. A livelock on another way
// is one, too: the file is not as written, and not repaired either.
func findLivelock(ctx context.Context, c explore.Counterexample, got *explore.Replayed) error {
	found, err := explore.Explore(ctx, explore.Case{Name: c.Case, Config: c.Config}, c.Variant, explore.Options{MaxBytes: DefaultMaxBytes, Progress: true})
	if err != nil {
		return err
	}
	for _, v := range found.Violations {
		if v.Cause != explore.Livelock.String() {
			continue
		}
		got.Violation = &v
		got.AsWritten, got.Differs = sameWay(c.Steps, v.Steps), ""
		if !got.AsWritten {
			got.Differs = fmt.Sprintf("the livelock is found on another way, of %d steps", len(v.Steps))
		}
		return nil
	}
	if ctx.Err() == nil && !found.Complete {
		return fmt.Errorf("whether there is a livelock cannot be told: the case is not exhausted (%s)", found.Stopped)
	}
	return ctx.Err()
}

// sameWay says whether a way is as it is written; an effect that is not written is not
// compared.
func sameWay(written, taken []explore.Step) bool {
	return slices.EqualFunc(written, taken, func(a, b explore.Step) bool {
		return a.Actor == b.Actor && a.Operation == b.Operation && (a.Effect == "" || a.Effect == b.Effect)
	})
}

// Rewrite turns a counterexample into a test that nothing is violated on its way: with
// the effects that the steps have on the implementation, up to the step that is not
// possible there. The error says what is violated, if something is.
func (p Replaying) Rewrite(ctx context.Context, name string, c explore.Counterexample) (explore.Counterexample, error) {
	c, got, err := p.replay(ctx, name, c)
	if err != nil {
		return c, err
	}
	if v := got.Violation; v != nil {
		return c, &StillViolated{name, c.Variant.String(), fmt.Sprintf("%v/%s", v.Invariant, v.Cause), len(got.Steps)}
	}
	c.Violates, c.What, c.Steps = "", "", got.Steps
	return c, nil
}

// StillViolated says that a way cannot become a test that nothing is violated.
type StillViolated struct {
	File, Variant, Violates string
	Step                    int
}

func (e *StillViolated) Error() string {
	return fmt.Sprintf("%s: %s is violated at step %d with %s; a file can be rewritten for an implementation that has the fault repaired", e.File, e.Violates, e.Step, e.Variant)
}
