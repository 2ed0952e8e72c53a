package tcp

import "netgpusim/sim"

// inputTimeWait is a segment in TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 1337,
// tcp_timewait_state_process).
func (e *Endpoint) inputTimeWait(now sim.Time, seg *Segment) {
	e.rcv.drop(seg)
	stale := e.pawsRejects(now, seg)
	d := seqDistance(seqOf(e.cfg.RemoteISS, e.rcv.nxt), seg.Seq)
	empty := seg.Len == 0 && seg.Flags.sequenceLen() == 0
	switch {
	case !stale && d == 0 && seg.Flags.Has(RST):
		if !e.spec.RFC1337 {
			e.done(now, 0)
		}
		return
	case !stale && d == 0 && empty:
		e.slowAt = now + timeWaitLen
		e.noteTimestamp(now, seg, d)
		return
	case seg.Flags.Has(RST):
		return
	}
	if stale || seg.Flags.Has(ACK) {
		e.slowAt = now + timeWaitLen
	}
	if e.mayAnswerTo(now, seg) {
		e.answer()
	}
}

// inputOrphan is a segment in FIN-WAIT-2 of a connection that no process has. Linux keeps no
// more of it than of one in TIME-WAIT (tcp_timewait_state_process); data are answered with a
// reset (RFC 1122 section 4.2.2.13).
func (e *Endpoint) inputOrphan(now sim.Time, seg *Segment) {
	e.rcv.drop(seg)
	r := &e.rcv
	d := seqDistance(seqOf(e.cfg.RemoteISS, r.nxt), seg.Seq)
	n := int64(seg.Len) + seg.Flags.sequenceLen()
	switch {
	case e.pawsRejects(now, seg) || !inWindow(d, n, int64(r.wnd)):
		if e.mayAnswerTo(now, seg) {
			e.answer()
		}
	case seg.Flags.Has(RST):
		e.done(now, 0)
	case seg.Flags.Has(SYN) && d >= 0:
		e.refuse(seg)
		e.done(now, 0)
	case !seg.Flags.Has(ACK) || d+n <= 0 || n == 0:
	case !seg.Flags.Has(FIN) || d+n != 1:
		e.refuse(seg)
		e.done(now, 0)
	default:
		e.noteTimestamp(now, seg, d)
		e.noteFIN(r.nxt)
		e.takeFIN(now)
	}
}

// Reopens says whether a SYN may begin a new connection between the same ports although
// this one is in TIME-WAIT: its sequence number or its timestamp is beyond all that this
// one has seen (RFC 9293 section 3.10.7.4, RFC 6191).
func (e *Endpoint) Reopens(now sim.Time, seg *Segment) bool {
	if e.state != TimeWait || seg.Flags&(SYN|RST|ACK) != SYN || e.pawsRejects(now, seg) {
		return false
	}
	later := e.opt.timestamps && seg.Opts.Has(OptTimestamps) && int32(seg.TSVal-e.rcv.tsRecent) > 0
	return later || seqDistance(seqOf(e.cfg.RemoteISS, e.rcv.nxt), seg.Seq) > 0
}

// Reusable says whether a new connection of this end may take the ports of this one, which
// is in TIME-WAIT: timestamps of the next second tell the two apart (tcp_twsk_unique).
func (e *Endpoint) Reusable(now sim.Time) bool {
	return e.state == TimeWait && e.opt.timestamps && now > e.rcv.tsRecentAt+sim.Second
}

// NextISS is where the stream of a connection that Reopens allows begins, out of the way
// of what this one has sent.
func (e *Endpoint) NextISS() uint32 { return seqOf(e.cfg.LocalISS, e.snd.nxt) + 65535 + 2 }
