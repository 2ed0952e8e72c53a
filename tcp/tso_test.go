package tcp

import (
	"testing"

	"netgpusim/sim"
)

func TestFramesCutASuperSegment(t *testing.T) {
	for _, c := range []struct {
		length uint32
		mss    uint16
		want   int
	}{
		{0, 1420, 1}, {1, 1420, 1}, {1420, 1420, 1}, {1421, 1420, 2}, {63900, 1420, 45},
		{63901, 1420, 46}, {0, 0, 1}, {5000, 0, 1}, {65535, 1, 65535}, {8920 * 7, 8920, 7},
	} {
		seg := Segment{Len: c.length, MSS: c.mss}
		if got := Frames(&seg); got != c.want {
			t.Errorf("%d bytes at MSS %d: %d frames, want %d", c.length, c.mss, got, c.want)
		}
	}
}

func TestFlagsGoWhereSegmentationPutsThem(t *testing.T) {
	seg := Segment{Len: 3000, MSS: 1420, Flags: ACK | PSH | FIN | CWR | ECE}
	var f Segment
	want := []Flags{ACK | CWR | ECE, ACK | ECE, ACK | PSH | FIN | ECE}
	for i := range Frames(&seg) {
		if Frame(&f, &seg, i); f.Flags != want[i] {
			t.Errorf("frame %d: flags %08b, want %08b", i, f.Flags, want[i])
		}
	}
	alone := Segment{Len: 100, MSS: 1420, Flags: seg.Flags}
	if Frame(&f, &alone, 0); f.Flags != seg.Flags {
		t.Errorf("single frame: flags %08b, want all of %08b", f.Flags, seg.Flags)
	}
}

func TestPureACKIsOneFrame(t *testing.T) {
	seg := Segment{Seq: 7, Ack: 9, MSS: 1420, Segs: 1, Flags: ACK, OptLen: 20, Handle: 3}
	if n := Frames(&seg); n != 1 {
		t.Fatalf("%d frames, want 1", n)
	}
	var f Segment
	if Frame(&f, &seg, 0); f != seg {
		t.Errorf("got %+v, want it unchanged", f)
	}
}

// TestFramesPutTogetherAreTheSegment cuts random super-segments across sequence
// wrap and checks that the frames tile them and share all other header fields.
func TestFramesPutTogetherAreTheSegment(t *testing.T) {
	random := sim.NewRand(1, "tso")
	for range 2000 {
		seg := Segment{
			Offset: random.Uint64() >> 1, Seq: -uint32(random.Intn(70000)), Ack: uint32(random.Uint64()),
			Len: uint32(random.Intn(65536)), Window: 65535, TSVal: 5, TSEcr: 6, Handle: 7,
			MSS: uint16(random.Intn(9000)), Segs: 3, Flags: ACK | PSH, OptLen: 24,
			NSACK: 1, SACK: [MaxSACKBlocks]SACKBlock{{1, 2}},
		}
		n := Frames(&seg)
		next, left := seg, seg.Len
		for i := range n {
			var f Segment
			Frame(&f, &seg, i)
			want := next
			want.Segs = 1
			want.Len = f.Len
			want.Flags = ACK
			if i == n-1 {
				want.Flags |= PSH
			}
			if f != want {
				t.Fatalf("frame %d of %+v:\ngot  %+v\nwant %+v", i, seg, f, want)
			}
			if i < n-1 && f.Len != uint32(seg.MSS) || f.Len > left || f.Len == 0 && seg.Len > 0 {
				t.Fatalf("frame %d of %d: %d bytes at MSS %d, %d left", i, n, f.Len, seg.MSS, left)
			}
			left -= f.Len
			next.Seq += f.Len
			next.Offset += uint64(f.Len)
		}
		if left != 0 {
			t.Fatalf("%d bytes of %d are in no frame", left, seg.Len)
		}
	}
}

var frameSink Segment // keeps the compiler from dropping the loop's result

func BenchmarkFrame(b *testing.B) {
	seg := Segment{Len: 63900, MSS: 1420, Flags: ACK | PSH, OptLen: 20}
	n := Frames(&seg)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Frame(&frameSink, &seg, i%n)
	}
}
