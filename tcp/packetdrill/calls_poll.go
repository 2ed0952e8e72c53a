package packetdrill

import (
	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// patiently makes a call wait for a poll's timeout: milliseconds, -1 for ever.
func patiently(c pendingCall, milliseconds int64) pendingCall {
	c.lapse = func() (int64, stack.Errno) { return 0, stack.OK }
	switch {
	case milliseconds < 0:
		c.timeout = forever
	case milliseconds > 0:
		c.timeout = sim.Time(min(milliseconds, 1e9)) * sim.Millisecond
	}
	attempt := c.attempt
	c.attempt = func() (int64, stack.Errno) {
		n, err := attempt()
		if n == 0 && err == stack.OK && milliseconds != 0 {
			return 0, stack.Blocked
		}
		return n, err
	}
	return c
}

func (r *runner) poll(a *arguments) pendingCall {
	a.count(3, 3)
	e := a.expr(0)
	if e.Kind == Struct { // one alone
		e = &Expr{Pos: e.Pos, Kind: List, List: []Expr{*e}}
	}
	if e.Kind != List {
		a.fail(wrong(e.Pos, "a list [{fd=3, events=POLLIN, revents=POLLIN}, ...] is wanted here"))
		return pendingCall{}
	}
	fds := make([]stack.PollFD, len(e.List))
	for i := range e.List {
		for k := range e.List[i].Fields {
			switch f := &e.List[i].Fields[k]; f.Name {
			case "fd":
				fds[i].FD = r.descriptor(a.number(&f.Value))
			case "events":
				fds[i].Events = int16(a.number(&f.Value))
			case "revents":
			default:
				a.fail(wrong(f.Value.Pos, "member %q; allowed are fd, events and revents", f.Name))
			}
		}
	}
	c := pendingCall{attempt: func() (int64, stack.Errno) {
		n, err := r.host.Poll(fds)
		return int64(n), err
	}, check: func(int64) *Error { return a.compareRevents(e, fds) }}
	return patiently(c, a.int(2, 0))
}

func (a *arguments) compareRevents(e *Expr, fds []stack.PollFD) *Error {
	for i := range e.List {
		f := e.List[i].field("revents")
		if f == nil || f.Kind == Ellipsis {
			continue
		}
		if want := a.number(f); a.err == nil && int16(want) != fds[i].Revents {
			return failed(f.Pos, "revents: expected %#x, got %#x", uint16(want), uint16(fds[i].Revents))
		}
	}
	return a.err
}

func (r *runner) epollCreate(a *arguments) pendingCall {
	a.count(1, 1)
	return pendingCall{makesFD: true, attempt: func() (int64, stack.Errno) {
		fd, err := r.host.EpollCreate()
		return int64(fd), err
	}}
}

// epollEvent is a struct epoll_event.
func (a *arguments) epollEvent(e *Expr) (ev stack.EpollEvent) {
	if e.Kind == Ellipsis || e.Kind == Name && e.Text == "NULL" {
		return ev
	}
	if e.Kind != Struct {
		a.fail(wrong(e.Pos, "{events=EPOLLIN, fd=4} is wanted here"))
		return ev
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		name := f.Name
		if name == "" && i < 2 { // as strace has it: {EPOLLIN, {fd=4}}
			name = [...]string{"events", "data"}[i]
		}
		switch name {
		case "events":
			ev.Events = uint32(a.number(&f.Value))
		case "fd", "ptr", "u32", "u64", "data":
			ev.Data = uint64(a.epollData(&f.Value))
		default:
			a.fail(wrong(f.Value.Pos, "member %q; allowed are events, fd, ptr, u32 and u64", f.Name))
		}
	}
	return ev
}

// epollData is the data of an event: a number, or {fd=4}.
func (a *arguments) epollData(e *Expr) int64 {
	if e.Kind == Struct && len(e.Fields) > 0 { // a union
		return a.epollData(&e.Fields[0].Value)
	}
	if e.Kind == Ellipsis {
		return 0
	}
	return a.number(e)
}

func (r *runner) epollCtl(a *arguments) pendingCall {
	a.count(4, 4)
	epfd, op, fd, ev := a.fd(0), a.number(a.expr(1)), a.fd(2), a.epollEvent(unwrap(a.expr(3)))
	return simple(func() stack.Errno { return r.host.EpollCtl(epfd, int(op), fd, ev) })
}

func (r *runner) epollWait(a *arguments) pendingCall {
	a.count(4, 4)
	epfd, most := a.fd(0), a.number(a.expr(2))
	if most > 1024 {
		a.fail(unsupported(a.at, "epoll_wait for more than 1024 events"))
		most = 0
	}
	list := []Expr{*a.expr(1)}
	if list[0].Kind == List {
		list = list[0].List
	}
	events := make([]stack.EpollEvent, max(most, 0))
	c := pendingCall{attempt: func() (int64, stack.Errno) {
		n, err := r.host.EpollWait(epfd, events)
		return int64(n), err
	}, check: func(n int64) *Error { return a.compareEvents(list, events[:n]) }}
	return patiently(c, a.int(3, 0))
}

// compareEvents compares the events that epoll_wait has returned, in order.
func (a *arguments) compareEvents(list []Expr, got []stack.EpollEvent) *Error {
	for i := range got {
		if i >= len(list) || list[i].Kind == Ellipsis {
			break
		}
		want := a.epollEvent(&list[i])
		switch {
		case a.err != nil:
			return a.err
		case want.Events != got[i].Events:
			return failed(list[i].Pos, "events: expected %#x, got %#x", want.Events, got[i].Events)
		case want.Data != got[i].Data:
			return failed(list[i].Pos, "data of the event: expected %d, got %d", want.Data, got[i].Data)
		}
	}
	return nil
}
