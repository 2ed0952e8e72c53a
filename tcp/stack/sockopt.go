package stack

import "netgpusim/tcp"

// socketOptions are the options there are.
var socketOptions = map[key]option{
	{SOL_SOCKET, SO_TYPE}:       {get: constant(SOCK_STREAM)},
	{SOL_SOCKET, SO_PROTOCOL}:   {get: constant(IPPROTO_TCP)},
	{SOL_SOCKET, SO_DOMAIN}:     {get: value(func(s *socket) int64 { return int64(s.domain) })},
	{SOL_SOCKET, SO_ACCEPTCONN}: {get: value(func(s *socket) int64 { return truth(s.listener != nil) })},
	{SOL_SOCKET, SO_ERROR}:      {get: value(func(s *socket) int64 { return int64(s.takeErr()) })},
	{SOL_SOCKET, SO_SNDLOWAT}:   {get: constant(1)},

	{SOL_SOCKET, SO_DEBUG}:     keptOption(keptDebug),
	{SOL_SOCKET, SO_DONTROUTE}: keptOption(keptDontRoute),
	{SOL_SOCKET, SO_BROADCAST}: keptOption(keptBroadcast),
	{SOL_SOCKET, SO_BUSY_POLL}: number(0, maxInt, func(o *options) *int { return &o.busyPoll }, nil),
	{SOL_IP, IP_PKTINFO}:       keptOption(keptPktInfo),
	{SOL_IP, IP_RECVTTL}:       keptOption(keptRecvTTL),
	{SOL_IP, IP_RECVTOS}:       keptOption(keptRecvTOS),
	{SOL_IP, IP_TRANSPARENT}:   keptOption(keptTransparent),

	{SOL_SOCKET, SO_REUSEADDR}:   boolean(func(o *options) *bool { return &o.reuseAddr }, nil),
	{SOL_SOCKET, SO_REUSEPORT}:   boolean(func(o *options) *bool { return &o.reusePort }, nil),
	{SOL_SOCKET, SO_KEEPALIVE}:   boolean(func(o *options) *bool { return &o.keepAlive }, withEndpoint((*socket).setKeepAlive)),
	{SOL_SOCKET, SO_OOBINLINE}:   boolean(func(o *options) *bool { return &o.oobInline }, nil),
	{SOL_SOCKET, SO_ZEROCOPY}:    strict(func(o *options) *bool { return &o.zerocopy }, nil),
	{SOL_SOCKET, SO_LINGER}:      {size: 8, set: setLinger, get: getLinger},
	{SOL_SOCKET, SO_PRIORITY}:    {set: func(s *socket, v *Value) Errno { s.opts.priority = v.Int; return OK }, get: value(func(s *socket) int64 { return s.opts.priority })},
	{SOL_SOCKET, SO_MARK}:        {set: func(s *socket, v *Value) Errno { s.opts.mark = v.Int; return OK }, get: value(func(s *socket) int64 { return s.opts.mark })},
	{SOL_SOCKET, SO_RCVTIMEO}:    {size: 16, set: setTimeout(func(o *options) *int64 { return &o.rcvTimeout }), get: value(func(s *socket) int64 { return s.opts.rcvTimeout })},
	{SOL_SOCKET, SO_SNDTIMEO}:    {size: 16, set: setTimeout(func(o *options) *int64 { return &o.sndTimeout }), get: value(func(s *socket) int64 { return s.opts.sndTimeout })},
	{SOL_SOCKET, SO_RCVLOWAT}:    {set: setRcvLowat, get: value(func(s *socket) int64 { return int64(s.opts.rcvLowat) })},
	{SOL_SOCKET, SO_SNDBUF}:      {set: setSndBuf, get: value((*socket).sndBuf)},
	{SOL_SOCKET, SO_RCVBUF}:      {set: setRcvBuf, get: value((*socket).rcvBuf)},
	{SOL_SOCKET, SO_TIMESTAMP}:   stampMode(SO_TIMESTAMP),
	{SOL_SOCKET, SO_TIMESTAMPNS}: stampMode(SO_TIMESTAMPNS),
	{SOL_SOCKET, SO_TIMESTAMPING}: {set: setTimestamping,
		get: value(func(s *socket) int64 { return int64(s.opts.timestamping) })},
	{SOL_SOCKET, SO_MEMINFO}:         {size: memInfoBytes, get: getMemInfo},
	{SOL_SOCKET, SO_MAX_PACING_RATE}: {set: setPacingRate, get: value(func(s *socket) int64 { return int64(min(s.opts.maxPacingRate, 1<<32-1)) })},

	{SOL_TCP, TCP_NODELAY}:              boolean(func(o *options) *bool { return &o.noDelay }, withEndpoint((*socket).setNoDelay)),
	{SOL_TCP, TCP_CORK}:                 boolean(func(o *options) *bool { return &o.cork }, withEndpoint((*socket).setCork)),
	{SOL_TCP, TCP_INQ}:                  strict(func(o *options) *bool { return &o.inq }, nil),
	{SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS}: strict(func(o *options) *bool { return &o.thinLinear }, withEndpoint((*socket).setThinLinear)),
	{SOL_TCP, TCP_THIN_DUPACK}:          {hi: 1, set: func(*socket, *Value) Errno { return OK }, get: constant(0)},
	{SOL_TCP, TCP_KEEPIDLE}:             seconds(32767, func(o *options) *int { return &o.keepIdle }, (*socket).keepIdle, (*socket).setKeepIdle),
	{SOL_TCP, TCP_KEEPINTVL}:            seconds(32767, func(o *options) *int { return &o.keepIntvl }, (*socket).keepIntvl, (*socket).setKeepIntvl),
	{SOL_TCP, TCP_KEEPCNT}:              seconds(127, func(o *options) *int { return &o.keepCnt }, (*socket).keepCnt, (*socket).setKeepCnt),
	{SOL_TCP, TCP_SYNCNT}:               seconds(127, func(o *options) *int { return &o.synCnt }, (*socket).synCnt, (*socket).setSynCnt),
	{SOL_TCP, TCP_USER_TIMEOUT}:         number(0, maxInt, func(o *options) *int { return &o.userTimeout }, withEndpoint((*socket).setUserTimeout)),
	{SOL_TCP, TCP_LINGER2}:              {lo: anyInt, hi: maxInt, set: setLinger2, get: value((*socket).linger2)},
	{SOL_TCP, TCP_DEFER_ACCEPT}:         {lo: anyInt, hi: maxInt, set: setDeferAccept, get: value(func(s *socket) int64 { return int64(retransSeconds(s.opts.deferAccept)) })},
	{SOL_TCP, TCP_MAXSEG}:               {lo: anyInt, hi: maxInt, set: setMaxSeg, get: value((*socket).maxSeg)},
	{SOL_TCP, TCP_WINDOW_CLAMP}:         {lo: anyInt, hi: maxInt, set: setWindowClamp, get: value(func(s *socket) int64 { return int64(s.opts.windowClamp) })},
	{SOL_TCP, TCP_QUICKACK}:             {lo: anyInt, hi: maxInt, set: setQuickACK, get: value((*socket).quickACK)},
	{SOL_TCP, TCP_NOTSENT_LOWAT}:        {lo: anyInt, hi: 1<<32 - 1, set: setNotSentLowat, get: value(func(s *socket) int64 { return s.opts.notSentLowat })},
	{SOL_TCP, TCP_CONGESTION}:           {size: 16, set: setCongestion, get: getCongestion},
	{SOL_TCP, TCP_INFO}:                 {size: infoBytes, get: getInfo},
	{SOL_TCP, TCP_TIMESTAMP}:            {set: func(*socket, *Value) Errno { return EPERM }, get: value((*socket).tsClock)},
	{SOL_TCP, TCP_FASTOPEN}:             {hi: maxInt, set: setFastOpen, get: value(func(s *socket) int64 { return int64(s.opts.fastOpen) })},
	{SOL_TCP, TCP_FASTOPEN_CONNECT}:     {hi: 1, set: setFastOpenConnect, get: value(func(s *socket) int64 { return truth(s.opts.fastOpenConnect) })},
	{SOL_TCP, TCP_FASTOPEN_NO_COOKIE}:   {hi: 1, set: setFastOpenNoCookie, get: value(func(s *socket) int64 { return truth(s.opts.fastOpenNoCookie) })},

	{SOL_IP, IP_TOS}:          {set: setTOS, get: value(func(s *socket) int64 { return int64(s.opts.tos) })},
	{SOL_IP, IP_TTL}:          {lo: -1, hi: 255, set: setTTL, get: value(func(s *socket) int64 { return int64(s.opts.ttl) })},
	{SOL_IP, IP_MINTTL}:       number(0, 255, func(o *options) *int { return &o.minTTL }, nil),
	{SOL_IP, IP_MTU_DISCOVER}: number(0, 5, func(o *options) *int { return &o.mtuDiscover }, withEndpoint((*socket).setMTUDiscover)),
	{SOL_IP, IP_RECVERR}:      boolean(func(o *options) *bool { return &o.recvErr }, withEndpoint((*socket).setRecvErr)),
	{SOL_IP, IP_FREEBIND}:     boolean(func(o *options) *bool { return &o.freebind }, nil),
	{SOL_IP, IP_MTU}:          {get: getMTU},
	{SOL_IPV6, IPV6_V6ONLY}:   {lo: anyInt, hi: maxInt, set: setV6Only, get: value(func(s *socket) int64 { return truth(s.opts.v6only) })},
}

func value(f func(*socket) int64) func(*socket, *Value) Errno {
	return func(s *socket, v *Value) Errno {
		v.Int = f(s)
		return OK
	}
}

func constant(n int64) func(*socket, *Value) Errno {
	return value(func(*socket) int64 { return n })
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// seconds is a count from 1 to most that falls back to a sysctl.
func seconds(most int64, field func(*options) *int, get func(*socket) int64, set func(*socket, *tcp.Endpoint)) option {
	o := number(1, most, field, withEndpoint(set))
	o.get = value(get)
	return o
}

func setLinger(s *socket, v *Value) Errno {
	s.opts.linger = v.Linger
	return OK
}

func getLinger(s *socket, v *Value) Errno {
	v.Linger = s.opts.linger
	return OK
}

func setTimeout(field func(*options) *int64) func(*socket, *Value) Errno {
	return func(s *socket, v *Value) Errno {
		*field(&s.opts) = max(v.Int, 0)
		return OK
	}
}

func stampMode(mode int) option {
	return option{
		set: func(s *socket, v *Value) Errno {
			s.opts.stampMode = 0
			if v.Int != 0 {
				s.opts.stampMode = mode
			}
			return OK
		},
		get: value(func(s *socket) int64 { return truth(s.opts.stampMode == mode) }),
	}
}

// setTimestamping is setsockopt of SO_TIMESTAMPING; keys count from what is
// unacknowledged then.
func setTimestamping(s *socket, v *Value) Errno {
	const known = 1<<15 - 1
	if v.Int&^known != 0 {
		return EINVAL
	}
	flags := uint32(v.Int)
	if flags&SOF_TIMESTAMPING_OPT_ID != 0 && s.opts.timestamping&SOF_TIMESTAMPING_OPT_ID == 0 {
		if s.ep == nil || s.is(tcp.Closed) {
			return EINVAL
		}
		s.errs.firstKey = s.ep.Acked()
	}
	s.opts.timestamping = flags
	return OK
}

func setTOS(s *socket, v *Value) Errno {
	s.opts.tos = int(v.Int) & 0xFC // the lower two bits are ECN's
	return OK
}

func setTTL(s *socket, v *Value) Errno {
	switch v.Int {
	case 0:
		return EINVAL
	case -1:
		s.opts.ttl = s.host.sys.ttl
	default:
		s.opts.ttl = int(v.Int)
	}
	return OK
}

func setV6Only(s *socket, v *Value) Errno {
	if s.domain != AF_INET6 {
		return ENOPROTOOPT
	}
	if s.hasPort {
		return EINVAL
	}
	s.opts.v6only = v.Int != 0
	return OK
}

func getMTU(s *socket, v *Value) Errno {
	if s.ep == nil || s.is(tcp.Closed) {
		return ENOTCONN
	}
	v.Int = int64(s.ep.PathMTU())
	return OK
}
