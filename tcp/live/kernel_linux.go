package live

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"
	"golang.org/x/sys/unix"

	"netgpusim/tcp"
)

// kernelEnd is the kernel's end of a transfer: blocking sockets and two goroutines.
type kernelEnd struct {
	fd       atomic.Int64 // of the connection, -1 before
	listener int          // -1 if it connects
	err      chan error
	sent     Digest
	got      Digest
	ended    time.Time // when all was read
}

// Streams of the payload by direction: see tcp.Payload.
const (
	streamOut = 1
	streamIn  = 2
)

// chunkBytes is what one call reads or writes.
const chunkBytes = 128 << 10

// newKernelEnd makes the kernel's socket, in its namespace; it listens unless the kernel
// is to connect.
func (l *Link) newKernelEnd(t *Transfer, port uint16) (*kernelEnd, error) {
	k := &kernelEnd{listener: -1, err: make(chan error, 2)}
	k.fd.Store(-1)
	err := l.space.do(func() error {
		domain := unix.AF_INET6
		if t.IPVersion == 4 {
			domain = unix.AF_INET
		}
		fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		// The default stays where the kernel has no such algorithm: the report says which.
		_ = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, t.Congestion)
		if !t.Active {
			k.fd.Store(int64(fd))
			return nil
		}
		k.listener = fd
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(kernelAddr(t.IPVersion), port))); err != nil {
			return err
		}
		return unix.Listen(fd, 1)
	})
	if err != nil {
		k.close()
		return nil, fmt.Errorf("the kernel's socket: %w", err)
	}
	return k, nil
}

// run connects or accepts, then moves the data and hashes it.
func (k *kernelEnd) run(t *Transfer, peer netip.AddrPort) {
	if err := k.connect(peer); err != nil {
		k.err <- err
		k.err <- nil
		return
	}
	go func() { k.err <- k.send(t.In) }()
	go func() { k.err <- k.receive() }()
}

func (k *kernelEnd) conn() int { return int(k.fd.Load()) }

func (k *kernelEnd) connect(peer netip.AddrPort) (err error) {
	if k.listener < 0 {
		err = unix.Connect(k.conn(), sockaddr(peer))
	} else {
		var fd int
		if fd, _, err = unix.Accept(k.listener); err == nil {
			k.fd.Store(int64(fd))
		}
	}
	if err != nil {
		return fmt.Errorf("the kernel's connection: %w", err)
	}
	return nil
}

func (k *kernelEnd) send(n int64) error {
	hash, buf := xxh3.New(), make([]byte, chunkBytes)
	for k.sent.Bytes < n {
		b := buf[:min(int64(len(buf)), n-k.sent.Bytes)]
		tcp.Payload(b, streamIn, uint64(k.sent.Bytes))
		_, _ = hash.Write(b)
		for len(b) > 0 {
			m, err := unix.Write(k.conn(), b)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return fmt.Errorf("the kernel's write: %w", err)
			}
			b = b[m:]
			k.sent.Bytes += int64(m)
		}
	}
	k.sent.Hash = hash.Sum128().Bytes()
	return unix.Shutdown(k.conn(), unix.SHUT_WR)
}

func (k *kernelEnd) receive() error {
	hash, buf := xxh3.New(), make([]byte, chunkBytes)
	for {
		n, err := unix.Read(k.conn(), buf)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("the kernel's read: %w", err)
		case n == 0:
			k.got.Hash, k.ended = hash.Sum128().Bytes(), time.Now()
			return nil
		default:
			_, _ = hash.Write(buf[:n])
			k.got.Bytes += int64(n)
		}
	}
}

// congestion is the algorithm that the kernel uses.
func (k *kernelEnd) congestion() string {
	name, err := unix.GetsockoptString(k.conn(), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	if err != nil {
		return "unknown"
	}
	return name
}

// retransmits is how many segments the kernel has sent again, -1 if it does not say.
func (k *kernelEnd) retransmits() int64 {
	info, err := unix.GetsockoptTCPInfo(k.conn(), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return -1
	}
	return int64(info.Total_retrans)
}

// interrupt makes blocking calls return.
func (k *kernelEnd) interrupt() {
	for _, fd := range []int{k.conn(), k.listener} {
		if fd >= 0 {
			_ = unix.Shutdown(fd, unix.SHUT_RDWR)
		}
	}
}

func (k *kernelEnd) close() {
	for _, fd := range []int{k.conn(), k.listener} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

func kernelAddr(version int) netip.Addr {
	if version == 4 {
		return kernelV4.Addr()
	}
	return kernelV6.Addr()
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}
