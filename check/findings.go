package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"netgpusim/netgpu"
	"netgpusim/reports"
)

// FindingsCases are the cases that the findings are drawn from.
func FindingsCases() []Case {
	return Profile(netgpu.RFCv2(), reports.CheckExplore, reports.CheckMemory)
}

// finding is one root cause of rfc-v2.
type finding struct {
	reports.CheckViolation
	consequence
	in       Case     // that has the shortest way
	cases    []string // that show it
	verified int64    // states of the case with the repair, in none of which the cause is met
}

// Findings explores rfc-v2 in the given cases and writes what it does wrong as
// Markdown: one section per root cause. That the repair named takes the cause away is
// verified by exploring its case with that repair alone. The error is ctx's, or an
// *InternalError: a cause without words, a repair that does not repair.
func Findings(ctx context.Context, cases []Case, progress func(Progress)) (string, error) {
	r, err := Explore(ctx, Exploration{Variant: netgpu.RFCv2(), Cases: cases, Progress: progress})
	if err != nil {
		return "", err
	}
	if r.Interrupted {
		return "", ctx.Err()
	}
	list, err := findings(&r, cases)
	if err != nil {
		return "", err
	}
	for i := range list {
		if err := list[i].verify(ctx, progress); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	overview(&b, &r, list)
	for i := range list {
		list[i].section(&b)
	}
	return b.String(), nil
}

// findings joins the violations of all cases by cause, ordered by invariant, then by
// cause: the order does not change with the cases.
func findings(r *reports.Check, cases []Case) ([]finding, error) {
	var list []finding
	for i := range r.Cases {
		k := &r.Cases[i]
		if !k.Complete {
			return nil, &InternalError{fmt.Errorf("case %s is not exhausted (%s)", k.Name, k.Stopped)}
		}
		for _, v := range k.Violations {
			at := slices.IndexFunc(list, func(f finding) bool { return f.Cause == v.Cause && f.Invariant == v.Invariant })
			if at < 0 {
				c, ok := consequences[v.Cause]
				if !ok {
					return nil, &InternalError{fmt.Errorf("case %s: nobody has written what %s means (check/consequences.go)", k.Name, v.Cause)}
				}
				at = len(list)
				list = append(list, finding{CheckViolation: v, consequence: c, in: cases[i]})
			}
			f := &list[at]
			f.cases = append(f.cases, k.Name)
			if len(v.Steps) < len(f.Steps) {
				f.CheckViolation, f.in = v, cases[i]
			}
		}
	}
	slices.SortFunc(list, func(a, b finding) int {
		return cmp.Or(invariantOrder(a.Invariant)-invariantOrder(b.Invariant), strings.Compare(a.Cause, b.Cause))
	})
	return list, nil
}

func invariantOrder(name string) int {
	for i := netgpu.Conservation; i <= netgpu.Teardown; i++ {
		if i.String() == name {
			return int(i)
		}
	}
	return int(netgpu.Teardown) + 1
}

// verify explores the case with the repair. A memory case has the repair in a case of
// its own.
func (f *finding) verify(ctx context.Context, progress func(Progress)) error {
	v, c := netgpu.RFCv2().With(f.repair), f.in
	if c.Kind == reports.CheckMemory {
		repaired, err := byName(c.Name+"-repaired", []string{reports.CheckMemory})
		if err != nil {
			return &InternalError{err}
		}
		c = repaired
	}
	r, err := Explore(ctx, Exploration{Variant: v, Cases: []Case{c}, Progress: progress})
	if err != nil {
		return err
	}
	if r.Interrupted {
		return ctx.Err()
	}
	k := &r.Cases[0]
	if !k.Complete || slices.Contains(r.Causes(), f.Cause) {
		return &InternalError{fmt.Errorf("case %s: %s is not gone with %v", c.Name, f.Cause, f.repair)}
	}
	f.verified = k.States
	return nil
}

// origin is where the fault is.
func (f *finding) origin() string {
	if p := f.repair.Patch(); p > 0 {
		return fmt.Sprintf("patch %d", p)
	}
	return "library"
}

const findingsHead = `# Findings

What ` + "`netgpusim check`" + ` finds wrong with rfc-v2, the series of July 2020 as it was posted: each root
cause with the shortest way to it that the cases have, what it means for a user, and the
repair that takes it away. Nothing here is typed by hand but the consequences. The program writes this
page (` + "`netgpusim check findings`" + `), and a test fails when it is out of date. What a case is, what one step
is and what a result proves: [the checker](models/checker.md).

`

// overview is the head of the document: all findings in a table.
func overview(b *strings.Builder, r *reports.Check, list []finding) {
	b.WriteString(findingsHead)
	states, invariants := int64(0), map[string]bool{}
	for i := range r.Cases {
		states += r.Cases[i].States
	}
	for i := range list {
		invariants[list[i].Invariant] = true
	}
	fmt.Fprintf(b, "%d root causes break %d of the 8 invariants, in %d cases with %d states, each exhausted.\n\n", len(list), len(invariants), len(r.Cases), states)
	b.WriteString("| invariant | cause | fewest steps | in cases | fault in | repair |\n|---|---|---:|---|---|---|\n")
	for i := range list {
		f := &list[i]
		fmt.Fprintf(b, "| %s | [%s](#%s) | %d | %s | %s | `%v` |\n", f.Invariant, f.Cause, f.Cause, len(f.Steps), strings.Join(f.cases, ", "), f.origin(), f.repair)
	}
}

// section is the part of one finding. It does not depend on other cases.
func (f *finding) section(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\nBreaks %s: %s.\n\n%s\n\n", f.Cause, f.Invariant, strings.TrimSuffix(f.What, "."), f.text)
	fmt.Fprintf(b, "**Fault** (%s): %s.\n\n**Repair** `%v`: with it alone, none of the %d states of the case shows the cause.\n\n",
		f.origin(), f.repair.Reason(), f.repair, f.verified)
	which := "no way in this case is shorter"
	if !f.Shortest {
		which = "a shorter one may exist"
	}
	noun := "steps"
	if len(f.Steps) == 1 {
		noun = "step"
	}
	fmt.Fprintf(b, "**Way** in case `%s` (%s), %d %s; %s:\n\n```\n", f.in.Name, f.in.Bounds(), len(f.Steps), noun, which)
	var table strings.Builder
	_ = reports.CheckSteps(&table, f.Steps, findingsWidth) // a builder takes everything
	b.WriteString(table.String())
	b.WriteString("```\n")
}

// findingsWidth is how wide a way is set.
const findingsWidth = 112
