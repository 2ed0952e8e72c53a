package pcie

import "netgpusim/sim"

// channel is one direction of a link: the queues before it, the wire, and the
// credits of the receiver at its end.
type channel struct {
	pace    sim.Pace
	framing int64
	latency sim.Time
	symbol  sim.Time // of one lane: a byte's time
	from    node
	to      node

	sources [ports][classes]queue // by the port of the node before that TLPs came through
	busy    bool
	room    [classes]pool // credits that the sender has left
	limit   [classes]pool // credits when nothing is under way
	buffer  [classes]fifo // of the receiver

	peerWrites, peerReads pacer // what the root complex does to peers on their way to it

	dllps   []dllp // waiting to be sent, explicit mode
	pending [classes]pool
	due     [classes + 1]bool // a timer runs for the class, or for an ACK
	payload int64             // data bytes sent since Restart
	total   int64             // with TLP headers, framing and DLLPs
	used    sim.Time          // busy time since Restart, all of what is on the wire included
	until   sim.Time          // end of that
}

// pool is header and data credits of a class.
type pool struct{ headers, units int64 }

// fifo is a receiver's buffer of a class: a ring, whose space is given back in the
// order in which it was taken.
type fifo struct {
	tlps  []held // a power of two
	head  uint32
	count uint32
}

// held is the place of a TLP in a buffer.
type held struct {
	units int64
	left  bool
}

// put takes a place, and returns its number.
func (f *fifo) put(units int64) uint32 {
	if int(f.count) == len(f.tlps) {
		tlps := make([]held, max(8, 2*len(f.tlps)))
		for i := range f.count {
			tlps[(f.head+i)&uint32(len(tlps)-1)] = f.tlps[(f.head+i)&uint32(len(f.tlps)-1)]
		}
		f.tlps = tlps
	}
	place := f.head + f.count
	f.tlps[place&uint32(len(f.tlps)-1)] = held{units: units}
	f.count++
	return place
}

// leave marks a place as free and returns what can be given back now.
func (f *fifo) leave(place uint32) (free pool) {
	mask := uint32(len(f.tlps) - 1)
	f.tlps[place&mask].left = true
	for f.count > 0 && f.tlps[f.head&mask].left {
		free.headers++
		free.units += f.tlps[f.head&mask].units
		f.head++
		f.count--
	}
	return free
}

// infinite stands for credits that a receiver advertises as 0: without limit.
const infinite = int64(1) << 40

// pacer bounds a rate: pieces pass one after another.
type pacer struct {
	pace sim.Pace
	free sim.Time
}

// receive is when a piece of n bytes that is there whole at now has passed.
func (p *pacer) receive(now sim.Time, n int64) sim.Time {
	if p.pace == 0 {
		return now
	}
	p.free = max(now, p.free+p.pace.Time(n))
	return p.free
}

// supply is when a piece of n bytes that is ready at now starts to pass.
func (p *pacer) supply(now sim.Time, n int64) sim.Time {
	if p.pace == 0 {
		return now
	}
	start := max(now, p.free)
	p.free = start + p.pace.Time(n)
	return start
}

// enqueue makes a TLP wait for a channel.
func (x *Exact) enqueue(now sim.Time, tlp int32, ch int, port int) {
	x.ready++
	x.tlps[tlp].ready = x.ready
	x.channels[ch].sources[port][x.tlps[tlp].class].push(tlp)
	x.try(now, ch)
}

// try sends the TLP that has waited longest of those that may go: the first of its
// class and port, with credits, and nothing before it that it may not pass.
func (x *Exact) try(now sim.Time, ch int) {
	c := &x.channels[ch]
	if c.busy {
		return
	}
	if len(c.dllps) > 0 {
		x.sendDLLP(now, ch)
		return
	}
	var best *queue
	var first uint64
	for port := range c.sources {
		source := &c.sources[port]
		for class := range source {
			q := &source[class]
			if q.n == 0 {
				continue
			}
			p := &x.tlps[q.at(0)]
			room := &c.room[class]
			if best != nil && p.ready > first || room.headers < 1 || room.units < p.units || !x.inOrder(p, source) {
				continue
			}
			best, first = q, p.ready
		}
	}
	if best != nil {
		x.send(now, ch, best.pop())
	}
}

// inOrder says whether the first TLP of its class may pass all posted ones of its
// port that became ready before it. Only posted TLPs hold others up.
func (x *Exact) inOrder(p *packet, source *[classes]queue) bool {
	if p.class == Posted {
		return true
	}
	posted := &source[Posted]
	for i := range posted.n {
		before := &x.tlps[posted.at(i)]
		if before.ready > p.ready {
			return true
		}
		if !mayPass(p, before) {
			return false
		}
	}
	return true
}

// send puts a TLP on the wire.
func (x *Exact) send(now sim.Time, ch int, tlp int32) {
	c := &x.channels[ch]
	p := &x.tlps[tlp]
	c.room[p.class].headers--
	c.room[p.class].units -= p.units
	wire := c.framing + p.header + p.data
	span := c.pace.Time(wire)
	c.busy = true
	c.payload += p.bytes
	c.total += wire
	c.used += span
	c.until = now + span
	x.schedule(now+span, evSent, int(tlp), uint64(ch)|uint64(p.held)<<8|uint64(p.place)<<16)
	p.held, p.place = ch, c.buffer[p.class].put(p.units)

	end := now + span
	if c.to.holds(p.to) {
		x.schedule(end+c.latency, evArrive, int(tlp), 0)
		return
	}
	turn := x.spec.PeerViaRoot
	if c.to == atSwitch {
		turn = x.spec.SwitchHop
		if x.spec.CutThrough {
			next := &x.channels[x.next(c.to, ch, p.to)]
			header := now + c.pace.Time(c.framing+p.header)
			end = max(header, end-next.pace.Time(next.framing+p.header+p.data))
		}
	}
	x.schedule(end+c.latency+turn, evEnter, int(tlp), 0)
}

// sent is the end of a TLP's transmission through a channel, and of its stay in the
// buffer at the end of the channel before.
func (x *Exact) sent(now sim.Time, tlp int32, ch, before int, place uint32) {
	x.channels[ch].busy = false
	p := &x.tlps[tlp]
	if before != noChannel {
		x.leave(now, before, p.class, place)
	} else if p.class != Completion && !p.translate {
		x.left(now, p)
	}
	if x.opt.ExplicitDLLPs {
		x.acknowledge(now, ch)
	}
	x.try(now, ch)
}

// leave frees a TLP's place in the buffer at the end of a channel, and gives the
// credits that can be given back to the channel's sender.
func (x *Exact) leave(now sim.Time, ch int, class Class, place uint32) {
	c := &x.channels[ch]
	back := c.buffer[class].leave(place)
	switch {
	case back.headers == 0:
	case x.opt.ExplicitDLLPs:
		x.owe(now, ch, class, back)
	default:
		x.schedule(now+c.latency, evCredit, ch, creditWord(class, back))
	}
}

// creditWord packs credits into an event.
func creditWord(class Class, credits pool) uint64 {
	return uint64(class) | uint64(credits.headers)<<8 | uint64(credits.units)<<32
}

// credit is the arrival of credits at the sender of a channel.
func (x *Exact) credit(now sim.Time, ch int, word uint64) {
	room := &x.channels[ch].room[word&0xff]
	room.headers += int64(word >> 8 & 0xffffff)
	room.units += int64(word >> 32)
	x.try(now, ch)
}

// enter is a TLP's coming to a switch or root complex that sends it on.
func (x *Exact) enter(now sim.Time, tlp int32) {
	p := &x.tlps[tlp]
	at := now
	if x.channels[p.held].to == atRoot {
		c := &x.channels[x.next(atRoot, p.held, p.to)]
		switch p.class {
		case Posted:
			at = c.peerWrites.receive(now, p.data)
		case Completion:
			at = c.peerReads.receive(now, p.data)
		}
		if p.class == NonPosted || p.class == Completion && !p.relaxed {
			at = max(at, c.peerWrites.free) // does not pass the writes that wait there
		}
	}
	if at > now {
		x.schedule(at, evReady, int(tlp), 0)
		return
	}
	x.forward(now, tlp)
}

// forward makes a TLP wait for its next channel.
func (x *Exact) forward(now sim.Time, tlp int32) {
	p := &x.tlps[tlp]
	from := p.held
	x.enqueue(now, tlp, x.next(x.channels[from].to, from, p.to), from/2)
}
