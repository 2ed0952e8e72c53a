package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mostRows is how many rows of a long table a page shows unless it is verbose.
const mostRows = 8

// flowGroup is the flows that take one path.
type flowGroup struct {
	path  string
	flows []Flow
}

// flows shows the connections, those of one path together.
func (p *page) flows(r *Result) {
	if len(r.PerFlow) == 0 {
		return
	}
	var groups []flowGroup
	for _, f := range r.PerFlow {
		path := flowPath(&f)
		i := slices.IndexFunc(groups, func(g flowGroup) bool { return g.path == path })
		if i < 0 {
			i = len(groups)
			groups = append(groups, flowGroup{path: path})
		}
		groups[i].flows = append(groups[i].flows, f)
	}
	if len(groups) == 1 {
		p.heading("Flows", groups[0].remark())
		p.flowTable(groups[0].flows)
		return
	}
	p.heading("Flows", plural(int64(len(r.PerFlow)), "connection", "connections")+" on "+plural(int64(len(groups)), "path", "paths"))
	for _, g := range groups {
		p.paragraph(2, 4, span{g.remark(), faint})
		p.flowTable(g.flows)
	}
}

// flowPath describes the way of a flow's payload, memory to memory.
func flowPath(f *Flow) string {
	s := fmt.Sprintf("%s: %s from %s, %s into %s memory", arrow(f.Direction), pathName(f.TxPath), memoryName(f.TxMemory), pathName(f.RxPath), memoryName(f.Memory))
	if f.MSSBytes > 0 {
		s += "; MSS" + nbsp + withUnit(integer(f.MSSBytes), "B")
	}
	return s
}

func pathName(path string) string {
	if path == "" {
		return "unnamed path"
	}
	return clean(path)
}

func memoryName(memory string) string {
	switch memory {
	case "gpu":
		return "GPU"
	case "":
		return "unnamed"
	}
	return clean(memory)
}

// remark heads a group: how many flows, which way, and how evenly they share.
func (g *flowGroup) remark() string {
	s := g.path
	if n := len(g.flows); n > 1 {
		s = fmt.Sprintf("%d × %s; fairness"+nbsp+"%s", n, g.path, decimals(jain(g.flows), 2))
	}
	return s
}

// jain is Jain's fairness index of the flows' goodput: (Σx)² / n·Σx², between 1/n
// (one flow has it all) and 1 (all have the same). Jain, Chiu and Hawe, DEC-TR-301.
func jain(flows []Flow) float64 {
	var total, squares float64
	for _, f := range flows {
		total += f.GoodputGbps
		squares += f.GoodputGbps * f.GoodputGbps
	}
	if squares == 0 {
		return 1 // nobody has anything: evenly shared
	}
	return total * total / (float64(len(flows)) * squares)
}

func (p *page) flowTable(flows []Flow) {
	t := table{columns: []column{
		{title: "flow", wrapTo: 8}, {title: "Gbit/s", right: true}, {title: "retransmits", right: true}, {title: "RTOs", right: true},
		{title: "RTT min", right: true, expend: 2}, {title: "mean", right: true}, {title: "p99", right: true},
		{title: "cwnd max", right: true, expend: 1}, {title: "sender held back by", spill: true, wrapTo: 24, below: "held back by"},
	}}
	shown, left := flows, 0
	if len(flows) > mostRows && !p.verbose {
		// Many flows that do the same: the fastest and the slowest tell most.
		shown = slices.Clone(flows)
		slices.SortStableFunc(shown, func(a, b Flow) int { return cmp.Compare(b.GoodputGbps, a.GoodputGbps) })
		left = len(shown) - 4
		shown = slices.Concat(shown[:2], shown[len(shown)-2:])
	}
	if len(flows) > 1 {
		t.add(flowCells("all "+integer(int64(len(flows))), allFlows(flows))...)
	}
	for i := range shown {
		cells := flowCells(clean(shown[i].ID), &shown[i])
		if left > 0 {
			cells[len(cells)-1] = cell{} // what holds most of them back stands beside "all"
		}
		t.add(cells...)
	}
	p.table(&t)
	if left > 0 {
		p.paragraph(2, 2, span{fmt.Sprintf("the two fastest and the two slowest; %d between them", left), faint})
	}
}

func flowCells(name string, f *Flow) []cell {
	retransmits, timeouts := say(integer(f.Retransmits)), cell{}
	if f.Retransmits > 0 {
		retransmits.style = caution
	}
	if f.Timeouts > 0 {
		timeouts = cell{integer(f.Timeouts), caution}
	}
	var rtt [3]cell
	for i, us := range [...]float64{f.RTTUs.Min, f.RTTUs.Mean, f.RTTUs.P99} {
		if us > 0 {
			rtt[i] = say(scaled(us*1e-6, timeScale, false))
		}
	}
	var cwnd cell
	if f.CwndBytesMax > 0 {
		cwnd = say(memory(f.CwndBytesMax))
	}
	return []cell{say(name), {gbps(f.GoodputGbps), bold}, retransmits, timeouts, rtt[0], rtt[1], rtt[2], cwnd, say(heldBack(f))}
}

// allFlows sums flows up: totals, extremes of what has a minimum or maximum, and
// plain means of RTT and of the shares of time.
func allFlows(flows []Flow) *Flow {
	all := flows[0]
	for _, f := range flows[1:] {
		all.GoodputGbps += f.GoodputGbps
		all.Retransmits += f.Retransmits
		all.Timeouts += f.Timeouts
		all.RTTUs.Min = min(all.RTTUs.Min, f.RTTUs.Min)
		all.RTTUs.Mean += f.RTTUs.Mean
		all.RTTUs.P99 = max(all.RTTUs.P99, f.RTTUs.P99)
		all.CwndBytesMax = max(all.CwndBytesMax, f.CwndBytesMax)
		all.LimitedByWindow += f.LimitedByWindow
		all.LimitedByCwnd += f.LimitedByCwnd
		all.LimitedByBuffer += f.LimitedByBuffer
		all.LimitedByApp += f.LimitedByApp
		all.LimitedByCompletions += f.LimitedByCompletions
	}
	n := float64(len(flows))
	all.RTTUs.Mean /= n
	all.LimitedByWindow /= n
	all.LimitedByCwnd /= n
	all.LimitedByBuffer /= n
	all.LimitedByApp /= n
	all.LimitedByCompletions /= n
	return &all
}

// heldBack lists what kept the sender waiting for at least one per cent of the
// time, the most first. TCP has nothing to send for most of the time in which an
// application waits for completions, so this time is not the application's own.
func heldBack(f *Flow) string {
	shares := []struct {
		name  string
		share float64
	}{{"rwnd", f.LimitedByWindow}, {"cwnd", f.LimitedByCwnd}, {"completions", f.LimitedByCompletions},
		{"send buffer", f.LimitedByBuffer},
		{"application", f.LimitedByApp - f.LimitedByCompletions}}
	slices.SortStableFunc(shares, func(a, b struct {
		name  string
		share float64
	}) int {
		return cmp.Compare(b.share, a.share)
	})
	var s []string
	for _, x := range shares {
		if x.share >= 0.01 {
			s = append(s, x.name+nbsp+percent(x.share))
		}
	}
	return strings.Join(s, ", ")
}
