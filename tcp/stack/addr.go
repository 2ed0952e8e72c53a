package stack

import "net/netip"

// Addresses inside are unmapped: an IPv4 connection of an AF_INET6 socket has IPv4
// addresses, and only the calls show ::ffff:a.b.c.d.

// inward checks an address that a call was given and unmaps it.
func (s *socket) inward(a netip.AddrPort) (netip.AddrPort, Errno) {
	if s.domain == AF_INET && !a.Addr().Is4() || s.domain == AF_INET6 && a.Addr().Is4() {
		return a, EAFNOSUPPORT
	}
	in := netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
	if s.domain == AF_INET6 && in.Addr().Is4() && s.opts.v6only {
		return a, ENETUNREACH
	}
	return in, OK
}

// outward is an address as the socket's calls show it.
func (s *socket) outward(a netip.AddrPort) netip.AddrPort {
	if s.domain == AF_INET6 && a.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
	}
	return a
}

// any is the wildcard of a socket's family.
func (s *socket) any() netip.Addr {
	if s.domain == AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// isLocal says whether the host has an address.
func (h *Host) isLocal(a netip.Addr) bool {
	for _, own := range h.cfg.Addrs {
		if own == a {
			return true
		}
	}
	return false
}

// source chooses the address from which a destination is reached: the first of its
// family. The host has one interface and a default route.
func (h *Host) source(to netip.Addr) (netip.Addr, bool) {
	for _, own := range h.cfg.Addrs {
		if own.Is4() == to.Is4() {
			return own, true
		}
	}
	return netip.Addr{}, false
}
