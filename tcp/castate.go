package tcp

// CAState is where congestion avoidance and loss recovery stand (Linux enum
// tcp_ca_state, tcpi_ca_state).
type CAState uint8

// The states, in Linux's order: from Recovery on, what is lost is being sent again.
const (
	CAOpen     CAState = iota // nothing suspicious
	CADisorder                // SACKs or duplicate ACKs, not yet a loss
	CACWR                     // the window is going down after ECN or local congestion
	CARecovery                // fast recovery
	CALoss                    // after a timeout
)

var caStateNames = [...]string{"Open", "Disorder", "CWR", "Recovery", "Loss"}

// String returns Linux's name of the state.
func (c CAState) String() string { return caStateNames[c] }

// CAState says where loss recovery stands.
func (e *Endpoint) CAState() CAState { return e.snd.ca }

// setCA changes the state and tells the congestion control (tcp_set_ca_state).
func (e *Endpoint) setCA(to CAState) {
	s := &e.snd
	s.cc.state(s, e.now, to)
	s.ca = to
}

// reducing says that the window is going down step by step (tcp_in_cwnd_reduction).
func (s *sender) reducing() bool { return s.ca == CACWR || s.ca == CARecovery }

// sackedOut is how many segments are known to have arrived out of order: by SACK,
// without it by counting duplicate ACKs.
func (s *sender) sackedOut() uint32 { return s.rtx.out[sacked] + s.dupACKs }

// suspicious says that something is missing: a hole, or bytes sent again that are
// not acknowledged yet (tcp_left_out, tcp_any_retrans_done).
func (s *sender) suspicious() bool {
	return s.sackedOut()+s.rtx.lostOut > 0 || s.anyRetransDone()
}

func (s *sender) anyRetransDone() bool {
	return s.rtx.retransOut > 0 || !s.rtx.empty() && s.rtx.head().retrans
}

// keepOpen is Open, or Disorder if something is missing (tcp_try_keep_open).
func (e *Endpoint) keepOpen() {
	s := &e.snd
	to := CAOpen
	if s.suspicious() {
		to = CADisorder
	}
	if s.ca != to {
		e.setCA(to)
		s.highSeq = s.nxt
	}
}

// tryOpen is what an ACK without a loss leads to: an ECN echo starts CWR
// (tcp_try_to_open).
func (e *Endpoint) tryOpen(news *ackNews) {
	s := &e.snd
	if !s.anyRetransDone() {
		s.undo.stamp = 0
	}
	if news.ece {
		e.enterCWR()
	}
	if s.ca != CACWR {
		e.keepOpen()
	}
}

// enterCWR lets the window go down without anything being lost: after an ECN echo
// (RFC 3168 section 6.1.2), once per window (tcp_enter_cwr).
func (e *Endpoint) enterCWR() {
	s := &e.snd
	s.undo.ssthresh = 0
	if s.ca < CACWR {
		s.undo.on = false
		e.startReduction()
		e.setCA(CACWR)
	}
}

// startReduction asks the congestion control what the window shall be and starts to
// count towards it (tcp_init_cwnd_reduction).
func (e *Endpoint) startReduction() {
	s := &e.snd
	s.highSeq = s.nxt
	s.tailProbe.end = 0
	s.cwnd.credit = 0
	s.undo.cwnd = s.cwnd.size
	s.prr = prr{prior: max(s.cwnd.size, 1)}
	s.cwnd.ssthresh = s.cc.ssthresh(s)
	s.ecnQueueCWR()
}

// endReduction sets the window that the reduction aimed at, unless it was undone
// (tcp_end_cwnd_reduction).
func (e *Endpoint) endReduction() {
	s := &e.snd
	if s.model != nil {
		return
	}
	if s.cwnd.ssthresh < ssthreshNone && (s.ca == CACWR || s.undo.on) {
		s.cwnd.set(s.cwnd.ssthresh)
		s.usedAt = e.now
	}
}

// enterRecovery starts fast recovery (tcp_enter_recovery).
func (e *Endpoint) enterRecovery(ece bool) {
	s := &e.snd
	s.undo.ssthresh = 0
	s.undo.start(s)
	if !s.reducing() {
		if !ece {
			s.undo.ssthresh = s.currentSsthresh()
		}
		e.startReduction()
	}
	e.setCA(CARecovery)
	e.stats.recoveries++
}
