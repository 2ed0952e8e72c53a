package tcp

import "netgpusim/sim"

// tailProbe is the state of the tail loss probe (RFC 8985 section 7).
type tailProbe struct {
	end    uint64 // nxt when it was sent; 0 if none is out (tlp_high_seq)
	resent bool   // it repeated the last segment (tlp_retrans)
}

// scheduleProbe arms the tail loss probe if nothing is lost, else the retransmission
// timer (tcp_set_xmit_timer, tcp_schedule_loss_probe). acked says that an ACK has
// advanced; otherwise data was sent.
func (e *Endpoint) scheduleProbe(now sim.Time, acked bool) {
	s := &e.snd
	if s.rtx.empty() {
		s.timer.stop()
		return
	}
	if s.ca != CAOpen && s.ca != CACWR || s.plain || !e.spec.TailLossProbe || !e.sackOn() {
		if acked {
			e.rearm(now)
		}
		return
	}
	wait := rtoInitial
	if srtt := s.rtt.srtt(); srtt > 0 {
		wait = 2*srtt + timerSlack
		if s.rtx.packets() == 1 {
			wait = 2*srtt + e.spec.MinRTO // its ACK may be delayed
		}
	}
	at := now + wait
	rto := now + s.rtt.timeout()
	if !acked {
		rto = s.rtx.head().sentAt + s.rtt.timeout()
	}
	if rto > now {
		at = min(at, rto)
	}
	s.timer.arm(timerProbe, at)
}

// sendTailProbe makes the peer show what it has: with a new segment if the window allows,
// else with the last one (tcp_send_loss_probe).
func (e *Endpoint) sendTailProbe(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	if s.rtx.empty() {
		return 0, false
	}
	mss := uint32(e.sendMSS())
	switch {
	case s.tailProbe.end != 0:
		// One is out already: the timeout comes next.
	case s.writeQ.len() > 0 && uint64(min(s.writeQ.front().len, mss)) <= s.roomAt(s.nxt):
		if !s.paced(now) {
			frags, ok = e.sendData(now, seg, min(s.writeQ.front().len, mss)), true
			s.tailProbe = tailProbe{end: s.nxt}
			s.sentAny = false // one probe per episode: this one arms no other (tcp_write_xmit, push_one 2)
			e.validateWindow(now)
		}
	case s.rtx.tail().state != sacked && s.nic.charged < int64(s.rtx.tail().truesize):
		b := s.rtx.tail()
		if b.segs > 1 {
			s.rtx.split(s.rtx.order.len()-1, uint32(b.segs-1)*uint32(b.mss))
		}
		id := *s.rtx.order.back()
		s.tailProbe = tailProbe{end: s.nxt, resent: true}
		frags, ok = e.resend(now, seg, id, s.rtx.blocks[id].len), true
	}
	if ok {
		e.stats.tailProbes++
		s.timer.arm(timerRTO, now+s.rtt.timeout())
	} else {
		e.rearm(now)
	}
	return frags, ok
}

// probeAcked looks at what became of a tail loss probe (RFC 8985 section 7.4.2,
// tcp_process_tlp_ack): if it repeated the last segment and more is acknowledged than
// was sent then, the original was lost and the probe has repaired it silently. That is
// still congestion.
func (e *Endpoint) probeAcked(news *ackNews) {
	s := &e.snd
	p := &s.tailProbe
	if s.una < p.end {
		return
	}
	switch {
	case !p.resent, news.dsack:
		p.end = 0 // no retransmission, or original and probe have both arrived
	case s.una > p.end:
		e.startReduction()
		e.setCA(CACWR)
		e.endReduction()
		e.keepOpen()
		e.stats.probeRepairs++
	case !news.advanced && !news.notDup() && !news.sacked:
		p.end = 0 // a pure duplicate says the same where there is no D-SACK
	}
}
