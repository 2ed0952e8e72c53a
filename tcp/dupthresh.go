package tcp

// Losses by count: what Linux does without RACK (tcp_recovery without bit 1), the
// classic rule of RFC 6675: a segment is lost when as many segments as the reordering
// metric says have been SACKed beyond it. A lost retransmission is not found.

// manyOvertook says whether the first segment is lost by that rule (tcp_time_to_recover,
// tcp_dupack_heuristics).
func (s *sender) manyOvertook() bool {
	return s.rack.mode&rackDetects == 0 && s.sackedOut()+1 > s.reordering && !s.rtx.empty()
}

// loseByCount gives up what is lost by that rule, of a recovery that has just begun at
// least the first block (tcp_update_scoreboard). ACKs that bring no news give up nothing.
func (e *Endpoint) loseByCount(news *ackNews, begun bool) {
	s := &e.snd
	if s.rack.mode&rackDetects != 0 || !e.sackOn() {
		return
	}
	far := s.sacks.highest() > s.una+uint64(s.reordering)*uint64(e.mss) // tcp_force_fast_retransmit
	if news.dups == 0 && !(news.sacked && far) {
		return
	}
	switch {
	case s.sackedOut() >= s.reordering:
		s.loseBelow(s.sackedOut()-s.reordering, false)
	case begun:
		s.loseBelow(1, true)
	}
}

// loseBelow gives up blocks from the first on until more than spare segments below have
// been SACKed, or only the first (tcp_mark_head_lost).
func (s *sender) loseBelow(spare uint32, first bool) {
	q := &s.rtx
	arrived := uint32(0)
	for i := range q.order.len() {
		id := *q.order.at(i)
		b := &q.blocks[id]
		if b.state == sacked {
			arrived += uint32(b.segs)
		}
		if arrived > spare {
			return
		}
		if b.state == inFlight && !b.gone {
			q.lose(id)
		}
		if first {
			return
		}
	}
}
