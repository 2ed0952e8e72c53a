package tcp

import "netgpusim/sim"

// Cookie is the cookie of TCP Fast Open (RFC 7413 section 4.1.1): Len bytes, 0 to ask for one.
type Cookie struct {
	Len   uint8
	Exp   bool // in the option that experiments had before (kind 254 with a magic number)
	Bytes [maxCookie]byte
}

// maxCookie is TCP_FASTOPEN_COOKIE_MAX.
const maxCookie = 16

// SetCookie gives a SYN or SYN-ACK the option; the bytes lie where others have SACK blocks.
func (s *Segment) SetCookie(c Cookie) {
	s.Opts |= OptFastOpen
	words := [maxCookie / 4]*uint32{&s.SACK[0].Left, &s.SACK[0].Right, &s.SACK[1].Left, &s.SACK[1].Right}
	for i, w := range words {
		b := c.Bytes[4*i:]
		*w = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	}
	s.SACK[2] = SACKBlock{Left: uint32(min(c.Len, maxCookie))}
	if c.Exp {
		s.SACK[2].Right = 1
	}
}

// Cookie is that option of a SYN or SYN-ACK; ok is false without it.
func (s *Segment) Cookie() (c Cookie, ok bool) {
	if !s.Flags.Has(SYN) || !s.Opts.Has(OptFastOpen) {
		return c, false
	}
	c.Len, c.Exp = uint8(min(s.SACK[2].Left, maxCookie)), s.SACK[2].Right != 0
	for i, w := range [maxCookie / 4]uint32{s.SACK[0].Left, s.SACK[0].Right, s.SACK[1].Left, s.SACK[1].Right} {
		b := c.Bytes[4*i:]
		b[0], b[1], b[2], b[3] = byte(w>>24), byte(w>>16), byte(w>>8), byte(w)
	}
	return c, true
}

// cookieLen is the option's length with the NOPs that align it (tcp_options_write).
func (s *Segment) cookieLen() int {
	if c, ok := s.Cookie(); ok {
		return (c.head() + int(c.Len) + 3) &^ 3
	}
	return 0
}

// Fast Open on the wire.
const (
	optionFastOpen = 34 // RFC 7413 section 4.1.1
	fastOpenHead   = 2

	optionExperiment = 254 // RFC 6994
	fastOpenMagic    = 0xF989
	fastOpenExpHead  = 4
)

// head is how long the option is without its cookie.
func (c *Cookie) head() int {
	if c.Exp {
		return fastOpenExpHead
	}
	return fastOpenHead
}

// fastOpen is an end's part in a Fast Open.
type fastOpen struct {
	cookie Cookie
	asks   bool   // active: the first SYN has the option,
	data   bool   // and payload
	sent   uint32 // bytes of it
	acked  bool   // that payload was acknowledged by the SYN-ACK, or taken from the SYN
	got    bool   // active: the peer has given a cookie
	child  bool   // passive: made by AcceptFastOpen
	grants bool   // passive: the SYN-ACK has a cookie
}

// SetFastOpen makes the first SYN of an active end ask for a cookie, or show the one that
// it got and carry what has been written, as far as it fits; without asking if free is
// set (fastopen_no_cookie). It has to be called before the first Output.
func (e *Endpoint) SetFastOpen(c Cookie, free bool) {
	f := &e.fast
	f.cookie = c
	f.asks, f.data = !free, free || c.Len > 0
}

// GrantCookie makes a passive end's SYN-ACK give the peer a cookie. It has to be called
// before the first Output.
func (e *Endpoint) GrantCookie(c Cookie) { e.fast.cookie, e.fast.grants = c, true }

// GotCookie is the cookie that the peer has given; ok is false if there was none.
func (e *Endpoint) GotCookie() (c Cookie, ok bool) { return e.fast.cookie, e.fast.got }

// RefusedCookie says that the peer was asked for a cookie and has not given one, although
// the SYN had no payload and was not sent again; exp is which option asked for it
// (tcp_rcv_fastopen_synack).
func (e *Endpoint) RefusedCookie() (exp, refused bool) {
	f := &e.fast
	return f.cookie.Exp, f.asks && !f.got && f.sent == 0 && e.handshake.resent == 0
}

// AcceptFastOpen opens a connection passively of a SYN whose cookie is good: its payload is
// delivered, and data may be sent before the handshake is through
// (tcp_fastopen_create_child).
func AcceptFastOpen(spec *Spec, cfg Config, now sim.Time, syn *Segment) (*Endpoint, error) {
	payload := *syn
	bare := *syn
	bare.Len = 0
	e, err := Accept(spec, cfg, now, &bare)
	if err != nil {
		return nil, err
	}
	e.fast.child = true
	e.startReceiving()
	e.startCongestion(e.spec.Congestion)
	e.expandBuffer()
	if payload.Len > 0 {
		e.fast.acked = true
		payload.Seq++
		payload.Flags = ACK
		e.receive(now, &payload)
	}
	return e, nil
}

// FastOpenSpace is the payload that a SYN has room for, bytes: whatever options middleboxes
// may add have a place (tcp_send_syn_data).
func (e *Endpoint) FastOpenSpace() int { return max(int(e.ownMSS())-maxOptions, 0) }

// fillFastOpen adds to a SYN or SYN-ACK what Fast Open puts there. A SYN that is sent again
// has neither option nor payload.
func (e *Endpoint) fillFastOpen(seg *Segment) {
	f := &e.fast
	switch {
	case e.handshake.passive:
		seg.Ack = seqOf(e.cfg.RemoteISS, e.rcv.nxt)
		if f.grants {
			seg.SetCookie(f.cookie)
		}
		e.rcv.wup = e.rcv.nxt
		e.ackSent()
		return
	case e.handshake.resent > 0 || e.state != SynSent:
		return
	case f.asks:
		seg.SetCookie(f.cookie)
	}
	if f.data && e.snd.writeQ.len() > 0 {
		f.sent = min(e.snd.writeQ.front().data(), uint32(e.FastOpenSpace()))
		seg.Len = f.sent
	}
}

// synAnswered takes what a SYN-ACK says about Fast Open: a cookie, and how much of the
// SYN's payload has arrived. The rest goes again at once (tcp_rcv_fastopen_synack).
func (e *Endpoint) synAnswered(now sim.Time, seg *Segment) {
	f := &e.fast
	if c, ok := seg.Cookie(); ok && c.Len > 0 {
		f.cookie, f.got = c, true
	}
	n := uint32(seqDistance(seqOf(e.cfg.LocalISS, 0), seg.Ack))
	if n == 0 {
		return
	}
	f.acked = true
	var sent Segment
	for left := n; left > 0; left -= sent.Len {
		e.sendData(e.handshake.sentAt, &sent, min(left, uint32(e.mss)))
	}
	e.Sent(now, int(n))
	e.acknowledge(now, seg)
}

// acksSYN says whether a number acknowledges the SYN, and no more than was sent with it or,
// by a Fast Open child, behind it.
func (e *Endpoint) acksSYN(ack uint32) bool {
	most := int64(e.fast.sent)
	if e.fast.child {
		most = int64(e.snd.nxt)
	}
	d := seqDistance(seqOf(e.cfg.LocalISS, 0), ack)
	return d >= 0 && d <= most
}
