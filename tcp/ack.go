package tcp

import "netgpusim/sim"

// ackNews is what one acknowledgement has brought.
type ackNews struct {
	old       bool     // it acknowledges less than an earlier one
	advanced  bool     // it acknowledges more than any earlier one
	window    bool     // it changed the window
	data      bool     // it came with payload
	delivered uint32   // segments acknowledged or SACKed for the first time
	sacked    uint32   // of these, SACKed
	retrans   bool     // bytes that had been retransmitted are now acknowledged
	lostAgain bool     // a retransmission was found lost
	first     sim.Time // transmission of the first and last segment that this ACK
	last      sim.Time // acknowledges and that was sent once; -1 for none
	sackFirst sim.Time // the same for SACK
	sackLast  sim.Time
	reordered bool // an original arrived after later ones
}

// acknowledge processes a segment's acknowledgement, SACK blocks and window (RFC 9293
// section 3.10.7.4, Linux tcp_ack). It is false if the segment acknowledges what was
// never sent: an ACK is due and the rest of it is ignored.
func (e *Endpoint) acknowledge(now sim.Time, seg *Segment) bool {
	s := &e.snd
	distance := seqDistance(seqOf(e.cfg.LocalISS, s.una), seg.Ack)
	if distance > int64(s.nxt-s.una) || -distance > int64(s.maxWindow) {
		e.rcv.ack.now = true // challenge ACK (RFC 5961 section 5)
		return false
	}
	news := ackNews{old: distance < 0, data: seg.Len > 0, first: -1, last: -1, sackFirst: -1, sackLast: -1}
	ack := s.una + uint64(max(distance, 0))
	news.advanced = ack > s.una
	if !news.old {
		e.updateWindow(seg, &news)
	}
	if s.rtx.empty() {
		e.ackPersist(now)
		return true
	}
	highest := max(s.sacks.highest(), s.una)
	for i := range int(min(seg.NSACK, MaxSACKBlocks)) {
		e.takeSACK(now, seg.SACK[i], ack, highest, &news)
	}
	if news.advanced {
		e.takeAck(ack, highest, &news)
	}
	e.takeRTT(now, seg, &news)
	if news.reordered {
		s.reordered = true
	}
	if !news.old && !news.advanced && !news.window && !news.data {
		e.stats.dupACKs++
	}
	e.probeAcked(&news)
	if news.advanced {
		e.scheduleProbe(now, true)
	}
	e.updateLossState(now, &news)
	e.stats.delivered += int64(news.delivered)
	e.control(now, &news)
	return true
}

// updateWindow takes the advertised window unless the segment is older than the one
// that the present window came with.
func (e *Endpoint) updateWindow(seg *Segment, news *ackNews) {
	s := &e.snd
	at := e.rcv.offsetOf(e.cfg.RemoteISS, seg.Seq)
	w := uint64(seg.Window)
	if !news.advanced && at <= s.wl1 && (at != s.wl1 || w <= s.window) {
		return
	}
	s.wl1 = at
	if w != s.window {
		s.window = w
		s.maxWindow = max(s.maxWindow, w)
		news.window = true
	}
}

// takeSACK marks what one SACK block reports (RFC 2018, RFC 6675 Update()). Blocks
// outside of what is outstanding are ignored; among them are the duplicates that RFC
// 2883 reports.
func (e *Endpoint) takeSACK(now sim.Time, blk SACKBlock, ack, highest uint64, news *ackNews) {
	s := &e.snd
	base := seqOf(e.cfg.LocalISS, s.una)
	left, right := seqDistance(base, blk.Left), seqDistance(base, blk.Right)
	left = max(left, int64(ack-s.una))
	if left >= right || right > int64(s.nxt-s.una) {
		return
	}
	sp := span{s.una + uint64(left), s.una + uint64(right)}
	for {
		gap, ok := s.sacks.nextGap(sp)
		if !ok {
			return
		}
		e.markSACKed(now, gap, highest, news)
		s.sacks.add(gap)
		sp.left = gap.right
		if sp.left >= sp.right {
			return
		}
	}
}

// markSACKed marks the blocks in a part of the stream that is reported for the first
// time.
func (e *Endpoint) markSACKed(now sim.Time, gap span, highest uint64, news *ackNews) {
	q := &e.snd.rtx
	i := q.search(gap.left)
	for i < q.order.len() {
		b := &q.blocks[*q.order.at(i)]
		if b.off >= gap.right {
			return
		}
		if b.off < gap.left {
			q.split(i, uint32(gap.left-b.off))
			i++
			continue
		}
		n := uint32(min(b.end(), gap.right) - b.off)
		if !b.retrans {
			news.sackLast = b.sentAt
			if news.sackFirst < 0 {
				news.sackFirst = b.sentAt
			}
			if b.off < highest {
				news.reordered = true
			}
		}
		e.snd.rack.advance(now, b, b.off+uint64(n), &e.snd.rtt)
		segs := uint32(segments(n, b.mss))
		news.delivered += segs
		news.sacked += segs
		if n < b.len {
			q.sack(i, n)
			return
		}
		q.sack(i, n)
		i++
	}
}

// takeAck removes what is acknowledged cumulatively (tcp_clean_rtx_queue).
func (e *Endpoint) takeAck(ack, highest uint64, news *ackNews) {
	s := &e.snd
	q := &s.rtx
	for !q.empty() {
		b := q.head()
		if b.off >= ack {
			break
		}
		n := uint32(min(b.end(), ack) - b.off)
		if b.retrans {
			news.retrans = true
		}
		if b.state != sacked {
			if !b.retrans {
				news.last = b.sentAt
				if news.first < 0 {
					news.first = b.sentAt
				}
				if b.off < highest && s.sacks.spans.len() > 0 {
					news.reordered = true
				}
			}
			news.delivered += uint32(segments(n, b.mss))
			s.rack.advance(e.now, b, b.off+uint64(n), &s.rtt)
		}
		if n == b.len {
			q.popFront()
		} else {
			q.trimFront(n)
		}
	}
	s.una = ack
	s.stuck = false
	s.sacks.acked(ack)
}

// takeRTT measures the round trip: of a segment sent once if there is one, else by the
// echoed timestamp, to a millisecond (tcp_ack_update_rtt).
func (e *Endpoint) takeRTT(now sim.Time, seg *Segment, news *ackNews) {
	s := &e.snd
	rtt, last := sim.Time(-1), sim.Time(-1)
	switch {
	case news.first >= 0 && !news.retrans:
		rtt, last = now-news.first, now-news.last
	case news.sackFirst >= 0:
		rtt, last = now-news.sackFirst, now-news.sackLast
	case news.advanced && e.spec.Timestamps && seg.TSEcr != 0:
		if ticks := int32(timestamp(now) - seg.TSEcr); ticks >= 0 {
			rtt = max(sim.Time(ticks), 1) * sim.Millisecond
			s.rtt.sample(rtt, e.spec.MinRTO, s.una, s.nxt)
		}
		return
	default:
		return
	}
	e.rttNew = max(rtt, sim.Picosecond)
	s.rtt.observe(last)
	s.rtt.sample(rtt, e.spec.MinRTO, s.una, s.nxt)
	s.cc.rtt(&s.cwnd, rttSample{now: now, rtt: last, una: s.una, nxt: s.nxt, rate: s.rate(e.mss)})
}

// control adapts the congestion window to what was delivered (tcp_cong_control).
func (e *Endpoint) control(now sim.Time, news *ackNews) {
	s := &e.snd
	switch {
	case s.state == stateRecovery:
		s.prr.delivered(s, news)
	case news.advanced && news.delivered > 0 && s.windowBinds():
		s.cc.acked(&s.cwnd, now, news.delivered)
	}
}
