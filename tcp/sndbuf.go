package tcp

import (
	"math/bits"

	"netgpusim/sim"
)

// sndBufferMin is SOCK_MIN_SNDBUF, rcvBufferMin SOCK_MIN_RCVBUF.
const (
	rcvBufferMin = 2048 + skbStruct
	sndBufferMin = 2 * rcvBufferMin
)

// charged is what all that is queued costs, sent or not (sk_wmem_queued).
func (s *sender) charged() int64 { return s.mem + s.rtx.mem }

// full says whether Write has to stop (sk_stream_memory_free).
func (s *sender) full() bool {
	return s.charged() >= s.buffer || s.lowat > 0 && s.end-s.nxt >= s.lowat
}

// WriteReady says whether a writer that waits should be woken: a third of the send buffer
// is free, and unsent data is below half of TCP_NOTSENT_LOWAT (__sk_stream_is_writeable).
func (e *Endpoint) WriteReady() bool {
	s := &e.snd
	used := s.charged()
	return s.buffer-used >= used>>1 && used < s.buffer && (s.lowat == 0 || 2*(s.end-s.nxt) < s.lowat)
}

// expandBuffer is Linux's send buffer tuning (tcp_sndbuf_expand): twice the congestion
// window, each segment charged as if it had an skb of its own, up to Spec.SendBuffer.
// Linux does it when a writer finds the buffer full although the congestion window is not.
func (e *Endpoint) expandBuffer() {
	s := &e.snd
	if s.locked {
		return
	}
	segment := uint(max(e.opt.mss, e.mss)) + maxTCPHeader + skbShared
	times := int64(2)
	if s.model != nil {
		times = 3 // bbr_sndbuf_expand: it may send again for a second round trip
	}
	want := times * int64(max(s.cwnd.size, 10, s.reordering+1)) * (int64(1)<<bits.Len(segment-1) + skbStruct)
	s.buffer = max(s.buffer, min(want, int64(e.spec.SendBuffer)))
}

// SetSendBuffer sets the send buffer (SO_SNDBUF): twice the given bytes, as half is for
// overhead, at most twice Spec.SendMax. Tuning ends.
func (e *Endpoint) SetSendBuffer(n int) {
	s := &e.snd
	s.locked = true
	s.buffer = max(2*clampBuffer(n, e.spec.SendMax), sndBufferMin)
}

// SendBuffer is SO_SNDBUF.
func (e *Endpoint) SendBuffer() int { return int(e.snd.buffer) }

// SetNotSentLowat limits the bytes that are written and not sent (TCP_NOTSENT_LOWAT); 0
// goes back to the sysctl.
func (e *Endpoint) SetNotSentLowat(n uint32) {
	e.snd.lowat = uint64(n)
	if n == 0 {
		e.snd.lowat = uint64(e.spec.NotSentLowat)
	}
}

// OutQueue is the bytes that are written and not acknowledged (SIOCOUTQ).
func (e *Endpoint) OutQueue() int { return int(e.snd.end - e.snd.una) }

// OutQueueUnsent is the bytes that are written and not sent (SIOCOUTQNSD).
func (e *Endpoint) OutQueueUnsent() int { return int(e.snd.end - e.snd.nxt) }

// clampBuffer keeps a buffer size that an application asks for within the sysctl and
// within what doubles without overflow.
func clampBuffer(n int, most sim.Bytes) int64 {
	const doubles = 1<<30 - 1
	return min(max(int64(n), 0), int64(most), doubles)
}
