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
}
