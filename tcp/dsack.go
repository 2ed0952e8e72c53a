package tcp

// D-SACK (RFC 2883): the receiver reports duplicates in the first SACK block, and the
// sender learns from them which retransmissions were in vain.

// isDSACK says whether the first block reports a duplicate: it begins below the
// cumulative acknowledgement, or lies within the second block (RFC 2883 section 4,
// tcp_check_dsack).
func isDSACK(spans []relSpan, ack int64) bool {
	first := spans[0]
	if first.left < ack {
		return first.left < first.right
	}
	return len(spans) > 1 && first.right <= spans[1].right && first.left >= spans[1].left
}

// dsackArrived counts a duplicate. One of what has been forgotten already is taken for
// one of the present recovery's retransmissions.
func (e *Endpoint) dsackArrived(sp relSpan, news *ackNews) {
	s := &e.snd
	s.rack.dsackSeen = true
	e.stats.dsacks++
	s.delivered++ // a retransmission in vain has been delivered, too
	if sp.right <= int64(news.priorUna-s.una) && s.una+uint64(sp.right) > s.undo.marker {
		s.undo.duplicate()
	}
}

// duplicate counts a retransmission as made in vain.
func (u *undoState) duplicate() {
	if u.on && u.retrans > 0 {
		u.retrans--
	}
}

// tagDuplicate marks that retransmissions of blocks that are still queued have arrived
// in vain: the bytes [left, right) from una on (tcp_sacktag_one with dup_sack).
func (e *Endpoint) tagDuplicate(left, right int64, news *ackNews) {
	s := &e.snd
	q := &s.rtx
	from, to := s.una+uint64(left), s.una+uint64(right)
	for i := q.search(from); i < q.order.len(); i++ {
		b := &q.blocks[*q.order.at(i)]
		if b.off < from || b.end() > to {
			if b.off >= to {
				return
			}
			continue
		}
		if !b.retrans {
			continue
		}
		if b.end() > s.undo.marker {
			s.undo.duplicate()
		}
		if b.state == sacked && b.off < news.low {
			news.low = b.off
		}
		if b.state == sacked || !b.gone {
			q.setResent(b, false)
		}
	}
}

// setDSACK notes that the receiver has got [left, right) twice: the next ACK says so
// (tcp_dsack_set).
func (e *Endpoint) setDSACK(left, right uint64) {
	if !e.sackOn() || !e.spec.DSACK || left >= right {
		return
	}
	e.rcv.dsack = span{left, right}
}

// extendDSACK adds a further duplicate to the report if it touches what is in it
// (tcp_dsack_extend).
func (e *Endpoint) extendDSACK(left, right uint64) {
	d := &e.rcv.dsack
	if d.right == 0 {
		e.setDSACK(left, right)
		return
	}
	if left <= d.right && right >= d.left {
		d.left, d.right = min(d.left, left), max(d.right, right)
	}
}
