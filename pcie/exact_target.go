package pcie

import "netgpusim/sim"

// sink is what is behind a device's end of its link.
type sink struct {
	service       sim.Time // of a read, until the first data leave
	visible       sim.Time // of a write, after it has been taken
	writes, reads pacer    // limits of the device's memory
}

// arrive is a TLP's coming to where it was going.
func (x *Exact) arrive(now sim.Time, tlp int32) {
	p := &x.tlps[tlp]
	if x.opt.Trace && !p.translate {
		n := p.bytes
		if p.class == NonPosted {
			n = p.asked
		}
		x.arrivals = append(x.arrivals, Arrival{now, int(p.transaction), p.from, p.to, p.class, p.address, n})
	}
	switch {
	case p.class == Completion:
		x.completed(now, tlp)
	case p.to == AtHost:
		x.reachRoot(now, tlp)
	case p.class == Posted:
		at := x.sinks[p.to].writes.receive(now, p.data)
		x.schedule(at, evSunk, int(tlp), 0)
	default:
		x.leave(now, p.held, NonPosted, p.place)
		x.schedule(now+x.sinks[p.to].service, evServed, int(tlp), 0)
	}
}

// sunk is the end of a posted write's stay in the last buffer.
func (x *Exact) sunk(now sim.Time, tlp int32) {
	p := x.tlps[tlp]
	x.leave(now, p.held, Posted, p.place)
	x.free = append(x.free, tlp)
	x.schedule(now+x.sinks[p.to].visible, evDone, int(p.transaction), uint64(max(1, p.bytes)))
	if p.to == AtHost {
		x.committed(now, tlp, int(p.held)/2)
	}
}

// served is the time from which the data of a request can be had.
func (x *Exact) served(now sim.Time, tlp int32) {
	p := &x.tlps[tlp]
	var at sim.Time
	if p.to == AtHost {
		at = x.root.supply(now, p)
	} else {
		at = x.sinks[p.to].reads.supply(now, p.asked)
	}
	if at > now {
		x.schedule(at, evAnswer, int(tlp), 0)
		return
	}
	x.answer(now, tlp)
}

// answer sends the completions of a request, split at the boundaries of the
// completion size.
func (x *Exact) answer(now sim.Time, tlp int32) {
	p := x.tlps[tlp]
	x.free = append(x.free, tlp)
	if p.to == AtHost && !p.translate {
		x.readDone(now)
	}
	c := packet{
		class: Completion, kind: p.kind, from: p.to, to: p.from, translate: p.translate,
		relaxed: p.relaxed, byID: x.spec.IDOrdering,
		transaction: p.transaction, tag: p.tag,
	}
	ch := x.next(node(c.from), noChannel, c.to)
	address, left := p.address, p.asked
	size := int64(x.spec.CompletionSize)
	for {
		n := piece(address, left, size)
		c.address, c.bytes, c.data = address, n, dataField(address, n)
		if c.translate {
			c.bytes, c.data, n = 0, translationBytes, left
		}
		x.enqueue(now, x.newTLP(c), ch, inside)
		address += n
		if left -= n; left <= 0 {
			return
		}
	}
}
