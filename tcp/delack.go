package tcp

import "netgpusim/sim"

// When to acknowledge (Linux 5.8).
const (
	maxQuickACKs  = 16                  // ACKs without delay when a flow starts or goes wrong
	compressedMax = 44                  // tcp_comp_sack_nr: ACKs saved before one is sent
	compressedDup = 3                   // duplicates that go out at once, so that recovery starts
	compressShare = 20                  // an ACK is held back 1/20 of a round trip,
	compressDelay = 1 * sim.Millisecond // but no longer than this
)

// ackState is what the receiver owes the sender.
type ackState struct {
	scheduled bool  // something has arrived since the last ACK
	now       bool  // an ACK is due at once
	check     bool  // data has arrived: the rules of ackDue decide
	short     bool  // a short segment has arrived since the last ACK
	started   bool  // the first data has arrived
	quick     uint8 // ACKs to send without delay
	dups      uint8 // duplicates sent since the hole's left edge moved
	saved     uint8 // ACKs held back by compression
	dupNxt    uint64
	prior     priorACK

	delayedAt    sim.Time
	compressedAt sim.Time
	lastData     sim.Time
}

// priorACK is an acknowledgement of an earlier state that has to go before the present
// one: DCTCP's answer to a changed mark.
type priorACK struct {
	due bool
	nxt uint64
	ece bool
}

// dataArrived keeps the estimates that ACK rules need (tcp_event_data_recv).
func (e *Endpoint) dataArrived(now sim.Time, seg *Segment) {
	r := &e.rcv
	a := &r.ack
	frame := seg.Len
	if seg.Segs > 1 && seg.MSS > 0 {
		frame = uint32(seg.MSS)
	}
	switch {
	case frame >= uint32(r.mss):
		r.mss = uint16(min(frame, uint32(e.mss)))
	default:
		a.short = true
	}
	if !a.started || now-a.lastData > e.snd.rtt.timeout() {
		// A flow that starts, or starts again: its slow start needs every ACK.
		a.started = true
		r.quickACKs(maxQuickACKs)
	}
	a.lastData = now
	a.scheduled, a.check = true, true
	e.markArrived(seg)
}

// quickACKs allows up to most ACKs without delay, enough for half the window
// (tcp_incr_quickack).
func (r *receiver) quickACKs(most uint8) {
	n := r.wnd / (2 * uint64(r.mss))
	r.ack.quick = max(r.ack.quick, uint8(min(max(n, 2), uint64(most))))
}

// ackDue decides whether an ACK goes out now, and arms a timer if it may wait
// (__tcp_ack_snd_check).
func (e *Endpoint) ackDue(now sim.Time) bool {
	r := &e.rcv
	a := &r.ack
	if a.now {
		return true
	}
	if !a.check {
		return false
	}
	a.check = false
	switch {
	case r.nxt-r.wup > uint64(r.mss) && r.wantWindow() >= r.wnd,
		a.quick > 0,
		e.spec.DelayedACK == 0:
		return true
	case r.ooo.ranges.len() > 0:
		return e.compress(now)
	}
	a.delayedAt = min(a.delayedAt, now+e.spec.DelayedACK)
	return false
}

// compress holds back duplicate ACKs beyond those that start recovery: each SACK says
// all that the ones before it said.
func (e *Endpoint) compress(now sim.Time) bool {
	r := &e.rcv
	a := &r.ack
	if !e.opt.sack || a.saved >= compressedMax {
		return true
	}
	if a.dupNxt != r.nxt {
		a.dupNxt, a.dups = r.nxt, 0
	}
	if a.dups < compressedDup {
		a.dups++
		return true
	}
	rtt := r.win.rtt8 >> 3
	if srtt := e.snd.rtt.srtt(); srtt > 0 && srtt < rtt {
		rtt = srtt
	}
	a.saved++
	if a.compressedAt == sim.Never {
		a.compressedAt = now + min(rtt/compressShare, compressDelay)
	}
	return false
}

// ackSent notes that seg carries an acknowledgement of everything.
func (e *Endpoint) ackSent(seg *Segment) {
	a := &e.rcv.ack
	if a.quick > 0 {
		a.quick--
	}
	a.scheduled, a.now, a.check, a.short = false, false, false, false
	a.saved = 0
	a.delayedAt, a.compressedAt = sim.Never, sim.Never
}

// ackTimer runs the timers of delayed and compressed ACKs.
func (e *Endpoint) ackTimer(now sim.Time) {
	a := &e.rcv.ack
	if now >= a.delayedAt || now >= a.compressedAt {
		a.delayedAt, a.compressedAt = sim.Never, sim.Never
		a.now = true
	}
}

// ackAfterRead decides whether a read calls for an ACK (tcp_cleanup_rbuf): more than
// a segment is unacknowledged, or a short segment was the last of what there was to
// read, or the window that can be advertised has doubled.
func (e *Endpoint) ackAfterRead() {
	r := &e.rcv
	a := &r.ack
	if a.scheduled && (r.nxt-r.wup > uint64(r.mss) || a.short && r.copied == r.nxt) {
		a.now = true
		return
	}
	if room := r.room(); 2*room <= r.win.buffer/2 {
		if w := r.wantWindow(); w > 0 && w >= 2*room {
			a.now = true
		}
	}
}
