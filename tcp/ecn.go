package tcp

// ECN (RFC 3168) as in Linux 5.8: the receiver echoes congestion with ECE until the
// sender's CWR, the sender lets its window go down once per round trip and says CWR
// with the next new data. ECT(0) is set on new data only, not on what is sent again
// and not on pure ACKs (RFC 3168 section 6.1.4, 6.1.5), except by DCTCP.

// ecnState is both halves' state (Linux: tp->ecn_flags).
type ecnState struct {
	ok       bool // negotiated
	queueCWR bool // the window has gone down: the next new data says so
	demand   bool // echo ECE until CWR comes
	seen     bool // the peer's data has been ECN-capable
}

// ecnQueueCWR notes that the window goes down (tcp_ecn_queue_cwr).
func (s *sender) ecnQueueCWR() {
	if s.ecn.ok {
		s.ecn.queueCWR = true
	}
}

// echoArrived takes the peer's echo of congestion (tcp_ecn_rcv_ecn_echo).
func (e *Endpoint) echoArrived(seg *Segment, news *ackNews) {
	news.ece = e.snd.ecn.ok && seg.Flags&(ECE|SYN) == ECE
}

// ecnFill sets the ECN bits that every segment may have; only DCTCP sends everything as
// ECN-capable (tcp_ecn_send).
func (e *Endpoint) ecnFill(seg *Segment) {
	x := &e.snd.ecn
	if !x.ok {
		return
	}
	if e.snd.dctcp != nil {
		seg.ECN = ECT0
	}
	if x.demand {
		seg.Flags |= ECE
	}
}

// ecnFillNew is for a segment that carries data for the first time.
func (e *Endpoint) ecnFillNew(seg *Segment) {
	x := &e.snd.ecn
	if !x.ok {
		return
	}
	seg.ECN = ECT0
	if x.queueCWR {
		x.queueCWR = false
		seg.Flags |= CWR
	}
}

// cwrArrived ends the echo when the peer says that its window has gone down
// (tcp_ecn_accept_cwr). Its window may be a single segment, so the ACK is not delayed.
func (e *Endpoint) cwrArrived(seg *Segment) {
	if seg.Flags.Has(CWR) {
		e.snd.ecn.demand = false
		if seg.Len > 0 {
			e.rcv.ack.now = true
		}
	}
}

// markArrived looks at the ECN field of data (__tcp_ecn_check_ce).
func (e *Endpoint) markArrived(seg *Segment) {
	x := &e.snd.ecn
	if !x.ok {
		return
	}
	switch seg.ECN {
	case NotECT:
		if x.seen {
			e.enterQuickACK(2) // probably sent again: its sender waits for this ACK
		}
		return
	case CE:
		if d := e.snd.dctcp; d != nil {
			d.marked(e, true)
		}
		if !x.demand {
			e.enterQuickACK(2) // the sender's window may be very small
			x.demand = true
		}
	default:
		if d := e.snd.dctcp; d != nil {
			d.marked(e, false)
		}
	}
	x.seen = true
}
