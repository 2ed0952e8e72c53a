package tcp

import "netgpusim/sim"

// keepalive is RFC 9293 section 3.8.4 as Linux has it.
type keepalive struct {
	on       bool     // SO_KEEPALIVE
	idle     sim.Time // TCP_KEEPIDLE, 0 for the sysctl's
	interval sim.Time // TCP_KEEPINTVL
	count    uint8    // TCP_KEEPCNT
}

// SetKeepAlive switches keepalive probes on or off (SO_KEEPALIVE).
func (e *Endpoint) SetKeepAlive(now sim.Time, on bool) {
	e.advance(now)
	k := &e.keepalive
	switch {
	case !e.keepable():
	case on && !k.on:
		e.slowAt = now + e.keepIdle()
	case !on:
		e.slowAt = sim.Never
	}
	k.on = on
}

// SetKeepIdle sets the idle time before the first probe (TCP_KEEPIDLE); 0 is
// Spec.KeepaliveTime. What has gone of it counts.
func (e *Endpoint) SetKeepIdle(now, idle sim.Time) {
	e.advance(now)
	e.keepalive.idle = max(idle, 0)
	if e.keepalive.on && e.keepable() {
		e.slowAt = max(now, e.heardAt()+e.keepIdle())
	}
}

// SetKeepInterval sets the time between probes (TCP_KEEPINTVL); 0 is Spec.KeepaliveEvery.
func (e *Endpoint) SetKeepInterval(t sim.Time) { e.keepalive.interval = max(t, 0) }

// SetKeepCount sets how many unanswered probes end the connection (TCP_KEEPCNT), 1 to
// 127; 0 is Spec.KeepaliveProbes.
func (e *Endpoint) SetKeepCount(n int) { e.keepalive.count = uint8(min(max(n, 0), 127)) }

// keepable says whether keepalive has the slow timer: in TIME-WAIT and in FIN-WAIT-2
// without a process another end is waited for.
func (e *Endpoint) keepable() bool {
	return e.state.synchronized() && e.state != TimeWait && !(e.state == FinWait2 && e.closing.orphan)
}

// keepFrom starts keepalive when the connection is established.
func (e *Endpoint) keepFrom(now sim.Time) {
	e.patience.heard = now
	if e.keepalive.on {
		e.slowAt = now + e.keepIdle()
	}
}

func (e *Endpoint) keepIdle() sim.Time {
	if t := e.keepalive.idle; t > 0 {
		return t
	}
	return e.spec.KeepaliveTime
}

func (e *Endpoint) keepInterval() sim.Time {
	if t := e.keepalive.interval; t > 0 {
		return t
	}
	return e.spec.KeepaliveEvery
}

func (e *Endpoint) keepCount() int {
	if n := e.keepalive.count; n > 0 {
		return int(n)
	}
	return e.spec.KeepaliveProbes
}

// heardAt is when the peer last gave a sign (keepalive_time_elapsed).
func (e *Endpoint) heardAt() sim.Time { return max(e.patience.heard, e.rcv.ack.lastData) }

// keepaliveTimer probes a peer that has been silent (tcp_keepalive_timer). Data that are
// out or waiting do that by themselves.
func (e *Endpoint) keepaliveTimer(now sim.Time) {
	p, s := &e.patience, &e.snd
	if !s.rtx.empty() || s.writeQ.len() > 0 {
		e.slowAt = now + e.keepIdle()
		return
	}
	silent := now - e.heardAt()
	if silent < e.keepIdle() {
		e.slowAt = now + e.keepIdle() - silent
		return
	}
	spent := int(p.probes) >= e.keepCount()
	if p.userTimeout > 0 {
		spent = p.probes > 0 && silent >= p.userTimeout
	}
	if spent {
		e.resetPeer()
		e.giveUp(now)
		return
	}
	p.probes++
	s.probe = probeAlive
	e.slowAt = now + e.keepInterval()
}

// sendKeepalive makes the peer show that it is there: with a segment before the window,
// which it must answer (tcp_xmit_probe_skb).
func (e *Endpoint) sendKeepalive(now sim.Time, seg *Segment) bool {
	s := &e.snd
	if !s.rtx.empty() || s.writeQ.len() > 0 {
		return false
	}
	e.fill(now, seg)
	seg.Seq--
	return true
}

// slowTimer is the timer of what takes seconds (Linux: sk_timer): keepalive, the end of
// FIN-WAIT-2 without a process and of TIME-WAIT.
func (e *Endpoint) slowTimer(now sim.Time) {
	e.slowAt = sim.Never
	if e.keepable() {
		e.keepaliveTimer(now)
		return
	}
	e.done(now, 0)
}
