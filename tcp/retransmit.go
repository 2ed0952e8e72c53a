package tcp

import "netgpusim/sim"

// retransmit transmits the first lost block, as far as the windows let it
// (tcp_xmit_recovery, tcp_xmit_retransmit_queue).
func (e *Endpoint) retransmit(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	q := &s.rtx
	if s.rexmit == rexmitNew {
		if frags, ok = e.sendNew(now, seg); ok {
			return frags, true
		}
		s.rexmit = rexmitNone
		if s.nxt <= s.highSeq {
			s.frto = false // nothing could be sent: conventional recovery
			s.rexmit = rexmitLost
		}
	}
	id := q.lost.head
	if id == none || s.rexmit != rexmitLost || !s.plain && q.retransOut >= q.lostOut || s.paced(now) {
		return 0, false
	}
	room := s.cwnd.size - min(s.cwnd.size, s.inFlight())
	if s.plainly.first {
		s.plainly.first = false
		room = max(room, 1)
	}
	if room == 0 {
		return 0, false
	}
	b := &q.blocks[id]
	mss := e.sendMSS()
	if s.throttled(b.truesize, 1) {
		return 0, false
	}
	window := s.roomAt(b.off)
	if window == 0 {
		if b.off != s.una {
			return 0, false
		}
		window = uint64(mss) // the first segment probes a closed window
	}
	most := uint64(min(room, s.autosize(mss))) * uint64(mss)
	frags = e.resend(now, seg, id, uint32(min(most, window)))
	q.setResent(&q.blocks[id], true)
	s.undo.resent(seg.Segs, timestamp(now))
	if s.reducing() {
		s.prr.out += uint32(seg.Segs)
	}
	if seg.Offset == s.una && s.timer.kind != timerReorder {
		s.timer.arm(timerRTO, now+e.retryWait(now))
	}
	return frags, true
}

// resend transmits up to n bytes from the front of a block again
// (__tcp_retransmit_skb).
func (e *Endpoint) resend(now sim.Time, seg *Segment, id, n uint32) (frags int) {
	s := &e.snd
	q := &s.rtx
	if n < q.blocks[id].data() {
		q.split(q.search(q.blocks[id].off), n)
	} else {
		e.gather(id, min(n, uint32(e.sendMSS())))
	}
	e.fill(now, seg)
	e.path.probe = 0 // what its fate says is not clear any more
	s.rateSent(now, &q.blocks[id], false)
	q.resend(id, now, seg.MSS)
	b := &q.blocks[id]
	e.stats.retransmits += int64(b.segs)
	e.stats.bytesAgain += int64(b.data())
	e.transmit(now, seg, b)
	return int(b.nfrags)
}
