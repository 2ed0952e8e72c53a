package stack

import "netgpusim/tcp"

// options is what setsockopt has set. A listener's connections begin with its options.
type options struct {
	reuseAddr, reusePort, freebind, v6only bool
	keepAlive, oobInline, zerocopy         bool
	noDelay, cork, inq                     bool
	fastOpenConnect, fastOpenNoCookie      bool
	thinLinear                             bool
	recvErr                                bool
	linger                                 Linger
	rcvLowat                               int
	sndBuf, rcvBuf                         int // as given, or unset
	priority, mark                         int64
	rcvTimeout, sndTimeout                 int64 // microseconds
	timestamping                           uint32
	stampMode                              int // SO_TIMESTAMP, SO_TIMESTAMPNS or 0
	maxPacingRate                          uint64
	keepIdle, keepIntvl, keepCnt           int // 0: the sysctl's
	maxSeg, synCnt, linger2, deferAccept   int
	windowClamp                            int
	userTimeout                            int
	notSentLowat                           int64
	fastOpen                               int
	congestion                             string
	tos, ttl, minTTL, mtuDiscover          int
	busyPoll                               int
	kept                                   [keptOptions]bool
}

// Options that are kept and have no effect on a connection, as places in options.kept.
const (
	keptDebug = iota
	keptDontRoute
	keptBroadcast
	keptPktInfo
	keptRecvTTL
	keptRecvTOS
	keptTransparent
	keptOptions
)

// keptOption is one of them.
func keptOption(i int) option {
	return boolean(func(o *options) *bool { return &o.kept[i] }, nil)
}

// init sets what a new socket has.
func (o *options) init(h *Host) {
	*o = options{rcvLowat: 1, sndBuf: unset, rcvBuf: unset, maxPacingRate: tcp.RateUnlimited, ttl: h.sys.ttl, mtuDiscover: IP_PMTUDISC_WANT}
}

// rxTimestamps says whether recvmsg tells when data came.
func (o *options) rxTimestamps() bool {
	const both = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
	return o.stampMode != 0 || o.timestamping&both == both
}

// txTimestamps are the flags for which sends are reported.
const txTimestamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK

// txRecords are the flags that a control message may replace for one send
// (SOF_TIMESTAMPING_TX_RECORD_MASK).
const txRecords = txTimestamps | SOF_TIMESTAMPING_TX_HARDWARE

// stampType is the type of the control message with the time of arrival.
func (o *options) stampType() int {
	if o.stampMode != 0 {
		return o.stampMode
	}
	return SCM_TIMESTAMPING
}

// key names an option.
type key struct{ level, name int }

// option is how a socket option is set and read. Its value is an int in lo..hi unless
// size says otherwise; outside is EINVAL.
type option struct {
	lo, hi int64
	size   int // of its value in bytes, 0 for 4
	set    func(s *socket, v *Value) Errno
	get    func(s *socket, v *Value) Errno
}

// Setsockopt is setsockopt(2).
func (h *Host) Setsockopt(fd, level, name int, v Value) Errno {
	s, err := h.socket(fd)
	if err != OK {
		return err
	}
	o, ok := socketOptions[canonical(level, name)]
	switch {
	case !ok || o.set == nil:
		return ENOPROTOOPT
	case v.Len != 0 && v.Len < o.least(level):
		return EINVAL
	case o.lo != o.hi && (v.Int < o.lo || v.Int > o.hi):
		return EINVAL
	}
	return o.set(s, &v)
}

// Getsockopt is getsockopt(2). Value.Len is the length that Linux would return.
func (h *Host) Getsockopt(fd, level, name int) (Value, Errno) {
	s, err := h.socket(fd)
	if err != OK {
		return Value{}, err
	}
	o, ok := socketOptions[canonical(level, name)]
	if !ok || o.get == nil {
		return Value{}, ENOPROTOOPT
	}
	v := Value{Len: o.bytes()}
	err = o.get(s, &v)
	return v, err
}

// least is how many bytes a value must have: options of IPv4 may be a single byte
// (do_ip_setsockopt); what is longer than 16 is not checked.
func (o *option) least(level int) int {
	switch n := o.bytes(); {
	case level == SOL_IP:
		return 1
	case n > 16:
		return 0
	default:
		return n
	}
}

func (o *option) bytes() int {
	if o.size == 0 {
		return 4
	}
	return o.size
}

// canonical gives options that IPv4 and IPv6 name differently one key.
func canonical(level, name int) key {
	if level == SOL_IPV6 {
		if same, ok := ipv6Names[name]; ok {
			return key{SOL_IP, same}
		}
	}
	return key{level, name}
}

var ipv6Names = map[int]int{
	IPV6_TCLASS: IP_TOS, IPV6_UNICAST_HOPS: IP_TTL, IPV6_MTU_DISCOVER: IP_MTU_DISCOVER,
	IPV6_MTU: IP_MTU, IPV6_RECVERR: IP_RECVERR,
	IPV6_RECVPKTINFO: IP_PKTINFO, IPV6_RECVHOPLIMIT: IP_RECVTTL, IPV6_RECVTCLASS: IP_RECVTOS,
}

const maxInt = 1<<31 - 1

// anyInt leaves an option's value to its setter.
const anyInt = -1 << 31

// boolean is an option that any int switches, as most of SOL_SOCKET do.
func boolean(field func(*options) *bool, then func(s *socket)) option {
	return option{
		set: func(s *socket, v *Value) Errno {
			*field(&s.opts) = v.Int != 0
			if then != nil {
				then(s)
			}
			return OK
		},
		get: func(s *socket, v *Value) Errno {
			if *field(&s.opts) {
				v.Int = 1
			}
			return OK
		},
	}
}

// strict is a boolean that takes 0 and 1 only.
func strict(field func(*options) *bool, then func(s *socket)) option {
	o := boolean(field, then)
	o.lo, o.hi = 0, 1
	return o
}

// number is an option that is kept as it is given, from lo to hi, and passed on to the
// endpoint by then.
func number(lo, hi int64, field func(*options) *int, then func(s *socket)) option {
	return option{lo: lo, hi: hi,
		set: func(s *socket, v *Value) Errno {
			*field(&s.opts) = int(v.Int)
			if then != nil {
				then(s)
			}
			return OK
		},
		get: func(s *socket, v *Value) Errno {
			v.Int = int64(*field(&s.opts))
			return OK
		},
	}
}

// withEndpoint runs f if the socket has a connection.
func withEndpoint(f func(s *socket, ep *tcp.Endpoint)) func(s *socket) {
	return func(s *socket) {
		if s.ep != nil {
			f(s, s.ep)
			s.host.touch(s)
		}
	}
}
