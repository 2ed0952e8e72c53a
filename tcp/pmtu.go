package tcp

import "netgpusim/sim"

// Least path MTUs that are believed (RFC 8201 section 4, net.ipv4.route.min_pmtu).
const (
	minPMTU4 = 552
	minPMTU6 = 1280
)

// probeWindow is the least congestion window, in segments, at which a larger size is tried.
const probeWindow = 11

// pathMTU is what is known of the path's MTU, and the search for a larger one (RFC 4821,
// inet_connection_sock.icsk_mtup).
type pathMTU struct {
	mtu    int32 // present estimate, from the route and from routers (icsk_pmtu_cookie)
	search bool  // packets of other sizes are tried
	high   int32 // the path's MTU is at most this,
	low    int32 // and at least this
	probe  int32 // MTU being tried, 0 for none
	from   uint64
	to     uint64   // the probe's payload
	since  sim.Time // beginning of the present search
	keep   bool     // what was sent in larger packets is not sent again (IP_PMTUDISC_DONT)
}

// startSearch sets the bounds of the search when the peer's MSS is known (tcp_mtup_init).
func (e *Endpoint) startSearch(now sim.Time) {
	p := &e.path
	p.search, p.since, p.probe = e.spec.MTUProbing > 1, now, 0
	p.high = e.mtuMost()
	p.low = e.mtuOf(uint16(e.spec.BaseMSS))
}

// mtuMost is the largest packet that the peer takes.
func (e *Endpoint) mtuMost() int32 { return int32(e.opt.mss) + int32(networkLen(e.spec)+tcpHeader) }

// mssFor is the payload of a segment in packets of mtu bytes, before SACK blocks and
// padding (tcp_mtu_to_mss).
func (e *Endpoint) mssFor(mtu int32) uint16 {
	n := int(mtu) - networkLen(e.spec) - tcpHeader
	return uint16(max(min(n, int(e.opt.mss)), minSendMSS) - bareOptionLen(e.opt.timestamps, 0))
}

// mtuOf is the packet that a segment of mss bytes makes (tcp_mss_to_mtu).
func (e *Endpoint) mtuOf(mss uint16) int32 {
	return int32(mss) + int32(networkLen(e.spec)+tcpHeader+bareOptionLen(e.opt.timestamps, 0))
}

// syncMSS makes the MSS what path, peer and search allow, and at most half of the largest
// window that the peer has offered (tcp_sync_mss, tcp_bound_to_half_wnd,
// tcp_current_mss).
func (e *Endpoint) syncMSS() {
	p := &e.path
	p.high = min(p.high, p.mtu)
	mss := e.mssFor(p.mtu)
	bare := bareOptionLen(e.opt.timestamps, 0)
	most := e.snd.maxWindow
	if most > defaultMSS {
		most >>= 1
	}
	if most > 0 && uint64(mss) > most {
		mss = uint16(max(most, uint64(68-tcpHeader-bare)))
	}
	if p.search {
		mss = min(mss, e.mssFor(p.low))
	}
	e.mss = uint16(max(int(mss)+bare-e.optionLen(0), 1))
	e.snd.mss = e.mss
}

// setPathMTU takes what a router says of the path (tcp_v4_mtu_reduced,
// tcp_v6_mtu_reduced): what was sent in larger packets is lost, and goes again at once in
// smaller ones.
func (e *Endpoint) setPathMTU(mtu int) {
	least := minPMTU6
	if e.spec.IPVersion == 4 {
		least = minPMTU4
	}
	if mtu = max(mtu, least); mtu >= int(e.path.mtu) {
		return
	}
	e.path.mtu = int32(mtu)
	e.syncMSS()
	if e.state >= Established && !e.path.keep {
		e.simpleRetransmit()
	}
}

// SetMTUDiscovery says whether packets may not be fragmented on their way, as they may not
// by default. If they may, what a router says of the path holds for what is sent from then
// on, and nothing is sent again (IP_MTU_DISCOVER, IP_PMTUDISC_DONT).
func (e *Endpoint) SetMTUDiscovery(on bool) { e.path.keep = !on }

// PathMTU is the present estimate of the path's MTU (IP_MTU).
func (e *Endpoint) PathMTU() int { return int(e.path.mtu) }

// simpleRetransmit gives up what was sent in frames that are too large now. That is no
// sign of congestion: the window stays (tcp_simple_retransmit).
func (e *Endpoint) simpleRetransmit() {
	s := &e.snd
	for i := range s.rtx.order.len() {
		id := *s.rtx.order.at(i)
		if b := &s.rtx.blocks[id]; min(b.data(), uint32(b.mss)) > uint32(e.mss) && b.state != sacked && !b.gone {
			s.rtx.lose(id)
		}
	}
	if s.rtx.lostOut == 0 {
		return
	}
	if s.ca != CALoss {
		s.highSeq = s.nxt
		s.cwnd.ssthresh = s.currentSsthresh()
		s.undo.ssthresh = 0
		s.undo.on = false
		e.setCA(CALoss)
	}
	s.rexmit = rexmitLost
}

// detectBlackHole takes repeated timeouts for a path that drops large packets without a
// word: smaller ones are tried (tcp_mtu_probing).
func (e *Endpoint) detectBlackHole(now sim.Time) {
	p := &e.path
	if e.spec.MTUProbing == 0 {
		return
	}
	if !p.search {
		p.search, p.since = true, now
	} else {
		mss := min(uint16(e.spec.BaseMSS), e.mssFor(p.low)>>1)
		p.low = e.mtuOf(max(mss, uint16(e.spec.MTUProbeFloor), minSendMSS))
	}
	e.syncMSS()
}

// outcome of trying to send a probe.
type probeOutcome uint8

const (
	probeNot  probeOutcome = iota // ordinary segments go
	probeWait                     // nothing goes: the window has to drain first
	probeSent
)

// probePath sends a segment of the size halfway between what is known to pass and what
// may, if there is data and window enough to notice its loss (tcp_mtu_probe). There must
// be a search.
func (e *Endpoint) probePath(now sim.Time, seg *Segment) probeOutcome {
	p, s := &e.path, &e.snd
	if p.probe != 0 || s.ca != CAOpen || s.cwnd.size < probeWindow || e.rcv.nblocks() > 0 {
		return probeNot
	}
	mtu := (p.high + p.low) >> 1
	size := uint64(e.mssFor(mtu))
	if size > uint64(e.mssFor(p.high)) || int(p.high-p.low) < e.spec.ProbeThreshold {
		e.searchAgain(now)
		return probeNot
	}
	needed := size + uint64(s.reordering+1)*uint64(e.mss)
	switch {
	case s.end-s.nxt < needed || s.window < needed || !s.plainUpTo(size):
		return probeNot
	case s.nxt+needed > s.windowEnd():
		return probeWait
	case s.inFlight()+2 > s.cwnd.size:
		if s.inFlight() == 0 {
			return probeNot
		}
		return probeWait
	}
	e.sendPathProbe(now, seg, uint32(size))
	return probeSent
}

// searchAgain starts over when the last search ended long ago: routes change
// (tcp_mtu_check_reprobe).
func (e *Endpoint) searchAgain(now sim.Time) {
	p := &e.path
	if now-p.since >= e.spec.ProbeInterval {
		p.probe, p.since = 0, now
		p.high = e.mtuMost()
		p.low = e.mtuOf(e.mss)
	}
}

// plainUpTo says whether the first n unsent bytes may share a segment: no record ends
// among them (tcp_can_coalesce_send_queue_head).
func (s *sender) plainUpTo(n uint64) bool {
	for i := 0; i < s.writeQ.len(); i++ {
		k := s.writeQ.at(i)
		if k.end() >= s.nxt+n {
			return true
		}
		if k.eor {
			return false
		}
	}
	return false
}

// sendPathProbe copies the first n unsent bytes into one segment and sends it.
func (e *Endpoint) sendPathProbe(now sim.Time, seg *Segment, n uint32) {
	p, s := &e.path, &e.snd
	e.fill(now, seg)
	seg.MSS = uint16(n)
	k := skb{off: s.nxt, len: n, nfrags: 1, truesize: skbOverhead + n}
	k.ends[0] = uint16(k.end())
	for left := n; left > 0; {
		head := s.writeQ.front()
		s.mem -= int64(head.truesize)
		if head.len > left {
			head.drop(left)
			s.mem += int64(head.truesize)
			break
		}
		left -= head.len
		s.writeQ.popFront()
	}
	idle := s.rtx.empty()
	b := s.rtx.push(&k, now, uint16(n))
	s.cwnd.set(s.cwnd.size - 1) // it stands for two segments
	p.probe, p.from, p.to = e.mtuOf(uint16(n)), k.off, k.end()
	e.dataSent(now, seg, b, idle)
}

// pathProbeAcked takes the acknowledgement of a probe: packets of its size pass
// (tcp_mtup_probe_success).
func (e *Endpoint) pathProbeAcked() {
	p, s := &e.path, &e.snd
	if p.probe == 0 || s.una < p.to {
		return
	}
	s.undo.ssthresh = s.currentSsthresh()
	s.cwnd.set(max(uint32(uint64(s.cwnd.size)*uint64(e.mtuOf(e.mss))/uint64(p.probe)), 1))
	s.cwnd.credit = 0
	s.cwnd.ssthresh = s.currentSsthresh()
	p.low, p.probe = p.probe, 0
	e.syncMSS()
}

// pathProbeLost says whether what seems to be lost is only a probe that was too large: it
// goes again in smaller packets, and the window does not pay (tcp_mtup_probe_failed).
func (e *Endpoint) pathProbeLost() bool {
	p, s := &e.path, &e.snd
	if p.probe == 0 || s.ca >= CACWR || s.una != p.from {
		return false
	}
	p.high, p.probe = p.probe-1, 0
	s.cwnd.set(s.cwnd.size + 1)
	e.simpleRetransmit()
	return true
}
