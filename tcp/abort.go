package tcp

import "netgpusim/sim"

// Abort ends the connection for good. What was written and not acknowledged will never
// be. seg becomes the reset that tells the peer so (RFC 9293 section 3.10.7.4,
// tcp_send_active_reset).
//
// The caller gives the endpoint no more segments and asks it for none: as for a
// connection that the kernel has forgotten, what still comes is answered with another
// reset, from another Abort.
func (e *Endpoint) Abort(now sim.Time, seg *Segment) {
	e.advance(now)
	e.done(now, 0)
	e.fill(now, seg)
	seg.Flags |= RST
}
