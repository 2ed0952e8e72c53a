package reports

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// measured puts predictions beside measurements, with what the source of each
// measurement leaves unstated. The error is that of SymmetricError.
func (p *page) measured(r *Result) {
	if len(r.Measured) == 0 {
		return
	}
	p.gap()
	for _, m := range r.Measured {
		p.paragraph(0, 2, span{"Measured", bold}, span{"  ", plainStyle},
			span{withUnit(clean(m.Metric)+nbsp+significant(m.Value, 3), clean(m.Unit)), plainStyle},
			span{", predicted" + nbsp, plainStyle}, span{significant(m.Predicted, 3), bold},
			span{", symmetric error" + nbsp, plainStyle}, span{signedPercent(m.Error), bold})
		notes := []note{{label: "source", text: clean(m.Source)}, {label: "unstated", text: clean(strings.Join(m.Unstated, ", "))}, {label: "note", text: clean(m.Note)}}
		p.labelled(tableIndent, faint, slices.DeleteFunc(notes, func(n note) bool { return n.text == "" }))
	}
}

// measuredValue is the first measured value of a metric.
func measuredValue(r *Result, metric string) (value float64, known bool) {
	for _, m := range r.Measured {
		if m.Metric == metric {
			return m.Value, true
		}
	}
	return 0, false
}

// assumptions lists the settings that the source leaves open and, on a verbose
// page, why they have the value they have.
func (p *page) assumptions(r *Result) {
	if len(r.Assumptions) == 0 {
		return
	}
	if !p.verbose {
		var s []string
		for _, a := range r.Assumptions {
			s = append(s, clean(a.Key)+nbsp+clean(a.Value))
		}
		p.gap()
		p.paragraph(0, 2, span{"Assumed", bold}, span{"  ", plainStyle}, span{strings.Join(s, ", "), plainStyle})
		return
	}
	p.heading("Assumed", "settings that the source leaves open")
	t := table{columns: []column{{title: "setting"}, {title: "value", wrapTo: 12}, {title: "because", wrapTo: 30}}}
	for _, a := range r.Assumptions {
		t.add(say(clean(a.Key)), say(clean(a.Value)), say(clean(a.Why)))
	}
	p.table(&t)
}

// comparison puts several results side by side; the first is what the others are
// compared with.
func (p *page) comparison(r []Result) {
	p.heading("Comparison", plural(int64(len(r)), "run", "runs"))
	t := table{columns: []column{
		{title: "scenario", wrapTo: 14}, {title: "Gbit/s", right: true}, {title: "× first", right: true, expend: 2},
		{title: "measured", right: true, expend: 1}, {title: "error", right: true},
		{title: "limited by", wrapTo: 14}, {title: "next limit", wrapTo: 16, expend: 4},
		{title: "core", right: true}, {title: "dropped", right: true, expend: 3}, {title: "verdict"},
	}}
	for i := range r {
		t.add(comparisonCells(&r[i], r[0].GoodputGbps)...)
	}
	p.table(&t)
	p.paragraph(2, 2, span{"core: busy share of the busiest; error: difference over the mean of predicted and measured", faint})
}

func comparisonCells(r *Result, first float64) []cell {
	var ratio, measured, symmetric, next, core, dropped cell
	if first > 0 {
		ratio.text = decimals(r.GoodputGbps/first, 2)
	}
	if m, known := measuredValue(r, "goodput_gbps"); known {
		measured.text = gbps(m)
		symmetric.text = signedPercent(SymmetricError(r.GoodputGbps, m))
	}
	if n := r.Limit.Next; n != nil && n.Resource != "" {
		next.text = arrow(n.Resource) + " at" + nbsp + gbps(n.CapacityGbps)
	}
	if c, there := busiestCore(r); there {
		core = cell{percent(c.Busy), busyStyle(c.Busy)}
	}
	if n := sum(r.Drops); n != 0 {
		dropped.text = approximate(float64(n))
	}
	limit := arrow(r.Limit.Resource)
	verdict := cell{"ok", good}
	switch failed := failures(r.Expect); {
	case r.Stall != nil:
		verdict = cell{"stalled", bad}
		limit, next.text = clean(r.Stall.Cause), ""
	case len(r.Violations) > 0 || r.Pages.Lost != 0 || r.Pages.Duplicated != 0:
		verdict = cell{"violated", bad}
	case failed > 0:
		verdict = cell{"FAIL " + strconv.Itoa(failed) + "/" + strconv.Itoa(len(r.Expect)), bad}
	case math.IsNaN(r.GoodputGbps):
		verdict = cell{"invalid", bad}
	case len(r.Warnings) > 0:
		verdict = cell{"warned", caution}
	}
	return []cell{
		{scenarioName(r), bold}, {gbpsCI(r.GoodputGbps, r.GoodputCI95Gbps), bold}, ratio, measured, symmetric,
		say(limit), next, core, dropped, verdict,
	}
}
