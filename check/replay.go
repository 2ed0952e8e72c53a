package check

import (
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
// configuration that cannot be had.
func (p Replaying) Check(r *reports.Check, name string, c explore.Counterexample) error {
	c, got, err := p.replay(name, c)
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

func (p Replaying) replay(name string, c explore.Counterexample) (explore.Counterexample, explore.Replayed, error) {
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
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return c, got, err
}

// Rewrite turns a counterexample into a test that nothing is violated on its way: with
// the effects that the steps have on the implementation, up to the step that is not
// possible there. The error says what is violated, if something is.
func (p Replaying) Rewrite(name string, c explore.Counterexample) (explore.Counterexample, error) {
	c, got, err := p.replay(name, c)
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
