package tcp

import "netgpusim/sim"

// BBR version 1 as in Linux 5.8 net/ipv4/tcp_bbr.c: the sender keeps a model of the
// path, the greatest delivery rate and the least round trip, and sets pacing rate and
// window from it. Loss matters only where it shows a policer. Rates are segments per
// microsecond times 2^24, gains 256ths, as there.
const (
	bbrRateShift = 24
	bbrRateUnit  = 1 << bbrRateShift
	bbrUnit      = 256

	bbrRateRounds   = 10 // rounds for which the greatest rate counts
	bbrMinRTTWindow = 10 * sim.Second
	bbrProbeRTTTime = 200 * sim.Millisecond
	bbrMinTSORate   = 1200000 / 8 // bytes/s below which super-segments are single segments
	bbrMargin       = 99          // percent of the rate that is paced: queues shall drain
	bbrHighGain     = bbrUnit*2885/1000 + 1
	bbrDrainGain    = bbrUnit * 1000 / 2885
	bbrCwndGain     = bbrUnit * 2
	bbrCwndLeast    = 4  // segments
	bbrCwndInitial  = 10 // before there is a round trip (TCP_INIT_CWND)
	bbrFullThresh   = bbrUnit * 5 / 4
	bbrFullRounds   = 3 // rounds without growth after which the pipe is full
	bbrTSOMost      = 0x7f
)

// bbrGains are the pacing gains of the eight phases of ProbeBW.
var bbrGains = [8]uint32{bbrUnit * 5 / 4, bbrUnit * 3 / 4, bbrUnit, bbrUnit, bbrUnit, bbrUnit, bbrUnit, bbrUnit}

// bbrMode is the state of BBR's state machine.
type bbrMode uint8

const (
	bbrStartup  bbrMode = iota // double the rate every round until the pipe is full
	bbrDrain                   // empty the queue that this has made
	bbrProbeBW                 // cruise, and probe for more every eight phases
	bbrProbeRTT                // let the queue empty to see the least round trip
)

// bbr is one connection's BBR.
type bbr struct {
	reno
	mode       bbrMode
	pacingGain uint32
	cwndGain   uint32
	random     uint64

	rate     windowed // greatest delivery rate, by round
	rounds   int64
	roundEnd uint64 // the round ends with what is sent when so much was delivered
	newRound bool

	minRTT   sim.Time // sim.Never before the first sample
	minRTTAt sim.Time

	phase   uint8 // of ProbeBW
	phaseAt sim.Time

	fullRate   uint64 // greatest rate when growth was last seen
	fullRounds uint8
	full       bool // the pipe is full

	priorCA      CAState
	priorCwnd    uint32 // before recovery or ProbeRTT
	conservation bool   // the first round of recovery: a segment for a segment
	restarted    bool   // sending has begun again after idling
	seenRTT      bool

	probeDoneAt    sim.Time // when ProbeRTT may end, 0 if its window is not reached yet
	probeRoundDone bool

	policer     bbrPolicer
	aggregation bbrAggregation
}

// newBBR starts BBR on a connection (bbr_init).
func newBBR(e *Endpoint) *bbr {
	s := &e.snd
	b := &bbr{random: uint64(e.cfg.LocalISS), minRTT: sim.Never, minRTTAt: e.now, roundEnd: s.delivered}
	if s.rtt.least.any {
		b.minRTT = s.rtt.min()
	}
	s.cwnd.ssthresh = ssthreshNone
	b.rate.reset(0, 0)
	b.rateFromRTT(s)
	b.policer.reset(s)
	b.aggregation.at = e.now
	b.gains()
	return b
}

// control is called for every ACK (bbr_main).
func (b *bbr) control(s *sender, now sim.Time, rs rateSample) {
	b.updateRate(s, &rs)
	b.aggregation.update(b, s, &rs)
	if b.mode == bbrProbeBW && b.phaseOver(s, now, &rs) {
		b.nextPhase(s)
	}
	b.checkFull(&rs)
	b.checkDrain(s, now)
	b.updateMinRTT(s, now, &rs)
	b.gains()
	b.setPacing(s, b.bandwidth(), b.pacingGain)
	b.setWindow(s, &rs)
}

// bandwidth is the rate that BBR goes by, greatest the greatest one measured.
func (b *bbr) bandwidth() uint64 {
	if b.policer.use {
		return b.policer.rate
	}
	return b.greatest()
}

func (b *bbr) greatest() uint64 { return uint64(b.rate.get()) }

// bytesPerSecond turns a rate and a gain into a pacing rate
// (bbr_rate_bytes_per_sec).
func bytesPerSecond(s *sender, rate uint64, gain uint32) uint64 {
	v := mulDiv(rate*uint64(s.mss), uint64(gain)*(1000000/100*bbrMargin), bbrUnit*bbrRateUnit)
	return min(v, s.pacing.most)
}

// rateFromRTT sets the first pacing rate: the window per round trip, or per
// millisecond (bbr_init_pacing_rate_from_rtt).
func (b *bbr) rateFromRTT(s *sender) {
	rtt := sim.Millisecond
	if srtt := s.rtt.srtt(); srtt > 0 {
		rtt = srtt
		b.seenRTT = true
	}
	s.pacing.rate = bytesPerSecond(s, bbrRate(uint64(s.cwnd.size), rtt), bbrHighGain)
}

// bbrRate is n segments in t.
func bbrRate(n uint64, t sim.Time) uint64 {
	return mulDiv(n<<bbrRateShift, uint64(sim.Microsecond), uint64(max(t, 1)))
}

// setPacing sets the pacing rate, before the pipe is full only upwards
// (bbr_set_pacing_rate).
func (b *bbr) setPacing(s *sender, rate uint64, gain uint32) {
	v := bytesPerSecond(s, rate, gain)
	if !b.seenRTT && s.rtt.srtt() > 0 {
		b.rateFromRTT(s)
	}
	if b.full || v > s.pacing.rate {
		s.pacing.rate = v
	}
}

// tsoSegs is the size of super-segments in the NIC's queue; bbr_min_tso_segs.
func (b *bbr) tsoSegs(s *sender) uint32 { return s.tsoSegs(s.mss, b.tsoLeast(s)) }

func (b *bbr) tsoLeast(s *sender) uint32 {
	if s.pacing.rate < bbrMinTSORate {
		return 1
	}
	return 2
}

// tsoGoal is what the window must leave room for (bbr_tso_segs_goal).
func (b *bbr) tsoGoal(s *sender) uint32 { return min(b.tsoSegs(s), bbrTSOMost) }

// bdp is gain times what rate and the least round trip have in flight (bbr_bdp).
func (b *bbr) bdp(rate uint64, gain uint32) uint32 {
	if b.minRTT == sim.Never {
		return bbrCwndInitial
	}
	n := mulDiv(rate, uint64(b.minRTT), uint64(sim.Microsecond)) * uint64(gain) / bbrUnit
	return uint32(min((n+bbrRateUnit-1)>>bbrRateShift, cwndMax))
}

// budget adds room for super-segments on their way at both ends
// (bbr_quantization_budget).
func (b *bbr) budget(s *sender, n uint32) uint32 {
	n += 3 * b.tsoGoal(s)
	n = (n + 1) &^ 1
	if b.mode == bbrProbeBW && b.phase == 0 {
		n += 2
	}
	return n
}

// target is the window that a gain asks for (bbr_inflight).
func (b *bbr) target(s *sender, rate uint64, gain uint32) uint32 {
	return b.budget(s, b.bdp(rate, gain))
}

// setWindow sets the congestion window (bbr_set_cwnd).
func (b *bbr) setWindow(s *sender, rs *rateSample) {
	size := s.cwnd.size
	if rs.acked > 0 {
		var done bool
		if size, done = b.recoverOrRestore(s, rs); !done {
			target := b.budget(s, b.bdp(b.bandwidth(), b.cwndGain)+b.aggregation.extra(b))
			switch {
			case b.full:
				size = min(size+rs.acked, target)
			case size < target || s.delivered < bbrCwndInitial:
				size += rs.acked
			}
			size = max(size, bbrCwndLeast)
		}
	}
	if b.mode == bbrProbeRTT {
		size = min(size, bbrCwndLeast)
	}
	s.cwnd.set(size)
}

// recoverOrRestore conserves packets in the first round of recovery and restores the
// window at its end (bbr_set_cwnd_to_recover_or_restore). It is true if the window is
// settled.
func (b *bbr) recoverOrRestore(s *sender, rs *rateSample) (size uint32, done bool) {
	size = s.cwnd.size
	if rs.losses > 0 {
		size = max(size-min(size, rs.losses), 1)
	}
	switch {
	case s.ca == CARecovery && b.priorCA != CARecovery:
		b.conservation = true
		b.roundEnd = s.delivered // one round from now
		size = s.inFlight() + rs.acked
	case b.priorCA >= CARecovery && s.ca < CARecovery:
		size = max(size, b.priorCwnd)
		b.conservation = false
	}
	b.priorCA = s.ca
	if b.conservation {
		return max(size, s.inFlight()+rs.acked), true
	}
	return size, false
}

// saveWindow remembers a good window before recovery or ProbeRTT (bbr_save_cwnd).
func (b *bbr) saveWindow(s *sender) {
	if b.priorCA < CARecovery && b.mode != bbrProbeRTT {
		b.priorCwnd = s.cwnd.size
	} else {
		b.priorCwnd = max(b.priorCwnd, s.cwnd.size)
	}
}

// ssthresh leaves the window alone: BBR sets it.
func (b *bbr) ssthresh(s *sender) uint32 {
	b.saveWindow(s)
	return s.cwnd.ssthresh
}

// undo looks for the full pipe anew: the loss was none (bbr_undo_cwnd).
func (b *bbr) undo(s *sender) uint32 {
	b.fullRate, b.fullRounds = 0, 0
	b.policer.reset(s)
	return s.cwnd.size
}

// state takes notice of a timeout (bbr_set_state).
func (b *bbr) state(s *sender, _ sim.Time, to CAState) {
	if to == CALoss {
		b.priorCA = CALoss
		b.fullRate = 0
		b.newRound = true
		b.policer.sample(b, s, &rateSample{losses: 1})
	}
}

// event restarts after idling at the estimated rate, without a burst
// (bbr_cwnd_event).
func (b *bbr) event(s *sender, now sim.Time, ev congestionEvent) {
	if ev != eventStart || s.rate.appLimited == 0 {
		return
	}
	b.restarted = true
	b.aggregation.at, b.aggregation.acked = now, 0
	switch b.mode {
	case bbrProbeBW:
		b.setPacing(s, b.bandwidth(), bbrUnit)
	case bbrProbeRTT:
		b.checkProbeRTTDone(s, now)
	}
}
