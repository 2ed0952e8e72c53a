package tcp

// admit makes room for a received segment (tcp_try_rmem_schedule). It is false if the
// receive buffer is overcommitted and nothing helps: the segment is to be dropped, and
// comes again when there is space.
func (e *Endpoint) admit() bool {
	m := &e.rcv.memory
	if m.charged <= m.buffer {
		return true
	}
	return e.prune()
}

// prune gets the receive queue back into its buffer: by raising the buffer or lowering
// the window, by copying half-empty skbs together, by dropping what is out of order
// (tcp_prune_queue).
func (e *Endpoint) prune() bool {
	r := &e.rcv
	m := &r.memory
	e.mib.PruneCalled++
	e.clampWindow()
	if m.charged <= m.buffer {
		return true
	}
	if m.kind != BuffersSplit {
		e.collapse()
		if m.charged <= m.buffer {
			return true
		}
	}
	e.pruneOutOfOrder()
	if m.charged <= m.buffer {
		return true
	}
	e.mib.RcvPruned++
	return false
}

// clampWindow accepts that the peer sends skbs that hold little: the buffer becomes what
// is charged, as far as it may, else the window almost closes (tcp_clamp_window).
func (e *Endpoint) clampWindow() {
	r := &e.rcv
	m := &r.memory
	r.ack.quick = 0
	if most := int64(e.spec.ReceiveBuffer); m.buffer < most && !m.locked {
		m.buffer = min(m.charged, most)
	}
	if m.charged > m.buffer {
		r.win.threshold = min(r.win.clamp, 2*int64(r.advMSS))
	}
}

// collapsePayload is the payload of an skb that collapsing makes: it fills a page
// (SKB_MAX_ORDER(0, 0)).
const collapsePayload = pageBytes - skbShared

// collapse copies what is queued into skbs that are full (tcp_collapse_ofo_queue,
// tcp_collapse).
func (e *Endpoint) collapse() {
	r := &e.rcv
	e.collapseOutOfOrder()
	m := &r.memory
	kept, start := 0, m.from
	n := m.queue.len()
	for kept < n && start >= r.copied && !e.bloated(m.queue.at(kept).truesize, m.queue.at(kept).end-start) {
		start = m.queue.at(kept).end
		kept++
	}
	if kept == n {
		return
	}
	for i := kept; i < n; i++ {
		m.charged -= int64(m.queue.at(i).truesize)
	}
	e.mib.RcvCollapsed += int64(n - kept)
	m.queue.remove(kept, n-kept)
	start = max(start, r.copied)
	if kept == 0 {
		m.from = start
	}
	for start < r.nxt {
		c := copiedCharge(min(r.nxt-start, collapsePayload))
		start += min(r.nxt-start, collapsePayload)
		m.queue.pushBack(rcvSKB{end: start, charge: c})
		m.charged += int64(c.truesize)
	}
}

// bloated says whether an skb costs more memory than the n bytes in it are worth as
// window.
func (e *Endpoint) bloated(truesize uint32, n uint64) bool {
	return e.spec.winFromSpace(int64(truesize)) > int64(n)
}

// copiedCharge is that of an skb into which n bytes have been copied without headers.
func copiedCharge(n uint64) charge {
	size := kmallocSize(uint32(n))
	return charge{truesize: skbStruct + size, tailroom: uint16(size - skbShared - uint32(n)), frags: chainedSKB}
}

// collapseOutOfOrder copies the buffers of each range together, from the first on that
// costs too much or that the next one overlaps. Ranges of one tiny buffer stay as they
// are, and if these alone cost too much the search for others ends.
func (e *Endpoint) collapseOutOfOrder() {
	q := &e.rcv.ooo
	tiny := int64(0)
	for i := range q.ranges.len() {
		g := q.ranges.at(i)
		if g.first == g.last && g.right-g.left < collapsePayload {
			if tiny += int64(q.buffers[g.first].truesize); tiny > e.rcv.memory.buffer>>3 {
				return
			}
			continue
		}
		e.collapseRange(g)
	}
}

// collapseRange copies the buffers of one range together. The new skbs' cost is booked
// with the buffers whose last bytes they hold.
func (e *Endpoint) collapseRange(g *oooRange) {
	q := &e.rcv.ooo
	id := g.first
	for id != none {
		b := &q.buffers[id]
		next := b.next
		for next != none && q.buffers[next].joined {
			next = q.buffers[next].next // the same skb
		}
		end := g.right
		if next != none {
			end = q.buffers[next].left
		}
		if e.bloated(b.truesize, end-b.left) || next != none && q.buffers[q.buffers[next].prev].right != end {
			break
		}
		id = next
	}
	if id == none {
		return
	}
	e.mib.RcvCollapsed++
	at := q.buffers[id].left
	for ; id != none; id = q.buffers[id].next {
		b := &q.buffers[id]
		e.rcv.memory.charged -= int64(b.truesize)
		b.charge, b.joined = charge{frags: chainedSKB}, false
		for at < b.right && (at+collapsePayload <= b.right || b.next == none) {
			n := min(collapsePayload, g.right-at)
			b.truesize += copiedCharge(n).truesize
			at += n
		}
		e.rcv.memory.charged += int64(b.truesize)
	}
}

// pruneOutOfOrder drops buffers from the end of the out-of-order queue, an eighth of the
// receive buffer at a time, until what is left fits (tcp_prune_ofo_queue). The peer is no
// longer told of any: it must keep what it sent.
func (e *Endpoint) pruneOutOfOrder() {
	r := &e.rcv
	q := &r.ooo
	m := &r.memory
	if q.ranges.len() == 0 {
		return
	}
	e.mib.OfoPruned++
	goal := m.buffer >> 3
	for q.ranges.len() > 0 {
		before := m.charged
		r.dropLast()
		if goal -= before - m.charged; goal <= 0 || q.ranges.len() == 0 {
			if m.charged <= m.buffer {
				break
			}
			goal = m.buffer >> 3
		}
	}
	r.nrecent = 0
}
