package stack

import (
	"net/netip"
	"testing"

	"netgpusim/tcp"
)

// What is set before the handshake shows in the SYN, and in the SYN-ACK of a listener that
// has it (tcp_connect_init, tcp_openreq_init_rwin, tcp_select_initial_window).
func TestTheSYNShowsTheOptions(t *testing.T) {
	for _, c := range []struct {
		name         string
		level, what  int
		value        Value
		window       uint16 // of the SYN: whole segments of 1460, if below 65535
		scale        uint8
		mss          uint16
		answerWindow uint16 // of the SYN-ACK: whole segments of 1448
	}{
		{"nothing", SOL_SOCKET, SO_REUSEADDR, Value{Int: 1}, 64240, 7, 1460, 65160},
		{"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, Value{Int: 5000}, 4380, 0, 1460, 4344},
		{"SO_RCVBUF that makes a scale", SOL_SOCKET, SO_RCVBUF, Value{Int: 150_000}, 65535, 2, 1460, 65535},
		{"TCP_WINDOW_CLAMP", SOL_TCP, TCP_WINDOW_CLAMP, Value{Int: 20_000}, 18980, 0, 1460, 18824},
		{"TCP_MAXSEG", SOL_TCP, TCP_MAXSEG, Value{Int: 1000}, 65000, 7, 1000, 65208},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t, nil)
			a, b := n.host[0], n.host[1]
			to := netip.AddrPortFrom(addr4[1], 80)
			client := must(t)(a.Socket(AF_INET, SOCK_STREAM, 0))
			server := must(t)(b.Socket(AF_INET, SOCK_STREAM, 0))
			ok(t, a.Setsockopt(client, c.level, c.what, c.value))
			ok(t, b.Setsockopt(server, c.level, c.what, c.value))
			ok(t, b.Bind(server, to))
			ok(t, b.Listen(server, 1))
			if err := a.Connect(client, to); err != Blocked {
				t.Fatal(err)
			}
			var syn, answer Packet
			if !a.Output(&syn) {
				t.Fatal("no SYN")
			}
			b.Input(&syn)
			if !b.Output(&answer) {
				t.Fatal("no SYN-ACK")
			}
			for _, p := range []struct {
				*Packet
				name   string
				window uint16
			}{{&syn, "SYN", c.window}, {&answer, "SYN-ACK", c.answerWindow}} {
				if p.Window != p.window || p.Seg.Scale != c.scale || p.Seg.MSS != c.mss || !p.Seg.Opts.Has(tcp.OptScale) {
					t.Errorf("%s: window %d scale %d mss %d, want %d, %d, %d", p.name, p.Window, p.Seg.Scale, p.Seg.MSS, p.window, c.scale, c.mss)
				}
			}
		})
	}
}
