package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// listener is what listen adds to a socket: connections on their way and those that
// wait for accept.
type listener struct {
	sock    *socket
	backlog int
	syns    []*socket     // in SYN-RECEIVED, in no order (Linux: request sockets)
	queue   fifo[*socket] // established
	acks    int64         // final ACKs dropped because the queue was full (LINUX_MIB_LISTENOVERFLOWS)
	fast    int           // connections of Fast Open whose handshake is not through
	drops   int64         // SYNs dropped (LINUX_MIB_LISTENDROPS)
}

// full is sk_acceptq_is_full: one more than the backlog fits.
func (l *listener) full() bool { return l.queue.len() > l.backlog }

// Listen makes a socket take connections (inet_listen).
func (h *Host) Listen(fd, backlog int) Errno {
	s, err := h.socket(fd)
	if err != OK {
		return err
	}
	if s.state != unconnected || !s.is(tcp.Closed, tcp.Listen) {
		return EINVAL
	}
	if backlog < 0 || backlog > h.sys.somaxconn {
		backlog = h.sys.somaxconn // it is unsigned
	}
	if s.listener != nil {
		s.listener.backlog = backlog
		return OK
	}
	if !s.local.IsValid() {
		s.local = netip.AddrPortFrom(s.any(), 0)
	}
	s.listener = &listener{sock: s, backlog: backlog}
	if s.hasPort { // others may have been bound with SO_REUSEADDR
		if h.ports[s.local.Port()].inUse(s) {
			s.listener = nil
			return EADDRINUSE
		}
	} else if !h.bindPort(s) {
		s.listener = nil
		return EADDRINUSE
	}
	s.shut, s.err = 0, OK
	if both := TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1; h.sys.fastOpen&both == both && s.opts.fastOpen == 0 {
		s.opts.fastOpen = backlog
	}
	return OK
}

// stopListening ends a listener: what waits for accept is reset, what is on its way is
// forgotten (inet_csk_listen_stop).
func (h *Host) stopListening(s *socket) {
	l := s.listener
	s.listener = nil
	for _, c := range l.syns {
		h.destroy(c)
	}
	for l.queue.len() > 0 {
		c := l.queue.pop()
		if !c.is(tcp.Closed) {
			h.abort(c)
		}
		h.destroy(c)
	}
}

// Accept takes the next connection of a listener: accept4 with flags 0, SOCK_NONBLOCK,
// SOCK_CLOEXEC (inet_csk_accept).
func (h *Host) Accept(fd, flags int) (conn int, peer netip.AddrPort, err Errno) {
	if flags&^(SOCK_NONBLOCK|SOCK_CLOEXEC) != 0 {
		return -1, peer, EINVAL
	}
	s, err := h.socket(fd)
	switch {
	case err != OK:
		return -1, peer, err
	case s.listener == nil:
		return -1, peer, EINVAL
	case h.full():
		return -1, peer, EMFILE
	case s.listener.queue.len() == 0:
		return -1, peer, s.wait(0, EAGAIN)
	}
	c := s.listener.queue.pop()
	c.parent = nil
	c.state = connected
	conn, err = h.installSocket(c, flags)
	return conn, c.outward(c.remote), err
}

// lookup finds the listener for a destination: with its address, else for any address,
// IPv4 before dual-stack IPv6 (__inet_lookup_listener's score).
func (h *Host) lookup(to netip.AddrPort) *listener {
	p := h.ports[to.Port()]
	if p == nil {
		return nil
	}
	var best *listener
	most := 0
	for _, s := range p.owners {
		if score := s.score(to.Addr()); score > most {
			best, most = s.listener, score
		}
	}
	return best
}

func (s *socket) score(to netip.Addr) int {
	switch own := s.local.Addr(); {
	case s.listener == nil:
		return 0
	case own == to:
		return 3
	case !own.IsUnspecified():
		return 0
	case own.Is4() == to.Is4():
		return 2
	case to.Is4() && !s.opts.v6only:
		return 1
	}
	return 0
}

// noRoom says whether a SYN is dropped. With SYN cookies the SYN queue does not bound
// how many are on their way; the state that Linux would put into the cookie is kept.
func (h *Host) noRoom(l *listener) bool {
	if l.full() {
		return true
	}
	n, most := len(l.syns), h.sys.maxSYNBacklog
	return h.sys.synCookies == 0 && (n >= l.backlog || most-n < most>>2)
}

// connectionRequest takes a SYN for a listener (tcp_conn_request).
func (h *Host) connectionRequest(l *listener, p *Packet, isn isnChoice) {
	if h.noRoom(l) {
		l.drops++
		return
	}
	s := h.newSocket(l.sock.domain)
	s.opts = l.sock.opts
	s.local, s.remote, s.isn = p.Dst, p.Src, isn
	seg := p.Seg
	seg.Window = uint32(p.Window)
	if seg.Len > 0 {
		seg.Handle = h.pool.hold(p, h.now)
	}
	open, grant := h.fastOpens(l, p)
	accept := tcp.Accept
	if open {
		accept = tcp.AcceptFastOpen
	}
	ep, err := accept(h.specOf(s), h.endpointConfig(s), h.now, &seg)
	if err != nil {
		l.drops++
		return
	}
	if grant.Len > 0 {
		ep.GrantCookie(grant)
	}
	s.parent = l
	h.conns[pair{s.local, s.remote}] = s
	s.hashed = true
	h.claim(s, true)
	s.hasPort = true
	h.attach(s, ep)
	h.collect(s)
	if open {
		h.fastAccepted(l, s)
		return
	}
	s.synIndex = len(l.syns)
	l.syns = append(l.syns, s)
}

// mayComplete says whether a segment for a connection in SYN-RECEIVED may go on to it:
// the final ACK is dropped while the accept queue is full, or answered with a reset if
// tcp_abort_on_overflow says so (tcp_v4_syn_recv_sock, tcp_check_req).
func (h *Host) mayComplete(s *socket, p *Packet) bool {
	l := s.parent
	if l == nil || s.fastOf != nil || !l.full() || !p.Seg.Flags.Has(tcp.ACK) || p.Seg.Flags&(tcp.SYN|tcp.RST) != 0 {
		return true
	}
	l.acks++
	if h.sys.abortOnOverflow {
		h.reset(p)
		h.unqueue(s)
		h.destroy(s)
	}
	return false
}

// established moves a connection from the SYN queue to the accept queue.
func (h *Host) established(s *socket) {
	l := s.parent
	h.unqueue(s)
	l.queue.push(s)
	h.wake(l.sock, POLLIN|POLLRDNORM)
}

// unqueue takes a connection out of the SYN queue.
func (h *Host) unqueue(s *socket) {
	l := s.parent
	last := len(l.syns) - 1
	l.syns[s.synIndex] = l.syns[last]
	l.syns[s.synIndex].synIndex = s.synIndex
	l.syns[last] = nil
	l.syns = l.syns[:last]
}
