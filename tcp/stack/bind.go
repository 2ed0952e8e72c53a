package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// Bind gives a socket its local address and port; port 0 stands for one that is free
// (inet_bind).
func (h *Host) Bind(fd int, addr netip.AddrPort) Errno {
	s, err := h.socket(fd)
	if err != OK {
		return err
	}
	addr, err = s.inward(addr)
	switch {
	case err == ENETUNREACH:
		return EINVAL // IPV6_V6ONLY
	case err != OK:
		return err
	case !addr.Addr().IsUnspecified() && !h.isLocal(addr.Addr()) && !s.opts.freebind:
		return EADDRNOTAVAIL
	case s.tcpState() != tcp.Closed || s.hasPort:
		return EINVAL
	}
	s.local = addr
	if !h.bindPort(s) {
		s.local = netip.AddrPort{}
		return EADDRINUSE
	}
	s.boundAddr = !addr.Addr().IsUnspecified()
	s.boundPort = addr.Port() != 0
	return OK
}

// bindPort claims s.local's port, or one that is free if it is 0.
func (h *Host) bindPort(s *socket) bool {
	if s.local.Port() == 0 {
		if !h.freePort(s) {
			return false
		}
	} else if p := h.ports[s.local.Port()]; p != nil && p.inUse(s) {
		return false
	}
	h.claim(s, true)
	s.hasPort = true
	return true
}

// unbind gives a local port back.
func (h *Host) unbind(s *socket) {
	if s.hasPort {
		h.unclaim(s)
		s.hasPort = false
	}
}

// forget gives up the address that connect or listen has chosen; what bind has set
// stays (tcp_disconnect).
func (h *Host) forget(s *socket) {
	s.remote = netip.AddrPort{}
	if !s.boundPort {
		h.unbind(s)
		s.local = netip.AddrPortFrom(s.local.Addr(), 0)
	}
	if !s.boundAddr {
		s.local = netip.AddrPortFrom(s.any(), s.local.Port())
	}
}
