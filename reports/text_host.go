package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cores shows what the cores did: how busy, at what cost per frame, and where the
// time went.
func (p *page) cores(r *Result) {
	if len(r.CPU.Cores) == 0 {
		return
	}
	cores, left := r.CPU.Cores, 0
	if len(cores) > mostRows && !p.verbose {
		left = len(cores) - mostRows
		cores = slices.Clone(cores)
		slices.SortStableFunc(cores, func(a, b Core) int { return cmp.Compare(b.Busy, a.Busy) })
		cores = cores[:mostRows]
	}
	frames := busierDirection(r.Links)
	remark := "where the time went"
	if frames > 0 {
		remark = "ns/frame: busy time over the frames of the busier wire direction"
	}
	p.heading("Cores", remark)
	t := table{columns: []column{
		{title: "core", wrapTo: 10}, {title: "role"}, {title: "busy"}, {right: true}, {title: "ns/frame", right: true},
		{title: "interrupts", right: true, expend: 2}, {title: "NAPI polls", right: true, expend: 1}, {title: "time spent in", spill: true, wrapTo: 50, below: "in"},
	}}
	for i := range cores {
		c := &cores[i]
		var perFrame cell
		if frames > 0 {
			perFrame = say(significant(float64(sum(c.NsByFunc))/float64(frames), 3))
		}
		drawn, figure := busyCells(c.Busy)
		t.add(say(clean(c.Host)+" "+strconv.Itoa(c.Core)), say(clean(c.Role)), drawn, figure, perFrame,
			say(approximate(float64(c.Interrupts))), say(approximate(float64(c.Polls))), say(p.profile(c.NsByFunc)))
	}
	p.table(&t)
	if left > 0 {
		p.paragraph(2, 2, span{fmt.Sprintf("%d less busy cores not shown", left), faint})
	}
}

// busierDirection is the number of frames of the wire direction that had most.
func busierDirection(links []WireLink) int64 {
	var most int64
	for _, l := range links {
		most = max(most, l.Frames)
	}
	return most
}

// profile lists the functions that took most of a core's time, as shares of its
// busy time.
func (p *page) profile(ns map[string]int64) string {
	const most = 5
	total := sum(ns)
	if total <= 0 {
		return ""
	}
	keys := byValue(ns)
	var rest int64
	var s []string
	for i, k := range keys {
		if i >= most && !p.verbose && len(keys) > most+1 {
			rest += ns[k]
			continue
		}
		s = append(s, clean(k)+nbsp+percent(float64(ns[k])/float64(total)))
	}
	if rest > 0 {
		s = append(s, fmt.Sprintf("%d"+nbsp+"others"+nbsp+"%s", len(keys)-most, percent(float64(rest)/float64(total))))
	}
	return strings.Join(s, ", ")
}

// rings shows the occupancy of the queues.
func (p *page) rings(r *Result) {
	rings, left := r.Rings, 0
	if len(rings) > mostRows && !p.verbose {
		rings = slices.DeleteFunc(slices.Clone(rings), func(x Ring) bool { return x.EmptyS == 0 && x.FullS == 0 })
		left = len(r.Rings) - len(rings)
	}
	if len(r.Rings) == 0 {
		return
	}
	p.heading("Rings", "entries in use, and share of the time spent empty and full")
	t := table{columns: []column{
		{title: "ring", wrapTo: 12}, {title: "entries", right: true}, {title: "min", right: true}, {title: "mean", right: true}, {title: "max", right: true},
		{title: "mean use", expend: 1}, {title: "empty", right: true}, {title: "full", right: true},
	}}
	for i := range rings {
		x := &rings[i]
		var use cell
		if x.Entries > 0 {
			use = say(bar(x.Occupancy.Mean/float64(x.Entries), barWidth))
		}
		t.add(say(clean(strings.TrimSpace(x.Host+" "+x.Name))), say(integer(int64(x.Entries))),
			say(decimals(x.Occupancy.Min, 0)), say(occupancy(x.Occupancy.Mean)), say(decimals(x.Occupancy.Max, 0)),
			use, spent(x.EmptyS, r), spent(x.FullS, r))
	}
	p.table(&t)
	if left > 0 {
		p.paragraph(2, 2, span{plural(int64(left), "ring was", "rings were") + " never empty or full", faint})
	}
}

// occupancy writes a mean: with a decimal only where it says something.
func occupancy(mean float64) string {
	if mean >= 100 {
		return decimals(mean, 0)
	}
	return decimals(mean, 1)
}

// spent writes a part of the measured time.
func spent(seconds float64, r *Result) cell {
	whole := measuredSeconds(r)
	if seconds == 0 || whole == 0 {
		return say(duration(seconds))
	}
	return say(percent(seconds / whole))
}

// drops lists the frames that did not arrive, by cause, the most frequent first.
func (p *page) drops(r *Result) {
	if sum(r.Drops) == 0 {
		return
	}
	p.heading("Drops", plural(sum(r.Drops), "frame", "frames")+"; share of the frames on the wire, both directions")
	var frames int64
	for _, l := range r.Links {
		frames += l.Frames
	}
	t := table{columns: []column{{title: "cause"}, {title: "frames", right: true}, {title: "share", right: true}, {title: "meaning", wrapTo: 24}}}
	for _, cause := range byValue(r.Drops) {
		n := r.Drops[cause]
		if n == 0 {
			continue
		}
		var share cell
		if frames > 0 {
			share = say(percent(float64(n) / float64(frames)))
		}
		t.add(cell{clean(cause), caution}, say(integer(n)), share, say(dropCauses.meaning(cause)))
	}
	p.table(&t)
}

// counters lists the NIC counters, one column per host, on a verbose page.
func (p *page) counters(r *Result) {
	if !p.verbose || len(r.NICs) == 0 {
		return
	}
	names := map[string]struct{}{}
	t := table{columns: []column{{title: "counter"}}}
	for _, n := range r.NICs {
		t.columns = append(t.columns, column{title: clean(n.Host), right: true})
		for k := range n.Counters {
			names[k] = struct{}{}
		}
	}
	if len(names) == 0 {
		return
	}
	p.heading("NIC counters", "")
	for _, name := range sortedKeys(names) {
		cells := []cell{say(clean(name))}
		for _, n := range r.NICs {
			var c cell
			if v, there := n.Counters[name]; there {
				c = say(integer(v))
			}
			cells = append(cells, c)
		}
		t.add(cells...)
	}
	p.table(&t)
}

// pages says where the registered pages are at the end.
func (p *page) pages(r *Result) {
	g := &r.Pages
	if g.Total == 0 && g.Lost == 0 && g.Duplicated == 0 {
		return
	}
	p.heading("Pages", plural(g.Total, "registered page", "registered pages")+", where they are at the end")
	var s []string
	for _, place := range byValue(g.InPlace) {
		if n := g.InPlace[place]; n != 0 {
			text := clean(place) + nbsp + integer(n)
			if g.Total > 0 {
				text += nbsp + "(" + percent(float64(n)/float64(g.Total)) + ")"
			}
			s = append(s, text)
		}
	}
	if len(s) > 0 {
		p.paragraph(2, 4, span{strings.Join(s, ", "), plainStyle})
	}
	if g.Lost != 0 || g.Duplicated != 0 {
		p.paragraph(2, 4, span{integer(g.Lost) + nbsp + "lost, " + integer(g.Duplicated) + nbsp + "duplicated", bad})
	}
}
