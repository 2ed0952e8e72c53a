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

// jiffy is Linux's timer tick at HZ=1000.
const jiffy = sim.Millisecond

// timerSlack is added to timers that are shorter than the timeout: two jiffies at
// HZ=1000 (TCP_TIMEOUT_MIN). Without it a probe would race the ACK it waits for.
const timerSlack = 2 * jiffy

// rtoMinPersist is the least interval between zero-window probes (tcp_probe0_base).
const rtoMinPersist = 200 * sim.Millisecond

// probeKind is a transmission that the timer has asked for and that Output makes
// whatever the congestion window says.
type probeKind uint8

const (
	probeNone  probeKind = iota
	probeTail            // new data or the last segment, RFC 8985 section 7
	probeZero            // into a closed window, RFC 9293 section 3.8.6.1
	probeAlive           // of a peer that is silent, RFC 9293 section 3.8.4
)

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
		e.persistTimeout(now)
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
		at = max(s.rtx.head().sentAt+s.rtt.timeout(), now+jiffy)
	}
	s.timer.arm(timerRTO, at)
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
	case probeAlive:
		return 0, e.sendKeepalive(now, seg)
	}
	return 0, false
}

// ackPersist sees to the zero-window probes when nothing is outstanding.
func (e *Endpoint) ackPersist(now sim.Time) {
	s := &e.snd
	if s.writeQ.len() == 0 || s.timer.kind != timerPersist {
		return
	}
	if s.writeQ.front().end() <= s.windowEnd() || uint64(e.mss) <= s.window {
		s.rtt.backoff = 0
		e.patience.probedAt = sim.Never
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
	p := &e.patience
	if room := s.roomAt(s.nxt); room > 0 {
		s.rtt.backoff, p.probes, p.probedAt = 0, 0, sim.Never
		n := uint32(min(room, uint64(s.writeQ.front().len), uint64(e.sendMSS())))
		frags = e.sendData(now, seg, n)
		s.rtx.tail().push = true
		seg.Flags |= PSH
		return frags, true
	}
	p.probes++
	s.rtt.backoff = min(s.rtt.backoff+1, uint8(e.spec.Retries2), maxBackoff)
	e.fill(now, seg)
	seg.Seq--
	s.timer.arm(timerPersist, now+backedOff(max(s.rtt.rto, rtoMinPersist), s.rtt.backoff))
	return 0, true
}
