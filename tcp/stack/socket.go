package stack

import (
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// connState is Linux's socket->state: what connect has done.
type connState uint8

const (
	unconnected connState = iota
	connecting
	connected
)

// Bits of socket.shut, as sk_shutdown.
const (
	rcvShut uint8 = 1 << iota
	sndShut
	bothShut = rcvShut | sndShut
)

// socket is a struct socket and the struct sock below it: an end of a connection, a
// listener, or neither yet. Without a file it is an orphan, or a connection that has
// not been accepted.
type socket struct {
	host   *Host
	file   *file
	domain int
	opts   options

	state  connState
	shut   uint8
	err    Errno // sk_err that no endpoint knows
	wantsW bool  // SOCK_NOSPACE: a writer has found no room

	local, remote        netip.AddrPort
	isn                  isnChoice
	boundAddr, boundPort bool // by bind
	hasPort, hashed      bool // is in Host.ports, in Host.conns
	deferred             bool // connect of TCP_FASTOPEN_CONNECT waits for data
	lingering            bool // close waits
	lingerUntil          sim.Time
	listener             *listener
	parent               *listener // whose SYN or accept queue it is in
	synIndex             int       // in parent.syns
	fastOf               *listener // made by Fast Open, and the handshake is not through

	ep       *tcp.Endpoint
	stream   uint32 // names what ep sends
	written  uint64 // bytes of it
	copied   uint64 // bytes that were read
	reported bool   // that ep has an error
	gone     bool   // nobody will read what comes
	rx       rxQueue
	rxTime   sim.Time // of arrival of what was read last
	tx       txStore
	errs     errorQueue

	// In Host's queues.
	ready    bool
	deadline sim.Time
	index    int // in the heap of deadlines, -1 outside
}

// tcpState is the socket's state as system calls see it. A connection in TIME-WAIT is
// no socket's any more (tcp_time_wait).
func (s *socket) tcpState() tcp.State {
	switch {
	case s.listener != nil:
		return tcp.Listen
	case s.deferred:
		return tcp.SynSent
	case s.ep == nil:
		return tcp.Closed
	}
	if st := s.ep.State(); st != tcp.TimeWait {
		return st
	}
	return tcp.Closed
}

// is says whether the socket is in one of the states.
func (s *socket) is(states ...tcp.State) bool {
	have := s.tcpState()
	for _, st := range states {
		if st == have {
			return true
		}
	}
	return false
}

// shutdown is sk_shutdown: what the calls, the peer's FIN and the end of the
// connection have closed.
func (s *socket) shutdown() uint8 {
	shut := s.shut
	if s.ep == nil {
		return shut
	}
	if s.tcpState() == tcp.Closed {
		return bothShut
	}
	if s.ep.ReadEOF() {
		shut |= rcvShut
	}
	return shut
}

// pending is sk_err.
func (s *socket) pending() Errno {
	if s.err != OK || s.ep == nil {
		return s.err
	}
	return Errno(s.ep.Err())
}

// takeErr returns sk_err and clears it (sock_error).
func (s *socket) takeErr() Errno {
	err := s.err
	s.err = OK
	if s.ep != nil {
		if e := Errno(s.ep.TakeErr()); err == OK {
			err = e
		}
	}
	return err
}

// nonblock says whether a call on the socket must not wait.
func (s *socket) nonblock(flags int) bool {
	return flags&MSG_DONTWAIT != 0 || s.file != nil && s.file.nonblock
}

// wait is what a call returns that would have to wait.
func (s *socket) wait(flags int, err Errno) Errno {
	if s.nonblock(flags) {
		return err
	}
	return Blocked
}

// Socket makes a socket of AF_INET or AF_INET6 and SOCK_STREAM, with SOCK_NONBLOCK and
// SOCK_CLOEXEC or not, and returns the lowest free descriptor, from 3 on.
func (h *Host) Socket(domain, typ, proto int) (fd int, err Errno) {
	const flags = SOCK_NONBLOCK | SOCK_CLOEXEC
	switch {
	case typ&^(flags|0xF) != 0:
		return -1, EINVAL
	case domain != AF_INET && domain != AF_INET6:
		return -1, EAFNOSUPPORT
	case typ&^flags == SOCK_DGRAM && proto == IPPROTO_TCP:
		return -1, EPROTONOSUPPORT // there are datagrams, but not of TCP (inet_create)
	case typ&^flags != SOCK_STREAM:
		return -1, ESOCKTNOSUPPORT
	case proto != 0 && proto != IPPROTO_TCP:
		return -1, EPROTONOSUPPORT
	}
	s := h.newSocket(domain)
	s.opts.init(h)
	return h.installSocket(s, typ)
}

func (h *Host) newSocket(domain int) *socket {
	return &socket{host: h, domain: domain, index: -1, deadline: sim.Never}
}

// installSocket gives a socket a descriptor.
func (h *Host) installSocket(s *socket, typ int) (fd int, err Errno) {
	s.file = &file{sock: s, nonblock: typ&SOCK_NONBLOCK != 0}
	return h.install(s.file, 0)
}

// Getsockname returns the local address.
func (h *Host) Getsockname(fd int) (netip.AddrPort, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return netip.AddrPort{}, err
	}
	if !s.local.IsValid() {
		return netip.AddrPortFrom(s.any(), 0), OK
	}
	return s.outward(s.local), OK
}

// Getpeername returns the peer's address.
func (h *Host) Getpeername(fd int) (netip.AddrPort, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return netip.AddrPort{}, err
	}
	if !s.remote.IsValid() || s.is(tcp.Closed, tcp.SynSent) {
		return netip.AddrPort{}, ENOTCONN
	}
	return s.outward(s.remote), OK
}
