package tcp

import "netgpusim/sim"

// Handshake (Linux 5.8).
const (
	synTimeout  = sim.Second // TCP_TIMEOUT_INIT, RFC 6298 rule 2.1
	rtoFallback = 3 * sim.Second
)

// handshake is what an endpoint needs until the connection is established. The SYN is
// not part of the stream: offset 0 is the byte after it.
type handshake struct {
	at       sim.Time // when the SYN is sent again
	sentAt   sim.Time // of its last transmission
	firstAt  sim.Time // of its first
	firstTS  uint32   // timestamp then
	resent   uint8    // how often it has been sent again
	timeouts uint8    // passive: how often the timer has run (req.num_timeout)
	due      bool     // it is to be sent now
	active   bool     // Connect made this endpoint,
	passive  bool     // or Accept
	acked    bool     // passive: the bare ACK has come, data are waited for (inet_rsk.acked)
	deferred uint8    // TCP_DEFER_ACCEPT in retransmissions of the SYN-ACK
	userMSS  uint16   // TCP_MAXSEG, 0 for none
}

// Connect opens a connection actively: Output gives the SYN. It fails as New does.
func Connect(spec *Spec, cfg Config, now sim.Time) (*Endpoint, error) {
	e, err := newEndpoint(spec, cfg)
	if err != nil {
		return nil, err
	}
	e.agree(asConfigured(spec))
	e.opt.sndScale = 0
	e.handshake.active = true
	e.open(SynSent, now)
	e.snd.ecn.ok = spec.ECN == 1 || e.needsECN()
	e.firstWindow()
	return e, nil
}

// Accept opens a connection passively, of a SYN that a listener has received: Output gives
// the SYN-ACK. It fails as New does.
func Accept(spec *Spec, cfg Config, now sim.Time, syn *Segment) (*Endpoint, error) {
	cfg.RemoteISS = syn.Seq
	e, err := newEndpoint(spec, cfg)
	if err != nil {
		return nil, err
	}
	e.handshake.passive = true
	e.now = now
	e.rcv.drop(syn) // the peer sends its payload again
	e.negotiate(syn)
	e.open(SynReceived, now)
	e.ecnSYNArrived(syn)
	e.takeFirstWindow(syn)
	e.firstWindow()
	return e, nil
}

// open makes everything ready for a SYN to be sent.
func (e *Endpoint) open(s State, now sim.Time) {
	e.now = now
	e.state = s
	e.startSearch(now)
	e.snd.init(e.spec, e.cfg)
	e.syncMSS()
	e.initReceiver()
	e.handshake.due = true
}

// negotiate takes over what the peer's SYN or SYN-ACK offers (tcp_parse_options,
// tcp_openreq_init): an option holds if both ends have it.
func (e *Endpoint) negotiate(syn *Segment) {
	e.agree(negotiated{
		timestamps: e.spec.Timestamps && syn.Opts.Has(OptTimestamps),
		sack:       e.spec.SACK && syn.Opts.Has(OptSACKPermitted),
		scaling:    !e.spec.NoScaling && syn.Opts.Has(OptScale),
		mss:        unsaidMSS(e.spec),
	})
	if e.opt.scaling {
		e.opt.sndScale = min(syn.Scale, maxWindowScale)
		e.opt.rcvScale = e.rcv.win.scale
	}
	if syn.Opts.Has(OptMSS) && syn.MSS != 0 {
		e.opt.mss = syn.MSS
	}
	if e.opt.timestamps {
		e.rcv.tsRecent, e.rcv.tsRecentAt = syn.TSVal, e.now
	}
	e.boundMSS()
	e.cfg.RemoteISS = syn.Seq
}

// SetUserMSS bounds the MSS in both directions (TCP_MAXSEG); 0 takes the bound away. It
// has to be called before the first Output.
func (e *Endpoint) SetUserMSS(n int) {
	e.handshake.userMSS = uint16(min(max(n, 0), ipPacketMax))
	e.boundMSS()
	e.syncMSS()
	e.rcv.advMSS = e.segmentOffered()
	e.rewindow()
}

// boundMSS applies the user's bound to what the peer takes (tcp_openreq_init,
// tcp_rcv_synsent_state_process).
func (e *Endpoint) boundMSS() {
	if n := e.handshake.userMSS; n > 0 {
		e.opt.mss = min(e.opt.mss, n)
	}
}

// ownMSS is what this end offers in its SYN: no option is subtracted (RFC 6691).
func (e *Endpoint) ownMSS() uint16 {
	n := max(int(min(e.cfg.MTU, ipPacketMax))-networkLen(e.spec)-tcpHeader, minSendMSS)
	if user := int(e.handshake.userMSS); user > 0 {
		n = min(n, user)
	}
	return uint16(n)
}

// outputHandshake gives the SYN or SYN-ACK if it is due.
func (e *Endpoint) outputHandshake(now sim.Time, seg *Segment) (frags int, ok bool) {
	h := &e.handshake
	if !h.due || e.state != SynSent && e.state != SynReceived {
		return 0, false
	}
	h.due = false
	e.fillSYN(now, seg)
	h.sentAt = now
	if h.resent == 0 {
		h.firstAt, h.firstTS = now, timestamp(now)
	}
	if h.passive {
		h.at = now + backedOff(synTimeout, h.timeouts)
		return 0, true
	}
	h.at = now + backedOff(synTimeout, h.resent)
	if h.resent > 0 {
		h.at = now + e.withinUserTimeout(h.at-now, e.sinceSYN(now))
	}
	return 0, true
}

// fillSYN makes seg the SYN or SYN-ACK (tcp_syn_options, tcp_synack_options).
func (e *Endpoint) fillSYN(now sim.Time, seg *Segment) {
	*seg = Segment{
		Seq: e.cfg.LocalISS, MSS: e.ownMSS(), Opts: OptMSS, Window: uint32(e.rcv.wnd), Segs: 1, Flags: SYN,
	}
	if e.state == SynReceived {
		seg.Flags |= ACK
		seg.Ack = seqOf(e.cfg.RemoteISS, 0)
	}
	e.ecnFillSYN(seg)
	if e.opt.timestamps {
		seg.Opts |= OptTimestamps
		seg.TSVal, seg.TSEcr = timestamp(now), e.rcv.tsRecent
	}
	if e.opt.sack {
		seg.Opts |= OptSACKPermitted
	}
	if e.opt.scaling {
		seg.Opts |= OptScale
		seg.Scale = e.rcv.win.scale
	}
	e.fillFastOpen(seg)
	seg.OptLen = uint8(synOptionLen(seg.Opts) + seg.cookieLen())
	if !e.handshake.passive {
		e.stats.allOut++ // a SYN-ACK is the listener's (tcp_make_synack)
	}
}

// inputSynSent is a segment in SYN-SENT (RFC 9293 section 3.10.7.3,
// tcp_rcv_synsent_state_process).
func (e *Endpoint) inputSynSent(now sim.Time, seg *Segment) {
	h := &e.handshake
	acked := seg.Flags.Has(ACK)
	if acked {
		stale := e.opt.timestamps && seg.Opts.Has(OptTimestamps) && seg.TSEcr != 0 && !e.echoes(now, seg.TSEcr)
		if !e.acksSYN(seg.Ack) || stale {
			if !seg.Flags.Has(RST) {
				e.refuse(seg)
			}
			if h.resent == 0 && !stale {
				h.at = min(h.at, now+timerSlack) // the peer is in an old connection, which the reset ends
			}
			return
		}
	}
	switch {
	case seg.Flags.Has(RST):
		if acked {
			e.done(now, ECONNREFUSED)
		}
	case !seg.Flags.Has(SYN):
	case acked:
		e.negotiate(seg)
		e.ecnSYNACKArrived(seg)
		e.establish(now, seg)
		e.synAnswered(now, seg)
		e.ackHandshake(now)
	default: // simultaneous open
		e.negotiate(seg)
		e.ecnSYNArrived(seg)
		e.state = SynReceived
		e.syncMSS()
		e.takeFirstWindow(seg)
		h.due = true
	}
}

// ackHandshake sends the last ACK of the handshake, or leaves it to data that will follow
// (tcp_rcv_synsent_state_process).
func (e *Endpoint) ackHandshake(now sim.Time) {
	a := &e.rcv.ack
	if e.handshake.deferred == 0 && !a.interactive() && e.snd.writeQ.len() == 0 {
		a.now = true
		return
	}
	a.scheduled = true
	e.enterQuickACK(maxQuickACKs)
	a.delayedAt = now + delayMax
}

// echoes says whether a timestamp can be that of a SYN sent here.
func (e *Endpoint) echoes(now sim.Time, ecr uint32) bool {
	return int32(ecr-e.handshake.firstTS) >= 0 && int32(timestamp(now)-ecr) >= 0
}

// takeFirstWindow takes the window of a SYN.
func (e *Endpoint) takeFirstWindow(seg *Segment) {
	e.snd.window = uint64(seg.Window)
	e.snd.maxWindow = max(e.snd.maxWindow, e.snd.window)
}

// establish ends the handshake: the round trip of the SYN, the windows, the MSS
// (tcp_finish_connect, tcp_init_transfer).
func (e *Endpoint) establish(now sim.Time, seg *Segment) {
	h, s := &e.handshake, &e.snd
	e.state = Established
	h.at, h.due = sim.Never, false
	s.maxWindow = 0
	e.takeFirstWindow(seg)
	s.wl1 = 0
	e.startSearch(now)
	e.syncMSS()
	e.startReceiving()
	e.measureHandshake(now, seg)
	e.startCongestion(e.spec.Congestion)
	if h.passive && s.model == nil {
		s.updatePacingRate() // tcp_rcv_state_process; an active end waits for the first ACK
	}
	if h.resent > 1 && !e.spuriousSYN(seg) {
		s.cwnd.set(1) // tcp_init_transfer: the SYN was lost more than once
	}
	e.expandBuffer()
	s.lastSend = now
	e.keepFrom(now)
}

// measureHandshake takes the SYN's round trip: Karn's rule, else the echoed timestamp, else
// three seconds (RFC 6298 rule 5.7, tcp_init_metrics).
func (e *Endpoint) measureHandshake(now sim.Time, seg *Segment) {
	h, s := &e.handshake, &e.snd
	switch {
	case h.resent == 0:
		rtt := now - h.sentAt
		s.rtt.observe(now, rtt, e.spec.MinRTTWindow)
		s.rtt.sample(rtt, e.spec.MinRTO, 0, 0)
		e.rttNew = max(rtt, sim.Picosecond)
	case e.opt.timestamps && seg.TSEcr != 0:
		ticks := int32(timestamp(now) - seg.TSEcr)
		s.rtt.sample(max(sim.Time(ticks), 1)*sim.Millisecond, e.spec.MinRTO, 0, 0)
	default:
		s.rtt.rto = rtoFallback
	}
}

// spuriousSYN says whether the first SYN was answered after all (RFC 4015,
// tcp_try_undo_spurious_syn).
func (e *Endpoint) spuriousSYN(seg *Segment) bool {
	return e.opt.timestamps && seg.TSEcr == e.handshake.firstTS
}

// inputSynReceived is a segment in SYN-RECEIVED (RFC 9293 section 3.10.7.4,
// tcp_check_req).
func (e *Endpoint) inputSynReceived(now sim.Time, seg *Segment) {
	r := &e.rcv
	d := seqDistance(seqOf(e.cfg.RemoteISS, r.nxt), seg.Seq)
	length := int64(seg.Len) + seg.Flags.sequenceLen()
	const control = SYN | RST | ACK | FIN
	if !e.handshake.passive && seg.Flags&(SYN|RST) == SYN {
		// Of a simultaneous open: the ACK of this ACK is what establishes the connection.
		if e.mayAnswer(now) {
			e.stats.challenges++
			e.answer()
		}
		e.rcv.drop(seg)
		return
	}
	if seg.Seq == e.cfg.RemoteISS && seg.Flags&control == SYN {
		// The peer has not seen the SYN-ACK.
		if e.mayAnswerTo(now, seg) {
			e.sendSYNAgain()
		}
		e.rcv.drop(seg)
		return
	}
	stale := e.pawsRejects(now, seg)
	if stale || !inWindow(d, length, int64(r.wnd)) {
		if !seg.Flags.Has(RST) && e.mayAnswerTo(now, seg) {
			e.answer()
		}
		e.rcv.drop(seg)
		return
	}
	switch {
	case seg.Flags.Has(RST):
		e.rcv.drop(seg)
		switch {
		case e.fast.child:
			e.done(now, ECONNRESET)
		case e.handshake.passive:
			e.done(now, 0)
		default:
			e.done(now, ECONNREFUSED)
		}
		return
	case seg.Flags.Has(SYN) && d >= 0:
		e.rcv.drop(seg)
		e.refuse(seg)
		if !e.fast.child { // the process has it already: a forged SYN must not end it
			e.done(now, ECONNRESET)
		}
		return
	case !seg.Flags.Has(ACK):
		e.rcv.drop(seg)
		return
	case !e.acksSYN(seg.Ack):
		e.rcv.drop(seg)
		e.refuse(seg)
		return
	case e.handshake.timeouts < e.handshake.deferred && d+length == 0 && !e.fast.child:
		e.handshake.acked = true
		return
	}
	closing := e.closing.asked
	e.establish(now, seg)
	if !e.snd.rtx.empty() {
		e.snd.timer.arm(timerRTO, now+e.snd.rtt.timeout()) // sent by a Fast Open child
	}
	if closing {
		e.sendFIN()
	}
	e.input(now, seg)
}

// inWindow says whether a segment of so many sequence numbers that begins at d lies in a
// window that begins at 0 (tcp_in_window).
func inWindow(d, length, window int64) bool {
	return d == 0 || d+length > 0 && d < window || d == window && length == 0
}
