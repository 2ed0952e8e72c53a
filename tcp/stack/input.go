package stack

import (
	"netgpusim/tcp"
)

// Input takes a packet that has arrived. Packets for other addresses are ignored, as are
// those whose payload is cut short. Linux
// answers a segment before it looks at the next: Output is to be drained after each.
func (h *Host) Input(p *Packet) {
	if p.Kind == ICMP {
		h.inputICMP(p)
		return
	}
	short := p.Data != nil && len(p.Data) < int(p.Seg.Len)
	if short || !h.isLocal(p.Dst.Addr()) {
		return
	}
	s := h.conns[pair{p.Dst, p.Src}]
	if s == nil {
		h.stranger(p, isnChoice{})
		return
	}
	if s.ep.State() == tcp.TimeWait && h.lookup(p.Dst) != nil && s.ep.Reopens(h.now, &p.Seg) {
		after := isnChoice{s.ep.NextISS(), true}
		h.retire(s)
		h.stranger(p, after)
		return
	}
	h.deliver(s, p)
}

// stranger takes a segment of no connection: a SYN for a listener, or what is reset.
func (h *Host) stranger(p *Packet, isn isnChoice) {
	l := h.lookup(p.Dst)
	const control = tcp.SYN | tcp.ACK | tcp.RST
	switch {
	case l != nil && l.sock.tooFar(p):
	case l == nil || p.Seg.Flags.Has(tcp.ACK):
		h.reset(p)
	case p.Seg.Flags&(control|tcp.FIN) == tcp.SYN:
		h.connectionRequest(l, p, isn)
	}
}

// tooFar says whether a packet has come further than IP_MINTTL lets it.
func (s *socket) tooFar(p *Packet) bool {
	ttl := int(p.TTL)
	if ttl == 0 {
		ttl = s.host.sys.ttl
	}
	return ttl < s.opts.minTTL
}

// deliver gives a segment to its connection.
func (h *Host) deliver(s *socket, p *Packet) {
	if s.tooFar(p) {
		return
	}
	state := s.ep.State()
	if state == tcp.SynReceived && !h.mayComplete(s, p) {
		return
	}
	seg := p.Seg
	seg.Window = uint32(p.Window)
	if !seg.Flags.Has(tcp.SYN) {
		seg.Window <<= s.ep.PeerScale()
	}
	if seg.Len > 0 {
		seg.Handle = h.pool.hold(p, h.now)
	}
	s.ep.Input(h.now, &seg)
	h.settle(s, state)
}

// reusable says whether tcp_tw_reuse gives a TIME-WAIT to a new connection: timestamps
// keep the two apart from the next second on (tcp_twsk_unique).
func (h *Host) reusable(s *socket) bool {
	const loopbackOnly = 2 // and there is no loopback here
	return h.sys.twReuse != 0 && h.sys.twReuse != loopbackOnly && s.ep.Reusable(h.now)
}
