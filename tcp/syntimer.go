package tcp

import "netgpusim/sim"

// SetDeferAccept makes a passive end wait for data behind the ACK of its SYN-ACK, for so
// many retransmissions of it (TCP_DEFER_ACCEPT, reckoned from seconds). An active end
// delays that ACK instead, so that data may carry it.
func (e *Endpoint) SetDeferAccept(n int) { e.handshake.deferred = uint8(min(max(n, 0), 255)) }

// sinceSYN is how long ago the first SYN was sent.
func (e *Endpoint) sinceSYN(now sim.Time) sim.Time { return now - e.handshake.firstAt }

// handshakeTimer sends the SYN or SYN-ACK again, or gives up.
func (e *Endpoint) handshakeTimer(now sim.Time) {
	h := &e.handshake
	h.at = sim.Never
	if h.passive {
		e.synackTimer(now)
		return
	}
	limit := e.patience.userTimeout
	if int(h.resent) >= e.synRetries(e.spec.SynRetries) || limit > 0 && h.resent > 0 && e.sinceSYN(now) >= limit {
		e.giveUp(now) // tcp_write_timeout
		return
	}
	e.sendSYNAgain()
}

// sendSYNAgain makes the SYN or SYN-ACK go once more.
func (e *Endpoint) sendSYNAgain() {
	h := &e.handshake
	h.resent = min(h.resent, 254) + 1
	h.due = true
}

// synackTimer is the timer of a connection that waits for its last ACK
// (reqsk_timer_handler, syn_ack_recalc).
func (e *Endpoint) synackTimer(now sim.Time) {
	h := &e.handshake
	spent := int(h.timeouts) >= e.synRetries(e.spec.SynAckRetries)
	again := true
	if h.deferred > 0 {
		// The ACK has come, the data have not: silence until the time is nearly over, then
		// the SYN-ACK asks for another ACK.
		spent = spent && (!h.acked || h.timeouts >= h.deferred)
		again = !h.acked || h.timeouts >= h.deferred-1
	}
	switch {
	case spent && e.fast.child:
		e.giveUp(now)
		return
	case spent:
		e.done(now, 0)
		return
	}
	h.timeouts++
	if again {
		e.sendSYNAgain()
	}
	h.at = now + backedOff(synTimeout, h.timeouts)
}

// synRetries is how often a SYN or SYN-ACK is sent again, unless the application has said.
func (e *Endpoint) synRetries(sysctl int) int {
	if n := e.patience.synCount; n > 0 {
		return int(n)
	}
	return sysctl
}
