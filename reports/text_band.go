package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// bandRows is how many lines of a band a page shows unless it is verbose.
const bandRows = 16

// axis is a setting that the points of a band have in common, with its values in
// the order in which the points bring them up.
type axis struct {
	key    string
	values []string
}

// asGiven is the value of an axis for a point that does not set it.
const asGiven = "as given"

func (a *axis) of(point *BandPoint) string {
	if v, set := point.Set[a.key]; set {
		return clean(v)
	}
	return asGiven
}

// axesOf splits the settings of points into those with several values and those
// with one. The order is that of the loops which made the points: the setting that
// changes least often comes first.
func axesOf(points []BandPoint) (axes, constant []axis) {
	keys := map[string]struct{}{}
	for i := range points {
		for k := range points[i].Set {
			keys[k] = struct{}{}
		}
	}
	changes := map[string]int{}
	for _, k := range sortedKeys(keys) {
		a := axis{key: k}
		last := ""
		for i := range points {
			v := a.of(&points[i])
			if !slices.Contains(a.values, v) {
				a.values = append(a.values, v)
			}
			if i > 0 && v != last {
				changes[k]++
			}
			last = v
		}
		if len(a.values) > 1 {
			axes = append(axes, a)
		} else {
			constant = append(constant, a)
		}
	}
	slices.SortStableFunc(axes, func(a, b axis) int { return cmp.Compare(changes[a.key], changes[b.key]) })
	return axes, constant
}

// commonScope is the part before a dot that all keys share ("receiver."), or "".
func commonScope(axes []axis) string {
	if len(axes) < 2 {
		return ""
	}
	scope, _, dotted := strings.Cut(axes[0].key, ".")
	for i := range axes {
		if !dotted || !strings.HasPrefix(axes[i].key, scope+".") {
			return ""
		}
	}
	return scope + "."
}

// bandLine is one line of the table: a point, or on a page that is not verbose all
// points that differ in nothing that the line shows but one or more settings.
type bandLine struct {
	values  [][]string // per axis
	points  []*BandPoint
	goodput string
	limit   string
	verdict string // of the points, without their error
	notes   string
}

// band shows the prediction over the plausible values of what the source leaves
// open, which of them agree with the measurement, and what that says about each
// setting.
func (p *page) band(r *Result) {
	b := r.Band
	if b == nil {
		return
	}
	measured, known := measuredValue(r, b.Metric)
	known = known && b.Metric == "goodput_gbps" // of other metrics a point does not have the value
	axes, constant := axesOf(b.Points)
	lines := bandLines(b.Points, axes, measured, known)
	if !p.verbose {
		lines = folded(lines, axes)
	}
	limit := ""
	if len(lines) > 1 && !slices.ContainsFunc(lines, func(l bandLine) bool { return l.limit != lines[0].limit }) {
		limit = lines[0].limit
	}
	p.heading("Band", bandRemark(r, axes, constant, limit))
	left := 0
	if len(lines) > bandRows && !p.verbose {
		left = len(lines) - bandRows
		lines = lines[:bandRows]
	}
	notes := footnotes(lines, p.verbose)
	p.bandTable(lines, axes, limit == "", measured, known)
	if left > 0 {
		p.paragraph(2, 2, span{plural(int64(left), "more line", "more lines") + " not shown", faint})
	}
	p.footnotes(notes)
	p.reading(b.Points, axes, measured, known)
}

// bandRemark heads a band: its ends, and what its points have in common.
func bandRemark(r *Result, axes, constant []axis, limit string) string {
	b := r.Band
	s := []string{clean(b.Metric) + nbsp + significant(b.Low, 3) + " to" + nbsp + significant(b.High, 3) + " over " + plural(int64(len(b.Points)), "point", "points")}
	if measured, known := measuredValue(r, b.Metric); known {
		s = append(s, "measured"+nbsp+significant(measured, 3))
	}
	for i := range constant {
		s = append(s, clean(constant[i].key)+nbsp+constant[i].values[0])
	}
	if scope := commonScope(axes); scope != "" {
		s = append(s, "settings of "+clean(strings.TrimSuffix(scope, ".")))
	}
	if limit != "" {
		s = append(s, "limit"+nbsp+unbroken(arrow(limit)))
	}
	return strings.Join(s, "; ")
}

func bandLines(points []BandPoint, axes []axis, measured float64, known bool) []bandLine {
	lines := make([]bandLine, len(points))
	for i := range points {
		point := &points[i]
		l := bandLine{points: []*BandPoint{point}, goodput: gbps(point.GoodputGbps), limit: point.Limit, verdict: verdictOf(point, measured, known)}
		for a := range axes {
			l.values = append(l.values, []string{axes[a].of(point)})
		}
		lines[i] = l
	}
	return lines
}

// verdictOf says in a word or two whether a point agrees with what was measured.
func verdictOf(point *BandPoint, measured float64, known bool) string {
	switch {
	case point.Consistent == nil:
		return ""
	case *point.Consistent:
		return "yes"
	case known && overCeiling(point, measured):
		return "over ceiling"
	}
	return "no"
}

// overCeiling: the wire cannot carry at this point what was measured.
func overCeiling(point *BandPoint, measured float64) bool {
	return point.CeilingGbps > 0 && measured > point.CeilingGbps
}

// folded joins lines that show the same and differ in one setting, setting by
// setting from the one that changes most often.
func folded(lines []bandLine, axes []axis) []bandLine {
	for a := len(axes) - 1; a >= 0; a-- {
		var out []bandLine
		for _, l := range lines {
			i := slices.IndexFunc(out, func(o bandLine) bool { return sameBut(&o, &l, a) })
			if i < 0 {
				out = append(out, l)
				continue
			}
			for _, v := range l.values[a] {
				if !slices.Contains(out[i].values[a], v) { // a point may be given twice
					out[i].values[a] = append(out[i].values[a], v)
				}
			}
			out[i].points = append(out[i].points, l.points...)
		}
		lines = out
	}
	return lines
}

func sameBut(x, y *bandLine, axis int) bool {
	if x.goodput != y.goodput || x.limit != y.limit || x.verdict != y.verdict || gbps(x.points[0].CeilingGbps) != gbps(y.points[0].CeilingGbps) {
		return false
	}
	for a := range x.values {
		if a != axis && !slices.Equal(x.values[a], y.values[a]) {
			return false
		}
	}
	return true
}

// footnotes gives every distinct note a letter, or a number from the 27th on, and
// marks its lines. Unless all are wanted, a point that has a verdict goes without:
// the line shows what it rests on.
func footnotes(lines []bandLine, all bool) []note {
	var notes []note
	for i := range lines {
		var marks []string
		for _, point := range lines[i].points {
			text := clean(point.Note)
			if text == "" || point.Consistent != nil && !all {
				continue
			}
			n := slices.IndexFunc(notes, func(x note) bool { return x.text == text })
			if n < 0 {
				n = len(notes)
				label := strconv.Itoa(n + 1)
				if n < 26 {
					label = string(rune('a' + n))
				}
				notes = append(notes, note{label: label, text: text})
			}
			if !slices.Contains(marks, notes[n].label) {
				marks = append(marks, notes[n].label)
			}
		}
		lines[i].notes = strings.Join(marks, ",")
	}
	return notes
}

func (p *page) footnotes(notes []note) {
	left := 0
	if len(notes) > mostRows && !p.verbose {
		left = len(notes) - mostRows
		notes = notes[:mostRows]
	}
	p.labelled(noteIndent, faint, notes)
	if left > 0 {
		p.paragraph(noteIndent, noteIndent, span{plural(int64(left), "note", "notes") + " not shown", faint})
	}
}

func (p *page) bandTable(lines []bandLine, axes []axis, limits bool, measured float64, known bool) {
	scope := commonScope(axes)
	var t table
	for i := range axes {
		t.columns = append(t.columns, column{title: clean(strings.TrimPrefix(axes[i].key, scope)), wrapTo: 12})
	}
	t.columns = append(t.columns,
		column{title: "Gbit/s", right: true}, column{title: "ceiling", right: true, expend: 1},
		column{title: "limit", wrapTo: 16}, column{title: "agrees"}, column{wrapTo: 4})
	for i := range lines {
		l := &lines[i]
		var cells []cell
		for a := range axes {
			cells = append(cells, say(valueList(l.values[a], axes[a].values)))
		}
		var ceiling, limit cell
		if c := l.points[0].CeilingGbps; c > 0 {
			ceiling = say(gbps(c))
		}
		if limits {
			limit = say(arrow(l.limit))
		}
		cells = append(cells, cell{l.goodput, bold}, ceiling, limit, agreement(l, measured, known), cell{l.notes, faint})
		t.add(cells...)
	}
	p.table(&t)
}

// agreement is the verdict and, where it says how far off, the error: of the point
// of a line that is furthest from the measurement.
func agreement(l *bandLine, measured float64, known bool) cell {
	c := cell{l.verdict, caution}
	if l.verdict == "yes" {
		c.style = good
	}
	if known && (l.verdict == "yes" || l.verdict == "no") {
		low, high := errorRange(l.points, measured)
		if -low > high {
			high = low
		}
		c.text += " " + strings.ReplaceAll(signedPercent(high), nbsp, " ")
	}
	return c
}

// errorRange is the least and the largest error of points.
func errorRange(points []*BandPoint, measured float64) (low, high float64) {
	for i, point := range points {
		e := SymmetricError(point.GoodputGbps, measured)
		if i == 0 || e < low {
			low = e
		}
		if i == 0 || e > high {
			high = e
		}
	}
	return low, high
}

// valueList writes some of an axis' values: "any" for all of them, "2048 to 9000"
// for three or more numbers that follow each other, else one by one, with what a
// value shares with the one before it shortened to an ellipsis.
func valueList(values, all []string) string {
	if len(values) > 1 && len(values) == len(all) {
		return "any"
	}
	if len(values) > 2 && consecutive(values, all) {
		return values[0] + " to" + nbsp + values[len(values)-1]
	}
	s := values[0]
	for i, v := range values[1:] {
		s += ", " + abbreviated(v, values[i])
	}
	return s
}

// consecutive reports whether values follow each other in all and are rising
// numbers of one unit.
func consecutive(values, all []string) bool {
	start := slices.Index(all, values[0])
	if start < 0 || start+len(values) > len(all) || !slices.Equal(values, all[start:start+len(values)]) {
		return false
	}
	for i := range values[1:] {
		a, unitA, okA := quantity(values[i])
		b, unitB, okB := quantity(values[i+1])
		if !okA || !okB || unitA != unitB || a >= b {
			return false
		}
	}
	return true
}

// quantity splits "12.5Gbps" into its number and its unit.
func quantity(s string) (number float64, unit string, ok bool) {
	end := strings.LastIndexAny(s, "0123456789") + 1
	number, err := strconv.ParseFloat(s[:end], 64)
	return number, s[end:], err == nil
}

// abbreviated shortens v if it starts as before does, up to a hyphen, and that
// saves anything: "xeon-2020-fast" after "xeon-2020" is "…-fast".
func abbreviated(v, before string) string {
	shared := 0
	for i := range v {
		if v[i] == '-' && (before == v[:i] || strings.HasPrefix(before, v[:i+1])) {
			shared = i
		}
	}
	const saving = 3
	if shared < saving || strings.HasPrefix(before, v) { // all of v is shared
		return v
	}
	return "…" + v[shared:]
}
