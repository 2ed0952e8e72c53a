package tcp

import (
	"math"
	"math/bits"

	"netgpusim/sim"
)

// RateUnlimited is the pacing rate that holds nothing back.
const RateUnlimited = math.MaxUint64

// Pacing (Linux 5.8: sk_pacing_rate, TCP's internal pacing by timer). The rate is
// always kept, because it sizes super-segments and the NIC's queue; whether it also
// holds segments back is another matter.
type pacing struct {
	rate uint64   // bytes/s (sk_pacing_rate)
	most uint64   // SO_MAX_PACING_RATE
	on   bool     // sk_pacing_status is not SK_PACING_NONE
	next sim.Time // nothing goes before this time (tcp_wstamp_ns)
	wake sim.Time // when what it holds back may go, sim.Never if it holds nothing back
	sent uint64   // segments with data so far

	slowRatio, otherRatio uint64 // percent of window per SRTT
}

// unpacedSegs is how many segments of a connection go unpaced, as with the fq qdisc.
const unpacedSegs = 10

func (p *pacing) init(spec *Spec) {
	p.rate, p.most = RateUnlimited, RateUnlimited
	p.wake = sim.Never
	p.slowRatio, p.otherRatio = uint64(spec.PacingSlowStartRatio), uint64(spec.PacingRatio)
}

// SetMaxPacingRate is SO_MAX_PACING_RATE in bytes per second: a limit below
// RateUnlimited also switches pacing on.
func (e *Endpoint) SetMaxPacingRate(rate uint64) {
	p := &e.snd.pacing
	if rate != RateUnlimited {
		p.on = true
	}
	p.most = rate
	p.rate = min(p.rate, rate)
}

// PacingRate is the present rate in bytes per second (tcpi_pacing_rate), and the most
// it may be.
func (e *Endpoint) PacingRate() (rate, most uint64) {
	return e.snd.pacing.rate, e.snd.pacing.most
}

// SetPacing switches pacing by timer on or off, whatever the congestion control.
func (e *Endpoint) SetPacing(on bool) { e.snd.pacing.on = on || e.snd.model != nil }

// updatePacingRate sets the rate to twice the window per SRTT while slow start is far
// from its end, else to 1.2 times (tcp_update_pacing_rate).
func (s *sender) updatePacingRate() {
	p := &s.pacing
	srtt := uint64(s.rtt.srtt() / sim.Nanosecond)
	if srtt == 0 {
		return
	}
	ratio := p.otherRatio
	if s.cwnd.size < s.cwnd.ssthresh/2 {
		ratio = p.slowRatio
	}
	window := uint64(max(s.cwnd.size, s.rtx.packets())) * uint64(s.mss)
	p.rate = min(mulDiv(window, ratio*uint64(sim.Second/sim.Nanosecond/100), srtt), p.most)
}

// mulDiv is a*b/c without overflow on the way, RateUnlimited if the result has no room.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	switch {
	case hi == 0:
		return lo / c
	case hi >= c:
		return RateUnlimited
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// paced says that the time of the next segment has not come, and has the timer wake
// the sender then (tcp_pacing_check).
func (s *sender) paced(now sim.Time) bool {
	p := &s.pacing
	if !p.on || p.next <= now {
		return false
	}
	p.wake = p.next
	return true
}

// charge moves the time of the next segment on by what n bytes take
// (tcp_update_skb_after_send). Time lost before this segment is made up for by up to
// half of that.
func (p *pacing) charge(now sim.Time, n uint32, segs uint16) {
	late := now - p.next
	p.next = max(p.next, now)
	p.sent += uint64(segs)
	if !p.on || p.rate == 0 || p.rate == RateUnlimited || p.sent < unpacedSegs {
		return
	}
	took := sim.Time(uint64(n) * uint64(sim.Second/sim.Nanosecond) / p.rate * uint64(sim.Nanosecond))
	p.next += took - min(took/2, max(late, 0))
}
