package tcp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"netgpusim/sim"
)

var path6 = Path{
	SrcMAC: [6]byte{2, 0, 0, 0, 0, 1}, DstMAC: [6]byte{2, 0, 0, 0, 0, 2},
	Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2"),
	SrcPort: 5201, DstPort: 40000, Stream: 9,
}

func path4() Path {
	p := path6
	p.Src, p.Dst = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	return p
}

// randomSpec returns a spec and a path that go together.
func randomSpec(random *sim.Rand) (Spec, Path) {
	spec := Spec{
		IPVersion: 4 + 2*random.Intn(2), VLAN: random.Chance(0.5), Timestamps: random.Chance(0.7),
		SACK: random.Chance(0.7), PadOptions: sim.Bytes(4 * random.Intn(11)),
		ReceiveBuffer: sim.Bytes(1) << random.Intn(34),
	}
	path := path6
	if spec.IPVersion == 4 {
		path = path4()
	}
	if spec.VLAN {
		path.VLAN = uint16(random.Intn(maxVLAN + 1))
	}
	path.Stream = uint32(random.Uint64())
	return spec, path
}

// randomSegment returns a segment that spec can put on the wire without loss.
func randomSegment(random *sim.Rand, spec *Spec) Segment {
	seg := Segment{
		Offset: random.Uint64() >> 1, Seq: uint32(random.Uint64()), Ack: uint32(random.Uint64()),
		Len: uint32(random.Intn(3000)), Flags: Flags(random.Intn(256)), Segs: 1,
	}
	seg.ECN = ECN(random.Intn(4))
	if seg.Flags.Has(URG) {
		seg.Urgent = uint16(random.Intn(65536))
	}
	stamped := spec.Timestamps && random.Chance(0.9) // a reset has none
	if stamped {
		seg.Opts |= OptTimestamps
		seg.TSVal, seg.TSEcr = uint32(random.Uint64()), uint32(random.Uint64())
	}
	if seg.Flags.Has(SYN) {
		seg.Window = uint32(random.Intn(65536))
		if random.Chance(0.9) {
			seg.Opts |= OptMSS
			seg.MSS = uint16(random.Intn(65536))
		}
		if random.Chance(0.9) {
			seg.Opts |= OptScale
			seg.Scale = uint8(random.Intn(maxWindowScale + 1))
		}
		if spec.SACK {
			seg.Opts |= OptSACKPermitted
		}
		if random.Chance(0.3) {
			c := Cookie{Len: uint8(random.Intn(maxCookie + 1)), Exp: random.Chance(0.5)}
			for i := range c.Len {
				c.Bytes[i] = byte(random.Uint64())
			}
			seg.SetCookie(c)
		}
		seg.OptLen = uint8(paddedLen(synOptionLen(seg.Opts)+seg.cookieLen(), spec.PadOptions))
		return seg
	}
	seg.Window = uint32(random.Intn(65536)) << WindowScale(spec)
	seg.NSACK = uint8(random.Intn(MaxSACK(spec) + 1))
	seg.OptLen = uint8(OptionLen(spec, int(seg.NSACK)))
	for i := range seg.NSACK {
		seg.SACK[i] = SACKBlock{Left: uint32(random.Uint64()), Right: uint32(random.Uint64())}
	}
	return seg
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	random := sim.NewRand(1, "wire")
	prefix := []byte("kept")
	for range 5000 {
		spec, path := randomSpec(&random)
		seg := randomSegment(&random, &spec)
		b, length, err := Encode(prefix, &spec, &path, &seg, 0)
		if err != nil {
			t.Fatalf("%+v: %v", seg, err)
		}
		frame, kept := bytes.CutPrefix(b, prefix)
		if !kept || len(frame) != length || length != HeaderLen(&spec)+int(seg.OptLen)+int(seg.Len) {
			t.Fatalf("%d bytes appended, frame length %d", len(b)-len(prefix), length)
		}
		p, err := Decode(frame, WindowScale(&spec))
		if err != nil {
			t.Fatalf("%+v: %v", seg, err)
		}
		want := seg
		want.Offset = 0
		if p.Seg != want {
			t.Fatalf("got  %+v\nwant %+v", p.Seg, want)
		}
		wantPath := path
		wantPath.Stream = 0
		if p.Path != wantPath || p.Tagged != spec.VLAN || p.Header != HeaderLen(&spec)+int(seg.OptLen) {
			t.Fatalf("tagged %v, %d header bytes, path %+v, want %+v", p.Tagged, p.Header, p.Path, wantPath)
		}
		payload := make([]byte, seg.Len)
		Payload(payload, path.Stream, seg.Offset)
		if !bytes.Equal(p.Payload, payload) {
			t.Fatal("payload differs")
		}
	}
}

// TestFramesAreWhatGopacketMakesOfThem serialises the same segments with gopacket,
// checksums and lengths computed there, and compares byte by byte.
func TestFramesAreWhatGopacketMakesOfThem(t *testing.T) {
	random := sim.NewRand(2, "wire")
	for range 2000 {
		spec, path := randomSpec(&random)
		seg := randomSegment(&random, &spec)
		got, _, err := Encode(nil, &spec, &path, &seg, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := gopacketFrame(t, &spec, &path, &seg, got)
		if !bytes.Equal(got, want) {
			t.Fatalf("%+v\ngot\n%swant\n%s", seg, hex.Dump(got), hex.Dump(want))
		}
	}
}

// gopacketFrame is seg as gopacket writes it. The order of options and NOPs is taken
// from frame: TestOptionLayout checks that.
func gopacketFrame(t *testing.T, spec *Spec, path *Path, seg *Segment, frame []byte) []byte {
	t.Helper()
	eth := layers.Ethernet{SrcMAC: path.SrcMAC[:], DstMAC: path.DstMAC[:]}
	stack := []gopacket.SerializableLayer{&eth}
	kind := &eth.EthernetType
	if spec.VLAN {
		*kind = layers.EthernetTypeDot1Q
		tag := layers.Dot1Q{VLANIdentifier: path.VLAN}
		kind = &tag.Type
		stack = append(stack, &tag)
	}
	f := seg.Flags
	tcp := layers.TCP{
		SrcPort: layers.TCPPort(path.SrcPort), DstPort: layers.TCPPort(path.DstPort), Seq: seg.Seq, Ack: seg.Ack,
		FIN: f.Has(FIN), SYN: f.Has(SYN), RST: f.Has(RST), PSH: f.Has(PSH), ACK: f.Has(ACK), URG: f.Has(URG),
		ECE: f.Has(ECE), CWR: f.Has(CWR), Window: uint16(seg.Window >> windowShift(spec, seg)), Urgent: seg.Urgent,
	}
	var read layers.TCP
	if err := read.DecodeFromBytes(frame[HeaderLen(spec)-tcpHeader:], gopacket.NilDecodeFeedback); err != nil {
		t.Fatal(err)
	}
	tcp.Options = read.Options
	var err error
	if spec.IPVersion == 4 {
		*kind = layers.EthernetTypeIPv4
		ip := layers.IPv4{Version: 4, TTL: 64, TOS: uint8(seg.ECN), Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP,
			SrcIP: path.Src.AsSlice(), DstIP: path.Dst.AsSlice()}
		stack = append(stack, &ip)
		err = tcp.SetNetworkLayerForChecksum(&ip)
	} else {
		*kind = layers.EthernetTypeIPv6
		ip := layers.IPv6{Version: 6, HopLimit: 64, TrafficClass: uint8(seg.ECN), NextHeader: layers.IPProtocolTCP,
			SrcIP: path.Src.AsSlice(), DstIP: path.Dst.AsSlice()}
		stack = append(stack, &ip)
		err = tcp.SetNetworkLayerForChecksum(&ip)
	}
	if err != nil {
		t.Fatal(err)
	}
	payload := make(gopacket.Payload, seg.Len)
	Payload(payload, path.Stream, seg.Offset)
	stack = append(stack, &tcp, payload)
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, stack...); err != nil {
		t.Fatal(err)
	}
	out := buffer.Bytes()
	if n := HeaderLen(spec) + int(seg.OptLen) + int(seg.Len); len(out) > n {
		out = out[:n] // gopacket pads Ethernet frames to 60 bytes
	}
	return out
}

// TestOptionLayout checks the option bytes against Linux's layout, word by word.
func TestOptionLayout(t *testing.T) {
	blocks := [MaxSACKBlocks]SACKBlock{{1, 2}, {3, 4}, {5, 6}, {7, 8}}
	for _, c := range []struct {
		name             string
		timestamps, sack bool
		pad              sim.Bytes
		flags            Flags
		nsack            uint8
		want             string
	}{
		{"timestamps, padded", true, true, 20, ACK, 0, "0101080a 000000aa 000000bb 01010101 01010101"},
		{"timestamps alone", true, true, 0, ACK, 0, "0101080a 000000aa 000000bb"},
		{"timestamps and a block", true, true, 20, ACK, 1, "0101080a 000000aa 000000bb 0101050a 00000001 00000002"},
		{"four blocks", false, true, 20, ACK, 4, "01010522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008"},
		{"one block, padded", false, true, 20, ACK, 1, "0101050a 00000001 00000002 01010101 01010101"},
		{"none", false, false, 0, ACK, 0, ""},
		{"SYN", true, true, 20, SYN, 0, "020405a0 0402080a 000000aa 000000bb 01030307"},
		{"SYN without timestamps", false, true, 0, SYN, 0, "020405a0 01010402 01030307"},
		{"SYN without SACK", true, false, 0, SYN, 0, "020405a0 0101080a 000000aa 000000bb 01030307"},
	} {
		spec := Spec{IPVersion: 6, Timestamps: c.timestamps, SACK: c.sack, PadOptions: c.pad, ReceiveBuffer: 6 * sim.MiB}
		seg := Segment{TSVal: 0xAA, TSEcr: 0xBB, MSS: 1440, Scale: 7, Flags: c.flags, NSACK: c.nsack, SACK: blocks}
		seg.OptLen = uint8(OptionLen(&spec, int(c.nsack)))
		if c.timestamps {
			seg.Opts |= OptTimestamps
		}
		if c.flags == SYN {
			seg.Opts |= OptMSS | OptScale
			if c.sack {
				seg.Opts |= OptSACKPermitted
			}
			seg.OptLen = uint8(synOptionLen(seg.Opts))
		}
		frame, _, err := Encode(nil, &spec, &path6, &seg, 0)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := strings.ReplaceAll(c.want, " ", "")
		if got := hex.EncodeToString(frame[HeaderLen(&spec):]); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func TestSnapLengthCutsTheFrameOnly(t *testing.T) {
	spec := Spec{IPVersion: 6, Timestamps: true, PadOptions: 20, ReceiveBuffer: 6 * sim.MiB}
	seg := Segment{Seq: 1, Len: 1420, OptLen: 20, Flags: ACK | PSH, Window: 1 << 20, Segs: 1}
	whole, _, err := Encode(nil, &spec, &path6, &seg, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range []int{94, 100, 1513, 1514, 2000} {
		cut, length, err := Encode(nil, &spec, &path6, &seg, snap)
		if err != nil || length != 1514 || !bytes.Equal(cut, whole[:min(snap, 1514)]) {
			t.Errorf("snap %d: %d bytes of %d (%v)", snap, len(cut), length, err)
		}
		p, err := Decode(cut, WindowScale(&spec))
		if err != nil || p.Seg != seg || len(p.Payload) != len(cut)-94 {
			t.Errorf("snap %d: decoded %+v with %d bytes of payload (%v)", snap, p.Seg, len(p.Payload), err)
		}
	}
	for snap := 1; snap < 94; snap++ {
		cut, _, err := Encode(nil, &spec, &path6, &seg, snap)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(cut, 0); err == nil || errors.Is(err, ErrNotTCP) {
			t.Errorf("snap %d cuts the headers: got %v, want an error that says so", snap, err)
		}
	}
}

func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	v6 := Spec{IPVersion: 6, Timestamps: true, SACK: true, ReceiveBuffer: 6 * sim.MiB}
	v4 := v6
	v4.IPVersion = 4
	ipv4 := path4()
	tagged := path6
	tagged.VLAN = 4096
	mapped := path6
	mapped.Src = netip.MustParseAddr("::ffff:192.0.2.1")
	const synOpts = OptMSS | OptScale | OptSACKPermitted | OptTimestamps
	for _, c := range []struct {
		name string
		spec *Spec
		path *Path
		seg  Segment
		want string // part of the error; empty: fits
	}{
		{"fits", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 12, Window: 0xFFFF << 7}, ""},
		{"window", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 12, Window: 0x10000 << 7}, "window of 8388608 bytes: at most 8388480"},
		{"SYN window", &v6, &path6, Segment{Opts: synOpts, OptLen: 20, Flags: SYN, Window: 65536}, "at most 65535"},
		{"odd options", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 13}, "option length 13"},
		{"options too short", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 8}, "a multiple of 4 from 12 to 40"},
		{"options too short for SACK", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 12, NSACK: 1}, "from 24 to 40"},
		{"options too long", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 44}, "option length 44"},
		{"SYN without room", &v6, &path6, Segment{Opts: synOpts, OptLen: 16, Flags: SYN}, "from 20 to 40"},
		{"four blocks beside timestamps", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 40, NSACK: 4}, "4 SACK blocks"},
		{"blocks beyond the array", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 40, NSACK: 200}, "200 SACK blocks"},
		{"blocks beyond the array on a SYN, which has none", &v6, &path6, Segment{Opts: synOpts, OptLen: 20, Flags: SYN, NSACK: 200}, ""},
		{"longest IPv6", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 12, Len: 65535 - 32}, ""},
		{"too long for IPv6", &v6, &path6, Segment{Opts: OptTimestamps, OptLen: 12, Len: 65535 - 31}, "at most 65503 in an IPv6 packet"},
		{"longest IPv4", &v4, &ipv4, Segment{Opts: OptTimestamps, OptLen: 12, Len: 65535 - 52}, ""},
		{"too long for IPv4", &v4, &ipv4, Segment{Opts: OptTimestamps, OptLen: 12, Len: 65535 - 51}, "at most 65483 in an IPv4 packet"},
		{"IPv4 addresses", &v6, &ipv4, Segment{Opts: OptTimestamps, OptLen: 12}, "not both IPv6"},
		{"IPv6 addresses", &v4, &path6, Segment{Opts: OptTimestamps, OptLen: 12}, "not both IPv4"},
		{"IPv4-mapped address in IPv4", &v4, &mapped, Segment{Opts: OptTimestamps, OptLen: 12}, "not both IPv4"},
		{"IPv4-mapped address in IPv6", &v6, &mapped, Segment{Opts: OptTimestamps, OptLen: 12}, ""},
		{"no addresses", &v6, &Path{}, Segment{Opts: OptTimestamps, OptLen: 12}, "not both IPv6"},
		{"VLAN", &v6, &tagged, Segment{Opts: OptTimestamps, OptLen: 12}, "VLAN identifier 4096"},
	} {
		b, _, err := Encode([]byte("kept"), c.spec, c.path, &c.seg, 0)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.want)
		case c.want != "" && string(b) != "kept":
			t.Errorf("%s: %d bytes written in spite of the error", c.name, len(b)-4)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	spec := Spec{IPVersion: 6, Timestamps: true, PadOptions: 20, ReceiveBuffer: 6 * sim.MiB}
	seg := Segment{Len: 1420, OptLen: 20, Flags: ACK}
	var frame []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if frame, _, err = Encode(frame[:0], &spec, &path6, &seg, 0); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(frame)))
}
