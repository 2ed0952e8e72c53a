package tcp

import "netgpusim/sim"

// reno is the algorithm of RFC 5681: a segment per round trip, half on a loss.
type reno struct{}

func (*reno) acked(w *cwnd, _ sim.Time, n uint32) {
	if w.slow() {
		n = w.slowStart(n)
		if n == 0 {
			return
		}
	}
	w.additive(w.size, n)
}

func (*reno) ssthresh(w *cwnd) uint32 { return max(w.size/2, 2) }

func (*reno) rtt(*cwnd, rttSample) {}

func (*reno) timedOut() {}

func (*reno) resumed(sim.Time) {}
