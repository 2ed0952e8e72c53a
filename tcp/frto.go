package tcp

// lossACK handles an acknowledgement after a timeout (tcp_process_loss). F-RTO (RFC
// 5682 section 3, the SACK-enhanced version as Linux has it) finds out whether the
// timeout was spurious: after the first ACK it sends new data instead of
// retransmissions, and if then something is acknowledged that was sent once, the
// originals have not been lost but were late.
func (e *Endpoint) lossACK(news *ackNews) {
	s := &e.snd
	recovered := s.una >= s.highSeq
	if news.advanced && e.undoLoss(false) {
		return
	}
	if s.frto {
		if news.original && e.undoLoss(true) {
			return // step 3.b: never retransmitted data have arrived
		}
		switch {
		case s.nxt > s.highSeq:
			if news.sacked || news.dups > 0 {
				s.frto = false // step 3.a: the loss was real
			}
		case news.advanced && !recovered:
			s.highSeq = s.nxt
			if s.writeQ.len() > 0 && s.windowEnd() > s.nxt {
				s.rexmit = rexmitNew // step 2.b
				return
			}
			s.frto = false
		}
	}
	if recovered {
		e.undoRecovery()
		return
	}
	if !e.sackOn() {
		if s.nxt > s.highSeq && news.dups > 0 {
			e.addDuplicates(news.dups) // new data of step 2.b has arrived
		} else if news.advanced {
			s.dupACKs = 0
		}
	}
	s.rexmit = rexmitLost
}
