package reports

import (
	"slices"
	"strconv"
	"strings"
)

// readingAxes bounds the search for a short reading: it grows with the factorial of
// the number of axes.
const readingAxes = 4

// clause is a set of points with one verdict, and the settings that single it out.
type clause struct {
	settings []condition
	agree    bool
	points   []*BandPoint
}

// condition is a setting that has one of some values.
type condition struct {
	axis   *axis
	values []string
}

// describe puts the settings of a clause in words: "nic.mtu 2048 with cpu.profile
// xeon-2020". The name of the first setting is left out if it was said just before.
func (c *clause) describe(before *axis) string {
	var s []string
	for _, x := range c.settings {
		text := valueList(x.values, x.axis.values)
		if before == nil || x.axis.key != before.key {
			text = clean(x.axis.key) + nbsp + text
		}
		before = nil
		s = append(s, text)
	}
	return strings.Join(s, " with ")
}

// reading says in words which settings agree with the measurement and which do not,
// and why not.
func (p *page) reading(points []BandPoint, axes []axis, measured float64, known bool) {
	var judged []*BandPoint
	agreeing := 0
	for i := range points {
		if c := points[i].Consistent; c != nil {
			judged = append(judged, &points[i])
			agreeing += boolInt(*c)
		}
	}
	if len(judged) == 0 {
		return
	}
	var yes, no []string
	switch {
	case agreeing == len(judged):
		yes = []string{"every point"}
	case agreeing == 0:
		yes = []string{"no point" + reason(judged, measured, known)}
	case len(axes) <= readingAxes:
		var before [2]*axis
		for _, c := range clauses(judged, axes) {
			side := &yes
			text := c.describe(before[boolInt(c.agree)])
			if !c.agree {
				side = &no
				text += reason(c.points, measured, known)
			}
			*side = append(*side, text)
			if len(c.settings) > 0 {
				before[boolInt(c.agree)] = c.settings[0].axis
			}
		}
	}
	if n := len(yes) + len(no); n == 0 || n > mostRows && !p.verbose {
		yes, no = []string{strconv.Itoa(agreeing) + " of " + plural(int64(len(judged)), "point", "points")}, nil
	}
	notes := []note{{label: "consistent", text: strings.Join(yes, "; "), style: good}}
	if len(no) > 0 {
		notes = append(notes, note{label: "not", text: strings.Join(no, "; "), style: caution})
	}
	p.labelled(tableIndent, faint, notes)
}

// clauses splits points by their settings into sets with one verdict each. Of all
// orders in which to look at the axes it takes, at every step, the one that needs
// the fewest clauses, the first of equals.
func clauses(points []*BandPoint, axes []axis) []clause {
	var best []clause
	for a := range axes {
		if c := clausesBy(points, axes, a); best == nil || len(c) < len(best) {
			best = c
		}
	}
	if best != nil {
		return best
	}
	// Points that differ in their verdict only.
	yes, no := byVerdict(points)
	for _, set := range [][]*BandPoint{yes, no} {
		if len(set) > 0 {
			best = append(best, clause{agree: *set[0].Consistent, points: set})
		}
	}
	return best
}

// clausesBy splits by axis a first: its values that all agree, those that all do
// not, and then the mixed ones, each by the other axes.
func clausesBy(points []*BandPoint, axes []axis, a int) []clause {
	by := &axes[a]
	others := slices.Concat(axes[:a:a], axes[a+1:])
	var uniform [2]clause
	var values [2][]string
	var mixed []clause
	for _, v := range by.values {
		var here []*BandPoint
		for _, point := range points {
			if by.of(point) == v {
				here = append(here, point)
			}
		}
		yes, no := byVerdict(here)
		switch {
		case len(here) == 0:
		case len(no) == 0 || len(yes) == 0:
			side := boolInt(len(yes) == 0)
			values[side] = append(values[side], v)
			uniform[side].agree = len(no) == 0
			uniform[side].points = append(uniform[side].points, here...)
		default:
			for _, c := range clauses(here, others) {
				own := []condition{{by, []string{v}}}
				c.settings = append(own, c.settings...)
				mixed = append(mixed, c)
			}
		}
	}
	var all []clause
	for side := range uniform {
		if len(values[side]) > 0 {
			uniform[side].settings = []condition{{by, values[side]}}
			all = append(all, uniform[side])
		}
	}
	return append(all, mixed...)
}

func byVerdict(points []*BandPoint) (yes, no []*BandPoint) {
	for _, point := range points {
		if *point.Consistent {
			yes = append(yes, point)
		} else {
			no = append(no, point)
		}
	}
	return yes, no
}

// reason says in brackets why points do not agree: the highest ceiling if the wire
// cannot carry the measured value at any of them, else how far off they are.
func reason(points []*BandPoint, measured float64, known bool) string {
	if !known {
		return ""
	}
	ceiling, over := 0.0, true
	for _, point := range points {
		ceiling, over = max(ceiling, point.CeilingGbps), over && overCeiling(point, measured)
	}
	if over {
		return " (ceiling" + nbsp + apart(ceiling, measured) + " <" + nbsp + apart(measured, ceiling) + ")"
	}
	low, high := errorRange(points, measured)
	least, most := signedPercent(low), signedPercent(high)
	if least == most {
		return " (" + least + ")"
	}
	return " (" + strings.TrimSuffix(least, nbsp+"%") + " to" + nbsp + most + ")"
}

// apart writes v with four digits, or as many more as it takes to tell it from other.
func apart(v, other float64) string {
	digits := 4
	for digits < 12 && significant(v, digits) == significant(other, digits) {
		digits++
	}
	return trimmed(significant(v, digits))
}
