package tcp

import "netgpusim/sim"

// timerKind says what the sender's one timer is armed for; the kinds exclude each
// other, as in Linux (icsk_pending).
type timerKind uint8

const (
	timerNone    timerKind = iota
	timerRTO               // retransmission timeout
	timerProbe             // tail loss probe
	timerReorder           // RACK: the reordering window of a block ends
	timerPersist           // zero-window probe
)

// retransmitTimer is that timer.
type retransmitTimer struct {
	at   sim.Time
	kind timerKind
}

func (t *retransmitTimer) arm(kind timerKind, at sim.Time) { t.at, t.kind = at, kind }

func (t *retransmitTimer) stop() { t.at, t.kind = sim.Never, timerNone }

// timerSlack is added to timers that are shorter than the timeout: two jiffies at
// HZ=1000 (TCP_TIMEOUT_MIN). Without it a probe would race the ACK it waits for.
const timerSlack = 2 * sim.Millisecond

// rtoMinPersist is the least interval between zero-window probes (tcp_probe0_base).
const rtoMinPersist = 200 * sim.Millisecond

// probeKind is a transmission that the timer has asked for and that Output makes
// whatever the congestion window says.
type probeKind uint8

const (
	probeNone probeKind = iota
	probeTail           // new data or the last segment, RFC 8985 section 7
	probeZero           // into a closed window, RFC 9293 section 3.8.6.1
)

// tailProbe is the state of the tail loss probe.
type tailProbe struct {
	end    uint64 // nxt when it was sent; 0 if none is out
	resent bool   // it repeated the last segment
}

// retransmitTimer runs the sender's timer.
func (e *Endpoint) retransmitTimer(now sim.Time) {
	s := &e.snd
	s.timer.at = sim.Never
	switch s.timer.kind {
	case timerRTO:
		e.timeout(now)
	case timerReorder:
		e.reorderTimeout(now)
	case timerProbe:
		s.probe = probeTail
	case timerPersist:
		s.probe = probeZero
	}
}

// reorderTimeout gives up the blocks whose reordering window has ended
// (tcp_rack_reo_timeout).
func (e *Endpoint) reorderTimeout(now sim.Time) {
	s := &e.snd
	before := s.rtx.out[lost]
	news := ackNews{delivered: 1}
	e.detectByRACK(now, &news)
	if s.rtx.out[lost] > before && s.state != stateRecovery {
		e.enterRecovery()
		s.prr.delivered(s, &news)
	}
	if s.timer.at == sim.Never {
		e.rearm(now)
	}
}

// rearm sets the retransmission timer anew; if another kind was armed, the time since
// the first block was sent counts (tcp_rearm_rto).
func (e *Endpoint) rearm(now sim.Time) {
	s := &e.snd
	if s.rtx.empty() {
		s.timer.stop()
		return
	}
	at := now + s.rtt.timeout()
	if s.timer.kind == timerReorder || s.timer.kind == timerProbe {
		at = max(s.rtx.head().sentAt+s.rtt.timeout(), now+sim.Millisecond)
	}
	s.timer.arm(timerRTO, at)
}

// scheduleProbe arms the tail loss probe if nothing is suspicious, else the
// retransmission timer. acked says that an ACK has advanced; otherwise data was sent.
func (e *Endpoint) scheduleProbe(now sim.Time, acked bool) {
	s := &e.snd
	if s.rtx.empty() {
		s.timer.stop()
		return
	}
	if s.state != stateOpen || !e.opt.sack {
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

// sendProbe transmits what the timer has asked for.
func (e *Endpoint) sendProbe(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	kind := s.probe
	s.probe = probeNone
	switch kind {
	case probeTail:
		return e.sendTailProbe(now, seg)
	case probeZero:
		return e.sendWindowProbe(now, seg)
	}
	return 0, false
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
		s.tailProbe = tailProbe{end: s.nxt, resent: false}
		frags, ok = e.sendData(now, seg, min(s.writeQ.front().len, mss)), true
		s.tailProbe.end = s.nxt
	case s.rtx.tail().state == inFlight && s.inNIC < uint64(s.rtx.tail().len):
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

// probeAcked looks at what became of a tail loss probe (RFC 8985 section 7.4.2): if it
// repeated the last segment and more is acknowledged than was sent then, the original
// was lost and the probe has repaired it silently. That is still congestion.
func (e *Endpoint) probeAcked(news *ackNews) {
	s := &e.snd
	p := &s.tailProbe
	if p.end == 0 || s.una < p.end {
		return
	}
	switch {
	case !p.resent:
		p.end = 0
	case s.una > p.end:
		p.end = 0
		if s.state <= stateDisorder {
			s.cwnd.ssthresh = s.cc.ssthresh(&s.cwnd)
			s.cwnd.set(min(s.cwnd.size, s.cwnd.ssthresh))
		}
	case !news.advanced && !news.window && !news.data && news.sacked == 0:
		p.end = 0 // a duplicate: original and probe have both arrived
	}
}

// ackPersist sees to the zero-window probes when nothing is outstanding.
func (e *Endpoint) ackPersist(now sim.Time) {
	s := &e.snd
	if s.writeQ.len() == 0 || s.timer.kind != timerPersist {
		return
	}
	if s.writeQ.front().end() <= s.windowEnd() || uint64(e.mss) <= s.window {
		s.rtt.backoff = 0
		s.timer.stop()
		return
	}
	s.timer.arm(timerPersist, now+backedOff(max(s.rtt.rto, rtoMinPersist), s.rtt.backoff))
}

// sendWindowProbe asks the peer for its window: with the data that fit, if some do, else
// with a segment before the window, which the peer must answer (tcp_write_wakeup).
func (e *Endpoint) sendWindowProbe(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	if !s.rtx.empty() || s.writeQ.len() == 0 {
		return 0, false
	}
	e.stats.zeroProbes++
	s.rtt.backoff = min(s.rtt.backoff+1, maxBackoff)
	if room := s.roomAt(s.nxt); room > 0 {
		n := uint32(min(room, uint64(s.writeQ.front().len), uint64(e.sendMSS())))
		return e.sendData(now, seg, n), true
	}
	e.fill(now, seg)
	seg.Seq--
	s.timer.arm(timerPersist, now+backedOff(max(s.rtt.rto, rtoMinPersist), s.rtt.backoff))
	return 0, true
}
