package pcie

import "netgpusim/sim"

// node is where links meet or end.
type node uint8

const (
	atRoot   node = node(AtHost) // host memory and cores are inside
	atGPU         = node(AtGPU)
	atNIC         = node(AtNIC)
	atSwitch      = node(devices)
)

// holds says whether the node is where a TLP to a device ends.
func (n node) holds(d Device) bool { return n == node(d) }

// Numbers of channels: link times two, and one for the direction down.
const (
	nicUp = iota
	nicDown
	gpuUp
	gpuDown
	rootUp
	rootDown
)

// A node's ports are numbered by the link that is there; inside stands for what the
// node sends itself.
const (
	inside = 3
	ports  = 4
)

// lay makes the channels of the same tree that t is.
func (x *Exact) lay(t *Tree) {
	meet := atRoot
	if t.uplink != nil {
		meet = atSwitch
	}
	add := func(l *link, device, upper node) {
		x.channels = append(x.channels,
			x.newChannel(l, l.up, device, upper), x.newChannel(l, l.down, upper, device))
	}
	add(t.nic, atNIC, meet)
	add(t.gpu, atGPU, meet)
	if t.uplink != nil {
		add(t.uplink, atSwitch, atRoot)
	}
	// Peer traffic leaves the root complex downwards.
	for i := range x.channels {
		if c := &x.channels[i]; c.from == atRoot {
			c.peerWrites.pace = x.spec.PeerWriteLimit.Pace()
			c.peerReads.pace = x.spec.PeerReadLimit.Pace()
		}
	}
}

func (x *Exact) newChannel(l *link, d *direction, from, to node) channel {
	s := &x.spec
	c := channel{pace: d.pace, framing: d.framing, latency: d.latency, from: from, to: to}
	limit := func(headers, units int) pool {
		p := pool{infinite, infinite}
		if headers > 0 {
			p.headers = int64(headers)
		}
		if units > 0 {
			p.units = int64(units)
		}
		return p
	}
	c.limit[Posted] = limit(s.PostedHeaderCredits, s.PostedDataCredits)
	c.limit[NonPosted] = limit(s.NonPostedHeaderCredits, s.NonPostedDataCredits)
	c.limit[Completion] = limit(s.CompletionHeaderCredits, s.CompletionDataCredits)
	if to == atNIC || to == atGPU {
		// An endpoint has room for what it asked for (PCIe base specification 2.6.1).
		c.limit[Completion] = pool{infinite, infinite}
	}
	c.room = c.limit
	if x.opt.ExplicitDLLPs {
		c.pace = explicitRate(l.gen, l.lanes).Pace()
		c.symbol = symbolTime(l.gen)
	}
	return c
}

// next is the channel that a TLP to a device takes from a node, where it came
// through a channel. With ACS redirection a switch sends peer traffic up.
func (x *Exact) next(at node, through int, to Device) int {
	switch at {
	case atNIC:
		return nicUp
	case atGPU:
		return gpuUp
	case atRoot:
		if len(x.channels) > rootDown {
			return rootDown
		}
	case atSwitch:
		if to == AtHost || x.spec.ACSRedirect && through != rootDown {
			return rootUp
		}
	}
	if to == AtGPU {
		return gpuDown
	}
	return nicDown
}

// Restart implements Port.
func (x *Exact) Restart(now sim.Time) {
	for i := range x.channels {
		c := &x.channels[i]
		c.payload, c.total, c.used = 0, 0, max(0, c.until-now)
	}
}

// Links implements Port.
func (x *Exact) Links(now sim.Time) []LinkReport {
	report := func(c *channel) DirectionReport {
		return DirectionReport{PayloadBytes: c.payload, TotalBytes: c.total, Busy: c.used - max(0, c.until-now), Rate: paceRate(c.pace)}
	}
	meet := "root"
	links := []LinkReport{}
	if len(x.channels) > rootDown {
		meet = "switch"
		links = append(links, LinkReport{Name: "root", From: "switch", To: "root", Gen: x.spec.UplinkGen, Lanes: x.spec.UplinkLanes,
			Up: report(&x.channels[rootUp]), Down: report(&x.channels[rootDown])})
	}
	return append(links,
		LinkReport{Name: "nic", From: "nic", To: meet, Gen: x.spec.NICGen, Lanes: x.spec.NICLanes,
			Up: report(&x.channels[nicUp]), Down: report(&x.channels[nicDown])},
		LinkReport{Name: "gpu", From: "gpu", To: meet, Gen: x.spec.GPUGen, Lanes: x.spec.GPULanes,
			Up: report(&x.channels[gpuUp]), Down: report(&x.channels[gpuDown])})
}

// paceRate is the bandwidth of a pace.
func paceRate(p sim.Pace) sim.Bandwidth {
	const bytes = 1 << 20
	return sim.Bandwidth(8 * bytes / p.Time(bytes).Seconds())
}
