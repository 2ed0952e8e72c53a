package packetdrill

// fixedVariable is a variable that the host does not have as a setting: its value in the
// model, or "" where any does, and why.
type fixedVariable struct{ value, why string }

const (
	asLinux = "Linux's default is built in"
	noCache = "there is no such cache"
	noLimit = "the limit is never reached"
	noPath  = "nothing in the model depends on it"
)

// fixed are variables of Linux 5.8 that scripts set and stack.Host does not have.
var fixed = map[string]fixedVariable{
	"net.ipv4.tcp_no_metrics_save":            {"", noCache},
	"net.ipv4.tcp_mem":                        {"", noLimit},
	"net.ipv4.tcp_max_orphans":                {"", noLimit},
	"net.ipv4.tcp_max_tw_buckets":             {"", noLimit},
	"net.ipv4.tcp_low_latency":                {"", noPath},
	"net.ipv4.tcp_available_ulp":              {"", noPath},
	"net.ipv4.tcp_allowed_congestion_control": {"", "all are allowed"},
	"net.ipv4.icmp_ratelimit":                 {"", noPath},
	"net.ipv4.icmp_ratemask":                  {"", noPath},
	"net.ipv4.icmp_msgs_per_sec":              {"", noPath},
	"net.ipv4.route.flush":                    {"", noCache},
	"net.ipv4.ip_early_demux":                 {"", noPath},
	"net.ipv4.tcp_early_demux":                {"", noPath},
	"net.core.default_qdisc":                  {"", "tc qdisc says whether packets are paced"},
	"net.core.optmem_max":                     {"", noLimit},
	"net.core.netdev_max_backlog":             {"", noLimit},
	"net.core.netdev_budget":                  {"", noLimit},
	"net.core.busy_poll":                      {"", noPath},
	"net.core.busy_read":                      {"", noPath},
	"net.core.bpf_jit_enable":                 {"", noPath},
	"net.core.tstamp_allow_data":              {"1", asLinux},
	"net.core.rmem_default":                   {"212992", asLinux},
	"net.core.wmem_default":                   {"212992", asLinux},

	"net.ipv4.ip_no_pmtu_disc":               {"0", asLinux},
	"net.ipv4.tcp_app_win":                   {"31", asLinux},
	"net.ipv4.tcp_challenge_ack_limit":       {"1000", asLinux},
	"net.ipv4.tcp_ecn_fallback":              {"1", asLinux},
	"net.ipv4.tcp_fack":                      {"0", asLinux},
	"net.ipv4.tcp_fwmark_accept":             {"0", asLinux},
	"net.ipv4.tcp_limit_output_bytes":        {"1048576", asLinux},
	"net.ipv4.tcp_min_snd_mss":               {"48", asLinux},
	"net.ipv4.tcp_recovery":                  {"1", asLinux},
	"net.ipv4.tcp_retrans_collapse":          {"1", asLinux},
	"net.ipv4.tcp_retries1":                  {"3", asLinux},
	"net.ipv4.tcp_stdurg":                    {"0", asLinux},
	"net.ipv4.tcp_tso_win_divisor":           {"3", asLinux},
	"net.ipv4.tcp_workaround_signed_windows": {"0", asLinux},
}
