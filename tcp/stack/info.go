package stack

import (
	"math"

	"netgpusim/tcp"
)

// Sizes of what getsockopt fills in, bytes.
const (
	infoBytes    = 232 // struct tcp_info of Linux 5.8
	memInfoBytes = 36  // SK_MEMINFO_VARS numbers
)

// getInfo is TCP_INFO (tcp_get_info). A listener tells how many wait for accept and how
// many may; a connection in TIME-WAIT is closed to its descriptor.
func getInfo(s *socket, v *Value) Errno {
	switch {
	case s.listener != nil:
		v.Info = freshInfo(s)
		v.Info.Unacked, v.Info.Sacked = uint32(s.listener.queue.len()), uint32(s.listener.backlog)
	case s.ep == nil:
		v.Info = freshInfo(s)
	default:
		v.Info = s.ep.Info(s.host.now)
	}
	v.Info.State = s.tcpState().Kernel()
	return OK
}

// freshInfo is what a socket without a connection tells (tcp_init_sock).
func freshInfo(s *socket) tcp.Info {
	spec := &s.host.cfg.Spec
	return tcp.Info{
		RTO: 1_000_000, SndMSS: defaultMSS, SndCwnd: uint32(spec.InitialWindow), SndSsthresh: math.MaxInt32,
		Reordering: uint32(spec.Reordering), PacingRate: tcp.RateUnlimited, MaxPacingRate: s.opts.maxPacingRate,
	}
}

// getMemInfo is SO_MEMINFO.
func getMemInfo(s *socket, v *Value) Errno {
	if s.ep == nil {
		v.Mem = tcp.MemInfo{Rcvbuf: s.rcvBuf(), Sndbuf: s.sndBuf()}
		return OK
	}
	v.Mem = s.ep.MemInfo()
	return OK
}
