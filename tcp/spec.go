package tcp

import "netgpusim/sim"

// Spec is the immutable configuration of a host's TCP, as sysctls and patch 13 of
// the RFC set it. See nic.Spec for what the struct tags mean.
type Spec struct {
	IPVersion int  `key:"ip_version" min:"4" max:"6" doc:"4 or 6"`
	VLAN      bool `key:"vlan" doc:"frames carry an 802.1Q tag that the NIC does not strip"`

	PadOptions sim.Bytes `key:"pad_options" min:"0" max:"40" doc:"established segments are padded with NOPs until options are at least this long (netgpu: 20; 0 switches padding off)"`
	Timestamps bool      `key:"timestamps" doc:"RFC 7323 timestamps, 1 ms granularity"`
	SACK       bool      `key:"sack" doc:"selective acknowledgements"`
	NoScaling  bool      `key:"no_window_scaling" doc:"tcp_window_scaling is 0: windows are not scaled"`

	Congestion    string    `key:"congestion" enum:"cubic|reno|dctcp|bbr" doc:"congestion control; dctcp is reno where ecn is not negotiated"`
	InitialWindow int       `key:"initial_window" min:"1" max:"1000" doc:"initial congestion window in segments"`
	ReceiveBuffer sim.Bytes `key:"receive_buffer" min:"4KiB" max:"1GiB" doc:"tcp_rmem maximum; at most half is advertised as window; with netgpu's pages, Linux's growth rule stops at a quarter"`
	SendBuffer    sim.Bytes `key:"send_buffer" min:"4KiB" max:"1GiB" doc:"tcp_wmem maximum: bytes a socket queues before sendmsg blocks"`

	ReceiveInitial sim.Bytes `key:"receive_initial" min:"2304" max:"1GiB" doc:"tcp_rmem default: receive buffer of a new socket"`
	ReceiveMax     sim.Bytes `key:"rmem_max" min:"0" max:"1GiB" doc:"net.core.rmem_max: most that SO_RCVBUF sets (doubled then); counts for the window scale"`
	MTUProbing     int       `key:"mtu_probing" min:"0" max:"2" doc:"tcp_mtu_probing: larger packets are tried (RFC 4821): 0 never, 1 once small ones had to be, 2 always"`
	BaseMSS        int       `key:"base_mss" min:"48" max:"65000" doc:"tcp_base_mss: where the search for a path's MTU begins"`
	MTUProbeFloor  int       `key:"mtu_probe_floor" min:"48" max:"65000" doc:"tcp_mtu_probe_floor: how far down a black hole takes it"`
	ProbeThreshold int       `key:"probe_threshold" min:"0" max:"65535" doc:"tcp_probe_threshold: the search ends when it has come so near, bytes"`
	ProbeInterval  sim.Time  `key:"probe_interval" min:"0" max:"86400s" doc:"tcp_probe_interval: and begins anew after this time"`

	SendInitial     sim.Bytes `key:"send_initial" min:"0" max:"1GiB" doc:"tcp_wmem default: send buffer of a new socket before tuning"`
	SendMax         sim.Bytes `key:"wmem_max" min:"0" max:"1GiB" doc:"net.core.wmem_max: most that SO_SNDBUF sets (doubled then)"`
	AdvWinScale     int       `key:"adv_win_scale" min:"-31" max:"31" doc:"tcp_adv_win_scale: the share 1/2^n of a receive buffer is not window (n <= 0: all but 1/2^-n)"`
	ModerateReceive bool      `key:"moderate_rcvbuf" doc:"tcp_moderate_rcvbuf: receive buffers grow with what the reader takes"`
	AutoCorking     bool      `key:"autocorking" doc:"tcp_autocorking: a short tail waits while the NIC has earlier data"`
	NotSentLowat    sim.Bytes `key:"notsent_lowat" min:"0" max:"4GiB" doc:"tcp_notsent_lowat: unsent bytes below which a socket is writable; 0 for no limit"`

	MinRTO        sim.Time `key:"min_rto" min:"1ms" max:"120s" doc:"floor of the retransmission timeout's variance term"`
	DelayedACK    sim.Time `key:"delayed_ack" min:"0" max:"1s" doc:"shortest time for which an ACK waits for data to carry it; 0: it never waits"`
	CompSACKDelay sim.Time `key:"comp_sack_delay" min:"0" max:"1s" doc:"tcp_comp_sack_delay_ns: longest time for which duplicate ACKs are held back (a twentieth of the round trip otherwise)"`
	CompSACKSlack sim.Time `key:"comp_sack_slack" min:"0" max:"1s" doc:"tcp_comp_sack_slack_ns: by which that timer is late"`
	CompSACKCount int      `key:"comp_sack_nr" min:"0" max:"255" doc:"tcp_comp_sack_nr: ACKs held back before one is sent; 0 holds none back"`
	ACKPolicy     string   `key:"ack_policy" enum:"linux|freebsd" doc:"when to acknowledge: linux, or freebsd: every second segment, no quick ACKs"`

	SynRetries       int      `key:"syn_retries" min:"1" max:"127" doc:"tcp_syn_retries: how often a SYN is sent again"`
	SynAckRetries    int      `key:"synack_retries" min:"0" max:"127" doc:"tcp_synack_retries: the same of a SYN-ACK"`
	Retries2         int      `key:"retries2" min:"0" max:"255" doc:"tcp_retries2: timeouts in a row after which a connection is given up"`
	Retries1         int      `key:"retries1" min:"0" max:"255" doc:"tcp_retries1: timeouts in a row after which the path may be a black hole"`
	OrphanRetries    int      `key:"orphan_retries" min:"0" max:"255" doc:"tcp_orphan_retries: the same of a connection that no process has; 0 stands for 8"`
	FinTimeout       sim.Time `key:"fin_timeout" min:"0" max:"120s" doc:"tcp_fin_timeout: FIN-WAIT-2 of a connection that no process has"`
	KeepaliveTime    sim.Time `key:"keepalive_time" min:"1s" max:"32767s" doc:"tcp_keepalive_time: idle time before the first keepalive probe"`
	KeepaliveEvery   sim.Time `key:"keepalive_intvl" min:"1s" max:"32767s" doc:"tcp_keepalive_intvl: between keepalive probes"`
	KeepaliveProbes  int      `key:"keepalive_probes" min:"1" max:"127" doc:"tcp_keepalive_probes: unanswered ones before the connection is given up"`
	InvalidRatelimit sim.Time `key:"invalid_ratelimit" min:"0" max:"120s" doc:"tcp_invalid_ratelimit: least time between answers to segments that are not acceptable"`
	RFC1337          bool     `key:"rfc1337" doc:"tcp_rfc1337: a reset does not end TIME-WAIT"`

	Recovery           string   `key:"recovery" enum:"linux|rfc6675" doc:"loss recovery: Linux 5.8's (RACK, tail loss probes, PRR, undo), or that of RFC 5681, 6582 and 6675 alone"`
	RACK               int      `key:"rack" min:"0" max:"7" doc:"tcp_recovery: 1 finds losses by RACK, otherwise as many as reordering SACKed beyond are needed; 2: the reordering window does not grow; 4: that count does not close it"`
	ECN                int      `key:"ecn" min:"0" max:"2" doc:"tcp_ecn: 0 never, 1 asked for and accepted, 2 accepted only"`
	FRTO               bool     `key:"frto" doc:"tcp_frto: find out whether timeouts are spurious (RFC 5682)"`
	DSACK              bool     `key:"dsack" doc:"tcp_dsack: report duplicates (RFC 2883)"`
	TailLossProbe      bool     `key:"tail_loss_probe" doc:"tcp_early_retrans 3 or 0"`
	Reordering         int      `key:"reordering" min:"1" max:"1000" doc:"tcp_reordering: segments that may overtake one before it counts as lost, to begin with"`
	MaxReordering      int      `key:"max_reordering" min:"1" max:"100000" doc:"tcp_max_reordering: what that may grow to"`
	SlowStartAfterIdle bool     `key:"slow_start_after_idle" doc:"tcp_slow_start_after_idle: the window shrinks while it is not used"`
	MinRTTWindow       sim.Time `key:"min_rtt_window" min:"0" max:"86400s" doc:"tcp_min_rtt_wlen: over how long the least round trip is taken"`

	MinTSOSegs int `key:"min_tso_segs" min:"0" max:"65535" doc:"tcp_min_tso_segs: least segments of a super-segment however slow the connection is; 0 stands for 2"`
	WinDivisor int `key:"tso_win_divisor" min:"0" max:"65535" doc:"tcp_tso_win_divisor: a super-segment waits for this part of the window to open; 0: for three segments"`

	OutputLimit sim.Bytes `key:"limit_output" min:"0" max:"1GiB" doc:"tcp_limit_output_bytes: most that a connection has queued in the NIC (TCP small queues)"`

	PacingSlowStartRatio int `key:"pacing_slow_start_ratio" min:"1" max:"1000" doc:"tcp_pacing_ss_ratio: pacing rate in slow start, percent of window per round trip"`
	PacingRatio          int `key:"pacing_ratio" min:"1" max:"1000" doc:"tcp_pacing_ca_ratio: the same later"`
}
