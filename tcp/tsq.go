package tcp

import "netgpusim/sim"

// nicQueue is what has gone to the NIC and is not completed, charged by truesize
// (sk_wmem_alloc): TCP small queues, autocorking and others go by it.
type nicQueue struct {
	charged int64
	skbs    ring[nicSKB]
	awaited bool // a completion is to let something go (TSQ_THROTTLED)
}

// nicSKB is a transmission: its payload that Sent has not named yet, and its charge.
type nicSKB struct{ len, truesize uint32 }

// took charges a transmission with payload.
func (q *nicQueue) took(n, truesize uint32) {
	if n > 0 {
		q.skbs.pushBack(nicSKB{n, truesize})
		q.charged += int64(truesize)
	}
}

// sent takes n payload bytes off the queue; an skb's charge goes with its last.
func (q *nicQueue) sent(n int) {
	for n > 0 && q.skbs.len() > 0 {
		k := q.skbs.front()
		if n < int(k.len) {
			k.len -= uint32(n)
			return
		}
		n -= int(k.len)
		q.charged -= int64(k.truesize)
		q.skbs.popFront()
	}
}

// throttled is TCP small queues: whether the NIC has enough of this connection's data
// before an skb with that charge (tcp_small_queue_check with factor 1<<more). It never
// holds back the only data that is out.
func (s *sender) throttled(truesize uint32, more uint) bool {
	limit := max(2*uint64(truesize), s.pacing.rate>>10)
	if !s.pacing.on {
		limit = min(limit, s.outputLimit)
	}
	if uint64(s.nic.charged) < limit<<more || s.rtx.empty() {
		return false
	}
	s.nic.awaited = true
	return true
}

// Sent says that the NIC has completed the transmission of n payload bytes: TCP small
// queues let go. What MSG_MORE holds stays, unless they held something (tcp_wfree).
func (e *Endpoint) Sent(now sim.Time, n int) {
	e.advance(now)
	s := &e.snd
	s.nic.sent(n)
	if s.nic.awaited || s.pass != nagleCork {
		s.nic.awaited = false
		s.letGo()
	}
}
