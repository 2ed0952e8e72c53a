package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

// lan is a wire of 25 Gbit/s with a round trip of about 40 us.
func lan() wire { return wire{rate: 25 * sim.Gbps, delay: 20 * sim.Microsecond} }

// Whatever the network does, each byte is delivered once and in order (the network
// itself checks that), all are delivered in the end, and no buffer is kept.
func TestEveryByteIsDeliveredOnceInOrder(t *testing.T) {
	const total = 2 << 20
	faults := []struct {
		name      string
		out, back wire
	}{
		{"clean", wire{}, wire{}},
		{"loss 1%", wire{loss: 0.01}, wire{}},
		{"loss 10% both ways", wire{loss: 0.1}, wire{loss: 0.1}},
		{"acks lost", wire{}, wire{loss: 0.5}},
		{"reordering", wire{late: 0.1, lateBy: 100 * sim.Microsecond}, wire{late: 0.1, lateBy: 100 * sim.Microsecond}},
		{"marks", wire{ce: 0.1}, wire{ce: 0.1}},
		{"duplication", wire{dup: 0.1}, wire{dup: 0.1}},
		{"everything", wire{loss: 0.03, dup: 0.03, ce: 0.02, late: 0.05, lateBy: 3 * sim.Millisecond}, wire{loss: 0.03, dup: 0.03, ce: 0.02, late: 0.05, lateBy: 3 * sim.Millisecond}},
	}
	for _, f := range faults {
		for _, sack := range []bool{true, false} {
			for _, stamps := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, sack %v, timestamps %v", f.name, sack, stamps), func(t *testing.T) {
					for seed := range uint64(6) {
						spec := testSpec()
						spec.SACK, spec.Timestamps = sack, stamps
						spec.Retries2 = 255 // half of the ACKs lost: some eight timeouts of 120 s in a row are to be expected
						spec.Congestion = []string{"cubic", "reno", "bbr", "dctcp", "reno", "cubic"}[seed]
						spec.Recovery = []string{"linux", "linux", "linux", "linux", "rfc6675", "rfc6675"}[seed]
						spec.ECN = int(seed % 2)
						out, back := f.out, f.back
						out.rate, out.delay = lan().rate, lan().delay
						back.rate, back.delay = lan().rate, lan().delay
						n := newNetwork(t, spec, []sim.Bytes{1500, 9000, 576}[seed%3], seed, out, back)
						n.verify = true
						if seed >= 3 {
							n.side[0].gro, n.side[1].gro = &GRO{}, &GRO{}
						}
						n.write(0, total)
						if seed%2 == 0 && f.back.loss < 0.5 {
							n.write(1, total) // both ways at once
						}
						n.run(1_000_000 * sim.Second)
						for side := range n.side {
							s := &n.side[side]
							if want := uint64(s.peer.ep.snd.end); s.received != want || want != s.peer.ep.Acked() {
								t.Fatalf("seed %d: side %d got %d of %d bytes; acknowledged %d; %+v", seed, side, s.received, want, s.peer.ep.Acked(), s.peer.ep.Stats())
							}
							if side == 1 && s.received != total || s.live() != 0 {
								t.Fatalf("seed %d: side %d got %d bytes and keeps %d buffers", seed, side, s.received, s.live())
							}
						}
					}
				})
			}
		}
	}
}

func TestThroughputFillsThePipeWithinAFewRoundTrips(t *testing.T) {
	n := newNetwork(t, testSpec(), 1500, 1, lan(), lan())
	n.write(0, 1<<40)
	n.run(sim.Millisecond)
	from := n.side[1].received
	n.run(11 * sim.Millisecond)
	got := gbps(n.side[1].received-from, 10*sim.Millisecond)
	want := 25.0 * 1420 / 1538
	if got < 0.99*want || got > 1.001*want { // a bundle more or less at the edges of the interval
		t.Errorf("goodput %.2f Gbit/s, want %.2f: %+v", got, want, n.side[0].ep.Stats())
	}
}
