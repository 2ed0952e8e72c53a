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

	ReceiveInitial  sim.Bytes `key:"receive_initial" min:"2304" max:"1GiB" doc:"tcp_rmem default: receive buffer of a new socket"`
	ReceiveMax      sim.Bytes `key:"rmem_max" min:"0" max:"1GiB" doc:"net.core.rmem_max: most that SO_RCVBUF sets (doubled then); counts for the window scale"`
	SendInitial     sim.Bytes `key:"send_initial" min:"0" max:"1GiB" doc:"tcp_wmem default: send buffer of a new socket before tuning"`
	SendMax         sim.Bytes `key:"wmem_max" min:"0" max:"1GiB" doc:"net.core.wmem_max: most that SO_SNDBUF sets (doubled then)"`
	AdvWinScale     int       `key:"adv_win_scale" min:"-31" max:"31" doc:"tcp_adv_win_scale: the share 1/2^n of a receive buffer is not window (n <= 0: all but 1/2^-n)"`
	ModerateReceive bool      `key:"moderate_rcvbuf" doc:"tcp_moderate_rcvbuf: receive buffers grow with what the reader takes"`
	AutoCorking     bool      `key:"autocorking" doc:"tcp_autocorking: a short tail waits while the NIC has earlier data"`
	NotSentLowat    sim.Bytes `key:"notsent_lowat" min:"0" max:"4GiB" doc:"tcp_notsent_lowat: unsent bytes below which a socket is writable; 0 for no limit"`

	MinRTO     sim.Time `key:"min_rto" min:"1ms" max:"120s" doc:"floor of the retransmission timeout's variance term"`
	DelayedACK sim.Time `key:"delayed_ack" min:"0" max:"1s" doc:"shortest time for which an ACK waits for data to carry it; 0: it never waits"`
	ACKPolicy  string   `key:"ack_policy" enum:"linux|freebsd" doc:"when to acknowledge: linux, or freebsd: every second segment, no quick ACKs"`
}
