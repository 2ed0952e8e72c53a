package tcp

import "netgpusim/sim"

// dupThresh is how many segments must be known to have overtaken one before it counts
// as lost (RFC 6675, tcp_reordering).
const dupThresh = 3

// prr is proportional rate reduction (RFC 6937): while the window shrinks, it sends in
// proportion to what arrives, so that recovery neither bursts nor stalls.
type prr struct {
	prior uint32 // window when recovery began
	got   uint32 // segments delivered since
	out   uint32 // segments sent since
}

// delivered sets the window for the next transmissions (tcp_cwnd_reduction: PRR with
// slow-start reduction bound).
func (p *prr) delivered(s *sender, news *ackNews) {
	if news.delivered == 0 {
		return
	}
	p.got += news.delivered
	pipe := int64(s.inFlight())
	target := int64(s.cwnd.ssthresh)
	room := target - pipe
	var send int64
	switch {
	case room < 0:
		send = (target*int64(p.got)+int64(p.prior)-1)/int64(p.prior) - int64(p.out)
	case news.retrans && !news.lostAgain:
		send = min(room, max(int64(p.got)-int64(p.out), int64(news.delivered))+1)
	default:
		send = min(room, int64(news.delivered))
	}
	if p.out == 0 {
		send = max(send, 1) // the fast retransmit itself
	}
	s.cwnd.set(uint32(pipe + max(send, 0)))
}

// updateLossState runs the loss recovery state machine on what an acknowledgement brought
// (tcp_fastretrans_alert): leave a state whose end has come, find losses, enter
// recovery.
func (e *Endpoint) updateLossState(now sim.Time, news *ackNews) {
	s := &e.snd
	e.countDuplicates(news)
	if s.state >= stateRecovery && s.una >= s.highSeq {
		if !e.opt.sack && s.una == s.highSeq {
			// Duplicates of this ACK may be echoes of retransmissions (RFC 6582 section 4):
			// the state ends when something beyond it is acknowledged.
			s.dupACKs = 0
			return
		}
		e.endRecovery()
	}
	if s.state == stateOpen && s.rtx.out[sacked] == 0 && s.dupACKs == 0 && s.rtx.out[lost] == 0 {
		return
	}
	e.findLosses(now, news)
	if s.state == stateRecovery || (s.state == stateLoss && !news.lostAgain) {
		return
	}
	if s.rtx.out[lost] > 0 {
		e.enterRecovery()
		return
	}
	s.state = stateOpen
	if s.rtx.out[sacked] > 0 || s.dupACKs > 0 {
		s.state = stateDisorder
	}
}

// countDuplicates keeps the count that stands in for SACK: every duplicate ACK says
// that a segment has left the network (RFC 6582).
func (e *Endpoint) countDuplicates(news *ackNews) {
	s := &e.snd
	if e.opt.sack || news.old {
		return
	}
	switch {
	case news.advanced:
		// One of these filled the hole; the others were counted when they arrived.
		counted := min(s.dupACKs, max(news.delivered, 1)-1)
		news.delivered -= counted
		s.dupACKs -= counted
		if s.state < stateRecovery {
			s.dupACKs = 0
		}
	case !news.window && !news.data && !s.rtx.empty():
		if s.dupACKs+1 < s.rtx.packets() {
			s.dupACKs++
			news.delivered++
		}
	}
}

// findLosses gives up what must have been lost by now.
func (e *Endpoint) findLosses(now sim.Time, news *ackNews) {
	s := &e.snd
	if s.rtx.empty() {
		return
	}
	if e.opt.sack {
		e.detectByRACK(now, news)
		return
	}
	if s.state == stateRecovery && news.advanced || s.state < stateRecovery && s.dupACKs >= dupThresh {
		// NewReno: the first segment is lost; of the rest nothing is known.
		b := s.rtx.head()
		if b.state == lost {
			return
		}
		if b.segs > 1 {
			s.rtx.split(0, uint32(b.mss))
		}
		s.rtx.lose(*s.rtx.order.front())
	}
}

// enterRecovery starts fast recovery: the window goes down to what congestion control
// says, at the pace of PRR.
func (e *Endpoint) enterRecovery() {
	s := &e.snd
	s.prr = prr{prior: max(s.cwnd.size, 1)}
	s.cwnd.ssthresh = s.cc.ssthresh(&s.cwnd)
	s.cwnd.credit = 0
	s.state = stateRecovery
	s.highSeq = s.nxt
	s.tailProbe.end = 0
	e.stats.recoveries++
}

// endRecovery goes back to normal with the window that recovery aimed at. After a
// timeout the window has grown by itself.
func (e *Endpoint) endRecovery() {
	s := &e.snd
	if s.state == stateRecovery {
		s.cwnd.set(s.cwnd.ssthresh)
	}
	s.dupACKs = 0
	s.state = stateOpen
}

// timeout is the expiry of the retransmission timer (RFC 6298 rules 5.4-5.7, Linux
// tcp_enter_loss): everything outstanding counts as lost and the window starts again
// at one segment.
func (e *Endpoint) timeout(now sim.Time) {
	s := &e.snd
	if s.rtx.empty() {
		return
	}
	e.stats.timeouts++
	if s.state <= stateDisorder || s.una >= s.highSeq || s.state == stateLoss && !s.stuck {
		s.cwnd.ssthresh = s.cc.ssthresh(&s.cwnd)
		s.cc.timedOut()
	}
	s.stuck = true
	renege := s.rtx.head().state == sacked
	if renege {
		s.sacks.clear()
	}
	s.rtx.loseAll(renege)
	s.dupACKs = 0
	s.cwnd.credit = 0
	s.cwnd.set(1)
	s.state = stateLoss
	s.highSeq = s.nxt
	s.tailProbe.end = 0
	s.rtt.backoff = min(s.rtt.backoff+1, maxBackoff)
	s.timer.arm(timerRTO, now+s.rtt.timeout())
}

// maxBackoff keeps the count of timeouts in a row in bounds; 200 ms doubled so often is
// far beyond the longest timeout.
const maxBackoff = 32

// retransmit transmits the first lost block, as far as the windows let it
// (tcp_xmit_retransmit_queue).
func (e *Endpoint) retransmit(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	q := &s.rtx
	id := q.lost.head
	if id == none {
		return 0, false
	}
	flight := s.inFlight()
	if flight >= s.cwnd.size {
		return 0, false
	}
	b := &q.blocks[id]
	mss := e.sendMSS()
	if s.throttled(b.len, mss, 1) {
		return 0, false
	}
	room := s.roomAt(b.off)
	if room == 0 {
		if b.off != s.una {
			return 0, false
		}
		room = uint64(mss) // the first segment probes a closed window
	}
	most := uint64(min(s.cwnd.size-flight, s.autosize(mss))) * uint64(mss)
	return e.resend(now, seg, id, uint32(min(most, max(room, 1)))), true
}

// resend transmits up to n bytes from the front of a block again.
func (e *Endpoint) resend(now sim.Time, seg *Segment, id, n uint32) (frags int) {
	s := &e.snd
	q := &s.rtx
	if n < q.blocks[id].data() {
		q.split(q.search(q.blocks[id].off), n)
	}
	e.fill(now, seg)
	q.resend(id, now, seg.MSS)
	b := &q.blocks[id]
	if s.state == stateRecovery {
		s.prr.out += uint32(b.segs)
	}
	e.stats.retransmits += int64(b.segs)
	if b.off == s.una && s.timer.kind != timerReorder {
		s.timer.arm(timerRTO, now+s.rtt.timeout())
	}
	e.transmit(now, seg, b)
	return int(b.nfrags)
}
