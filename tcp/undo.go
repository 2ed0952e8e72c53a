package tcp

// Undo takes a reduction of the window back when everything that was sent again turns
// out to have been sent in vain: because an ACK echoes a timestamp from before the
// first retransmission (Eifel, RFC 3522), or because every retransmission came back
// as a duplicate in a D-SACK (RFC 3708). Both are Linux 5.8's tcp_may_undo.

// undoState is what has to be remembered for it.
type undoState struct {
	on       bool   // something can be undone
	marker   uint64 // una when recovery began (undo_marker)
	retrans  int64  // segments sent again and not reported as duplicates; -1: not counted (undo_retrans)
	stamp    uint32 // timestamp of the first retransmission, 0 for none (retrans_stamp)
	ssthresh uint32 // before the reduction, 0 if it must not be restored (prior_ssthresh)
	cwnd     uint32 // before the reduction (prior_cwnd)
}

// start remembers where recovery begins (tcp_init_undo).
func (u *undoState) start(s *sender) {
	u.on, u.marker = true, s.una
	u.retrans = -1 // a retransmission that is out has not been asked for by this recovery
	if n := s.rtx.retransOut; n > 0 {
		u.retrans = int64(n)
	}
}

// resent counts segments that are sent again at timestamp stamp.
func (u *undoState) resent(segs uint16, stamp uint32) {
	if u.stamp == 0 {
		u.stamp = stamp
	}
	u.retrans = max(u.retrans, 0) + int64(segs)
}

// delayed says that the ACK was sent for an original: it echoes a timestamp from
// before the first retransmission (tcp_packet_delayed).
func (s *sender) delayed() bool { return s.undo.stamp != 0 && s.echoBefore(s.undo.stamp) }

// echoBefore says whether the latest segment echoes a timestamp from before stamp
// (tcp_tsopt_ecr_before).
func (s *sender) echoBefore(stamp uint32) bool {
	return s.echo != 0 && int32(s.echo-stamp) < 0
}

func (s *sender) mayUndo() bool { return s.undo.on && (s.undo.retrans == 0 || s.delayed()) }

// undoReduction restores the window (tcp_undo_cwnd_reduction). With unlose, what was
// given up counts as in flight again.
func (e *Endpoint) undoReduction(unlose bool) {
	s := &e.snd
	if unlose {
		s.rtx.unlose()
	}
	if s.undo.ssthresh != 0 {
		s.cwnd.set(s.cc.undo(s))
		if s.undo.ssthresh > s.cwnd.ssthresh {
			s.cwnd.ssthresh = s.undo.ssthresh
			s.ecn.queueCWR = false
		}
	}
	s.usedAt = e.now
	s.undo.on = false
	s.rack.advanced = true // losses are to be judged anew
	e.stats.undos++
}

// undoRecovery looks at the end of recovery whether it was in vain, and leaves it
// (tcp_try_undo_recovery). It is true if the state is kept: without SACK, duplicates
// of this ACK may be echoes of retransmissions (RFC 6582 section 4), so that
// recovery ends only when something beyond it is acknowledged.
func (e *Endpoint) undoRecovery() (stays bool) {
	s := &e.snd
	if s.mayUndo() {
		e.undoReduction(false)
	} else if s.rack.persist > 0 {
		s.rack.persist--
	}
	if s.una == s.highSeq && !e.sackOn() {
		if !s.anyRetransDone() {
			s.undo.stamp = 0
		}
		return true
	}
	e.setCA(CAOpen)
	s.reneged = false
	return false
}

// undoDSACK restores the window as soon as every retransmission is known to have been
// in vain (tcp_try_undo_dsack).
func (e *Endpoint) undoDSACK() bool {
	s := &e.snd
	if !s.undo.on || s.undo.retrans != 0 {
		return false
	}
	s.rack.persist = min(rackPersist, s.rack.persist+1)
	e.undoReduction(false)
	return true
}

// undoLoss is the same after a timeout; frto says that F-RTO has found it spurious
// (tcp_try_undo_loss).
func (e *Endpoint) undoLoss(frto bool) bool {
	s := &e.snd
	if !frto && !s.mayUndo() {
		return false
	}
	e.undoReduction(true)
	if frto {
		e.stats.spuriousRTOs++
	}
	s.retries = 0
	if frto || e.sackOn() {
		e.setCA(CAOpen)
		s.reneged = false
	}
	return true
}

// undoPartial handles an ACK in the middle of recovery that was sent for an original:
// the hole was filled by a packet that was late, so that reordering is larger than
// was known (tcp_try_undo_partial). It is true if nothing more must be given up or
// sent again on this ACK.
func (e *Endpoint) undoPartial(priorUna uint64) bool {
	s := &e.snd
	if !s.undo.on || !s.delayed() {
		return false
	}
	e.checkReordering(priorUna)
	if s.rtx.retransOut > 0 {
		return true // let the retransmissions come back first
	}
	if !s.anyRetransDone() {
		s.undo.stamp = 0
	}
	e.undoReduction(true)
	e.keepOpen()
	return true
}
