package stack

import "netgpusim/tcp"

// Poll fills in Revents and returns how many are not 0. It never blocks: a caller with
// a timeout repeats it until then.
func (h *Host) Poll(fds []PollFD) (int, Errno) {
	n := 0
	for i := range fds {
		p := &fds[i]
		p.Revents = 0
		if p.FD < 0 {
			continue
		}
		if f := h.file(p.FD); f == nil {
			p.Revents = POLLNVAL
		} else {
			p.Revents = int16(f.events()) & (p.Events | POLLERR | POLLHUP)
		}
		if p.Revents != 0 {
			n++
		}
	}
	return n, OK
}

// events is what poll finds of a file.
func (f *file) events() uint32 {
	switch {
	case f.sock != nil:
		return f.sock.poll()
	case f.epoll != nil:
		return f.epoll.poll()
	case f.pipe != nil:
		return f.pollPipe()
	}
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM // regular files
}

// poll is tcp_poll.
func (s *socket) poll() uint32 {
	if s.listener != nil {
		if s.listener.queue.len() > 0 {
			return POLLIN | POLLRDNORM
		}
		return 0
	}
	var mask uint32
	shut, state := s.shutdown(), s.tcpState()
	if shut == bothShut || state == tcp.Closed {
		mask |= POLLHUP
	}
	if shut&rcvShut != 0 {
		mask |= POLLIN | POLLRDNORM | POLLRDHUP
	}
	switch {
	case state == tcp.SynSent || state == tcp.SynReceived && s.fastOf == nil:
		if s.deferred {
			mask |= POLLOUT | POLLWRNORM
		}
	default:
		if s.pollable() {
			mask |= POLLIN | POLLRDNORM
		}
		mask |= s.pollOut(shut)
		if s.urgent() {
			mask |= POLLPRI
		}
	}
	if s.pending() != OK || s.errs.len() > 0 {
		mask |= POLLERR
	}
	return mask
}

// pollOut is the writable half. A socket that is found full remembers that it was, so
// that room makes an event.
func (s *socket) pollOut(shut uint8) uint32 {
	if shut&sndShut == 0 && s.ep != nil && s.tcpState() != tcp.Closed && !s.ep.WriteReady() {
		s.wantsW = true
		return 0
	}
	return POLLOUT | POLLWRNORM
}
