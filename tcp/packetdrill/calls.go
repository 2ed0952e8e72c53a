package packetdrill

import (
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// calls are the system calls. Each reads its arguments and returns what is to be done.
var calls map[string]func(r *runner, a *arguments) pendingCall

func init() {
	calls = map[string]func(r *runner, a *arguments) pendingCall{
		"socket": (*runner).socket, "bind": (*runner).bind, "listen": (*runner).listen, "accept": (*runner).accept, "accept4": (*runner).accept,
		"connect": (*runner).connect, "close": (*runner).close, "shutdown": (*runner).shutdown,
		"getsockname": (*runner).sockname, "getpeername": (*runner).sockname,
		"read": (*runner).read, "recv": (*runner).read, "recvfrom": (*runner).read, "readv": (*runner).readv, "recvmsg": (*runner).recvmsg,
		"write": (*runner).write, "send": (*runner).write, "sendto": (*runner).write, "writev": (*runner).writev, "sendmsg": (*runner).sendmsg,
		"sendfile": (*runner).sendfile, "splice": (*runner).splice, "pipe": (*runner).pipe, "pipe2": (*runner).pipe, "open": (*runner).open,
		"poll": (*runner).poll, "epoll_create": (*runner).epollCreate, "epoll_create1": (*runner).epollCreate,
		"epoll_ctl": (*runner).epollCtl, "epoll_wait": (*runner).epollWait,
		"ioctl": (*runner).ioctl, "fcntl": (*runner).fcntl, "getsockopt": (*runner).getsockopt, "setsockopt": (*runner).setsockopt,
	}
}

// simple is a call that returns 0 or an error.
func simple(f func() stack.Errno) pendingCall {
	return pendingCall{attempt: func() (int64, stack.Errno) { return 0, f() }}
}

func (r *runner) socket(a *arguments) pendingCall {
	a.count(3, 3)
	domain := int64(stack.AF_INET)
	if r.setup.version != IPv4 {
		domain = stack.AF_INET6
	}
	domain = a.int(0, domain)
	typ, proto := a.int(1, stack.SOCK_STREAM), a.int(2, 0)
	const kind = 0xF // of a type, without its flags
	if other := typ&kind != stack.SOCK_STREAM || proto != 0 && proto != stack.IPPROTO_TCP; other && a.call.Errno == "" {
		a.fail(unsupported(a.at, "a socket of type %d and protocol %d; only TCP is modelled", typ&kind, proto))
	}
	return pendingCall{makesFD: true, attempt: func() (int64, stack.Errno) {
		fd, err := r.host.Socket(int(domain), int(typ), int(proto))
		if err == stack.OK {
			r.last, r.current = fd, nil
		}
		return int64(fd), err
	}}
}

// own is an address as the script's sockets have it.
func (r *runner) own(addr netip.Addr, port uint16) netip.AddrPort {
	if r.setup.version == Mapped {
		addr = netip.AddrFrom16(addr.As16())
	}
	return netip.AddrPortFrom(addr, port)
}

func (r *runner) bind(a *arguments) pendingCall {
	a.count(3, 3)
	fd, addr := a.fd(0), a.address(a.expr(1), r.own(r.setup.local, r.setup.bindPort))
	return simple(func() stack.Errno {
		err := r.host.Bind(fd, addr)
		if err == stack.OK && addr.Port() != 0 {
			r.listens = addr.Port()
		}
		return err
	})
}

func (r *runner) listen(a *arguments) pendingCall {
	a.count(2, 2)
	fd, backlog := a.fd(0), a.int(1, 1)
	return simple(func() stack.Errno {
		err := r.host.Listen(fd, int(backlog))
		if own, e := r.host.Getsockname(fd); err == stack.OK && e == stack.OK {
			r.listens = own.Port()
		}
		return err
	})
}

func (r *runner) accept(a *arguments) pendingCall {
	a.count(3, 4)
	fd, flags := a.fd(0), a.int(3, 0)
	if len(a.call.Args) < 4 {
		flags = 0
	}
	var peer netip.AddrPort
	c := pendingCall{makesFD: true, attempt: func() (int64, stack.Errno) {
		conn, from, err := r.host.Accept(fd, int(flags))
		if err == stack.OK {
			r.last, peer = conn, from
		}
		return int64(conn), err
	}, check: func(int64) *Error { return a.compareAddress(a.expr(1), peer) }}
	r.deadline(&c, fd, stack.SO_RCVTIMEO, stack.EAGAIN)
	return c
}

// compareAddress compares an address that a call has stored.
func (a *arguments) compareAddress(e *Expr, got netip.AddrPort) *Error {
	if e.Kind == Name && e.Text == "NULL" {
		return nil
	}
	if want := a.address(e, got); want != got && a.err == nil {
		return failed(e.Pos, "%s: expected address %v, got %v", a.call.Name, want, got)
	}
	return a.err
}

func (r *runner) connect(a *arguments) pendingCall {
	a.count(3, 3)
	fd, addr := a.fd(0), a.address(a.expr(1), r.own(r.setup.remote, r.setup.connectPort))
	c := simple(func() stack.Errno { return r.host.Connect(fd, addr) })
	r.deadline(&c, fd, stack.SO_SNDTIMEO, stack.EINPROGRESS)
	return c
}

func (r *runner) close(a *arguments) pendingCall {
	a.count(1, 1)
	n := a.number(a.expr(0))
	fd := r.descriptor(n)
	c := simple(func() stack.Errno {
		err := r.host.Close(fd)
		if err == stack.OK {
			delete(r.fds, n)
		}
		return err
	})
	if v, err := r.host.Getsockopt(fd, stack.SOL_SOCKET, stack.SO_LINGER); err == stack.OK && v.Linger.OnOff != 0 {
		c.timeout, c.lapse = sim.Time(min(v.Linger.Seconds, 1e6))*sim.Second, c.attempt
	}
	return c
}

func (r *runner) shutdown(a *arguments) pendingCall {
	a.count(2, 2)
	fd, how := a.fd(0), a.int(1, stack.SHUT_RDWR)
	return simple(func() stack.Errno { return r.host.Shutdown(fd, int(how)) })
}

func (r *runner) sockname(a *arguments) pendingCall {
	a.count(3, 3)
	fd := a.fd(0)
	get := r.host.Getsockname
	if a.call.Name == "getpeername" {
		get = r.host.Getpeername
	}
	var got netip.AddrPort
	return pendingCall{attempt: func() (int64, stack.Errno) {
		var err stack.Errno
		got, err = get(fd)
		return 0, err
	}, check: func(int64) *Error { return a.compareAddress(a.expr(1), got) }}
}

// open opens a file: what is in it nobody knows, and it is large.
func (r *runner) open(a *arguments) pendingCall {
	a.count(2, 3)
	return pendingCall{makesFD: true, attempt: func() (int64, stack.Errno) {
		fd, err := r.host.Open(fileSize)
		return int64(fd), err
	}}
}

const fileSize = 1 << 40

// pipe is pipe(2) with its two descriptors in the script's numbers.
func (r *runner) pipe(a *arguments) pendingCall {
	a.count(1, 2)
	e, flags := a.expr(0), a.int(1, 0)
	if e.Kind != List || len(e.List) != 2 {
		a.fail(wrong(e.Pos, "[reader, writer] is wanted here"))
		return pendingCall{}
	}
	reader, writer := a.number(&e.List[0]), a.number(&e.List[1])
	return simple(func() stack.Errno {
		in, out, err := r.host.Pipe(int(flags))
		if err == stack.OK {
			r.fds[reader], r.fds[writer] = in, out
		}
		return err
	})
}

func (r *runner) sendfile(a *arguments) pendingCall {
	a.count(4, 4)
	out, in, count := a.fd(0), a.fd(1), a.size(a.expr(3))
	offset := a.offset(2)
	done := int64(0)
	return pendingCall{attempt: func() (int64, stack.Errno) {
		n, err := r.host.Sendfile(out, in, offset, count-int(done))
		return progress(&done, int64(n), err)
	}}
}

// offset is a pointer to a file offset: NULL, or [offset].
func (a *arguments) offset(i int) *int64 {
	e := unwrap(a.expr(i))
	if e.Kind == Ellipsis || e.Kind == Name && e.Text == "NULL" {
		return nil
	}
	n := a.number(e)
	return &n
}

// progress adds up what a call that waits in between has done.
func progress(done *int64, n int64, err stack.Errno) (int64, stack.Errno) {
	if n > 0 {
		*done += n
	}
	if err == stack.OK || *done > 0 && err != stack.Blocked {
		return *done, stack.OK
	}
	return -1, err
}

func (r *runner) splice(a *arguments) pendingCall {
	a.count(6, 6)
	in, out, count, flags := a.fd(0), a.fd(2), a.size(a.expr(4)), a.int(5, 0)
	return pendingCall{attempt: func() (int64, stack.Errno) {
		n, err := r.host.Splice(in, out, count, int(flags))
		return int64(n), err
	}}
}

// ioctl compares what the request stores: [bytes].
func (r *runner) ioctl(a *arguments) pendingCall {
	a.count(2, 3)
	fd, request := a.fd(0), a.number(a.expr(1))
	e := unwrap(a.expr(2))
	want := int64(0)
	if e.Kind != Ellipsis {
		want = a.number(e)
	}
	got := 0
	return pendingCall{attempt: func() (int64, stack.Errno) {
		var err stack.Errno
		got, err = r.host.Ioctl(fd, int(request), int(want))
		return 0, err
	}, check: func(int64) *Error {
		if e.Kind != Ellipsis && request != stack.FIONBIO && int64(got) != want {
			return failed(e.Pos, "ioctl: expected [%d], got [%d]", want, got)
		}
		return nil
	}}
}

func (r *runner) fcntl(a *arguments) pendingCall {
	a.count(2, 3)
	fd, cmd := a.fd(0), a.number(a.expr(1))
	arg := int64(0)
	if len(a.call.Args) == 3 {
		arg = a.int(2, 0)
	}
	return pendingCall{makesFD: cmd == stack.F_DUPFD, attempt: func() (int64, stack.Errno) {
		n, err := r.host.Fcntl(fd, int(cmd), int(arg))
		return int64(n), err
	}}
}
