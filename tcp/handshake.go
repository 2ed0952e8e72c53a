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
	at      sim.Time // when the SYN is sent again
	sentAt  sim.Time // of its last transmission
	firstTS uint32   // timestamp of its first
	resent  uint8    // how often it has been sent again
	due     bool     // it is to be sent now
	passive bool     // Accept made this endpoint
}

// Connect opens a connection actively: Output gives the SYN. It fails as New does.
func Connect(spec *Spec, cfg Config, now sim.Time) (*Endpoint, error) {
	e, err := newEndpoint(spec, cfg)
	if err != nil {
		return nil, err
	}
	e.opt = asConfigured(spec)
	e.opt.sndScale = 0
	e.open(SynSent, now)
	e.snd.ecn.ok = spec.ECN == 1 || e.needsECN()
	e.firstWindow(e.ownMSS())
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
	e.negotiate(syn)
	e.open(SynReceived, now)
	e.ecnSYNArrived(syn)
	e.takeFirstWindow(syn)
	mss := e.ownMSS()
	if e.opt.timestamps {
		mss -= timestampOption
	}
	e.firstWindow(mss)
	return e, nil
}

// open makes everything ready for a SYN to be sent.
func (e *Endpoint) open(s State, now sim.Time) {
	e.now = now
	e.state = s
	e.syncMSS()
	e.snd.init(e.spec, e.cfg, e.mss)
	e.rcv.init(e.spec, e.cfg, e.mss)
	e.rcv.win.grain = 1 << e.opt.rcvScale
	e.handshake.due = true
}

// negotiate takes over what the peer's SYN or SYN-ACK offers (tcp_parse_options,
// tcp_openreq_init): an option holds if both ends have it.
func (e *Endpoint) negotiate(syn *Segment) {
	e.opt = negotiated{
		timestamps: e.spec.Timestamps && syn.Opts.Has(OptTimestamps),
		sack:       e.spec.SACK && syn.Opts.Has(OptSACKPermitted),
		scaling:    syn.Opts.Has(OptScale),
		mss:        defaultMSS,
	}
	if e.opt.scaling {
		e.opt.sndScale = min(syn.Scale, maxWindowScale)
		e.opt.rcvScale = WindowScale(e.spec)
	}
	if syn.Opts.Has(OptMSS) && syn.MSS != 0 {
		e.opt.mss = syn.MSS
	}
	if e.opt.timestamps {
		e.rcv.tsRecent, e.rcv.tsRecentAt = syn.TSVal, e.now
	}
	e.cfg.RemoteISS = syn.Seq
}

// ownMSS is what this end offers in its SYN: no option is subtracted (RFC 6691).
func (e *Endpoint) ownMSS() uint16 {
	return uint16(max(int(min(e.cfg.MTU, ipPacketMax))-networkLen(e.spec)-tcpHeader, minSendMSS))
}

// firstWindow is the window of a SYN: whole segments in what the receive buffer is worth,
// at most 65535 (tcp_select_initial_window).
func (e *Endpoint) firstWindow(mss uint16) {
	window, _ := e.spec.initialWindow(e.spec.winFromSpace(e.rcv.memory.buffer), 0, int64(mss))
	e.rcv.wnd = uint64(window)
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
		h.firstTS = timestamp(now)
	}
	h.at = now + backedOff(synTimeout, h.resent)
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
		seg.Scale = WindowScale(e.spec)
	}
	seg.OptLen = uint8(synOptionLen(seg.Opts))
}

// handshakeTimer sends the SYN again, or gives up (tcp_write_timeout,
// reqsk_timer_handler).
func (e *Endpoint) handshakeTimer(now sim.Time) {
	h := &e.handshake
	h.at = sim.Never
	most := e.spec.SynRetries
	if h.passive {
		most = e.spec.SynAckRetries
	}
	if int(h.resent) >= most {
		if h.passive {
			e.done(now, 0)
		} else {
			e.done(now, ETIMEDOUT)
		}
		return
	}
	h.resent++
	h.due = true
}

// inputSynSent is a segment in SYN-SENT (RFC 9293 section 3.10.7.3,
// tcp_rcv_synsent_state_process).
func (e *Endpoint) inputSynSent(now sim.Time, seg *Segment) {
	h := &e.handshake
	acked := seg.Flags.Has(ACK)
	if acked {
		stale := e.opt.timestamps && seg.Opts.Has(OptTimestamps) && seg.TSEcr != 0 && !e.echoes(now, seg.TSEcr)
		if seg.Ack != seqOf(e.cfg.LocalISS, 0) || stale {
			if !seg.Flags.Has(RST) {
				e.refuse(seg)
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
		e.rcv.ack.now = true
	default: // simultaneous open
		e.negotiate(seg)
		e.ecnSYNArrived(seg)
		e.state = SynReceived
		e.syncMSS()
		e.takeFirstWindow(seg)
		h.due = true
	}
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
	e.syncMSS()
	e.receiverEstablished()
	e.measureHandshake(now, seg)
	e.startCongestion(e.spec.Congestion)
	if h.resent > 1 && !e.spuriousSYN(seg) {
		s.cwnd.set(1) // tcp_init_transfer: the SYN was lost more than once
	}
	s.expandBuffer(e.spec, e.cfg.MTU)
	s.lastSend = now
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

// receiverEstablished makes the receiver ready for what was negotiated
// (tcp_init_buffer_space, tcp_initialize_rcv_mss).
func (e *Endpoint) receiverEstablished() {
	r := &e.rcv
	w := &r.win
	r.advMSS = e.ownMSS() - uint16(bareOptionLen(e.opt.timestamps, 0))
	w.grain = 1 << e.opt.rcvScale
	w.clamp = min(w.clamp, maxUnscaledWindow<<e.opt.rcvScale)
	w.threshold = min(int64(r.wnd), w.clamp)
	w.space = min(w.threshold, 10*int64(r.advMSS))
	r.ack.mss = max(min(r.advMSS, e.mss, uint16(r.wnd/2), rcvMSSGuess), segmentMin-tcpHeader)
}

// inputSynReceived is a segment in SYN-RECEIVED (RFC 9293 section 3.10.7.4,
// tcp_check_req).
func (e *Endpoint) inputSynReceived(now sim.Time, seg *Segment) {
	r := &e.rcv
	d := seqDistance(seqOf(e.cfg.RemoteISS, 0), seg.Seq)
	length := int64(seg.Len) + seg.Flags.sequenceLen()
	const control = SYN | RST | ACK | FIN
	if !e.handshake.passive && seg.Flags&(SYN|RST) == SYN {
		// Of a simultaneous open: the ACK of this ACK is what establishes the connection.
		e.answer()
		e.rcv.drop(seg)
		return
	}
	if d == -1 && seg.Flags&control == SYN {
		// The peer has not seen the SYN-ACK.
		if e.mayAnswer(now) {
			e.handshake.due = true
		}
		e.rcv.drop(seg)
		return
	}
	stale := e.pawsRejects(now, seg)
	if stale || !inWindow(d, length, int64(r.wnd)) {
		if !seg.Flags.Has(RST) && e.mayAnswer(now) {
			e.answer()
		}
		e.rcv.drop(seg)
		return
	}
	switch {
	case seg.Flags.Has(RST):
		e.rcv.drop(seg)
		if e.handshake.passive {
			e.done(now, 0)
		} else {
			e.done(now, ECONNREFUSED)
		}
		return
	case seg.Flags.Has(SYN) && d >= 0:
		e.rcv.drop(seg)
		e.refuse(seg)
		e.done(now, ECONNRESET)
		return
	case !seg.Flags.Has(ACK):
		e.rcv.drop(seg)
		return
	case seg.Ack != seqOf(e.cfg.LocalISS, 0):
		e.rcv.drop(seg)
		e.refuse(seg)
		return
	}
	closing := e.closing.asked
	e.establish(now, seg)
	if closing {
		e.sendFIN()
	}
	e.Input(now, seg)
}

// inWindow says whether a segment of so many sequence numbers that begins at d lies in a
// window that begins at 0 (tcp_in_window).
func inWindow(d, length, window int64) bool {
	return d == 0 || d+length > 0 && d < window || d == window && length == 0
}
