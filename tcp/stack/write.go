package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// Write is write(2).
func (h *Host) Write(fd int, buf Buf) (int, Errno) { return h.Writev(fd, []Buf{buf}) }

// Writev is writev(2).
func (h *Host) Writev(fd int, iov []Buf) (int, Errno) {
	f := h.file(fd)
	switch {
	case f == nil:
		return -1, EBADF
	case f.plain != nil:
		return -1, EBADF // open for reading
	case f.pipe != nil:
		return f.fill(iov)
	case f.sock == nil:
		return -1, EINVAL
	}
	return f.sock.send(&Message{Iov: iov}, 0)
}

// Send is send(2).
func (h *Host) Send(fd int, buf Buf, flags int) (int, Errno) {
	return h.Sendmsg(fd, &Message{Iov: []Buf{buf}}, flags)
}

// Sendto is sendto(2); an address that is not valid is none.
func (h *Host) Sendto(fd int, buf Buf, flags int, addr netip.AddrPort) (int, Errno) {
	return h.Sendmsg(fd, &Message{Iov: []Buf{buf}, Name: addr}, flags)
}

// Sendmsg is sendmsg(2). The address counts only with MSG_FASTOPEN, as in Linux.
func (h *Host) Sendmsg(fd int, m *Message, flags int) (int, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return -1, err
	}
	return s.send(m, flags)
}

// Bytes of a fragment.
const (
	copied  = 32 << 10 // the socket's page_frag
	pinned  = 4096     // the caller's own pages
	perFile = 4096     // the page cache's
)

// send is tcp_sendmsg.
func (s *socket) send(m *Message, flags int) (int, Errno) {
	frag := copied
	if flags&MSG_ZEROCOPY != 0 && s.opts.zerocopy {
		frag = pinned
	}
	if s.deferred || flags&MSG_FASTOPEN != 0 {
		return s.sendFastOpen(m, flags)
	}
	if err := s.writable(flags); err != OK {
		return -1, err
	}
	when, err := s.stampsAsked(m.Control)
	if err != OK {
		return -1, err
	}
	return s.put(m.Iov, flags, frag, when)
}

// stampsAsked are the transmit timestamps of a send: the socket's, unless a control
// message SO_TIMESTAMPING has others (__sock_cmsg_send). Those of other levels are not
// TCP's; other types are not known.
func (s *socket) stampsAsked(control []Control) (when uint32, err Errno) {
	when = s.opts.timestamping
	for i := range control {
		c := &control[i]
		switch {
		case c.Level != SOL_SOCKET:
		case c.Type != SO_TIMESTAMPING, uint32(c.Value)&^txRecords != 0:
			return 0, EINVAL
		default:
			when = when&^txRecords | uint32(c.Value)
		}
	}
	return when & txTimestamps, OK
}

// writable says whether data may be written now (the head of tcp_sendmsg_locked,
// sk_stream_wait_connect).
func (s *socket) writable(flags int) Errno {
	early := s.fastOf != nil // a Fast Open child writes before the handshake is through
	if s.is(tcp.SynSent, tcp.SynReceived) && s.pending() == OK && !early {
		return s.wait(flags, EAGAIN)
	}
	if (early || s.is(tcp.Established, tcp.CloseWait)) && s.pending() == OK && s.shutdown()&sndShut == 0 {
		return OK
	}
	if err := s.takeErr(); err != OK {
		return err
	}
	return EPIPE
}

// put gives the endpoint what it takes of an iovec.
func (s *socket) put(iov []Buf, flags, frag int, when uint32) (int, Errno) {
	h := s.host
	want, done := length(iov), 0
	for i := range iov {
		n := s.write(iov[i], frag, recordFlags(flags, i == len(iov)-1))
		done += n
		if n < iov[i].n {
			break
		}
	}
	h.touch(s)
	if done > 0 {
		s.sent(done, flags, frag, when)
	}
	if done == want {
		return done, OK
	}
	s.wantsW = true
	if !s.nonblock(flags) {
		return done, Blocked
	}
	if done > 0 {
		return done, OK
	}
	return -1, EAGAIN
}

// recordFlags is what a piece of an iovec is written with: all but the last have more
// behind them.
func recordFlags(flags int, last bool) (f tcp.WriteFlags) {
	if flags&MSG_MORE != 0 || !last {
		f |= tcp.More
	}
	if flags&MSG_EOR != 0 && last {
		f |= tcp.EndOfRecord
	}
	if flags&MSG_OOB != 0 && last {
		f |= tcp.OutOfBand
	}
	return f
}

// write gives the endpoint n bytes of one piece of an iovec and says how many it took.
func (s *socket) write(b Buf, frag int, flags tcp.WriteFlags) int {
	n := s.ep.WriteMsg(s.host.now, b.n, frag, flags).Accepted
	if s.host.cfg.Bytes {
		s.tx.append(b, n)
	}
	s.written += uint64(n)
	return n
}

// sent notes what a send of n bytes, the last ones before s.written, is to report.
func (s *socket) sent(n, flags, frag int, when uint32) {
	if flags&MSG_ZEROCOPY != 0 && frag == pinned {
		s.errs.pinned(s.written)
	}
	if when != 0 {
		s.errs.stamps.push(mark{s.written, uint32(s.written - s.errs.firstKey - 1), n, when})
	}
}
