package tcp

import (
	"math/bits"

	"netgpusim/sim"
)

// WriteResult is what a Write did, for whoever charges the CPU for it.
type WriteResult struct {
	Accepted int // bytes
	NewSKBs  int
	NewFrags int
}

// Write offers n bytes of the stream, as one sendmsg or the rest of one that did not
// fit: they go into the last skb that has not been sent, until it holds size_goal
// bytes or 17 fragments, then into new ones while the send buffer has room.
//
// fragLimit is the most bytes that one fragment holds. Up to a page (4096), the
// fragments are the caller's own pages (MSG_NETDMA of patch 12, MSG_ZEROCOPY): a
// sendmsg starts at the beginning of a page, and no two pieces share a fragment.
// Above that they are the socket's page_frag (32 KiB), into which data is copied one
// piece after the other.
//
// Fewer bytes than n are accepted when the send buffer is full; WriteReady says when
// to offer the rest.
func (e *Endpoint) Write(now sim.Time, n, fragLimit int) WriteResult {
	e.advance(now)
	s := &e.snd
	var r WriteResult
	if n <= 0 || fragLimit <= 0 {
		return r
	}
	own := fragLimit <= pageBytes
	if s.fragUsed >= fragLimit {
		s.fragUsed = 0 // of a fragment of another size
	}
	s.checkAppLimited()
	goal := e.sizeGoal()
	for r.Accepted < n {
		k, fresh := s.tailFor(goal, own)
		if k == nil {
			if s.queued() >= s.buffer {
				break
			}
			s.writeQ.pushBack(skb{off: s.end})
			k = s.writeQ.back()
			r.NewSKBs++
			fresh = true
		}
		if r.Accepted == 0 {
			k.push = false // more follows what the last sendmsg ended with
		}
		left := fragLimit - s.fragUsed
		take := min(n-r.Accepted, goal-int(k.len), left)
		grow := !own && !fresh && s.fragUsed > 0
		k.extend(uint32(take), grow)
		if !grow {
			r.NewFrags++
		}
		s.fragUsed = (s.fragUsed + take) % fragLimit
		s.end += uint64(take)
		r.Accepted += take
		s.pushMark(k, goal)
	}
	s.blocked = r.Accepted < n
	if own && !s.blocked {
		s.fragUsed = 0
	}
	e.push(goal)
	return r
}

// tailFor returns the skb that can take more bytes, nil if a new one is needed. An
// skb that is out of fragments is pushed.
func (s *sender) tailFor(goal int, own bool) (k *skb, fresh bool) {
	if s.writeQ.len() == 0 {
		return nil, true
	}
	k = s.writeQ.back()
	if int(k.len) >= goal {
		return nil, true
	}
	if k.nfrags == maxFrags && (own || s.fragUsed == 0) {
		k.push = true
		return nil, true
	}
	return k, false
}

// pushMark sets PSH on a full skb when half the largest window of the peer has been
// written since the last one (Linux: forced_push).
func (s *sender) pushMark(k *skb, goal int) {
	if int(k.len) >= goal && s.end > s.pushed+s.maxWindow/2 {
		k.push = true
		s.pushed = s.end
	}
}

// push ends a sendmsg (tcp_push): what it ended with carries PSH. A short tail is held
// back while the NIC still has earlier data, to be filled by the next sendmsg
// (autocorking); anything that moves the connection lets it go.
func (e *Endpoint) push(goal int) {
	s := &e.snd
	if s.writeQ.len() == 0 {
		return
	}
	k := s.writeQ.back()
	k.push = true
	s.pushed = s.end
	s.corked = int(k.len) < goal && !s.rtx.empty() && s.inNIC > uint64(k.len)+skbOverhead
}

// sizeGoal is the payload at which an skb is full: the multiple of MSS that fits a
// GSO packet, and half the largest window the peer has offered (tcp_xmit_size_goal).
func (e *Endpoint) sizeGoal() int {
	most := uint64(gsoMaxBytes)
	if w := e.snd.maxWindow; w > 536 {
		most = min(most, max(w/2, uint64(e.mss)))
	}
	mss := uint64(e.mss)
	return int(max(most/mss, 1) * mss)
}

// SendSpace is how many bytes of the send buffer are free.
func (e *Endpoint) SendSpace() int {
	s := &e.snd
	return int(s.buffer - min(s.queued(), s.buffer))
}

// WriteReady says whether a writer that waits should be woken: a third of the send
// buffer is free (Linux: sk_stream_is_writeable).
func (e *Endpoint) WriteReady() bool {
	s := &e.snd
	q := s.queued()
	return q <= s.buffer && s.buffer-q >= q/2
}

// queued is the bytes that the application has written and the peer has not
// acknowledged.
func (s *sender) queued() uint64 { return s.end - s.una }

// growBuffer is Linux's send buffer tuning (tcp_sndbuf_expand): twice the congestion
// window (BBR: three times), each segment charged as if it had an skb of its own, up to
// Spec.SendBuffer.
func (s *sender) growBuffer(most sim.Bytes, mss uint16) {
	head := uint64(1) << bits.Len(uint(mss)+2*320-1) // power of two, as kmalloc
	times := uint64(2)
	if s.model != nil {
		times = 3
	}
	want := times * uint64(max(s.cwnd.size, 10)) * (head + 256)
	s.buffer = max(s.buffer, min(want, uint64(most)))
}
