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

// oooBuffer is a buffer in a chain: payload [left, right) of the stream.
type oooBuffer struct {
	span
	handle uint32
	next   uint32
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
		r.report(q.ranges.at(i).span)
		return
	}
	id := q.alloc(oooBuffer{span: s, handle: seg.Handle})
	merged := oooRange{span: s, first: id, last: id}
	j := i
	if i < q.ranges.len() && q.ranges.at(i).left < left {
		// It goes on where this range ends.
		g := q.ranges.at(i)
		e.setDSACK(left, g.right)
		q.bytes -= g.right - g.left
		q.buffers[g.last].next = id
		merged.left, merged.first = g.left, g.first
		j++
	}
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
		q.buffers[id].next = g.first
		merged.right, merged.last = g.right, g.last
	}
	q.bytes += merged.right - merged.left
	q.replace(i, j, merged)
	r.report(merged.span)
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
		b := &r.ooo.buffers[id]
		r.out.pushBack(Delivery{Handle: b.handle})
		r.ooo.free = append(r.ooo.free, id)
		id = b.next
	}
}

// takeOutOfOrder delivers what the queue holds directly behind what was delivered. A
// queue that is empty now calls for an ACK at once: the peer's recovery is over (RFC
// 5681 section 4.2).
func (e *Endpoint) takeOutOfOrder() {
	r := &e.rcv
	q := &r.ooo
	if q.ranges.len() == 0 {
		return
	}
	for q.ranges.len() > 0 && q.ranges.front().left <= r.nxt {
		g := q.ranges.front()
		q.bytes -= g.right - g.left
		if g.left < r.nxt {
			e.extendDSACK(g.left, min(g.right, r.nxt))
		}
		for id := g.first; id != none; {
			b := &q.buffers[id]
			if b.right > r.nxt {
				r.deliver(b.handle, uint32(r.nxt-b.left), uint32(b.right-r.nxt))
			} else {
				r.out.pushBack(Delivery{Handle: b.handle})
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
	if r.dsack.right > 0 {
		return int(r.nrecent) + 1
	}
	return int(r.nrecent)
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
