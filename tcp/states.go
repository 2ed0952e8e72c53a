package tcp

import "netgpusim/sim"

// inputState is a segment in any state but ESTABLISHED (tcp_rcv_state_process).
func (e *Endpoint) inputState(now sim.Time, seg *Segment) {
	switch e.state {
	case Closed:
		e.rcv.drop(seg)
		if !seg.Flags.Has(RST) {
			e.refuse(seg)
		}
	case SynSent:
		e.inputSynSent(now, seg)
		e.rcv.drop(seg)
	case SynReceived:
		e.inputSynReceived(now, seg)
	case TimeWait:
		e.inputTimeWait(now, seg)
	case FinWait2:
		if e.closing.orphan {
			e.inputOrphan(now, seg)
			return
		}
		e.inputClosing(now, seg)
	default:
		e.inputClosing(now, seg)
	}
}

// inputClosing is a segment after one end or both have closed. Other than in ESTABLISHED,
// what acknowledges less than is acknowledged already is taken for invalid, as in Linux.
func (e *Endpoint) inputClosing(now sim.Time, seg *Segment) {
	if !e.valid(now, seg) {
		e.rcv.drop(seg)
		return
	}
	if seqDistance(seqOf(e.cfg.LocalISS, e.snd.una), seg.Ack) < 0 {
		e.challenge(now)
		e.rcv.drop(seg)
		return
	}
	if !e.acknowledge(now, seg) || !e.closingStates(now, seg) {
		e.rcv.drop(seg)
		return
	}
	d := seqDistance(seqOf(e.cfg.RemoteISS, e.rcv.nxt), seg.Seq)
	if !e.state.mayReceive() {
		if d >= 0 || d+int64(seg.Len)+seg.Flags.sequenceLen() > 0 {
			e.rcv.drop(seg) // the peer has closed: there is nothing behind its FIN
			return
		}
	} else if (e.closing.orphan || e.closing.deaf) && seg.Len > 0 && d+int64(seg.Len) > 0 {
		// Data for nobody (RFC 1122 section 4.2.2.13).
		e.rcv.drop(seg)
		e.refuse(seg)
		e.done(now, ECONNRESET)
		return
	}
	e.receive(now, seg)
}
