package reports

import (
	"fmt"
	"strconv"
	"strings"
)

// headline says in one sentence what came out and what holds it back, then the
// scenario's title.
func (p *page) headline(r *Result) {
	p.gap()
	spans := []span{{scenarioName(r) + ": ", bold}}
	if s := r.Stall; s != nil {
		spans = append(spans,
			span{"stalled at" + nbsp + duration(s.SinceS), bad},
			span{" (" + clean(s.Cause) + "); ", plainStyle})
	}
	spans = append(spans,
		span{withUnit(gbpsCI(r.GoodputGbps, r.GoodputCI95Gbps), "Gbit/s"), bold},
		span{memoryPhrase(r.PerFlow), plainStyle})
	switch l := r.Limit; {
	case r.Stall != nil:
		// What limited a run that stopped is the stall.
	case l.Resource == "":
		spans = append(spans, span{"; no limit found", caution})
	default:
		spans = append(spans, span{"; limited by ", plainStyle}, span{unbroken(arrow(l.Resource)), bold},
			span{" (" + percent(l.Utilisation) + nbsp + "busy)", plainStyle})
		if n := l.Next; n != nil && n.Resource != "" {
			spans = append(spans, span{"; next limit: " + unbroken(arrow(n.Resource)) + " at" + nbsp + withUnit(gbps(n.CapacityGbps), "Gbit/s"), plainStyle})
		}
	}
	p.paragraph(0, 2, spans...)
	if r.Title != "" {
		p.paragraph(2, 2, span{clean(r.Title), faint})
	}
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

// verdict says, before any figure, why they may not be worth reading.
func (p *page) verdict(r *Result) {
	const labelWidth = 9
	say := func(label string, st style, text string) {
		pad := strings.Repeat(" ", labelWidth-len(label))
		p.paragraph(2, 2+labelWidth, span{label, st}, span{pad, plainStyle}, span{text, plainStyle})
	}
	if s := r.Stall; s != nil && s.What != "" {
		say("stall", bad, clean(s.What))
	}
	if f := faults(r); len(f) > 0 {
		say("FAIL", bad, strings.Join(f, "; "))
	}
	for _, w := range r.Warnings {
		say("warning", caution, clean(w))
	}
}

// faults lists what a correct run that does what its scenario wants would not have.
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
	if n := failures(r.Expect); n > 0 {
		f = append(f, fmt.Sprintf("%d of %s not met", n, plural(int64(len(r.Expect)), "expectation", "expectations")))
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

// allClear says in one line what a reader would otherwise look for in vain.
func (p *page) allClear(r *Result) {
	var none []string
	if sum(r.Drops) == 0 {
		none = append(none, "frame dropped")
	}
	if len(r.Violations) == 0 {
		none = append(none, "invariant violated")
	}
	if r.Pages.Total > 0 && r.Pages.Lost == 0 && r.Pages.Duplicated == 0 {
		none = append(none, "page lost or duplicated")
	}
	if len(none) > 0 {
		p.gap()
		p.paragraph(0, 2, span{"No " + strings.Join(none, ", no ") + ".", good})
	}
}

// expectations lists what the scenario wanted and what it got.
func (p *page) expectations(r *Result) {
	if len(r.Expect) == 0 {
		return
	}
	met := len(r.Expect) - failures(r.Expect)
	p.heading("Expectations", strconv.Itoa(met)+" of "+strconv.Itoa(len(r.Expect))+" met")
	t := table{columns: []column{{}, {title: "expectation", wrapTo: 16}, {title: "wanted", wrapTo: 20}, {title: "got", wrapTo: 16}}}
	for _, e := range r.Expect {
		verdict := cell{"ok", good}
		if !e.OK {
			verdict = cell{"FAIL", bad}
		}
		t.add(verdict, say(clean(e.Name)), say(clean(e.Wanted)), say(clean(e.Got)))
	}
	p.table(&t)
}

// footer says how the run was made and how to make it again.
func (p *page) footer(r *Result) {
	var parts []string
	simulated := duration(r.SimulatedS) + " simulated"
	if r.WarmupS > 0 {
		simulated += " (" + duration(r.WarmupS) + " warm-up)"
	}
	if r.WallS > 0 {
		simulated += " in" + nbsp + duration(r.WallS)
	}
	parts = append(parts, simulated, approximate(float64(r.Events))+nbsp+"events", approximate(float64(r.Packets))+nbsp+"packets")
	if r.WallS > 0 {
		parts = append(parts, perSecond(float64(r.Packets)/r.WallS)+nbsp+"packets/s")
	}
	parts = append(parts, "seed"+nbsp+strconv.FormatUint(r.Seed, 10))
	if r.Digest != "" {
		parts = append(parts, "digest"+nbsp+clean(r.Digest))
	}
	if r.Version != "" {
		parts = append(parts, "netgpusim"+nbsp+clean(r.Version))
	}
	p.gap()
	p.paragraph(0, 2, span{strings.Join(parts, ", "), faint})
}
