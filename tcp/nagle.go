package tcp

import "netgpusim/sim"

// nagle is what the application wants of short segments (Linux: tcp_sock.nonagle).
type nagle uint8

const (
	nagleOff  nagle = 1 << iota // TCP_NODELAY
	nagleCork                   // TCP_CORK, MSG_MORE
	naglePush                   // what is queued goes now, whatever the rule says
)

// holds is Minshall's form of RFC 9293 section 3.7.4: n bytes, less than a segment, wait
// while an earlier short segment is unacknowledged, or until the cork is out
// (tcp_nagle_check).
func (s *sender) holds(n uint32, mss uint16) bool {
	return n < uint32(mss) && (s.pass&nagleCork != 0 || s.pass == 0 && s.small > s.una)
}

// waits says whether the last skb, of n bytes, waits for more (tcp_nagle_test).
func (s *sender) waits(n uint32, mss uint16) bool {
	return s.pass&naglePush == 0 && s.holds(n, mss)
}

// letGo ends what the last Write has asked for: an event moves the connection.
func (s *sender) letGo() {
	s.corked = false
	s.pass = s.nagle
}

// SetNoDelay switches Nagle's rule off, or on again (TCP_NODELAY). What is queued goes at
// once when it is switched off, even past a cork (tcp_sock_set_nodelay). Call Output
// afterwards.
func (e *Endpoint) SetNoDelay(now sim.Time, on bool) {
	e.advance(now)
	s := &e.snd
	if !on {
		s.nagle &^= nagleOff
		s.pass = s.nagle
		return
	}
	s.nagle |= nagleOff | naglePush
	s.letGo()
}

// NoDelay is TCP_NODELAY.
func (e *Endpoint) NoDelay() bool { return e.snd.nagle&nagleOff != 0 }

// SetCork holds short segments back until it is switched off, though not longer than a
// probe of the window takes (TCP_CORK, tcp_sock_set_cork). Call Output afterwards.
func (e *Endpoint) SetCork(now sim.Time, on bool) {
	e.advance(now)
	s := &e.snd
	if on {
		s.nagle |= nagleCork
		s.pass = s.nagle
		return
	}
	s.nagle &^= nagleCork
	if s.nagle&nagleOff != 0 {
		s.nagle |= naglePush
	}
	s.letGo()
}

// Cork is TCP_CORK.
func (e *Endpoint) Cork() bool { return e.snd.nagle&nagleCork != 0 }
