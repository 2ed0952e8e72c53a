package tcp

import "fmt"

// verify recomputes from scratch what an endpoint keeps up to date step by step.
func verify(e *Endpoint) error {
	if err := verifySender(&e.snd); err != nil {
		return err
	}
	return verifyReceiver(e)
}

func verifySender(s *sender) error {
	q := &s.rtx
	at := s.una
	sent, unsent := int64(0), int64(0)
	var out [3]uint32
	var gone, resent, hidden uint32
	var lostInOrder []uint32
	for i := range q.order.len() {
		id := *q.order.at(i)
		b := &q.blocks[id]
		if b.off != at || b.len == 0 {
			return fmt.Errorf("block %d begins at %d with %d bytes, want %d", i, b.off, b.len, at)
		}
		if err := verifySKB(&b.skb); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
		if b.segs != b.frames(b.mss) {
			return fmt.Errorf("block %d of %d bytes at MSS %d counts %d segments", i, b.len, b.mss, b.segs)
		}
		at = b.end()
		sent += int64(b.truesize)
		out[b.state] += uint32(b.segs)
		if b.gone {
			gone += uint32(b.segs)
		}
		if b.resent {
			resent += uint32(b.segs)
		}
		if b.hidden {
			hidden += uint32(b.segs)
		}
		if b.state == lost != (b.gone && !b.resent) || b.state == sacked && b.gone || b.hidden && b.state != inFlight || b.resent && !b.retrans {
			return fmt.Errorf("block %d in state %d: gone %v, resent %v, hidden %v, sent twice %v", i, b.state, b.gone, b.resent, b.hidden, b.retrans)
		}
		if b.state == lost {
			lostInOrder = append(lostInOrder, id)
		}
		if got := s.sacks.covers(b.off, b.end()); got != (b.state == sacked) {
			return fmt.Errorf("block %d is in state %d, the scoreboard says %v", i, b.state, got)
		}
	}
	if at != s.nxt {
		return fmt.Errorf("blocks end at %d, nxt is %d", at, s.nxt)
	}
	if out != q.out {
		return fmt.Errorf("segments by state are %v, counted %v", out, q.out)
	}
	if gone != q.lostOut || resent != q.retransOut {
		return fmt.Errorf("%d segments are gone and %d sent again, counted %d and %d", gone, resent, q.lostOut, q.retransOut)
	}
	if want := q.packets() - q.out[sacked] - gone + resent; q.pipe() != want {
		return fmt.Errorf("the pipe is %d, should be %d", q.pipe(), want)
	}
	for i := range s.writeQ.len() {
		k := s.writeQ.at(i)
		if k.off != at || k.len == 0 {
			return fmt.Errorf("skb %d begins at %d with %d bytes, want %d", i, k.off, k.len, at)
		}
		if err := verifySKB(k); err != nil {
			return fmt.Errorf("skb %d: %w", i, err)
		}
		at = k.end()
		unsent += int64(k.truesize)
	}
	if sent != q.mem || unsent != s.mem {
		return fmt.Errorf("%d and %d bytes charged for what is sent and not, counted %d and %d", sent, unsent, q.mem, s.mem)
	}
	if at != s.end {
		return fmt.Errorf("the write queue ends at %d, want %d", at, s.end)
	}
	var prev *block
	flight := uint32(0)
	for id := q.flight.head; id != none; id = q.blocks[id].next {
		b := &q.blocks[id]
		if b.state != inFlight || prev != nil && prev.sentAt > b.sentAt {
			return fmt.Errorf("the flight list has a block in state %d sent at %v", b.state, b.sentAt)
		}
		flight += uint32(b.segs)
		prev = b
	}
	if flight+hidden != out[inFlight] {
		return fmt.Errorf("the flight list has %d segments of %d, %d are hidden", flight, out[inFlight], hidden)
	}
	if b := q.edge; b != none && (q.blocks[b].state != inFlight || q.blocks[b].hidden || !s.overtaken(&q.blocks[b])) {
		return fmt.Errorf("the edge of what was overtaken is not in flight")
	}
	i := 0
	for id := q.lost.head; id != none; id = q.blocks[id].next {
		if i == len(lostInOrder) || lostInOrder[i] != id {
			return fmt.Errorf("the lost list is not the lost blocks in order")
		}
		i++
	}
	if i != len(lostInOrder) {
		return fmt.Errorf("the lost list has %d blocks of %d", i, len(lostInOrder))
	}
	return nil
}

func (b *scoreboard) covers(left, right uint64) bool {
	gap, ok := b.nextGap(span{left, right})
	return !ok && gap.left >= right
}

func verifySKB(k *skb) error {
	if k.data() == 0 && k.fin && k.nfrags == 0 {
		return nil
	}
	if k.nfrags == 0 || k.nfrags > maxFrags || k.fragEnd(int(k.nfrags)-1) != k.data() {
		return fmt.Errorf("%d bytes in %d fragments that end at %v", k.len, k.nfrags, k.ends)
	}
	for i := 1; i < int(k.nfrags); i++ {
		if k.fragEnd(i) <= k.fragEnd(i-1) {
			return fmt.Errorf("fragments end at %v", k.ends[k.first:][:k.nfrags])
		}
	}
	return nil
}

func verifyReceiver(e *Endpoint) error {
	r := &e.rcv
	q := &r.ooo
	last, bytes := r.nxt, uint64(0)
	charged, end := int64(0), r.memory.from
	for i := range r.memory.queue.len() {
		k := r.memory.queue.at(i)
		if k.end <= end || k.end <= r.copied {
			return fmt.Errorf("skb %d of the receive queue ends at %d, the one before at %d, read is %d", i, k.end, end, r.copied)
		}
		end = k.end
		charged += int64(k.truesize)
	}
	if r.memory.queue.len() > 0 && end != r.copied+e.unread() {
		return fmt.Errorf("the receive queue ends at %d, want %d", end, r.copied+e.unread())
	}
	for i := range q.ranges.len() {
		g := q.ranges.at(i)
		if g.left <= last || g.right <= g.left {
			return fmt.Errorf("range %d is [%d,%d), the one before ends at %d", i, g.left, g.right, last)
		}
		at := g.left
		for id := g.first; id != none; id = q.buffers[id].next {
			b := &q.buffers[id]
			if b.left > at || b.right > g.right {
				return fmt.Errorf("range %d has a buffer [%d,%d) at %d", i, b.left, b.right, at)
			}
			at = max(at, b.right)
			charged += int64(b.truesize)
			if b.joined && (id == g.first || b.truesize != 0) {
				return fmt.Errorf("range %d: buffer [%d,%d) is joined to none, or charged", i, b.left, b.right)
			}
			if id != g.first && q.buffers[b.prev].next != id {
				return fmt.Errorf("range %d: the chain is broken at %d", i, b.left)
			}
			if (b.next == none) != (id == g.last) {
				return fmt.Errorf("range %d does not end with its last buffer", i)
			}
		}
		if at != g.right {
			return fmt.Errorf("range %d ends at %d, its buffers at %d", i, g.right, at)
		}
		bytes += g.right - g.left
		last = g.right
	}
	if bytes != q.bytes {
		return fmt.Errorf("%d bytes out of order, counted %d", bytes, q.bytes)
	}
	if charged != r.memory.charged {
		return fmt.Errorf("%d bytes of memory charged, counted %d", charged, r.memory.charged)
	}
	for i := range int(r.nrecent) {
		s := r.recent[i]
		if c := &e.closing; c.heard && s.right == c.finAt+1 {
			s.right-- // a FIN is reported but takes no room in the queue
		}
		if s.left == s.right {
			continue
		}
		k := q.search(s.left)
		if k == q.ranges.len() || q.ranges.at(k).left > s.left || q.ranges.at(k).right < s.right {
			return fmt.Errorf("SACK block %v is not in the queue", s)
		}
	}
	return nil
}
