package stack

import "netgpusim/tcp"

// Read is read(2).
func (h *Host) Read(fd int, buf Buf) (int, Errno) { return h.Readv(fd, []Buf{buf}) }

// Readv is readv(2).
func (h *Host) Readv(fd int, iov []Buf) (int, Errno) {
	f := h.file(fd)
	switch {
	case f == nil:
		return -1, EBADF
	case f.plain != nil:
		return f.plain.advance(length(iov)), OK
	case f.pipe != nil:
		return f.read(iov)
	case f.sock == nil:
		return -1, EINVAL
	case length(iov) == 0:
		return 0, OK // sock_read_iter
	}
	return f.sock.receive(&Message{Iov: iov}, 0)
}

// Recv is recv(2) and recvfrom(2).
func (h *Host) Recv(fd int, buf Buf, flags int) (int, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return -1, err
	}
	return s.receive(&Message{Iov: []Buf{buf}}, flags)
}

// Recvmsg is recvmsg(2); with MSG_ERRQUEUE it takes the next message of the error queue.
// Control messages are appended to m.Control up to its capacity.
func (h *Host) Recvmsg(fd int, m *Message, flags int) (int, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return -1, err
	}
	m.Control, m.Flags = m.Control[:0], 0
	return s.receive(m, flags)
}

// length is the bytes of an iovec.
func length(iov []Buf) int {
	n := 0
	for i := range iov {
		n += iov[i].n
	}
	return n
}

// receive is tcp_recvmsg.
func (s *socket) receive(m *Message, flags int) (int, Errno) {
	if flags&MSG_ERRQUEUE != 0 {
		return s.takeMessage(m)
	}
	if s.tcpState() == tcp.Listen {
		return -1, ENOTCONN
	}
	if flags&MSG_OOB != 0 {
		return s.receiveUrgent(m, flags)
	}
	want := length(m.Iov)
	least := min(max(s.opts.rcvLowat, 1), want)
	if flags&MSG_WAITALL != 0 {
		least = want
	}
	if flags&MSG_PEEK == 0 && s.rx.bytes == 1 && s.skipUrgent() == 1 {
		s.consume(1) // it is all there is
	}
	have := s.readable(want)
	if want == 0 && s.readable(1) > 0 {
		return 0, OK // it does not wait for what is there
	}
	if have < max(least, 1) && !s.nonblock(flags) && s.mayCome() {
		return 0, Blocked
	}
	if have == 0 {
		return s.nothing(m, flags)
	}
	return s.hand(m, have, flags), OK
}

// mayCome says whether waiting for more data makes sense.
func (s *socket) mayCome() bool {
	return s.pending() == OK && s.shutdown()&rcvShut == 0 && s.tcpState() != tcp.Closed
}

// nothing is what a read returns that finds an empty queue.
func (s *socket) nothing(m *Message, flags int) (int, Errno) {
	if s.ep != nil && s.ep.ReadEOF() {
		s.control(m)
		return 0, OK
	}
	if err := s.takeErr(); err != OK {
		return -1, err
	}
	switch {
	case s.shutdown()&rcvShut != 0:
		s.control(m)
		return 0, OK
	case s.tcpState() == tcp.Closed:
		return -1, ENOTCONN
	}
	return -1, s.wait(flags, EAGAIN)
}

// hand copies n bytes to the caller and takes them from the queue.
func (s *socket) hand(m *Message, n, flags int) int {
	skip := s.skipUrgent()
	done := 0
	for i := range m.Iov {
		k := min(m.Iov[i].n, n-done)
		if m.Iov[i].mem != nil && flags&MSG_TRUNC == 0 {
			s.rx.peek(&s.host.pool, m.Iov[i].mem[:k], skip+done)
		}
		done += k
	}
	if flags&MSG_PEEK == 0 {
		s.consume(skip + n)
	}
	s.control(m)
	return n
}

// consume takes n bytes off the receive queue and tells the endpoint.
func (s *socket) consume(n int) {
	s.rxTime = s.rx.take(&s.host.pool, n)
	s.copied += uint64(n)
	if s.ep != nil {
		s.ep.Consumed(s.host.now, n)
		s.host.touch(s)
	}
}

// control adds the control messages that a recvmsg gets.
func (s *socket) control(m *Message) {
	if s.opts.rxTimestamps() {
		s.timestamp(m)
	}
	if s.opts.inq {
		m.put(Control{Level: SOL_TCP, Type: TCP_CM_INQ, Value: s.inq()})
	}
}

// put adds a control message, or says that there was no room.
func (m *Message) put(c Control) {
	if len(m.Control) == cap(m.Control) {
		m.Flags |= MSG_CTRUNC
		return
	}
	m.Control = append(m.Control, c)
}

// inq is tcp_inq_hint: what can be read, and 1 for the end of the stream.
func (s *socket) inq() int {
	if s.rx.bytes == 0 && s.ep != nil && s.ep.ReadEOF() {
		return 1
	}
	return s.rx.bytes
}
