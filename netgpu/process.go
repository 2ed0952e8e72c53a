package netgpu

import (
	"slices"
	"sort"
)

// FD is a file descriptor of a process.
type FD int32

// MaxFiles bounds the open files of a process (the default of RLIMIT_NOFILE).
const MaxFiles = 1024

// Process is one application: an address space, a file table and a user.
type Process struct {
	module     *Module
	id         int
	account    *Account
	privileged bool // CAP_IPC_LOCK
	mappings   []mapping
	files      []*file // by FD; nil: closed
}

// mapping is a piece of a process's memory.
type mapping struct {
	start, size uint64
	memType     MemType
	run         uint32 // pages that are physically contiguous; 0: all
}

type fileKind uint8

const (
	contextFile fileKind = iota
	memoryFile
	queueFile
	socketFile
)

// file is an open file: what descriptors and attached contexts refer to.
type file struct {
	kind    fileKind
	refs    int
	context *Context
	area    *area
	queue   *IfQueue
	socket  *Socket
}

// NewProcess starts an application of the user whose locked memory account keeps.
// A privileged one is not held to the limit.
func (m *Module) NewProcess(account *Account, privileged bool) *Process {
	m.nextPID++
	return &Process{module: m, id: m.nextPID, account: account, privileged: privileged}
}

// MapHost gives the process size bytes of ordinary memory at start, widened to
// whole pages. EINVAL for an empty or wrapping range, EEXIST if memory is there.
func (p *Process) MapHost(start, size uint64) Errno {
	return p.mapMemory(mapping{start: start, size: size, memType: HostMemory})
}

// CudaMalloc gives the process size bytes of GPU memory at start, widened to whole
// GPU pages. contiguous is the length in bytes of physically contiguous runs, a
// multiple of GPUPageSize; 0: all of it is one. Errors as MapHost.
func (p *Process) CudaMalloc(start, size, contiguous uint64) Errno {
	if contiguous%GPUPageSize != 0 || contiguous>>PageShift > MaxPages {
		return EINVAL
	}
	return p.mapMemory(mapping{start: start, size: size, memType: CUDAMemory, run: uint32(contiguous >> PageShift)})
}

func (p *Process) mapMemory(n mapping) Errno {
	mask := n.memType.granule() - 1
	start := n.start &^ mask
	size := (n.start - start + n.size + mask) &^ mask
	if n.size == 0 || size < n.size || start+size < start {
		return EINVAL
	}
	n.start, n.size = start, size
	for _, o := range p.mappings {
		if start < o.start+o.size && o.start < start+size {
			return EEXIST
		}
	}
	at := sort.Search(len(p.mappings), func(i int) bool { return p.mappings[i].start > start })
	p.mappings = slices.Insert(p.mappings, at, n)
	return OK
}

// mapped says whether a range is all memory of one type, and how it lies in
// physically contiguous runs: their length, and how much of the first one is in
// front of the range, in pages. Host memory may span mappings; GPU memory is pinned
// per allocation.
func (p *Process) mapped(start, size uint64, t MemType) (run, phase uint32, ok bool) {
	at, end := start, start+size
	for _, o := range p.mappings {
		if at >= end {
			break
		}
		if o.memType != t || at < o.start || at >= o.start+o.size {
			continue
		}
		if t == CUDAMemory {
			if o.run != 0 {
				phase = uint32((start - o.start) >> PageShift % uint64(o.run))
			}
			return o.run, phase, end <= o.start+o.size
		}
		at = o.start + o.size
	}
	return 0, 0, at >= end
}

// install gives a file the lowest free descriptor. EMFILE if there is none.
func (p *Process) install(f *file) (FD, Errno) {
	fd := slices.Index(p.files, nil)
	if fd < 0 {
		if len(p.files) == MaxFiles {
			return -1, EMFILE
		}
		fd = len(p.files)
		p.files = append(p.files, nil)
	}
	f.refs++
	p.files[fd] = f
	return FD(fd), OK
}

// open returns the file behind a descriptor, nil if it is not open.
func (p *Process) open(fd FD) *file {
	if fd < 0 || int(fd) >= len(p.files) {
		return nil
	}
	return p.files[fd]
}

// fileOf returns an open file of the given kind: EBADF if the descriptor is not
// open, wrongKind if it is something else.
func (p *Process) fileOf(fd FD, kind fileKind, wrongKind Errno) (*file, Errno) {
	f := p.open(fd)
	if f == nil {
		return nil, EBADF
	}
	if f.kind != kind {
		return nil, wrongKind
	}
	return f, OK
}

// Pass gives process to a descriptor for the same open file, as SCM_RIGHTS does;
// to itself, as dup(2) does. EBADF, EMFILE.
func (p *Process) Pass(fd FD, to *Process) (FD, Errno) {
	f := p.open(fd)
	if f == nil {
		return -1, EBADF
	}
	return to.install(f)
}

// Close is close(2). The object behind the descriptor goes with the last
// reference to it. Before an interface queue is closed for the last time, the
// driver must have flushed its receive queue (PutNapi for each posted page), as
// mlx5e_close_rq does. EBADF.
func (p *Process) Close(fd FD) Errno {
	f := p.open(fd)
	if f == nil {
		return EBADF
	}
	p.files[fd] = nil
	p.module.unref(f)
	return OK
}

// Exit ends the process: the GPU driver revokes its memory, then its files are
// closed in the order of their numbers.
func (p *Process) Exit() {
	for i := len(p.mappings) - 1; i >= 0; i-- {
		if p.mappings[i].memType == CUDAMemory {
			p.CudaFree(p.mappings[i].start)
		}
	}
	for fd := range p.files {
		p.Close(FD(fd))
	}
	p.mappings = nil
}

func (m *Module) unref(f *file) {
	if f.refs--; f.refs > 0 {
		return
	}
	switch f.kind {
	case contextFile:
		f.context.put()
	case memoryFile:
		f.area.release(m)
	case queueFile:
		f.queue.release()
	case socketFile:
		f.socket.release()
	}
}

// Offsets at which the rings are mapped (patch 6), in bytes.
const (
	MapFill       = 0
	MapRx         = 4096
	MapCompletion = 8192
)

// Mmap is mmap(2) of length bytes at offset: the fill ring at MapFill of an
// interface queue, the rx and the completion ring at MapRx and MapCompletion of an
// attached socket. EINVAL for another offset or a length beyond the allocation
// (the ring rounded up to a power of two of pages), ENODEV for a file that cannot
// be mapped, EBADF.
func (p *Process) Mmap(fd FD, offset, length uint64) Errno {
	f := p.open(fd)
	if f == nil {
		return EBADF
	}
	var have uint64
	switch f.kind {
	case queueFile:
		if offset == MapFill {
			have = ringAllocation(f.queue.fill.Entries(), fillElementBytes)
		}
	case socketFile:
		if !f.socket.attached() {
			return EINVAL
		}
		switch offset {
		case MapRx:
			have = ringAllocation(f.socket.rx.Entries(), rxElementBytes)
		case MapCompletion:
			have = ringAllocation(f.socket.completions.Entries(), completionElementBytes)
		}
	default:
		return ENODEV
	}
	if length == 0 || length > have {
		return EINVAL
	}
	return OK
}

// Poll is poll(2) without waiting. An interface queue is writable when its fill
// ring has space; an attached socket is readable when its rx ring is not empty
// (patch 10; what TCP itself adds, such as hang-up, is TCP's). Contexts and memory
// areas have no poll operation: poll(2) then says both, always. EBADF.
func (p *Process) Poll(fd FD) (readable, writable bool, err Errno) {
	f := p.open(fd)
	if f == nil {
		return false, false, EBADF
	}
	switch f.kind {
	case queueFile:
		return false, f.queue.Writable(), OK
	case socketFile:
		return f.socket.Readable(), false, OK
	}
	return true, true, OK
}

// IfQueueAt returns the interface queue behind a descriptor, nil if there is none.
func (p *Process) IfQueueAt(fd FD) *IfQueue {
	if f, err := p.fileOf(fd, queueFile, EBADF); err == OK {
		return f.queue
	}
	return nil
}

// SocketAt returns the socket behind a descriptor, nil if there is none.
func (p *Process) SocketAt(fd FD) *Socket {
	if f, err := p.fileOf(fd, socketFile, EBADF); err == OK {
		return f.socket
	}
	return nil
}

// ContextAt returns the context behind a descriptor, nil if there is none.
func (p *Process) ContextAt(fd FD) *Context {
	if f, err := p.fileOf(fd, contextFile, EBADF); err == OK {
		return f.context
	}
	return nil
}

// MemoryAt says whether a descriptor is that of a memory area.
func (p *Process) MemoryAt(fd FD) bool {
	_, err := p.fileOf(fd, memoryFile, EBADF)
	return err == OK
}
