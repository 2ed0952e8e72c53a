package pcie

import "netgpusim/sim"

// route lays the ways from the NIC to the targets and back. With a switch, host
// memory is behind its uplink and the GPU behind its other port, or behind the
// uplink there and back where ACS redirects peer traffic to the root complex.
func (t *Tree) route(s *Spec) {
	memory, gpu := &t.targets[HostMemory], &t.targets[PeerGPU]
	ownOrder := order{relaxed: s.RelaxedOrdering}
	// Doorbells are posted by the root complex; only a completer with another ID may
	// let its completions pass them by ID-based ordering.
	peerOrder := order{relaxed: s.RelaxedOrdering || s.IDOrdering}
	memory.home = hop{link: t.nic.down, queue: ownOrder}
	gpu.home = hop{link: t.nic.down, queue: peerOrder}
	atSwitch := hop{turn: s.SwitchHop, cutThrough: s.CutThrough}
	atRoot := hop{turn: s.PeerViaRoot}

	if t.uplink == nil {
		gpu.out = []hop{atRoot.to(t.gpu.down, t.gpu.credits[1])}
		gpu.out[0].peer = newLimit(s.PeerWriteLimit, t.nic.up)
		gpu.back = []hop{{link: t.gpu.up}}
		gpu.home.turn = s.PeerViaRoot
		gpu.home.peer = newLimit(s.PeerReadLimit, t.gpu.up)
	} else {
		up, down := t.uplink.up, t.uplink.down
		memory.out = []hop{atSwitch.to(up, t.uplink.credits[0])}
		memory.back = []hop{{link: down, queue: ownOrder}}
		memory.home.turn, memory.home.cutThrough = s.SwitchHop, s.CutThrough
		gpu.out = []hop{atSwitch.to(t.gpu.down, t.gpu.credits[1])}
		gpu.back = []hop{{link: t.gpu.up}}
		gpu.home.turn, gpu.home.cutThrough = s.SwitchHop, s.CutThrough
		if s.ACSRedirect {
			gpu.out = []hop{
				atSwitch.to(up, t.uplink.credits[0]),
				atRoot.to(down, t.uplink.credits[1]),
				gpu.out[0],
			}
			gpu.out[1].peer = newLimit(s.PeerWriteLimit, up)
			gpu.back = []hop{gpu.back[0], atSwitch.to(up, receiver{}), atRoot.to(down, receiver{})}
			gpu.back[2].peer = newLimit(s.PeerReadLimit, up)
			gpu.back[2].queue = peerOrder
		}
	}
	for i := range t.targets {
		t.targets[i].limitCompletions(s)
	}
}

// to is the hop with its link and the receiver at the end of that.
func (h hop) to(d *direction, r receiver) hop {
	h.link, h.credits = d, r
	return h
}

// limitCompletions adds the limits of completion credits to the links that end at a
// switch or root port. The NIC itself has room for what it asked for.
func (t *target) limitCompletions(s *Spec) {
	for i := range t.back {
		this, next := &t.back[i], &t.home
		if i+1 < len(t.back) {
			next = &t.back[i+1]
		}
		tlp := int64(s.CompletionSize) + completionHeader
		here, there := this.link.pace.Time(tlp+this.link.framing), next.link.pace.Time(tlp+next.link.framing)
		if next.cutThrough {
			here = max(0, here-there)
		}
		roundTrip := here + this.link.latency + next.turn + there + this.link.latency
		this.completions = newCompletionCredits(s.CompletionHeaderCredits, s.CompletionDataCredits, int64(s.CompletionSize), roundTrip)
	}
}

// enter takes a burst that has come whole through the link before, with TLPs of
// these bodies and headers, to where it is ready for the hop's link.
func (h *hop) enter(b *burst, before *direction, body sizes, header int64) {
	b.delay(h.turn)
	if !h.cutThrough {
		return
	}
	full, tail := h.early(before, body.full, header), h.early(before, body.tail, header)
	if b.pieces == 1 {
		full = tail
	}
	b.first -= full
	b.prev -= full
	b.last -= tail
}

// early is how long before its end a TLP can go on, cut through: when its header is
// in, but not so early that the hop's link would run out of its bytes.
func (h *hop) early(before *direction, body, header int64) sim.Time {
	in := before.pace.Time(body+before.framing+header) - before.pace.Time(before.framing+header)
	return min(in, h.link.pace.Time(body+h.link.framing+header))
}
