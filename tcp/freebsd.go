package tcp

import "netgpusim/sim"

// ackDueFreeBSD is the rule of FreeBSD's tcp_input (DELAY_ACK): a segment waits unless one
// waits already, is larger than an MSS, or leaves a hole. There are no quick ACKs.
func (e *Endpoint) ackDueFreeBSD(now sim.Time) bool {
	r := &e.rcv
	a := &r.ack
	if a.delayedAt != sim.Never || r.nxt-r.wup > uint64(a.mss) || r.ooo.ranges.len() > 0 {
		return true
	}
	a.delayedAt = now + e.spec.DelayedACK
	return false
}

// updateDueFreeBSD is the rule of its tcp_output for window updates: two segments that are
// a quarter of the buffer, or half of the buffer.
func (e *Endpoint) updateDueFreeBSD() bool {
	r := &e.rcv
	want, room := e.wantWindow(), int64(r.room())
	full := e.spec.winFromSpace(r.memory.buffer)
	gain, mss := want-room, int64(r.ack.mss)
	return gain >= 2*mss && (gain >= full/4 || room <= full/8 || full <= 8*mss) || 2*gain >= full
}
