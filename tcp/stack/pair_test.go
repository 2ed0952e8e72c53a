package stack

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/zeebo/xxh3"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// TestPairsCarryEveryByte moves data both ways between two hosts through loss, reordering and
// duplication; what is read must hash as what was written, with real bytes and with
// symbolic ones.
func TestPairsCarryEveryByte(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		for _, real := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d real %v", seed, real), func(t *testing.T) {
				p := newPair(t, seed, real)
				p.run(t, 120*sim.Second)
			})
		}
	}
}

// transfer is a connection between two hosts with an application at each end that writes
// and reads in pieces of random size.
type transfer struct {
	*network
	random sim.Rand
	end    [2]pairEnd
}

type pairEnd struct {
	fd        int
	total     int
	sent, got int
	in, out   *xxh3.Hasher
	wrote     bool
	read      bool
}

func newPair(t *testing.T, seed uint64, real bool) *transfer {
	t.Helper()
	p := &transfer{random: sim.NewRand(seed, "application")}
	p.network = newNetwork(t, func(side int, c *Config) {
		c.Bytes = real
		c.Seed = seed<<1 | uint64(side)
		c.Spec.SACK = seed%4 != 0
		c.Spec.Timestamps = seed%3 != 0
		c.Spec.Congestion = []string{"cubic", "reno"}[seed%2]
	})
	for i := range p.wire {
		p.wire[i] = wire{rate: sim.Gbps, delay: sim.Time(1+p.random.Intn(2000)) * sim.Microsecond,
			loss: 0.02, dup: 0.01, late: 0.02, lateBy: 2 * sim.Millisecond, random: sim.NewRand(seed, fmt.Sprint("wire", i))}
	}
	listener := must(t)(p.host[1].Socket(AF_INET, SOCK_STREAM, 0))
	client := must(t)(p.host[0].Socket(AF_INET, SOCK_STREAM, 0))
	to := netip.AddrPortFrom(addr4[1], 80)
	ok(t, p.host[1].Bind(listener, to))
	ok(t, p.host[1].Listen(listener, 5))
	server := -1
	for err := Blocked; err == Blocked || server < 0; {
		if err == Blocked {
			err = p.host[0].Connect(client, to)
		}
		if server < 0 {
			server, _, _ = p.host[1].Accept(listener, 0)
		}
		if err != OK && err != Blocked || p.now > 60*sim.Second {
			t.Fatalf("connect: %v at %v", err, p.now)
		}
		p.pump()
		if at := p.next(); at != sim.Never {
			p.step(at)
		}
	}
	ok(t, p.host[1].Close(listener))
	for i := range p.end {
		p.end[i] = pairEnd{fd: [2]int{client, server}[i], total: p.random.Intn(1 << 20), in: xxh3.New(), out: xxh3.New()}
	}
	return p
}

func (p *transfer) run(t *testing.T, limit sim.Time) {
	for !p.end[0].read || !p.end[1].read {
		for side := range p.end {
			p.work(t, side)
		}
		p.pump()
		at := p.next()
		if at == sim.Never || at > limit {
			t.Fatalf("stuck at %v: %+v %+v", p.now, p.end[0], p.end[1])
		}
		p.step(at)
	}
	for side := range p.end {
		from, to := &p.end[side], &p.end[1-side]
		if from.sent != to.got || from.out.Sum128() != to.in.Sum128() {
			t.Errorf("side %d wrote %d bytes, the other read %d with another hash", side, from.sent, to.got)
		}
		ok(t, p.host[side].Close(from.fd))
	}
	p.network.run(200 * sim.Second)
	for side, h := range p.host {
		if len(h.conns) != 0 || len(h.ports) != 0 || len(h.timers.items) != 0 {
			t.Errorf("side %d: %d connections, %d ports, %d timers are left", side, len(h.conns), len(h.ports), len(h.timers.items))
		}
		if held := len(h.pool.buffers) - len(h.pool.free); held > 1 {
			t.Errorf("side %d: %d buffers are lost", side, held-1)
		}
	}
}

// work lets an application do what it can.
func (p *transfer) work(t *testing.T, side int) {
	h, e := p.host[side], &p.end[side]
	for !e.wrote {
		if e.sent == e.total {
			ok(t, h.Shutdown(e.fd, SHUT_WR))
			e.wrote = true
			break
		}
		buf := make([]byte, min(1+p.random.Intn(100_000), e.total-e.sent))
		tcp.Payload(buf, p.stream(side), uint64(e.sent))
		n, err := h.Write(e.fd, Bytes(buf))
		if err != OK && err != Blocked {
			t.Fatalf("write: %v", err)
		}
		_, _ = e.out.Write(buf[:n])
		e.sent += n
		if err == Blocked {
			break
		}
	}
	for !e.read {
		buf := make([]byte, 1+p.random.Intn(50_000))
		n, err := h.Read(e.fd, Bytes(buf))
		if err == Blocked {
			break
		}
		ok(t, err)
		_, _ = e.in.Write(buf[:n])
		e.got += n
		e.read = n == 0
	}
}

// stream names what a side writes: with symbolic bytes the host says which they are.
func (p *transfer) stream(side int) uint32 {
	s, _ := p.host[side].socket(p.end[side].fd)
	return s.stream
}

func must(t *testing.T) func(int, Errno) int {
	return func(n int, err Errno) int {
		t.Helper()
		ok(t, err)
		return n
	}
}

func ok(t *testing.T, err Errno) {
	t.Helper()
	if err != OK {
		t.Fatal(err)
	}
}
