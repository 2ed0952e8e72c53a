package reports

import (
	"math"
	"strconv"
	"strings"
)

// measured puts predictions beside measurements, with what the source of each
// measurement leaves unstated.
func (p *page) measured(r *Result) {
	if len(r.Measured) == 0 {
		return
	}
	p.heading("Prediction against measurement", "error: difference over the mean of both")
	t := table{columns: []column{
		{title: "metric", wrapTo: 12}, {title: "predicted", right: true}, {title: "measured", right: true}, {title: "unit"}, {title: "error", right: true},
	}}
	for _, m := range r.Measured {
		row := t.add(say(clean(m.Metric)), cell{significant(m.Predicted, 3), bold}, say(significant(m.Value, 3)), say(clean(m.Unit)), cell{signedPercent(m.Error), bold})
		row.note("source", clean(m.Source))
		row.note("unstated", clean(strings.Join(m.Unstated, ", ")))
		row.note("note", clean(m.Note))
	}
	p.table(&t)
}

// band shows the prediction over the plausible values of what the source leaves
// open, and which of them agree with the measurement.
func (p *page) band(r *Result) {
	b := r.Band
	if b == nil {
		return
	}
	measured, known := measuredValue(r, b.Metric)
	remark := clean(b.Metric) + nbsp + significant(b.Low, 3) + " to" + nbsp + significant(b.High, 3) + " over what the source leaves open"
	if known {
		remark += "; measured" + nbsp + significant(measured, 3)
	}
	p.heading("Band", remark)

	keys, together := settingColumns(b.Points, p.limit())
	var t table
	for _, k := range keys {
		t.columns = append(t.columns, column{title: clean(k), wrapTo: together})
	}
	t.columns = append(t.columns,
		column{title: "Gbit/s", right: true}, column{title: "ceiling", right: true},
		column{title: "limit", wrapTo: 14}, column{title: "agrees with it", wrapTo: 14})
	for i := range b.Points {
		point := &b.Points[i]
		var cells []cell
		if together > 0 {
			cells = append(cells, say(settings(point.Set)))
		} else {
			for _, k := range keys {
				cells = append(cells, say(clean(point.Set[k])))
			}
		}
		cells = append(cells, cell{gbps(point.GoodputGbps), bold}, say(gbps(point.CeilingGbps)), say(arrow(point.Limit)), agreement(point, b.Metric, measured, known))
		t.add(cells...)
	}
	p.table(&t)
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

// settingColumns returns one column title per setting that points differ in or
// share, in alphabetical order; or, where these would take more than half of the
// page, one column for all of them and the width it may be wrapped to.
func settingColumns(points []BandPoint, limit int) (titles []string, together int) {
	widths := map[string]int{}
	for _, point := range points {
		for k, v := range point.Set {
			widths[k] = max(widths[k], displayWidth(clean(k)), displayWidth(clean(v)))
		}
	}
	total := 0
	titles = sortedKeys(widths)
	for _, k := range titles {
		total += widths[k] + columnGap
	}
	if total > limit/2 {
		return []string{"settings"}, 20
	}
	return titles, 0
}

// settings writes a point's settings as the command line takes them.
func settings(set map[string]string) string {
	var s []string
	for _, k := range sortedKeys(set) {
		s = append(s, clean(k)+"="+clean(set[k]))
	}
	return strings.Join(s, " ")
}

// agreement says whether a point agrees with the measurement and, if not, what
// speaks against it.
func agreement(point *BandPoint, metric string, measured float64, known bool) cell {
	c := cell{}
	switch {
	case point.Consistent == nil:
	case *point.Consistent:
		c = cell{"yes", good}
	default:
		c = cell{"no", caution}
		if known && metric == "goodput_gbps" {
			if point.CeilingGbps > 0 && measured > point.CeilingGbps {
				c.text += ": above ceiling"
			} else {
				c.text += ": " + signedPercent(SymmetricError(point.GoodputGbps, measured))
			}
		}
	}
	if note := clean(point.Note); note != "" {
		if c.text != "" {
			c.text += "; "
		}
		c.text += note
	}
	return c
}

// assumptions lists the settings that the source leaves open, and why they have
// the value they have.
func (p *page) assumptions(r *Result) {
	if len(r.Assumptions) == 0 {
		return
	}
	p.heading("Assumptions", "settings that the source leaves open")
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
