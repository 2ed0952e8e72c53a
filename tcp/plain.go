package tcp

import "netgpusim/sim"

// The plain profile (Spec.Recovery "rfc6675") is loss recovery by the RFCs alone: slow
// start, fast retransmit and limited transmit of RFC 5681 and 3042, SACK recovery of
// RFC 6675, NewReno of RFC 6582 without SACK. No RACK, no tail loss probe, no PRR, no
// F-RTO, no undo. The pipe, the scoreboard and the timeout are shared with Linux's
// profile.

// plainState is what it needs beyond that.
type plainState struct {
	marked  uint64 // SACK: everything below has been judged by IsLost in this recovery
	rescue  uint64 // SACK: RescueRxt, 0 for none
	dups    uint32 // SACK: duplicate ACKs since una moved
	partial bool   // NewReno: a partial ACK has come
	first   bool   // the first segment goes again whatever the window says
}

// plainFlight makes the window FlightSize if that is less, for ssthresh must be half
// of what is out (RFC 5681 equation 4).
func (s *sender) plainFlight() {
	if s.plain {
		s.cwnd.size = min(s.cwnd.size, max(s.rtx.packets(), 1))
	}
}

// plainPipe is how much is out. Without SACK, recovery inflates the window instead of
// counting what has left the network, and before it the first two duplicates let a
// segment each out (RFC 3042).
func (s *sender) plainPipe() uint32 {
	pipe := s.rtx.pipe()
	if s.ca < CARecovery {
		return pipe - min(pipe, s.dupACKs, 2)
	}
	return pipe
}

// plainAlert looks at an acknowledgement.
func (e *Endpoint) plainAlert(news *ackNews) {
	s := &e.snd
	s.rexmit = rexmitLost
	if s.ca == CACWR && s.una > s.highSeq {
		e.setCA(CAOpen)
	}
	if news.ece && s.ca < CACWR {
		e.reducePlainly()
		s.cwnd.set(s.cwnd.ssthresh)
		e.setCA(CACWR)
	}
	if s.ca >= CARecovery && s.una >= s.highSeq {
		e.endPlainly()
		news.ended = true
	}
	if e.sackOn() {
		e.plainSACK(news)
	} else {
		e.newReno(news)
	}
}

// reducePlainly sets ssthresh to what congestion control leaves of FlightSize.
func (e *Endpoint) reducePlainly() {
	e.snd.plainFlight()
	e.startReduction()
}

// endPlainly ends recovery. Without SACK the window may have been inflated: it must not
// let a burst out (RFC 6582 section 3.2 step 3, first choice).
func (e *Endpoint) endPlainly() {
	s := &e.snd
	if s.ca == CARecovery && !e.sackOn() {
		s.cwnd.set(min(s.cwnd.ssthresh, max(s.rtx.packets(), 1)+1))
	}
	s.dupACKs = 0
	e.setCA(CAOpen)
}

// plainSACK is RFC 6675 section 5.
func (e *Endpoint) plainSACK(news *ackNews) {
	s := &e.snd
	p := &s.plainly
	switch {
	case news.sacked:
		p.dups++
	case news.advanced:
		p.dups = 0
	}
	if s.ca == CALoss {
		return // until RecoveryPoint, section 5.1
	}
	if s.ca != CARecovery {
		if p.dups < uint32(e.spec.Reordering) && e.lostBelow() <= s.una || s.rtx.empty() || !news.sacked {
			return
		}
		e.reducePlainly()
		s.cwnd.set(s.cwnd.ssthresh)
		e.setCA(CARecovery)
		e.stats.recoveries++
		*p = plainState{marked: s.una, first: true}
		e.loseHead() // step 4.3: whatever IsLost says
	}
	e.markLost()
}

// lostBelow is the offset below which IsLost is true of all that is not SACKed: as many
// separate runs as DupThresh have been SACKed above it, or more than one segment less
// than that in bytes (RFC 6675 section 4).
func (e *Endpoint) lostBelow() uint64 {
	spans := &e.snd.sacks.spans
	most := uint64(e.spec.Reordering-1) * uint64(e.mss)
	bytes, runs := uint64(0), 0
	for i := spans.len() - 1; i >= 0; i-- {
		sp := spans.at(i)
		bytes += sp.right - sp.left
		runs++
		if runs >= e.spec.Reordering || bytes > most {
			return sp.left
		}
	}
	return 0
}

// markLost gives up what IsLost is true of and what recovery has not sent again.
func (e *Endpoint) markLost() {
	s := &e.snd
	q := &s.rtx
	edge := e.lostBelow()
	for i := q.search(max(s.plainly.marked, s.una)); i < q.order.len(); i++ {
		id := *q.order.at(i)
		b := &q.blocks[id]
		if b.off >= edge {
			return
		}
		s.plainly.marked = b.end()
		if b.state == inFlight && !b.resent {
			q.lose(id)
		}
	}
}

// sendUnlost is rules 3 and 4 of NextSeg (RFC 6675 section 4): when there is nothing
// new to send, what is not SACKed is sent again although nothing says that it is lost,
// and once per recovery the last segment, so that a lost tail does not need a timeout.
func (e *Endpoint) sendUnlost(now sim.Time, seg *Segment) (frags int, ok bool) {
	s := &e.snd
	if s.ca != CARecovery || !e.sackOn() || s.inFlight() >= s.cwnd.size || s.paced(now) {
		return 0, false
	}
	if k := s.writeQ.len(); k > 0 && s.roomAt(s.nxt) > 0 {
		return 0, false // rule 2 comes first
	}
	q := &s.rtx
	p := &s.plainly
	for i := q.search(max(p.marked, s.una)); i < q.order.len(); i++ {
		b := &q.blocks[*q.order.at(i)]
		if b.off >= s.sacks.highest() {
			break
		}
		if b.state == inFlight && !b.resent {
			p.marked = b.off + min(uint64(b.len), uint64(b.mss))
			return e.resendPlainly(now, seg, i), true
		}
	}
	if p.rescue != 0 && s.una <= p.rescue || q.empty() {
		return 0, false
	}
	for i := q.order.len() - 1; i >= 0; i-- {
		b := &q.blocks[*q.order.at(i)]
		if b.state != inFlight {
			continue
		}
		if b.segs > 1 {
			q.split(i, uint32(b.segs-1)*uint32(b.mss))
			i++
		}
		p.rescue = s.highSeq
		return e.resendPlainly(now, seg, i), true
	}
	return 0, false
}

// resendPlainly sends the first segment of a block again that nobody has given up.
func (e *Endpoint) resendPlainly(now sim.Time, seg *Segment, i int) (frags int) {
	q := &e.snd.rtx
	id := *q.order.at(i)
	frags = e.resend(now, seg, id, uint32(q.blocks[id].mss))
	q.setResent(&q.blocks[id], true)
	return frags
}

// impatient lets only the first partial ACK of a recovery put the timeout off: where a
// window has many holes, slow start gets through them sooner than a hole per round trip
// (RFC 6582 section 4).
func (e *Endpoint) impatient(news *ackNews) {
	s := &e.snd
	if s.plain && s.ca == CARecovery && s.una < s.highSeq {
		news.setTimer = !s.plainly.partial
		s.plainly.partial = true
	}
}

// newReno is RFC 6582: recovery without SACK.
func (e *Endpoint) newReno(news *ackNews) {
	s := &e.snd
	if s.ca == CARecovery {
		switch {
		case news.advanced:
			// A partial ACK: the next hole. The window gives back what it was inflated by
			// for what has been acknowledged.
			s.cwnd.set(s.cwnd.size - min(s.cwnd.size-1, news.acked) + 1)
			e.loseHead()
			s.plainly.first = true
		case news.dups > 0:
			s.cwnd.set(s.cwnd.size + news.dups)
		}
		return
	}
	if news.advanced {
		s.dupACKs = 0
	}
	s.dupACKs += news.dups
	if s.ca == CALoss || s.rtx.empty() || s.dupACKs < uint32(e.spec.Reordering) || s.highSeq != 0 && s.una <= s.highSeq {
		return // duplicates of what was out before are echoes of retransmissions
	}
	e.reducePlainly()
	s.cwnd.set(s.cwnd.ssthresh + s.dupACKs)
	e.setCA(CARecovery)
	e.stats.recoveries++
	s.plainly = plainState{first: true}
	e.loseHead()
}
