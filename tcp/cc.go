package tcp

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/sim"
)

// congestion is a congestion control algorithm: what the sender asks when it may
// open its window or must close it (Linux struct tcp_congestion_ops). Reaction to loss
// itself (recovery, PRR) is the sender's own and the same for all.
type congestion interface {
	// acked is called when an ACK has delivered n > 0 segments while the window
	// bound the sender, outside of a reduction. It opens s.cwnd (cong_avoid).
	acked(s *sender, now sim.Time, n uint32)
	// ssthresh is called when a reduction begins. It returns the window, in segments,
	// that is left at its end.
	ssthresh(s *sender) uint32
	// undo returns the window after a reduction that was made in vain (undo_cwnd).
	undo(s *sender) uint32
	// measured is called with the round trip of the last segment that an ACK covers
	// (pkts_acked).
	measured(s *sender, now, rtt sim.Time)
	// state is called before s.ca changes (set_state).
	state(s *sender, now sim.Time, to CAState)
	// event is called when something has happened (cwnd_event).
	event(s *sender, now sim.Time, ev congestionEvent)
}

// controller is a congestion control that sets window and pacing rate by itself on
// every ACK, in all states (cong_control).
type controller interface {
	control(s *sender, now sim.Time, rs rateSample)
	// tsoSegs is the size of super-segments in segments (tcp_tso_segs with min_tso_segs).
	tsoSegs(s *sender) uint32
}

// congestionEvent is what a congestion control may want to know.
type congestionEvent uint8

const (
	eventStart congestionEvent = iota // sending starts again with nothing in flight (CA_EVENT_TX_START)
	eventLoss                         // a timeout reduces the window (CA_EVENT_LOSS)
)

// cwnd is the congestion window, in segments as Linux counts it.
type cwnd struct {
	size     uint32
	ssthresh uint32
	credit   uint32 // segments acknowledged towards the next additive increase
	max      uint32 // largest size since RestartStats
}

// ssthreshNone is the slow start threshold before the first loss.
const ssthreshNone = 0x7fffffff

// cwndMax keeps window arithmetic within 32 bits: 2^24 segments are 23 GB in flight
// at MSS 1420.
const cwndMax = 1 << 24

// slow says whether the window is in slow start.
func (w *cwnd) slow() bool { return w.size < w.ssthresh }

// slowStart opens the window by a segment per segment acknowledged, up to ssthresh
// (RFC 5681 section 3.1 with appropriate byte counting), and returns how many of
// the n segments it had no use for.
func (w *cwnd) slowStart(n uint32) uint32 {
	grown := min(w.size+n, w.ssthresh)
	n -= grown - w.size
	w.set(grown)
	return n
}

// additive opens the window by a segment for every per segments acknowledged.
func (w *cwnd) additive(per, n uint32) {
	if w.credit >= per {
		// Credit from a time when a segment cost more is worth one, not a burst.
		w.credit = 0
		w.set(w.size + 1)
	}
	w.credit += n
	if w.credit >= per {
		w.set(w.size + w.credit/per)
		w.credit %= per
	}
}

// set changes the window.
func (w *cwnd) set(size uint32) {
	w.size = min(size, cwndMax)
	w.max = max(w.max, w.size)
}

// CongestionControls are the names that Spec.Congestion and SetCongestion take.
var CongestionControls = []string{"bbr", "cubic", "dctcp", "reno"}

// SetCongestion changes the congestion control of a connection (TCP_CONGESTION); the
// window stays as it is.
func (e *Endpoint) SetCongestion(name string) error {
	if !slices.Contains(CongestionControls, name) {
		return fmt.Errorf("congestion control %q: allowed are %s", name, strings.Join(CongestionControls, ", "))
	}
	e.startCongestion(name)
	return nil
}

// startCongestion begins with an algorithm (tcp_init_congestion_control). DCTCP
// without ECN is Reno.
func (e *Endpoint) startCongestion(name string) {
	s := &e.snd
	s.model, s.dctcp = nil, nil
	switch {
	case name == "bbr":
		b := newBBR(e)
		s.cc, s.model = b, b
		s.pacing.on = true
	case name == "dctcp" && s.ecn.ok:
		s.dctcp = newDCTCP(e)
		s.cc = s.dctcp
	case name == "cubic":
		s.cc = newCubic(s, e.now)
	default:
		s.cc = &reno{}
	}
}
