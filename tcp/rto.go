package tcp

import "netgpusim/sim"

// Bounds of the retransmission timeout (Linux 5.8 include/net/tcp.h). The floor of
// the variance term is Spec.MinRTO.
const (
	rtoInitial = sim.Second       // before the first round-trip sample, RFC 6298 rule 2.1
	rtoMax     = 120 * sim.Second // TCP_RTO_MAX, RFC 6298 rule 2.5 demands at least 60 s
)

// rttEstimator turns round-trip samples into SRTT and RTO: RFC 6298, with the two
// changes of Linux's tcp_rtt_estimator: a falling RTT raises the variance only an
// eighth as fast, and the variance used is the largest deviation of the last round
// trip, decaying by a quarter per round trip, never below MinRTO.
type rttEstimator struct {
	srtt8   sim.Time // 8 * SRTT; 0 before the first sample
	mdev4   sim.Time // 4 * mean deviation
	mdevMax sim.Time // largest mdev4 in the present round trip
	rttvar4 sim.Time // 4 * RTTVAR as used
	round   uint64   // the round trip ends when this offset is acknowledged
	least   windowed // least sample of the last Spec.MinRTTWindow, ps by ms
	rto     sim.Time
	backoff uint8 // timeouts in a row
}

// sample takes in one measurement; una and nxt are the sender's edges.
func (r *rttEstimator) sample(rtt, minRTO sim.Time, una, nxt uint64) {
	rtt = max(rtt, sim.Picosecond)
	if r.srtt8 == 0 {
		r.srtt8 = 8 * rtt
		r.mdev4 = 2 * rtt
		r.rttvar4 = max(r.mdev4, minRTO)
		r.mdevMax = r.rttvar4
		r.round = nxt
	} else {
		err := rtt - r.srtt8>>3
		r.srtt8 = max(r.srtt8+err, 1)
		if err < 0 {
			err = -err - r.mdev4>>2
			if err > 0 {
				err >>= 3
			}
		} else {
			err -= r.mdev4 >> 2
		}
		r.mdev4 += err
		r.mdevMax = max(r.mdevMax, r.mdev4)
		r.rttvar4 = max(r.rttvar4, r.mdevMax)
		if una > r.round {
			if r.mdevMax < r.rttvar4 {
				r.rttvar4 -= (r.rttvar4 - r.mdevMax) >> 2
			}
			r.round = nxt
			r.mdevMax = minRTO
		}
	}
	r.rto = min(r.srtt8>>3+r.rttvar4, rtoMax)
	r.backoff = 0
}

// observe notes a sample for the minimum over the given time (tcp_update_rtt_min).
func (r *rttEstimator) observe(now, rtt, window sim.Time) {
	r.least.least(int64(window/sim.Millisecond), int64(now/sim.Millisecond), int64(max(rtt, sim.Picosecond)))
}

// min is the least round trip of the window, 0 before the first sample.
func (r *rttEstimator) min() sim.Time { return sim.Time(r.least.get()) }

// srtt is the smoothed round-trip time, 0 before the first sample.
func (r *rttEstimator) srtt() sim.Time { return r.srtt8 >> 3 }

// timeout is the retransmission timeout with the present backoff (RFC 6298 rule 5.5).
func (r *rttEstimator) timeout() sim.Time { return backedOff(r.rto, r.backoff) }

// backedOff doubles t n times, up to rtoMax.
func backedOff(t sim.Time, n uint8) sim.Time {
	for ; n > 0 && t < rtoMax; n-- {
		t *= 2
	}
	return min(t, rtoMax)
}
