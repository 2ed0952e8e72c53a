package stack

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// apply sets a new endpoint to what setsockopt has said before. What was never set is left
// to the endpoint, which goes by the sysctls.
func (s *socket) apply(ep *tcp.Endpoint) {
	o := &s.opts
	if o.sndBuf != unset {
		s.setSndBuf(ep)
	}
	if o.rcvBuf != unset {
		s.setRcvBuf(ep)
	}
	if o.windowClamp > 0 {
		s.setWindowClamp(ep)
	}
	if o.rcvLowat > 1 {
		s.setRcvLowat(ep)
	}
	if o.notSentLowat > 0 {
		s.setNotSentLowat(ep)
	}
	if o.maxPacingRate != tcp.RateUnlimited {
		s.setPacingRate(ep)
	}
	if o.noDelay {
		s.setNoDelay(ep)
	}
	if o.cork {
		s.setCork(ep)
	}
	if o.maxSeg > 0 {
		ep.SetUserMSS(o.maxSeg)
	}
	if s.host.pacing {
		ep.SetPacing(true)
	}
	s.setSynCnt(ep)
	s.setKeepIdle(ep)
	s.setKeepIntvl(ep)
	s.setKeepCnt(ep)
	s.setKeepAlive(ep)
	s.setUserTimeout(ep)
	s.setDeferAccept(ep)
	s.setRecvErr(ep)
	s.setMTUDiscover(ep)
	s.setThinLinear(ep)
	s.setLinger2(ep)
}

func (s *socket) setNoDelay(ep *tcp.Endpoint)      { ep.SetNoDelay(s.host.now, s.opts.noDelay) }
func (s *socket) setCork(ep *tcp.Endpoint)         { ep.SetCork(s.host.now, s.opts.cork) }
func (s *socket) setSndBuf(ep *tcp.Endpoint)       { ep.SetSendBuffer(s.opts.sndBuf) }
func (s *socket) setRcvBuf(ep *tcp.Endpoint)       { ep.SetReceiveBuffer(s.opts.rcvBuf) }
func (s *socket) setWindowClamp(ep *tcp.Endpoint)  { ep.SetWindowClamp(s.opts.windowClamp) }
func (s *socket) setRcvLowat(ep *tcp.Endpoint)     { ep.SetReceiveLowat(s.opts.rcvLowat) }
func (s *socket) setNotSentLowat(ep *tcp.Endpoint) { ep.SetNotSentLowat(uint32(s.opts.notSentLowat)) }
func (s *socket) setPacingRate(ep *tcp.Endpoint)   { ep.SetMaxPacingRate(s.opts.maxPacingRate) }

func (s *socket) setSynCnt(ep *tcp.Endpoint)      { ep.SetSynCount(s.opts.synCnt) }
func (s *socket) setDeferAccept(ep *tcp.Endpoint) { ep.SetDeferAccept(s.opts.deferAccept) }
func (s *socket) setKeepAlive(ep *tcp.Endpoint)   { ep.SetKeepAlive(s.host.now, s.opts.keepAlive) }
func (s *socket) setRecvErr(ep *tcp.Endpoint)     { ep.SetRecvErr(s.opts.recvErr) }
func (s *socket) setKeepCnt(ep *tcp.Endpoint)     { ep.SetKeepCount(s.opts.keepCnt) }

func (s *socket) setThinLinear(ep *tcp.Endpoint) {
	ep.SetThinLinear(s.opts.thinLinear || s.host.sys.thinLinear)
}

// setMTUDiscover is IPv4's: over IPv6 only the sender fragments.
func (s *socket) setMTUDiscover(ep *tcp.Endpoint) {
	ep.SetMTUDiscovery(s.domain == AF_INET6 || s.opts.mtuDiscover != IP_PMTUDISC_DONT)
}

func (s *socket) setKeepIdle(ep *tcp.Endpoint) {
	ep.SetKeepIdle(s.host.now, sim.Time(s.opts.keepIdle)*sim.Second)
}

func (s *socket) setKeepIntvl(ep *tcp.Endpoint) {
	ep.SetKeepInterval(sim.Time(s.opts.keepIntvl) * sim.Second)
}

func (s *socket) setUserTimeout(ep *tcp.Endpoint) {
	ep.SetUserTimeout(sim.Time(s.opts.userTimeout) * sim.Millisecond)
}

func (s *socket) setLinger2(ep *tcp.Endpoint) {
	ep.SetLinger2(sim.Time(s.opts.linger2) * sim.Second)
}

func (s *socket) keepIdle() int64 {
	return either(s.opts.keepIdle, int(s.host.cfg.Spec.KeepaliveTime/sim.Second))
}
func (s *socket) keepIntvl() int64 {
	return either(s.opts.keepIntvl, int(s.host.cfg.Spec.KeepaliveEvery/sim.Second))
}
func (s *socket) keepCnt() int64 { return either(s.opts.keepCnt, s.host.cfg.Spec.KeepaliveProbes) }
func (s *socket) synCnt() int64  { return either(s.opts.synCnt, s.host.cfg.Spec.SynRetries) }

// either is what was set, or else the default.
func either(set, otherwise int) int64 {
	if set != 0 {
		return int64(set)
	}
	return int64(otherwise)
}
