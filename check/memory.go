package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"netgpusim/netgpu/explore/memory"
	"netgpusim/netgpu/explore/search"
	"netgpusim/reports"
)

// memoryCauses says in words what the causes of package memory mean.
var memoryCauses = map[string]string{
	"slot-read-unpublished": "a slot is read that holds nothing, or what the lap before left",
	"slot-written-unread":   "a slot is read that holds a later entry: it was written again before it was read",
	"torn-read":             "the words of an iovec come from different entries",
	"index-out-of-range":    "prod − cons exceeds the slots",
	"lost-wakeup":           "a thread sleeps, and nobody will wake it",
	"stuck":                 "nothing can happen any more, and not all entries have been delivered",
	"trapped":               "the end cannot be reached any more",
}

// memory explores the shared queue under each memory model: with all its barriers (or
// without those that the request leaves out), then, to see that each is needed,
// without one after the other.
func (e *Exploration) memory(ctx context.Context, c Case, report func(search.Snapshot)) (reports.CheckCase, error) {
	barriers, err := memory.Barriers(c.program)
	if err != nil {
		return reports.CheckCase{}, &InternalError{err}
	}
	o := search.Options{Workers: e.Workers, MaxStates: e.MaxStates, MaxBytes: e.MaxBytes, MaxDepth: e.MaxDepth, Progress: true, Report: report}
	k := reports.CheckCase{Complete: true}
	begin := time.Now()
	for _, model := range memory.Models() {
		r, err := memory.Check(ctx, c.program, model, memory.Without(e.Barriers...), o)
		if err != nil {
			return k, &InternalError{err}
		}
		k.States += int64(r.States)
		k.Transitions += r.Transitions
		k.DepthMax = max(k.DepthMax, r.Depth)
		if !r.Complete {
			k.Complete, k.Stopped = false, string(r.Stopped)
		}
		k.Violations = addModel(k.Violations, model, r)
		k.Models = append(k.Models, reports.CheckModel{Model: model.String(), Removed: e.Barriers, States: int64(r.States), Complete: r.Complete, Causes: r.Causes})
	}
	k.StatesPerS = float64(k.States) / time.Since(begin).Seconds()
	if len(e.Barriers) > 0 || len(k.Violations) > 0 || !k.Complete {
		return k, nil // what breaks anyway says nothing of a barrier
	}
	for i, model := range memory.Models() {
		if k.Models[i].Barriers, err = needed(ctx, c.program, model, barriers, o); err != nil {
			return k, &InternalError{err}
		}
	}
	return k, nil
}

// addModel adds what is wrong under a model to what was wrong under stronger ones: the
// way is that under the strongest.
func addModel(list []reports.CheckViolation, model memory.Model, r memory.Report) []reports.CheckViolation {
	v := r.Violation
	if v == nil {
		return list
	}
	for i := range list {
		if list[i].Cause == v.Cause {
			list[i].Count++
			list[i].What += ", " + model.String()
			return list
		}
	}
	// Found breadth first, without reduction: no way has fewer steps.
	return append(list, reports.CheckViolation{Invariant: v.Invariant.String(), Cause: v.Cause, Count: 1, Shortest: true,
		What: fmt.Sprintf("%s; memory models: %s", memoryCauses[v.Cause], model), Steps: memorySteps(v.Steps)})
}

func memorySteps(from []memory.Step) []reports.CheckStep {
	list := make([]reports.CheckStep, len(from))
	for i, s := range from {
		list[i] = reports.CheckStep(s)
	}
	return list
}

// needed leaves out each barrier in turn. The first thing that breaks is enough.
func needed(ctx context.Context, p memory.Program, model memory.Model, barriers []memory.Barrier, o search.Options) ([]reports.CheckBarrier, error) {
	o.StopAt, o.Report = 1, nil
	var list []reports.CheckBarrier
	for _, b := range barriers {
		r, err := memory.Check(ctx, p, model, memory.Without(b.Name), o)
		if err != nil {
			return nil, err
		}
		if r.Violation == nil && !r.Complete {
			return nil, nil // cut short: nothing can be said of the barriers
		}
		x := reports.CheckBarrier{Barrier: b.Name, Needed: r.Violation != nil}
		if x.Needed {
			x.Cause = r.Violation.Cause
		}
		list = append(list, x)
	}
	return list, nil
}

// Barriers lists the barriers of all memory cases of a list, each once.
func Barriers(cases []Case) []string {
	var list []string
	seen := map[string]bool{}
	for _, c := range cases {
		if c.Kind != reports.CheckMemory {
			continue
		}
		barriers, err := memory.Barriers(c.program)
		if err != nil {
			continue // Case.Check says so
		}
		for _, b := range barriers {
			if !seen[b.Name] {
				seen[b.Name] = true
				list = append(list, b.Name)
			}
		}
	}
	return list
}

// CheckBarriers refuses barriers that not every case has.
func CheckBarriers(cases []Case, names []string) error {
	for _, c := range cases {
		has := Barriers([]Case{c})
		for _, name := range names {
			if !slices.Contains(has, name) {
				return fmt.Errorf("case %s has no barrier %q; it has %s", c.Name, name, orNone(has))
			}
		}
	}
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none: it is no memory case"
	}
	return strings.Join(list, ", ")
}
