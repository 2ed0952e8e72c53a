package live

import (
	"net/netip"
	"testing"

	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// A marked packet is what the codec would have made of a segment with CE: its checksums
// hold. Packets that are not ECN-capable stay as they are.
func TestMarksAreRight(t *testing.T) {
	c := newCodec(stack.DefaultSpec())
	for _, addrs := range [][2]netip.Addr{{modelV4, kernelV4.Addr()}, {modelV6, kernelV6.Addr()}} {
		for ecn := tcp.NotECT; ecn <= tcp.CE; ecn++ {
			p := stack.Packet{Src: netip.AddrPortFrom(addrs[0], 1), Dst: netip.AddrPortFrom(addrs[1], 2)}
			encode := func(ecn tcp.ECN) []byte {
				frame, err := c.encode(nil, &p, &tcp.Segment{Seq: 77, Flags: tcp.ACK, ECN: ecn, Segs: 1}, 0)
				if err != nil {
					t.Fatal(err)
				}
				return frame[ethernet:]
			}
			got, want := encode(ecn), ecn
			if marked := mark(got); marked != (ecn == tcp.ECT0 || ecn == tcp.ECT1) {
				t.Errorf("ECN %d: marked %v", ecn, marked)
			} else if marked {
				want = tcp.CE
			}
			if string(got) != string(encode(want)) {
				t.Errorf("ECN %d of %v: % x, want % x", ecn, addrs[0], got[:20], encode(want)[:20])
			}
		}
	}
	if mark([]byte{0x45, 1}) {
		t.Error("half a header was marked")
	}
}
