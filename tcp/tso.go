package tcp

// Frames returns into how many frames seg is cut: one per MSS of payload, and one
// for a segment without payload. A segment without an MSS is not cut.
func Frames(seg *Segment) int {
	mss := uint32(seg.MSS)
	if mss == 0 || seg.Len <= mss {
		return 1
	}
	return int((seg.Len + mss - 1) / mss)
}

// Frame makes f the i-th of the frames of seg, 0 <= i < Frames(seg), as the NIC's
// large send offload and Linux's tcp_gso_segment make them: headers and options are
// those of seg with the sequence number moved on, PSH and FIN are on the last frame
// only, CWR on the first only (RFC 3168 section 6.1.2: once per reduction). The
// frame carries seg's Handle and MSS and stands for itself alone.
func Frame(f, seg *Segment, i int) {
	*f = *seg
	f.Segs = 1
	mss := uint32(seg.MSS)
	if mss == 0 || seg.Len <= mss {
		return
	}
	start := uint32(i) * mss
	n, flags := seg.Len-start, seg.Flags
	if i > 0 {
		flags &^= CWR
	}
	if n > mss {
		n = mss
		flags &^= PSH | FIN
	}
	f.Offset, f.Seq, f.Len, f.Flags = seg.Offset+uint64(start), seg.Seq+start, n, flags
}
