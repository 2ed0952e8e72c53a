package tcp

import "netgpusim/sim"

// rackPersist is how many recoveries without a D-SACK it takes for the reordering
// window to go back to its least size (TCP_RACK_RECOVERY_THRESH).
const rackPersist = 16

// The bits of tcp_recovery (Spec.RACK).
const (
	rackDetects     = 1 << iota // TCP_RACK_LOSS_DETECTION
	rackStatic                  // TCP_RACK_STATIC_REO_WND
	rackNoDupThresh             // TCP_RACK_NO_DUPTHRESH
)

// rack is RACK loss detection (RFC 8985, Linux 5.8 net/ipv4/tcp_recovery.c): what was
// sent well before something that has arrived is lost. Unlike a count of duplicates it
// also finds lost retransmissions and lost tails.
type rack struct {
	sentAt   sim.Time // transmission time of the latest-sent segment that has arrived,
	end      uint64   // and where it ended
	rtt      sim.Time // round trip of the last one that has arrived
	advanced bool     // something has arrived since losses were looked for last

	mode          uint8  // tcp_recovery
	steps         uint8  // reordering window in quarters of the least round trip
	persist       uint8  // recoveries for which steps is kept
	dsackSeen     bool   // a D-SACK has come since the window was adapted
	lastDelivered uint64 // delivered when it was
}

// advance notes that b has arrived up to offset end (tcp_rack_advance). A
// retransmission that seems to be back sooner than any round trip was its original.
func (r *rack) advance(now sim.Time, b *block, end uint64, rtt *rttEstimator) {
	took := now - b.sentAt
	if b.retrans && (took < rtt.min() || !rtt.least.any) {
		return
	}
	r.advanced = true
	r.rtt = took
	if sentAfter(b.sentAt, end, r.sentAt, r.end) {
		r.sentAt, r.end = b.sentAt, end
	}
}

// sentAfter orders transmissions by time, those of the same burst by offset.
func sentAfter(t1 sim.Time, end1 uint64, t2 sim.Time, end2 uint64) bool {
	return t1 > t2 || (t1 == t2 && end1 > end2)
}

// adaptReorderWindow opens the reordering window by a quarter of the least round trip
// for every round trip in which a D-SACK shows a retransmission to have been in vain
// (tcp_rack_update_reo_wnd, RFC 8985 section 6.2 step 4).
func (e *Endpoint) adaptReorderWindow(rs *rateSample) {
	s := &e.snd
	r := &s.rack
	if r.mode&rackStatic != 0 || rs.priorDelivered == 0 {
		return
	}
	if rs.priorDelivered < r.lastDelivered {
		r.dsackSeen = false // no round trip has passed since the last adaptation
	}
	switch {
	case r.dsackSeen:
		r.steps = uint8(min(int(r.steps)+1, 255))
		r.dsackSeen = false
		r.lastDelivered = s.delivered
		r.persist = rackPersist
	case r.persist == 0:
		r.steps = 1
	}
}

// reorderWindow is how long a segment may be overtaken before it counts as lost:
// nothing if there has never been reordering and the evidence is plain: as many
// segments have overtaken it as the reordering metric says, or recovery is on
// (tcp_rack_reo_wnd).
func (s *sender) reorderWindow() sim.Time {
	if s.reorderSeen == 0 && (s.ca >= CARecovery || s.sackedOut() >= s.reordering && s.rack.mode&rackNoDupThresh == 0) {
		return 0
	}
	return min(s.rtt.min()/4*sim.Time(s.rack.steps), s.rtt.srtt())
}

// detectByRACK gives up blocks whose time is over if anything has arrived since the
// last look, and arms the reordering timer (tcp_rack_mark_lost).
func (e *Endpoint) detectByRACK(now sim.Time, news *ackNews) {
	s := &e.snd
	if !s.rack.advanced {
		return
	}
	s.rack.advanced = false
	wait, again := s.rackLosses(now)
	news.lostAgain = news.lostAgain || again
	if wait > 0 {
		s.timer.arm(timerReorder, now+min(wait+timerSlack, s.rtt.timeout()))
	}
}

// rackLosses gives up blocks whose time is over, oldest transmission first
// (tcp_rack_detect_loss). It returns how long the last of those that have been
// overtaken but have time left has, and whether a retransmission was lost.
func (s *sender) rackLosses(now sim.Time) (wait sim.Time, again bool) {
	q := &s.rtx
	limit := s.rack.rtt + s.reorderWindow()
	for q.flight.head != none {
		b := &q.blocks[q.flight.head]
		if !s.overtaken(b) {
			return 0, again
		}
		if b.sentAt+limit > now {
			break
		}
		b.byRACK = true
		if q.lose(q.flight.head) {
			again = true
		}
	}
	if q.flight.head == none {
		return 0, again
	}
	// The edge moves only forward, so that all ACKs together walk the list once.
	next := q.flight.head
	if q.edge != none {
		next = q.blocks[q.edge].next
	}
	for next != none && s.overtaken(&q.blocks[next]) {
		q.edge = next
		next = q.blocks[next].next
	}
	return q.blocks[q.edge].sentAt + limit - now, again
}

// overtaken says that something sent after b has arrived.
func (s *sender) overtaken(b *block) bool {
	return sentAfter(s.rack.sentAt, s.rack.end, b.sentAt, b.end())
}

// reorderTimeout gives up the blocks whose reordering window has ended
// (tcp_rack_reo_timeout).
func (e *Endpoint) reorderTimeout(now sim.Time) {
	s := &e.snd
	before := s.inFlight()
	s.rackLosses(now)
	if s.inFlight() != before {
		if s.ca != CARecovery {
			e.enterRecovery(false)
			if s.model == nil {
				s.prr.delivered(s, &ackNews{rate: rateSample{acked: 1}})
			}
		}
		s.rexmit = rexmitLost
	}
	e.rearm(now)
}
