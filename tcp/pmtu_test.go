package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

// A path that drops what is larger than its MTU without a word: with tcp_mtu_probing 2 the
// search ends within its threshold of it, and with 1 the sender gets through at all.
func TestSearchFindsThePathsMTU(t *testing.T) {
	for _, path := range []uint32{1100, 1280, 1400, 1490, 4000, 8000} {
		for _, mode := range []int{1, 2} {
			t.Run(fmt.Sprintf("path %d, tcp_mtu_probing %d", path, mode), func(t *testing.T) {
				spec := testSpec()
				spec.PadOptions = 0
				spec.MTUProbing = mode
				mtu := sim.Bytes(1500)
				if path > 1500 {
					mtu = 9000
				}
				out := lan()
				out.drop = func(_ int64, seg *Segment) bool {
					return uint32(networkLen(spec)+tcpHeader)+uint32(seg.OptLen)+seg.Len > path
				}
				n := newNetwork(t, spec, mtu, 1, out, lan())
				n.verify = true
				const total = 4_000_000
				n.write(0, total)
				n.run(1_000_000 * sim.Second)
				if n.side[1].received != total {
					t.Fatalf("got %d of %d bytes: %+v", n.side[1].received, total, n.side[0].ep.path)
				}
				e := n.side[0].ep
				if most := e.mtuOf(uint16(e.mssCache())); most > int32(path) || mode == 2 && most+int32(spec.ProbeThreshold) < int32(path) {
					t.Errorf("the search ends at %d: %+v", most, e.path)
				}
			})
		}
	}
}

// A router's word in the middle of a transfer, at any moment: everything arrives, in
// packets that the path carries.
func TestRoutersWordIsObeyed(t *testing.T) {
	for seed := range uint64(12) {
		spec := testSpec()
		spec.SACK = seed%2 == 0
		out, back := lan(), lan()
		out.loss = 0.01
		n := newNetwork(t, spec, 9000, seed, out, back)
		n.verify = true
		const total = 1_000_000
		n.write(0, total)
		at := sim.Time(seed*37+20) * sim.Microsecond
		n.run(at)
		n.side[0].ep.setPathMTU(1300 + 500*int(seed%3))
		limit := n.side[0].ep.PathMTU()
		n.trace = func(from int, _ sim.Time, seg *Segment) {
			var f Segment
			Frame(&f, seg, 0)
			if size := networkLen(spec) + tcpHeader + int(f.OptLen) + int(f.Len); from == 0 && size > limit {
				t.Fatalf("seed %d: a packet of %d bytes on a path of %d", seed, size, limit)
			}
		}
		n.turn(0)
		n.run(1_000_000 * sim.Second)
		if n.side[1].received != total || n.side[1].live() != 0 {
			t.Fatalf("seed %d: got %d of %d bytes", seed, n.side[1].received, total)
		}
	}
}
