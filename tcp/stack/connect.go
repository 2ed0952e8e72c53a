package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// pair is the addresses of a connection.
type pair struct{ local, remote netip.AddrPort }

// Connect starts a connection; Blocked or EINPROGRESS says that it is under way. An
// address that is not valid is AF_UNSPEC: it dissolves the connection
// (__inet_stream_connect).
func (h *Host) Connect(fd int, addr netip.AddrPort) Errno {
	s, err := h.socket(fd)
	if err != OK {
		return err
	}
	if !addr.IsValid() {
		h.disconnect(s)
		return OK
	}
	return h.connect(s, addr, 0)
}

func (h *Host) connect(s *socket, addr netip.AddrPort, flags int) Errno {
	waiting := EALREADY
	switch s.state {
	case connected:
		return EISCONN
	case connecting:
		if s.deferred {
			return EISCONN
		}
	case unconnected:
		if s.tcpState() != tcp.Closed {
			return EISCONN
		}
		if err := h.startConnect(s, addr); err != OK {
			return err
		}
		s.state = connecting
		var cookie tcp.Cookie
		if s.opts.fastOpenConnect {
			if cookie, _, s.deferred = h.cookieFor(s, s.remote.Addr()); s.deferred {
				return OK // the SYN goes with the first data
			}
		}
		if err := h.sendSYN(s); err != OK {
			return err
		}
		if s.opts.fastOpenConnect {
			s.ep.SetFastOpen(cookie, false)
		}
		waiting = EINPROGRESS
	}
	return h.finishConnect(s, flags, waiting)
}

// finishConnect is the waiting half of connect.
func (h *Host) finishConnect(s *socket, flags int, waiting Errno) Errno {
	if s.is(tcp.SynSent, tcp.SynReceived) {
		return s.wait(flags, waiting)
	}
	if s.tcpState() == tcp.Closed { // refused, or over already
		err := s.takeErr()
		if err == OK {
			err = ECONNABORTED
		}
		h.dissolve(s)
		return err
	}
	s.state = connected
	return OK
}

// startConnect chooses addresses (tcp_v4_connect).
func (h *Host) startConnect(s *socket, addr netip.AddrPort) Errno {
	to, err := s.inward(addr)
	if err != OK {
		return err
	}
	from, ok := h.source(to.Addr())
	if !ok {
		return ENETUNREACH
	}
	if to.Addr().IsUnspecified() { // this host
		to = netip.AddrPortFrom(from, to.Port())
	}
	if s.local.IsValid() && !s.local.Addr().IsUnspecified() {
		if from = s.local.Addr(); from.Is4() != to.Addr().Is4() {
			return EINVAL
		}
	}
	before := s.local
	s.isn = isnChoice{}
	s.local, s.remote = netip.AddrPortFrom(from, before.Port()), to
	if !h.claimPair(s) {
		s.local, s.remote = before, netip.AddrPort{}
		return EADDRNOTAVAIL
	}
	return OK
}

// claimPair finds a local port if there is none and enters the connection.
func (h *Host) claimPair(s *socket) bool {
	if s.hasPort {
		if !h.vacant(s) {
			return false
		}
	} else {
		if !h.ephemeralPort(s) {
			return false
		}
		h.claim(s, false)
		s.hasPort = true
	}
	h.conns[pair{s.local, s.remote}] = s
	s.hashed = true
	return true
}

// vacant says whether a new connection may have the addresses of s
// (__inet_check_established): nobody has them, or a TIME-WAIT that tcp_tw_reuse gives up.
func (h *Host) vacant(s *socket) bool {
	old := h.conns[pair{s.local, s.remote}]
	if old == nil {
		return true
	}
	if !h.reusable(old) {
		return false
	}
	s.isn = isnChoice{old.ep.NextISS(), true}
	h.retire(old)
	return true
}

// sendSYN makes the endpoint of a socket whose addresses are settled.
func (h *Host) sendSYN(s *socket) Errno {
	ep, err := tcp.Connect(h.specOf(s), h.endpointConfig(s), h.now)
	if err != nil {
		h.dissolve(s)
		return EINVAL
	}
	h.attach(s, ep)
	return OK
}

// endpointConfig is what the endpoint of a socket is told.
func (h *Host) endpointConfig(s *socket) tcp.Config {
	if !s.isn.made {
		s.isn = isnChoice{h.isn(s.local, s.remote), true}
	}
	return tcp.Config{MTU: h.cfg.MTU, LocalISS: s.isn.seq}
}

// attach gives a socket its endpoint.
func (h *Host) attach(s *socket, ep *tcp.Endpoint) {
	h.streams++
	s.ep, s.stream = ep, h.streams
	s.shut, s.err = 0, OK
	s.tx = txStore{}
	s.written, s.copied, s.reported, s.gone = 0, 0, false, false
	s.apply(ep)
	h.touch(s)
}

// disconnect is connect to AF_UNSPEC (tcp_disconnect).
func (h *Host) disconnect(s *socket) {
	switch {
	case s.listener != nil:
		h.stopListening(s)
	case s.is(tcp.Established, tcp.CloseWait, tcp.FinWait1, tcp.FinWait2, tcp.SynReceived):
		h.abort(s)
		s.err = ECONNRESET
	case s.is(tcp.SynSent):
		s.err = ECONNRESET
	}
	err := s.err
	h.dissolve(s)
	s.err = err
	h.wake(s, POLLERR|POLLHUP)
}

// dissolve makes a socket one that was never connected. A TIME-WAIT goes on without it.
func (h *Host) dissolve(s *socket) {
	if s.ep != nil && s.ep.State() == tcp.TimeWait {
		h.leaveTimeWait(s)
	}
	h.unhash(s)
	s.rx.clear(&h.pool)
	s.ep, s.deferred = nil, false
	s.state, s.shut, s.err = unconnected, 0, OK
	h.forget(s)
}

// abort resets the connection (tcp_send_active_reset).
func (h *Host) abort(s *socket) {
	var p Packet
	s.ep.Abort(h.now, &p.Seg)
	h.collect(s)
	h.address(s, &p)
	h.replies.push(p)
}
