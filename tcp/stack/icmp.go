package stack

import "netgpusim/tcp"

// inputICMP takes an ICMP error about a segment that this host has sent (tcp_v4_err,
// tcp_v6_err). While a connection is being set up it also goes to the error queue.
func (h *Host) inputICMP(p *Packet) {
	s := h.conns[pair{p.Src, p.Dst}]
	if s == nil {
		return
	}
	m := p.Error
	m.Seq = p.Seg.Seq
	version, origin := 4, uint8(SO_EE_ORIGIN_ICMP)
	if !p.Src.Addr().Is4() {
		version, origin = 6, SO_EE_ORIGIN_ICMP6
	}
	if err := Errno(m.Error(version)); err != OK && s.opts.recvErr && s.is(tcp.SynSent, tcp.SynReceived) {
		s.report(s.recvErr(ExtendedError{Errno: err, Origin: origin, Type: m.Type, Code: m.Code, Info: uint32(m.MTU)}), 0)
	}
	state := s.ep.State()
	s.ep.InputICMP(h.now, m)
	h.settle(s, state)
}
