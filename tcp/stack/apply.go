package stack

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// apply sets a new endpoint to what setsockopt has said before. What was never set is left
// to the endpoint, which goes by the sysctls.
func (s *socket) apply(ep *tcp.Endpoint) { s.setLinger2(ep) }

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
