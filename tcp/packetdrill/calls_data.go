package packetdrill

import (
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// deadline makes a call that waits end with an error after the socket's timeout
// (SO_RCVTIMEO, SO_SNDTIMEO).
func (r *runner) deadline(c *pendingCall, fd, option int, late stack.Errno) {
	v, err := r.host.Getsockopt(fd, stack.SOL_SOCKET, option)
	if err == stack.OK && v.Int > 0 {
		c.timeout = sim.Time(v.Int) * sim.Microsecond
		c.lapse = func() (int64, stack.Errno) { return -1, late }
	}
}

// read is read, recv and recvfrom: their results are counts, what is read nobody looks at.
func (r *runner) read(a *arguments) pendingCall {
	least, most := 3, 3
	switch a.call.Name {
	case "recv":
		least, most = 4, 4
	case "recvfrom":
		least, most = 4, 6
	}
	a.count(least, most)
	fd, buf := a.fd(0), a.buffer(1)
	flags := int64(0)
	if least == 4 {
		flags = a.int(3, 0)
	}
	if flags&stack.MSG_TRUNC != 0 {
		buf = vector{lengths: []int{a.size(a.expr(2))}} // nothing is copied, not even to NULL
	}
	return r.receiver(fd, buf, int(flags), r.reader(fd, a.call.Name == "read"))
}

// reader reads: read and readv from any file, the others from sockets.
func (r *runner) reader(fd int, anyFile bool) func(iov []stack.Buf, flags int) (int, stack.Errno) {
	return func(iov []stack.Buf, flags int) (int, stack.Errno) {
		if anyFile && flags == 0 {
			return r.host.Readv(fd, iov)
		}
		return r.host.Recvmsg(fd, &stack.Message{Iov: iov}, flags)
	}
}

// receiver is a call that fills buffers. When its time is over it returns what there is,
// if less than it waits for.
func (r *runner) receiver(fd int, v vector, flags int, receive func(iov []stack.Buf, flags int) (int, stack.Errno)) pendingCall {
	iov := v.behind(0)
	try := func(flags int) (int64, stack.Errno) {
		if v.fault && len(iov) == 0 {
			// It is a fault once there is something to copy.
			n, err := receive([]stack.Buf{stack.Size(1)}, flags|stack.MSG_PEEK)
			if n > 0 || err == stack.ENOTSOCK {
				return -1, stack.EFAULT
			}
			return int64(n), err
		}
		n, err := v.faulty(receive(iov, flags))
		return int64(n), err
	}
	c := pendingCall{attempt: func() (int64, stack.Errno) { return try(flags) }}
	r.deadline(&c, fd, stack.SO_RCVTIMEO, stack.EAGAIN)
	if c.lapse != nil {
		c.lapse = func() (int64, stack.Errno) { return try(flags | stack.MSG_DONTWAIT) }
	}
	return c
}

func (r *runner) readv(a *arguments) pendingCall {
	a.count(3, 3)
	fd := a.fd(0)
	return r.receiver(fd, a.iovec(a.expr(1)), 0, r.reader(fd, true))
}

// write is write, send and sendto.
func (r *runner) write(a *arguments) pendingCall {
	least, most := 3, 3
	switch a.call.Name {
	case "send":
		least, most = 4, 4
	case "sendto":
		least, most = 4, 6
	}
	a.count(least, most)
	fd, buf := a.fd(0), a.buffer(1)
	flags := int64(0)
	var to netip.AddrPort
	if least == 4 {
		flags = a.int(3, 0)
	}
	if len(a.call.Args) > 4 {
		to = a.address(a.expr(4), r.own(r.setup.remote, r.setup.connectPort))
	}
	plain := a.call.Name == "write"
	return r.sender(fd, buf, func(iov []stack.Buf) (int, stack.Errno) {
		if plain {
			return r.host.Writev(fd, iov)
		}
		return r.host.Sendmsg(fd, &stack.Message{Name: to, Iov: iov}, int(flags))
	})
}

// sender is a call that takes data bit by bit; send is given what is left of it. One that
// sleeps goes on when the socket is writable, not when the last skb has room
// (sk_stream_wait_memory).
func (r *runner) sender(fd int, v vector, send func([]stack.Buf) (int, stack.Errno)) pendingCall {
	done, asleep := int64(0), false
	c := pendingCall{attempt: func() (int64, stack.Errno) {
		if asleep && !r.writable(fd) {
			return 0, stack.Blocked
		}
		n, err := v.faulty(send(v.behind(int(done))))
		asleep = err == stack.Blocked
		return progress(&done, int64(n), err)
	}}
	r.deadline(&c, fd, stack.SO_SNDTIMEO, stack.EAGAIN)
	if c.lapse != nil {
		c.lapse = func() (int64, stack.Errno) { return progress(&done, 0, stack.EAGAIN) }
	}
	return c
}

// writable says whether a writer that sleeps would be woken.
func (r *runner) writable(fd int) bool {
	fds := [1]stack.PollFD{{FD: fd, Events: stack.POLLOUT}}
	n, _ := r.host.Poll(fds[:])
	return n > 0
}

func (r *runner) writev(a *arguments) pendingCall {
	a.count(3, 3)
	fd := a.fd(0)
	return r.sender(fd, a.iovec(a.expr(1)), func(iov []stack.Buf) (int, stack.Errno) { return r.host.Writev(fd, iov) })
}

// behind is the buffers without their first n bytes.
func (v *vector) behind(n int) []stack.Buf {
	var rest []stack.Buf
	for _, length := range v.lengths {
		if skip := min(n, length); skip < length || length == 0 {
			rest = append(rest, stack.Size(length-skip))
			n -= skip
		} else {
			n -= length
		}
	}
	return rest
}

// message reads the lengths of the buffers of a struct msghdr.
func (a *arguments) message(e *Expr) (iov vector) {
	if e.Kind != Struct {
		a.fail(wrong(e.Pos, "a struct msghdr {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0} is wanted here"))
		return iov
	}
	for i := range e.Fields {
		switch f := &e.Fields[i]; f.Name {
		case "msg_iov":
			iov = a.iovec(&f.Value)
		case "msg_name", "msg_namelen", "msg_iovlen", "msg_flags", "msg_control", "msg_controllen":
		default:
			a.fail(wrong(f.Value.Pos, "member %q; allowed are msg_name, msg_iov, msg_flags and msg_control", f.Name))
		}
	}
	return iov
}

func (r *runner) sendmsg(a *arguments) pendingCall {
	a.count(3, 3)
	fd, e := a.fd(0), unwrap(a.expr(1))
	iov, flags := a.message(e), a.int(2, 0)
	var to netip.AddrPort
	if f := e.field("msg_name"); f != nil && a.err == nil {
		to = a.address(f, r.own(r.setup.remote, r.setup.connectPort))
	}
	control := a.control(e.field("msg_control"))
	return r.sender(fd, iov, func(rest []stack.Buf) (int, stack.Errno) {
		return r.host.Sendmsg(fd, &stack.Message{Name: to, Iov: rest, Control: control}, int(flags))
	})
}

// control reads the control messages of a sendmsg, whose data are numbers.
func (a *arguments) control(e *Expr) []stack.Control {
	if e == nil || e.Kind == Ellipsis || isNull(e) {
		return nil
	}
	var all []stack.Control
	for i := range e.List {
		m := &e.List[i]
		level, kind, data := m.field("cmsg_level"), m.field("cmsg_type"), m.field("cmsg_data")
		if level == nil || kind == nil || data == nil {
			a.fail(wrong(m.Pos, "a control message {cmsg_level=..., cmsg_type=..., cmsg_data=...} is wanted here"))
			return nil
		}
		c := stack.Control{Level: int(a.number(level)), Type: int(a.number(kind)), Value: int(a.number(unwrap(data)))}
		if c.Level == stack.SOL_SOCKET && c.Type != stack.SO_TIMESTAMPING && a.call.Errno == "" {
			a.fail(unsupported(m.Pos, "control message of type %d to sendmsg; known is SO_TIMESTAMPING", c.Type))
		}
		all = append(all, c)
	}
	return all
}

func (r *runner) recvmsg(a *arguments) pendingCall {
	a.count(3, 3)
	fd, e := a.fd(0), unwrap(a.expr(1))
	iov, flags := a.message(e), a.int(2, 0)
	m := stack.Message{Control: make([]stack.Control, 0, maxControl)}
	c := r.receiver(fd, iov, int(flags), func(bufs []stack.Buf, flags int) (int, stack.Errno) {
		m.Iov = bufs
		return r.host.Recvmsg(fd, &m, flags)
	})
	c.check = func(int64) *Error { return a.compareMessage(e, &m) }
	return c
}

// maxControl is how many control messages a recvmsg has room for.
const maxControl = 8

// compareMessage compares what recvmsg has stored in flags and control messages. A
// struct without msg_control had no room for any, so what came does not matter.
func (a *arguments) compareMessage(e *Expr, m *stack.Message) *Error {
	if f := e.field("msg_flags"); f != nil && f.Kind != Ellipsis {
		if want := a.number(f); a.err == nil && want != int64(m.Flags) {
			return failed(f.Pos, "msg_flags: expected %#x, got %#x", want, m.Flags)
		}
	}
	f := e.field("msg_control")
	if f == nil || f.Kind == Ellipsis || isNull(f) || a.err != nil {
		return a.err
	}
	if f.Kind != List {
		return wrong(f.Pos, "a list [{cmsg_level=..., cmsg_type=..., cmsg_data=...}, ...] is wanted here")
	}
	if len(f.List) != len(m.Control) {
		return failed(f.Pos, "msg_control: expected %d control messages, got %d", len(f.List), len(m.Control))
	}
	for i := range f.List {
		if err := a.compareControl(&f.List[i], &m.Control[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareControl compares one control message.
func (a *arguments) compareControl(e *Expr, c *stack.Control) *Error {
	for _, f := range [...]struct {
		name string
		got  int
	}{{"cmsg_level", c.Level}, {"cmsg_type", c.Type}} {
		if m := e.field(f.name); m != nil && m.Kind != Ellipsis {
			if want := a.number(m); a.err == nil && want != int64(f.got) {
				return failed(m.Pos, "%s: expected %d, got %d", f.name, want, f.got)
			}
		}
	}
	data := e.field("cmsg_data")
	if data == nil || a.err != nil {
		return a.err
	}
	data = unwrap(data)
	switch {
	case data.Kind == Ellipsis:
		return nil
	case data.Kind == Struct && data.field("ee_errno") != nil:
		return a.compareExtended(data, &c.Err)
	case data.Kind == Struct:
		return a.compareStamp(data, c)
	}
	if want := a.number(data); a.err == nil && want != int64(c.Value) {
		return failed(data.Pos, "cmsg_data: expected %d, got %d", want, c.Value)
	}
	return a.err
}

// compareExtended compares a struct sock_extended_err.
func (a *arguments) compareExtended(e *Expr, got *stack.ExtendedError) *Error {
	have := map[string]int64{"ee_errno": int64(got.Errno), "ee_origin": int64(got.Origin), "ee_type": int64(got.Type),
		"ee_code": int64(got.Code), "ee_info": int64(got.Info), "ee_data": int64(got.Data), "ee_pad": 0}
	for i := range e.Fields {
		f := &e.Fields[i]
		n, ok := have[f.Name]
		switch {
		case !ok:
			return wrong(f.Value.Pos, "member %q; allowed are %s", f.Name, names(have))
		case f.Value.Kind == Ellipsis:
			continue
		}
		if want := a.number(&f.Value); a.err == nil && uint32(want) != uint32(n) {
			return failed(f.Value.Pos, "%s: expected %d, got %d", f.Name, want, n)
		}
	}
	return a.err
}

// compareStamp compares a timestamp, which counts from the start of the script, within
// the tolerance.
func (a *arguments) compareStamp(e *Expr, c *stack.Control) *Error {
	var want sim.Time
	for i := range e.Fields {
		f := &e.Fields[i]
		n := sim.Time(a.number(&f.Value))
		switch f.Name {
		case "scm_sec", "tv_sec":
			want += n * sim.Second
		case "scm_nsec", "tv_nsec":
			want += n * sim.Nanosecond
		case "tv_usec":
			want += n * sim.Microsecond
		default:
			return wrong(f.Value.Pos, "member %q; allowed are scm_sec, scm_nsec, tv_sec, tv_usec, tv_nsec", f.Name)
		}
	}
	got := sim.Time(c.Timestamps[0].Sec)*sim.Second + sim.Time(c.Timestamps[0].Nsec)*sim.Nanosecond
	if off := got - origin - want; a.err == nil && max(off, -off) > a.runner.setup.tolerance {
		return failed(e.Pos, "timestamp: expected %s, got %s", clock(origin+want), clock(got))
	}
	return a.err
}
