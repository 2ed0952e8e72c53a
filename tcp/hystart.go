package tcp

import "netgpusim/sim"

// HyStart as in Linux 5.8 tcp_cubic.c: leaves slow start before it overflows the
// bottleneck, when ACKs keep coming for longer than half the base round trip (the
// pipe is full) or when the round trips of this round are longer than they were.
const (
	hystartLowWindow = 16                   // segments: do not judge smaller windows
	hystartSamples   = 8                    // per round before the delay test decides
	hystartGap       = 2 * sim.Millisecond  // ACKs further apart are no train
	hystartDelayMin  = 4 * sim.Millisecond  // least and largest rise of the round trip
	hystartDelayMax  = 16 * sim.Millisecond // that counts
	hystartBurst     = 4 * 65536            // bytes of bursts that GSO may put in a train
)

// hystart is the state of one connection's slow start.
type hystart struct {
	found   bool
	samples uint8
	end     uint64 // the round ends when this offset is acknowledged
	start   sim.Time
	lastACK sim.Time
	rtt     sim.Time // least of this round
}

// restart begins a round (bictcp_hystart_reset); that slow start is over stays known.
func (h *hystart) restart(s *sender, now sim.Time) {
	*h = hystart{found: h.found, end: s.nxt, start: now, lastACK: now, rtt: sim.Never}
}

// sample judges one round-trip sample against the least round trip; it ends slow start
// by setting ssthresh (hystart_update).
func (h *hystart) sample(s *sender, now, rtt, base sim.Time) {
	w := &s.cwnd
	if h.found || !w.slow() || w.size < hystartLowWindow {
		return
	}
	if now-h.lastACK <= hystartGap {
		h.lastACK = now
		limit := base + burstTime(s.pacing.rate)
		if !s.pacing.on {
			limit /= 2 // pacing may spread a round over half a round trip
		}
		if now-h.start > limit {
			h.found = true
		}
	}
	h.rtt = min(h.rtt, rtt)
	if h.samples < hystartSamples {
		h.samples++
	} else if h.rtt > base+min(max(base/8, hystartDelayMin), hystartDelayMax) {
		h.found = true
	}
	if h.found {
		w.ssthresh = w.size
	}
}

// burstTime is how long bursts of GSO packets may stretch a train of ACKs.
func burstTime(rate uint64) sim.Time {
	if rate == 0 {
		return 0
	}
	return min(sim.Millisecond, sim.Time(hystartBurst*uint64(sim.Second/sim.Microsecond)/rate)*sim.Microsecond)
}
