package stack

import (
	"slices"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// This file has the options whose values are more than kept.

func (s *socket) tsClock() int64 { return int64(s.host.now/sim.Millisecond) + 1 }

func (s *socket) quickACK() int64 { return truth(s.ep == nil || s.ep.QuickAck()) }

func setQuickACK(s *socket, v *Value) Errno {
	if s.ep != nil {
		s.ep.SetQuickAck(s.host.now, int(v.Int))
		s.host.touch(s)
	}
	return OK
}

// setLinger2 bounds TCP_LINGER2: at most two minutes; below 0 there is no FIN-WAIT-2.
func setLinger2(s *socket, v *Value) Errno {
	s.opts.linger2 = int(min(max(v.Int, -1), 120))
	withEndpoint((*socket).setLinger2)(s)
	return OK
}

func (s *socket) linger2() int64 {
	if s.opts.linger2 >= 0 {
		return either(s.opts.linger2, int(s.host.cfg.Spec.FinTimeout/sim.Second))
	}
	return int64(s.opts.linger2)
}

func setDeferAccept(s *socket, v *Value) Errno {
	s.opts.deferAccept = secondsRetrans(int(v.Int))
	withEndpoint((*socket).setDeferAccept)(s)
	return OK
}

// maxRetransSeconds is TCP_RTO_MAX.
const maxRetransSeconds = 120

// secondsRetrans is how many retransmissions of a SYN-ACK it takes to wait so long
// (secs_to_retrans): the first after 1 s, then doubling.
func secondsRetrans(seconds int) (n int) {
	if seconds <= 0 {
		return 0
	}
	period, timeout := 1, 1
	for n = 1; seconds > period && n < 255; n++ {
		timeout = min(2*timeout, maxRetransSeconds)
		period += timeout
	}
	return n
}

// retransSeconds is its inverse (retrans_to_secs).
func retransSeconds(n int) int {
	if n == 0 {
		return 0
	}
	period, timeout := 1, 1
	for ; n > 1; n-- {
		timeout = min(2*timeout, maxRetransSeconds)
		period += timeout
	}
	return period
}

// Bounds of TCP_MAXSEG: TCP_MIN_MSS and MAX_TCP_WINDOW.
const (
	minMaxSeg = 88
	maxMaxSeg = 32767
)

// defaultMSS is TCP_MSS_DEFAULT.
const defaultMSS = 536

func setMaxSeg(s *socket, v *Value) Errno {
	if v.Int != 0 && (v.Int < minMaxSeg || v.Int > maxMaxSeg) {
		return EINVAL
	}
	s.opts.maxSeg = int(v.Int)
	return OK
}

func (s *socket) maxSeg() int64 {
	if s.ep == nil || s.is(tcp.Closed) {
		return defaultMSS // 5.8 shows what was set only once it is used
	}
	return int64(s.ep.MSS())
}

// minWindowClamp is half of SOCK_MIN_RCVBUF.
const minWindowClamp = 1152

func setWindowClamp(s *socket, v *Value) Errno {
	if v.Int == 0 {
		if !s.is(tcp.Closed) {
			return EINVAL
		}
		s.opts.windowClamp = 0
		return OK
	}
	s.opts.windowClamp = int(max(v.Int, minWindowClamp))
	withEndpoint((*socket).setWindowClamp)(s)
	return OK
}

func setNotSentLowat(s *socket, v *Value) Errno {
	s.opts.notSentLowat = int64(uint32(v.Int))
	withEndpoint((*socket).setNotSentLowat)(s)
	return OK
}

func setCongestion(s *socket, v *Value) Errno {
	if !slices.Contains(tcp.CongestionControls, v.Text) {
		return ENOENT
	}
	s.opts.congestion = v.Text
	if s.ep != nil {
		_ = s.ep.SetCongestion(v.Text) // it is one of those
	}
	return OK
}

func getCongestion(s *socket, v *Value) Errno {
	if v.Text = s.opts.congestion; v.Text == "" {
		v.Text = s.host.cfg.Spec.Congestion
	}
	return OK
}

func setPacingRate(s *socket, v *Value) Errno {
	s.opts.maxPacingRate = uint64(v.Int)
	if v.Len < 8 && uint32(v.Int) == ^uint32(0) {
		s.opts.maxPacingRate = tcp.RateUnlimited // as an int
	}
	withEndpoint((*socket).setPacingRate)(s)
	return OK
}

func setRcvLowat(s *socket, v *Value) Errno {
	n := v.Int
	if n < 0 {
		n = maxInt
	}
	s.opts.rcvLowat = int(max(n, 1))
	withEndpoint((*socket).setRcvLowat)(s)
	return OK
}

// unset is a buffer size that nobody has set.
const unset = -1

// Least buffers: SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF.
const (
	minSndBuf = 4608
	minRcvBuf = 2304
)

func setSndBuf(s *socket, v *Value) Errno {
	s.opts.sndBuf = int(max(v.Int, 0))
	withEndpoint((*socket).setSndBuf)(s)
	return OK
}

func setRcvBuf(s *socket, v *Value) Errno {
	s.opts.rcvBuf = int(max(v.Int, 0))
	withEndpoint((*socket).setRcvBuf)(s)
	return OK
}

func (s *socket) sndBuf() int64 {
	spec := &s.host.cfg.Spec
	switch {
	case s.ep != nil:
		return int64(s.ep.SendBuffer())
	case s.opts.sndBuf == unset:
		return int64(spec.SendInitial)
	}
	return max(2*min(int64(s.opts.sndBuf), int64(spec.SendMax)), minSndBuf)
}

func (s *socket) rcvBuf() int64 {
	spec := &s.host.cfg.Spec
	switch {
	case s.ep != nil:
		return int64(s.ep.ReceiveBuffer())
	case s.opts.rcvBuf == unset:
		return int64(spec.ReceiveInitial)
	}
	return max(2*min(int64(s.opts.rcvBuf), int64(spec.ReceiveMax)), minRcvBuf)
}

func setFastOpen(s *socket, v *Value) Errno {
	if !s.is(tcp.Closed, tcp.Listen) {
		return EINVAL
	}
	s.opts.fastOpen = int(v.Int)
	return OK
}

func setFastOpenConnect(s *socket, v *Value) Errno {
	switch {
	case s.host.sys.fastOpen&TFO_CLIENT_ENABLE == 0:
		return EOPNOTSUPP
	case !s.is(tcp.Closed):
		return EINVAL
	}
	s.opts.fastOpenConnect = v.Int != 0
	return OK
}

func setFastOpenNoCookie(s *socket, v *Value) Errno {
	if !s.is(tcp.Closed, tcp.Listen) {
		return EINVAL
	}
	s.opts.fastOpenNoCookie = v.Int != 0
	return OK
}
