package stack

import (
	"net/netip"

	"netgpusim/sim"
)

// port is a bind bucket (inet_bind_bucket): the sockets that share a local port. It
// lives as long as one of them, TIME-WAIT included.
type port struct {
	owners []*socket
	bound  bool // made by bind or listen: connect does not share it
}

// inUse says whether a socket may not have a port beside those that have it
// (inet_csk_bind_conflict).
func (p *port) inUse(s *socket) bool {
	for _, o := range p.owners {
		if o == s || !overlap(s.local.Addr(), s, o.local.Addr(), o) {
			continue
		}
		shared := s.opts.reuseAddr && o.opts.reuseAddr && o.listener == nil ||
			s.opts.reusePort && o.opts.reusePort
		if !shared {
			return true
		}
	}
	return false
}

// overlap says whether two local addresses can be meant by one packet
// (inet_rcv_saddr_equal).
func overlap(a netip.Addr, of *socket, b netip.Addr, with *socket) bool {
	switch {
	case a == b:
		return true
	case a.IsUnspecified() && b.IsUnspecified():
		return !of.opts.v6only && !with.opts.v6only // one is IPv4's and one is IPv6's
	case a.IsUnspecified():
		return a.Is4() == b.Is4() || a.Is6() && !of.opts.v6only
	case b.IsUnspecified():
		return a.Is4() == b.Is4() || b.Is6() && !with.opts.v6only
	}
	return false
}

// claim adds a socket to its local port's owners.
func (h *Host) claim(s *socket, bound bool) {
	n := s.local.Port()
	p := h.ports[n]
	if p == nil {
		p = &port{bound: bound}
		h.ports[n] = p
	}
	p.owners = append(p.owners, s)
}

// unclaim takes a socket from its local port's owners.
func (h *Host) unclaim(s *socket) {
	n := s.local.Port()
	p := h.ports[n]
	if p == nil {
		return
	}
	for i, o := range p.owners {
		if o == s {
			p.owners = append(p.owners[:i], p.owners[i+1:]...)
			break
		}
	}
	if len(p.owners) == 0 {
		delete(h.ports, n)
	}
}

// freePort finds a port for bind: odd ones first from a random one on, so that the
// even ones are left to connect (inet_csk_find_open_port).
func (h *Host) freePort(s *socket) bool {
	return h.scanPorts(uint32(h.random.Uint64())|1, func(n uint16) bool {
		p := h.ports[n]
		s.local = netip.AddrPortFrom(s.local.Addr(), n)
		return p == nil || !p.inUse(s)
	})
}

// ephemeralPort finds a local port for a connection to s.remote, from one on that
// depends on the addresses (RFC 6056 algorithm 3, __inet_hash_connect).
func (h *Host) ephemeralPort(s *socket) bool {
	start := uint32(h.mix(netip.AddrPortFrom(s.local.Addr(), 0), s.remote)) + h.portHint
	return h.scanPorts(start&^1, func(n uint16) bool {
		if p := h.ports[n]; p != nil && p.bound {
			return false
		}
		s.local = netip.AddrPortFrom(s.local.Addr(), n)
		if !h.vacant(s) {
			return false
		}
		h.portHint += 2
		return true
	})
}

// scanPorts offers every port of net.ipv4.ip_local_port_range, those of the parity of
// start first.
func (h *Host) scanPorts(start uint32, take func(uint16) bool) bool {
	low, high := uint32(h.sys.portLow), uint32(h.sys.portHigh)+1
	span := high - low
	for _, first := range [2]uint32{start, start + 1} {
		first %= span
		for i := uint32(0); i < (span+1)/2; i++ {
			if take(uint16(low + (first+2*i)%span)) {
				return true
			}
		}
	}
	return false
}

// mix is a seeded hash of two addresses.
func (h *Host) mix(a, b netip.AddrPort) uint64 {
	x := h.secret
	for _, p := range [2]netip.AddrPort{a, b} {
		bytes := p.Addr().As16()
		for i := 0; i < 16; i += 8 {
			var word uint64
			for _, c := range bytes[i : i+8] {
				word = word<<8 | uint64(c)
			}
			x = scramble(x ^ word)
		}
		x = scramble(x ^ uint64(p.Port()))
	}
	return x
}

// scramble is a step of SplitMix64.
func scramble(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// isnChoice is an initial sequence number, once it is chosen.
type isnChoice struct {
	seq  uint32
	made bool
}

// isn chooses the initial sequence number of a connection: a hash of its addresses and
// a clock of 64 ns (RFC 6528, secure_tcp_seq).
func (h *Host) isn(local, remote netip.AddrPort) uint32 {
	if h.cfg.ISN != nil {
		return h.cfg.ISN(local, remote)
	}
	return uint32(h.mix(local, remote)) + uint32(h.now/(64*sim.Nanosecond))
}
