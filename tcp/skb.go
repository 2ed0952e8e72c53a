package tcp

// Bounds of a send buffer (Linux 5.8).
const (
	pageBytes   = 4096
	maxFrags    = 65536/pageBytes + 1 // MAX_SKB_FRAGS
	gsoMaxBytes = 65536 - 1 - 320     // GSO_MAX_SIZE less room for headers, tcp_xmit_size_goal

	// skbOverhead is what an skb without payload is charged: sk_buff, shared info and
	// a 1 KiB head (sk_stream_alloc_skb on x86-64).
	skbOverhead = 1280
)

// skb is a run of the stream in the send queue and the fragments that hold it.
type skb struct {
	off    uint64
	len    uint32
	first  uint8 // of ends, the fragment that the run begins in
	nfrags uint8 // from there on
	push   bool  // carries PSH
	eor    bool  // a record ends here: nothing is put behind it (MSG_EOR)
	fin    bool  // its last place in the stream is the FIN
	// joins says that the first fragment is the rest of the one that ends the run
	// before: a cut went through the fragment.
	joins bool
	// ends is where each fragment ends in the stream, modulo 2^16: a run is shorter, and
	// what is cut off its front does not move them.
	ends [maxFrags]uint16

	truesize uint32 // what it is charged to the send buffer
}

func (s *skb) end() uint64 { return s.off + uint64(s.len) }

// data is how many bytes of it are payload.
func (s *skb) data() uint32 {
	if s.fin {
		return s.len - 1
	}
	return s.len
}

// frames is how many frames it makes; a FIN rides on the last.
func (s *skb) frames(mss uint16) uint16 { return max(segments(s.data(), mss), 1) }

// extend appends n bytes in the last fragment if grow is set, else in a new one, for cost
// bytes of the send buffer.
func (s *skb) extend(n uint32, grow bool, cost uint32) {
	s.len += n
	s.truesize += cost
	if !grow {
		s.appendFrag(s.end())
		return
	}
	s.ends[s.first+s.nfrags-1] = uint16(s.end())
}

// appendFrag adds a fragment that ends at an offset of the stream.
func (s *skb) appendFrag(end uint64) {
	if s.first+s.nfrags == maxFrags {
		copy(s.ends[:], s.ends[s.first:])
		s.first = 0
	}
	s.ends[s.first+s.nfrags] = uint16(end)
	s.nfrags++
}

// fragEnd is where a fragment ends, from the start of the run.
func (s *skb) fragEnd(i int) uint32 { return uint32(s.ends[int(s.first)+i] - uint16(s.off)) }

// fragsBefore counts the fragments that the first n > 0 bytes touch.
func (s *skb) fragsBefore(n uint32) int {
	if n >= s.len {
		return int(s.nfrags)
	}
	i := 0
	for s.fragEnd(i) < n {
		i++
	}
	return i + 1
}

// take cuts the first n bytes off, 0 < n < len, and returns them. PSH and the end of a
// record stay with the rest, which becomes an skb of its own (tso_fragment).
func (s *skb) take(n uint32) skb {
	k := s.fragsBefore(n)
	head := skb{off: s.off, len: n, first: s.first, nfrags: uint8(k), joins: s.joins, ends: s.ends, truesize: s.truesize - (s.data() - n)}
	head.ends[int(s.first)+k-1] = uint16(head.end())
	s.drop(n)
	s.truesize = skbOverhead + s.data()
	return head
}

// drop removes the first n bytes, 0 < n < len.
func (s *skb) drop(n uint32) {
	s.truesize -= min(n, s.data())
	k := s.fragsBefore(n) // fragments that lose bytes
	s.joins = s.fragEnd(k-1) != n
	if s.joins {
		k--
	}
	s.first += uint8(k)
	s.nfrags -= uint8(k)
	s.off += uint64(n)
	s.len -= n
}

// join moves the first n bytes of next, which follows s, to the end of s. It refuses
// if s cannot hold them.
func (s *skb) join(next *skb, n uint32) bool {
	if s.eor || s.len+n > gsoMaxBytes {
		return false
	}
	k := next.fragsBefore(n)
	first := 0
	if next.joins {
		first = 1
	}
	if int(s.nfrags)+k-first > maxFrags {
		return false
	}
	for i := range k {
		end := min(next.fragEnd(i), n)
		if i < first {
			s.nfrags-- // goes on in the fragment that s ends with
		}
		s.appendFrag(next.off + uint64(end))
	}
	s.len += n
	s.truesize += n
	if n < next.len {
		next.drop(n)
	} else {
		s.eor = next.eor
		s.fin = next.fin
	}
	return true
}
