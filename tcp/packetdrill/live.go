package packetdrill

import "netgpusim/tcp"

// liveOptions lists a segment's options as they lie on the wire (tcp_options_write): MSS,
// timestamps with SACK permitted in place of their two NOPs, SACK permitted alone, window
// scale, SACK blocks, and NOPs where the segment is padded.
func liveOptions(seg *tcp.Segment) []Option {
	var all []Option
	add := func(pads int, o Option) {
		for range pads {
			all = append(all, Option{Kind: OptNOP})
		}
		all = append(all, o)
	}
	if seg.Opts.Has(tcp.OptMSS) {
		add(0, Option{Kind: OptMSS, Value: uint32(seg.MSS)})
	}
	permitted := seg.Opts.Has(tcp.OptSACKPermitted)
	if seg.Opts.Has(tcp.OptTimestamps) {
		pads := 2
		if permitted {
			add(0, Option{Kind: OptSACKOK})
			pads = 0
		}
		add(pads, Option{Kind: OptTimestamps, Value: seg.TSVal, Echo: seg.TSEcr})
	} else if permitted {
		add(2, Option{Kind: OptSACKOK})
	}
	if seg.Opts.Has(tcp.OptScale) {
		add(1, Option{Kind: OptScale, Value: uint32(seg.Scale)})
	}
	if c, ok := seg.Cookie(); ok {
		kind := OptFastOpen
		if c.Exp {
			kind = OptFastOpenEx
		}
		add(0, Option{Kind: kind, Cookie: c.Bytes[:c.Len]})
	}
	if seg.NSACK > 0 {
		add(2, Option{Kind: OptSACK, Blocks: seg.SACK[:seg.NSACK]})
	}
	for n := optionBytes(all); n < int(seg.OptLen); n++ {
		all = append(all, Option{Kind: OptNOP})
	}
	return all
}

// codepoint is the ECN field of a mark.
func (e ECN) codepoint() tcp.ECN {
	switch e {
	case ECT0:
		return tcp.ECT0
	case ECT1:
		return tcp.ECT1
	case CE:
		return tcp.CE
	}
	return tcp.NotECT
}

func markOf(e tcp.ECN) ECN {
	switch e {
	case tcp.ECT0:
		return ECT0
	case tcp.ECT1:
		return ECT1
	case tcp.CE:
		return CE
	}
	return NoECN
}
