package stack

// plainFile is a regular file: only its size counts.
type plainFile struct {
	size, pos int64
}

// Open makes a descriptor of a regular file of size bytes without contents, open for
// reading.
func (h *Host) Open(size int64) (fd int, err Errno) {
	if size < 0 {
		return -1, EINVAL
	}
	return h.install(&file{plain: &plainFile{size: size}}, 0)
}

// advance reads up to n bytes.
func (p *plainFile) advance(n int) int {
	n = int(min(int64(n), p.size-min(p.pos, p.size)))
	p.pos += int64(n)
	return n
}

// pipeSize is the capacity of a pipe: 16 pages.
const pipeSize = 16 * 4096

// pipe is a pipe between Splice calls: only counts travel, and real bytes where they
// are kept.
type pipe struct {
	n                int
	data             []byte
	readers, writers *file
}

// Pipe makes a pipe of 64 KiB; flags may have O_NONBLOCK.
func (h *Host) Pipe(flags int) (r, w int, err Errno) {
	if flags&^(O_NONBLOCK|SOCK_CLOEXEC) != 0 {
		return -1, -1, EINVAL
	}
	p := &pipe{}
	nonblock := flags&O_NONBLOCK != 0
	p.readers = &file{pipe: p, nonblock: nonblock}
	p.writers = &file{pipe: p, nonblock: nonblock, write: true}
	if r, err = h.install(p.readers, 0); err != OK {
		return -1, -1, err
	}
	if w, err = h.install(p.writers, 0); err != OK {
		h.files[r-firstFD] = nil
		return -1, -1, err
	}
	return r, w, OK
}

// close ends one side.
func (p *pipe) close(f *file) {
	if f.write {
		p.writers = nil
	} else {
		p.readers = nil
	}
}

func (f *file) waitPipe() Errno {
	if f.nonblock {
		return EAGAIN
	}
	return Blocked
}

// read is read(2) of a pipe.
func (f *file) read(iov []Buf) (int, Errno) {
	p := f.pipe
	switch {
	case f.write:
		return -1, EBADF
	case p.n == 0 && p.writers == nil:
		return 0, OK
	case p.n == 0:
		return -1, f.waitPipe()
	}
	done := 0
	for _, b := range iov {
		n := min(b.n, p.n)
		if b.mem != nil {
			copy(b.mem, p.data)
		}
		p.take(n)
		done += n
	}
	return done, OK
}

// take removes n bytes.
func (p *pipe) take(n int) {
	p.n -= n
	if p.data != nil {
		p.data = p.data[n:]
	}
}

// fill is write(2) to a pipe.
func (f *file) fill(iov []Buf) (int, Errno) {
	p := f.pipe
	switch {
	case !f.write:
		return -1, EBADF
	case p.readers == nil:
		return -1, EPIPE
	case p.n == pipeSize:
		return -1, f.waitPipe()
	}
	done := 0
	for _, b := range iov {
		n := min(b.n, pipeSize-p.n)
		if b.mem != nil {
			p.data = append(p.data, b.mem[:n]...)
		} else if p.data != nil {
			p.data = append(p.data, make([]byte, n)...)
		}
		p.n += n
		done += n
	}
	return done, OK
}

// pollPipe is pipe_poll.
func (f *file) pollPipe() uint32 {
	p := f.pipe
	var mask uint32
	if f.write {
		if p.n < pipeSize {
			mask |= POLLOUT | POLLWRNORM
		}
		if p.readers == nil {
			mask |= POLLERR
		}
		return mask
	}
	if p.n > 0 {
		mask |= POLLIN | POLLRDNORM
	}
	if p.writers == nil {
		mask |= POLLHUP
	}
	return mask
}
