package tcp

import "netgpusim/sim"

// WriteResult is what a Write did, for whoever charges the CPU for it.
type WriteResult struct {
	Accepted int // bytes
	NewSKBs  int
	NewFrags int
}

// WriteFlags are flags of a sendmsg.
type WriteFlags uint8

// Flags of a sendmsg.
const (
	More        WriteFlags = 1 << iota // MSG_MORE: a short tail waits, as if corked
	EndOfRecord                        // MSG_EOR: the next sendmsg begins a new skb
	OutOfBand                          // MSG_OOB: the last byte is urgent
)

// Write offers n bytes of the stream: WriteMsg without flags.
func (e *Endpoint) Write(now sim.Time, n, fragLimit int) WriteResult {
	return e.WriteMsg(now, n, fragLimit, 0)
}

// WriteMsg offers n bytes of the stream, as one sendmsg or the rest of one that did not
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
// to offer the rest. None are after Shutdown or the end of the connection.
func (e *Endpoint) WriteMsg(now sim.Time, n, fragLimit int, flags WriteFlags) WriteResult {
	e.advance(now)
	s := &e.snd
	var r WriteResult
	if n <= 0 || fragLimit <= 0 || !e.mayWrite() {
		return r
	}
	own := fragLimit <= pageBytes
	if s.fragUsed >= fragLimit {
		s.fragUsed = 0 // of a fragment of another size
	}
	s.checkAppLimited()
	goal := e.sizeGoal()
	if flags&OutOfBand != 0 {
		goal = int(e.mss) // nothing that TSO would have to cut
	}
	for r.Accepted < n {
		k, fresh := s.tailFor(goal, own)
		if k == nil {
			if s.full() {
				break
			}
			k = s.newSKB()
			r.NewSKBs++
			fresh = true
		}
		if r.Accepted == 0 {
			k.push = false // more follows what the last sendmsg ended with
		}
		most, frags := min(n-r.Accepted, goal-int(k.len)), 0
		if own {
			most, frags = s.addPages(k, most, fragLimit)
		} else {
			most, frags = s.addPiece(k, most, fragLimit, fresh)
		}
		s.end += uint64(most)
		r.Accepted += most
		r.NewFrags += frags
		s.pushMark(k, goal)
	}
	s.blocked = r.Accepted < n
	if own && !s.blocked {
		s.fragUsed = 0
	}
	if flags&OutOfBand != 0 && r.Accepted == n {
		s.urgent = s.end
	}
	e.push(goal, flags, &r)
	return r
}

// addPages appends up to most bytes to an skb in the caller's pages, of each of which so
// much is used, as far as the skb holds fragments. It returns what that made.
func (s *sender) addPages(k *skb, most, page int) (added, frags int) {
	for added < most && k.nfrags < maxFrags {
		take := min(most-added, page-s.fragUsed)
		k.extend(uint32(take), false, pageBytes) // the page is charged, not what is used of it
		if s.fragUsed += take; s.fragUsed == page {
			s.fragUsed = 0
		}
		added += take
		frags++
	}
	s.mem += int64(frags) * pageBytes
	return added, frags
}

// addPiece copies up to most bytes behind the payload of an skb, which may be fresh, into
// what is left of the socket's page_frag.
func (s *sender) addPiece(k *skb, most, limit int, fresh bool) (added, frags int) {
	added = min(most, limit-s.fragUsed)
	grow := !fresh && s.fragUsed > 0
	k.extend(uint32(added), grow, uint32(added))
	s.mem += int64(added)
	s.fragUsed = (s.fragUsed + added) % limit
	if !grow {
		frags = 1
	}
	return added, frags
}

// newSKB opens an skb at the end of the write queue.
func (s *sender) newSKB() *skb {
	s.nagle &^= naglePush
	s.writeQ.pushBack(skb{off: s.end, truesize: skbOverhead})
	s.mem += skbOverhead
	return s.writeQ.back()
}

// tailFor returns the skb that can take more bytes, nil if a new one is needed. An
// skb that is out of fragments is pushed.
func (s *sender) tailFor(goal int, own bool) (k *skb, fresh bool) {
	if s.writeQ.len() == 0 {
		return nil, true
	}
	k = s.writeQ.back()
	if int(k.len) >= goal || k.eor {
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

// push ends a sendmsg (tcp_push): what it ended with carries PSH, unless more follows. A
// short tail is held back while the NIC still has earlier data, to be filled by the next
// sendmsg (autocorking); anything that moves the connection lets it go. A writer that
// waits for buffer has its data sent whatever Nagle's rule says.
func (e *Endpoint) push(goal int, flags WriteFlags, r *WriteResult) {
	s := &e.snd
	s.pass = s.nagle
	if s.writeQ.len() == 0 {
		return
	}
	k := s.writeQ.back()
	switch {
	case s.blocked && r.Accepted > 0:
		flags &^= More
		s.pass = naglePush
	case s.blocked:
		return
	case flags&EndOfRecord != 0:
		k.eor = true
	}
	if flags&More != 0 {
		s.pass = nagleCork
	}
	if flags&More == 0 || s.end > s.pushed+s.maxWindow/2 {
		k.push = true
		s.pushed = s.end
	}
	s.corked = e.spec.AutoCorking && int(k.len) < goal && !s.rtx.empty() && s.nic.charged >= int64(k.truesize)
	s.nic.awaited = s.nic.awaited || s.corked
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
