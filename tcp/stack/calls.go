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
	Control []Control // to sendmsg: SO_TIMESTAMPING; to recvmsg: capacity for what is to come; on return, what came
	Flags   int       // on return of recvmsg: MSG_OOB, MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE
}

// Control is a control message.
type Control struct {
	Level, Type int
	Value       int           // TCP_CM_INQ, SO_TIMESTAMPING of sendmsg
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
	Int    int64       // int, unsigned; for SO_RCVTIMEO and SO_SNDTIMEO microseconds
	Len    int         // optlen in bytes, 0 for that of the option; less is EINVAL
	Linger Linger      // SO_LINGER
	Text   string      // TCP_CONGESTION
	Info   tcp.Info    // TCP_INFO
	Mem    tcp.MemInfo // SO_MEMINFO
}

// Linger is a struct linger.
type Linger struct{ OnOff, Seconds int32 }

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
