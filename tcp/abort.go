package tcp

import "netgpusim/sim"

// Abort ends the connection for good, as tcp_done leaves it: no timer runs any more,
// and the buffers of received segments that wait for others are handed out by
// NextDelivery to be freed. What was written and not acknowledged will never be. seg
// becomes the reset that tells the peer so (RFC 9293 section 3.10.7.4,
// tcp_send_active_reset).
//
// The caller gives the endpoint no more segments and asks it for none: as for a
// connection that the kernel has forgotten, what still comes is answered with another
// reset, from another Abort.
func (e *Endpoint) Abort(now sim.Time, seg *Segment) {
	e.advance(now)
	r := &e.rcv
	for q := &r.ooo; q.ranges.len() > 0; q.ranges.popFront() {
		r.freeChain(q.ranges.front())
	}
	r.ooo.bytes = 0
	r.nrecent = 0
	e.fill(now, seg)
	seg.Flags |= RST
	e.snd.timer.stop()
	r.ack.delayedAt, r.ack.compressedAt = sim.Never, sim.Never
	e.stats.limit(now, limitApp)
}
