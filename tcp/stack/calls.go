package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// Buf is memory that a call reads or writes: n bytes, which have contents only where
// memory is given. The zero Buf is empty.
type Buf struct {
	mem []byte
	n   int
}

// Bytes is memory with contents.
func Bytes(b []byte) Buf { return Buf{mem: b, n: len(b)} }

// Size is n bytes whose contents nobody cares for.
func Size(n int) Buf { return Buf{n: n} }

// Message is a struct msghdr.
type Message struct {
	Name    netip.AddrPort // destination, with MSG_FASTOPEN; not valid for none
	Iov     []Buf
	Control []Control // to recvmsg: capacity for what is to come; on return, what came
	Flags   int       // on return of recvmsg: MSG_OOB, MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE
}

// Control is a control message of recvmsg.
type Control struct {
	Level, Type int
	Value       int           // TCP_CM_INQ
	Timestamps  [3]Timespec   // SCM_TIMESTAMPING; [0] also SCM_TIMESTAMPNS and SCM_TIMESTAMP
	Err         ExtendedError // IP_RECVERR, IPV6_RECVERR
}

// Timespec is a struct timespec since the host's time 0.
type Timespec struct{ Sec, Nsec int64 }

// ExtendedError is a struct sock_extended_err.
type ExtendedError struct {
	Errno      Errno
	Origin     uint8
	Type, Code uint8
	Info, Data uint32
}

// Value is what a socket option is set to or is: the member that it has in Linux.
type Value struct {
	Int    int64  // int, unsigned; for SO_RCVTIMEO and SO_SNDTIMEO microseconds
	Len    int    // optlen in bytes, 0 for that of the option; less is EINVAL
	Linger Linger // SO_LINGER
	Text   string // TCP_CONGESTION
	Bytes  []byte // TCP_FASTOPEN_KEY, TCP_SAVED_SYN
	Info   tcp.Stats
}

// Linger is a struct linger.
type Linger struct{ OnOff, Seconds int32 }

// Int is the value of an option that is an int.
func Int(n int64) Value { return Value{Int: n} }

// PollFD is a struct pollfd.
type PollFD struct {
	FD              int
	Events, Revents int16
}

// EpollEvent is a struct epoll_event.
type EpollEvent struct {
	Events uint32
	Data   uint64
}

// Socket makes a socket of AF_INET or AF_INET6 and SOCK_STREAM, with SOCK_NONBLOCK and
// SOCK_CLOEXEC or not, and returns the lowest free descriptor, from 3 on.
func (h *Host) Socket(domain, typ, proto int) (fd int, err Errno) { return -1, EAFNOSUPPORT }

// Bind gives a socket its local address and port; port 0 stands for one that is free.
func (h *Host) Bind(fd int, addr netip.AddrPort) Errno { return EBADF }

// Listen makes a socket take connections.
func (h *Host) Listen(fd, backlog int) Errno { return EBADF }

// Accept takes the next connection of a listener (accept4 with flags 0, SOCK_NONBLOCK,
// SOCK_CLOEXEC).
func (h *Host) Accept(fd, flags int) (conn int, peer netip.AddrPort, err Errno) {
	return -1, peer, EBADF
}

// Connect starts a connection, and Blocked or EINPROGRESS says that it is under way.
// An address that is not valid is AF_UNSPEC: it dissolves the connection.
func (h *Host) Connect(fd int, addr netip.AddrPort) Errno { return EBADF }

// Getsockname returns the local address, Getpeername the peer's.
func (h *Host) Getsockname(fd int) (netip.AddrPort, Errno) { return netip.AddrPort{}, EBADF }

// Getpeername returns the peer's address.
func (h *Host) Getpeername(fd int) (netip.AddrPort, Errno) { return netip.AddrPort{}, EBADF }

// Read is read(2).
func (h *Host) Read(fd int, buf Buf) (int, Errno) { return -1, EBADF }

// Readv is readv(2).
func (h *Host) Readv(fd int, iov []Buf) (int, Errno) { return -1, EBADF }

// Recv is recv(2) and recvfrom(2).
func (h *Host) Recv(fd int, buf Buf, flags int) (int, Errno) { return -1, EBADF }

// Recvmsg is recvmsg(2); with MSG_ERRQUEUE it takes the next message of the error queue.
func (h *Host) Recvmsg(fd int, m *Message, flags int) (int, Errno) { return -1, EBADF }

// Write is write(2).
func (h *Host) Write(fd int, buf Buf) (int, Errno) { return -1, EBADF }

// Writev is writev(2).
func (h *Host) Writev(fd int, iov []Buf) (int, Errno) { return -1, EBADF }

// Send is send(2).
func (h *Host) Send(fd int, buf Buf, flags int) (int, Errno) { return -1, EBADF }

// Sendto is sendto(2); an address that is not valid is none.
func (h *Host) Sendto(fd int, buf Buf, flags int, addr netip.AddrPort) (int, Errno) {
	return -1, EBADF
}

// Sendmsg is sendmsg(2).
func (h *Host) Sendmsg(fd int, m *Message, flags int) (int, Errno) { return -1, EBADF }

// Open makes a descriptor of a regular file of size bytes without contents.
func (h *Host) Open(size int64) (fd int, err Errno) { return -1, EMFILE }

// Pipe makes a pipe of 64 KiB; flags may have O_NONBLOCK.
func (h *Host) Pipe(flags int) (r, w int, err Errno) { return -1, -1, EMFILE }

// Sendfile moves up to count bytes from a file to a socket, beginning at *offset, or at
// the file's position if offset is nil.
func (h *Host) Sendfile(out, in int, offset *int64, count int) (int, Errno) { return -1, EBADF }

// Splice moves up to count bytes between a socket or file and a pipe.
func (h *Host) Splice(in, out, count, flags int) (int, Errno) { return -1, EBADF }

// Close is close(2). With SO_LINGER it may block.
func (h *Host) Close(fd int) Errno { return EBADF }

// Shutdown is shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR.
func (h *Host) Shutdown(fd, how int) Errno { return EBADF }

// Setsockopt is setsockopt(2).
func (h *Host) Setsockopt(fd, level, name int, v Value) Errno { return EBADF }

// Getsockopt is getsockopt(2). Value.Len is the length that Linux would return.
func (h *Host) Getsockopt(fd, level, name int) (Value, Errno) { return Value{}, EBADF }

// Fcntl is fcntl(2) with F_GETFL, F_SETFL, F_DUPFD.
func (h *Host) Fcntl(fd, cmd, arg int) (int, Errno) { return -1, EBADF }

// Ioctl is ioctl(2) with SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, FIONBIO (arg);
// it returns what Linux stores through the pointer.
func (h *Host) Ioctl(fd, request, arg int) (int, Errno) { return -1, EBADF }

// Poll fills in Revents and returns how many are not 0. It never blocks: a caller with
// a timeout repeats it until then.
func (h *Host) Poll(fds []PollFD) (int, Errno) { return 0, OK }

// EpollCreate is epoll_create1(2).
func (h *Host) EpollCreate() (int, Errno) { return -1, EMFILE }

// EpollCtl is epoll_ctl(2).
func (h *Host) EpollCtl(epfd, op, fd int, ev EpollEvent) Errno { return EBADF }

// EpollWait takes what is ready, up to len(events). It never blocks: see Poll.
func (h *Host) EpollWait(epfd int, events []EpollEvent) (int, Errno) { return -1, EBADF }
