package tcp

import "netgpusim/sim"

// sender is the sending half. Positions are stream offsets: una <= nxt <= end; the
// runs from una to nxt are blocks in rtx, those from nxt to end skbs in writeQ.
type sender struct {
	una, nxt, end uint64

	writeQ   ring[skb]
	rtx      retransmitQueue
	sacks    scoreboard
	mem      int64  // truesize of writeQ
	buffer   int64  // truesize of all that is queued at which Write stops (sk_sndbuf)
	locked   bool   // by SO_SNDBUF: buffer stays (SOCK_SNDBUF_LOCK)
	lowat    uint64 // unsent bytes at which Write stops (TCP_NOTSENT_LOWAT), 0 for no limit
	fragUsed int    // bytes used in the fragment that is being filled
	pushed   uint64 // end of the last skb that got PSH
	nic      nicQueue
	small    uint64 // end of the last segment shorter than MSS, for Nagle
	blocked  bool   // the last Write found the buffer full
	corked   bool   // a short tail waits for more data (autocorking)
	nagle    nagle  // what the application has set
	pass     nagle  // what holds for the present attempt to send

	window    uint64 // as the peer has advertised, from una
	maxWindow uint64 // largest so far
	urgent    uint64 // end of what was written out of band (snd_up)
	wl1       uint64 // receive offset of the segment it came with (RFC 9293: SND.WL1)

	mss         uint16 // payload of a segment without SACK blocks
	cwnd        cwnd
	cc          congestion
	dctcp       *dctcp     // cc, if it is that
	model       controller // cc, if it sets window and rate by itself (BBR)
	pacing      pacing
	leastTSO    uint32 // segments of a super-segment (tcp_min_tso_segs)
	winDivisor  uint64 // tcp_tso_win_divisor
	outputLimit uint64 // tcp_limit_output_bytes
	rtt         rttEstimator
	plain       bool // recovery by the RFCs alone (Spec.Recovery)
	lastSend    sim.Time

	ca          CAState
	highSeq     uint64 // recovery ends when this is acknowledged
	retries     uint32 // timeouts since something was acknowledged (icsk_retransmits)
	dupACKs     uint32 // without SACK: segments that duplicate ACKs stand for
	reordering  uint32 // segments that may overtake one before it counts as lost
	reorderSeen uint32 // times that one was overtaken and not lost
	echo        uint32 // timestamp that the latest segment echoes, 0 for none
	thinLinear  bool   // few segments in flight: timeouts do not double
	frto        bool   // it is not known yet whether the timeout was spurious
	reneged     bool   // the peer has taken SACKs back in this loss
	rexmit      rexmit // what may be sent again
	prr         prr
	undo        undoState
	plainly     plainState
	rack        rack
	ecn         ecnState
	rate        rateState
	delivered   uint64 // segments that have arrived, the SYN included (tp->delivered)
	deliveredCE uint64 // of these, with an echo of congestion

	timer     retransmitTimer
	tailProbe tailProbe
	probe     probeKind // what the timer has asked for

	// Whether the window binds (tcp_cwnd_validate).
	roundEnd    uint64 // the round ends when this is acknowledged
	roundMost   uint32 // most packets out in it
	cwndLimited bool
	used        uint32 // most packets out since usedAt, when the window did not bind
	usedAt      sim.Time
	sentAny     bool // since the last finishOutput
	stopped     limit
}

func (s *sender) init(spec *Spec, cfg Config) {
	s.window = maxUnscaledWindow
	if cfg.PeerWindow > 0 {
		s.window = uint64(cfg.PeerWindow)
	}
	s.maxWindow = s.window
	s.cwnd = cwnd{size: uint32(spec.InitialWindow), ssthresh: ssthreshNone, max: uint32(spec.InitialWindow)}
	s.plain = spec.Recovery == "rfc6675"
	s.reordering = uint32(spec.Reordering)
	s.rack.mode, s.rack.steps = uint8(spec.RACK), 1
	s.delivered = 1 // the SYN
	s.pacing.init(spec)
	if s.leastTSO = uint32(spec.MinTSOSegs); s.leastTSO == 0 {
		s.leastTSO = 2
	}
	s.winDivisor, s.outputLimit = uint64(spec.WinDivisor), uint64(spec.OutputLimit)
	s.rtt.rto = rtoInitial
	s.timer.at = sim.Never
	s.buffer = int64(spec.SendInitial)
	s.lowat = uint64(spec.NotSentLowat)
}

// windowEnd is the offset up to which the peer takes data.
func (s *sender) windowEnd() uint64 { return s.una + s.window }

// inFlight is RFC 6675's pipe: segments that are neither acknowledged, nor reported
// received, nor given up (tcp_packets_in_flight).
func (s *sender) inFlight() uint32 {
	if s.plain {
		return s.plainPipe()
	}
	return s.rtx.pipe() - s.dupACKs
}

// autosize is how many segments a super-segment should have: what is sent in a
// millisecond, at least tcp_min_tso_segs, at most a GSO packet (tcp_tso_autosize).
func (s *sender) autosize(mss uint16) uint32 {
	if s.model != nil {
		return s.model.tsoSegs(s)
	}
	return s.tsoSegs(mss, s.leastTSO)
}

// tsoSegs is that with another minimum.
func (s *sender) tsoSegs(mss uint16, least uint32) uint32 {
	bytes := min(s.pacing.rate>>10, gsoMaxBytes)
	return max(uint32(bytes)/uint32(mss), least)
}

// Acked is how many bytes of the stream the peer has acknowledged.
func (e *Endpoint) Acked() uint64 { return e.snd.una }

// sendNew transmits the next unsent data, as far as both windows, Nagle's rule, TSO
// deferral and small queues let it (tcp_write_xmit).
func (e *Endpoint) sendNew(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	if s.writeQ.len() == 0 {
		s.stopped = e.idleCause()
		return 0, false
	}
	if e.path.search {
		switch e.probePath(now, seg) {
		case probeSent:
			return 1, true
		case probeWait:
			s.stopped = limitCwnd
			return 0, false
		}
	}
	n, stop := e.quota(now)
	if stop != limitNone {
		s.stopped = stop
		return 0, false
	}
	if s.rtx.empty() {
		e.restartAfterIdle(now)
		n, _ = e.quota(now) // with nothing in flight there is always some
	}
	return e.sendData(now, seg, n), true
}

// quota is how many bytes of the first unsent skb may go now, or what forbids any.
func (e *Endpoint) quota(now sim.Time) (n uint32, stop limit) {
	s := &e.snd
	k := s.writeQ.front()
	mss := e.sendMSS()
	if s.paced(now) {
		return 0, limitPaced
	}
	flight := s.inFlight()
	if flight >= s.cwnd.size {
		return 0, limitCwnd
	}
	// At least two super-segments per window keep the ACK clock running.
	segs := min(max(s.cwnd.size/2, 1), s.cwnd.size-flight)
	room := s.roomAt(k.off)
	if uint64(min(k.len, uint32(mss))) > room {
		return 0, limitRwnd
	}
	last := s.writeQ.len() == 1
	if last && s.corked {
		return 0, limitHost
	}
	most := s.autosize(mss)
	limit := uint32(mss)
	if k.data() <= uint32(mss) {
		if last && !k.fin && !s.urging() && s.waits(k.len, mss) {
			return 0, limitNagle
		}
	} else {
		if stop := s.deferTSO(now, k, most, mss, last); stop != limitNone {
			return 0, stop
		}
		if !s.urging() {
			limit = s.splitPoint(k, min(segs, most), mss, last)
		}
	}
	if limit >= k.data() && uint64(k.len) <= room {
		limit = k.len // a FIN rides on the last segment
	}
	n = min(k.len, limit)
	if s.throttled(k.truesize-(k.data()-min(n, k.data())), 0) {
		return 0, limitHost
	}
	return n, limitNone
}

// roomAt is how many bytes from offset on the peer takes.
func (s *sender) roomAt(offset uint64) uint64 {
	end := s.windowEnd()
	return end - min(end, offset)
}

// splitPoint is how much of an skb to send: whole segments within the windows, and a
// short end only where Nagle's rule allows it (tcp_mss_split_point).
func (s *sender) splitPoint(k *skb, segs uint32, mss uint16, last bool) uint32 {
	most := segs * uint32(mss)
	needed := uint32(min(uint64(k.len), s.roomAt(k.off)))
	if most <= needed {
		return most
	}
	if !last && uint64(most) <= s.roomAt(k.off) {
		return needed
	}
	if short := needed % uint32(mss); short > 0 && !k.fin && s.holds(short, mss) {
		return needed - short
	}
	return needed
}

// deferTSO waits for a larger super-segment when little of the window is open and the
// next ACK is near (tcp_tso_should_defer).
func (s *sender) deferTSO(now sim.Time, k *skb, most uint32, mss uint16, last bool) limit {
	if s.ca >= CARecovery || now-s.lastSend > sim.Millisecond {
		return limitNone
	}
	rwnd := s.roomAt(k.off)
	cong := uint64(s.cwnd.size-s.inFlight()) * uint64(mss)
	room := min(rwnd, cong)
	if room >= uint64(most)*uint64(mss) || (!last && room >= uint64(k.len)) {
		return limitNone
	}
	if k.fin {
		return limitNone // nothing will be added
	}
	enough := 3 * uint64(mss) // tcp_max_tso_deferred_mss
	if s.winDivisor > 0 {
		enough = min(s.window, uint64(s.cwnd.size)*uint64(mss)) / s.winDivisor
	}
	if room >= enough {
		return limitNone
	}
	if s.rtx.empty() || now-s.rtx.head().sentAt < s.rtt.srtt()/2 {
		return limitNone // the next ACK comes too late to wait for
	}
	switch {
	case cong < rwnd && cong <= uint64(k.len):
		return limitCwnd
	case cong >= rwnd && rwnd <= uint64(k.len):
		return limitRwnd
	}
	return limitHost
}

// sendMSS is the payload of a segment that goes now: SACK blocks that have to go along
// take their room from it (tcp_current_mss).
func (e *Endpoint) sendMSS() uint16 {
	n := e.rcv.nblocks()
	if n == 0 {
		return e.mss
	}
	n = min(n, int(e.opt.sackMost))
	return e.mss - uint16(e.optionLen(n)-e.optionLen(0))
}

// sendData transmits the first n bytes of the first unsent skb.
func (e *Endpoint) sendData(now sim.Time, seg *Segment, n uint32) (frags int) {
	s := &e.snd
	e.fill(now, seg)
	e.ecnFillNew(seg)
	k := s.writeQ.front()
	idle := s.rtx.empty()
	var b *block
	s.mem -= int64(k.truesize)
	if n < k.len {
		head := k.take(n)
		s.mem += int64(k.truesize)
		b = s.rtx.push(&head, now, seg.MSS)
	} else {
		b = s.rtx.push(k, now, seg.MSS)
		s.writeQ.popFront()
	}
	if b.data()%uint32(seg.MSS) != 0 {
		s.small = b.end()
	}
	e.dataSent(now, seg, b, idle)
	return int(b.nfrags)
}

// dataSent books block b, which goes out for the first time in seg; idle says that nothing
// else is out (tcp_event_new_data_sent).
func (e *Endpoint) dataSent(now sim.Time, seg *Segment, b *block, idle bool) {
	s := &e.snd
	s.rateSent(now, b, idle)
	s.nxt = b.end()
	s.sentAny = true
	if s.reducing() {
		s.prr.out += uint32(b.segs)
	}
	if s.rtx.packets() == uint32(b.segs) {
		s.timer.arm(timerRTO, now+s.rtt.timeout())
	}
	e.transmit(now, seg, b)
}

// transmit makes seg carry block b.
func (e *Endpoint) transmit(now sim.Time, seg *Segment, b *block) {
	s := &e.snd
	seg.Offset = b.off
	seg.Seq = seqOf(e.cfg.LocalISS, b.off)
	seg.Len = b.data()
	seg.Segs = b.segs
	if b.push {
		seg.Flags |= PSH
	}
	if b.fin {
		seg.Flags |= FIN
	}
	if s.urging() {
		s.markUrgent(seg, b.off)
	}
	s.nic.took(seg.Len, b.truesize)
	e.quickSent(b.segs - 1)
	e.rcv.ack.repliedAt(now, s.lastSend)
	s.lastSend = now
	s.pacing.charge(now, b.len, b.segs)
	e.stats.segsOut += int64(b.segs)
	e.stats.allOut += int64(b.segs) - 1
	e.stats.bytesOut += int64(seg.Len)
	e.stats.limit(now, limitNone)
}

// finishOutput draws the conclusions when nothing more can be sent now.
func (e *Endpoint) finishOutput(now sim.Time) {
	s := &e.snd
	if s.rtx.lost.head != none {
		s.stopped = limitCwnd // what is lost comes first
	}
	e.stats.limit(now, s.stopped)
	e.stats.nowBusy(now, s.una != s.end)
	if s.blocked && s.inFlight() < s.cwnd.size {
		e.expandBuffer()
	}
	if s.sentAny {
		s.sentAny = false
		e.scheduleProbe(now, false)
		e.validateWindow(now)
	}
	if s.rtx.empty() && s.writeQ.len() > 0 && s.timer.kind == timerNone {
		s.timer.arm(timerPersist, now+max(s.rtt.rto, rtoMinPersist))
	}
}

// idleCause says why there is nothing to send.
func (e *Endpoint) idleCause() limit {
	if e.snd.blocked {
		return limitBuffer
	}
	return limitApp
}
