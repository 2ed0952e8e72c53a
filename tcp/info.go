package tcp

import "netgpusim/sim"

// Info is struct tcp_info of Linux 5.8 (getsockopt TCP_INFO), with the kernel's units.
// Each field has the name of its tcpi_ field without underscores.
type Info struct {
	State          uint8 // tcpi_state: the kernel's number, see State.Kernel
	CAState        uint8 // tcpi_ca_state
	Retransmits    uint8 // tcpi_retransmits: timeouts since something was acknowledged
	Probes         uint8 // tcpi_probes: unanswered window or keepalive probes
	Backoff        uint8 // tcpi_backoff
	Options        uint8 // tcpi_options: Info* bits
	SndWscale      uint8 // tcpi_snd_wscale
	RcvWscale      uint8 // tcpi_rcv_wscale
	RateAppLimited bool  // tcpi_delivery_rate_app_limited

	RTO    uint32 // tcpi_rto, us
	ATO    uint32 // tcpi_ato, us
	SndMSS uint32 // tcpi_snd_mss
	RcvMSS uint32 // tcpi_rcv_mss

	Unacked uint32 // tcpi_unacked, segments
	Sacked  uint32 // tcpi_sacked
	Lost    uint32 // tcpi_lost
	Retrans uint32 // tcpi_retrans: sent again and not acknowledged
	Fackets uint32 // tcpi_fackets: always 0

	LastDataSent uint32 // tcpi_last_data_sent, ms ago
	LastAckSent  uint32 // tcpi_last_ack_sent: always 0
	LastDataRecv uint32 // tcpi_last_data_recv, ms ago
	LastAckRecv  uint32 // tcpi_last_ack_recv, ms ago

	PMTU        uint32 // tcpi_pmtu
	RcvSsthresh uint32 // tcpi_rcv_ssthresh: largest window to advertise
	RTT         uint32 // tcpi_rtt, us
	RTTVar      uint32 // tcpi_rttvar, us
	SndSsthresh uint32 // tcpi_snd_ssthresh, segments
	SndCwnd     uint32 // tcpi_snd_cwnd, segments
	AdvMSS      uint32 // tcpi_advmss
	Reordering  uint32 // tcpi_reordering

	RcvRTT   uint32 // tcpi_rcv_rtt, us
	RcvSpace uint32 // tcpi_rcv_space

	TotalRetrans uint32 // tcpi_total_retrans, segments

	PacingRate    uint64 // tcpi_pacing_rate, bytes/s
	MaxPacingRate uint64 // tcpi_max_pacing_rate, bytes/s
	BytesAcked    uint64 // tcpi_bytes_acked
	BytesReceived uint64 // tcpi_bytes_received
	SegsOut       uint32 // tcpi_segs_out
	SegsIn        uint32 // tcpi_segs_in

	NotsentBytes uint32 // tcpi_notsent_bytes
	MinRTT       uint32 // tcpi_min_rtt, us
	DataSegsIn   uint32 // tcpi_data_segs_in
	DataSegsOut  uint32 // tcpi_data_segs_out

	DeliveryRate uint64 // tcpi_delivery_rate, bytes/s

	BusyTime      uint64 // tcpi_busy_time, us: with data unsent or unacknowledged
	RwndLimited   uint64 // tcpi_rwnd_limited, us
	SndbufLimited uint64 // tcpi_sndbuf_limited, us

	Delivered   uint32 // tcpi_delivered, segments
	DeliveredCE uint32 // tcpi_delivered_ce

	BytesSent    uint64 // tcpi_bytes_sent
	BytesRetrans uint64 // tcpi_bytes_retrans
	DSACKDups    uint32 // tcpi_dsack_dups
	ReordSeen    uint32 // tcpi_reord_seen

	RcvOOOPack uint32 // tcpi_rcv_ooopack
	SndWnd     uint32 // tcpi_snd_wnd
}

// Bits of Info.Options (TCPI_OPT_*).
const (
	InfoTimestamps uint8 = 1 << iota
	InfoSACK
	InfoWscale
	InfoECN
	InfoECNSeen
	InfoSYNData
)

// Info returns what getsockopt TCP_INFO tells at time now (tcp_get_info).
func (e *Endpoint) Info(now sim.Time) Info {
	e.advance(now)
	s, r, c := &e.snd, &e.rcv, e.stats
	c.limit(max(now, c.since), c.held)
	info := Info{
		State: e.state.Kernel(), CAState: uint8(s.ca), Retransmits: uint8(min(s.retries, 255)),
		Probes:  e.patience.probes,
		Backoff: s.rtt.backoff, Options: e.infoOptions(),
		SndWscale: e.opt.sndScale, RcvWscale: e.opt.rcvScale,
		RateAppLimited: s.rate.limited,

		RTO: micros(wholeJiffies(s.rtt.timeout())), ATO: micros(r.ack.ato), SndMSS: uint32(e.mssCache()), RcvMSS: uint32(r.ack.mss),
		Unacked: s.rtx.packets(), Sacked: s.sackedOut(), Lost: s.rtx.lostOut, Retrans: s.rtx.retransOut,
		LastDataSent: millisSince(now, s.lastSend), LastDataRecv: millisSince(now, r.ack.lastData), LastAckRecv: millisSince(now, e.patience.heard),

		PMTU: uint32(e.path.mtu), RcvSsthresh: uint32(r.win.threshold),
		RTT: micros(s.rtt.srtt()), RTTVar: micros(s.rtt.mdev4 >> 2),
		SndSsthresh: s.cwnd.ssthresh, SndCwnd: s.cwnd.size, AdvMSS: uint32(r.advMSS), Reordering: s.reordering,
		RcvRTT: micros(r.win.rtt8 >> 3), RcvSpace: uint32(r.win.space),

		TotalRetrans: uint32(c.retransmits), PacingRate: s.pacing.rate, MaxPacingRate: s.pacing.most,
		BytesAcked: e.bytesAcked(), BytesReceived: r.nxt,
		SegsOut: uint32(c.allOut), SegsIn: uint32(c.allIn), NotsentBytes: uint32(s.end - s.nxt), MinRTT: micros(s.rtt.min()),
		DataSegsIn: uint32(c.dataIn), DataSegsOut: uint32(c.segsOut),

		BusyTime: uint64(c.busyUntil(now) / sim.Microsecond), RwndLimited: uint64(c.spent[limitRwnd] / sim.Microsecond),
		SndbufLimited: uint64(c.spent[limitBuffer] / sim.Microsecond),
		Delivered:     uint32(s.delivered), DeliveredCE: uint32(s.deliveredCE),
		BytesSent: uint64(c.bytesOut), BytesRetrans: uint64(c.bytesAgain), DSACKDups: uint32(c.dsacks), ReordSeen: s.reorderSeen,
		RcvOOOPack: uint32(c.outOfOrder), SndWnd: uint32(s.window),
	}
	if us := s.rate.interval / sim.Microsecond; s.rate.delivered > 0 && us > 0 {
		info.DeliveryRate = s.rate.delivered * uint64(e.mssCache()) * uint64(sim.Second/sim.Microsecond) / uint64(us)
	}
	return info
}

// infoOptions is what was negotiated, as tcpi_options tells it.
func (e *Endpoint) infoOptions() (bits uint8) {
	for _, o := range [...]struct {
		on  bool
		bit uint8
	}{{e.opt.timestamps, InfoTimestamps}, {e.opt.sack, InfoSACK}, {e.opt.scaling, InfoWscale},
		{e.snd.ecn.ok, InfoECN}, {e.snd.ecn.seen, InfoECNSeen}, {e.fast.acked, InfoSYNData}} {
		if o.on {
			bits |= o.bit
		}
	}
	return bits
}

// mssCache is the MSS before padding (tp->mss_cache).
func (e *Endpoint) mssCache() int {
	return int(e.mss) + e.optionLen(0) - bareOptionLen(e.opt.timestamps, 0)
}

// bytesAcked is the places of the stream that are acknowledged; an active opener counts
// its SYN, too (tcp_snd_una_update).
func (e *Endpoint) bytesAcked() uint64 {
	if e.handshake.active && e.state >= Established {
		return e.snd.una + 1
	}
	return e.snd.una
}

// micros is a time in microseconds, as a field of Info.
func micros(t sim.Time) uint32 { return uint32(t / sim.Microsecond) }

// wholeJiffies rounds up to the kernel's ticks, in which it keeps its timeout
// (usecs_to_jiffies).
func wholeJiffies(t sim.Time) sim.Time { return (t + jiffy - 1) / jiffy * jiffy }

// millisSince is how many of the kernel's ticks lie between two times.
func millisSince(now, then sim.Time) uint32 { return uint32(jiffies(now) - jiffies(then)) }

// MemInfo is what getsockopt SO_MEMINFO tells of a socket's memory, bytes.
type MemInfo struct {
	RmemAlloc  int64 // SK_MEMINFO_RMEM_ALLOC: charged for what is received and not read
	Rcvbuf     int64 // SK_MEMINFO_RCVBUF
	WmemAlloc  int64 // SK_MEMINFO_WMEM_ALLOC: charged for what the NIC has
	Sndbuf     int64 // SK_MEMINFO_SNDBUF
	WmemQueued int64 // SK_MEMINFO_WMEM_QUEUED: charged for what is not acknowledged
	Drops      int64 // SK_MEMINFO_DROPS: segments dropped, for whatever reason
}

// MemInfo returns the books of both buffers.
func (e *Endpoint) MemInfo() MemInfo {
	m := &e.rcv.memory
	return MemInfo{RmemAlloc: m.charged, Rcvbuf: m.buffer, WmemAlloc: e.snd.nic.charged, Sndbuf: e.snd.buffer, WmemQueued: e.snd.charged(), Drops: e.rcv.drops}
}
