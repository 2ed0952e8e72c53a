package tcp

import "netgpusim/sim"

// reno is the algorithm of RFC 5681: a segment per round trip, half on a loss.
type reno struct{}

func (*reno) acked(s *sender, _ sim.Time, n uint32) {
	w := &s.cwnd
	if w.slow() {
		n = w.slowStart(n)
		if n == 0 {
			return
		}
	}
	w.additive(w.size, n)
}

func (*reno) ssthresh(s *sender) uint32 { return max(s.cwnd.size/2, 2) }

// undo restores the window from before the reduction (tcp_reno_undo_cwnd).
func (*reno) undo(s *sender) uint32 { return max(s.cwnd.size, s.undo.cwnd) }

func (*reno) measured(*sender, sim.Time, sim.Time) {}

func (*reno) state(*sender, sim.Time, CAState) {}

func (*reno) event(*sender, sim.Time, congestionEvent) {}
