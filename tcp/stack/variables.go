package stack

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/tcp"
)

// variables are the sysctls that the model honours.
var variables = map[string]variable{
	"net.core.somaxconn": setting(0, 65535, func(s *sysctls) *int { return &s.somaxconn }),

	"net.ipv4.ip_default_ttl":        setting(1, 255, func(s *sysctls) *int { return &s.ttl }),
	"net.ipv4.ip_local_port_range":   {lo: 1, hi: 65535, count: 2, set: setPortRange, get: portRange},
	"net.ipv4.tcp_abort_on_overflow": toggle(func(s *sysctls) *bool { return &s.abortOnOverflow }),
	"net.ipv4.tcp_fastopen":          setting(0, 0xFFF, func(s *sysctls) *int { return &s.fastOpen }),
	"net.ipv4.tcp_max_syn_backlog":   setting(0, maxInt, func(s *sysctls) *int { return &s.maxSYNBacklog }),
	"net.ipv4.tcp_syncookies":        setting(0, 2, func(s *sysctls) *int { return &s.synCookies }),
	"net.ipv4.tcp_tw_reuse":          setting(0, 2, func(s *sysctls) *int { return &s.twReuse }),

	"net.ipv4.tcp_congestion_control": {setWord: setDefaultCongestion, getWord: func(h *Host) string { return h.cfg.Spec.Congestion }},
	"net.ipv4.tcp_rfc1337":            specBool(func(s *tcp.Spec) *bool { return &s.RFC1337 }),
	"net.ipv4.tcp_sack":               specBool(func(s *tcp.Spec) *bool { return &s.SACK }),
	"net.ipv4.tcp_timestamps":         specBool(func(s *tcp.Spec) *bool { return &s.Timestamps }),
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

// specBool is one that is 0 or not.
func specBool(field func(*tcp.Spec) *bool) variable {
	return variable{lo: 0, hi: maxInt,
		set: func(h *Host, n []int64) { h.reconfigure(func(s *tcp.Spec) { *field(s) = n[0] != 0 }) },
		get: func(h *Host) []int64 { return []int64{truth(*field(&h.cfg.Spec))} },
	}
}

func setPortRange(h *Host, n []int64) {
	h.sys.portLow, h.sys.portHigh = int(n[0]), int(max(n[0], n[1]))
}

func portRange(h *Host) []int64 { return []int64{int64(h.sys.portLow), int64(h.sys.portHigh)} }

func setDefaultCongestion(h *Host, name string) error {
	if !slices.Contains(congestionControls, name) {
		return fmt.Errorf("net.ipv4.tcp_congestion_control: %q: allowed are %s", name, strings.Join(congestionControls, ", "))
	}
	h.reconfigure(func(s *tcp.Spec) { s.Congestion = name })
	return nil
}
