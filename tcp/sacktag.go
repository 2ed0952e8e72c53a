package tcp

import "netgpusim/sim"

// takeSACKs marks what the SACK blocks of a segment report (RFC 2018, RFC 6675
// Update(), Linux tcp_sacktag_write_queue); ack is its cumulative acknowledgement.
func (e *Endpoint) takeSACKs(now sim.Time, seg *Segment, ack uint64, news *ackNews) {
	s := &e.snd
	if !e.sackOn() {
		return
	}
	var spans [MaxSACKBlocks]relSpan
	base := seqOf(e.cfg.LocalISS, s.una)
	n := int(min(seg.NSACK, MaxSACKBlocks))
	for i := range n {
		spans[i] = relSpan{seqDistance(base, seg.SACK[i].Left), seqDistance(base, seg.SACK[i].Right)}
	}
	edge := int64(ack - s.una)
	if news.dsack = isDSACK(spans[:n], edge); news.dsack {
		e.dsackArrived(spans[0], news)
	}
	if s.rtx.empty() {
		return
	}
	valid := spans[:0]
	for i := range n {
		// What is outside of what is outstanding is a lie, or very old.
		sp := spans[i]
		if i == 0 && news.dsack {
			if sp.right > 0 && sp.left < int64(s.nxt-s.una) {
				e.tagDuplicate(max(sp.left, 0), sp.right, news)
			}
			continue
		}
		if sp.left > edge && sp.left < sp.right && sp.right <= int64(s.nxt-s.una) {
			valid = append(valid, sp)
		}
	}
	sortSpans(valid)
	for _, sp := range valid {
		e.takeSACK(now, span{s.una + uint64(sp.left), s.una + uint64(sp.right)}, news)
	}
	if s.ca != CALoss || s.undo.on {
		e.checkReordering(news.low)
	}
}

// relSpan is a span relative to una: duplicates lie below 0.
type relSpan struct{ left, right int64 }

// sortSpans puts at most four spans in ascending order.
func sortSpans(spans []relSpan) {
	for i := 1; i < len(spans); i++ {
		for k := i; k > 0 && spans[k].left < spans[k-1].left; k-- {
			spans[k], spans[k-1] = spans[k-1], spans[k]
		}
	}
}

// takeSACK marks what is new in one block.
func (e *Endpoint) takeSACK(now sim.Time, sp span, news *ackNews) {
	s := &e.snd
	for {
		gap, ok := s.sacks.nextGap(sp)
		if !ok {
			return
		}
		if got := e.markSACKed(now, gap, news); got.left < got.right {
			s.sacks.add(got)
		}
		sp.left = gap.right
		if sp.left >= sp.right {
			return
		}
	}
}

// markSACKed marks the blocks in a part of the stream that is reported for the first
// time (tcp_sacktag_one), and returns the part of it that consists of whole segments:
// of others nothing counts as received (tcp_match_skb_to_sack).
func (e *Endpoint) markSACKed(now sim.Time, gap span, news *ackNews) span {
	s := &e.snd
	q := &s.rtx
	for i := q.search(gap.left); i < q.order.len(); i++ {
		b := &q.blocks[*q.order.at(i)]
		if b.off >= gap.right {
			return gap
		}
		if b.off < gap.left {
			cut := (gap.left - b.off + uint64(b.mss) - 1) / uint64(b.mss) * uint64(b.mss)
			gap.left = min(b.off+cut, b.end())
			if gap.left < b.end() {
				q.split(i, uint32(cut))
			}
			continue
		}
		n := uint32(min(b.end(), gap.right) - b.off)
		if n < b.len {
			n -= n % uint32(b.mss)
			gap.right = b.off + uint64(n)
			if n == 0 {
				return gap
			}
		}
		s.rack.advance(now, b, b.off+uint64(n), &s.rtt)
		if !b.retrans {
			e.originalSACKed(b, b.off+uint64(n), news)
		}
		segs := uint32(b.framesIn(n))
		s.deliver(segs, news.ece)
		s.rateDelivered(b, &news.rate)
		news.sacked = true
		last := n < b.len
		q.sack(i, n)
		if last {
			return gap
		}
	}
	return gap
}

// originalSACKed takes notice of a block that was sent once and has arrived out of
// order.
func (e *Endpoint) originalSACKed(b *block, end uint64, news *ackNews) {
	if b.off < news.priorHigh {
		news.low = min(news.low, b.off)
	}
	if end <= e.snd.highSeq {
		news.original = true
	}
	if news.sackFirst < 0 {
		news.sackFirst = b.sentAt
	}
	news.sackLast = b.sentAt
}
