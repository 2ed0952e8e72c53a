package stack

import (
	"net/netip"
	"testing"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// BenchmarkBulk moves data from one host to another over a wire without delay or loss, 128
// KiB to a call; its packets are those of both directions.
func BenchmarkBulk(b *testing.B) {
	var host [2]*Host
	for i := range host {
		h, err := New(Config{Spec: DefaultSpec(), Addrs: []netip.Addr{addr4[i]}, MTU: 1500, Seed: uint64(i)})
		if err != nil {
			b.Fatal(err)
		}
		host[i] = h
	}
	to := netip.AddrPortFrom(addr4[1], 80)
	listener, _ := host[1].Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	host[1].Bind(listener, to)
	host[1].Listen(listener, 1)
	out, _ := host[0].Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	host[0].Connect(out, to)
	packets, now := 0, sim.Time(0)
	var p Packet
	exchange := func() {
		now += 10 * sim.Microsecond
		for moved := true; moved; {
			moved = false
			for side, h := range host {
				h.Advance(now)
				for h.Output(&p) {
					h.Sent(&p)
					packets += tcp.Frames(&p.Seg)
					host[1-side].Input(&p)
					moved = true
				}
			}
		}
	}
	exchange()
	in, _, err := host[1].Accept(listener, SOCK_NONBLOCK)
	if err != OK {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = host[0].Write(out, Size(128<<10))
		exchange()
		_, _ = host[1].Read(in, Size(1<<20))
		exchange()
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
}
