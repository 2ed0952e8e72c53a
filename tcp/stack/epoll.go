package stack

// epoll is an epoll instance.
type epoll struct {
	file  *file
	items map[watchKey]*watch
	ready fifo[*watch]
}

type watchKey struct {
	file *file
	fd   int
}

// watch is a descriptor in an epoll's interest list (struct epitem).
type watch struct {
	on     *epoll
	key    watchKey
	event  EpollEvent
	queued bool // in the ready list
	gone   bool
}

// What an interest always includes, and its bits that are no events.
const (
	epollAlways  = EPOLLERR | EPOLLHUP
	epollPrivate = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE
)

// EpollCreate is epoll_create1(2).
func (h *Host) EpollCreate() (int, Errno) {
	f := &file{}
	f.epoll = &epoll{file: f, items: map[watchKey]*watch{}}
	return h.install(f, 0)
}

func (h *Host) epollOf(epfd int) (*epoll, Errno) {
	f := h.file(epfd)
	switch {
	case f == nil:
		return nil, EBADF
	case f.epoll == nil:
		return nil, EINVAL
	}
	return f.epoll, OK
}

// EpollCtl is epoll_ctl(2).
func (h *Host) EpollCtl(epfd, op, fd int, ev EpollEvent) Errno {
	f := h.file(fd)
	if f == nil || h.file(epfd) == nil {
		return EBADF
	}
	if f.plain != nil {
		return EPERM // a regular file cannot be watched
	}
	e, err := h.epollOf(epfd)
	if err != OK || f == e.file {
		return EINVAL
	}
	key := watchKey{f, fd}
	w := e.items[key]
	switch op {
	case EPOLL_CTL_ADD:
		if w != nil {
			return EEXIST
		}
		if f.epoll != nil && f.epoll.reaches(e) {
			return ELOOP
		}
		w = &watch{on: e, key: key}
		e.items[key] = w
		f.watch = append(f.watch, w)
	case EPOLL_CTL_MOD:
		if w == nil {
			return ENOENT
		}
		if (w.event.Events|ev.Events)&EPOLLEXCLUSIVE != 0 {
			return EINVAL
		}
	case EPOLL_CTL_DEL:
		if w == nil {
			return ENOENT
		}
		e.drop(w)
		f.unwatch(w)
		return OK
	default:
		return EINVAL
	}
	w.event = ev
	w.event.Events |= epollAlways
	if f.events()&w.event.Events != 0 {
		h.queue(w)
	}
	return OK
}

// EpollWait takes what is ready, up to len(events). It never blocks: see Poll.
func (h *Host) EpollWait(epfd int, events []EpollEvent) (int, Errno) {
	e, err := h.epollOf(epfd)
	if err != OK {
		return -1, err
	}
	if len(events) == 0 {
		return -1, EINVAL
	}
	n := 0
	for k := e.ready.len(); k > 0 && n < len(events); k-- {
		w := e.ready.pop()
		w.queued = false
		if w.gone {
			continue
		}
		found := w.key.file.events() & w.event.Events
		if found == 0 {
			continue
		}
		events[n] = EpollEvent{Events: found, Data: w.event.Data}
		n++
		switch {
		case w.event.Events&EPOLLONESHOT != 0:
			w.event.Events &= epollPrivate
		case w.event.Events&EPOLLET == 0:
			h.queue(w) // level: looked at again next time
		}
	}
	return n, OK
}

// wake tells those who watch a socket that something has happened: one of the events of
// mask, or any if it is 0 (ep_poll_callback).
func (h *Host) wake(s *socket, mask uint32) {
	if s.file != nil {
		h.wakeFile(s.file, mask)
	}
}

func (h *Host) wakeFile(f *file, mask uint32) {
	for _, w := range f.watch {
		if w.event.Events&^epollPrivate == 0 {
			continue // one-shot, and has fired
		}
		if mask == 0 || mask&w.event.Events != 0 {
			h.queue(w)
		}
	}
}

// queue puts a watch on its ready list, and wakes who watches the epoll.
func (h *Host) queue(w *watch) {
	if w.queued {
		return
	}
	w.queued = true
	w.on.ready.push(w)
	h.wakeFile(w.on.file, EPOLLIN|EPOLLRDNORM)
}

// drop takes a watch off the interest list.
func (e *epoll) drop(w *watch) {
	w.gone = true
	delete(e.items, w.key)
}

// unwatch forgets a watch.
func (f *file) unwatch(w *watch) {
	for i := range f.watch {
		if f.watch[i] == w {
			f.watch = append(f.watch[:i], f.watch[i+1:]...)
			return
		}
	}
}

// close ends an epoll.
func (e *epoll) close() {
	for _, w := range e.items { // in any order: each is of another file
		w.gone = true
		w.key.file.unwatch(w)
	}
}

// reaches says whether e watches to, perhaps through others.
func (e *epoll) reaches(to *epoll) bool {
	for key := range e.items {
		if f := key.file; f.epoll != nil && (f.epoll == to || f.epoll.reaches(to)) {
			return true
		}
	}
	return false
}

// poll is what an epoll itself shows to poll.
func (e *epoll) poll() uint32 {
	for i := range e.ready.len() {
		w := *e.ready.at(i)
		if !w.gone && w.key.file.events()&w.event.Events != 0 {
			return EPOLLIN | EPOLLRDNORM
		}
	}
	return 0
}
