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

	Congestion    string    `key:"congestion" enum:"cubic|reno" doc:"congestion control"`
	InitialWindow int       `key:"initial_window" min:"1" max:"1000" doc:"initial congestion window in segments"`
	ReceiveBuffer sim.Bytes `key:"receive_buffer" min:"4KiB" max:"1GiB" doc:"tcp_rmem maximum; at most half is advertised as window, and Linux's growth rule stops at a quarter"`
	SendBuffer    sim.Bytes `key:"send_buffer" min:"4KiB" max:"1GiB" doc:"tcp_wmem maximum: bytes a socket queues before sendmsg blocks"`
	MinRTO        sim.Time  `key:"min_rto" min:"1ms" max:"120s" doc:"floor of the retransmission timeout's variance term"`
	DelayedACK    sim.Time  `key:"delayed_ack" min:"0" max:"1s" doc:"delayed acknowledgement timer"`

	SynRetries       int      `key:"syn_retries" min:"1" max:"127" doc:"tcp_syn_retries: how often a SYN is sent again"`
	SynAckRetries    int      `key:"synack_retries" min:"0" max:"127" doc:"tcp_synack_retries: the same of a SYN-ACK"`
	Retries2         int      `key:"retries2" min:"0" max:"255" doc:"tcp_retries2: timeouts in a row after which a connection is given up"`
	OrphanRetries    int      `key:"orphan_retries" min:"0" max:"255" doc:"tcp_orphan_retries: the same of a connection that no process has; 0 stands for 8"`
	FinTimeout       sim.Time `key:"fin_timeout" min:"0" max:"120s" doc:"tcp_fin_timeout: FIN-WAIT-2 of a connection that no process has"`
	KeepaliveTime    sim.Time `key:"keepalive_time" min:"1s" max:"32767s" doc:"tcp_keepalive_time: idle time before the first keepalive probe"`
	KeepaliveEvery   sim.Time `key:"keepalive_intvl" min:"1s" max:"32767s" doc:"tcp_keepalive_intvl: between keepalive probes"`
	KeepaliveProbes  int      `key:"keepalive_probes" min:"1" max:"127" doc:"tcp_keepalive_probes: unanswered ones before the connection is given up"`
	InvalidRatelimit sim.Time `key:"invalid_ratelimit" min:"0" max:"120s" doc:"tcp_invalid_ratelimit: least time between answers to segments that are not acceptable"`
	RFC1337          bool     `key:"rfc1337" doc:"tcp_rfc1337: a reset does not end TIME-WAIT"`
}
