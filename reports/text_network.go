package reports

import (
	"fmt"
	"strings"
)

// limitRows is how many resources a page shows unless it is verbose: the one that
// binds and those that would next.
const limitRows = 4

// limits shows how close every resource with a rate is to binding, the tightest
// first, and what would help against the one that binds.
func (p *page) limits(r *Result) {
	// The ladder has no place for what has no rate: its reason goes before it.
	var reason string
	if l := &r.Limit; l.Resource != "" && r.Stall == nil && !hasRate(r, l.Resource) {
		reason = sentences(clean(l.Why), clean(l.Advice))
	}
	if len(r.Ladder) == 0 && reason == "" {
		return
	}
	ladder := r.Ladder
	remark := "goodput in Gbit/s at which each binds, by proportion"
	if len(ladder) > limitRows && !p.verbose {
		remark += fmt.Sprintf("; %d of %d", limitRows, len(ladder))
		ladder = ladder[:limitRows]
	}
	p.heading("Limits", remark)
	if reason != "" {
		p.paragraph(2, 4, span{reason, plainStyle})
	}
	t := table{columns: []column{
		{title: "resource", wrapTo: 16}, {title: "busy"}, {right: true},
		{title: "binds at", right: true}, {title: "headroom", right: true}, {title: "why, and what would help", spill: true, wrapTo: 50},
	}}
	for i := range ladder {
		l := &ladder[i]
		drawn, figure := busyCells(l.Utilisation)
		advice := cell{}
		if l.Resource == r.Limit.Resource || p.verbose { // advice about what does not bind is for those who ask
			advice.text = sentences(clean(l.Why), clean(l.Advice))
		}
		t.add(say(arrow(l.Resource)), drawn, figure, say(gbpsColumn(l.CapacityGbps)), say(gbpsColumn(l.HeadroomGbps)), advice)
	}
	p.table(&t)
}

// sentences joins a reason and an advice.
func sentences(why, advice string) string {
	if why == "" || advice == "" {
		return why + advice
	}
	return strings.TrimRight(why, ".;") + "; " + advice
}

// wireSummary puts both directions of the network link in a line.
func wireSummary(r *Result) string {
	var s []string
	for i, l := range r.Links {
		text := arrow(l.From + "->" + l.To)
		if i == 0 || l.RateGbps != r.Links[i-1].RateGbps {
			text += " " + withUnit(trimmed(gbps(l.RateGbps)), "Gbit/s") + ","
		}
		text += " " + percent(l.Utilisation) + nbsp + "busy, " + approximate(float64(l.Frames)) + nbsp + "frames"
		if l.Frames > 0 {
			text += " of" + nbsp + withUnit(integer(l.Bytes/l.Frames), "B")
		}
		s = append(s, text)
	}
	return strings.Join(s, "; ")
}

// wire shows both directions of the network link on a verbose page.
func (p *page) wire(r *Result) {
	if len(r.Links) == 0 || !p.verbose {
		return
	}
	p.heading("Network link", "bytes with preamble and gap")
	t := table{columns: []column{
		{title: "direction", wrapTo: 12}, {title: "rate", right: true}, {title: "frames", right: true}, {title: "mean size", right: true, expend: 1},
		{title: "carried", right: true, expend: 2}, {title: "busy"}, {right: true},
	}}
	for _, l := range r.Links {
		var size cell
		if l.Frames > 0 {
			size = say(withUnit(integer(l.Bytes/l.Frames), "B"))
		}
		drawn, figure := busyCells(l.Utilisation)
		t.add(say(arrow(l.From+"->"+l.To)), say(withUnit(trimmed(gbps(l.RateGbps)), "Gbit/s")), say(approximate(float64(l.Frames))), size, say(traffic(l.Bytes)), drawn, figure)
	}
	p.table(&t)
}
