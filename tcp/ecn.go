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

// needsECN says whether the congestion control works by ECN marks (tcp_ca_needs_ecn).
func (e *Endpoint) needsECN() bool { return e.spec.Congestion == "dctcp" }

// ecnFillSYN asks for ECN in a SYN and grants it in a SYN-ACK (RFC 3168 section 6.1.1). A
// SYN that is sent again does not ask: the first may have been lost for asking
// (tcp_ecn_clear_syn).
func (e *Endpoint) ecnFillSYN(seg *Segment) {
	if !e.snd.ecn.ok {
		return
	}
	if seg.Flags.Has(ACK) {
		seg.Flags |= ECE
	} else if e.handshake.resent == 0 {
		seg.Flags |= ECE | CWR
	}
	if e.needsECN() {
		seg.ECN = ECT0
	}
}

// ecnSYNArrived accepts ECN if the peer's SYN asks for it and nothing on the path has
// marked it (tcp_ecn_create_request, tcp_ecn_rcv_syn).
func (e *Endpoint) ecnSYNArrived(seg *Segment) {
	asks := seg.Flags.Has(ECE | CWR)
	e.snd.ecn.ok = asks && (e.spec.ECN != 0 && seg.ECN == NotECT || e.needsECN())
}

// ecnSYNACKArrived is the peer's answer (tcp_ecn_rcv_synack).
func (e *Endpoint) ecnSYNACKArrived(seg *Segment) {
	e.snd.ecn.ok = e.snd.ecn.ok && seg.Flags&(ECE|CWR) == ECE
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
