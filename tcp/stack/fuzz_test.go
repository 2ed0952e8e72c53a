package stack

import (
	"fmt"
	"net/netip"
	"testing"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// FuzzCalls makes two hosts carry out any calls while any packets come and go. Nothing may
// panic, and the books must balance.
func FuzzCalls(f *testing.F) {
	for seed := uint64(0); seed < 40; seed++ {
		random := sim.NewRand(seed, "calls")
		script := make([]byte, 600)
		for i := range script {
			script[i] = byte(random.Uint64())
		}
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		n := newNetwork(t, func(_ int, c *Config) { c.Bytes = len(script)%2 == 0 })
		for i := range n.wire {
			n.wire[i] = wire{rate: sim.Gbps, delay: 100 * sim.Microsecond, loss: 0.05, dup: 0.05, late: 0.1,
				lateBy: sim.Millisecond, random: sim.NewRand(uint64(len(script)), fmt.Sprint(i))}
		}
		s := &fuzzScript{bytes: script}
		if s.next()%4 != 0 {
			s.connect(n)
		}
		for len(s.bytes) > 0 {
			side := int(s.next() & 1)
			s.call(n.host[side], n, side)
			n.pump()
			for _, h := range n.host {
				if err := h.books(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// fuzzScript takes what to do from bytes.
type fuzzScript struct{ bytes []byte }

func (s *fuzzScript) next() byte {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return b
}

// connect joins the hosts by a few connections, so that not all calls are in vain.
func (s *fuzzScript) connect(n *network) {
	a, b := n.host[0], n.host[1]
	to := netip.AddrPortFrom(addr4[1], 80)
	listener, _ := b.Socket(AF_INET, SOCK_STREAM, 0)
	b.Bind(listener, to)
	b.Listen(listener, 9)
	for range 3 {
		fd, _ := a.Socket(AF_INET, SOCK_STREAM, 0)
		a.Connect(fd, to)
		n.run(3 * sim.Second)
		_, _, _ = b.Accept(listener, 0)
	}
}

// fd is a descriptor, mostly one that there is.
func (s *fuzzScript) fd() int { return firstFD + int(s.next()%6) }

func (s *fuzzScript) call(h *Host, n *network, side int) {
	kind, fd := s.next()%32, s.fd()
	size := int(s.next()) * 97
	peer := netip.AddrPortFrom(addr4[1-side], 80+uint16(s.next()%3))
	own := netip.AddrPortFrom(addr4[side], 80+uint16(s.next()%3))
	flags := int(s.next()) | int(s.next())<<8 | int(s.next()&0x34)<<24
	switch kind {
	case 0, 1:
		_, _ = h.Socket(AF_INET, SOCK_STREAM|int(s.next()&8)<<8, 0)
	case 2:
		h.Bind(fd, own)
	case 3:
		h.Listen(fd, int(s.next()%4))
	case 4, 5:
		_, _, _ = h.Accept(fd, 0)
	case 6, 7, 8:
		h.Connect(fd, peer)
	case 9:
		h.Connect(fd, netip.AddrPort{})
	case 10, 11:
		_, _ = h.Send(fd, Size(size), flags&^MSG_FASTOPEN)
	case 12:
		_, _ = h.Write(fd, Size(size*100))
	case 13, 14:
		_, _ = h.Read(fd, Size(size))
	case 15:
		_, _ = h.Recv(fd, Bytes(make([]byte, size)), flags)
	case 16:
		h.Shutdown(fd, int(s.next()%4))
	case 17, 18:
		h.Close(fd)
	case 19:
		h.Setsockopt(fd, SOL_SOCKET, int(s.next()%62), Value{Int: int64(size)})
	case 20:
		h.Setsockopt(fd, SOL_TCP, int(s.next()%40), Value{Int: int64(int8(s.next()))})
	case 21:
		h.Setsockopt(fd, SOL_SOCKET, SO_LINGER, Value{Linger: Linger{1, int32(s.next() % 3)}})
	case 22:
		_, _ = h.Getsockopt(fd, int(s.next()%7), int(s.next()%64))
	case 23:
		_, _ = h.EpollCreate()
	case 24:
		h.EpollCtl(fd, int(s.next()%4), s.fd(), EpollEvent{Events: uint32(flags) | uint32(s.next())<<24})
	case 25:
		_, _ = h.EpollWait(fd, make([]EpollEvent, 4))
		_, _ = h.Poll([]PollFD{{FD: fd, Events: 0x7F}})
	case 26:
		_, _, _ = h.Pipe(0)
		_, _ = h.Splice(fd, s.fd(), size, flags&7)
	case 27:
		_, _ = h.Ioctl(fd, []int{SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK}[s.next()%4], 0)
	case 28:
		p := Packet{Src: peer, Dst: own, Window: uint16(size)}
		p.Seg = tcp.Segment{Seq: uint32(s.next()), Ack: uint32(s.next()), Flags: tcp.Flags(s.next()), Len: uint32(s.next()), Segs: 1}
		if h.cfg.Bytes {
			p.Data = make([]byte, p.Seg.Len)
		}
		h.Input(&p)
	case 29:
		h.Input(&Packet{Kind: ICMP, Src: own, Dst: peer, Error: tcp.ICMP{Type: s.next() % 16, Code: s.next() % 16}})
	case 30:
		n.run(sim.Time(size) * sim.Millisecond)
	default:
		n.run(sim.Time(size) * sim.Microsecond)
	}
}

// books says what does not balance: tables against sockets, and every buffer in one place.
func (h *Host) books() error {
	held := map[uint32]bool{}
	for _, free := range h.pool.free {
		if held[free] {
			return fmt.Errorf("buffer %d is free twice", free)
		}
		held[free] = true
	}
	count := func(s *socket) error {
		bytes := 0
		for i := range s.rx.chunks.len() {
			c := s.rx.chunks.at(i)
			if held[c.handle] {
				return fmt.Errorf("buffer %d is in two places", c.handle)
			}
			held[c.handle] = true
			bytes += int(c.len)
		}
		if bytes != s.rx.bytes {
		}
		return nil
	}
	seen := map[*socket]bool{}
	for key, s := range h.conns {
		if key.local != s.local || key.remote != s.remote || !s.hashed || s.ep == nil {
			return fmt.Errorf("connection %v is entered as %v", s, key)
		}
		seen[s] = true
		if err := count(s); err != nil {
			return err
		}
	}
	for _, f := range h.files {
		if f != nil && f.sock != nil && !seen[f.sock] {
			seen[f.sock] = true
			if err := count(f.sock); err != nil {
				return err
			}
		}
	}
	for number, p := range h.ports {
		for _, s := range p.owners {
			if !s.hasPort || s.local.Port() != number {
				return fmt.Errorf("port %d is owned by a socket at %v", number, s.local)
			}
		}
		if len(p.owners) == 0 {
			return fmt.Errorf("port %d has no owner", number)
		}
	}
	for i, s := range h.timers.items {
		if s.index != i || i > 0 && h.timers.less(i, (i-1)/2) {
			return fmt.Errorf("the heap of timers is out of order at %d", i)
		}
	}
	return nil
}
