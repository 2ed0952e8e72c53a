package stack

import (
	"fmt"
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// Config describes a host.
type Config struct {
	// Spec is the host's TCP as sysctls set it; see DefaultSpec and SetSysctl. Its
	// IPVersion is ignored: sockets have the version of their addresses.
	Spec tcp.Spec

	Addrs []netip.Addr // the host's own, IPv4 and IPv6; at least one
	MTU   sim.Bytes    // of its interface
	Seed  uint64       // of initial sequence numbers, ephemeral ports, cookies
	Bytes bool         // keep and carry real bytes

	// CopiesPages says that the device copies what MSG_ZEROCOPY sends, as TUN and
	// loopback do; completions tell (skb_orphan_frags).
	CopiesPages bool

	// ISN, if not nil, chooses initial sequence numbers in place of the seed.
	ISN func(local, remote netip.AddrPort) uint32
}

// Host is the TCP sockets of one host and of its one process. It is not safe for
// concurrent use.
type Host struct {
	cfg Config
	sys sysctls
	now sim.Time

	// The present configuration of new endpoints by IP version. An endpoint keeps
	// the one that it began with, so a change makes new ones.
	spec4, spec6 *tcp.Spec

	files    []*file // by descriptor - firstFD
	ports    map[uint16]*port
	conns    map[pair]*socket
	pool     rxPool
	replies  fifo[Packet]  // resets and such that no connection sends
	ready    fifo[*socket] // may have something to send
	timers   timerHeap
	random   sim.Rand
	secret   uint64
	portHint uint32
	streams  uint32
	cookies  map[netip.Addr]tcp.Cookie // of Fast Open, by peer
	refusals map[netip.Addr]uint8      // of peers without a cookie: 1 to the option, 2 also to that of experiments
	pacing   bool                      // the interface's queue is fq
}

// New returns a host without sockets, at time 0.
func New(cfg Config) (*Host, error) {
	if len(cfg.Addrs) == 0 {
		return nil, fmt.Errorf("a host needs an address")
	}
	for _, a := range cfg.Addrs {
		if !a.IsValid() || a.Is4In6() || a.IsUnspecified() || a.Zone() != "" {
			return nil, fmt.Errorf("address %v: one IPv4 or IPv6 address without a zone", a)
		}
	}
	h := &Host{cfg: cfg, ports: map[uint16]*port{}, conns: map[pair]*socket{}, cookies: map[netip.Addr]tcp.Cookie{}, refusals: map[netip.Addr]uint8{}, random: sim.NewRand(cfg.Seed, "ports")}
	h.secret = h.random.Uint64()
	h.streams = uint32(h.secret) // other hosts' streams have other bytes
	h.sys.init()
	h.sys.fastOpenKey = [2]uint64{h.random.Uint64(), h.random.Uint64()}
	h.reconfigure(func(*tcp.Spec) {})
	for _, a := range cfg.Addrs {
		if _, err := tcp.New(h.spec(a), tcp.Config{MTU: cfg.MTU}); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// reconfigure changes the configuration of the endpoints to come.
func (h *Host) reconfigure(change func(*tcp.Spec)) {
	change(&h.cfg.Spec)
	v4, v6 := h.cfg.Spec, h.cfg.Spec
	v4.IPVersion, v6.IPVersion = 4, 6
	h.spec4, h.spec6 = &v4, &v6
}

// spec is the configuration of a connection to or from an address.
func (h *Host) spec(a netip.Addr) *tcp.Spec {
	if a.Is4() {
		return h.spec4
	}
	return h.spec6
}

// specOf is the configuration of a socket's endpoint: its congestion control has a say
// in the handshake (tcp_ca_needs_ecn).
func (h *Host) specOf(s *socket) *tcp.Spec {
	spec := h.spec(s.remote.Addr())
	if s.opts.congestion == "" || s.opts.congestion == spec.Congestion {
		return spec
	}
	own := *spec
	own.Congestion = s.opts.congestion
	return &own
}

// Now is the host's time.
func (h *Host) Now() sim.Time { return h.now }

// Advance moves the host's time to now, not before the present, and runs the timers
// that are due.
func (h *Host) Advance(now sim.Time) {
	h.now = max(h.now, now)
	for len(h.timers.items) > 0 && h.timers.next() <= h.now {
		s := h.timers.pop()
		state := s.ep.State()
		s.ep.Timer(h.now)
		h.settle(s, state)
	}
}

// Deadline is when Advance must be called next, sim.Never if no timer runs. It holds
// once Output has nothing more.
func (h *Host) Deadline() sim.Time { return h.timers.next() }

// SetRoute sets what ip-route(8) gives a route: the initial window in segments (initcwnd)
// and the least retransmission timeout (rto_min); 0 leaves either as it is. It holds for
// connections that begin later.
func (h *Host) SetRoute(initialWindow int, minRTO sim.Time) {
	h.reconfigure(func(s *tcp.Spec) {
		if initialWindow > 0 {
			s.InitialWindow = initialWindow
		}
		if minRTO > 0 {
			s.MinRTO = minRTO
		}
	})
}

// SetMTU sets the MTU of the interface, of connections that begin later.
func (h *Host) SetMTU(n sim.Bytes) { h.cfg.MTU = n }

// SetPacing says whether the queue of the interface paces packets, as the qdisc fq does.
// It holds for connections that begin later.
func (h *Host) SetPacing(on bool) { h.pacing = on }

// Endpoint is the TCP endpoint below a descriptor, nil if it has none: for looking at,
// not for driving.
func (h *Host) Endpoint(fd int) *tcp.Endpoint {
	s, err := h.socket(fd)
	if err != OK {
		return nil
	}
	return s.ep
}

// touch says that an endpoint may have something to send or another deadline.
func (h *Host) touch(s *socket) {
	if !s.ready && s.ep != nil {
		s.ready = true
		h.ready.push(s)
	}
}

// collect moves what an endpoint has delivered to the receive queue and frees what it
// has dropped. It says whether there was data.
func (h *Host) collect(s *socket) (data bool) {
	for {
		d, ok := s.ep.NextDelivery()
		switch {
		case !ok:
			return data
		case d.Len == 0:
			h.pool.release(d.Handle)
		case s.gone:
			h.pool.release(d.Handle)
			s.ep.Consumed(h.now, int(d.Len))
		default:
			s.rx.push(d)
			data = true
		}
	}
}

// settle draws the consequences of what an endpoint was just told; state is what it
// was before.
func (h *Host) settle(s *socket, state tcp.State) {
	if h.collect(s) {
		h.wake(s, POLLIN|POLLPRI|POLLRDNORM|POLLRDBAND)
	}
	h.touch(s)
	una := s.ep.Acked()
	s.acknowledged(una)
	if h.cfg.Bytes {
		s.tx.release(una)
	}
	if s.err == OK && s.ep.Err() != 0 && !s.reported {
		s.reported = true
		h.wake(s, POLLERR)
	}
	if now := s.ep.State(); now != state {
		h.changed(s, state, now)
	}
	if s.wantsW && s.shutdown()&sndShut == 0 && s.ep != nil && s.ep.WriteReady() {
		s.wantsW = false
		h.wake(s, POLLOUT|POLLWRNORM|POLLWRBAND)
	}
}

// changed follows a connection from one state to another.
func (h *Host) changed(s *socket, from, to tcp.State) {
	switch {
	case s.fastOf != nil:
		s.fastOf.fast--
		s.fastOf = nil
		if to == tcp.Closed {
			h.over(s)
		}
	case from == tcp.SynReceived && s.parent != nil:
		if to == tcp.Closed {
			h.unqueue(s)
			h.destroy(s)
			return
		}
		h.established(s)
	case to == tcp.Closed:
		h.over(s)
	case from == tcp.SynSent:
		h.keepCookie(s)
	}
	h.wake(s, 0)
}

// over ends a connection: its addresses are free, and it goes with its last holder
// (tcp_done).
func (h *Host) over(s *socket) {
	switch {
	case s.file == nil && s.parent == nil:
		h.destroy(s)
	default:
		h.unhash(s)
		if !s.boundPort {
			h.unbind(s)
		}
	}
}
