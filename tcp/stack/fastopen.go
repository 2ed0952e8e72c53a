package stack

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"

	"netgpusim/tcp"
)

// TCP Fast Open (RFC 7413): the cookies of both ends, and what the calls do with them.

// cookieBytes is how long this host's cookies are (TCP_FASTOPEN_COOKIE_SIZE).
const cookieBytes = 8

// FastOpenCookie is the cookie for a client under the key of net.ipv4.tcp_fastopen_key.
func (h *Host) FastOpenCookie(client, server netip.Addr) tcp.Cookie {
	return CookieOf(h.sys.fastOpenKey, client, server)
}

// CookieOf is SipHash of both addresses under a key (__tcp_fastopen_cookie_gen_cipher).
func CookieOf(key [2]uint64, client, server netip.Addr) tcp.Cookie {
	c := tcp.Cookie{Len: cookieBytes}
	addrs := append(client.AsSlice(), server.AsSlice()...)
	binary.LittleEndian.PutUint64(c.Bytes[:], sipHash(key, addrs))
	return c
}

// sipHash is SipHash-2-4 of whole 64-bit words.
func sipHash(key [2]uint64, data []byte) uint64 {
	v0, v1 := key[0]^0x736f6d6570736575, key[1]^0x646f72616e646f6d
	v2, v3 := key[0]^0x6c7967656e657261, key[1]^0x7465646279746573
	round := func() {
		v0 += v1
		v2 += v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v1
		v0 += v3
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)
	}
	absorb := func(word uint64) {
		v3 ^= word
		round()
		round()
		v0 ^= word
	}
	n := uint64(len(data))
	for ; len(data) >= 8; data = data[8:] {
		absorb(binary.LittleEndian.Uint64(data))
	}
	absorb(n << 56)
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}

// setFastOpenKey sets net.ipv4.tcp_fastopen_key: four 32-bit words in hexadecimal; of two
// keys with a comma, the first is used to make cookies.
func setFastOpenKey(h *Host, text string) error {
	var w [4]uint32
	if _, err := fmt.Sscanf(text, "%8x-%8x-%8x-%8x", &w[0], &w[1], &w[2], &w[3]); err != nil {
		return fmt.Errorf("net.ipv4.tcp_fastopen_key: %q: four words of 8 hexadecimal digits with hyphens between them", text)
	}
	h.sys.fastOpenKey = [2]uint64{uint64(w[1])<<32 | uint64(w[0]), uint64(w[3])<<32 | uint64(w[2])}
	return nil
}

func fastOpenKey(h *Host) string {
	k := h.sys.fastOpenKey
	return fmt.Sprintf("%08x-%08x-%08x-%08x", uint32(k[0]), k[0]>>32, uint32(k[1]), k[1]>>32)
}

// cookieFor says whether a SYN to an address may carry data: with the cookie that is
// known, or free of cookies (tcp_fastopen_cookie_check).
func (h *Host) cookieFor(s *socket, to netip.Addr) (c tcp.Cookie, free, may bool) {
	if s.opts.fastOpenNoCookie || h.sys.fastOpen&TFO_CLIENT_NO_COOKIE != 0 {
		return c, true, true
	}
	if c, may = h.cookies[to]; !may {
		c.Exp = h.refusals[to] == 1
	}
	return c, false, may
}

// sendFastOpen is a send that opens the connection: with MSG_FASTOPEN, or the first one
// after a connect with TCP_FASTOPEN_CONNECT (tcp_sendmsg_fastopen).
func (s *socket) sendFastOpen(m *Message, flags int) (int, Errno) {
	h := s.host
	if h.sys.fastOpen&TFO_CLIENT_ENABLE == 0 {
		return -1, EOPNOTSUPP
	}
	fresh := s.deferred
	if !s.deferred {
		if s.state == connected || s.state == unconnected && s.tcpState() != tcp.Closed {
			return -1, EISCONN
		}
		if fresh = s.state == unconnected; fresh {
			if !m.Name.IsValid() {
				return -1, EINVAL
			}
			if err := h.startConnect(s, m.Name); err != OK {
				return -1, err
			}
			s.state = connecting
		}
	}
	if !fresh {
		if err := h.finishConnect(s, flags, EALREADY); err != OK {
			return -1, err
		}
		return s.put(m.Iov, flags, copied, s.opts.timestamping&txTimestamps)
	}
	s.deferred = false
	if err := h.sendSYN(s); err != OK {
		return -1, err
	}
	n := s.fillSYN(m.Iov)
	err := h.finishConnect(s, flags, EINPROGRESS)
	if n > 0 && err == EINPROGRESS {
		err = OK
	}
	return n, err
}

// fillSYN writes what the SYN can carry of an iovec, and returns how much that is.
func (s *socket) fillSYN(iov []Buf) (n int) {
	c, free, may := s.host.cookieFor(s, s.remote.Addr())
	s.ep.SetFastOpen(c, free)
	if !may {
		return 0
	}
	space := s.ep.FastOpenSpace()
	for _, b := range iov {
		if b.n = min(b.n, space-n); b.mem != nil {
			b.mem = b.mem[:b.n]
		}
		n += s.write(b, copied, 0)
	}
	return n
}

// keepCookie remembers what the peer has given. If it has given nothing, the option of the
// experiments is tried next, and after that never again (tcp_fastopen_cache_set).
func (h *Host) keepCookie(s *socket) {
	peer := s.remote.Addr()
	if c, ok := s.ep.GotCookie(); ok {
		h.cookies[peer] = c
		return
	}
	if exp, refused := s.ep.RefusedCookie(); refused {
		h.refusals[peer] = max(h.refusals[peer], 1+uint8(truth(exp)))
	}
}

// FlushMetrics forgets what is kept of peers, which is Fast Open's cookies (ip tcp_metrics
// flush).
func (h *Host) FlushMetrics() {
	clear(h.cookies)
	clear(h.refusals)
}

// fastOpens says whether a SYN makes a connection at once, and the cookie that the SYN-ACK
// is to give (tcp_try_fastopen).
func (h *Host) fastOpens(l *listener, p *Packet) (now bool, grant tcp.Cookie) {
	asked, ok := p.Seg.Cookie()
	if h.sys.fastOpen&TFO_SERVER_ENABLE == 0 || !ok && p.Seg.Len == 0 || l.fast >= l.sock.opts.fastOpen {
		return false, grant
	}
	free := h.sys.fastOpen&TFO_SERVER_COOKIE_NOT_REQD != 0 || l.sock.opts.fastOpenNoCookie
	if p.Seg.Len > 0 && free {
		return true, grant
	}
	if !ok {
		return false, grant
	}
	good := h.FastOpenCookie(p.Src.Addr(), p.Dst.Addr())
	good.Exp = asked.Exp
	if asked == good {
		return true, grant
	}
	return false, good
}

// fastAccepted puts a connection that began with a good cookie where accept finds it.
func (h *Host) fastAccepted(l *listener, s *socket) {
	s.fastOf = l
	l.fast++
	l.queue.push(s)
	h.wake(l.sock, POLLIN|POLLRDNORM)
}
