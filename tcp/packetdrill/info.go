package packetdrill

import (
	"reflect"
	"strings"

	"netgpusim/tcp"
)

// lookup is what names mean in code: members of struct tcp_info of the connection that
// the last socket or accept call has made, and constants.
func (r *runner) lookup(name string) (value, bool) {
	if n, ok := codeConstants[name]; ok {
		return integer(n), true
	}
	i, ok := infoFields[name]
	if !ok {
		n, ok := r.setup.symbol(name)
		return integer(n), ok
	}
	ep := r.host.Endpoint(r.last)
	if ep == nil {
		return integer(0), true
	}
	switch f := reflect.ValueOf(ep.Info(r.now)).Field(i); f.Kind() {
	case reflect.Bool:
		return integer(int64(truth(f.Bool()))), true
	case reflect.Int, reflect.Int32, reflect.Int64:
		return integer(f.Int()), true
	default:
		return integer(int64(f.Uint())), true
	}
}

// infoFields are the members of struct tcp_info by their names in Linux: those of
// tcp.Info are the same without underscores.
var infoFields = func() map[string]int {
	plain := map[string]int{}
	t := reflect.TypeFor[tcp.Info]()
	for i := range t.NumField() {
		plain[strings.ToLower(t.Field(i).Name)] = i
	}
	all := map[string]int{}
	for _, name := range infoNames {
		if i, ok := plain[strings.ReplaceAll(name, "_", "")]; ok {
			all["tcpi_"+name] = i
		}
	}
	if i, ok := plain["rateapplimited"]; ok {
		all["tcpi_delivery_rate_app_limited"] = i
	}
	return all
}()

// infoNames are the members as Linux 5.8's uapi/linux/tcp.h has them, without tcpi_.
var infoNames = strings.Fields(`state ca_state retransmits probes backoff options snd_wscale rcv_wscale
	rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv last_ack_recv
	pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans
	pacing_rate max_pacing_rate bytes_acked bytes_received segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out
	delivery_rate busy_time rwnd_limited sndbuf_limited delivered delivered_ce bytes_sent bytes_retrans dsack_dups reord_seen rcv_ooopack snd_wnd`)

// codeConstants are names of Linux's headers that assertions use.
var codeConstants = map[string]int64{
	"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6,
	"TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
	"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8, "TCPI_OPT_ECN_SEEN": 16, "TCPI_OPT_SYN_DATA": 32,
}
