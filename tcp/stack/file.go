package stack

// file is an open file description: what descriptors point to. Exactly one of the
// pointers is set.
type file struct {
	refs     int
	nonblock bool

	sock  *socket
	epoll *epoll
	plain *plainFile
	pipe  *pipe
	write bool // the pipe's end to write to

	watch []*watch // by epolls
}

// firstFD is the lowest descriptor: 0 to 2 are the process's standard streams.
const firstFD = 3

// maxFiles is RLIMIT_NOFILE.
const maxFiles = 1024

// install gives a file the lowest free descriptor from least on.
func (h *Host) install(f *file, least int) (fd int, err Errno) {
	for fd = max(least, firstFD); fd-firstFD < len(h.files); fd++ {
		if h.files[fd-firstFD] == nil {
			break
		}
	}
	if fd >= maxFiles {
		return -1, EMFILE
	}
	for len(h.files) <= fd-firstFD {
		h.files = append(h.files, nil)
	}
	h.files[fd-firstFD] = f
	f.refs++
	return fd, OK
}

// full says whether no descriptor is free.
func (h *Host) full() bool {
	if len(h.files) < maxFiles-firstFD {
		return false
	}
	for _, f := range h.files {
		if f == nil {
			return false
		}
	}
	return true
}

// file returns what a descriptor stands for, nil if nothing.
func (h *Host) file(fd int) *file {
	if fd < firstFD || fd-firstFD >= len(h.files) {
		return nil
	}
	return h.files[fd-firstFD]
}

// socket returns the socket of a descriptor.
func (h *Host) socket(fd int) (*socket, Errno) {
	f := h.file(fd)
	switch {
	case f == nil:
		return nil, EBADF
	case f.sock == nil:
		return nil, ENOTSOCK
	}
	return f.sock, OK
}

// Close is close(2). With SO_LINGER and a time it may block, and the descriptor is
// valid until it returns OK.
func (h *Host) Close(fd int) Errno {
	f := h.file(fd)
	if f == nil {
		return EBADF
	}
	if f.refs == 1 && f.sock != nil && !h.release(f.sock) {
		return Blocked
	}
	h.files[fd-firstFD] = nil
	if f.refs--; f.refs > 0 {
		return OK
	}
	for _, w := range f.watch {
		w.on.drop(w)
	}
	f.watch = nil
	switch {
	case f.epoll != nil:
		f.epoll.close()
	case f.pipe != nil:
		f.pipe.close(f)
	}
	return OK
}

// Fcntl is fcntl(2) with F_GETFL, F_SETFL and F_DUPFD.
func (h *Host) Fcntl(fd, cmd, arg int) (int, Errno) {
	f := h.file(fd)
	if f == nil {
		return -1, EBADF
	}
	switch cmd {
	case F_GETFL:
		return f.flags(), OK
	case F_SETFL:
		f.nonblock = arg&O_NONBLOCK != 0
		return 0, OK
	case F_DUPFD:
		if arg < 0 || arg >= maxFiles {
			return -1, EINVAL
		}
		return h.install(f, arg)
	}
	return -1, EINVAL
}

// flags is what F_GETFL returns.
func (f *file) flags() int {
	flags := O_RDWR
	switch {
	case f.plain != nil || f.pipe != nil && !f.write:
		flags = O_RDONLY
	case f.pipe != nil:
		flags = O_WRONLY
	}
	if f.nonblock {
		flags |= O_NONBLOCK
	}
	return flags
}
