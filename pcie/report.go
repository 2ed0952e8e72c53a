package pcie

import "netgpusim/sim"

// LinkReport is the traffic on one link since Restart.
type LinkReport struct {
	Name     string // nic, gpu or root
	From, To string // From is the end towards the device
	Gen      int
	Lanes    int
	Up, Down DirectionReport // up: from the device towards the root
}

// DirectionReport is the traffic in one direction of a link since Restart. Bytes
// count when they are booked, Busy as it passes.
type DirectionReport struct {
	PayloadBytes int64         // data of writes and completions
	TotalBytes   int64         // with TLP headers, framing and padding to DWs
	Busy         sim.Time      // time spent transmitting TLPs
	Rate         sim.Bandwidth // what TLPs get of the link, all their bytes counted
}

// Restart sets the counters to zero: warm-up ends at now.
func (t *Tree) Restart(now sim.Time) {
	for _, l := range t.links() {
		l.up.restart(now)
		l.down.restart(now)
	}
}

// Links reports all links, the root port's first if there is a switch, then the
// NIC's and the GPU's. Busy/(now - Restart's now) is at most 1.
func (t *Tree) Links(now sim.Time) []LinkReport {
	var reports []LinkReport
	for _, l := range t.links() {
		reports = append(reports, LinkReport{
			Name: l.name, From: l.from, To: l.to, Gen: l.gen, Lanes: l.lanes,
			Up: l.up.report(now), Down: l.down.report(now),
		})
	}
	return reports
}

// Host is the name of the host the tree belongs to.
func (t *Tree) Host() string { return t.host }

func (t *Tree) links() []*link {
	if t.uplink == nil {
		return []*link{t.nic, t.gpu}
	}
	return []*link{t.uplink, t.nic, t.gpu}
}

func (d *direction) report(now sim.Time) DirectionReport {
	return DirectionReport{PayloadBytes: d.payload, TotalBytes: d.total, Busy: d.busy(now), Rate: d.rate}
}
