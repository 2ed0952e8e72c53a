package pcie

import "netgpusim/sim"

// Write is the NIC posting n bytes to dst, in TLPs of at most MPS, starting on an
// MPS boundary. sent is when the last byte has left the NIC, so that its buffer is
// free: later than the bare transmission if earlier traffic, a slower link
// downstream or the receiver's posted credits hold it up. visible is when software
// at the destination can see the last byte; it never goes back from one write to
// the next to the same destination. A write of 0 bytes is the zero-length write of
// the PCIe specification: one DW with no byte enabled.
func (t *Tree) Write(now sim.Time, dst Target, n int64) (sent, visible sim.Time) {
	t.clock.tick(now)
	for n > t.postedBurst {
		// What the credits at hand cover waits for none, however much it is.
		burst := max(t.postedBurst, t.postedRoom(now, dst)<<t.payloadShift)
		if n <= burst {
			break
		}
		t.post(now, dst, burst)
		n -= burst
	}
	return t.post(now, dst, n)
}

// postedRoom is the number of full TLPs for which there are credits all the way to
// dst.
func (t *Tree) postedRoom(now sim.Time, dst Target) int64 {
	room := t.nic.credits[0].room(now)
	if out := t.targets[dst].outCredit; out != nil {
		room = min(room, out.room(now))
	}
	return room
}

// post is Write for as many bytes as may be booked in one go.
func (t *Tree) post(now sim.Time, dst Target, n int64) (sent, visible sim.Time) {
	to := &t.targets[dst]
	data := dataBytes(n)
	tlps, body := split(data, t.payloadShift)
	wire := body.framed(tlps, writeOverhead)
	units := (data + creditBytes - 1) / creditBytes

	first := t.nic.up
	credits := t.nic.credits[0]
	b := newBurst(tlps, now)
	first.carryPosted(&b, wire, n, credits, units)
	sent = b.last
	b.delay(first.latency)

	if to.out != nil {
		b.delay(to.turn)
		if to.peerWrites != nil {
			to.peerWrites.receive(&b, body)
		}
		to.out.carryPosted(&b, wire, n, to.outCredit, units)
		// The TLPs have left the switch's or root complex's receive buffer.
		credits.hold(b.first+first.latency, b.last+first.latency)
		first, credits = to.out, to.outCredit
		b.delay(first.latency)
	}
	if to.writes != nil {
		to.writes.receive(&b, body)
	}
	credits.hold(b.first+first.latency, b.last+first.latency)
	return sent, b.last + to.visible
}

// Read is the NIC reading n bytes from src with requests of at most MRRS. The
// requests share the NIC's tags with all other reads, in the order of the calls. It
// returns when the first completion TLP and when the last have arrived at the NIC.
// A read of 0 bytes is the zero-length read of the PCIe specification, which
// flushes earlier writes on its way.
func (t *Tree) Read(now sim.Time, src Target, n int64) (first, last sim.Time) {
	t.clock.tick(now)
	first = sim.Never
	for n > t.readBurst {
		burst := max(t.readBurst, t.tags.room(now)<<t.requestShift)
		if n <= burst {
			break
		}
		begin, _ := t.fetch(now, src, burst)
		first = min(first, begin)
		n -= burst
	}
	begin, last := t.fetch(now, src, n)
	return min(first, begin), last
}

// fetch is Read for as many bytes as may be booked in one go.
func (t *Tree) fetch(now sim.Time, src Target, n int64) (first, last sim.Time) {
	from := &t.targets[src]
	data := dataBytes(n)
	requests, asked := split(data, t.requestShift)
	wire := sizes{}.framed(requests, requestBytes)

	b := newBurst(requests, now)
	t.tags.admit(&b, 0)
	up := t.nic.up
	up.carryOther(&b, wire, 0, &t.requested)
	b.delay(up.latency)
	if from.out != nil {
		b.delay(from.turn)
		from.out.carryOther(&b, wire, 0, &from.forwarded)
		b.delay(from.out.latency)
	}
	b.delay(from.service)

	// Answers: as many completions per request as its data needs.
	if from.reads != nil {
		from.reads.supply(&b, asked)
	}
	c := t.completions(requests, asked)
	if from.back == nil {
		t.nic.down.carryAnswers(&b, &c, n, &from.arrived)
	} else {
		from.back.carryAnswers(&b, &c, n, &from.answered)
		b.delay(from.back.latency + from.turn)
		if from.peerReads != nil {
			from.peerReads.receive(&b, c.body)
		}
		t.nic.down.carryOther(&b, c.tlp, n, &from.arrived)
	}
	b.delay(t.nic.down.latency)
	// A request's tag is free when its last completion is in; completions come
	// evenly spaced.
	done := b.last
	if requests > 1 {
		done = b.first + (b.last-b.first)*sim.Time(c.perFull-1)/sim.Time(c.tlps-1)
	}
	t.tags.hold(done, b.last)
	return b.first, b.last
}

// completions works out the answers to so many requests for the data asked.
func (t *Tree) completions(requests int64, asked sizes) answers {
	tlps, body := split(asked.all, t.completionShift)
	perFull := int64(1) << (t.requestShift - t.completionShift)
	perTail := tlps - (requests-1)*perFull
	a := answers{
		request: sizes{
			full: asked.full + perFull*completionOverhead,
			tail: asked.tail + perTail*completionOverhead,
			all:  asked.all + tlps*completionOverhead,
		},
		tlp:     body.framed(tlps, completionOverhead),
		body:    body,
		tlps:    tlps,
		perFull: perFull,
		perTail: perTail,
	}
	if requests > 1 {
		a.afterFirst = a.request.full - a.tlp.full
	} else if tlps > 1 {
		a.afterFirst = a.tlp.all - a.tlp.full
	}
	return a
}

// MMIOWrite is a core storing n bytes to the NIC, a doorbell, in TLPs of at most 64
// bytes: what a write-combining buffer holds. It returns when the NIC has them.
func (t *Tree) MMIOWrite(now sim.Time, n int64) (arrives sim.Time) {
	t.clock.tick(now)
	data := dataBytes(n)
	tlps, body := split(data, storeShift)
	wire := body.framed(tlps, writeOverhead)
	b := newBurst(tlps, now+t.mmio)
	if t.uplink != nil {
		t.uplink.down.carryPosted(&b, wire, n, nil, 0)
		b.delay(t.uplink.down.latency + t.targets[HostMemory].turn)
	}
	t.nic.down.carryPosted(&b, wire, n, nil, 0)
	return b.last + t.nic.down.latency
}

// Interrupt is the NIC signalling MSI-X: a posted write of one DW to the host,
// behind all earlier writes to host memory. It returns when the host has it.
func (t *Tree) Interrupt(now sim.Time) (arrives sim.Time) {
	_, arrives = t.Write(now, HostMemory, interruptBytes)
	return arrives
}
