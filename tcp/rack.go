package tcp

import "netgpusim/sim"

// rack is RACK loss detection (RFC 8985): what was sent well before something that has
// arrived is lost. Unlike a count of duplicates it also finds lost retransmissions and
// lost tails.
type rack struct {
	sentAt sim.Time // transmission time of the latest-sent segment that has arrived,
	end    uint64   // and where it ended
	rtt    sim.Time // its round trip
	any    bool
}

// advance notes that b has arrived up to offset end. A retransmission that seems to
// be back sooner than any round trip was its original.
func (r *rack) advance(now sim.Time, b *block, end uint64, rtt *rttEstimator) {
	took := now - b.sentAt
	if b.retrans && took < rtt.minRTT {
		return
	}
	if r.any && !sentAfter(b.sentAt, end, r.sentAt, r.end) {
		return
	}
	*r = rack{sentAt: b.sentAt, end: end, rtt: took, any: true}
}

// sentAfter orders transmissions by time, those of the same burst by offset.
func sentAfter(t1 sim.Time, end1 uint64, t2 sim.Time, end2 uint64) bool {
	return t1 > t2 || (t1 == t2 && end1 > end2)
}

// reorderWindow is how long a segment may be overtaken before it counts as lost: a
// quarter of the least round trip; nothing if there has never been reordering and the
// evidence is plain: three segments have overtaken it, or recovery is on (RFC 8985
// section 6.2 step 4).
func (s *sender) reorderWindow() sim.Time {
	if !s.reordered && (s.state >= stateRecovery || s.rtx.out[sacked] >= dupThresh) {
		return 0
	}
	return min(s.rtt.minRTT/4, s.rtt.srtt())
}

// detectByRACK gives up blocks whose time is over, oldest transmission first, and arms
// the reordering timer for the first whose time is still running.
func (e *Endpoint) detectByRACK(now sim.Time, news *ackNews) {
	s := &e.snd
	q := &s.rtx
	if !s.rack.any {
		return
	}
	window := s.reorderWindow()
	for q.flight.head != none {
		id := q.flight.head
		b := &q.blocks[id]
		if !sentAfter(s.rack.sentAt, s.rack.end, b.sentAt, b.end()) {
			return
		}
		if due := b.sentAt + s.rack.rtt + window; due > now {
			s.timer.arm(timerReorder, min(due+timerSlack, now+s.rtt.timeout()))
			return
		}
		if b.retrans {
			news.lostAgain = true
		}
		q.lose(id)
	}
}
