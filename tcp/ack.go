package tcp

import "netgpusim/sim"

// ackNews is what one acknowledgement has brought: the FLAG_ bits of Linux's tcp_ack
// and what goes with them.
type ackNews struct {
	priorUna  uint64
	priorHigh uint64 // end of the highest byte reported before, at least priorUna
	advanced  bool   // it acknowledges more than any earlier one
	window    bool   // it was allowed to say what the window is
	data      bool   // it came with payload
	ece       bool   // it echoes congestion
	sacked    bool   // it reports something out of order for the first time
	dsack     bool   // it reports a duplicate
	retrans   bool   // bytes that had been sent again are now acknowledged
	lostAgain bool   // a retransmission was found lost
	original  bool   // something sent once, before highSeq, has arrived
	reneging  bool   // the first block left was reported as received
	setTimer  bool   // the timer starts anew
	ended     bool   // plain recovery ended with it
	runt      bool   // it acknowledges one segment that was shorter than MSS and alone
	acked     uint32 // segments acknowledged cumulatively
	dups      uint32 // duplicate ACKs that it stands for

	first     sim.Time // transmission of the first and last segment that this ACK
	last      sim.Time // acknowledges and that was sent once; -1 for none
	sackFirst sim.Time // the same for SACK
	sackLast  sim.Time
	low       uint64 // lowest offset of what was SACKed although later data had been
	rate      rateSample
}

// notDup says that it is no duplicate ACK (FLAG_NOT_DUP).
func (n *ackNews) notDup() bool { return n.data || n.window || n.acked > 0 }

// dubious says that loss recovery must look at it (tcp_ack_is_dubious).
func (n *ackNews) dubious(ca CAState) bool {
	return ca != CAOpen || !n.notDup() || n.sacked || n.ece || n.dsack
}

// acknowledge processes a segment's acknowledgement, SACK blocks and window (RFC 9293
// section 3.10.7.4, Linux tcp_ack). It is false if the segment acknowledges what was
// never sent: the rest of it is ignored.
func (e *Endpoint) acknowledge(now sim.Time, seg *Segment) bool {
	s := &e.snd
	distance := seqDistance(seqOf(e.cfg.LocalISS, s.una), seg.Ack)
	if distance > int64(s.nxt-s.una) || -distance > int64(s.maxWindow) {
		// RFC 5961 section 5. In ESTABLISHED Linux says nothing to an ACK of what was not sent.
		if distance < 0 || e.state != Established {
			e.challenge(now)
		}
		return false
	}
	if distance == 0 && s.rtx.empty() && seg.NSACK == 0 && s.tailProbe.end == 0 {
		e.acknowledgeNothing(now, seg)
		return true
	}
	e.noteEcho(seg)
	var news ackNews
	news.priorUna, news.low = s.una, s.nxt
	news.data = seg.Len > 0
	news.first, news.last, news.sackFirst, news.sackLast = -1, -1, -1, -1
	news.priorHigh = max(s.sacks.highest(), s.una)
	news.rate.priorInFlight = s.inFlight()
	news.rate.rtt = -1
	delivered, given := s.delivered, s.rtx.lostEver
	if distance < 0 {
		e.oldAck(now, seg, &news)
		return true
	}
	ack := s.una + uint64(distance)
	news.advanced = ack > s.una
	if news.advanced {
		s.retries = 0
	}
	news.window = e.updateWindow(seg, news.advanced)
	e.alive(now)
	if seg.NSACK > 0 {
		e.takeSACKs(now, seg, ack, &news)
	}
	e.echoArrived(seg, &news)
	if s.rtx.empty() {
		e.ackOfNothing(now, &news)
		return true
	}
	if news.advanced {
		e.takeAck(ack, &news)
	}
	if s.dctcp != nil {
		s.dctcp.ackSeen(s)
	}
	e.finishAck(now, seg, &news)
	news.rate.acked, news.rate.losses = uint32(s.delivered-delivered), uint32(s.rtx.lostEver-given)
	s.rateGenerate(now, &news.rate)
	e.control(now, &news)
	return true
}

// acknowledgeNothing is acknowledge where nothing is out: who only receives gets nothing
// else.
func (e *Endpoint) acknowledgeNothing(now sim.Time, seg *Segment) {
	e.noteEcho(seg)
	e.updateWindow(seg, false)
	e.alive(now)
	if e.snd.timer.kind == timerPersist {
		e.ackPersist(now)
	}
}

// noteEcho keeps the timestamp that a segment echoes.
func (e *Endpoint) noteEcho(seg *Segment) {
	e.snd.echo = 0
	if e.opt.timestamps && seg.Opts.Has(OptTimestamps) {
		e.snd.echo = seg.TSEcr
	}
}

// finishAck draws the conclusions for timers and loss recovery.
func (e *Endpoint) finishAck(now sim.Time, seg *Segment, news *ackNews) {
	s := &e.snd
	e.takeRTT(now, news)
	e.afterCleaning(now, news)
	if !s.plain {
		e.adaptReorderWindow(&news.rate)
	}
	if s.tailProbe.end != 0 {
		e.probeAcked(news)
	}
	if news.setTimer {
		e.scheduleProbe(now, true)
	}
	if !news.dubious(s.ca) {
		return
	}
	if !news.advanced && !news.notDup() && !news.dsack {
		news.dups = max(1, uint32(seg.Segs))
		e.stats.dupACKs++
	}
	e.respond(now, news)
}

// respond lets the recovery in use look at an ACK.
func (e *Endpoint) respond(now sim.Time, news *ackNews) {
	if e.snd.plain {
		e.plainAlert(news)
	} else {
		e.alert(now, news)
	}
}

// oldAck looks at what an ACK that was overtaken says about losses.
func (e *Endpoint) oldAck(now sim.Time, seg *Segment, news *ackNews) {
	if seg.NSACK == 0 {
		return
	}
	e.takeSACKs(now, seg, e.snd.una, news)
	e.respond(now, news)
}

// ackOfNothing handles an ACK when nothing is outstanding: it may report duplicates,
// and it may open a closed window.
func (e *Endpoint) ackOfNothing(now sim.Time, news *ackNews) {
	if news.dsack {
		e.respond(now, news)
	}
	e.ackPersist(now)
	if e.snd.tailProbe.end != 0 {
		e.probeAcked(news)
	}
}

// updateWindow takes the advertised window unless the segment is older than the one
// that the present window came with, and says whether it did (tcp_ack_update_window).
func (e *Endpoint) updateWindow(seg *Segment, advanced bool) bool {
	s := &e.snd
	at := e.rcv.offsetOf(e.cfg.RemoteISS, seg.Seq)
	w := uint64(seg.Window)
	if !advanced && at <= s.wl1 && (at != s.wl1 || w <= s.window) {
		return false
	}
	s.wl1 = at
	if w != s.window {
		s.window = w
		if w > s.maxWindow {
			s.maxWindow = w
			e.syncMSS()
		}
	}
	return true
}

// takeAck removes what is acknowledged cumulatively (tcp_clean_rtx_queue).
func (e *Endpoint) takeAck(ack uint64, news *ackNews) {
	s := &e.snd
	q := &s.rtx
	sackOn := e.sackOn()
	low := ack
	for !q.empty() {
		b := q.head()
		if b.off >= ack {
			break
		}
		partial := b.end() > ack
		segs, left := uint32(b.segs), uint16(0)
		if partial {
			left = b.framesFrom(ack)
			segs -= uint32(left)
			if segs == 0 {
				q.trimFront(uint32(ack-b.off), left)
				break
			}
		}
		switch {
		case b.retrans:
			news.retrans = true
		case b.state != sacked:
			news.last = b.sentAt
			if news.first < 0 {
				news.first = b.sentAt
			}
			low = min(low, b.off)
			if b.end() <= s.highSeq {
				news.original = true
			}
		}
		if b.state != sacked && sackOn {
			s.deliver(segs, news.ece)
			if !b.retrans || !s.echoBefore(timestamp(b.sentAt)) {
				s.rack.advance(e.now, b, b.end(), &s.rtt)
			}
		}
		news.acked += segs
		s.rateDelivered(b, &news.rate)
		if partial {
			q.trimFront(uint32(ack-b.off), left)
			break
		}
		news.runt = b.tx.runt && news.acked == 1
		q.popFront()
	}
	s.una = ack
	s.sacks.acked(ack)
	e.pathProbeAcked()
	news.reneging = !q.empty() && q.head().state == sacked
	if news.acked > 0 && sackOn && low < news.priorHigh {
		e.checkReordering(low) // a hole was filled by what was sent once
	}
}

// afterCleaning decides whether the timer starts anew, and keeps the count of duplicates.
func (e *Endpoint) afterCleaning(now sim.Time, news *ackNews) {
	s := &e.snd
	switch {
	case news.acked > 0:
		news.setTimer = true
		if !e.sackOn() {
			e.removeDuplicates(news.acked, news.ece)
			if news.retrans {
				news.original = false // who knows what it acknowledges
			}
			e.impatient(news)
		}
	case !s.rtx.empty() && news.sackFirst >= 0 && news.sackFirst < s.rtx.head().sentAt:
		// A SACK for data sent after the head was sent again last would put the head's
		// timeout off for ever; this one is for earlier data.
		news.setTimer = true
	}
}

// takeRTT measures the round trip: of a segment sent once if there is one, else by the
// echoed timestamp, to a millisecond (tcp_ack_update_rtt).
func (e *Endpoint) takeRTT(now sim.Time, news *ackNews) {
	s := &e.snd
	rtt, last := sim.Time(-1), sim.Time(-1)
	if news.first >= 0 && !news.retrans {
		rtt, last = now-news.first, now-news.last
		news.rate.delayed = news.runt && s.delivered == news.rate.priorDelivered+1 && !news.sacked && !news.ece && !news.dsack
	}
	if news.sackFirst >= 0 {
		last = now - news.sackLast
		if rtt < 0 {
			rtt = now - news.sackFirst
		}
	}
	switch {
	case rtt >= 0:
		e.rttNew = max(rtt, sim.Picosecond)
	case news.acked > 0 && s.echo != 0:
		ticks := int32(timestamp(now) - s.echo)
		if ticks < 0 {
			return
		}
		rtt = max(sim.Time(ticks), 1) * sim.Millisecond
		last = rtt
	default:
		return
	}
	news.rate.rtt = last
	if !news.rate.delayed || last <= s.rtt.min() {
		s.rtt.observe(now, last, e.spec.MinRTTWindow)
	}
	s.rtt.sample(rtt, e.spec.MinRTO, s.una, s.nxt)
	s.cc.measured(s, now, last)
}

// control adapts the congestion window to what was delivered (tcp_cong_control).
func (e *Endpoint) control(now sim.Time, news *ackNews) {
	s := &e.snd
	switch {
	case s.model != nil:
		s.model.control(s, now, news.rate)
		return
	case s.plain && (s.reducing() || news.ended):
		// The RFCs set the window once, or by duplicate ACKs.
	case s.reducing():
		s.prr.delivered(s, news)
	case news.rate.acked > 0 && (news.acked > 0 || news.sacked && s.reordering > uint32(e.spec.Reordering)):
		s.usedAt = now // a window whose ACKs come does not age (tcp_cong_avoid)
		if s.windowBinds() {
			s.cc.acked(s, now, news.rate.acked)
		}
	}
	s.updatePacingRate()
}

// deliver counts segments as arrived (tcp_count_delivered).
func (s *sender) deliver(n uint32, ece bool) {
	s.delivered += uint64(n)
	if ece {
		s.deliveredCE += uint64(n)
	}
}
