package tcp

import "netgpusim/sim"

// replyKind is a segment that has to go out whatever the state says.
type replyKind uint8

const (
	replyNone  replyKind = iota
	replyACK             // to a segment that is not acceptable
	replyReset           // to one that belongs to no connection, or that ended this one
	replyAbort           // of this end's own will
)

// reply is that segment, and when the last one was allowed.
type reply struct {
	kind     replyKind
	flags    Flags
	seq, ack uint32
	limited  bool     // one has been sent
	at       sim.Time // when
}

// answer acknowledges a segment that is not acceptable.
func (e *Endpoint) answer() { e.reply.kind = replyACK }

// refuse resets what a segment comes from.
func (e *Endpoint) refuse(seg *Segment) {
	r := &e.reply
	r.kind = replyReset
	r.flags, r.seq, r.ack = resetFor(seg)
}

// resetFor is how a segment without a connection is reset (RFC 9293 section 3.10.7.1):
// at what it acknowledges, else at 0 with an acknowledgement of all of it.
func resetFor(seg *Segment) (f Flags, seq, ack uint32) {
	if seg.Flags.Has(ACK) {
		return RST, seg.Ack, 0
	}
	return RST | ACK, 0, seg.Seq + seg.Len + uint32(seg.Flags.sequenceLen())
}

// ResetFor makes out the reset that a segment without a connection gets (RFC 9293 section
// 3.10.7.1). It is false for a reset, which gets none.
func ResetFor(seg, out *Segment) bool {
	if seg.Flags.Has(RST) {
		return false
	}
	*out = Segment{Segs: 1}
	out.Flags, out.Seq, out.Ack = resetFor(seg)
	return true
}

// sendReply fills in the segment that has to go out.
func (e *Endpoint) sendReply(now sim.Time, seg *Segment) {
	kind := e.reply.kind
	e.reply.kind = replyNone
	switch kind {
	case replyACK:
		e.fill(now, seg)
		return
	case replyAbort:
		e.fill(now, seg)
		seg.Flags |= RST
		return
	}
	*seg = Segment{Seq: e.reply.seq, Ack: e.reply.ack, Flags: e.reply.flags, Segs: 1}
}

// reset ends the connection because the peer has reset it (tcp_reset).
func (e *Endpoint) reset(now sim.Time) {
	switch e.state {
	case SynSent:
		e.done(now, ECONNREFUSED)
	case CloseWait:
		e.done(now, EPIPE)
	default:
		e.done(now, ECONNRESET)
	}
}

// done ends the connection for good (tcp_done): no timer runs any more, and the buffers
// of received segments that wait for others are handed out by NextDelivery to be freed.
func (e *Endpoint) done(now sim.Time, err Errno) {
	r := &e.rcv
	for q := &r.ooo; q.ranges.len() > 0; q.ranges.popFront() {
		r.freeChain(q.ranges.front())
	}
	r.ooo.bytes = 0
	r.nrecent = 0
	e.snd.timer.stop()
	e.snd.probe = probeNone
	e.snd.pacing.wake = sim.Never
	r.ack.delayedAt, r.ack.compressedAt = sim.Never, sim.Never
	r.ack.now, r.ack.check = false, false
	e.handshake.at, e.handshake.due = sim.Never, false
	e.slowAt = sim.Never
	e.state = Closed
	if err != 0 && e.err == 0 {
		e.err = err
	}
	e.stats.limit(now, limitApp)
}
