package live

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/zeebo/xxh3"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// patience is how long the loop sleeps at most: the kernel's end is looked at then.
const patience = 10 * sim.Millisecond

// Exchange opens a connection, moves data both ways at once, closes it, and says how
// it went. It fails if either end's calls do, or if the time limit passes; whether the
// bytes are the same is in the report.
func (l *Link) Exchange(t Transfer) (Report, error) {
	l.connections++
	port := 20000 + l.connections
	k, err := l.newKernelEnd(&t, port)
	if err != nil {
		return Report{}, err
	}
	m, err := l.newModelEnd(&t, port)
	if err != nil {
		k.close()
		return Report{}, err
	}
	begin, in, out := time.Now(), l.in.counts, l.out.counts
	go k.run(&t, netip.AddrPortFrom(modelAddr(t.IPVersion), port))
	err = l.drive(m, k, begin.Add(t.Limit))
	report := Report{
		TimeOut: k.ended.Sub(begin), TimeIn: m.endedAt.Sub(begin), SentOut: m.sent, GotIn: m.got, SentIn: k.sent, GotOut: k.got,
		ToKernel: l.out.counts.since(out), FromKernel: l.in.counts.since(in),
		Model: m.stats, ECN: m.ecn, KernelCongestion: k.congestion(), KernelRetrans: k.retransmits(),
	}
	k.close()
	return report, err
}

// drive runs both ends until they are done.
func (l *Link) drive(m *modelEnd, k *kernelEnd, limit time.Time) error {
	running := 2 // goroutines of the kernel's end
	var failed error
	stop := func(err error) {
		if failed == nil && err != nil {
			failed = err
			k.interrupt()
		}
	}
	for running > 0 || !m.done && failed == nil {
		moved, err := l.step()
		stop(err)
		if failed == nil {
			worked, err := m.step()
			stop(err)
			moved = moved || worked
		}
		select {
		case err := <-k.err:
			running--
			stop(err)
		default:
		}
		if time.Now().After(limit) {
			stop(fmt.Errorf("not done in time: the model has written %d and read %d bytes", m.sent.Bytes, m.got.Bytes))
		}
		if !moved {
			stop(l.wait(patience))
		}
	}
	return failed
}

// modelEnd is the model's end of a transfer: system calls that do not block.
type modelEnd struct {
	host         *stack.Host
	listener, fd int // -1 where there is none
	toWrite      []byte
	wbuf, rbuf   []byte
	total        int64
	out, in      *xxh3.Hasher
	sent, got    Digest
	stats        tcp.Stats
	ecn          bool
	wrote, ended bool // all is written, all is read
	endedAt      time.Time
	done         bool // and closed
}

func (l *Link) newModelEnd(t *Transfer, port uint16) (*modelEnd, error) {
	m := &modelEnd{host: l.host, listener: -1, fd: -1, wbuf: make([]byte, chunkBytes), rbuf: make([]byte, chunkBytes), total: t.Out, out: xxh3.New(), in: xxh3.New()}
	l.host.Advance(l.now())
	domain := stack.AF_INET6
	if t.IPVersion == 4 {
		domain = stack.AF_INET
	}
	fd, errno := l.host.Socket(domain, stack.SOCK_STREAM|stack.SOCK_NONBLOCK, 0)
	if errno != stack.OK {
		return nil, fmt.Errorf("the model's socket: %w", errno)
	}
	if errno := l.host.Setsockopt(fd, stack.SOL_TCP, stack.TCP_CONGESTION, stack.Value{Text: t.Congestion}); errno != stack.OK {
		return nil, fmt.Errorf("the model's congestion control %q: %w", t.Congestion, errno)
	}
	if t.Active {
		m.fd = fd
		errno = l.host.Connect(fd, netip.AddrPortFrom(kernelAddr(t.IPVersion), port))
		if errno == stack.EINPROGRESS {
			errno = stack.OK
		}
	} else {
		m.listener = fd
		if errno = l.host.Bind(fd, netip.AddrPortFrom(modelAddr(t.IPVersion), port)); errno == stack.OK {
			errno = l.host.Listen(fd, 1)
		}
	}
	if errno != stack.OK {
		return nil, fmt.Errorf("the model's socket: %w", errno)
	}
	return m, nil
}

// step does what can be done without waiting.
func (m *modelEnd) step() (moved bool, err error) {
	if m.fd < 0 {
		fd, _, errno := m.host.Accept(m.listener, stack.SOCK_NONBLOCK)
		switch {
		case errno == stack.EAGAIN:
			return false, nil
		case errno != stack.OK:
			return false, fmt.Errorf("the model's accept: %w", errno)
		}
		m.fd = fd
	}
	if m.done {
		return false, nil
	}
	sent, err := m.write()
	if err != nil {
		return false, err
	}
	got, err := m.read()
	if err != nil {
		return false, err
	}
	if m.wrote && m.ended {
		m.done = true
		ep := m.host.Endpoint(m.fd)
		m.stats, m.ecn = ep.Stats(), ep.Info(m.host.Now()).Options&tcp.InfoECN != 0
		err = m.close()
	}
	return sent || got, err
}

func (m *modelEnd) write() (moved bool, err error) {
	for !m.wrote {
		if len(m.toWrite) == 0 {
			if m.sent.Bytes == m.total {
				break
			}
			m.toWrite = m.wbuf[:min(int64(len(m.wbuf)), m.total-m.sent.Bytes)]
			tcp.Payload(m.toWrite, streamOut, uint64(m.sent.Bytes))
		}
		n, errno := m.host.Write(m.fd, stack.Bytes(m.toWrite))
		switch errno {
		case stack.OK:
		case stack.EAGAIN:
			return moved, nil
		default:
			return moved, fmt.Errorf("the model's write: %w", errno)
		}
		_, _ = m.out.Write(m.toWrite[:n])
		m.toWrite = m.toWrite[n:]
		m.sent.Bytes += int64(n)
		moved = true
	}
	if !m.wrote {
		m.wrote = true
		m.sent.Hash = m.out.Sum128().Bytes()
		if errno := m.host.Shutdown(m.fd, stack.SHUT_WR); errno != stack.OK {
			return moved, fmt.Errorf("the model's shutdown: %w", errno)
		}
	}
	return moved, nil
}

// read takes what has come.
func (m *modelEnd) read() (moved bool, err error) {
	for !m.ended {
		n, errno := m.host.Read(m.fd, stack.Bytes(m.rbuf))
		switch {
		case errno == stack.EAGAIN:
			return moved, nil
		case errno != stack.OK:
			return moved, fmt.Errorf("the model's read: %w", errno)
		case n == 0:
			m.ended, m.endedAt = true, time.Now()
			m.got.Hash = m.in.Sum128().Bytes()
		default:
			_, _ = m.in.Write(m.rbuf[:n])
			m.got.Bytes += int64(n)
		}
		moved = true
	}
	return moved, nil
}

func (m *modelEnd) close() error {
	for _, fd := range []int{m.fd, m.listener} {
		if fd < 0 {
			continue
		}
		if errno := m.host.Close(fd); errno != stack.OK {
			return fmt.Errorf("the model's close: %w", errno)
		}
	}
	return nil
}
