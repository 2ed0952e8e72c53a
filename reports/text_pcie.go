package reports

import (
	"fmt"
	"slices"
	"strings"
)

// idleShare is the share of the GPU's traffic below which a host's PCIe path counts
// as mostly idle. The RFC gives no figure for its "mostly idle"; headers, CQEs and
// WQEs are 2 to 5 % of the payload at MTU 9000 and 1500.
const idleShare = 0.1

// pcie shows the traffic on the PCIe links and what it says about the host's path:
// a line per link that carried any, or on a verbose page both directions of all.
func (p *page) pcie(r *Result) {
	if len(r.PCIe.Links) == 0 {
		return
	}
	if p.verbose {
		p.pcieDirections(r)
	} else {
		p.pcieLinks(r)
	}
	for i := range r.PCIe.HostPath {
		p.paragraph(2, 4, span{hostPath(r, &r.PCIe.HostPath[i]), plainStyle})
	}
}

// hostPath puts into words what the RFC observed: with payload in GPU memory, the
// host's PCIe path is mostly idle (cover letter of version 2).
func hostPath(r *Result, h *HostPath) string {
	way := "of the GPU"
	if l, there := findLink(r, h.Host, "gpu"); there {
		switch {
		case l.Up.PayloadBytes == 0:
			way = "into the GPU"
		case l.Down.PayloadBytes == 0:
			way = "out of the GPU"
		default:
			way = "into and out of the GPU"
		}
	}
	gpu := withUnit(gbps(h.GPUGbps), "Gbit/s") + " " + way
	s := clean(h.Host) + ", host PCIe path: "
	if _, switched := findLink(r, h.Host, "root"); !switched && h.GPUGbps > 0 {
		return s + "without a switch, NIC and GPU each have a root port: the " + gpu + " cross the root complex"
	}
	s += withUnit(gbpsColumn(h.RootGbps), "Gbit/s") + " of payload on the root port, both ways, " + percent(h.Share) + " of "
	if h.GPUGbps > 0 {
		s += "the " + gpu
	} else {
		s += "what the NIC moves"
	}
	if h.Share < idleShare {
		return s + ": mostly idle"
	}
	return s + ": not idle"
}

// pcieLinks shows the links that carried anything, those of a host that show the
// same on one line.
func (p *page) pcieLinks(r *Result) {
	t := table{columns: []column{
		{title: "link", wrapTo: 10}, {title: "type", expend: 1},
		{title: "up", right: true}, {title: "busy", right: true}, {title: "down", right: true}, {title: "busy", right: true},
	}}
	seconds := measuredSeconds(r)
	idle := 0
	for i := range r.PCIe.Links {
		l := &r.PCIe.Links[i]
		if l.Up.TotalBytes == 0 && l.Down.TotalBytes == 0 {
			idle++
			continue
		}
		up, upBusy := pcieRate(l.Up, seconds)
		down, downBusy := pcieRate(l.Down, seconds)
		cells := []cell{say(linkName(l)), say(linkType(l)), up, upBusy, down, downBusy}
		if last := len(t.rows) - 1; last >= 0 && l.Host == r.PCIe.Links[i-1].Host && slices.Equal(t.rows[last].cells[1:], cells[1:]) {
			t.rows[last].cells[0].text += ", " + clean(l.Name)
			continue
		}
		t.add(cells...)
	}
	remark := "payload in Gbit/s, up is towards the root"
	if idle > 0 {
		remark += fmt.Sprintf("; %d of %s idle", idle, plural(int64(len(r.PCIe.Links)), "link", "links"))
	}
	p.heading("PCIe", remark)
	p.table(&t)
}

func linkName(l *PCIeLink) string { return clean(strings.TrimSpace(l.Host + " " + l.Name)) }

// pcieRate is the payload rate and utilisation of a direction; both are blank if it
// carried nothing.
func pcieRate(d PCIeDirection, seconds float64) (rate, busy cell) {
	if d.TotalBytes == 0 {
		return cell{}, cell{}
	}
	if seconds > 0 {
		rate = say(gbpsColumn(float64(d.PayloadBytes) * 8 / seconds / 1e9))
	}
	return rate, cell{percent(d.Utilisation), busyStyle(d.Utilisation)}
}

func linkType(l *PCIeLink) string { return fmt.Sprintf("Gen%d"+nbsp+"x%d", l.Gen, l.Lanes) }

// pcieDirections shows both directions of every link.
func (p *page) pcieDirections(r *Result) {
	p.heading("PCIe", "payload, and its share of all bytes on the link")
	t := table{columns: []column{
		{title: "link", wrapTo: 10}, {title: "type", expend: 1}, {title: "direction", wrapTo: 12},
		{title: "payload", right: true, expend: 2}, {title: "Gbit/s", right: true}, {title: "share", right: true}, {title: "busy"}, {right: true},
	}}
	seconds := measuredSeconds(r)
	for i := range r.PCIe.Links {
		l := &r.PCIe.Links[i]
		name := say(linkName(l))
		t.add(pcieCells(name, say(linkType(l)), l.From+"->"+l.To, l.Up, seconds)...)
		t.add(pcieCells(cell{}, cell{}, l.To+"->"+l.From, l.Down, seconds)...)
	}
	p.table(&t)
}

func pcieCells(name, kind cell, direction string, d PCIeDirection, seconds float64) []cell {
	var rate, share cell
	if seconds > 0 {
		rate = say(gbpsColumn(float64(d.PayloadBytes) * 8 / seconds / 1e9))
	}
	if d.TotalBytes > 0 {
		share = say(percent(float64(d.PayloadBytes) / float64(d.TotalBytes)))
	}
	drawn, figure := busyCells(d.Utilisation)
	return []cell{name, kind, say(arrow(direction)), say(traffic(d.PayloadBytes)), rate, share, drawn, figure}
}
