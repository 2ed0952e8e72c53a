package live

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// Link is a Host and the kernel's TCP with a TUN device and faults between them. It is
// not safe for concurrent use.
type Link struct {
	host  *stack.Host
	space *namespace
	tun   *tun
	start time.Time

	in, out     impairment
	codec       codec
	read, frame []byte
	packet      stack.Packet
	connections uint16
	sent        int64 // packets of the host
}

// Open makes the namespace, the device and the host.
func Open(cfg LinkConfig) (*Link, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	host, err := stack.New(stack.Config{Spec: cfg.Spec, Addrs: []netip.Addr{modelV4, modelV6},
		MTU: sim.Bytes(cfg.MTU), Seed: cfg.Seed, Bytes: true})
	if err != nil {
		return nil, err
	}
	space, err := newNamespace()
	if err != nil {
		return nil, err
	}
	l := &Link{host: host, space: space, start: time.Now(), read: make([]byte, ethernet+65536), codec: newCodec(cfg.Spec)}
	l.in = impairment{header: ethernet, faults: cfg.Faults, random: sim.NewRand(cfg.Seed, "from the kernel")}
	l.out = impairment{faults: cfg.Faults, random: sim.NewRand(cfg.Seed, "to the kernel")}
	// A transfer must not begin with what the one before has learnt.
	err = space.sysctl("net/ipv4/tcp_no_metrics_save", "1")
	if err == nil && cfg.Spec.ECN == 1 {
		err = space.sysctl("net/ipv4/tcp_ecn", "1")
	}
	if err != nil {
		space.close()
		return nil, err
	}
	err = space.do(func() error {
		l.tun, err = newTUN(cfg.MTU, []netip.Prefix{kernelV4, kernelV6})
		return err
	})
	if err != nil {
		space.close()
		return nil, err
	}
	return l, nil
}

// Close removes the device and the namespace.
func (l *Link) Close() {
	l.tun.close()
	l.space.close()
}

// now is the host's clock: time since Open.
func (l *Link) now() sim.Time { return sim.Time(time.Since(l.start).Nanoseconds()) * sim.Nanosecond }

// batch is how many packets are read before the application has its turn.
const batch = 64

// step moves packets and time once, and says whether anything moved.
func (l *Link) step() (moved bool, err error) {
	now := l.now()
	l.host.Advance(now)
	if err := l.in.release(now, l.arrive); err != nil {
		return false, err
	}
	if err := l.out.release(now, l.tun.write); err != nil {
		return false, err
	}
	for range batch {
		n, err := l.tun.read(l.read[ethernet:])
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		moved = true
		if err := l.in.pass(now, l.read[:ethernet+n], l.arrive); err != nil {
			return false, err
		}
	}
	before := l.sent
	err = l.transmit()
	return moved || l.sent > before, err
}

// transmit sends what the host has to send, cut into segments as a NIC does.
func (l *Link) transmit() (err error) {
	p := &l.packet
	for l.host.Output(p) {
		l.sent++
		for i := range tcp.Frames(&p.Seg) {
			var seg tcp.Segment
			tcp.Frame(&seg, &p.Seg, i)
			if l.frame, err = l.codec.encode(l.frame[:0], p, &seg, int(seg.Offset-p.Seg.Offset)); err != nil {
				return err
			}
			if err := l.out.pass(l.host.Now(), l.frame[ethernet:], l.tun.write); err != nil {
				return err
			}
		}
		l.host.Sent(p)
	}
	return nil
}

// arrive gives the host a packet, which lies behind room for an Ethernet header. What is no TCP (the kernel sends router solicitations)
// is dropped. Each has its own time: the order of arrival tells the host about losses.
func (l *Link) arrive(packet []byte) error {
	var p stack.Packet
	if err := l.codec.decode(packet, &p); err != nil {
		return nil
	}
	l.host.Advance(l.now())
	l.host.Input(&p)
	return l.transmit()
}

// wait sleeps until the device has a packet or something is due, at most for the
// given time.
func (l *Link) wait(most sim.Time) error {
	now := l.now()
	until := min(l.host.Deadline(), l.in.deadline(), l.out.deadline(), now+most)
	pause := unix.NsecToTimespec(int64(max(until-now, 0) / sim.Nanosecond))
	fds := []unix.PollFd{{Fd: int32(l.tun.fd), Events: unix.POLLIN}}
	if _, err := unix.Ppoll(fds, &pause, nil); err != nil && err != unix.EINTR {
		return fmt.Errorf("waiting for %s: %w", l.tun.name, err)
	}
	return nil
}
