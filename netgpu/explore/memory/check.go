package memory

import (
	"context"
	"fmt"
	"strings"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// Report is what Check found.
type Report struct {
	States      int
	Transitions uint64
	Depth       int
	Complete    bool        // all was seen; else Stopped says why not
	Stopped     search.Stop // "" if Complete

	// Violation is a shortest way to a broken invariant; nil if none was found.
	Violation *Violation
	// Causes are the names of everything that was found wrong, nearest first.
	Causes []string
}

// Violation is a broken invariant and how it came to be.
type Violation struct {
	Invariant netgpu.Invariant
	// Cause is a short stable name: slot-read-unpublished, slot-written-unread,
	// torn-read, index-out-of-range, lost-wakeup, stuck; or trapped, for a state
	// from which the end cannot be reached (with search.Options.Progress).
	Cause string
	Steps []Step // each one access, in the order in which they take effect
}

// Step is one access that takes effect.
type Step struct {
	Actor     string // "app"
	Operation string // the queue's, then the access: "submit: store prod"
	Effect    string // "prod = 1; ahead of 1 access before it"
}

// Check explores every order in which the accesses of a program can take effect
// under a model, with the removed barriers out of action. o bounds the search; with
// o.Progress it also shows that the end can always be reached. It returns an error
// if the program's numbers, the model, a barrier or o are not possible; a search that
// was cut short is none.
func Check(ctx context.Context, p Program, model Model, removed BarrierSet, o search.Options) (Report, error) {
	m, err := p.build(model, removed)
	if err != nil {
		return Report{}, err
	}
	result, err := search.Run(ctx, func() search.System {
		own, _ := p.build(model, removed) // as it was for m
		return own
	}, o)
	if err != nil {
		return Report{}, fmt.Errorf("program %s under %s: %w", p.Name, model, err)
	}
	r := Report{States: result.States, Transitions: result.Transitions, Depth: result.Depth,
		Complete: result.Complete, Stopped: result.Stopped}
	for _, f := range result.Found {
		c := cause(f.Code)
		r.Causes = append(r.Causes, c.String())
		if r.Violation == nil {
			r.Violation = &Violation{Invariant: causes[c].invariant, Cause: c.String(), Steps: m.replay(f.Path)}
		}
	}
	if f := result.Trapped; f != nil {
		r.Causes = append(r.Causes, "trapped")
		if r.Violation == nil {
			r.Violation = &Violation{Invariant: netgpu.Progress, Cause: "trapped", Steps: m.replay(f.Path)}
		}
	}
	return r, nil
}

// Initial is search.System's.
func (m *machine) Initial(dst []byte) []byte {
	m.initial(&m.current)
	return m.encode(dst, &m.current)
}

// Expand is search.System's. An action is the number of a move of the state.
func (m *machine) Expand(encoded []byte, out *search.Successors) {
	m.decode(&m.current, encoded)
	c, goal := m.judgeState(&m.current)
	if goal {
		out.Goal()
	}
	if c != fine {
		out.StateViolation(search.Code(c))
	}
	moves := m.findMoves(&m.current)
	for i := range moves {
		m.next.copyFrom(&m.current)
		switch o := m.apply(&m.next, &moves[i]); {
		case o.impossible:
		case o.cause != fine:
			out.Violation(search.Action(i), search.Code(o.cause))
		default:
			out.Add(search.Action(i), m.encode(out.Buffer(), &m.next))
		}
	}
}

// replay describes a path from the initial state.
func (m *machine) replay(path []search.Action) []Step {
	s := &m.current
	m.initial(s)
	steps := make([]Step, 0, len(path))
	for _, action := range path {
		mv := m.findMoves(s)[action]
		steps = append(steps, m.describe(s, &mv))
		m.apply(s, &mv)
	}
	return steps
}

// describe tells what a move does in s, which it has not been applied to yet.
func (m *machine) describe(s *state, mv *move) Step {
	in := &m.threads[mv.thread].code[mv.pc]
	at := m.locations[mv.loc]
	var b strings.Builder
	switch in.kind {
	case await:
		fmt.Fprintf(&b, "%s was set: goes on", at.name)
	case store:
		fmt.Fprintf(&b, "%s = %s", at.name, at.show(mv.value))
	default:
		fmt.Fprintf(&b, "%s is %s", at.name, at.show(mv.value))
		if mv.forward {
			b.WriteString(", from its own store that waits")
		}
	}
	if mv.passed > 0 {
		fmt.Fprintf(&b, "; ahead of %d of its accesses", mv.passed)
	}
	return Step{Actor: m.threads[mv.thread].name, Operation: in.operation + ": " + in.text, Effect: b.String()}
}

// show writes a value of a place.
func (p *place) show(v uint32) string {
	switch {
	case !p.entry:
		return fmt.Sprint(v)
	case v == 0:
		return "never written"
	}
	return fmt.Sprintf("entry %d", v-entryValue(0))
}
