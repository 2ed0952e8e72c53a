package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// headline says what came out; below it, what holds it back, what would next, and
// the scenario's title.
func (p *page) headline(r *Result) {
	p.gap()
	spans := []span{{scenarioName(r) + ": ", bold}}
	if s := r.Stall; s != nil {
		spans = append(spans, span{"stalled at" + nbsp + duration(s.SinceS), bad}, span{"; ", plainStyle})
	}
	p.paragraph(0, 2, append(spans,
		span{withUnit(gbpsCI(r.GoodputGbps, r.GoodputCI95Gbps), "Gbit/s"), bold},
		span{memoryPhrase(r.PerFlow), plainStyle})...)
	switch l := r.Limit; {
	case r.Stall != nil:
		// What limited a run that stopped is the stall.
	case l.Resource == "":
		p.remark("limited by", faint, span{"no limit found", caution})
	default:
		p.remark("limited by", faint, span{unbroken(arrow(l.Resource)), bold}, span{", " + boundShare(r), plainStyle})
		if n := l.Next; n != nil && n.Resource != "" {
			p.remark("next limit", faint, span{unbroken(arrow(n.Resource)) + " at" + nbsp + withUnit(gbps(n.CapacityGbps), "Gbit/s"), plainStyle})
		}
	}
	if r.Title != "" {
		p.paragraph(2, 2, span{clean(r.Title), faint})
	}
}

// remark prints one labelled line below the headline.
func (p *page) remark(label string, st style, text ...span) {
	const width = len("limited by")
	pad := strings.Repeat(" ", width-len(label)+columnGap)
	p.paragraph(tableIndent, tableIndent+width+columnGap, append([]span{{label, st}, {pad, plainStyle}}, text...)...)
}

// boundShare says how much the resource that bound the run did so. What has a rate
// is busy; all else (a window, an application, a lack of buffers) binds for a part
// of the time. The ladder has exactly the resources with a rate.
func boundShare(r *Result) string {
	if hasRate(r, r.Limit.Resource) {
		return percent(r.Limit.Utilisation) + nbsp + "busy"
	}
	return percent(r.Limit.Utilisation) + nbsp + "of the time"
}

func hasRate(r *Result, resource string) bool {
	return slices.ContainsFunc(r.Ladder, func(l Limit) bool { return l.Resource == resource })
}

// scenarioName is what a report calls its run.
func scenarioName(r *Result) string {
	if r.Scenario == "" {
		return "(unnamed)"
	}
	return clean(r.Scenario)
}

// unbroken keeps a short name on one line.
func unbroken(name string) string {
	const short = 32
	if displayWidth(name) > short {
		return name
	}
	return strings.ReplaceAll(name, " ", nbsp)
}

// memoryPhrase says where payload came from and went to, as far as all flows
// agree: " from GPU memory into host memory".
func memoryPhrase(flows []Flow) string {
	var fromGPU, intoGPU, intoHost, copied int
	for i := range flows {
		f := &flows[i]
		if f.TxMemory == "gpu" {
			fromGPU++
		}
		if f.Memory == "gpu" {
			intoGPU++
		}
		if f.Memory == "host" {
			intoHost++
		}
		if f.RxPath == "copy" {
			copied++
		}
	}
	var b strings.Builder
	if len(flows) > 0 && fromGPU == len(flows) {
		b.WriteString(" from GPU memory")
	}
	switch {
	case intoGPU > 0 && intoHost > 0:
		b.WriteString(" into GPU and host memory")
	case intoGPU > 0:
		b.WriteString(" into GPU memory")
	case intoHost > 0 && copied == intoHost:
		b.WriteString(" copied into host memory")
	case intoHost > 0:
		b.WriteString(" into host memory")
	}
	return b.String()
}

// verdict says, before any other figure, why they may not be worth reading.
func (p *page) verdict(r *Result) {
	if s := r.Stall; s != nil {
		text := clean(s.Cause)
		if what := clean(s.What); what != "" {
			text += ": " + what
		}
		p.remark("stall", bad, span{text, plainStyle})
	}
	if f := faults(r); len(f) > 0 {
		p.remark("fault", bad, span{strings.Join(f, "; "), plainStyle})
	}
	if n := failures(r.Expect); n > 0 {
		p.remark("FAIL", bad, span{fmt.Sprintf("%d of %s not met", n, plural(int64(len(r.Expect)), "expectation", "expectations")), plainStyle})
	}
	for _, w := range r.Warnings {
		p.remark("warning", caution, span{clean(w), plainStyle})
	}
}

// faults lists what a correct implementation would not have. A scenario may well
// expect them: the RFC's has faults of its own.
func faults(r *Result) []string {
	var f []string
	if n := len(r.Violations); n > 0 {
		f = append(f, plural(int64(n), "invariant", "invariants")+" violated "+plural(totalCount(r.Violations), "time", "times"))
	}
	if n := r.Pages.Lost; n != 0 {
		f = append(f, plural(n, "page", "pages")+" lost")
	}
	if n := r.Pages.Duplicated; n != 0 {
		f = append(f, plural(n, "page", "pages")+" duplicated")
	}
	return f
}

// violations lists the invariants that did not hold, each with its first case.
func (p *page) violations(r *Result) {
	if len(r.Violations) == 0 {
		return
	}
	p.heading("Violations", "what happened the first time")
	t := table{columns: []column{{title: "invariant"}, {title: "times", right: true}, {title: "first at", right: true}, {title: "host"}, {title: "what", spill: true, wrapTo: 50}}}
	for _, v := range r.Violations {
		t.add(cell{clean(v.Invariant), bad}, say(integer(v.Count)), say(duration(v.TimeS)), say(clean(v.Host)), say(clean(v.What)))
	}
	p.table(&t)
}

// expectations lists what the scenario wanted and did not get; on a verbose page,
// everything that it wanted.
func (p *page) expectations(r *Result) {
	t := table{columns: []column{{}, {title: "expectation", wrapTo: 14}, {title: "wanted", wrapTo: 20}, {title: "got", wrapTo: 34}}}
	for _, e := range r.Expect {
		verdict := cell{"ok", good}
		if !e.OK {
			verdict = cell{"FAIL", bad}
		}
		if !e.OK || p.verbose {
			t.add(verdict, say(clean(e.Name)), say(clean(e.Wanted)), say(clean(e.Got)))
		}
	}
	if len(t.rows) == 0 {
		return
	}
	p.heading("Expectations", fmt.Sprintf("%d of %d met", len(r.Expect)-failures(r.Expect), len(r.Expect)))
	p.table(&t)
}

// closing says in a line each what a reader would otherwise look for in vain: the
// sections in which nothing happened.
func (p *page) closing(r *Result) {
	var notes []note
	if !p.verbose {
		notes = append(notes,
			note{label: "Network", text: wireSummary(r)},
			note{label: "Rings", text: calmRings(r)},
			note{label: "Pages", text: pageSummary(r)})
	}
	notes = append(notes, note{label: "Checks", text: allClear(r), style: good})
	notes = slices.DeleteFunc(notes, func(n note) bool { return n.text == "" })
	if len(notes) == 0 {
		return
	}
	p.gap()
	p.labelled(0, bold, notes)
}

// allClear lists what did not go wrong.
func allClear(r *Result) string {
	var s, none []string
	if n := len(r.Expect); n > 0 && failures(r.Expect) == 0 {
		s = append(s, fmt.Sprintf("%d of %s met", n, plural(int64(n), "expectation", "expectations")))
	}
	if sum(r.Drops) == 0 {
		none = append(none, "drops")
	}
	if len(r.Violations) == 0 {
		none = append(none, "violations")
	}
	if r.Pages.Total > 0 && r.Pages.Lost == 0 && r.Pages.Duplicated == 0 {
		none = append(none, "pages astray")
	}
	if n := len(none); n > 1 {
		none = append(none[:n-2], none[n-2]+" or "+none[n-1])
	}
	if len(none) > 0 {
		s = append(s, "no "+strings.Join(none, ", "))
	}
	return strings.Join(s, "; ")
}

// footer says how the run was made and how to make it again.
func (p *page) footer(r *Result) {
	var parts []string
	if r.Kind == KindBench {
		parts = append(parts, plural(int64(len(r.Bench)), "row", "rows")+" in"+nbsp+duration(r.WallS))
	} else {
		simulated := duration(r.SimulatedS) + " simulated"
		if r.WarmupS > 0 {
			simulated += " (" + duration(r.WarmupS) + " warm-up)"
		}
		if r.WallS > 0 {
			simulated += " in" + nbsp + duration(r.WallS)
		}
		parts = append(parts, simulated, approximate(float64(r.Events))+nbsp+"events", approximate(float64(r.Packets))+nbsp+"packets")
		if r.WallS > 0 && p.verbose {
			parts = append(parts, perSecond(float64(r.Packets)/r.WallS)+nbsp+"packets/s")
		}
		parts = append(parts, "seed"+nbsp+strconv.FormatUint(r.Seed, 10))
	}
	if r.Digest != "" {
		parts = append(parts, "digest"+nbsp+clean(r.Digest))
	}
	if r.Version != "" {
		parts = append(parts, "netgpusim"+nbsp+clean(r.Version))
	}
	p.gap()
	p.paragraph(0, 2, span{strings.Join(parts, ", "), faint})
}
