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

// sample judges one round-trip sample; it ends slow start by setting w.ssthresh.
func (h *hystart) sample(w *cwnd, s *rttSample, base sim.Time) {
	if s.una > h.end || h.end == 0 {
		found := h.found
		*h = hystart{found: found, end: s.nxt, start: s.now, lastACK: s.now, rtt: sim.Never}
	}
	if h.found || !w.slow() || w.size < hystartLowWindow {
		return
	}
	if s.now-h.lastACK <= hystartGap {
		h.lastACK = s.now
		if s.now-h.start > (base+burstTime(s.rate))/2 {
			h.found = true
		}
	}
	h.rtt = min(h.rtt, s.rtt)
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
