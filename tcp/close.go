package tcp

import "netgpusim/sim"

// Timers of a connection that is closing (Linux 5.8).
const (
	timeWaitLen = 60 * sim.Second  // TCP_TIMEWAIT_LEN, twice the segment lifetime of RFC 9293
	linger2Max  = 120 * sim.Second // TCP_FIN_TIMEOUT_MAX
)

// closing is how far a connection is with its end.
type closing struct {
	asked   bool     // Shutdown has been called: nothing more is written
	sent    bool     // the FIN is queued behind the data
	orphan  bool     // no process has it any more
	deaf    bool     // the process reads no more (SHUT_RD)
	heard   bool     // the peer's FIN has arrived, maybe out of order,
	taken   bool     // and everything before it has too
	finAt   uint64   // stream offset of the peer's FIN
	linger2 sim.Time // TCP_LINGER2: negative for no FIN-WAIT-2, 0 for the default
}

// SetLinger2 sets how long FIN-WAIT-2 lasts when no process has the connection any more
// (TCP_LINGER2); 0 is Spec.FinTimeout, negative ends it at once.
func (e *Endpoint) SetLinger2(t sim.Time) { e.closing.linger2 = min(t, linger2Max) }

// ReadEOF says whether the reader has nothing to come any more but what NextDelivery has
// handed out: the peer has closed.
func (e *Endpoint) ReadEOF() bool { return e.closing.taken && e.rcv.out.len() == 0 }

// mayWrite says whether the process may still write.
func (e *Endpoint) mayWrite() bool { return !e.closing.asked && e.state != Closed }

// Shutdown ends what this end sends: a FIN follows what has been written (shutdown with
// SHUT_WR, tcp_shutdown). Before the handshake is through, an active opener gives up.
func (e *Endpoint) Shutdown(now sim.Time) {
	e.advance(now)
	if e.closing.asked {
		return
	}
	switch e.state {
	case SynSent:
		e.done(now, 0)
	case SynReceived:
		e.closing.asked = true
	case Established, CloseWait:
		e.closing.asked = true
		e.sendFIN()
	}
}

// ShutdownRead is that the process reads no more (shutdown with SHUT_RD). Once this end has
// closed as well, data that still come are answered with a reset.
func (e *Endpoint) ShutdownRead() { e.closing.deaf = true }

// Close is that no process has the connection any more (close(2), tcp_close). If bytes
// that have arrived were not read, the peer is told so by a reset (RFC 2525 section 2.17).
func (e *Endpoint) Close(now sim.Time) {
	e.advance(now)
	if e.state == Closed || e.closing.orphan {
		return
	}
	e.closing.orphan = true
	if e.state.synchronized() && e.unread() > 0 {
		e.resetPeer()
		e.done(now, 0)
		return
	}
	e.Shutdown(now)
	if e.state == FinWait2 {
		e.orphanWait(now)
	}
}

// unread is how many bytes have arrived in order and were not taken.
func (e *Endpoint) unread() uint64 {
	n := e.rcv.nxt - e.rcv.copied
	if e.closing.taken {
		n-- // the FIN
	}
	return n
}

// resetPeer sends a reset where the stream stands (tcp_send_active_reset).
func (e *Endpoint) resetPeer() { e.reply.kind = replyAbort }

// sendFIN queues the FIN: on the last skb that has not been sent, else by itself
// (tcp_send_fin). It takes one place in the stream.
func (e *Endpoint) sendFIN() {
	s := &e.snd
	if e.state == CloseWait {
		e.state = LastAck
	} else {
		e.state = FinWait1
	}
	e.closing.sent = true
	if s.writeQ.len() == 0 {
		s.newSKB()
	}
	k := s.writeQ.back()
	k.fin = true
	k.len++
	s.end++
	s.letGo()
}

// finAcked says whether the peer has acknowledged the FIN.
func (e *Endpoint) finAcked() bool { return e.closing.sent && e.snd.una == e.snd.end }

// noteFIN remembers where the peer's stream ends.
func (e *Endpoint) noteFIN(at uint64) {
	if !e.closing.heard {
		e.closing.heard, e.closing.finAt = true, at
	}
}

// takeFIN takes the peer's FIN once everything before it is there (tcp_fin).
func (e *Endpoint) takeFIN(now sim.Time) {
	r, c := &e.rcv, &e.closing
	if !c.heard || c.taken || r.nxt < c.finAt {
		return
	}
	c.taken = true
	for q := &r.ooo; q.ranges.len() > 0; q.ranges.popFront() {
		r.freeChain(q.ranges.front())
	}
	r.ooo.bytes, r.nrecent = 0, 0
	r.nxt++
	r.ack.scheduled, r.ack.check = true, true
	switch e.state {
	case Established:
		e.state = CloseWait
		r.ack.enterInteractive()
	case FinWait1:
		e.state = Closing
		r.ack.now = true
	case FinWait2:
		r.ack.now = true
		e.timeWait(now)
	}
}

// closingStates makes of an acknowledgement what it means for a connection that closes
// (tcp_rcv_state_process). It is false if the connection is over.
func (e *Endpoint) closingStates(now sim.Time, seg *Segment) bool {
	if !e.finAcked() {
		return true
	}
	switch e.state {
	case FinWait1:
		e.state = FinWait2
		if e.closing.orphan && e.closing.linger2 < 0 {
			e.refuse(seg)
			e.done(now, 0)
			return false
		}
		if e.closing.orphan {
			e.slowAt = now + e.finTime()
		}
	case Closing:
		e.timeWait(now)
		return false
	case LastAck:
		e.done(now, 0)
		return false
	}
	return true
}

// orphanWait limits FIN-WAIT-2 when the process goes.
func (e *Endpoint) orphanWait(now sim.Time) {
	if e.closing.linger2 < 0 {
		e.resetPeer()
		e.done(now, 0)
		return
	}
	e.slowAt = now + e.finTime()
}

// finTime is how long FIN-WAIT-2 lasts without a process, 3.5 timeouts at least
// (tcp_fin_time).
func (e *Endpoint) finTime() sim.Time {
	wait := e.closing.linger2
	if wait == 0 {
		wait = e.spec.FinTimeout
	}
	rto := e.snd.rtt.timeout()
	return max(wait, 4*rto-rto/2)
}

// timeWait starts TIME-WAIT: the connection answers what is left in the network.
func (e *Endpoint) timeWait(now sim.Time) {
	e.state = TimeWait
	e.snd.timer.stop()
	e.slowAt = now + timeWaitLen
}
