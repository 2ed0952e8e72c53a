package stack

// Sendfile moves up to count bytes from a file to a socket, beginning at *offset, or at
// the file's position if offset is nil. A file's bytes are without contents: zeros where
// real bytes are kept.
func (h *Host) Sendfile(out, in int, offset *int64, count int) (int, Errno) {
	f := h.file(in)
	switch {
	case f == nil || h.file(out) == nil:
		return -1, EBADF
	case f.plain == nil:
		return -1, EINVAL
	case count < 0:
		return -1, EINVAL
	}
	s, err := h.socket(out)
	if err != OK {
		return -1, EINVAL
	}
	pos := &f.plain.pos
	if offset != nil {
		if pos = offset; *pos < 0 {
			return -1, EINVAL
		}
	}
	n := int(min(int64(count), f.plain.size-min(*pos, f.plain.size)))
	if n == 0 {
		return 0, OK
	}
	if err := s.writable(0); err != OK {
		return -1, err
	}
	// The last page leaves as splice's last one does: MSG_MORE only while the file
	// has more of what was asked for.
	done, err := s.put([]Buf{Size(n)}, 0, perFile, s.opts.timestamping&txTimestamps)
	*pos += int64(max(done, 0))
	return done, err
}

// Splice moves up to count bytes between a socket or file and a pipe.
func (h *Host) Splice(in, out, count, flags int) (int, Errno) {
	from, to := h.file(in), h.file(out)
	switch {
	case from == nil || to == nil:
		return -1, EBADF
	case from.pipe == nil && to.pipe == nil || from.pipe != nil && to.pipe != nil || count < 0:
		return -1, EINVAL
	case from.pipe != nil && from.write || to.pipe != nil && !to.write:
		return -1, EBADF
	case count == 0:
		return 0, OK
	}
	if to.pipe != nil {
		return h.spliceIn(from, to, count, flags)
	}
	return h.spliceOut(from, to, count, flags)
}

// spliceIn fills a pipe (tcp_splice_read).
func (h *Host) spliceIn(from, to *file, count, flags int) (int, Errno) {
	room := min(count, pipeSize-to.pipe.n)
	if room == 0 {
		return -1, to.waitPipe()
	}
	if from.plain != nil {
		return to.fill([]Buf{Size(from.plain.advance(room))})
	}
	if from.sock == nil {
		return -1, EINVAL
	}
	wait := 0
	if flags&SPLICE_F_NONBLOCK != 0 {
		wait = MSG_DONTWAIT
	}
	buf := Size(room)
	if h.cfg.Bytes {
		buf = Bytes(make([]byte, room))
	}
	n, err := from.sock.receive(&Message{Iov: []Buf{buf}}, wait)
	if n <= 0 {
		return n, err
	}
	buf.n = n
	return to.fill([]Buf{buf})
}

// spliceOut empties a pipe into a socket (generic_splice_sendpage).
func (h *Host) spliceOut(from, to *file, count, flags int) (int, Errno) {
	p := from.pipe
	s := to.sock
	switch {
	case s == nil:
		return -1, EINVAL
	case p.n == 0 && p.writers == nil:
		return 0, OK
	case p.n == 0:
		return -1, from.waitPipe()
	}
	more := 0
	if flags&SPLICE_F_MORE != 0 {
		more = MSG_MORE
	}
	if err := s.writable(more); err != OK {
		return -1, err
	}
	buf := Size(min(count, p.n))
	if p.data != nil {
		buf = Bytes(p.data[:buf.n])
	}
	n, err := s.put([]Buf{buf}, more, perFile, s.opts.timestamping&txTimestamps)
	p.take(max(n, 0))
	return n, err
}
