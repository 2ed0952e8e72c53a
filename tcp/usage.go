package tcp

import "netgpusim/sim"

// validateWindow notes whether the congestion window binds: only then may it grow. A
// window that has not been used for a timeout shrinks towards what was used (RFC 2861,
// tcp_cwnd_validate).
func (e *Endpoint) validateWindow(now sim.Time) {
	s := &e.snd
	packets := s.rtx.packets()
	if s.una >= s.roundEnd || packets > s.roundMost {
		s.roundEnd, s.roundMost = s.nxt, packets
		s.cwndLimited = s.stopped == limitCwnd || s.inFlight() >= s.cwnd.size
	}
	if s.windowBinds() {
		s.used, s.usedAt = 0, now
		return
	}
	s.used = max(s.used, packets)
	if now-s.usedAt < s.rtt.rto {
		return
	}
	if s.ca == CAOpen && s.stopped != limitBuffer && e.spec.SlowStartAfterIdle && s.model == nil {
		if least := max(s.used, uint32(e.spec.InitialWindow)); least < s.cwnd.size {
			s.cwnd.ssthresh = s.currentSsthresh()
			s.cwnd.set((s.cwnd.size + least) / 2)
		}
		s.used = 0
	}
	s.usedAt = now
}

// windowBinds says whether the window may grow: in slow start, if it is less than
// twice what was out.
func (s *sender) windowBinds() bool {
	if s.cwnd.slow() {
		return s.cwnd.size < 2*s.roundMost
	}
	return s.cwndLimited
}

// currentSsthresh is the threshold that keeps three quarters of the window
// (tcp_current_ssthresh).
func (s *sender) currentSsthresh() uint32 {
	if s.reducing() {
		return s.cwnd.ssthresh
	}
	return max(s.cwnd.ssthresh, s.cwnd.size/4*3+s.cwnd.size%4*3/4)
}

// restartAfterIdle halves the window for every timeout that nothing was sent, down
// to the initial window (RFC 5681 section 4.1, RFC 2861).
func (e *Endpoint) restartAfterIdle(now sim.Time) {
	s := &e.snd
	idle := now - s.lastSend
	s.cc.event(s, now, eventStart)
	if idle <= s.rtt.rto || !e.spec.SlowStartAfterIdle || s.model != nil {
		return
	}
	s.cwnd.ssthresh = s.currentSsthresh()
	least := min(s.cwnd.size, uint32(e.spec.InitialWindow))
	size := s.cwnd.size
	for left := idle - s.rtt.rto; left > 0 && size > least; left -= s.rtt.rto {
		size /= 2
	}
	s.cwnd.set(max(size, least))
	s.used, s.usedAt = 0, now
}
