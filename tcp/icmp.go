package tcp

import "netgpusim/sim"

// ICMP is an error message about a segment that this end has sent, of the ICMP of
// Spec.IPVersion (RFC 792, RFC 4443).
type ICMP struct {
	Type uint8
	Code uint8
	MTU  sim.Bytes // of "fragmentation needed" and "packet too big"
	Seq  uint32    // sequence number of the segment, which the message quotes
}

// Types and codes that have a meaning of their own here.
const (
	icmp4Unreachable = 3
	icmp4TimeOut     = 11
	icmp4Parameter   = 12

	icmp4Net        = 0
	icmp4Host       = 1
	icmp4FragNeeded = 4

	icmp6Unreachable = 1
	icmp6TooBig      = 2
	icmp6TimeOut     = 3
	icmp6Parameter   = 4

	icmp6NoRoute = 0
)

// icmp4Errnos are what the codes of "destination unreachable" mean (icmp_err_convert).
var icmp4Errnos = [...]Errno{
	ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED, EMSGSIZE, EOPNOTSUPP, ENETUNREACH, EHOSTDOWN,
	ENONET, ENETUNREACH, EHOSTUNREACH, ENETUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
}

// icmp6Errnos are the same of ICMPv6 (tab_unreach).
var icmp6Errnos = [...]Errno{ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES}

// icmp6Fatal says which of them end a connection of which only a SYN has come.
var icmp6Fatal = [len(icmp6Errnos)]bool{1: true, 4: true, 5: true, 6: true}

// icmpMeaning is what an ICMP message says.
type icmpMeaning struct {
	err    Errno // 0: it is ignored
	tooBig bool  // it tells the path's MTU
	fatal  bool  // it ends a connection of which only a SYN has come
	revert bool  // it explains a timeout: the path is broken, not congested (RFC 6069)
}

// Error is the error that a message stands for, 0 if it is none.
func (m ICMP) Error(ipVersion int) Errno {
	x := m.meaning(ipVersion)
	if x.tooBig {
		return EMSGSIZE
	}
	return x.err
}

func (m ICMP) meaning(ipVersion int) icmpMeaning {
	if ipVersion == 4 {
		return m.meaning4()
	}
	return m.meaning6()
}

func (m ICMP) meaning4() icmpMeaning {
	switch m.Type {
	case icmp4Unreachable:
		if m.Code == icmp4FragNeeded {
			return icmpMeaning{tooBig: true}
		}
		if int(m.Code) < len(icmp4Errnos) {
			path := m.Code == icmp4Net || m.Code == icmp4Host
			return icmpMeaning{err: icmp4Errnos[m.Code], fatal: path, revert: path}
		}
	case icmp4TimeOut:
		return icmpMeaning{err: EHOSTUNREACH, fatal: true}
	case icmp4Parameter:
		return icmpMeaning{err: EPROTO, fatal: true}
	}
	return icmpMeaning{}
}

func (m ICMP) meaning6() icmpMeaning {
	switch m.Type {
	case icmp6Unreachable:
		x := icmpMeaning{err: EPROTO, fatal: true}
		if int(m.Code) < len(icmp6Errnos) {
			x = icmpMeaning{err: icmp6Errnos[m.Code], fatal: icmp6Fatal[m.Code], revert: m.Code == icmp6NoRoute}
		}
		return x
	case icmp6TooBig:
		return icmpMeaning{tooBig: true}
	case icmp6TimeOut:
		return icmpMeaning{err: EHOSTUNREACH}
	case icmp6Parameter:
		return icmpMeaning{err: EPROTO, fatal: true}
	}
	return icmpMeaning{}
}

// SetRecvErr makes ICMP errors of an established connection known at once (IP_RECVERR);
// otherwise they only name the reason if it is given up.
func (e *Endpoint) SetRecvErr(on bool) { e.patience.reports = on }

// InputICMP takes an ICMP error (tcp_v4_err, tcp_v6_err). One that does not quote what is
// outstanding may be forged and is ignored (RFC 5927).
func (e *Endpoint) InputICMP(now sim.Time, m ICMP) {
	e.advance(now)
	if e.state == Closed || e.state == TimeWait || !e.quotesOurs(m.Seq) {
		return
	}
	x := m.meaning(e.spec.IPVersion)
	switch {
	case x.tooBig:
		e.setPathMTU(int(m.MTU))
	case x.err == 0:
	case e.handshake.passive && e.state == SynReceived:
		if x.fatal {
			e.done(now, 0) // tcp_req_err
		}
	case e.state < Established:
		e.done(now, x.err)
	default:
		if x.revert {
			e.revertBackoff(now, m.Seq)
		}
		if e.state == Closed {
			return
		}
		if e.patience.reports {
			e.err = x.err
		} else {
			e.patience.soft = x.err
		}
	}
}

// quotesOurs says whether a sequence number is one that this end may have used and that is
// not acknowledged.
func (e *Endpoint) quotesOurs(seq uint32) bool {
	if e.state < Established {
		return seq == e.cfg.LocalISS || !e.handshake.passive && seq == e.cfg.LocalISS+1
	}
	d := seqDistance(seqOf(e.cfg.LocalISS, e.snd.una), seq)
	return d >= 0 && d <= int64(e.snd.nxt-e.snd.una)
}

// revertBackoff takes one doubling of the timeout back: the path was broken and not
// congested (RFC 6069, tcp_ld_RTO_revert).
func (e *Endpoint) revertBackoff(now sim.Time, seq uint32) {
	s := &e.snd
	if seq != seqOf(e.cfg.LocalISS, s.una) || s.retries == 0 || s.rtt.backoff == 0 || s.rtx.empty() {
		return
	}
	s.rtt.backoff--
	if at := s.rtx.head().sentAt + s.rtt.timeout(); at > now {
		s.timer.arm(timerRTO, at)
	} else {
		e.timeout(now)
	}
}
