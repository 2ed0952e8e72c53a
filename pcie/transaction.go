package pcie

import "netgpusim/sim"

// Write is the NIC posting n bytes to dst, in TLPs of at most MPS, starting on an
// MPS boundary. sent is when the last byte has left the NIC, so that its buffer is
// free: later than the bare transmission if earlier traffic, a slower link
// downstream or the receiver's posted credits hold it up. visible is when software
// at the destination can see the last byte; it never goes back from one write to
// the next to the same destination, unless the NIC sets relaxed ordering. A write of
// 0 bytes is the zero-length write of the PCIe specification: one DW with no byte
// enabled.
func (t *Tree) Write(now sim.Time, dst Target, n int64) (sent, visible sim.Time) {
	t.clock.tick(now)
	address := t.address(dst, n)
	for {
		part := n
		if n > t.postedBurst {
			// What the credits at hand cover waits for none, however much it is.
			part = min(n, max(t.postedBurst, t.postedRoom(now, dst)<<t.payloadShift))
		}
		part = t.onPage(dst, address, part)
		sent, visible = t.post(now, dst, address, part)
		if n -= part; n <= 0 {
			return sent, visible
		}
		address += part
	}
}

// address is where the next transaction with a target goes.
func (t *Tree) address(target Target, n int64) int64 {
	if target != HostMemory || t.memory.plain {
		return 0
	}
	return t.memory.addresses.next(n)
}

// onPage is how many of n bytes may be booked in one go for the sake of translation.
func (t *Tree) onPage(target Target, address, n int64) int64 {
	if target != HostMemory || t.memory.iommu == nil {
		return n
	}
	return min(n, t.memory.toPageEnd(address))
}

// postedRoom is the number of full TLPs for which there are credits all the way to
// dst.
func (t *Tree) postedRoom(now sim.Time, dst Target) int64 {
	room := t.nic.credits[0].posted.room(now)
	out := t.targets[dst].out
	for i := range out {
		room = min(room, out[i].credits.posted.room(now))
	}
	return room
}

// post is Write for as many bytes as may be booked in one go.
func (t *Tree) post(now sim.Time, dst Target, address, n int64) (sent, visible sim.Time) {
	to := &t.targets[dst]
	data := dataBytes(n)
	tlps, body := split(data, t.payloadShift)
	units := (data + creditBytes - 1) / creditBytes
	where := t.memory.at(address)
	now = t.ask(now, dst, where.page, true)

	d := t.nic.up
	credits := t.nic.credits[0].posted
	b := newBurst(tlps, now)
	d.carryPosted(&b, d.framed(body, tlps, writeHeader), n, credits, units)
	sent = b.last
	b.delay(d.latency)

	for i := range to.out {
		h := &to.out[i]
		h.enter(&b, d, body, writeHeader)
		if h.peer != nil {
			came := b.came()
			h.peer.receive(&b, body)
			h.passed.note(came, b.first, b.last)
		}
		h.link.carryPosted(&b, h.link.framed(body, tlps, writeHeader), n, h.credits.posted, units)
		// The TLPs have left the switch's or root complex's receive buffer.
		credits.hold(b.first+d.latency, b.last+d.latency)
		d, credits = h.link, h.credits.posted
		b.delay(d.latency)
	}
	if to.writes != nil {
		to.writes.receive(&b, body)
	}
	if dst == HostMemory && !t.memory.plain {
		t.memory.commit(&b, body, where)
	}
	credits.hold(b.first+d.latency, b.last+d.latency)
	return sent, b.last + to.visible
}

// Read is the NIC reading n bytes from src with requests of at most MRRS. The
// requests share the NIC's tags with all other reads, in the order of the calls. It
// returns when the first completion TLP and when the last have arrived at the NIC.
// A read of 0 bytes is the zero-length read of the PCIe specification, which
// flushes earlier writes on its way.
func (t *Tree) Read(now sim.Time, src Target, n int64) (first, last sim.Time) {
	t.clock.tick(now)
	address := t.address(src, n)
	first = sim.Never
	for {
		part := n
		if n > t.readBurst {
			part = t.readBurst
			if !t.narrow {
				part = min(n, max(part, t.tags.room(now)<<t.requestShift))
			}
		}
		part = t.onPage(src, address, part)
		var begin sim.Time
		requests, _ := split(dataBytes(part), t.requestShift)
		b := newBurst(requests, t.ask(now, src, t.memory.at(address).page, false))
		t.tags.admit(&b, now)
		begin, last = t.fetch(now, b, t.nic.up.posted.until(b.first), b.came(), src, address, part)
		first = min(first, begin)
		if n -= part; n <= 0 {
			return first, last
		}
		address += part
	}
}

// fetch is Read for as many bytes as may be booked in one go. b is their requests when
// they have tags, since when they had them, behind when the writes have left that they
// may not pass.
func (t *Tree) fetch(now sim.Time, b burst, behind sim.Time, since came, src Target, address, n int64) (first, last sim.Time) {
	requests, asked := split(dataBytes(n), t.requestShift)
	t.serve(now, &b, behind, since, src, address, asked)
	// Answers: as many completions per request as its data needs.
	c := t.completions(requests, asked)
	t.respond(now, &b, &c, n, &t.targets[src])
	t.giveTags(&b, &c)
	return b.first, b.last
}

// giveTags notes that the tags of requests are free: each when its last completion is
// in. These come evenly.
func (t *Tree) giveTags(b *burst, c *answers) {
	done := b.last
	if c.requests > 1 {
		done = b.first + (b.last-b.first)*sim.Time(c.perFull-1)/sim.Time(c.tlps-1)
	}
	t.tags.give(c.requests, done, b.last)
}

// serve takes read requests to where they are for, until their data can leave there.
func (t *Tree) serve(now sim.Time, b *burst, behind sim.Time, since came, src Target, address int64, asked sizes) {
	from := &t.targets[src]
	where := t.memory.at(address)
	credits, latency := t.request(now, b, from, behind, since)
	if src == HostMemory && !t.memory.plain {
		t.memory.take(now, b, asked, where)
	}
	if credits != nil {
		credits.hold(b.first+latency, b.last+latency)
	}
	if src == HostMemory {
		t.memory.serve(b, asked, where, from.service)
	} else {
		b.delay(from.service)
	}
	if from.reads != nil {
		from.reads.supply(b, asked)
	}
}

// respond takes the completions of n bytes, asked for at now, from a target to the NIC.
func (t *Tree) respond(now sim.Time, b *burst, c *answers, n int64, from *target) {
	var d *direction
	var credits *completionCredits
	for i := range from.back {
		h := &from.back[i]
		h.answer(now, b, c, n, d)
		if credits != nil {
			credits.release(b, d.latency)
		}
		d, credits = h.link, h.completions
	}
	from.home.answer(now, b, c, n, d)
	if credits != nil {
		credits.release(b, d.latency)
	}
	b.delay(from.home.link.latency)
}

// answer takes the completions of a burst of reads through a hop. before is the link
// that they came through; nil: they come from where the data are, request by request.
func (h *hop) answer(now sim.Time, b *burst, c *answers, payload int64, before *direction) {
	if before == nil {
		came := b.came()
		if h.completions == nil {
			h.link.carryAnswers(b, came, c, payload, &h.queue)
			return
		}
		span := h.completion(c)
		first := h.completions.admit(now, b, c.tlps, c.perTail, span)
		whole := b.first + span
		h.link.carryAnswers(b, came, c, payload, &h.queue)
		if b.first <= whole {
			// The link was free: the completions go as credits come, not in one go.
			b.first = min(b.first, first+span)
		}
		return
	}
	b.delay(before.latency)
	h.enter(b, before, c.body, completionHeader)
	if h.peer != nil {
		h.peer.receive(b, c.body)
	}
	came := b.came()
	if h.completions != nil {
		h.completions.admit(now, b, c.tlps, 1, h.completion(c))
	}
	h.link.carryOther(b, came, h.link.framed(c.body, c.tlps, completionHeader), payload, &h.queue)
}

// completion is how long a full completion takes the hop's link.
func (h *hop) completion(c *answers) sim.Time {
	return h.link.pace.Time(c.body.largest() + h.link.framing + completionHeader)
}

// completions works out the answers to so many requests for the data asked.
func (t *Tree) completions(requests int64, asked sizes) answers {
	tlps, body := split(asked.all, t.completionShift)
	perFull := int64(1) << (t.requestShift - t.completionShift)
	return answers{
		asked: asked, body: body,
		requests: requests, tlps: tlps,
		perFull: perFull,
		perTail: tlps - (requests-1)*perFull,
	}
}

// MMIOWrite is a core storing n bytes to the NIC, a doorbell, in TLPs of at most 64
// bytes: what a write-combining buffer holds. It returns when the NIC has them.
func (t *Tree) MMIOWrite(now sim.Time, n int64) (arrives sim.Time) {
	t.clock.tick(now)
	data := dataBytes(n)
	tlps, body := split(data, storeShift)
	b := newBurst(tlps, now+t.mmio)
	if t.uplink != nil {
		d := t.uplink.down
		d.carryPosted(&b, d.framed(body, tlps, writeHeader), n, nil, 0)
		b.delay(d.latency)
		t.targets[HostMemory].home.enter(&b, d, body, writeHeader)
	}
	d := t.nic.down
	d.carryPosted(&b, d.framed(body, tlps, writeHeader), n, nil, 0)
	return b.last + d.latency
}

// Interrupt is the NIC signalling MSI-X: a posted write of one DW to the host,
// behind all earlier writes to host memory. It returns when the host has it. Its
// address is the interrupt controller's: it is not translated and takes no place in
// the window of host memory.
func (t *Tree) Interrupt(now sim.Time) (arrives sim.Time) {
	t.clock.tick(now)
	_, arrives = t.post(now, HostMemory, untranslated, interruptBytes)
	return arrives
}
