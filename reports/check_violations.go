package reports

import (
	"fmt"
	"slices"
	"strings"
)

// shown is a violation of a case.
type shown struct {
	in        *CheckCase
	violation *CheckViolation
}

// rootCauses are the violations of all cases, one per cause: the one with the fewest
// steps, the first of equals; and the cases that each cause was found in. On a verbose
// page they are all there.
func rootCauses(c *Check, all bool) (list []shown, cases map[string][]string) {
	cases = map[string][]string{}
	at := map[string]int{}
	for i := range c.Cases {
		k := &c.Cases[i]
		for j := range k.Violations {
			v := &k.Violations[j]
			name := v.Invariant + "/" + v.Cause
			if !slices.Contains(cases[name], k.Name) {
				cases[name] = append(cases[name], k.Name)
			}
			known, ok := at[name]
			switch {
			case all || !ok:
				at[name] = len(list)
				list = append(list, shown{k, v})
			case len(v.Steps) < len(list[known].violation.Steps):
				list[known] = shown{k, v}
			}
		}
	}
	return list, cases
}

// checkViolations shows what was found, each with a way to it.
func (p *page) checkViolations(c *Check) {
	list, cases := rootCauses(c, p.verbose || c.Command == "trace" || c.Command == "replay")
	for _, s := range list {
		v := s.violation
		p.gap()
		what := ": " + clean(v.What)
		if v.Line > 0 {
			what = "" // expected and found say it
		}
		p.paragraph(0, 2, span{clean(v.Cause), bad}, span{" breaks ", plainStyle}, span{clean(v.Invariant), bold}, span{what, plainStyle})
		p.paragraph(2, 4, span{whereFound(s, cases[v.Invariant+"/"+v.Cause]), faint})
		if v.File != "" {
			p.paragraph(2, 4, span{"saved in " + clean(v.File), faint})
		}
		if v.Line > 0 {
			p.divergence(v)
			continue
		}
		p.steps(v.Steps)
	}
	for i := range c.Cases { // a way that led nowhere is worth seeing, too
		if k := &c.Cases[i]; k.Kind == CheckReplay && len(k.Violations) == 0 && len(k.Replay.Steps) > 0 {
			p.heading(clean(k.Name), "nothing is violated on this way")
			p.steps(k.Replay.Steps)
		}
	}
}

// divergence sets where a trace and the model part.
func (p *page) divergence(v *CheckViolation) {
	p.labelled(tableIndent, faint, []note{
		{label: "expected", text: clean(v.Expected)},
		{label: "found", text: clean(v.Found)},
	})
}

// whereFound says where the way is from, how long it is, and who else has the cause.
func whereFound(s shown, cases []string) string {
	v := s.violation
	if v.Line > 0 {
		text := fmt.Sprintf("%s:%d", clean(s.in.Name), v.Line)
		if len(v.Steps) > 0 {
			text += ", " + clean(v.Steps[0].Operation) + " by " + clean(v.Steps[0].Actor)
		}
		if v.Ring != "" {
			text += " on " + clean(v.Ring)
		}
		return text
	}
	text := clean(s.in.Name) + ", " + plural(int64(len(v.Steps)), "step", "steps")
	switch {
	case v.Shortest:
		text += ", which is the fewest"
	case s.in.Kind == CheckWalk:
		text += ", of which none can be left out"
	case s.in.Kind != CheckReplay:
		text += ", fewer may do"
	}
	if others := slices.DeleteFunc(slices.Clone(cases), func(n string) bool { return n == s.in.Name }); len(others) > 0 {
		text += "; also in " + cleanList(others)
	}
	return text
}

// coverage lists, on a verbose page, what the actors did.
func (p *page) coverage(c *Check) {
	if !p.verbose {
		return
	}
	type operation struct{ actor, name string }
	var order []operation
	counts := map[operation]int64{}
	for i := range c.Cases {
		for _, x := range c.Cases[i].Coverage {
			o := operation{x.Actor, x.Operation}
			if _, ok := counts[o]; !ok {
				order = append(order, o)
			}
			counts[o] += x.Count
		}
	}
	slices.SortStableFunc(order, func(a, b operation) int { return strings.Compare(a.actor, b.actor) })
	t := table{columns: []column{{title: "actor"}, {title: "operation"}, {title: "times", right: true}}}
	never := slices.Clone(c.Uncovered)
	for _, o := range order {
		if counts[o] == 0 {
			never = append(never, strings.TrimSpace(clean(o.actor)+" "+clean(o.name)))
			continue
		}
		t.add(say(clean(o.actor)), say(clean(o.name)), say(integer(counts[o])))
	}
	if len(order) == 0 {
		return
	}
	p.heading("Coverage", "operations carried out, in all cases together")
	p.table(&t)
	if len(never) > 0 {
		p.labelled(0, bold, []note{{label: "never", text: cleanList(never), style: caution}})
	}
}

// barriers says which barriers of the shared queue are needed on which machine: on a
// verbose page each, otherwise whether there is one that never is.
func (p *page) barriers(c *Check) {
	t := table{columns: []column{{title: "case", wrapTo: 16}, {title: "barrier", wrapTo: 16}}}
	var idle []string
	n := 0
	for i := range c.Cases {
		k := &c.Cases[i]
		if !surveyed(k.Models) || n > 0 && len(k.Models) != len(t.columns)-2 {
			continue
		}
		if n == 0 {
			for _, m := range k.Models {
				t.columns = append(t.columns, column{title: clean(m.Model)})
			}
		}
		name := clean(k.Name)
		for b := range k.Models[0].Barriers {
			n++
			breaks, needed := barrierCells(k.Models, b)
			t.add(append([]cell{say(name), say(clean(k.Models[0].Barriers[b].Barrier))}, breaks...)...)
			if name = ""; !needed {
				idle = append(idle, k.Name+" "+k.Models[0].Barriers[b].Barrier)
			}
		}
	}
	if n == 0 {
		return
	}
	remark := "without each of them, what breaks under which memory model"
	if p.verbose {
		p.heading("Barriers", remark)
		p.table(&t)
		return
	}
	text := plural(int64(n), "barrier", "barriers") + " left out one by one: each breaks something under a memory model that needs it"
	if len(idle) > 0 {
		text = "nothing breaks without " + cleanList(idle)
	}
	p.gap()
	p.labelled(0, bold, []note{{label: "Barriers", text: text}})
}

// surveyed says whether every barrier was left out under every model.
func surveyed(models []CheckModel) bool {
	return len(models) > 0 && !slices.ContainsFunc(models, func(m CheckModel) bool {
		return len(m.Barriers) == 0 || len(m.Barriers) != len(models[0].Barriers)
	})
}

// barrierCells is what breaks without barrier b, model by model, and whether anything
// does.
func barrierCells(models []CheckModel, b int) (cells []cell, needed bool) {
	for _, m := range models {
		text := "–"
		if x := m.Barriers[b]; x.Needed {
			needed = true
			text = clean(x.Cause)
		}
		cells = append(cells, say(text))
	}
	return cells, needed
}
