package stack

import "netgpusim/tcp"

// Ioctl is ioctl(2) with SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK and FIONBIO (arg);
// it returns what Linux stores through the pointer (tcp_ioctl).
func (h *Host) Ioctl(fd, request, arg int) (int, Errno) {
	f := h.file(fd)
	if f == nil {
		return -1, EBADF
	}
	if request == FIONBIO {
		f.nonblock = arg != 0
		return 0, OK
	}
	s := f.sock
	if s == nil {
		return -1, ENOTTY
	}
	listening := s.tcpState() == tcp.Listen
	switch request {
	case SIOCINQ:
		if listening {
			return -1, EINVAL
		}
		return s.unread(), OK
	case SIOCOUTQ, SIOCOUTQNSD:
		switch {
		case listening:
			return -1, EINVAL
		case s.ep == nil || s.is(tcp.Closed, tcp.SynSent, tcp.SynReceived):
			return 0, OK
		case request == SIOCOUTQ:
			return s.ep.OutQueue(), OK
		}
		return s.ep.OutQueueUnsent(), OK
	case SIOCATMARK:
		if s.atMark() {
			return 1, OK
		}
		return 0, OK
	}
	return -1, ENOTTY
}
