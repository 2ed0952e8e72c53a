package packetdrill

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"netgpusim/sim"
)

// ip is ip(8): there is no cache of metrics, and links and addresses are the model's own.
func (s *settings) ip(at Pos, args []string) *Error {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(args) > 1 {
		switch args[0] {
		case "tcp_metrics", "tcpmetrics":
			if args[1] != "show" {
				s.host.FlushMetrics()
			}
			return nil
		case "addr", "address", "a", "neigh":
			return nil
		case "link", "l":
			return s.link(at, args)
		case "r", "ro", "route":
			return s.route(at, args[1:])
		}
	}
	return unsupported(at, "ip %s; known are ip tcp_metrics, ip link, ip addr, ip route", strings.Join(args, " "))
}

// link is ip-link(8) or ifconfig(8): of a device, only its MTU matters.
func (s *settings) link(at Pos, args []string) *Error {
	i := slices.Index(args, "mtu")
	if i < 0 {
		return nil
	}
	return s.routeMTU(at, next(args, i))
}

func (s *settings) routeMTU(at Pos, text string) *Error {
	n, err := strconv.Atoi(text)
	if err != nil || n < minMTU || n > maxMTU {
		return wrong(at, "mtu %q: allowed are %d to %d bytes", text, minMTU, maxMTU)
	}
	s.host.SetMTU(sim.Bytes(n))
	return nil
}

// route is ip-route(8): where packets go is settled, of its metrics some are honoured.
func (s *settings) route(at Pos, args []string) *Error {
	window, least := 0, sim.Time(0)
	for i := 1; i < len(args); i++ {
		value := next(args, i)
		switch args[i] {
		case "initcwnd":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 1000 {
				return wrong(at, "ip route initcwnd %q: allowed are 1 to 1000 segments", value)
			}
			window = n
		case "rto_min":
			d, err := time.ParseDuration(value)
			if err != nil || d < time.Millisecond || d > 2*time.Minute {
				return wrong(at, "ip route rto_min %q: allowed are 1ms to 120s", value)
			}
			least = sim.Time(d.Nanoseconds()) * sim.Nanosecond
		case "mtu":
			if value == "lock" {
				value = next(args, i+1)
			}
			if err := s.routeMTU(at, value); err != nil {
				return err
			}
		case "congctl":
			if err := s.set(at, "net.ipv4.tcp_congestion_control", value); err != nil {
				return err
			}
		case "features":
			if value != "ecn" {
				return unsupported(at, "ip route features %s; known is ecn", value)
			}
			if err := s.set(at, "net.ipv4.tcp_ecn", "1"); err != nil {
				return err
			}
		case "advmss", "quickack", "window", "initrwnd", "cwnd", "ssthresh", "rtt", "reordering", "fastopen_no_cookie":
			return unsupported(at, "ip route %s; known are initcwnd, rto_min, mtu, congctl and features ecn", args[i])
		}
	}
	s.host.SetRoute(window, least)
	return nil
}

// next is the argument behind another.
func next(args []string, i int) string {
	if i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// tc is tc(8): the queue fq paces packets, other queues change nothing.
func (s *settings) tc(at Pos, args []string) *Error {
	if len(args) > 1 && args[0] == "qdisc" {
		has := func(kind string) bool { return slices.Contains(args, kind) }
		switch {
		case has("fq"):
			s.host.SetPacing(true)
			return nil
		case args[1] == "show":
			return nil
		case args[1] == "del", slices.ContainsFunc(plainQueues, has):
			s.host.SetPacing(false)
			return nil
		}
	}
	return unsupported(at, "tc %s; known are tc qdisc with fq, pfifo, pfifo_fast, fq_codel, noqueue", strings.Join(args, " "))
}

// plainQueues are queues that only keep packets in order while the link is busy, and the
// link of a script never is.
var plainQueues = []string{"pfifo", "bfifo", "pfifo_fast", "fq_codel", "noqueue", "mq"}
