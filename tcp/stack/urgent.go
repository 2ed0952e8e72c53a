package stack

import "netgpusim/tcp"

// ahead is how far the urgent byte is from what is read next; ok is false if there is none
// that a read has not passed.
func (s *socket) ahead() (n int, ok bool) {
	if s.ep == nil {
		return 0, false
	}
	at, state := s.ep.UrgentMark()
	if state == tcp.UrgentNone || at < s.copied {
		return 0, false
	}
	return int(at - s.copied), true
}

// readable is how many bytes a read of n can take now: one that begins before the urgent
// byte ends before it, and out of line that byte is passed over (tcp_recvmsg).
func (s *socket) readable(n int) int {
	n = min(n, s.rx.bytes)
	switch ahead, ok := s.ahead(); {
	case !ok || ahead == 0 && s.opts.oobInline:
		return n
	case ahead > 0:
		return min(n, ahead)
	}
	return min(n, s.rx.bytes-s.skipUrgent())
}

// skipUrgent is the bytes in front of the queue that a read passes over: the urgent one.
func (s *socket) skipUrgent() int {
	if ahead, ok := s.ahead(); ok && ahead == 0 && !s.opts.oobInline && s.rx.bytes > 0 {
		return 1
	}
	return 0
}

// unread is SIOCINQ: up to the urgent byte if it is out of line (tcp_inq).
func (s *socket) unread() int {
	if ahead, ok := s.ahead(); ok && !s.opts.oobInline && ahead < s.rx.bytes {
		return ahead
	}
	return s.rx.bytes
}

// pollable says whether poll finds a socket readable: bytes beyond the urgent one count.
func (s *socket) pollable() bool {
	return s.rx.bytes >= max(s.opts.rcvLowat, 1)+s.skipUrgent()
}

// urgent says whether there is an urgent byte to be read out of line.
func (s *socket) urgent() bool {
	if s.ep == nil {
		return false
	}
	_, state := s.ep.UrgentMark()
	return state == tcp.UrgentHere
}

// atMark is SIOCATMARK: the urgent byte is what would be read next.
func (s *socket) atMark() bool {
	ahead, ok := s.ahead()
	return ok && ahead == 0
}

// receiveUrgent is recv with MSG_OOB (tcp_recv_urg). A byte that came out of order can be
// had once what is missing before it is there.
func (s *socket) receiveUrgent(m *Message, flags int) (int, Errno) {
	if s.ep == nil || s.opts.oobInline {
		return -1, EINVAL
	}
	at, state := s.ep.UrgentMark()
	switch {
	case state == tcp.UrgentNone || state == tcp.UrgentTaken:
		return -1, EINVAL
	case state == tcp.UrgentHere && at-s.copied < uint64(s.rx.bytes):
		return s.handUrgent(m, int(at-s.copied), flags), OK
	case s.shutdown()&rcvShut != 0:
		return 0, OK
	}
	return -1, EAGAIN
}

func (s *socket) handUrgent(m *Message, ahead, flags int) int {
	m.Flags |= MSG_OOB
	n := min(length(m.Iov), 1)
	if n == 0 {
		m.Flags |= MSG_TRUNC
	}
	for i := range m.Iov {
		if b := m.Iov[i]; b.n > 0 {
			if b.mem != nil && flags&MSG_TRUNC == 0 {
				s.rx.peek(&s.host.pool, b.mem[:1], ahead)
			}
			break
		}
	}
	if flags&MSG_PEEK == 0 {
		s.ep.TakeUrgent()
	}
	return n
}
