package tcp

import "netgpusim/sim"

// updateRate takes in a rate sample and sees where rounds end (bbr_update_bw).
func (b *bbr) updateRate(s *sender, rs *rateSample) {
	b.newRound = false
	if rs.delivered < 0 || rs.interval <= 0 {
		return
	}
	if rs.priorDelivered >= b.roundEnd {
		b.roundEnd = s.delivered
		b.rounds++
		b.newRound = true
		b.conservation = false
	}
	b.policer.sample(b, s, rs)
	// A sample of an application that does not fill the pipe says how fast the path
	// is at least.
	if rate := bbrRate(uint64(rs.delivered), rs.interval); !rs.appLimited || rate >= b.greatest() {
		b.rate.greatest(bbrRateRounds, b.rounds, int64(min(rate, 1<<62)))
	}
}

// checkFull finds the pipe full when the rate has grown by less than a quarter in three
// rounds (bbr_check_full_bw_reached).
func (b *bbr) checkFull(rs *rateSample) {
	if b.full || !b.newRound || rs.appLimited {
		return
	}
	if b.greatest() >= b.fullRate*bbrFullThresh/bbrUnit {
		b.fullRate, b.fullRounds = b.greatest(), 0
		return
	}
	b.fullRounds++
	b.full = b.fullRounds >= bbrFullRounds
}

// checkDrain leaves Startup when the pipe is full, and Drain when what is in flight
// fits it (bbr_check_drain).
func (b *bbr) checkDrain(s *sender, now sim.Time) {
	if b.mode == bbrStartup && b.full {
		b.mode = bbrDrain
		s.cwnd.ssthresh = b.target(s, b.greatest(), bbrUnit)
	}
	if b.mode == bbrDrain && b.inNetwork(s, now, s.inFlight()) <= b.target(s, b.greatest(), bbrUnit) {
		b.startProbeBW(s)
	}
}

// inNetwork is what will be in flight when pacing lets the next segment go
// (bbr_packets_in_net_at_edt).
func (b *bbr) inNetwork(s *sender, now sim.Time, flight uint32) uint32 {
	wait := max(s.pacing.next-now, 0)
	gone := mulDiv(b.bandwidth(), uint64(wait), uint64(sim.Microsecond)) >> bbrRateShift
	if b.pacingGain > bbrUnit {
		flight += b.tsoGoal(s)
	}
	return flight - uint32(min(gone, uint64(flight)))
}

// startProbeBW begins with any phase but the draining one (bbr_reset_probe_bw_mode).
func (b *bbr) startProbeBW(s *sender) {
	b.mode = bbrProbeBW
	b.random++
	b.phase = uint8(len(bbrGains) - 1 - int(mixWord(b.random)%7))
	b.nextPhase(s)
}

func (b *bbr) nextPhase(s *sender) {
	b.phase = (b.phase + 1) % uint8(len(bbrGains))
	b.phaseAt = s.rate.deliveredAt
}

// phaseOver says whether a phase of ProbeBW has done its work
// (bbr_is_next_cycle_phase): at least a round trip, probing until losses or enough in
// flight show that it had an effect, draining only as long as there is a queue.
func (b *bbr) phaseOver(s *sender, now sim.Time, rs *rateSample) bool {
	long := b.minRTT != sim.Never && s.rate.deliveredAt-b.phaseAt > b.minRTT
	if b.pacingGain == bbrUnit {
		return long
	}
	flight := b.inNetwork(s, now, rs.priorInFlight)
	if b.pacingGain > bbrUnit {
		return long && (rs.losses > 0 || flight >= b.target(s, b.greatest(), b.pacingGain))
	}
	return long || flight <= b.target(s, b.greatest(), bbrUnit)
}

// updateMinRTT keeps the least round trip, and probes for it when it is old
// (bbr_update_min_rtt).
func (b *bbr) updateMinRTT(s *sender, now sim.Time, rs *rateSample) {
	old := now > b.minRTTAt+bbrMinRTTWindow
	if rs.rtt >= 0 && (rs.rtt < b.minRTT || old && !rs.delayed) {
		b.minRTT, b.minRTTAt = max(rs.rtt, sim.Picosecond), now
	}
	if old && !b.restarted && b.mode != bbrProbeRTT {
		b.saveWindow(s)
		b.mode = bbrProbeRTT
		b.probeDoneAt = 0
	}
	if b.mode == bbrProbeRTT {
		b.probeRTT(s, now)
	}
	if rs.delivered > 0 {
		b.restarted = false
	}
}

// probeRTT holds the window at four segments for 200 ms and at least a round.
func (b *bbr) probeRTT(s *sender, now sim.Time) {
	s.rate.appLimited = max(s.delivered+uint64(s.inFlight()), 1) // rates say nothing now
	switch {
	case b.probeDoneAt == 0:
		if s.inFlight() <= bbrCwndLeast {
			b.probeDoneAt = now + bbrProbeRTTTime
			b.probeRoundDone = false
			b.roundEnd = s.delivered
		}
	default:
		b.probeRoundDone = b.probeRoundDone || b.newRound
		if b.probeRoundDone {
			b.checkProbeRTTDone(s, now)
		}
	}
}

func (b *bbr) checkProbeRTTDone(s *sender, now sim.Time) {
	if b.probeDoneAt == 0 || now <= b.probeDoneAt {
		return
	}
	b.minRTTAt = now
	s.cwnd.set(max(s.cwnd.size, b.priorCwnd))
	if b.full {
		b.startProbeBW(s)
	} else {
		b.mode = bbrStartup
	}
}

// gains sets the gains of the mode (bbr_update_gains).
func (b *bbr) gains() {
	switch b.mode {
	case bbrStartup:
		b.pacingGain, b.cwndGain = bbrHighGain, bbrHighGain
	case bbrDrain:
		b.pacingGain, b.cwndGain = bbrDrainGain, bbrHighGain
	case bbrProbeBW:
		b.pacingGain, b.cwndGain = bbrGains[b.phase], bbrCwndGain
		if b.policer.use {
			b.pacingGain = bbrUnit
		}
	case bbrProbeRTT:
		b.pacingGain, b.cwndGain = bbrUnit, bbrUnit
	}
}

// Long-term sampling: where losses go with a steady rate, there is a policer.
const (
	policerRounds     = 4           // least rounds of an interval
	policerLoss       = 50          // of 256: lost per delivered that looks like a policer
	policerRatio      = bbrUnit / 8 // rates that differ by no more are the same,
	policerDifference = 4000 / 8    // or by so many bytes/s
	policerUse        = 48          // rounds for which the rate is believed
)

// bbrPolicer estimates the rate of a token-bucket policer (bbr_lt_bw_sampling).
type bbrPolicer struct {
	sampling bool
	use      bool
	rounds   uint8
	rate     uint64
	at       sim.Time
	delived  uint64
	lost     uint64
}

// restart begins an interval, reset all of it.
func (p *bbrPolicer) restart(s *sender) {
	p.at = s.rate.deliveredAt / jiffy * jiffy
	p.delived, p.lost = s.delivered, s.rtx.lostEver
	p.rounds = 0
}

func (p *bbrPolicer) reset(s *sender) {
	*p = bbrPolicer{}
	p.restart(s)
}

func (p *bbrPolicer) sample(b *bbr, s *sender, rs *rateSample) {
	if p.use {
		if b.mode == bbrProbeBW && b.newRound {
			if p.rounds++; p.rounds >= policerUse {
				p.reset(s)
				b.startProbeBW(s)
			}
		}
		return
	}
	if !p.sampling {
		if rs.losses == 0 {
			return // an interval begins when the token bucket is empty
		}
		p.restart(s)
		p.sampling = true
	}
	if rs.appLimited {
		p.reset(s)
		return
	}
	if b.newRound {
		p.rounds++
	}
	switch {
	case p.rounds < policerRounds:
		return
	case p.rounds > 4*policerRounds:
		p.reset(s)
		return
	case rs.losses == 0:
		return // an interval ends when it is empty again
	}
	lost, delivered := s.rtx.lostEver-p.lost, s.delivered-p.delived
	if delivered == 0 || lost*bbrUnit < policerLoss*delivered {
		return
	}
	if took := s.rate.deliveredAt/jiffy*jiffy - p.at; took >= jiffy {
		p.done(b, s, bbrRate(delivered, took))
	}
}

// done compares the interval's rate with the one before (bbr_lt_bw_interval_done).
func (p *bbrPolicer) done(b *bbr, s *sender, rate uint64) {
	if p.rate != 0 {
		diff := max(rate, p.rate) - min(rate, p.rate)
		if diff*bbrUnit <= policerRatio*p.rate || bytesPerSecond(s, diff, bbrUnit) <= policerDifference {
			p.rate = (rate + p.rate) / 2
			p.use = true
			p.rounds = 0
			b.pacingGain = bbrUnit
			return
		}
	}
	p.rate = rate
	p.restart(s)
}

// ACK aggregation: more in flight where ACKs come in bursts.
const (
	aggregationRounds = 5
	aggregationReset  = 1 << 20
	aggregationMost   = 100 * sim.Millisecond
)

// bbrAggregation measures how far ACKs run ahead of the rate
// (bbr_update_ack_aggregation).
type bbrAggregation struct {
	at     sim.Time // beginning of the present epoch
	acked  uint64   // in it
	most   [2]uint64
	index  uint8
	rounds uint8
}

func (a *bbrAggregation) update(b *bbr, s *sender, rs *rateSample) {
	if rs.acked == 0 || rs.delivered < 0 || rs.interval <= 0 {
		return
	}
	if b.newRound {
		if a.rounds++; a.rounds >= aggregationRounds {
			a.rounds = 0
			a.index ^= 1
			a.most[a.index] = 0
		}
	}
	expected := mulDiv(b.bandwidth(), uint64(s.rate.deliveredAt-a.at), uint64(sim.Microsecond)) >> bbrRateShift
	if a.acked <= expected || a.acked+uint64(rs.acked) >= aggregationReset {
		a.acked, a.at, expected = 0, s.rate.deliveredAt, 0
	}
	a.acked += uint64(rs.acked)
	a.most[a.index] = max(a.most[a.index], min(a.acked-expected, uint64(s.cwnd.size)))
}

// extra is what the window gets for it, at most 100 ms of the rate
// (bbr_ack_aggregation_cwnd).
func (a *bbrAggregation) extra(b *bbr) uint32 {
	if !b.full {
		return 0
	}
	most := mulDiv(b.bandwidth(), uint64(aggregationMost), uint64(sim.Microsecond)) >> bbrRateShift
	return uint32(min(most, max(a.most[0], a.most[1]), cwndMax))
}
