package packetdrill

import (
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// flow is a connection as the script sees it: how its numbers map to the host's. What
// the peer sends is the script's to choose, so only the host's own numbers differ.
type flow struct {
	local, remote netip.AddrPort
	shift         uint32 // host's sequence numbers less the script's
	isn           uint32 // the host's first
	isnSeen       bool
	shifted       bool // shift is known
	peerISN       uint32
	stamps        map[uint32]uint32 // script's TS value to the host's
	script0, ts0  uint32            // the first pair of them
	lastTS        uint32            // of what the host has sent
}

// flow finds a connection by its addresses, or makes it.
func (r *runner) flow(local, remote netip.AddrPort) *flow {
	for _, f := range r.flows {
		if f.local == local && f.remote == remote {
			return f
		}
	}
	f := &flow{local: local, remote: remote, stamps: map[uint32]uint32{}}
	r.flows = append(r.flows, f)
	return f
}

// addressed is the connection of an inbound packet: by its ports, else the current one,
// else a new one to the port that listens.
func (r *runner) addressed(k *Packet) *flow {
	if k.SrcPort != 0 {
		return r.flow(netip.AddrPortFrom(r.setup.local, k.DstPort), netip.AddrPortFrom(r.setup.remote, k.SrcPort))
	}
	if r.current == nil {
		port := r.listens
		if port == 0 {
			port = r.setup.bindPort
		}
		r.current = r.flow(netip.AddrPortFrom(r.setup.local, port), netip.AddrPortFrom(r.setup.remote, r.freePort()))
	}
	return r.current
}

// firstPort is where the ports of connections to the host begin.
const firstPort = 49152

// freePort is a port of the peer that no connection has.
func (r *runner) freePort() uint16 { return firstPort + uint16(len(r.flows)) }

// sent is a packet of the host.
type sent struct {
	at   sim.Time
	flow *flow
	pk   stack.Packet
}

// capture takes what the host sends now.
func (r *runner) capture() {
	var p stack.Packet
	for r.host.Output(&p) {
		r.host.Sent(&p)
		f := r.flow(p.Src, p.Dst)
		if p.Seg.Flags.Has(tcp.SYN) {
			f.isn, f.isnSeen, f.shifted = p.Seg.Seq, true, false
			if !p.Seg.Flags.Has(tcp.ACK) {
				r.current = f
			}
		}
		if p.Seg.Opts.Has(tcp.OptTimestamps) {
			f.lastTS = p.Seg.TSVal
		}
		s := sent{r.now, f, p}
		if r.setup.strictSegments {
			r.segments(s)
		} else {
			r.seen = append(r.seen, s)
		}
		r.note(entry{at: r.now, flow: f, packet: p, outbound: true})
	}
}

// segments cuts a super-segment as the NIC would.
func (r *runner) segments(s sent) {
	for mss := uint32(s.pk.Seg.MSS); mss > 0 && s.pk.Seg.Len > mss; {
		r.seen = append(r.seen, s.front(mss))
	}
	r.seen = append(r.seen, s)
}

// front cuts the first n bytes off a super-segment: PSH and FIN go with the last one, CWR
// with the first (RFC 3168 section 6.1.2; tcp_gso_segment).
func (s *sent) front(n uint32) sent {
	first := *s
	seg := &first.pk.Seg
	seg.Len = n
	seg.Flags &^= tcp.PSH | tcp.FIN
	s.pk.Seg.Seq += n
	s.pk.Seg.Offset += uint64(n)
	s.pk.Seg.Len -= n
	s.pk.Seg.Flags &^= tcp.CWR
	return first
}

// joins says whether a segment goes on where s ends, and can have been part of it.
func (s *sent) joins(next *sent) bool {
	a, b := &s.pk.Seg, &next.pk.Seg
	const ends = tcp.PSH | tcp.FIN | tcp.SYN | tcp.RST | tcp.URG
	return s.flow == next.flow && b.Len > 0 && b.Seq == a.Seq+a.Len && a.Flags&ends == 0 &&
		a.Flags&^tcp.CWR == b.Flags&^(tcp.PSH|tcp.FIN) && a.Ack == b.Ack && a.NSACK == b.NSACK && a.ECN == b.ECN
}

// join adds the segment that follows.
func (s *sent) join(next *sent) {
	s.pk.Seg.Len += next.pk.Seg.Len
	s.pk.Seg.Flags |= next.pk.Seg.Flags
}
