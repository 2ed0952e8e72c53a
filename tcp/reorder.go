package tcp

// Reordering metric: how many segments a segment has been seen to be overtaken by
// (tp->reordering, RFC 4653's idea). It raises the number of duplicates that count as
// a loss, and once it has been seen at all RACK waits for a reordering window.

// checkReordering takes notice of a segment at offset low that arrived although data
// beyond it had been reported before (tcp_check_sack_reordering).
func (e *Endpoint) checkReordering(low uint64) {
	s := &e.snd
	top := max(s.sacks.highest(), s.una)
	if top <= low {
		return
	}
	mss := uint64(e.mss)
	if metric := top - low; metric > uint64(s.reordering)*mss {
		s.reordering = uint32(min((metric+mss-1)/mss, uint64(e.spec.MaxReordering)))
	}
	s.reorderSeen++
}

// checkDuplicates bounds the count of duplicate ACKs by what can be out of order, and
// takes more than that for reordering (tcp_check_reno_reordering,
// tcp_limit_reno_sacked). more is what this ACK has acknowledged.
func (e *Endpoint) checkDuplicates(more uint32) {
	s := &e.snd
	packets := s.rtx.packets()
	holes := min(max(s.rtx.lostOut, 1), packets)
	if s.dupACKs+holes <= packets {
		return
	}
	s.dupACKs = packets - holes
	s.reordering = min(packets+more, uint32(e.spec.MaxReordering))
	s.reorderSeen++
}

// addDuplicates counts duplicate ACKs without SACK: each says that a segment has left
// the network (tcp_add_reno_sack).
func (e *Endpoint) addDuplicates(n uint32) {
	s := &e.snd
	before := s.dupACKs
	s.dupACKs += n
	e.checkDuplicates(0)
	if s.dupACKs > before {
		s.deliver(s.dupACKs-before, false)
	}
}

// removeDuplicates gives back what an ACK for acked segments takes from that count:
// one of them filled the hole, the others had been counted when they arrived
// (tcp_remove_reno_sacks).
func (e *Endpoint) removeDuplicates(acked uint32, ece bool) {
	s := &e.snd
	if acked > 0 {
		s.deliver(max(acked-min(acked, s.dupACKs), 1), ece)
		s.dupACKs -= min(s.dupACKs, acked-1)
	}
	e.checkDuplicates(acked)
}
