package stack

import "netgpusim/tcp"

// inputICMP takes an ICMP error about a segment that this host has sent (tcp_v4_err,
// tcp_v6_err). While a connection is being set up it also goes to the error queue.
func (h *Host) inputICMP(p *Packet) {
	s := h.conns[pair{p.Src, p.Dst}]
	if s == nil {
		return
	}
	v4 := p.Src.Addr().Is4()
	err := icmpErrno(v4, p.Error)
	if err == OK || !s.opts.recvErr || !s.is(tcp.SynSent, tcp.SynReceived) {
		return
	}
	e := ExtendedError{Errno: err, Origin: SO_EE_ORIGIN_ICMP, Type: p.Error.Type, Code: p.Error.Code, Info: p.Error.MTU}
	if !v4 {
		e.Origin = SO_EE_ORIGIN_ICMP6
	}
	s.report(s.recvErr(e))
}

// icmpErrno is the error that an ICMP message stands for (icmp_err_convert,
// icmpv6_err_convert); OK for messages that are none.
func icmpErrno(v4 bool, e Error) Errno {
	if v4 {
		return icmp4Errno(e)
	}
	switch {
	case e.Type == 1 && int(e.Code) < len(unreachable6):
		return unreachable6[e.Code]
	case e.Type == 2:
		return EMSGSIZE
	case e.Type == 3:
		return EHOSTUNREACH
	case e.Type == 4:
		return EPROTO
	}
	return OK
}

func icmp4Errno(e Error) Errno {
	switch {
	case e.Type == 3 && int(e.Code) < len(unreachable4):
		return unreachable4[e.Code]
	case e.Type == 11:
		return EHOSTUNREACH
	case e.Type == 12:
		return EPROTO
	}
	return OK
}

// unreachable4 is what the codes of "destination unreachable" mean.
var unreachable4 = [...]Errno{
	ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE, EOPNOTSUPP, ENETUNREACH, EHOSTDOWN,
	ENONET, ENETUNREACH, EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
}

// unreachable6 is the same of ICMPv6.
var unreachable6 = [...]Errno{ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES}
