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
	cores := r.CPU.Cores
	if !p.verbose {
		cores = busyCores(cores)
	}
	frames := busierDirection(r.Links)
	remark := "where the time went"
	if frames > 0 {
		remark = "ns/frame: busy time over frames of the busier wire direction"
	}
	if left := len(r.CPU.Cores) - len(cores); left > 0 {
		remark += fmt.Sprintf("; %d of %d", len(cores), len(r.CPU.Cores))
	}
	p.heading("Cores", remark)
	t := table{columns: []column{
		{title: "core", wrapTo: 10}, {title: "role"}, {title: "busy"}, {right: true}, {title: "ns/frame", right: true},
		{title: "interrupts", right: true, expend: 2}, {title: "NAPI polls", right: true, expend: 1}, {title: "mostly in", spill: true, wrapTo: 40, below: "in"},
	}}
	for i := range cores {
		c := &cores[i]
		var perFrame, drawn, interrupts, polls cell
		if frames > 0 {
			perFrame = say(significant(float64(sum(c.NsByFunc))/float64(frames), 3))
		}
		bar, figure := busyCells(c.Busy)
		if p.verbose {
			drawn, interrupts, polls = bar, say(approximate(float64(c.Interrupts))), say(approximate(float64(c.Polls)))
		}
		t.add(say(clean(c.Host)+" "+strconv.Itoa(c.Core)), say(clean(c.Role)), drawn, figure, perFrame, interrupts, polls, say(p.profile(c.NsByFunc)))
	}
	p.table(&t)
}

// busyCores is the cores that a page shows unless it is verbose: not more than
// mostRows, the busiest first where that leaves any out, and none that idles, unless all do.
func busyCores(all []Core) []Core {
	const idle = 0.05
	cores := slices.DeleteFunc(slices.Clone(all), func(c Core) bool { return c.Busy < idle })
	if len(cores) == 0 {
		cores = slices.Clone(all)
	}
	if len(cores) > mostRows {
		slices.SortStableFunc(cores, func(a, b Core) int { return cmp.Compare(b.Busy, a.Busy) })
		cores = cores[:mostRows]
	}
	return cores
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
// busy time: the first two, or on a verbose page all of them.
func (p *page) profile(ns map[string]int64) string {
	const most = 2
	total := sum(ns)
	if total <= 0 {
		return ""
	}
	keys := byValue(ns)
	if !p.verbose {
		keys = keys[:min(len(keys), most)]
	}
	s := make([]string, len(keys))
	for i, k := range keys {
		s[i] = clean(k) + nbsp + percent(float64(ns[k])/float64(total))
	}
	return strings.Join(s, ", ")
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
