package packetdrill

import (
	"slices"
	"strconv"
	"strings"
)

// inert is a variable that the host does not have as a setting: the values that change
// nothing a script can see, and why.
type inert struct {
	allowed string // values with spaces between, ">=N", or "" for any
	why     string
}

const (
	asLinux  = "that is what Linux 5.8 does"
	obsolete = "Linux 5.8 has it without effect"
	noCache  = "there is no such cache"
	noLimit  = "the limit is never reached"
	noPath   = "nothing in the model depends on it"
	later    = "Linux 5.8 is as if it were so"
)

// inertVariables are those by name. What stack.Host knows is its own business and not
// here.
var inertVariables = map[string]inert{
	"net.ipv4.tcp_no_metrics_save":                {"", noCache},
	"net.ipv4.tcp_no_ssthresh_metrics_save":       {"", noCache},
	"net.ipv4.tcp_mem":                            {"", noLimit},
	"net.ipv4.tcp_max_orphans":                    {"", noLimit},
	"net.ipv4.tcp_max_tw_buckets":                 {"", noLimit},
	"net.ipv4.tcp_challenge_ack_limit":            {">=200", "the host's limit is random between half of it and more; no script comes near"},
	"net.ipv4.tcp_low_latency":                    {"", obsolete},
	"net.ipv4.tcp_fack":                           {"", obsolete},
	"net.ipv4.tcp_tw_recycle":                     {"0", "Linux 4.12 has taken it away"},
	"net.ipv4.tcp_max_ssthresh":                   {"0", asLinux},
	"net.ipv4.tcp_thin_dupack":                    {"", obsolete},
	"net.ipv4.tcp_dma_copybreak":                  {"", obsolete},
	"net.ipv4.tcp_abc":                            {"0", asLinux},
	"net.ipv4.tcp_cookie_size":                    {"0", asLinux},
	"net.ipv4.tcp_available_ulp":                  {"", noPath},
	"net.ipv4.tcp_allowed_congestion_control":     {"", "all are allowed"},
	"net.ipv4.tcp_available_congestion_control":   {"", "what there is, is"},
	"net.ipv4.tcp_early_demux":                    {"", noPath},
	"net.ipv4.tcp_fwmark_accept":                  {"", "nothing goes by marks"},
	"net.ipv4.fwmark_reflect":                     {"", "nothing goes by marks"},
	"net.ipv4.tcp_l3mdev_accept":                  {"", "there are no VRFs"},
	"net.ipv4.tcp_migrate_req":                    {"", "listeners have no group to migrate in"},
	"net.ipv4.tcp_fastopen_blackhole_timeout_sec": {"", "no middlebox drops what Fast Open sends"},
	"net.ipv4.tcp_app_win":                        {"0 31", "shares of a window from a half to less than a byte; these two reserve nothing"},
	"net.ipv4.tcp_ecn_fallback":                   {"1", asLinux},
	"net.ipv4.tcp_min_snd_mss":                    {"48", asLinux},
	"net.ipv4.tcp_retrans_collapse":               {"1", asLinux},
	"net.ipv4.tcp_stdurg":                         {"0", asLinux},
	"net.ipv4.tcp_workaround_signed_windows":      {"0", asLinux},
	"net.ipv4.tcp_reflect_tos":                    {"0", later},
	"net.ipv4.tcp_shrink_window":                  {"0", later},
	"net.ipv4.tcp_plb_enabled":                    {"0", later},
	"net.ipv4.tcp_pingpong_thresh":                {"3", later},
	"net.ipv4.tcp_syn_linear_timeouts":            {"0", later},
	"net.ipv4.tcp_tso_rtt_log":                    {"0", later},
	"net.ipv4.tcp_rto_max_ms":                     {"120000", later},
	"net.ipv4.tcp_backlog_ack_defer":              {"", noPath},
	"net.ipv4.tcp_child_ehash_entries":            {"", noPath},
	"net.ipv4.tcp_ehash_entries":                  {"", noPath},
	"net.ipv4.tcp_tw_reuse_delay":                 {"1000", later},
	"net.ipv4.tcp_ecn_option":                     {"", "accurate ECN is not there"},
	"net.ipv4.tcp_ecn_option_beacon":              {"", "accurate ECN is not there"},
	"net.ipv4.ip_no_pmtu_disc":                    {"0", asLinux},
	"net.ipv4.route.min_pmtu":                     {"552", asLinux},
	"net.ipv4.ip_forward":                         {"", noPath},
	"net.ipv4.ip_nonlocal_bind":                   {"0", asLinux},
	"net.ipv4.ip_early_demux":                     {"", noPath},
	"net.ipv4.ip_dynaddr":                         {"", noPath},
	"net.ipv4.ip_local_reserved_ports":            {"", noPath},
	"net.ipv4.ip_unprivileged_port_start":         {"", "every port may be bound"},
	"net.ipv4.ip_autobind_reuse":                  {"0", asLinux},
	"net.ipv6.bindv6only":                         {"0", asLinux},
	"net.ipv6.flowlabel_consistency":              {"", "flow labels are not modelled"},
	"net.ipv6.auto_flowlabels":                    {"", "flow labels are not modelled"},
	"net.core.default_qdisc":                      {"", "tc qdisc says whether packets are paced"},
	"net.core.rmem_default":                       {"", "tcp_rmem is what counts for TCP"},
	"net.core.wmem_default":                       {"", "tcp_wmem is what counts for TCP"},
	"net.core.optmem_max":                         {"", noLimit},
	"net.core.tstamp_allow_data":                  {"1", asLinux},
	"net.core.high_order_alloc_disable":           {"", noPath},
	"net.core.skb_defer_max":                      {"", noPath},
	"net.core.gro_normal_batch":                   {"", noPath},
	"net.core.warnings":                           {"", noPath},
	"net.core.message_cost":                       {"", noPath},
	"net.core.message_burst":                      {"", noPath},
}

// inertPrefixes are whole families of them.
var inertPrefixes = []struct{ prefix, why string }{
	{"net.ipv4.icmp_", "there is one peer, and ICMP is what the script sends"},
	{"net.ipv4.igmp_", noPath}, {"net.ipv4.udp_", "there is only TCP"}, {"net.ipv4.inet_peer_", noCache},
	{"net.ipv4.ipfrag_", "nothing is fragmented"}, {"net.ipv6.ip6frag_", "nothing is fragmented"},
	{"net.ipv4.conf.", "the link is the model's own"}, {"net.ipv6.conf.", "the link is the model's own"},
	{"net.ipv4.neigh.", "the link is the model's own"}, {"net.ipv6.neigh.", "the link is the model's own"},
	{"net.ipv4.route.", noCache}, {"net.ipv6.route.", noCache}, {"net.ipv6.icmp.", noPath},
	{"net.core.netdev_", noLimit}, {"net.core.dev_weight", noLimit}, {"net.core.rps_", noPath}, {"net.core.flow_limit_", noLimit},
	{"net.core.busy_", noPath}, {"net.core.bpf_", noPath}, {"net.netfilter.", "there is no filter"}, {"net.unix.", noPath},
	{"kernel.", noPath}, {"vm.", noPath}, {"fs.", noPath}, {"dev.", noPath},
}

// inertVariable finds a variable that changes nothing.
func inertVariable(name string) (inert, bool) {
	if v, ok := inertVariables[name]; ok {
		return v, true
	}
	for _, f := range inertPrefixes {
		if strings.HasPrefix(name, f.prefix) {
			return inert{why: f.why}, true
		}
	}
	return inert{}, false
}

// takes says whether a value changes nothing.
func (v *inert) takes(value string) bool {
	if least, ok := strings.CutPrefix(v.allowed, ">="); ok {
		bound, _ := strconv.ParseInt(least, 10, 64)
		n, err := strconv.ParseInt(value, 0, 64)
		return err == nil && n >= bound
	}
	return v.allowed == "" || slices.Contains(strings.Fields(v.allowed), value)
}
