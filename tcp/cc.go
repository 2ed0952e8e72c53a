package tcp

import "netgpusim/sim"

// congestion is a congestion control algorithm: what the sender asks when it may
// open its window or must close it. Reaction to loss itself (recovery, PRR) is the
// sender's own and the same for all.
type congestion interface {
	// acked is called when an ACK has delivered n > 0 segments while the window
	// bound the sender, outside of recovery. It opens w.
	acked(w *cwnd, now sim.Time, n uint32)
	// ssthresh is called when recovery or a timeout begins. It returns the window,
	// in segments, that the loss leaves.
	ssthresh(w *cwnd) uint32
	// rtt is called with every round-trip sample that is not ambiguous.
	rtt(w *cwnd, s rttSample)
	// timedOut is called on a retransmission timeout: the path may be another one.
	timedOut()
	// resumed is called when sending starts again after nothing was in flight for
	// the given time.
	resumed(idle sim.Time)
}

// rttSample is one measurement and where the sender stood when it was made.
type rttSample struct {
	now  sim.Time
	rtt  sim.Time
	una  uint64 // stream offsets: first byte not acknowledged,
	nxt  uint64 // first byte not sent
	rate uint64 // sending rate, window per SRTT with Linux's pacing gain, bytes/s
}

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

// newCongestion returns the algorithm of that name. A Spec that has been checked
// names no other.
func newCongestion(name string) congestion {
	if name == "reno" {
		return &reno{}
	}
	return &cubic{}
}
