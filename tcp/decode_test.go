package tcp

import (
	"errors"
	"testing"

	"netgpusim/sim"
)

func TestDecodeTellsOtherTrafficFromDamage(t *testing.T) {
	good := func(spec Spec, path Path) []byte {
		seg := Segment{OptLen: 12, Len: 10, Flags: ACK}
		spec.Timestamps = true
		b, _, err := Encode(nil, &spec, &path, &seg, 0)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		name   string
		frame  []byte
		at     int
		value  byte
		notTCP bool
	}{
		{"ARP", good(Spec{IPVersion: 4}, path4()), 13, 0x06, true},
		{"LLC", good(Spec{IPVersion: 4}, path4()), 12, 0, true},
		{"UDP over IPv4", good(Spec{IPVersion: 4}, path4()), 14 + 9, 17, true},
		{"UDP over IPv6", good(Spec{IPVersion: 6}, path6), 14 + 6, 17, true},
		{"hop-by-hop options", good(Spec{IPVersion: 6}, path6), 14 + 6, 0, true},
		{"later fragment", good(Spec{IPVersion: 4}, path4()), 14 + 7, 1, true},
		{"first fragment", good(Spec{IPVersion: 4}, path4()), 14 + 6, 0x20, true},
		{"two VLAN tags", good(Spec{IPVersion: 6, VLAN: true}, path6), 17, 0, true},
		{"IPv4 version", good(Spec{IPVersion: 4}, path4()), 14, 0x65, false},
		{"IPv6 version", good(Spec{IPVersion: 6}, path6), 14, 0x40, false},
		{"IPv4 header too short", good(Spec{IPVersion: 4}, path4()), 14, 0x44, false},
		{"data offset too small", good(Spec{IPVersion: 6}, path6), 14 + 40 + 12, 0x40, false},
		{"data offset behind the end", good(Spec{IPVersion: 6}, path6), 14 + 40 + 12, 0xF0, false},
		{"option longer than the rest", good(Spec{IPVersion: 6}, path6), 14 + 40 + 20 + 3, 60, false},
		{"IP packet shorter than the TCP header", good(Spec{IPVersion: 6}, path6), 14 + 5, 24, false},
	} {
		c.frame[c.at] = c.value
		_, err := Decode(c.frame, 0)
		if err == nil || errors.Is(err, ErrNotTCP) != c.notTCP {
			t.Errorf("%s: error %v, not TCP expected: %v", c.name, err, c.notTCP)
		}
	}
}

func TestDecodeIgnoresEthernetPadding(t *testing.T) {
	spec, path := Spec{IPVersion: 4}, path4()
	seg := Segment{Flags: RST, Segs: 1}
	frame, _, err := Encode(nil, &spec, &path, &seg, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(append(frame, make([]byte, 60-len(frame))...), 0)
	if err != nil || p.Seg != seg || len(p.Payload) != 0 {
		t.Errorf("got %+v with %d bytes of payload (%v), want %+v", p.Seg, len(p.Payload), err, seg)
	}
}

func TestOptionsOfASYNCountOnASYNOnly(t *testing.T) {
	spec := Spec{IPVersion: 6, Timestamps: true, SACK: true, ReceiveBuffer: 6 * sim.MiB}
	seg := Segment{MSS: 1440, TSVal: 5, OptLen: 20, Flags: SYN, Window: 65535, Segs: 1, Scale: 7,
		Opts: OptMSS | OptScale | OptSACKPermitted | OptTimestamps}
	frame, _, err := Encode(nil, &spec, &path6, &seg, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(frame, 7)
	if err != nil || p.Seg != seg {
		t.Errorf("SYN: got %+v (%v)", p, err)
	}
	frame[HeaderLen(&spec)-tcpHeader+13] = byte(ACK)
	p, err = Decode(frame, 7)
	want := Segment{TSVal: 5, OptLen: 20, Flags: ACK, Window: 65535 << 7, Segs: 1, Opts: OptTimestamps}
	if err != nil || p.Seg != want {
		t.Errorf("without SYN: got %+v (%v)", p, err)
	}
}

// TestWindowScaleEndsAtFourteen is RFC 7323 section 2.3: larger values count as 14.
func TestWindowScaleEndsAtFourteen(t *testing.T) {
	spec := Spec{IPVersion: 6}
	seg := Segment{OptLen: 8, Flags: SYN, Window: 9, Opts: OptMSS | OptScale}
	frame, _, err := Encode(nil, &spec, &path6, &seg, 0)
	if err != nil {
		t.Fatal(err)
	}
	frame[len(frame)-1] = 200 // the option's shift
	if p, err := Decode(frame, 0); err != nil || p.Seg.Scale != maxWindowScale {
		t.Errorf("option: got %d (%v), want %d", p.Seg.Scale, err, maxWindowScale)
	}
	frame[HeaderLen(&spec)-tcpHeader+13] = byte(ACK)
	if p, err := Decode(frame, 200); err != nil || p.Seg.Window != 9<<maxWindowScale {
		t.Errorf("argument: window %d (%v), want %d", p.Seg.Window, err, 9<<maxWindowScale)
	}
}

// FuzzDecode looks for frames that make Decode panic or read more than there is, and
// for frames that it reads but that do not survive being written and read again.
func FuzzDecode(f *testing.F) {
	random := sim.NewRand(3, "wire")
	for range 20 {
		spec, path := randomSpec(&random)
		seg := randomSegment(&random, &spec)
		seg.Len %= 64
		frame, _, err := Encode(nil, &spec, &path, &seg, 0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame, WindowScale(&spec))
	}
	f.Fuzz(func(t *testing.T, frame []byte, scale uint8) {
		p, err := Decode(frame, scale)
		if err != nil {
			return
		}
		if p.Header+len(p.Payload) > len(frame) || len(p.Payload) > int(p.Seg.Len) {
			t.Fatalf("%d header and %d of %d payload bytes in a frame of %d", p.Header, len(p.Payload), p.Seg.Len, len(frame))
		}
		if p.Seg.Flags.Has(SYN) {
			return // its options may stand in any order, with less or more between them
		}
		spec := Spec{IPVersion: 6, VLAN: p.Tagged, Timestamps: true, SACK: true,
			ReceiveBuffer: sim.Bytes(1) << (15 + min(scale, maxWindowScale))}
		if p.Path.Src.Is4() {
			spec.IPVersion = 4
		}
		seg := p.Seg
		seg.OptLen = uint8(min(max(int(seg.OptLen), bareOptionLen(seg.Opts.Has(OptTimestamps), int(seg.NSACK))), maxOptions))
		if int(seg.NSACK) > maxSACK(true, seg.Opts.Has(OptTimestamps)) || seg.Len > 60000 {
			return // its options stand closer together than Linux puts them, or no longer fit when they do not
		}
		again, _, err := Encode(nil, &spec, &p.Path, &seg, 0)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", seg, err)
		}
		q, err := Decode(again, scale)
		if err != nil || q.Seg != seg || q.Path != p.Path {
			t.Fatalf("read %+v of %+v, then %+v of %+v (%v)", seg, p.Path, q.Seg, q.Path, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	spec := Spec{IPVersion: 6, Timestamps: true, PadOptions: 20, ReceiveBuffer: 6 * sim.MiB}
	seg := Segment{Len: 1420, OptLen: 20, Flags: ACK}
	frame, _, err := Encode(nil, &spec, &path6, &seg, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(frame, 7); err != nil {
			b.Fatal(err)
		}
	}
}
