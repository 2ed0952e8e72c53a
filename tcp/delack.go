package tcp

import "netgpusim/sim"

// When to acknowledge (Linux 5.8).
const (
	maxQuickACKs  = 16                    // TCP_MAX_QUICKACKS: ACKs without delay when a flow starts or goes wrong
	pingpongFrom  = 3                     // TCP_PINGPONG_THRESH: replies after which a connection is interactive
	delayMax      = 200 * sim.Millisecond // TCP_DELACK_MAX
	delayMaxBulk  = 500 * sim.Millisecond // HZ/2: for one that is not interactive and whose peer does not push
	compressedDup = 3                     // TCP_FASTRETRANS_THRESH: duplicates that go out at once, so that recovery starts
	compressShare = 20                    // an ACK is held back 1/20 of a round trip at most
	headerMin     = 536 + tcpHeader       // TCP_MSS_DEFAULT and a header: below it a segment is not trusted to be full
	segmentMin    = 88 + tcpHeader        // TCP_MIN_MSS and a header
	fullSizeFlags = FIN | URG | SYN | PSH // TCP_REMNANT: a segment with one of these may be short
)

// ackState is what the receiver owes the sender (inet_connection_sock.icsk_ack).
type ackState struct {
	scheduled bool // something has arrived since the last ACK (ICSK_ACK_SCHED)
	now       bool // an ACK is due at once (ICSK_ACK_NOW, tcp_send_ack)
	check     bool // data has arrived: the rules of ackDue decide
	pushed    bool // a short segment has arrived since the last ACK (ICSK_ACK_PUSHED)
	pushed2   bool // two have (ICSK_ACK_PUSHED2)
	quick     uint8
	pingpong  uint8    // replies sent soon after data, up to 255
	ato       sim.Time // predicted delay of the reply; 0 before the first data
	halfLeast sim.Time // half of its least value, Spec.DelayedACK
	lastData  sim.Time // lrcvtime
	lastTick  int64    // and in jiffies
	lastSize  uint32   // last_seg_size: of the last segment if it may be full but is shorter than mss
	mss       uint16   // largest segment seen: what a full one is (rcv_mss)
	dups      uint8    // duplicates sent since the hole's left edge moved
	saved     uint8    // ACKs held back by compression
	dupNxt    uint64
	prior     priorACK

	delayedAt    sim.Time
	compressedAt sim.Time
}

// policyFreeBSD is Spec.ACKPolicy for a receiver that acknowledges as FreeBSD does.
const policyFreeBSD = "freebsd"

// jiffies is the kernel's coarse clock: HZ=1000.
func jiffies(t sim.Time) int64 { return int64(t / jiffy) }

// priorACK is an acknowledgement of an earlier state that has to go before the present
// one: DCTCP's answer to a changed mark.
type priorACK struct {
	due bool
	nxt uint64
	ece bool
}

// dataArrived keeps the estimates that ACK rules need (tcp_event_data_recv).
func (e *Endpoint) dataArrived(now sim.Time, seg *Segment) {
	a := &e.rcv.ack
	a.scheduled, a.check = true, true
	e.measureSegment(seg)
	least := e.spec.DelayedACK
	tick := jiffies(now)
	switch gap := sim.Time(tick-a.lastTick) * jiffy; {
	case a.ato == 0:
		// The first data: the peer's slow start needs every ACK.
		e.rcv.quickACKs(maxQuickACKs)
		a.ato = least
	case gap <= least/2:
		a.ato = half(a.ato) + a.halfLeast
	case gap < a.ato:
		a.ato = min(half(a.ato)+gap, e.snd.rtt.timeout())
	case gap > e.snd.rtt.timeout():
		// The peer's window has shrunk meanwhile, or should have.
		e.rcv.quickACKs(maxQuickACKs)
	}
	a.lastData, a.lastTick = now, tick
	e.markArrived(seg)
}

// half is half of a time in whole ticks, as the kernel reckons, unless it is shorter than
// one.
func half(t sim.Time) sim.Time {
	if t < 2*jiffy {
		return t / 2
	}
	return t / 2 / jiffy * jiffy
}

// measureSegment estimates the size of the peer's full segments (tcp_measure_rcv_mss).
// A smaller one counts as full if it comes twice in a row and is not tiny, or does not
// end with PSH: the peer's path may have changed.
func (e *Endpoint) measureSegment(seg *Segment) {
	r := &e.rcv
	a := &r.ack
	frame := seg.Len
	if seg.Segs > 1 && seg.MSS > 0 {
		frame = uint32(seg.MSS)
	}
	last := a.lastSize
	a.lastSize = 0
	if frame >= uint32(a.mss) {
		a.mss = uint16(min(frame, uint32(r.advMSS)))
		return
	}
	if whole := frame + tcpHeader + uint32(seg.OptLen); whole >= headerMin || whole >= segmentMin && seg.Flags&fullSizeFlags == 0 {
		a.lastSize = whole - uint32(tcpHeader+bareOptionLen(e.opt.timestamps, 0))
		if a.lastSize == last {
			a.mss = uint16(a.lastSize)
			return
		}
	}
	a.pushed2 = a.pushed
	a.pushed = true
}

// quickACKs allows up to most ACKs without delay, enough for half the window
// (tcp_incr_quickack).
func (r *receiver) quickACKs(most uint64) {
	n := r.wnd / (2 * uint64(r.ack.mss))
	if n == 0 {
		n = 2
	}
	r.ack.quick = max(r.ack.quick, uint8(min(n, most)))
}

// enterQuickACK acknowledges what comes next at once, whatever the application does
// (tcp_enter_quickack_mode).
func (e *Endpoint) enterQuickACK(most uint64) {
	e.rcv.quickACKs(most)
	e.rcv.ack.pingpong = 0
	e.rcv.ack.ato = e.spec.DelayedACK
}

// interactive says whether the application answers what it gets, so that ACKs can wait
// for the answer (inet_csk_in_pingpong_mode).
func (a *ackState) interactive() bool { return a.pingpong >= pingpongFrom }

// enterInteractive supposes so from now on (inet_csk_enter_pingpong_mode).
func (a *ackState) enterInteractive() { a.pingpong = pingpongFrom }

// repliedAt counts a data segment that goes out soon after data has come in
// (tcp_event_data_sent); last is when data went out before.
func (a *ackState) repliedAt(now, last sim.Time) {
	if jiffies(last) < a.lastTick && sim.Time(jiffies(now)-a.lastTick)*jiffy < a.ato && a.pingpong < 255 {
		a.pingpong++
	}
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
	if e.spec.DelayedACK == 0 {
		return true
	}
	if e.spec.ACKPolicy == policyFreeBSD {
		return e.ackDueFreeBSD(now)
	}
	switch {
	case r.nxt-r.wup > uint64(a.mss) && (e.unread() < r.lowat || e.wantWindow() >= int64(r.wnd)),
		a.quick > 0 && !a.interactive():
		return true
	case r.ooo.ranges.len() > 0:
		return e.compress(now)
	}
	return e.delayACK(now)
}

// delayACK arms the timer of a delayed ACK. It says that the ACK goes now after all if
// an earlier one is nearly due (tcp_send_delayed_ack).
func (e *Endpoint) delayACK(now sim.Time) bool {
	a := &e.rcv.ack
	wait := a.ato
	if least := e.spec.DelayedACK; wait > least {
		most := delayMaxBulk
		if a.interactive() || a.pushed {
			most = delayMax
		}
		if srtt := e.snd.rtt.srtt(); srtt > 0 {
			most = min(most, max(srtt, least))
		}
		wait = min(wait, most)
	}
	if a.delayedAt != sim.Never && a.delayedAt <= now+wait/4 {
		return true
	}
	a.delayedAt = min(a.delayedAt, now+wait)
	return false
}

// compress holds back duplicate ACKs beyond those that start recovery: each SACK says
// all that the ones before it said. The timer is as late as it may be, to run together
// with others: nothing else wakes the CPU for it (hrtimer_start_range_ns).
func (e *Endpoint) compress(now sim.Time) bool {
	r := &e.rcv
	a := &r.ack
	if !e.opt.sack || int(a.saved) >= e.spec.CompSACKCount {
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
		a.compressedAt = now + min(rtt/compressShare, e.spec.CompSACKDelay) + e.spec.CompSACKSlack
	}
	return false
}

// quickSent counts segments that acknowledge against those that go without delay
// (tcp_dec_quickack_mode).
func (e *Endpoint) quickSent(segs uint16) {
	a := &e.rcv.ack
	if a.quick > 0 {
		if a.quick -= uint8(min(uint16(a.quick), segs)); a.quick == 0 {
			a.ato = e.spec.DelayedACK
		}
	}
}

// ackSent notes that an acknowledgement of everything goes out (tcp_event_ack_sent).
func (e *Endpoint) ackSent() {
	a := &e.rcv.ack
	e.mib.TCPAckCompressed += int64(a.saved)
	e.quickSent(1)
	a.scheduled, a.now, a.check, a.pushed, a.pushed2 = false, false, false, false, false
	a.saved = 0
	a.delayedAt, a.compressedAt = sim.Never, sim.Never
}

// ackTimer runs the timers of delayed and compressed ACKs (tcp_delack_timer_handler,
// tcp_compressed_ack_kick).
func (e *Endpoint) ackTimer(now sim.Time) {
	a := &e.rcv.ack
	if now >= a.delayedAt {
		a.delayedAt = sim.Never
		if a.scheduled {
			e.delayMissed()
			a.now = true
		}
	}
	if now >= a.compressedAt {
		a.compressedAt = sim.Never
		a.now = true
	}
}

// delayMissed learns from a delayed ACK that no reply has carried: the prediction was
// too short, or the application is not interactive after all.
func (e *Endpoint) delayMissed() {
	a := &e.rcv.ack
	e.mib.DelayedACKs++
	if a.interactive() {
		a.pingpong = 0
		a.ato = e.spec.DelayedACK
		return
	}
	a.ato = min(2*a.ato, e.snd.rtt.timeout())
}

// ackAfterRead decides whether a read calls for an ACK (tcp_cleanup_rbuf): more than
// a segment is unacknowledged, or a short segment was the last of what there was to
// read, or the window that can be advertised has doubled.
func (e *Endpoint) ackAfterRead() {
	r := &e.rcv
	a := &r.ack
	if e.spec.ACKPolicy == policyFreeBSD {
		a.now = a.now || e.updateDueFreeBSD()
		return
	}
	short := a.pushed2 || a.pushed && !a.interactive()
	if a.scheduled && (r.nxt-r.wup > uint64(a.mss) || short && r.memory.charged == 0) {
		a.now = true
		return
	}
	if e.closing.taken {
		return // nothing more will come
	}
	if room := r.room(); 2*int64(room) <= r.win.clamp {
		if w := e.wantWindow(); w > 0 && uint64(w) >= 2*room {
			a.now = true
		}
	}
}
