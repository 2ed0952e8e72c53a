package tcp

import "netgpusim/sim"

// rexmit is what an ACK lets be sent (Linux: REXMIT_NONE, REXMIT_LOST, REXMIT_NEW).
type rexmit uint8

const (
	rexmitNone rexmit = iota // nothing again
	rexmitLost               // what is lost
	rexmitNew                // new data first: F-RTO asks whether the timeout was spurious
)

// renegeDelay is the least time that a peer has to take a reneged SACK back before
// everything is sent again (tcp_check_sack_reneging).
const renegeDelay = 10 * sim.Millisecond

// alert runs the loss recovery state machine on what an acknowledgement brought
// (tcp_fastretrans_alert): leave a state whose end has come, find losses, enter
// recovery.
func (e *Endpoint) alert(now sim.Time, news *ackNews) {
	s := &e.snd
	s.rexmit = rexmitNone
	if news.ece {
		s.undo.ssthresh = 0
	}
	if news.reneging {
		s.timer.arm(timerRTO, now+max(s.rtt.srtt()/2, renegeDelay))
		return
	}
	if s.ca == CAOpen {
		s.undo.stamp = 0
	} else if s.una >= s.highSeq && e.leaveState() {
		return
	}
	switch s.ca {
	case CARecovery:
		e.recoveryACK(now, news)
		return
	case CALoss:
		e.lossACK(news)
		e.findLosses(now, news)
		if s.ca != CAOpen && !news.lostAgain {
			return
		}
	}
	e.otherACK(now, news)
}

// leaveState ends CWR or Recovery when what was out at its beginning is acknowledged.
// It is true if there is nothing more to do.
func (e *Endpoint) leaveState() bool {
	s := &e.snd
	switch s.ca {
	case CACWR:
		// CWR is held until something beyond highSeq is acknowledged, so that the CWR
		// bit has reached the peer.
		if s.una != s.highSeq {
			e.endReduction()
			e.setCA(CAOpen)
		}
	case CARecovery:
		if !e.sackOn() {
			s.dupACKs = 0
		}
		if e.undoRecovery() {
			return true
		}
		e.endReduction()
	}
	return false
}

// recoveryACK handles an acknowledgement during fast recovery.
func (e *Endpoint) recoveryACK(now sim.Time, news *ackNews) {
	s := &e.snd
	switch {
	case news.advanced:
		if e.undoPartial(news.priorUna) {
			return
		}
	case !e.sackOn() && news.dups > 0:
		e.addDuplicates(news.dups)
	}
	if e.undoDSACK() {
		e.keepOpen()
		return
	}
	e.findLosses(now, news)
	e.loseByCount(news, false)
	s.rexmit = rexmitLost
}

// otherACK handles an acknowledgement in Open, Disorder and CWR, and in Loss when a
// retransmission has been lost: it may start fast recovery.
func (e *Endpoint) otherACK(now sim.Time, news *ackNews) {
	s := &e.snd
	if !e.sackOn() {
		if news.advanced {
			s.dupACKs = 0
		}
		if news.dups > 0 {
			e.addDuplicates(news.dups)
		}
	}
	if s.ca <= CADisorder {
		e.undoDSACK()
	}
	e.findLosses(now, news)
	if s.rtx.lostOut == 0 && !s.manyOvertook() {
		e.tryOpen(news)
		return
	}
	if e.pathProbeLost() {
		return
	}
	e.enterRecovery(news.ece)
	e.loseByCount(news, true)
	s.rexmit = rexmitLost
}

// findLosses gives up what must have been lost by now (tcp_identify_packet_loss).
func (e *Endpoint) findLosses(now sim.Time, news *ackNews) {
	s := &e.snd
	switch {
	case s.rtx.empty():
	case e.sackOn():
		if s.rack.mode&rackDetects != 0 {
			e.detectByRACK(now, news)
		}
	case s.ca < CARecovery && s.dupACKs >= s.reordering, s.ca == CARecovery && news.advanced:
		e.loseHead()
	}
}

// loseHead gives up the first segment: without SACK, nothing is known of the rest
// (tcp_newreno_mark_lost).
func (e *Endpoint) loseHead() {
	q := &e.snd.rtx
	b := q.head()
	if b.gone {
		return
	}
	if b.segs > 1 {
		q.split(0, uint32(b.mss))
	}
	q.lose(*q.order.front())
}

// timeout is the expiry of the retransmission timer (RFC 6298 rules 5.4-5.7, Linux
// tcp_retransmit_timer): the first segment is sent again, and the timer backs off.
func (e *Endpoint) timeout(now sim.Time) {
	s := &e.snd
	if s.rtx.empty() {
		return
	}
	if s.retries > 0 && now-e.patience.resentAt >= retriesTake(e.spec.Retries1) {
		e.detectBlackHole(now)
	}
	if e.timedOut(now) {
		e.giveUp(now)
		return
	}
	e.stats.timeouts++
	s.tailProbe.end = 0
	e.enterLoss(now)
	e.countTimeout(now)
	s.rexmit = rexmitLost
	if s.rtt.backoff = min(s.rtt.backoff+1, maxBackoff); e.backsOffLinearly() {
		s.rtt.backoff = 0
	}
	s.timer.arm(timerRTO, now+e.retryWait(now))
}

// What makes a stream thin, and how often its timeout does not double (tcp_stream_is_thin,
// TCP_THIN_LINEAR_RETRIES).
const (
	thinSegments = 4
	thinRetries  = 6
)

// SetThinLinear makes the timeout not double for the first six times in a row while few
// segments are in flight, too few for duplicates to start a recovery
// (TCP_THIN_LINEAR_TIMEOUTS).
func (e *Endpoint) SetThinLinear(on bool) { e.snd.thinLinear = on }

func (e *Endpoint) backsOffLinearly() bool {
	s := &e.snd
	return s.thinLinear && e.state == Established && s.rtx.packets() < thinSegments &&
		s.cwnd.ssthresh < ssthreshNone && s.retries <= thinRetries
}

// maxBackoff keeps the count of timeouts in a row in bounds; 200 ms doubled so often is
// far beyond the longest timeout.
const maxBackoff = 32

// enterLoss gives up what was sent at least a round trip ago and lets slow start begin
// with one segment (tcp_enter_loss).
func (e *Endpoint) enterLoss(now sim.Time) {
	s := &e.snd
	fresh := s.ca < CARecovery
	if s.rtx.head().state == sacked {
		s.reneged = true
		s.sacks.clear()
		s.rtx.loseAll(now, true)
	} else {
		s.dupACKs = 0
		until := now - s.rack.rtt
		if s.plain {
			until = now
		}
		s.rtx.loseAll(until, false)
	}
	// Once per window.
	if s.ca <= CADisorder || s.una >= s.highSeq || s.ca == CALoss && s.retries == 0 {
		s.undo.ssthresh = s.currentSsthresh()
		s.undo.cwnd = s.cwnd.size
		s.plainFlight()
		s.cwnd.ssthresh = s.cc.ssthresh(s)
		s.cc.event(s, now, eventLoss)
		s.undo.start(s)
	}
	s.cwnd.set(s.inFlight() + 1)
	s.cwnd.credit = 0
	s.usedAt = now
	// A timeout although many duplicates had arrived: reordering is over-estimated.
	if s.ca <= CADisorder && s.sackedOut() >= uint32(e.spec.Reordering) {
		s.reordering = min(s.reordering, uint32(e.spec.Reordering))
	}
	e.setCA(CALoss)
	s.highSeq = s.nxt
	s.ecnQueueCWR()
	s.frto = e.spec.FRTO && !s.plain && (fresh || s.retries > 0)
}
