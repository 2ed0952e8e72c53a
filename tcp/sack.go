package tcp

// span is the bytes [left, right) of a stream.
type span struct{ left, right uint64 }

// scoreboard is what the peer has reported with SACK beyond the cumulative
// acknowledgement (RFC 6675 section 3): disjoint spans in ascending order that do
// not touch. Every ACK repeats up to four blocks; the scoreboard finds what is new
// in them by binary search, so that repeated news costs nothing.
type scoreboard struct {
	spans ring[span]
}

// highest is the end of the highest byte reported, 0 if none is.
func (b *scoreboard) highest() uint64 {
	if b.spans.len() == 0 {
		return 0
	}
	return b.spans.back().right
}

// acked forgets what the cumulative acknowledgement has passed.
func (b *scoreboard) acked(una uint64) {
	for b.spans.len() > 0 && b.spans.front().right <= una {
		b.spans.popFront()
	}
	if b.spans.len() > 0 {
		f := b.spans.front()
		f.left = max(f.left, una)
	}
}

// clear forgets everything.
func (b *scoreboard) clear() { b.spans.head, b.spans.n = 0, 0 }

// nextGap returns the first part of s that is not on the board yet.
func (b *scoreboard) nextGap(s span) (span, bool) {
	i := b.search(s.left)
	if i < b.spans.len() {
		if at := b.spans.at(i); at.left <= s.left {
			s.left = at.right
			i++
		}
	}
	if i < b.spans.len() {
		s.right = min(s.right, b.spans.at(i).left)
	}
	return s, s.left < s.right
}

// add puts s on the board and joins it with what it overlaps or touches.
func (b *scoreboard) add(s span) {
	i := b.search(s.left)
	if i > 0 && b.spans.at(i-1).right == s.left {
		i--
	}
	j := i
	for j < b.spans.len() && b.spans.at(j).left <= s.right {
		s.left = min(s.left, b.spans.at(j).left)
		s.right = max(s.right, b.spans.at(j).right)
		j++
	}
	if j == i {
		b.spans.insert(i, s)
		return
	}
	*b.spans.at(i) = s
	if j > i+1 {
		b.spans.remove(i+1, j-i-1)
	}
}

// search returns the first span that ends after offset.
func (b *scoreboard) search(offset uint64) int {
	lo, hi := 0, b.spans.len()
	for lo < hi {
		mid := (lo + hi) / 2
		if b.spans.at(mid).right > offset {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
