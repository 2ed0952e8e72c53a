package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// bench prints the report of microbenchmarks: how well they agree with measurements,
// then a table per test.
func (p *page) bench(r *Result) {
	p.gap()
	p.paragraph(0, 2, span{scenarioName(r) + ": ", bold}, span{plural(int64(len(r.Bench)), "row", "rows"), bold}, span{closeness(r), plainStyle})
	if r.Title != "" {
		p.paragraph(2, 2, span{clean(r.Title), faint})
	}
	p.verdict(r)
	p.expectations(r)
	for from := 0; from < len(r.Bench); {
		to := from + 1
		for to < len(r.Bench) && sameTable(&r.Bench[from], &r.Bench[to]) {
			to++
		}
		p.benchTable(r.Bench[from:to])
		from = to
	}
	p.accuracies(r)
	p.benchBand(r)
	p.benchSources(r)
	p.assumptions(r)
	p.benchChecks(r)
	p.footer(r)
}

// closeness is what the headline says about the measured rows.
func closeness(r *Result) string {
	if len(r.Accuracy) == 0 {
		return ""
	}
	all := &r.Accuracy[0]
	text := ", median error" + nbsp + percent(all.Median) + ", worst" + nbsp + percent(all.Worst) + " (" + clean(all.WorstRow) + ")"
	if all.Rows < len(r.Bench) {
		text = ", " + integer(int64(all.Rows)) + " of them measured" + text
	}
	return text
}

// sameTable says whether two rows stand in one table.
func sameTable(a, b *BenchRow) bool {
	return a.Name == b.Name && a.Metric == b.Metric && a.Unit == b.Unit
}

// benchTable prints the rows of one test, direction by direction. Bars show the curve of
// each direction against its own greatest value; a limit stands where it is not that of
// the row above.
func (p *page) benchTable(rows []BenchRow) {
	rows = byDirection(rows)
	first := &rows[0]
	remark := clean(first.Metric) + " in" + nbsp + clean(first.Unit)
	if first.Name != first.Test {
		remark += ", " + clean(first.Test)
	}
	if len(first.Set) > 0 {
		remark += ", with " + clean(strings.Join(first.Set, " "))
	}
	// One parallelism of all rows belongs into the heading, several need a column.
	several := slices.ContainsFunc(rows, func(row BenchRow) bool { return row.Parallel != first.Parallel })
	if first.Parallel != 1 && !several {
		remark += ", " + integer(int64(first.Parallel)) + nbsp + "at once"
	}
	p.heading(clean(first.Name), remark)
	t := table{columns: []column{
		{title: ""}, {title: "size", right: true}, {title: "parallel", right: true}, {title: clean(first.Unit), right: true}, {},
		{title: "measured", right: true}, {title: "error", right: true}, {title: "limited by", spill: true, wrapTo: 24, below: "limited by"},
	}}
	for i := range rows {
		row := &rows[i]
		fresh := i == 0 || row.Direction != rows[i-1].Direction
		var direction, parallel, drawn, measured, symmetric, limit cell
		if fresh {
			direction.text = clean(row.Direction)
		}
		if several {
			parallel.text = integer(int64(row.Parallel))
		}
		if fresh || row.Limit != rows[i-1].Limit {
			limit.text = clean(row.Limit)
		}
		if most := greatest(rows, row.Direction); len(rows) > 2 && most > 0 {
			drawn.text = bar(row.Value/most, barWidth)
		}
		if row.Measured != nil && row.Error != nil {
			measured.text = significant(*row.Measured, 3)
			symmetric = cell{signedPercent(*row.Error), errorStyle(row)}
		}
		t.add(direction, say(sizeText(row.SizeBytes)), parallel, cell{significant(row.Value, 3), bold}, drawn, measured, symmetric, limit)
	}
	p.table(&t)
}

// byDirection orders rows by direction, in the order in which directions come up.
func byDirection(rows []BenchRow) []BenchRow {
	var order []string
	for i := range rows {
		if !slices.Contains(order, rows[i].Direction) {
			order = append(order, rows[i].Direction)
		}
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b BenchRow) int {
		return slices.Index(order, a.Direction) - slices.Index(order, b.Direction)
	})
	return sorted
}

// greatest is the largest value of the rows of a direction.
func greatest(rows []BenchRow, direction string) float64 {
	most := 0.0
	for i := range rows {
		if rows[i].Direction == direction {
			most = max(most, rows[i].Value)
		}
	}
	return most
}

// errorStyle draws the eye to an error beyond the row's tolerance.
func errorStyle(row *BenchRow) style {
	switch e := math.Abs(*row.Error); {
	case row.Tolerance <= 0:
		return plainStyle
	case e <= row.Tolerance:
		return good
	}
	return bad
}

// sizeText writes a size of an access: in a binary unit if it is a whole number of
// them, as sizes of benchmarks are.
func sizeText(bytes int64) string {
	for _, s := range binaryBytes {
		if n := int64(s.size); bytes >= n && bytes%n == 0 {
			return withUnit(integer(bytes/n), s.unit)
		}
	}
	return withUnit(integer(bytes), "B")
}

// accuracies shows the errors by test, if there are several with measured rows.
func (p *page) accuracies(r *Result) {
	if len(r.Accuracy) < 3 { // all, and two tests
		return
	}
	p.heading("Accuracy", "size of the symmetric error")
	t := table{columns: []column{{title: "test"}, {title: "rows", right: true}, {title: "median", right: true}, {title: "worst", right: true}, {title: "in row", wrapTo: 20}}}
	for _, a := range r.Accuracy {
		t.add(say(clean(a.Of)), say(integer(int64(a.Rows))), say(percent(a.Median)), say(percent(a.Worst)), say(clean(a.WorstRow)))
	}
	p.table(&t)
}

// benchBand shows how the band's metric goes with the settings.
func (p *page) benchBand(r *Result) {
	b := r.Band
	if b == nil {
		return
	}
	remark := clean(b.Metric) + nbsp + significant(b.Low, 3) + " to" + nbsp + significant(b.High, 3) + " over " + plural(int64(len(b.Points)), "point", "points")
	measured, known := measuredValue(r, b.Metric)
	if known {
		remark += "; measured" + nbsp + significant(measured, 3)
	}
	p.heading("Band", remark)
	t := table{columns: []column{{title: "settings", wrapTo: 20}, {title: "value", right: true}, {}, {title: "error", right: true}, {title: "limited by", wrapTo: 20}}}
	for i := range b.Points {
		point := &b.Points[i]
		var settings []string
		for _, key := range sortedKeys(point.Set) {
			settings = append(settings, clean(key)+nbsp+clean(point.Set[key]))
		}
		var drawn, symmetric cell
		if b.High > 0 {
			drawn.text = bar(point.Value/b.High, barWidth)
		}
		if known {
			symmetric.text = signedPercent(SymmetricError(point.Value, measured))
		}
		t.add(say(strings.Join(settings, ", ")), cell{significant(point.Value, 3), bold}, drawn, symmetric, say(clean(point.Limit)))
	}
	p.table(&t)
}

// benchSources names where the measured values are from, each source once, and on a
// verbose page what is remarked about single values.
func (p *page) benchSources(r *Result) {
	var sources []string
	rows, inputs := map[string]int64{}, map[string]int64{}
	for _, m := range r.Measured {
		if rows[m.Source] == 0 {
			sources = append(sources, m.Source)
		}
		rows[m.Source]++
		inputs[m.Source] += int64(boolInt(len(m.Determines) > 0))
	}
	if len(sources) == 0 {
		return
	}
	p.gap()
	for _, source := range sources {
		text := plural(rows[source], "value", "values")
		if n := inputs[source]; n > 0 {
			text += ", " + integer(n) + " of which determined parameters,"
		}
		p.paragraph(0, 2, span{"Measured", bold}, span{"  ", plainStyle}, span{text + " from " + clean(source), plainStyle})
	}
	if !p.verbose {
		return
	}
	for _, m := range r.Measured {
		notes := []note{{label: "determines", text: clean(strings.Join(m.Determines, ", "))},
			{label: "unstated", text: clean(strings.Join(m.Unstated, ", "))}, {label: "note", text: clean(m.Note)}}
		notes = slices.DeleteFunc(notes, func(n note) bool { return n.text == "" })
		if len(notes) > 0 {
			p.paragraph(tableIndent, tableIndent, span{clean(m.Metric), plainStyle})
			p.labelled(noteIndent, faint, notes)
		}
	}
}

// benchChecks says that all expectations are met, if there are any.
func (p *page) benchChecks(r *Result) {
	if n := len(r.Expect); n > 0 && failures(r.Expect) == 0 {
		p.gap()
		text := fmt.Sprintf("%d of %s met", n, plural(int64(n), "expectation", "expectations"))
		p.labelled(0, bold, []note{{label: "Checks", text: text, style: good}})
	}
}

// benchComparison puts several benches side by side.
func (p *page) benchComparison(r []Result) {
	p.heading("Comparison", plural(int64(len(r)), "bench", "benches"))
	t := table{columns: []column{
		{title: "scenario", wrapTo: 14}, {title: "rows", right: true}, {title: "measured", right: true},
		{title: "median error", right: true}, {title: "worst", right: true}, {title: "in row", wrapTo: 20, expend: 1}, {title: "verdict"},
	}}
	for i := range r {
		var measured, median, worst, row cell
		if len(r[i].Accuracy) > 0 {
			all := &r[i].Accuracy[0]
			measured.text, median.text, worst.text, row.text = integer(int64(all.Rows)), percent(all.Median), percent(all.Worst), clean(all.WorstRow)
		}
		verdict := cell{"ok", good}
		switch failed := failures(r[i].Expect); {
		case failed > 0:
			verdict = cell{"FAIL " + strconv.Itoa(failed) + "/" + strconv.Itoa(len(r[i].Expect)), bad}
		case len(r[i].Warnings) > 0:
			verdict = cell{"warned", caution}
		}
		t.add(cell{scenarioName(&r[i]), bold}, say(integer(int64(len(r[i].Bench)))), measured, median, worst, row, verdict)
	}
	p.table(&t)
}
