package tcp

// outOfOrder is the out-of-order queue: ranges in ascending order that do not touch,
// each with the chain of buffers that fill it. The number of ranges is the number of
// holes, so that finding a place does not depend on the window. What the window
// allows bounds it.
type outOfOrder struct {
	ranges  ring[oooRange]
	buffers []oooBuffer // slot 0 is no buffer
	free    []uint32
	bytes   uint64 // in the queue, each byte counted once
}

// oooRange is bytes that have arrived without a hole.
type oooRange struct {
	span
	first, last uint32
}

// oooBuffer is a buffer in a chain: payload [left, right) of the stream. In a chain left
// edges ascend, and so do the right edges of skbs.
type oooBuffer struct {
	span
	handle     uint32
	prev, next uint32
	joined     bool // its payload is in the skb of the buffer before, which bears the charge
	charge
}

func (q *outOfOrder) alloc(b oooBuffer) uint32 {
	if n := len(q.free); n > 0 {
		id := q.free[n-1]
		q.free = q.free[:n-1]
		q.buffers[id] = b
		return id
	}
	if len(q.buffers) == 0 {
		q.buffers = append(q.buffers, oooBuffer{})
	}
	q.buffers = append(q.buffers, b)
	return uint32(len(q.buffers) - 1)
}

// search returns the first range that ends at or after offset.
func (q *outOfOrder) search(offset uint64) int {
	// Almost always what arrives lies at the end of the last range.
	n := q.ranges.len()
	if n > 0 && q.ranges.at(n-1).left <= offset {
		if q.ranges.at(n-1).right >= offset {
			return n - 1
		}
		return n
	}
	lo, hi := 0, n
	for lo < hi {
		mid := (lo + hi) / 2
		if q.ranges.at(mid).right >= offset {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// queueOutOfOrder puts a buffer with payload [left, right) into the queue
// (tcp_data_queue_ofo). What it covers entirely is freed, and so is the buffer itself
// if it brings nothing; partial overlaps are cut when they are delivered.
func (e *Endpoint) queueOutOfOrder(seg *Segment, left, right uint64) {
	r := &e.rcv
	q := &r.ooo
	s := span{left, right}
	i := q.search(left)
	if i < q.ranges.len() && q.ranges.at(i).left <= left && q.ranges.at(i).right >= right {
		e.stats.duplicates++
		e.setDSACK(left, right)
		r.drop(seg)
		e.report(q.ranges.at(i).span)
		return
	}
	c := e.chargeOf(seg)
	id := q.alloc(oooBuffer{span: s, handle: seg.Handle, charge: c})
	cost := c.truesize
	merged := oooRange{span: s, first: id, last: id}
	j := i
	if i < q.ranges.len() && q.ranges.at(i).left < left {
		// It goes on where this range ends.
		g := q.ranges.at(i)
		e.setDSACK(left, g.right)
		q.bytes -= g.right - g.left
		q.link(g.last, id)
		if g.right == left && q.join(id, r.memory.kind.fragsMost(), &cost) {
			e.mib.TCPRcvCoalesce++
		}
		merged.left, merged.first = g.left, g.first
		j++
	}
	r.memory.charged += int64(cost)
	for j < q.ranges.len() && q.ranges.at(j).left <= right {
		g := q.ranges.at(j)
		q.bytes -= g.right - g.left
		if g.left < right {
			e.extendDSACK(g.left, min(g.right, right))
		}
		j++
		if g.right <= right {
			r.freeChain(g)
			continue
		}
		r.freeCovered(g, right)
		q.link(id, g.first)
		merged.right, merged.last = g.right, g.last
	}
	q.bytes += merged.right - merged.left
	q.replace(i, j, merged)
	e.report(merged.span)
	e.mib.TCPOFOQueue++
	e.growWindow(uint32(right-left), c)
}

func (q *outOfOrder) link(id, next uint32) {
	q.buffers[id].next, q.buffers[next].prev = next, id
}

// join moves a buffer's payload into the skb of the one before, if that can hold it
// (tcp_ooo_try_coalesce): cost is then what it adds to the charge.
func (q *outOfOrder) join(id uint32, most int, cost *uint32) bool {
	b := &q.buffers[id]
	ok, added := q.buffers[q.head(b.prev)].charge.join(uint32(b.right-b.left), b.charge, most)
	if ok {
		b.joined, b.charge, *cost = true, charge{}, added
	}
	return ok
}

// head returns the buffer that bears the charge of a buffer's skb.
func (q *outOfOrder) head(id uint32) uint32 {
	for q.buffers[id].joined {
		id = q.buffers[id].prev
	}
	return id
}

// replace puts one range in place of the ranges [i, j).
func (q *outOfOrder) replace(i, j int, merged oooRange) {
	if i == j {
		q.ranges.insert(i, merged)
		return
	}
	*q.ranges.at(i) = merged
	if j > i+1 {
		q.ranges.remove(i+1, j-i-1)
	}
}

// freeChain frees the buffers of a range.
func (r *receiver) freeChain(g *oooRange) {
	for id := g.first; id != none; {
		next := r.ooo.buffers[id].next
		r.freeBuffer(id)
		id = next
	}
}

// freeBuffer hands a buffer of the queue back unread.
func (r *receiver) freeBuffer(id uint32) {
	b := &r.ooo.buffers[id]
	r.out.pushBack(Delivery{Handle: b.handle})
	r.memory.charged -= int64(b.truesize)
	r.ooo.free = append(r.ooo.free, id)
}

// freeCovered frees the skbs at a range's beginning that end at or before right, which is
// before the range's end.
func (r *receiver) freeCovered(g *oooRange, right uint64) {
	q := &r.ooo
	for {
		end := g.first // of the first skb
		for next := q.buffers[end].next; next != none && q.buffers[next].joined; next = q.buffers[next].next {
			end = next
		}
		if q.buffers[end].right > right {
			return
		}
		for {
			id := g.first
			g.first = q.buffers[id].next
			r.freeBuffer(id)
			if id == end {
				break
			}
		}
	}
}

// dropLast frees the last skb of the queue.
func (r *receiver) dropLast() {
	q := &r.ooo
	g := q.ranges.back()
	head := q.head(g.last)
	r.drops++
	q.bytes -= g.right - g.left
	for id := head; id != none; {
		next := q.buffers[id].next
		r.freeBuffer(id)
		id = next
	}
	if head == g.first {
		q.ranges.popBack()
		return
	}
	g.last = q.buffers[head].prev
	q.buffers[g.last].next = none
	g.right = q.buffers[g.last].right
	q.bytes += g.right - g.left
}

// takeOutOfOrder delivers what the queue, which is not empty, holds directly behind what
// was delivered. A queue that is empty now calls for an ACK at once: the peer's recovery is over (RFC
// 5681 section 4.2).
func (e *Endpoint) takeOutOfOrder() {
	r := &e.rcv
	q := &r.ooo
	for q.ranges.len() > 0 && q.ranges.front().left <= r.nxt {
		g := q.ranges.front()
		q.bytes -= g.right - g.left
		if g.left < r.nxt {
			e.extendDSACK(g.left, min(g.right, r.nxt))
		}
		for id := g.first; id != none; {
			b := &q.buffers[id]
			if b.right > r.nxt {
				r.memory.charged -= int64(b.truesize)
				e.takeQueued(b)
			} else {
				r.skipQueued(b)
			}
			q.free = append(q.free, id)
			id = b.next
		}
		q.ranges.popFront()
	}
	r.forget()
	if q.ranges.len() == 0 {
		r.ack.now = true
	}
}

// takeQueued moves a buffer of the queue to the receive queue, with its skb's charge.
func (e *Endpoint) takeQueued(b *oooBuffer) {
	r := &e.rcv
	n := uint32(b.right - r.nxt)
	r.deliver(b.handle, uint32(r.nxt-b.left), n)
	if b.joined {
		r.memory.queue.back().end = r.nxt
		return
	}
	if r.memory.enqueue(r.nxt, n, b.charge) {
		e.mib.TCPRcvCoalesce++
	}
}

// skipQueued frees a buffer whose payload has come again. If its skb has more, the next
// buffer in it bears the charge.
func (r *receiver) skipQueued(b *oooBuffer) {
	r.out.pushBack(Delivery{Handle: b.handle})
	if next := &r.ooo.buffers[b.next]; b.next != none && next.joined {
		next.joined, next.charge = b.joined, b.charge
		return
	}
	r.memory.charged -= int64(b.truesize)
}

// report puts a range at the head of the SACK blocks, with the peer's FIN if that follows
// it: a FIN takes a place of the stream.
func (e *Endpoint) report(s span) {
	if c := &e.closing; c.heard && !c.taken && s.right == c.finAt {
		s.right++
	}
	e.rcv.report(s)
}

// reportFIN reports a FIN beyond a hole that came without data.
func (e *Endpoint) reportFIN() {
	s := span{e.closing.finAt, e.closing.finAt}
	if q := &e.rcv.ooo; q.ranges.len() > 0 && q.ranges.back().right == s.left {
		s.left = q.ranges.back().left
	}
	e.report(s)
	e.rcv.ack.now = true // it says that something before it is missing
}

// report puts a range at the head of the SACK blocks; those it has swallowed go (RFC
// 2018 section 4).
func (r *receiver) report(s span) {
	kept := r.recent
	r.recent[0] = s
	n := 1
	for i := range int(r.nrecent) {
		if old := kept[i]; n < len(r.recent) && (old.right < s.left || old.left > s.right) {
			r.recent[n] = old
			n++
		}
	}
	r.nrecent = uint8(n)
}

// forget removes SACK blocks that the cumulative acknowledgement has reached.
func (r *receiver) forget() {
	n := 0
	for i := range int(r.nrecent) {
		if s := r.recent[i]; s.right > r.nxt {
			r.recent[n] = s
			n++
		}
	}
	r.nrecent = uint8(n)
}

// nblocks is how many SACK blocks wait to be sent, the one for duplicates included.
func (r *receiver) nblocks() int {
	n := int(r.nrecent)
	if r.dsack.right > 0 {
		n++
	}
	return n
}

// blocks writes the SACK blocks into a segment: a duplicate first (RFC 2883 section 4),
// which is reported once.
func (r *receiver) blocks(seg *Segment, iss uint32, most int) {
	if r.dsack.right > 0 {
		seg.put(iss, r.dsack)
		r.dsack = span{}
	}
	for i := 0; i < int(r.nrecent) && int(seg.NSACK) < most; i++ {
		seg.put(iss, r.recent[i])
	}
}

// put adds a SACK block.
func (seg *Segment) put(iss uint32, s span) {
	seg.SACK[seg.NSACK] = SACKBlock{seqOf(iss, s.left), seqOf(iss, s.right)}
	seg.NSACK++
}
