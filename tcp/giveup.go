package tcp

import "netgpusim/sim"

// patience is what decides when a connection that gets no answer is given up.
type patience struct {
	heard       sim.Time // when the last acknowledgement came (rcv_tstamp)
	resentAt    sim.Time // the first timeout since something was acknowledged
	probedAt    sim.Time // the first zero-window probe for the data that wait, Never before
	userTimeout sim.Time // TCP_USER_TIMEOUT, 0 for none
	probes      uint8    // probes in a row without an answer, for windows or to keep alive (icsk_probes_out)
	synCount    uint8    // TCP_SYNCNT, 0 for the sysctl's
	soft        Errno    // what ICMP has said meanwhile (sk_err_soft)
	reports     bool     // ICMP errors are for the application (IP_RECVERR)
}

// rtoMinModel is TCP_RTO_MIN, from which Linux reckons how long a number of timeouts
// takes, whatever the round trip is.
const rtoMinModel = 200 * sim.Millisecond

// orphanRetriesDefault is what tcp_orphan_retries of 0 stands for while the peer may
// still answer.
const orphanRetriesDefault = 8

// SetUserTimeout sets how long what was sent may stay unacknowledged before the
// connection is given up (TCP_USER_TIMEOUT, RFC 5482); 0 leaves it to the sysctls.
func (e *Endpoint) SetUserTimeout(t sim.Time) { e.patience.userTimeout = max(t, 0) }

// SetSynCount sets how often a SYN or SYN-ACK is sent again (TCP_SYNCNT), 1 to 127; 0 is
// Spec.SynRetries or Spec.SynAckRetries.
func (e *Endpoint) SetSynCount(n int) { e.patience.synCount = uint8(min(max(n, 0), 127)) }

// alive notes that the peer has acknowledged something (tcp_ack).
func (e *Endpoint) alive(now sim.Time) {
	p := &e.patience
	p.heard, p.probes, p.soft = now, 0, 0
}

// giveUp ends a connection whose peer does not answer (tcp_write_err): the error is what
// ICMP has said, if anything.
func (e *Endpoint) giveUp(now sim.Time) {
	err := e.patience.soft
	if err == 0 {
		err = ETIMEDOUT
	}
	e.done(now, err)
}

// timedOut says whether the retransmission timer has expired once too often
// (tcp_retransmit_timer, tcp_write_timeout).
func (e *Endpoint) timedOut(now sim.Time) bool {
	p, s := &e.patience, &e.snd
	if s.window == 0 && !e.closing.orphan {
		// The peer has shrunk its window: as long as it answers there is no hurry.
		return now-p.heard > rtoMax
	}
	if s.retries == 0 {
		return false
	}
	limit := p.userTimeout
	if limit == 0 {
		limit = retriesTake(e.retriesAllowed(s.rtt.timeout() < rtoMax))
	}
	return ticks(p.resentAt, now) >= limit
}

// ticks is the time between two moments by the clock of timestamps, which Linux takes here.
func ticks(from, to sim.Time) sim.Time {
	return sim.Time(int32(timestamp(to)-timestamp(from))) * sim.Millisecond
}

// retriesAllowed is how many timeouts in a row a connection survives; alive says that
// they are not yet as far apart as can be (tcp_orphan_retries).
func (e *Endpoint) retriesAllowed(alive bool) int {
	if !e.closing.orphan {
		return e.spec.Retries2
	}
	n := e.spec.OrphanRetries
	if e.patience.soft != 0 && !alive {
		n = 0
	}
	if n == 0 && alive {
		n = orphanRetriesDefault
	}
	return n
}

// retriesTake is how long so many timeouts in a row take (tcp_model_timeout).
func retriesTake(n int) sim.Time {
	t := rtoMinModel
	total := t
	for range n {
		t = min(2*t, rtoMax)
		total += t
	}
	return total
}

// countTimeout notes that what is out is sent again because of a timeout. Linux counts the
// time from the first retransmission of the whole loss episode, and can so give up a
// connection that still moves.
func (e *Endpoint) countTimeout(now sim.Time) {
	s := &e.snd
	if s.window == 0 && !e.closing.orphan {
		return // it probes a window that was shrunk
	}
	if s.retries == 0 {
		e.patience.resentAt = now
	}
	s.retries++
}

// withinUserTimeout shortens the wait for the next timeout such that the user timeout is
// kept; elapsed is what has gone of it (tcp_clamp_rto_to_user_timeout).
func (e *Endpoint) withinUserTimeout(wait, elapsed sim.Time) sim.Time {
	if e.patience.userTimeout == 0 {
		return wait
	}
	return max(min(wait, e.patience.userTimeout-elapsed), jiffy)
}

// retryWait is how long to wait for an answer to what is sent again.
func (e *Endpoint) retryWait(now sim.Time) sim.Time {
	s := &e.snd
	if s.retries == 0 {
		return s.rtt.timeout()
	}
	return e.withinUserTimeout(s.rtt.timeout(), now-e.patience.resentAt)
}

// persistTimeout is the expiry of the timer that probes a closed window
// (tcp_probe_timer). The connection lives as long as the peer answers, unless no
// process or a user timeout waits for it.
func (e *Endpoint) persistTimeout(now sim.Time) {
	p, s := &e.patience, &e.snd
	if !s.rtx.empty() || s.writeQ.len() == 0 {
		p.probes = 0
		return
	}
	if p.probedAt == sim.Never {
		p.probedAt = now
	}
	alive := s.rtt.timeout() < rtoMax
	most := e.retriesAllowed(alive)
	switch {
	case p.userTimeout > 0 && now-p.probedAt > p.userTimeout,
		e.closing.orphan && !alive && int(s.rtt.backoff) >= most,
		int(p.probes) >= most:
		e.giveUp(now)
	default:
		s.probe = probeZero
	}
}
