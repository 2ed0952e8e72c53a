package stack

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// release is the close of a socket's last descriptor (inet_release, tcp_close). False
// says that SO_LINGER makes it wait.
func (h *Host) release(s *socket) bool {
	if s.lingering {
		if s.closing() && h.now < s.lingerUntil {
			return false
		}
		h.orphan(s)
		return true
	}
	switch {
	case s.listener != nil:
		h.stopListening(s)
		h.orphan(s)
		return true
	case s.ep == nil:
		h.orphan(s)
		return true
	case s.opts.linger.OnOff != 0 && s.opts.linger.Seconds == 0 && !s.is(tcp.Closed, tcp.SynSent):
		h.abort(s)
	default:
		s.ep.Close(h.now)
	}
	s.rx.clear(&h.pool)
	h.touch(s)
	h.collect(s)
	if s.opts.linger.OnOff != 0 && s.opts.linger.Seconds > 0 && s.closing() && !s.nonblock(0) {
		s.lingering = true
		s.lingerUntil = h.now + sim.Time(s.opts.linger.Seconds)*sim.Second
		return false
	}
	h.orphan(s)
	return true
}

// closing says whether the peer has not acknowledged the FIN (sk_stream_closing).
func (s *socket) closing() bool { return s.is(tcp.FinWait1, tcp.Closing, tcp.LastAck) }

// orphan leaves a socket to TCP.
func (h *Host) orphan(s *socket) {
	s.file, s.lingering, s.gone = nil, false, true
	if s.ep == nil || s.ep.State() == tcp.Closed {
		h.destroy(s)
	}
}

// destroy forgets a socket.
func (h *Host) destroy(s *socket) {
	h.unhash(s)
	h.unbind(s)
	s.rx.clear(&h.pool)
	s.tx = txStore{}
	h.timers.remove(s)
	if s.ep != nil && s.ep.State() != tcp.Closed {
		s.ep = nil // nothing more is to be sent
	}
}

// unhash makes that no packet finds a socket any more.
func (h *Host) unhash(s *socket) {
	if s.hashed {
		delete(h.conns, pair{s.local, s.remote})
		s.hashed = false
	}
	h.timers.remove(s)
}

// retire ends a TIME-WAIT early; a descriptor that still has it keeps a closed socket.
func (h *Host) retire(s *socket) {
	if s.file == nil {
		h.destroy(s)
		return
	}
	h.unhash(s)
	if !s.boundPort {
		h.unbind(s)
	}
}

// leaveTimeWait separates a TIME-WAIT from the socket that had the connection.
func (h *Host) leaveTimeWait(s *socket) {
	tw := h.newSocket(s.domain)
	tw.opts = s.opts
	tw.local, tw.remote = s.local, s.remote
	tw.ep, tw.stream = s.ep, s.stream
	h.unhash(s)
	h.conns[pair{tw.local, tw.remote}] = tw
	tw.hashed = true
	h.claim(tw, h.ports[tw.local.Port()].bound)
	tw.hasPort = true
	h.touch(tw)
}

// Shutdown is shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR (inet_shutdown).
func (h *Host) Shutdown(fd, how int) Errno {
	s, err := h.socket(fd)
	switch {
	case err != OK:
		return err
	case how < SHUT_RD || how > SHUT_RDWR:
		return EINVAL
	}
	bits := uint8(how + 1)
	switch s.tcpState() {
	case tcp.Closed:
		err = ENOTCONN
	case tcp.Listen:
		if bits&rcvShut != 0 {
			h.stopListening(s)
			h.dissolve(s)
		}
		h.wake(s, 0)
		return OK
	case tcp.SynSent:
		h.disconnect(s)
		return OK
	default:
		if bits&rcvShut != 0 {
			s.ep.ShutdownRead()
		}
		if bits&sndShut != 0 && s.shut&sndShut == 0 {
			s.ep.Shutdown(h.now)
			h.touch(s)
		}
	}
	s.shut |= bits
	h.wake(s, 0)
	return err
}
