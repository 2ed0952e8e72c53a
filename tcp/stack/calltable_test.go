package stack

import (
	"fmt"
	"strconv"
	"strings"

	"netgpusim/tcp"
)

// testCalls are the calls of TestCalls.
var testCalls = map[string]func(c *caller) string{
	"socket": func(c *caller) string { return result(c.h.Socket(c.flags(), c.flags(), c.flags())) },
	"bind":   func(c *caller) string { return status(c.h.Bind(c.int(), c.addr())) },
	"listen": func(c *caller) string { return status(c.h.Listen(c.int(), c.int())) },
	"accept": func(c *caller) string {
		fd, peer, err := c.h.Accept(c.int(), c.flags())
		if err != OK {
			return err.String()
		}
		return fmt.Sprintf("%d %v", fd, peer.Addr())
	},
	"connect":  func(c *caller) string { return status(c.h.Connect(c.int(), c.addr())) },
	"close":    func(c *caller) string { return status(c.h.Close(c.int())) },
	"shutdown": func(c *caller) string { return status(c.h.Shutdown(c.int(), c.flags())) },
	"read":     func(c *caller) string { return result(c.h.Read(c.int(), Size(c.int()))) },
	"recv":     func(c *caller) string { return result(c.h.Recv(c.int(), Size(c.int()), c.flags())) },
	"write":    func(c *caller) string { return result(c.h.Write(c.int(), Size(c.int()))) },
	"send":     func(c *caller) string { return result(c.h.Send(c.int(), Size(c.int()), c.flags())) },
	"sendto":   func(c *caller) string { return result(c.h.Sendto(c.int(), Size(c.int()), c.flags(), c.addr())) },
	"recvmsg":  testRecvmsg,
	"set": func(c *caller) string {
		return status(c.h.Setsockopt(c.int(), c.flags(), c.flags(), testValue(c)))
	},
	"get": func(c *caller) string {
		v, err := c.h.Getsockopt(c.int(), c.flags(), c.flags())
		switch {
		case err != OK:
			return err.String()
		case v.Text != "":
			return v.Text
		case v.Len == 8:
			return fmt.Sprintf("%d,%d", v.Linger.OnOff, v.Linger.Seconds)
		}
		return fmt.Sprint(v.Int)
	},
	"so_error": func(c *caller) string {
		v, err := c.h.Getsockopt(c.int(), SOL_SOCKET, SO_ERROR)
		if err != OK {
			return err.String()
		}
		return Errno(v.Int).String()
	},
	"fcntl": func(c *caller) string { return result(c.h.Fcntl(c.int(), c.flags(), c.flags())) },
	"ioctl": func(c *caller) string { return result(c.h.Ioctl(c.int(), c.flags(), c.flags())) },
	"poll": func(c *caller) string {
		fds := []PollFD{{FD: c.int(), Events: POLLIN | POLLOUT | POLLPRI | POLLRDHUP}}
		_, err := c.h.Poll(fds)
		if err != OK {
			return err.String()
		}
		return eventNames(uint32(fds[0].Revents))
	},
	"epoll": func(c *caller) string { return result(c.h.EpollCreate()) },
	"epoll_ctl": func(c *caller) string {
		epfd, op, fd := c.int(), c.flags(), c.int()
		return status(c.h.EpollCtl(epfd, op, fd, EpollEvent{Events: uint32(c.flags()), Data: uint64(fd)}))
	},
	"epoll_wait": func(c *caller) string {
		events := make([]EpollEvent, 8)
		n, err := c.h.EpollWait(c.int(), events)
		if err != OK || n == 0 {
			return result(n, err)
		}
		var list []string
		for _, e := range events[:n] {
			list = append(list, fmt.Sprintf("%d:%s", e.Data, eventNames(e.Events)))
		}
		return strings.Join(list, " ")
	},
	"icmp": testICMP,
	"info": func(c *caller) string {
		v, err := c.h.Getsockopt(c.int(), SOL_TCP, TCP_INFO)
		i := v.Info
		return shown(fmt.Sprintf("state %d cwnd %d mss %d unacked %d sacked %d notsent %d received %d",
			i.State, i.SndCwnd, i.SndMSS, i.Unacked, i.Sacked, i.NotsentBytes, i.BytesReceived), err)
	},
	"meminfo": func(c *caller) string {
		v, err := c.h.Getsockopt(c.int(), SOL_SOCKET, SO_MEMINFO)
		return shown(fmt.Sprintf("rmem %d of %d, wmem %d of %d", v.Mem.RmemAlloc, v.Mem.Rcvbuf, v.Mem.WmemQueued, v.Mem.Sndbuf), err)
	},
	"name": func(c *caller) string { a, err := c.h.Getsockname(c.int()); return shown(a.String(), err) },
	"peer": func(c *caller) string { a, err := c.h.Getpeername(c.int()); return shown(a.String(), err) },
	"open": func(c *caller) string { return result(c.h.Open(int64(c.int()))) },
	"pipe": func(c *caller) string {
		r, w, err := c.h.Pipe(c.flags())
		return shown(fmt.Sprint(r, w), err)
	},
	"sendfile": func(c *caller) string { return result(c.h.Sendfile(c.int(), c.int(), nil, c.int())) },
	"splice":   func(c *caller) string { return result(c.h.Splice(c.int(), c.int(), c.int(), c.flags())) },
	"sysctl": func(c *caller) string {
		if err := c.h.SetSysctl(c.word(), strings.ReplaceAll(c.word(), "_", " ")); err != nil {
			return err.Error()
		}
		return "0"
	},
}

func shown(s string, err Errno) string {
	if err != OK {
		return err.String()
	}
	return s
}

// testICMP makes an ICMP error, type/code or type/code/mtu, arrive about the next byte that
// a socket's peer has not acknowledged.
func testICMP(c *caller) string {
	s, err := c.h.socket(c.int())
	if err != OK {
		return err.String()
	}
	p := Packet{Kind: ICMP, Src: s.local, Dst: s.remote}
	_, c.err = fmt.Sscanf(c.word()+"/0", "%d/%d/%d", &p.Error.Type, &p.Error.Code, &p.Error.MTU)
	p.Seg.Seq = s.isn.seq + uint32(s.ep.Acked())
	if s.ep.State() >= tcp.Established {
		p.Seg.Seq++
	}
	c.h.Input(&p)
	return "0"
}

// testValue takes an option's value: a number, two with a comma for a linger, or a word.
func testValue(c *caller) Value {
	w := c.words[0]
	if on, seconds, ok := strings.Cut(w, ","); ok {
		var v Value
		_, c.err = fmt.Sscan(on+" "+seconds, &v.Linger.OnOff, &v.Linger.Seconds)
		c.words = c.words[1:]
		return v
	}
	if _, err := strconv.ParseInt(w, 0, 64); err != nil {
		return Value{Text: c.word()}
	}
	return Value{Int: int64(c.flags())}
}

// testRecvmsg shows the control messages too.
func testRecvmsg(c *caller) string {
	m := Message{}
	fd := c.int()
	m.Iov = []Buf{Size(c.int())}
	m.Control = make([]Control, 0, 4)
	n, err := c.h.Recvmsg(fd, &m, c.flags())
	answer := result(n, err)
	for _, k := range m.Control {
		switch {
		case k.Type == TCP_CM_INQ:
			answer += fmt.Sprintf(" inq %d", k.Value)
		case k.Err.Origin == SO_EE_ORIGIN_ZEROCOPY:
			answer += fmt.Sprintf(" zerocopy %d-%d", k.Err.Info, k.Err.Data)
		case k.Err.Origin == SO_EE_ORIGIN_TIMESTAMPING:
			answer += fmt.Sprintf(" stamp %d of %d at %d.%09d", k.Err.Info, k.Err.Data, k.Timestamps[0].Sec, k.Timestamps[0].Nsec)
		case k.Err.Origin != 0:
			answer += fmt.Sprintf(" error %v from %d type %d code %d", k.Err.Errno, k.Err.Origin, k.Err.Type, k.Err.Code)
		default:
			answer += fmt.Sprintf(" time %d.%09d", k.Timestamps[0].Sec, k.Timestamps[0].Nsec)
		}
	}
	return answer
}

// testNames are the constants of TestCalls.
var testNames = map[string]int{
	"inet": AF_INET, "inet6": AF_INET6, "unix": 1,
	"stream": SOCK_STREAM, "dgram": SOCK_DGRAM, "nonblock": SOCK_NONBLOCK,
	"tcp": IPPROTO_TCP, "udp": 17, "rd": SHUT_RD, "wr": SHUT_WR, "rdwr": SHUT_RDWR,
	"getfl": F_GETFL, "setfl": F_SETFL, "dup": F_DUPFD,
	"oob": MSG_OOB, "peek": MSG_PEEK, "dontwait": MSG_DONTWAIT, "waitall": MSG_WAITALL, "more": MSG_MORE,
	"trunc": MSG_TRUNC, "errqueue": MSG_ERRQUEUE, "zerocopy": MSG_ZEROCOPY, "fastopen": MSG_FASTOPEN, "eor": MSG_EOR,
	"siocinq": SIOCINQ, "siocoutq": SIOCOUTQ, "siocoutqnsd": SIOCOUTQNSD, "siocatmark": SIOCATMARK, "fionbio": FIONBIO,
	"in": POLLIN, "out": POLLOUT, "rdhup": POLLRDHUP, "et": EPOLLET, "oneshot": EPOLLONESHOT,
	"add": EPOLL_CTL_ADD, "del": EPOLL_CTL_DEL, "mod": EPOLL_CTL_MOD,
	"socket": SOL_SOCKET, "ip": SOL_IP, "ipv6": SOL_IPV6,
	"SO_REUSEADDR": SO_REUSEADDR, "SO_REUSEPORT": SO_REUSEPORT, "SO_ERROR": SO_ERROR, "SO_TYPE": SO_TYPE, "SO_LINGER": SO_LINGER,
	"SO_KEEPALIVE": SO_KEEPALIVE, "SO_SNDBUF": SO_SNDBUF, "SO_RCVBUF": SO_RCVBUF, "SO_RCVLOWAT": SO_RCVLOWAT,
	"SO_ACCEPTCONN": SO_ACCEPTCONN, "SO_ZEROCOPY": SO_ZEROCOPY, "SO_TIMESTAMPING": SO_TIMESTAMPING, "SO_OOBINLINE": SO_OOBINLINE,
	"SO_TIMESTAMPNS": SO_TIMESTAMPNS, "SO_DOMAIN": SO_DOMAIN, "SO_PROTOCOL": SO_PROTOCOL,
	"TCP_NODELAY": TCP_NODELAY, "TCP_CORK": TCP_CORK, "TCP_MAXSEG": TCP_MAXSEG, "TCP_KEEPIDLE": TCP_KEEPIDLE,
	"TCP_KEEPINTVL": TCP_KEEPINTVL, "TCP_KEEPCNT": TCP_KEEPCNT, "TCP_SYNCNT": TCP_SYNCNT, "TCP_LINGER2": TCP_LINGER2,
	"TCP_DEFER_ACCEPT": TCP_DEFER_ACCEPT, "TCP_WINDOW_CLAMP": TCP_WINDOW_CLAMP, "TCP_INFO": TCP_INFO, "TCP_QUICKACK": TCP_QUICKACK,
	"TCP_CONGESTION": TCP_CONGESTION, "TCP_USER_TIMEOUT": TCP_USER_TIMEOUT, "TCP_FASTOPEN": TCP_FASTOPEN, "TCP_INQ": TCP_INQ,
	"TCP_FASTOPEN_CONNECT": TCP_FASTOPEN_CONNECT, "TCP_TIMESTAMP": TCP_TIMESTAMP, "TCP_NOTSENT_LOWAT": TCP_NOTSENT_LOWAT,
	"IP_TOS": IP_TOS, "IP_TTL": IP_TTL, "IP_MTU": IP_MTU, "IP_MTU_DISCOVER": IP_MTU_DISCOVER, "IP_RECVERR": IP_RECVERR, "IP_FREEBIND": IP_FREEBIND,
	"IPV6_V6ONLY": IPV6_V6ONLY, "IPV6_TCLASS": IPV6_TCLASS,
}
