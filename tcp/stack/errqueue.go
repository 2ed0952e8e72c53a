package stack

import "netgpusim/sim"

// errorQueue is sk_error_queue: completions of MSG_ZEROCOPY, transmit timestamps and
// ICMP errors, and what they wait for.
type errorQueue struct {
	messages fifo[errorMessage]
	copies   fifo[mark] // MSG_ZEROCOPY sends that are not acknowledged
	stamps   fifo[mark] // sends with transmit timestamps asked for
	sent     int        // of stamps, the first ones have been transmitted
	copyID   uint32
	firstKey uint64 // where SOF_TIMESTAMPING_OPT_ID counts from
}

// errorMessage is a message with the bytes of payload that come with it: a timestamp
// brings what was sent, unless the option TSONLY is set.
type errorMessage struct {
	Control
	payload int
}

// mark is a position of the stream with what is due when it is acknowledged.
type mark struct {
	end  uint64
	id   uint32
	size int    // of the send
	when uint32 // SOF_TIMESTAMPING_TX_* that are asked for
}

func (q *errorQueue) len() int { return q.messages.len() }

// takeMessage is recvmsg with MSG_ERRQUEUE: the payload of the packet it is about, a
// control message, and before it one with the time if it is a timestamp (ip_recv_error).
func (s *socket) takeMessage(m *Message) (int, Errno) {
	if s.errs.len() == 0 {
		return -1, EAGAIN
	}
	m.Flags |= MSG_ERRQUEUE
	c := s.errs.messages.pop()
	if c.Err.Origin == SO_EE_ORIGIN_TIMESTAMPING && s.opts.timestamping&SOF_TIMESTAMPING_SOFTWARE != 0 {
		m.put(Control{Level: SOL_SOCKET, Type: SCM_TIMESTAMPING, Timestamps: c.Timestamps})
	}
	m.put(c.Control)
	n := min(length(m.Iov), c.payload)
	if n < c.payload {
		m.Flags |= MSG_TRUNC
	}
	return n, OK
}

// report queues a message and makes EPOLLERR of it.
func (s *socket) report(c Control, payload int) {
	s.errs.messages.push(errorMessage{c, payload})
	s.host.wake(s, POLLERR)
}

// recvErr is the control message of an extended error: the socket's family counts, not
// the packet's.
func (s *socket) recvErr(e ExtendedError) Control {
	c := Control{Level: SOL_IP, Type: IP_RECVERR, Err: e}
	if s.domain == AF_INET6 {
		c.Level, c.Type = SOL_IPV6, IPV6_RECVERR
	}
	return c
}

// pinned says that a MSG_ZEROCOPY send's last byte is before end.
func (q *errorQueue) pinned(end uint64) {
	q.copies.push(mark{end: end, id: q.copyID})
	q.copyID++
}

// acknowledged reports what waited for bytes before una.
func (s *socket) acknowledged(una uint64) {
	q := &s.errs
	for q.copies.len() > 0 && q.copies.at(0).end <= una {
		s.completeCopy(q.copies.pop().id)
	}
	for q.stamps.len() > 0 && q.stamps.at(0).end <= una {
		m := q.stamps.pop()
		q.sent = max(q.sent-1, 0)
		if m.when&SOF_TIMESTAMPING_TX_ACK != 0 {
			s.stamp(m, SCM_TSTAMP_ACK)
		}
	}
}

// completeCopy reports a zero-copy send, in the message of the one before if that has
// not been read (skb_zerocopy_notify_extend).
func (s *socket) completeCopy(id uint32) {
	if n := s.errs.len(); n > 0 {
		last := &s.errs.messages.at(n - 1).Err
		if last.Origin == SO_EE_ORIGIN_ZEROCOPY && last.Data+1 == id {
			last.Data = id
			s.host.wake(s, POLLERR)
			return
		}
	}
	e := ExtendedError{Origin: SO_EE_ORIGIN_ZEROCOPY, Info: id, Data: id}
	if s.host.cfg.CopiesPages {
		e.Code = SO_EE_CODE_ZEROCOPY_COPIED
	}
	s.report(s.recvErr(e), 0)
}

// transmitted reports sends whose last byte is before end as handed to the device.
func (s *socket) transmitted(end uint64) {
	q := &s.errs
	for q.sent < q.stamps.len() && q.stamps.at(q.sent).end <= end {
		m := *q.stamps.at(q.sent)
		q.sent++
		if m.when&SOF_TIMESTAMPING_TX_SCHED != 0 {
			s.stamp(m, SCM_TSTAMP_SCHED)
		}
		if m.when&SOF_TIMESTAMPING_TX_SOFTWARE != 0 {
			s.stamp(m, SCM_TSTAMP_SND)
		}
	}
}

// stamp reports a transmit timestamp (__skb_complete_tx_timestamp).
func (s *socket) stamp(m mark, kind uint32) {
	e := ExtendedError{Errno: ENOMSG, Origin: SO_EE_ORIGIN_TIMESTAMPING, Info: kind}
	if s.opts.timestamping&SOF_TIMESTAMPING_OPT_ID != 0 {
		e.Data = m.id
	}
	c := s.recvErr(e)
	c.Timestamps[0] = timespec(s.host.now)
	if s.opts.timestamping&SOF_TIMESTAMPING_OPT_TSONLY != 0 {
		m.size = 0
	}
	s.report(c, m.size)
}

// timestamp adds the control message of the arrival of what a recvmsg returned last.
func (s *socket) timestamp(m *Message) {
	c := Control{Level: SOL_SOCKET, Type: s.opts.stampType()}
	c.Timestamps[0] = timespec(s.rxTime)
	m.put(c)
}

func timespec(t sim.Time) Timespec {
	return Timespec{Sec: int64(t / sim.Second), Nsec: int64(t % sim.Second / sim.Nanosecond)}
}
