package stack

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// variables are the sysctls that the model honours.
var variables = map[string]variable{
	"net.core.rmem_max":  size(2304, func(s *tcp.Spec) *sim.Bytes { return &s.ReceiveMax }),
	"net.core.wmem_max":  size(4608, func(s *tcp.Spec) *sim.Bytes { return &s.SendMax }),
	"net.core.somaxconn": setting(0, 65535, func(s *sysctls) *int { return &s.somaxconn }),

	"net.ipv4.ip_default_ttl":           setting(1, 255, func(s *sysctls) *int { return &s.ttl }),
	"net.ipv4.ip_local_port_range":      {lo: 1, hi: 65535, count: 2, set: setPortRange, get: portRange},
	"net.ipv4.tcp_abort_on_overflow":    toggle(func(s *sysctls) *bool { return &s.abortOnOverflow }),
	"net.ipv4.tcp_fastopen":             setting(-1<<31, maxInt, func(s *sysctls) *int { return &s.fastOpen }),
	"net.ipv4.tcp_fastopen_key":         {setWord: setFastOpenKey, getWord: fastOpenKey},
	"net.ipv4.tcp_max_syn_backlog":      setting(0, maxInt, func(s *sysctls) *int { return &s.maxSYNBacklog }),
	"net.ipv4.tcp_syncookies":           setting(0, 2, func(s *sysctls) *int { return &s.synCookies }),
	"net.ipv4.tcp_thin_linear_timeouts": toggle(func(s *sysctls) *bool { return &s.thinLinear }),
	"net.ipv4.tcp_tw_reuse":             setting(0, 2, func(s *sysctls) *int { return &s.twReuse }),

	"net.ipv4.tcp_adv_win_scale":         specInt(-31, 31, func(s *tcp.Spec) *int { return &s.AdvWinScale }),
	"net.ipv4.tcp_autocorking":           specBool(func(s *tcp.Spec) *bool { return &s.AutoCorking }),
	"net.ipv4.tcp_comp_sack_delay_ns":    specTime(0, 1_000_000_000, sim.Nanosecond, func(s *tcp.Spec) *sim.Time { return &s.CompSACKDelay }),
	"net.ipv4.tcp_comp_sack_nr":          specInt(0, 255, func(s *tcp.Spec) *int { return &s.CompSACKCount }),
	"net.ipv4.tcp_comp_sack_slack_ns":    specTime(0, 1_000_000_000, sim.Nanosecond, func(s *tcp.Spec) *sim.Time { return &s.CompSACKSlack }),
	"net.ipv4.tcp_min_tso_segs":          specInt(1, 65535, func(s *tcp.Spec) *int { return &s.MinTSOSegs }),
	"net.ipv4.tcp_limit_output_bytes":    size(0, func(s *tcp.Spec) *sim.Bytes { return &s.OutputLimit }),
	"net.ipv4.tcp_tso_win_divisor":       specInt(0, 65535, func(s *tcp.Spec) *int { return &s.WinDivisor }),
	"net.ipv4.tcp_rto_min_us":            specTime(1, 120_000_000, sim.Microsecond, func(s *tcp.Spec) *sim.Time { return &s.MinRTO }),
	"net.ipv4.tcp_window_scaling":        {lo: 0, hi: maxInt, set: setWindowScaling, get: windowScaling},
	"net.ipv4.tcp_moderate_rcvbuf":       specBool(func(s *tcp.Spec) *bool { return &s.ModerateReceive }),
	"net.ipv4.tcp_notsent_lowat":         {lo: 0, hi: 1<<32 - 1, set: setDefaultLowat, get: defaultLowat},
	"net.ipv4.tcp_rmem":                  triple(2304, func(s *tcp.Spec) (*sim.Bytes, *sim.Bytes) { return &s.ReceiveInitial, &s.ReceiveBuffer }),
	"net.ipv4.tcp_wmem":                  triple(4608, func(s *tcp.Spec) (*sim.Bytes, *sim.Bytes) { return &s.SendInitial, &s.SendBuffer }),
	"net.ipv4.tcp_base_mss":              specInt(48, 65000, func(s *tcp.Spec) *int { return &s.BaseMSS }),
	"net.ipv4.tcp_mtu_probe_floor":       specInt(48, 65000, func(s *tcp.Spec) *int { return &s.MTUProbeFloor }),
	"net.ipv4.tcp_mtu_probing":           specInt(0, 2, func(s *tcp.Spec) *int { return &s.MTUProbing }),
	"net.ipv4.tcp_probe_interval":        specTime(0, 86400, sim.Second, func(s *tcp.Spec) *sim.Time { return &s.ProbeInterval }),
	"net.ipv4.tcp_probe_threshold":       specInt(0, 65535, func(s *tcp.Spec) *int { return &s.ProbeThreshold }),
	"net.ipv4.tcp_congestion_control":    {setWord: setDefaultCongestion, getWord: func(h *Host) string { return h.cfg.Spec.Congestion }},
	"net.ipv4.tcp_dsack":                 specBool(func(s *tcp.Spec) *bool { return &s.DSACK }),
	"net.ipv4.tcp_early_retrans":         {lo: 0, hi: 4, set: setEarlyRetrans, get: earlyRetrans},
	"net.ipv4.tcp_ecn":                   specInt(0, 2, func(s *tcp.Spec) *int { return &s.ECN }),
	"net.ipv4.tcp_fin_timeout":           specTime(0, 120, sim.Second, func(s *tcp.Spec) *sim.Time { return &s.FinTimeout }),
	"net.ipv4.tcp_frto":                  specBool(func(s *tcp.Spec) *bool { return &s.FRTO }),
	"net.ipv4.tcp_invalid_ratelimit":     specTime(0, 120_000, sim.Millisecond, func(s *tcp.Spec) *sim.Time { return &s.InvalidRatelimit }),
	"net.ipv4.tcp_keepalive_intvl":       specTime(1, 32767, sim.Second, func(s *tcp.Spec) *sim.Time { return &s.KeepaliveEvery }),
	"net.ipv4.tcp_keepalive_probes":      specInt(1, 127, func(s *tcp.Spec) *int { return &s.KeepaliveProbes }),
	"net.ipv4.tcp_keepalive_time":        specTime(1, 32767, sim.Second, func(s *tcp.Spec) *sim.Time { return &s.KeepaliveTime }),
	"net.ipv4.tcp_max_reordering":        specInt(1, 100_000, func(s *tcp.Spec) *int { return &s.MaxReordering }),
	"net.ipv4.tcp_min_rtt_wlen":          specTime(0, 86400, sim.Second, func(s *tcp.Spec) *sim.Time { return &s.MinRTTWindow }),
	"net.ipv4.tcp_orphan_retries":        specInt(0, 255, func(s *tcp.Spec) *int { return &s.OrphanRetries }),
	"net.ipv4.tcp_pacing_ca_ratio":       specInt(1, 1000, func(s *tcp.Spec) *int { return &s.PacingRatio }),
	"net.ipv4.tcp_pacing_ss_ratio":       specInt(1, 1000, func(s *tcp.Spec) *int { return &s.PacingSlowStartRatio }),
	"net.ipv4.tcp_reordering":            specInt(1, 1000, func(s *tcp.Spec) *int { return &s.Reordering }),
	"net.ipv4.tcp_recovery":              specInt(0, 7, func(s *tcp.Spec) *int { return &s.RACK }),
	"net.ipv4.tcp_retries1":              specInt(0, 255, func(s *tcp.Spec) *int { return &s.Retries1 }),
	"net.ipv4.tcp_retries2":              specInt(0, 255, func(s *tcp.Spec) *int { return &s.Retries2 }),
	"net.ipv4.tcp_rfc1337":               specBool(func(s *tcp.Spec) *bool { return &s.RFC1337 }),
	"net.ipv4.tcp_sack":                  specBool(func(s *tcp.Spec) *bool { return &s.SACK }),
	"net.ipv4.tcp_slow_start_after_idle": specBool(func(s *tcp.Spec) *bool { return &s.SlowStartAfterIdle }),
	"net.ipv4.tcp_syn_retries":           specInt(1, 127, func(s *tcp.Spec) *int { return &s.SynRetries }),
	"net.ipv4.tcp_synack_retries":        specInt(0, 127, func(s *tcp.Spec) *int { return &s.SynAckRetries }),
	"net.ipv4.tcp_timestamps":            specBool(func(s *tcp.Spec) *bool { return &s.Timestamps }),
}

// setting is a variable of the host.
func setting(lo, hi int64, field func(*sysctls) *int) variable {
	return variable{lo: lo, hi: hi,
		set: func(h *Host, n []int64) { *field(&h.sys) = int(n[0]) },
		get: func(h *Host) []int64 { return []int64{int64(*field(&h.sys))} },
	}
}

// toggle is a variable of the host that is 0 or not.
func toggle(field func(*sysctls) *bool) variable {
	return variable{lo: 0, hi: maxInt,
		set: func(h *Host, n []int64) { *field(&h.sys) = n[0] != 0 },
		get: func(h *Host) []int64 { return []int64{truth(*field(&h.sys))} },
	}
}

// specInt is a variable of the endpoints to come.
func specInt(lo, hi int64, field func(*tcp.Spec) *int) variable {
	return variable{lo: lo, hi: hi,
		set: func(h *Host, n []int64) { h.reconfigure(func(s *tcp.Spec) { *field(s) = int(n[0]) }) },
		get: func(h *Host) []int64 { return []int64{int64(*field(&h.cfg.Spec))} },
	}
}

// specBool is one that is 0 or not.
func specBool(field func(*tcp.Spec) *bool) variable {
	return variable{lo: 0, hi: maxInt,
		set: func(h *Host, n []int64) { h.reconfigure(func(s *tcp.Spec) { *field(s) = n[0] != 0 }) },
		get: func(h *Host) []int64 { return []int64{truth(*field(&h.cfg.Spec))} },
	}
}

// specTime is one that counts units of time.
func specTime(lo, hi int64, unit sim.Time, field func(*tcp.Spec) *sim.Time) variable {
	return variable{lo: lo, hi: hi,
		set: func(h *Host, n []int64) { h.reconfigure(func(s *tcp.Spec) { *field(s) = sim.Time(n[0]) * unit }) },
		get: func(h *Host) []int64 { return []int64{int64(*field(&h.cfg.Spec) / unit)} },
	}
}

// size is a number of bytes.
func size(lo int64, field func(*tcp.Spec) *sim.Bytes) variable {
	return variable{lo: lo, hi: maxInt,
		set: func(h *Host, n []int64) { h.reconfigure(func(s *tcp.Spec) { *field(s) = sim.Bytes(n[0]) }) },
		get: func(h *Host) []int64 { return []int64{int64(*field(&h.cfg.Spec))} },
	}
}

// triple is the least, first and largest size of a buffer. The least counts only where
// memory is short, which the model does not have.
func triple(least int64, field func(*tcp.Spec) (first, most *sim.Bytes)) variable {
	return variable{lo: 1, hi: maxInt, count: 3,
		set: func(h *Host, n []int64) {
			h.reconfigure(func(s *tcp.Spec) {
				first, most := field(s)
				*first, *most = sim.Bytes(max(n[1], least)), sim.Bytes(max(n[2], least))
			})
		},
		get: func(h *Host) []int64 {
			first, most := field(&h.cfg.Spec)
			return []int64{4096, int64(*first), int64(*most)}
		},
	}
}

func setWindowScaling(h *Host, n []int64) {
	h.reconfigure(func(s *tcp.Spec) { s.NoScaling = n[0] == 0 })
}

func windowScaling(h *Host) []int64 { return []int64{truth(!h.cfg.Spec.NoScaling)} }

func setPortRange(h *Host, n []int64) {
	h.sys.portLow, h.sys.portHigh = int(n[0]), int(max(n[0], n[1]))
}

func portRange(h *Host) []int64 { return []int64{int64(h.sys.portLow), int64(h.sys.portHigh)} }

func setDefaultCongestion(h *Host, name string) error {
	if !slices.Contains(tcp.CongestionControls, name) {
		return fmt.Errorf("net.ipv4.tcp_congestion_control: %q: allowed are %s", name, strings.Join(tcp.CongestionControls, ", "))
	}
	h.reconfigure(func(s *tcp.Spec) { s.Congestion = name })
	return nil
}

// Tail loss probes are on from this value of tcp_early_retrans on; 1 and 2 have had no
// meaning since RACK.
const lossProbes = 3

func setEarlyRetrans(h *Host, n []int64) {
	h.reconfigure(func(s *tcp.Spec) { s.TailLossProbe = n[0] >= lossProbes })
}

func earlyRetrans(h *Host) []int64 { return []int64{lossProbes * truth(h.cfg.Spec.TailLossProbe)} }

// noLowat is the kernel's way to say that unsent data has no limit.
const noLowat = 1<<32 - 1

func setDefaultLowat(h *Host, n []int64) {
	h.reconfigure(func(s *tcp.Spec) {
		if s.NotSentLowat = sim.Bytes(n[0]); n[0] == noLowat {
			s.NotSentLowat = 0
		}
	})
}

func defaultLowat(h *Host) []int64 {
	if n := h.cfg.Spec.NotSentLowat; n != 0 {
		return []int64{int64(n)}
	}
	return []int64{noLowat}
}
