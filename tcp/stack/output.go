package stack

import "netgpusim/tcp"

// Output fills in the next packet to send; false if there is none now. A packet with
// much payload (up to 64 KiB) is a super-segment that the NIC would cut into segments of
// p.Seg.MSS: tcp.Frames and tcp.Frame do it.
func (h *Host) Output(p *Packet) bool {
	if h.replies.len() > 0 {
		*p = h.replies.pop()
		return true
	}
	for h.ready.len() > 0 {
		s := *h.ready.at(0)
		if s.ep != nil {
			state := s.ep.State()
			if _, ok := s.ep.Output(h.now, &p.Seg); ok {
				h.dress(s, p)
				return true
			}
			h.timers.set(s, s.ep.Deadline())
			if now := s.ep.State(); now != state {
				h.changed(s, state, now)
			}
		}
		s.ready = false
		h.ready.pop()
	}
	return false
}

// dress adds to a segment what its packet has around it.
func (h *Host) dress(s *socket, p *Packet) {
	h.address(s, p)
	p.Data = nil
	if p.Seg.Len == 0 {
		return
	}
	if h.cfg.Bytes {
		p.Data = s.tx.at(p.Seg.Offset, p.Seg.Len)
	}
	s.transmitted(p.Seg.Offset + uint64(p.Seg.Len))
}

// address fills in what all packets of a connection share.
func (h *Host) address(s *socket, p *Packet) {
	p.Kind, p.Src, p.Dst = TCP, s.local, s.remote
	p.Window = windowField(p.Seg.Window, p.Seg.Flags, s.ep.Scale())
	p.DSCP, p.TTL, p.Stream = uint8(s.opts.tos)>>2, uint8(s.opts.ttl), s.stream
}

// windowField is a window as the header has it: a SYN's is not scaled (RFC 7323 section
// 2.2).
func windowField(window uint32, flags tcp.Flags, scale uint8) uint16 {
	if flags.Has(tcp.SYN) {
		scale = 0
	}
	return uint16(min(window>>scale, 0xFFFF))
}

// Sent says that the NIC has completed the transmission of a packet that Output gave:
// TCP small queues let go. It must be called once for each packet with payload.
func (h *Host) Sent(p *Packet) {
	if p.Seg.Len == 0 {
		return
	}
	if s := h.conns[pair{p.Src, p.Dst}]; s != nil {
		s.ep.Sent(h.now, int(p.Seg.Len))
		h.touch(s)
	}
}

// reset answers a segment that belongs to no connection.
func (h *Host) reset(p *Packet) {
	reply := Packet{Kind: TCP, Src: p.Dst, Dst: p.Src, TTL: uint8(h.sys.ttl)}
	if tcp.ResetFor(&p.Seg, &reply.Seg) {
		h.replies.push(reply)
	}
}
