package tcp

import "netgpusim/sim"

// Timestamps (RFC 7323, Linux 5.8).
const (
	pawsTolerance = 1                           // TCP_PAWS_WINDOW: ticks that an established connection lets pass
	pawsIdle      = 24 * 24 * 3600 * sim.Second // after which the last timestamp says nothing (TCP_PAWS_24DAYS)
)

// sequenceLen is what SYN and FIN add to the length of a segment in sequence numbers.
func (f Flags) sequenceLen() (n int64) {
	if f&SYN != 0 {
		n++
	}
	if f&FIN != 0 {
		n++
	}
	return n
}

// valid says whether a segment may belong to this moment of a synchronized connection
// (RFC 9293 section 3.10.7.4, RFC 7323 section 5, RFC 5961; tcp_validate_incoming). If it
// may not, what there is to do about it is done: usually an ACK.
func (e *Endpoint) valid(now sim.Time, seg *Segment) bool {
	r := &e.rcv
	if seg.Flags&(ACK|RST|SYN) == 0 {
		return false
	}
	d := seqDistance(seqOf(e.cfg.RemoteISS, r.nxt), seg.Seq)
	if d == 0 && seg.Flags&^PSH == ACK && int32(r.tsRecent-seg.TSVal) <= pawsTolerance {
		e.noteTimestamp(now, seg, 0) // nearly always
		return true
	}
	if e.pawsDiscards(now, seg, d) && !seg.Flags.Has(RST) {
		e.answerDuplicate(now, seg, d)
		return false
	}
	end := d + int64(seg.Len) + seg.Flags.sequenceLen()
	if end < -int64(r.nxt-r.wup) || d > int64(r.room()) {
		switch {
		case seg.Flags.Has(RST):
			if d == -1 && e.finTaken() {
				e.reset(now)
			}
		case seg.Flags.Has(SYN):
			e.challenge(now)
		default:
			e.answerDuplicate(now, seg, d)
		}
		return false
	}
	if seg.Flags&(RST|SYN) != 0 {
		e.validControl(now, seg, d)
		return false
	}
	if !seg.Flags.Has(ACK) {
		return false
	}
	e.noteTimestamp(now, seg, d)
	return true
}

// validControl is a RST or SYN within the window. Only a RST that is exactly where the
// next byte is expected ends the connection, or one at the end of the last SACK block,
// as Linux has it; what else comes may be forged (RFC 5961 sections 3 and 4).
func (e *Endpoint) validControl(now sim.Time, seg *Segment, d int64) {
	switch {
	case !seg.Flags.Has(RST):
		e.challenge(now)
	case d == 0 || d == -1 && e.finTaken() || e.rcv.lastSACKed(d):
		e.reset(now)
	default:
		e.challenge(now)
	}
}

// lastSACKed says whether the stream that far behind what is expected is where the
// highest SACK block ends.
func (r *receiver) lastSACKed(d int64) bool {
	highest := uint64(0)
	for _, s := range r.recent[:r.nrecent] {
		highest = max(highest, s.right)
	}
	return r.nrecent > 0 && highest == r.nxt+uint64(d)
}

// finTaken says whether the peer has closed and this end knows: a RST of the peer's then
// carries the sequence number of its FIN (tcp_reset_check).
func (e *Endpoint) finTaken() bool {
	return e.state == CloseWait || e.state == LastAck || e.state == Closing
}

// pawsDiscards says whether the timestamp is older than one that has been seen, from
// before the sequence numbers wrapped; except on a pure ACK that was only overtaken
// (tcp_paws_discard, tcp_disordered_ack).
func (e *Endpoint) pawsDiscards(now sim.Time, seg *Segment, d int64) bool {
	if !e.opt.timestamps || !seg.Opts.Has(OptTimestamps) {
		return false
	}
	behind := int32(e.rcv.tsRecent - seg.TSVal)
	if behind <= pawsTolerance || e.rcv.tsRecent == 0 || now-e.rcv.tsRecentAt >= pawsIdle {
		return false
	}
	pure := seg.Len == 0 && seg.Flags.sequenceLen() == 0 && seg.Flags.Has(ACK)
	if !pure || d != 0 {
		return true
	}
	// It must acknowledge what is acknowledged already, leave the window as it is and not
	// be older than 1.2 timeouts.
	s := &e.snd
	updates := e.rcv.nxt > s.wl1 || e.rcv.nxt == s.wl1 && uint64(seg.Window) > s.window
	return seg.Ack != seqOf(e.cfg.LocalISS, s.una) || updates ||
		sim.Time(behind)*sim.Millisecond > s.rtt.timeout()*6/5
}

// pawsRejects is the plain check of RFC 7323 section 5.3, as used before and after a
// connection is established (tcp_paws_reject).
func (e *Endpoint) pawsRejects(now sim.Time, seg *Segment) bool {
	r := &e.rcv
	if !e.opt.timestamps || !seg.Opts.Has(OptTimestamps) || r.tsRecent == 0 || int32(r.tsRecent-seg.TSVal) <= 0 {
		return false
	}
	idle := now - r.tsRecentAt
	return idle < pawsIdle && (!seg.Flags.Has(RST) || idle < 60*sim.Second)
}

// noteTimestamp keeps the timestamp that is to be echoed: that of a segment at or before
// the last acknowledgement (RFC 7323 section 4.3). Also of a duplicate: echoing an older
// stamp would make the peer measure the time that it waited for an ACK that was lost.
func (e *Endpoint) noteTimestamp(now sim.Time, seg *Segment, d int64) {
	r := &e.rcv
	if !e.opt.timestamps || !seg.Opts.Has(OptTimestamps) || d > -int64(r.nxt-r.wup) {
		return
	}
	if r.tsRecent == 0 || int32(seg.TSVal-r.tsRecent) >= 0 || now-r.tsRecentAt >= pawsIdle {
		r.tsRecent, r.tsRecentAt = seg.TSVal, now
	}
}

// answerDuplicate acknowledges a segment that is not acceptable (tcp_send_dupack): a
// peer that repeats data has missed an ACK and gets the next ones at once.
func (e *Endpoint) answerDuplicate(now sim.Time, seg *Segment, d int64) {
	if !e.mayAnswerTo(now, seg) {
		return
	}
	if n := int64(seg.Len) + seg.Flags.sequenceLen(); n > 0 && d < 0 {
		r := &e.rcv
		e.enterQuickACK(maxQuickACKs)
		e.setDSACK(r.nxt+uint64(d), r.nxt+uint64(min(d+n, 0)))
	}
	e.rcv.ack.now = true
}

// challenge is the ACK that asks the peer to prove that it meant a RST or SYN (RFC 5961
// section 3.2). Linux has a limit for the whole host too (1000/s), which one connection
// cannot see.
func (e *Endpoint) challenge(now sim.Time) {
	if e.mayAnswer(now) {
		e.stats.challenges++
		e.rcv.ack.now = true
	}
}

// mayAnswer limits answers to segments that are not acceptable to one per
// tcp_invalid_ratelimit (__tcp_oow_rate_limited).
func (e *Endpoint) mayAnswer(now sim.Time) bool {
	if r := &e.reply; r.limited && now-r.at < e.spec.InvalidRatelimit {
		return false
	}
	e.reply.limited, e.reply.at = true, now
	return true
}

// mayAnswerTo is that for what is not data (tcp_oow_rate_limited): two ends that answer each
// other's ACKs would never end.
func (e *Endpoint) mayAnswerTo(now sim.Time, seg *Segment) bool {
	if !seg.Flags.Has(SYN) && (seg.Len > 0 || seg.Flags.Has(FIN)) {
		return true
	}
	return e.mayAnswer(now)
}
