package packetdrill

import (
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// lookup is what names mean in code: members of struct tcp_info of the connection that
// the last socket or accept call has made, and constants.
func (r *runner) lookup(name string) (value, bool) {
	if n, ok := codeConstants[name]; ok {
		return integer(n), true
	}
	if n, ok := r.setup.symbols[name]; ok {
		return integer(n), true
	}
	get, ok := infoFields[strings.TrimPrefix(name, "tcpi_")]
	if !ok || !strings.HasPrefix(name, "tcpi_") {
		return value{}, false
	}
	ep := r.host.Endpoint(r.last)
	if ep == nil {
		return integer(0), true
	}
	s := ep.Stats()
	return integer(get(ep, &s)), true
}

// codeConstants are names of Linux's headers that assertions use.
var codeConstants = map[string]int64{
	"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6,
	"TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
	"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8, "TCPI_OPT_ECN_SEEN": 16, "TCPI_OPT_SYN_DATA": 32,
}

// stateNumbers are the states as Linux numbers them.
var stateNumbers = [...]int64{tcp.Closed: 7, tcp.Listen: 10, tcp.SynSent: 2, tcp.SynReceived: 3, tcp.Established: 1, tcp.FinWait1: 4,
	tcp.FinWait2: 5, tcp.CloseWait: 8, tcp.Closing: 11, tcp.LastAck: 9, tcp.TimeWait: 6}

// infoFields are the members of struct tcp_info (tcp_get_info).
var infoFields = map[string]func(e *tcp.Endpoint, s *tcp.Stats) int64{
	"state":         func(e *tcp.Endpoint, s *tcp.Stats) int64 { return stateNumbers[e.State()] },
	"snd_cwnd":      func(e *tcp.Endpoint, s *tcp.Stats) int64 { return s.Cwnd / int64(e.MSS()) },
	"snd_mss":       func(e *tcp.Endpoint, s *tcp.Stats) int64 { return int64(e.MSS()) },
	"rto":           func(e *tcp.Endpoint, s *tcp.Stats) int64 { return int64(s.RTO / sim.Microsecond) },
	"rtt":           func(e *tcp.Endpoint, s *tcp.Stats) int64 { return int64(s.SRTT / sim.Microsecond) },
	"min_rtt":       func(e *tcp.Endpoint, s *tcp.Stats) int64 { return int64(s.MinRTT / sim.Microsecond) },
	"total_retrans": func(e *tcp.Endpoint, s *tcp.Stats) int64 { return s.Retransmits },
	"delivered":     func(e *tcp.Endpoint, s *tcp.Stats) int64 { return s.Delivered },
	"notsent_bytes": func(e *tcp.Endpoint, s *tcp.Stats) int64 { return s.Unsent },
}
