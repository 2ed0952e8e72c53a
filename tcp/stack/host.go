package stack

import (
	"net/netip"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// Config describes a host.
type Config struct {
	// Spec is the host's TCP as sysctls set it; see DefaultSpec and SetSysctl. Its
	// IPVersion is ignored: sockets have the version of their addresses.
	Spec tcp.Spec

	Addrs []netip.Addr // the host's own, IPv4 and IPv6; at least one
	MTU   sim.Bytes    // of its interface
	Seed  uint64       // of initial sequence numbers, ephemeral ports, cookies
	Bytes bool         // keep and carry real bytes

	// ISN, if not nil, chooses initial sequence numbers in place of the seed.
	ISN func(local, remote netip.AddrPort) uint32
}

// DefaultSpec is Linux 5.8 without netgpu's padding.
func DefaultSpec() tcp.Spec {
	return tcp.Spec{Timestamps: true, SACK: true, Congestion: "cubic", InitialWindow: 10,
		ReceiveBuffer: 6 * sim.MiB, SendBuffer: 4 * sim.MiB, MinRTO: 200 * sim.Millisecond, DelayedACK: 40 * sim.Millisecond}
}

// Host is the TCP sockets of one host and of its one process. It is not safe for
// concurrent use.
type Host struct {
	cfg Config
	now sim.Time
}

// New returns a host without sockets, at time 0.
func New(cfg Config) (*Host, error) {
	return &Host{cfg: cfg}, nil
}

// SetSysctl sets a variable, "net.ipv4.tcp_sack" or with slashes. It holds for
// sockets and connections that begin later, or at once where Linux reads it at once
// (tcp_retries2 and such). The error names the nearest variable that there is, or
// says what values are allowed.
func (h *Host) SetSysctl(name, value string) error { return ENOENT }

// Sysctl returns a variable as /proc/sys has it.
func (h *Host) Sysctl(name string) (string, error) { return "", ENOENT }

// Now is the host's time.
func (h *Host) Now() sim.Time { return h.now }

// Advance moves the host's time to now, not before the present, and runs the timers
// that are due.
func (h *Host) Advance(now sim.Time) { h.now = now }

// Deadline is when Advance must be called next, sim.Never if no timer runs.
func (h *Host) Deadline() sim.Time { return sim.Never }

// Input takes a packet that has arrived. Packets for other addresses are ignored.
func (h *Host) Input(p *Packet) {}

// Output fills in the next packet to send; false if there is none now. A packet with
// much payload (up to 64 KiB) is a super-segment that the NIC would cut into segments of
// p.Seg.MSS: tcp.Frames and tcp.Frame do it.
func (h *Host) Output(p *Packet) bool { return false }

// Sent says that the NIC has completed the transmission of a packet that Output gave:
// TCP small queues let go. It must be called once for each packet with payload.
func (h *Host) Sent(p *Packet) {}

// Endpoint is the TCP endpoint below a descriptor, nil if it has none: for looking at,
// not for driving.
func (h *Host) Endpoint(fd int) *tcp.Endpoint { return nil }
