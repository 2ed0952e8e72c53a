package packetdrill

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// IPVersion is how a script's connections are addressed.
type IPVersion string

// The ways.
const (
	IPv4   IPVersion = "ipv4"
	Mapped IPVersion = "ipv4-mapped-ipv6" // AF_INET6 sockets, IPv4 packets
	IPv6   IPVersion = "ipv6"
)

// IPVersions are all of them.
var IPVersions = []string{string(IPv4), string(Mapped), string(IPv6)}

// setup is what a script's option lines and the caller's options say.
type setup struct {
	version        IPVersion
	local, remote  netip.Addr
	bindPort       uint16
	connectPort    uint16
	mtu            sim.Bytes
	tolerance      sim.Time
	share          float64  // tolerance as a share of the time since the event before, if that is more
	tick           sim.Time // of the TS clock, 0: TS values of the host are not compared
	strictSegments bool
	helpers        []string          // --init_scripts
	nonFatal       map[string]bool   // "packet", "syscall"
	symbols        map[string]string // --define
}

// Defaults: the addresses of packetdrill's documentation, from the blocks for private
// use and for documentation.
func newSetup(o Options) *setup {
	return &setup{bindPort: 8080, connectPort: 8080, tolerance: defaultTolerance,
		strictSegments: o.StrictSegments, nonFatal: map[string]bool{}, symbols: map[string]string{}}
}

// Bounds of the MTU.
const (
	minMTU = 88
	maxMTU = 65535
)

// addresses are those of the host.
func (s *setup) addresses() []netip.Addr { return []netip.Addr{s.local} }

// defaultTolerance is how far packets may be from their time if nothing else is said.
const defaultTolerance = 4 * sim.Millisecond

// apply honours the option lines of a script. The caller's options win.
func (s *setup) apply(o Options, flags []Flag) *Error {
	for _, list := range [...][]Flag{flags, o.Flags} {
		for _, f := range list {
			if err := s.set(f); err != nil {
				return err
			}
		}
	}
	if o.IPVersion != "" {
		s.version = o.IPVersion
	}
	if s.version == "" {
		s.version = IPv4
	}
	s.complete()
	s.define(o.Defines)
	if s.local.Is4() != s.remote.Is4() || s.local.Is4() != (s.version != IPv6) {
		return wrong(Pos{1, 1}, "local address %v and remote address %v: both must be of %s", s.local, s.remote, s.version)
	}
	return nil
}

// set honours one option line.
func (s *setup) set(f Flag) *Error {
	set, ok := flagSetters[f.Name]
	if !ok {
		return unsupported(f.Pos, "option --%s; known are %s", f.Name, knownFlags())
	}
	if set == nil {
		return nil
	}
	if message := set(s, f.Value); message != "" {
		return wrong(f.Pos, "--%s=%s: %s", f.Name, f.Value, message)
	}
	return nil
}

// Check says what is wrong with options, before any script is played.
func (o *Options) Check() error {
	for _, f := range o.Flags {
		if err := newSetup(*o).set(f); err != nil {
			return errors.New(err.Message)
		}
	}
	return nil
}

// complete fills in what nobody has said. An IPv6 header is 20 bytes longer than an
// IPv4 header, so that an MTU of 1520 lets a script have the same MSS with both.
func (s *setup) complete() {
	local, remote, mtu := "192.168.0.1", "192.0.2.1", sim.Bytes(1500)
	if s.version == IPv6 {
		local, remote, mtu = "fd3d:a0b:17d6::1", "fd3d:fa7b:d17d::1", 1520
	}
	if !s.local.IsValid() || s.local.Is4() == (s.version == IPv6) {
		s.local = netip.MustParseAddr(local)
	}
	if !s.remote.IsValid() || s.remote.Is4() == (s.version == IPv6) {
		s.remote = netip.MustParseAddr(remote)
	}
	if s.mtu == 0 {
		s.mtu = mtu
	}
}

// leeway is how far something may be from its time, when the event before was so long ago.
func (s *setup) leeway(since sim.Time) sim.Time {
	return max(s.tolerance, sim.Time(float64(since)*s.share))
}

// define sets the symbols that depend on how connections are addressed, if the script has
// not, and those of the caller.
func (s *setup) define(caller map[string]string) {
	level, kind := "SOL_IP", "IP_RECVERR"
	if s.version != IPv4 {
		level, kind = "SOL_IPV6", "IPV6_RECVERR"
	}
	for name, value := range map[string]string{"CMSG_LEVEL_IP": level, "CMSG_TYPE_RECVERR": kind} {
		if _, ok := s.symbols[name]; !ok {
			s.symbols[name] = value
		}
	}
	maps.Copy(s.symbols, caller)
}

// maxAliases bounds how long a chain of symbols may be.
const maxAliases = 8

// symbol is the number that a name stands for: a defined one, a constant of Linux, an
// error.
func (s *setup) symbol(name string) (int64, bool) {
	for range maxAliases {
		text, ok := s.symbols[name]
		if !ok {
			break
		}
		if n, err := parseInteger(text); err == nil {
			return n, true
		}
		name = text
	}
	if n, ok := constants[name]; ok {
		return n, true
	}
	n := errnoByName(name)
	return int64(n), n != 0
}

// flagSetters are the option lines. nil is accepted without effect: it says how the
// real tool reaches a network, a kernel or a helper that are not there in virtual time.
var flagSetters = map[string]func(s *setup, value string) string{
	"ip_version":        setVersion,
	"local_ip":          setAddress(func(s *setup) *netip.Addr { return &s.local }),
	"remote_ip":         setAddress(func(s *setup) *netip.Addr { return &s.remote }),
	"bind_port":         setPort(func(s *setup) *uint16 { return &s.bindPort }),
	"connect_port":      setPort(func(s *setup) *uint16 { return &s.connectPort }),
	"tolerance_usecs":   setMicroseconds(func(s *setup) *sim.Time { return &s.tolerance }),
	"tcp_ts_tick_usecs": setMicroseconds(func(s *setup) *sim.Time { return &s.tick }),
	"tolerance_percent": func(s *setup, value string) string {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || !(n >= 0 && n <= 100) {
			return "allowed are 0 to 100"
		}
		s.share = n / 100
		return ""
	},
	"mtu": func(s *setup, value string) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < minMTU || n > maxMTU {
			return fmt.Sprintf("allowed are %d to %d bytes", minMTU, maxMTU)
		}
		s.mtu = sim.Bytes(n)
		return ""
	},
	"strict_segments": func(s *setup, value string) string {
		s.strictSegments = value != "0" && value != "false"
		return ""
	},
	"non_fatal": func(s *setup, value string) string {
		for _, kind := range strings.Split(value, ",") {
			if kind != "packet" && kind != "syscall" {
				return "allowed are packet and syscall"
			}
			s.nonFatal[kind] = true
		}
		return ""
	},
	"init_scripts": func(s *setup, value string) string {
		s.helpers = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })
		return ""
	},
	"define": func(s *setup, value string) string {
		name, text, _ := strings.Cut(value, "=")
		if name == "" || text == "" {
			return "allowed is NAME=VALUE"
		}
		s.symbols[name] = text
		return ""
	},

	"mss": nil, "speed": nil, "verbose": nil, "debug": nil, "dry_run": nil,
	"gateway_ip": nil, "netmask_ip": nil, "persistent_tun_dev": nil, "tun_dev": nil, "no_cleanup": nil,
	"so_filename": nil, "so_flags": nil, "send_omit_free": nil, "is_anyip": nil, "use_network_namespace": nil,
	"wire_client": nil, "wire_server": nil, "wire_client_dev": nil, "wire_server_dev": nil, "wire_server_ip": nil,
	"wire_server_port": nil, "wire_server_at": nil, "code_command": nil, "code_format": nil, "code_sockopt": nil,
}

func knownFlags() string {
	var names []string
	for name := range flagSetters {
		names = append(names, "--"+name)
	}
	return joinSorted(names)
}

func setVersion(s *setup, value string) string {
	switch v := IPVersion(strings.ReplaceAll(value, "_", "-")); v {
	case IPv4, Mapped, IPv6:
		s.version = v
		return ""
	}
	return "allowed are " + strings.Join(IPVersions, ", ")
}

func setAddress(field func(*setup) *netip.Addr) func(*setup, string) string {
	return func(s *setup, value string) string {
		value, _, _ = strings.Cut(value, "/") // the length of a prefix says what is routed there
		a, err := netip.ParseAddr(value)
		if err != nil {
			return "allowed is an IPv4 or IPv6 address"
		}
		*field(s) = a.Unmap().WithZone("")
		return ""
	}
}

func setPort(field func(*setup) *uint16) func(*setup, string) string {
	return func(s *setup, value string) string {
		n, err := strconv.ParseUint(value, 0, 16)
		if err != nil || n == 0 {
			return "allowed are ports 1 to 65535"
		}
		*field(s) = uint16(n)
		return ""
	}
}

func setMicroseconds(field func(*setup) *sim.Time) func(*setup, string) string {
	return func(s *setup, value string) string {
		n, err := strconv.ParseInt(value, 0, 64)
		if err != nil || n < 0 || n > 1e9 {
			return "allowed are 0 to 1000000000 microseconds"
		}
		*field(s) = sim.Time(n) * sim.Microsecond
		return ""
	}
}
