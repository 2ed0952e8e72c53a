package tcp

import "netgpusim/sim"

// predicted says whether header prediction takes a segment (tcp_rcv_established): nothing
// but the acknowledgement and the timestamp may be new in its header, whose length must be
// that of timestamps alone. Patch 13's padding is not counted there, so that with it
// every segment takes the slow path.
func (e *Endpoint) predicted(seg *Segment) bool {
	r, s := &e.rcv, &e.snd
	return seg.Flags&^PSH == ACK && int(seg.OptLen) == bareOptionLen(e.opt.timestamps, 0) && uint64(seg.Window) == s.window &&
		seg.Seq == seqOf(e.cfg.RemoteISS, r.nxt) && seqDistance(seg.Ack, seqOf(e.cfg.LocalISS, s.nxt)) >= 0 &&
		r.ooo.ranges.len() == 0 && r.wnd > 0 && r.memory.charged < r.memory.buffer &&
		(!e.opt.timestamps || seg.Opts.Has(OptTimestamps) && int32(seg.TSVal-r.tsRecent) >= 0)
}

// bringsNext says whether a segment brings the next bytes of the stream and nothing else
// while this end only receives: what a bulk receiver gets. Then takeNext does what the
// long way through valid, acknowledge and receive does.
func (e *Endpoint) bringsNext(seg *Segment) bool {
	r, s := &e.rcv, &e.snd
	return seg.Len > 0 && seg.Flags&^PSH == ACK && seg.Seq == seqOf(e.cfg.RemoteISS, r.nxt) &&
		seg.Ack == seqOf(e.cfg.LocalISS, s.nxt) && s.nxt == s.una && seg.NSACK == 0 && s.tailProbe.end == 0 &&
		r.room() > 0 && r.memory.charged <= r.memory.buffer && int32(r.tsRecent-seg.TSVal) <= pawsTolerance &&
		!e.closing.heard && r.urgent.state != UrgentAwaited
}

// takeNext is the short way of such a segment.
func (e *Endpoint) takeNext(now sim.Time, seg *Segment) {
	e.noteTimestamp(now, seg, 0)
	e.acknowledgeNothing(now, seg)
	e.measureEcho(now, seg)
	e.takeInOrder(now, seg, 0, seg.Len)
}
