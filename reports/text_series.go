package reports

import "slices"

// uneven is the share of the largest value below which a point counts as a dip:
// a quantity that never dips is not worth a picture.
const uneven = 0.8

// series draws how goodput and congestion window went over the run, where they did
// not simply stay up; on a verbose page always.
func (p *page) series(r *Result) {
	headed := false
	for _, s := range r.Series {
		if len(s.Mean) < 2 || len(s.Mean) != len(s.TimeS) || len(s.Mean) != len(s.Max) || !p.verbose && !dips(s.Mean) {
			continue
		}
		if !headed {
			p.heading("Over time", "0 to "+duration(s.TimeS[len(s.TimeS)-1])+", warm-up included")
			headed = true
		}
		const nameWidth, maxWidth = 14, 14
		width := max(min(p.limit(), 100)-2-nameWidth-maxWidth, 10)
		name := []rune(clean(s.Name))
		name = append(name, slices.Repeat([]rune{' '}, nameWidth)...)[:nameWidth]
		top := slices.Max(s.Max)
		p.line(span{"  " + string(name), plainStyle}, span{sparkline(s.Mean, top, width), plainStyle}, span{"  max " + significant(top, 3), faint})
	}
}

// dips says whether a quantity fell after it had come up.
func dips(values []float64) bool {
	top := slices.Max(values)
	up := slices.IndexFunc(values, func(v float64) bool { return v >= uneven*top })
	return up >= 0 && top > 0 && slices.Min(values[up:]) < uneven*top
}

// levels are the heights of a sparkline; nothing at all is a blank.
var levels = []rune(" ▁▂▃▄▅▆▇█")

// sparkline draws values in width columns, each the mean of its share of them, top
// being the full height.
func sparkline(values []float64, top float64, width int) string {
	width = min(width, len(values))
	line := make([]rune, width)
	for i := range line {
		part := values[i*len(values)/width : (i+1)*len(values)/width]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		height := 0
		// Hostile values (infinite, not a number, above top) draw at full height.
		if share := sum / float64(len(part)) / top; share < 1 && share > 0 {
			height = 1 + int(share*float64(len(levels)-1))
		} else if share != 0 && sum != 0 {
			height = len(levels) - 1
		}
		height = min(height, len(levels)-1)
		line[i] = levels[height]
	}
	return string(line)
}
