package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

func TestOptionLenFollowsTheTable(t *testing.T) {
	for _, c := range []struct {
		timestamps, sack bool
		pad              sim.Bytes
		want             []int // by number of SACK blocks offered
	}{
		{true, true, 20, []int{20, 24, 32, 40, 40}},
		{true, true, 0, []int{12, 24, 32, 40, 40}},
		{true, false, 20, []int{20, 20, 20, 20, 20}},
		{true, false, 0, []int{12, 12}},
		{false, true, 20, []int{20, 20, 20, 28, 36, 36}},
		{false, true, 0, []int{0, 12, 20, 28, 36, 36}},
		{false, false, 0, []int{0, 0}},
		{true, true, 40, []int{40, 40, 40, 40}},
		{true, true, 18, []int{20, 24}}, // whole words
	} {
		spec := Spec{Timestamps: c.timestamps, SACK: c.sack, PadOptions: c.pad}
		for n, want := range c.want {
			if got := OptionLen(&spec, n); got != want {
				t.Errorf("timestamps %v, SACK %v, padded to %d, %d blocks: %d bytes of options, want %d",
					c.timestamps, c.sack, c.pad, n, got, want)
			}
		}
	}
}

func TestMaxSACKFillsTheOptionSpace(t *testing.T) {
	for _, c := range []struct {
		timestamps, sack bool
		want             int
	}{{true, true, 3}, {false, true, 4}, {true, false, 0}, {false, false, 0}} {
		spec := Spec{Timestamps: c.timestamps, SACK: c.sack}
		if got := MaxSACK(&spec); got != c.want {
			t.Errorf("timestamps %v, SACK %v: %d blocks, want %d", c.timestamps, c.sack, got, c.want)
		}
		if n := OptionLen(&spec, MaxSACK(&spec)); n > maxOptions {
			t.Errorf("timestamps %v, SACK %v: %d bytes of options", c.timestamps, c.sack, n)
		}
	}
}

func TestMSSFollowsTheTable(t *testing.T) {
	for _, c := range []struct {
		mtu        sim.Bytes
		version    int
		timestamps bool
		pad        sim.Bytes
		want       int
	}{
		{1500, 6, true, 20, 1420}, // netgpu
		{1500, 6, true, 0, 1428},
		{1500, 6, false, 0, 1440},
		{1500, 6, false, 20, 1420},
		{1500, 4, true, 20, 1440},
		{1500, 4, true, 0, 1448},
		{1500, 4, false, 0, 1460},
		{9000, 6, true, 20, 8920},
		{9000, 6, true, 0, 8928},
		{9000, 4, true, 20, 8940},
		{9000, 4, true, 0, 8948},
		{576, 6, true, 20, 496},
		{576, 6, true, 0, 504},
		{576, 4, true, 20, 516},
		{576, 4, true, 0, 524},
		{576, 4, false, 0, 536}, // RFC 9293 section 3.7.1: the default MSS
		{108, 6, true, 40, 8},
		{60, 6, true, 40, 8}, // the floor
		{1 << 40, 6, true, 0, 65535 - 40 - 20 - 12},
	} {
		spec := Spec{IPVersion: c.version, Timestamps: c.timestamps, PadOptions: c.pad}
		if got := MSS(&spec, c.mtu); got != c.want {
			t.Errorf("MTU %d, IPv%d, timestamps %v, padded to %d: MSS %d, want %d",
				c.mtu, c.version, c.timestamps, c.pad, got, c.want)
		}
	}
}

func TestFullSegmentFillsTheMTU(t *testing.T) {
	for _, version := range []int{4, 6} {
		for _, vlan := range []bool{false, true} {
			for pad := sim.Bytes(0); pad <= 40; pad += 4 {
				spec := Spec{IPVersion: version, VLAN: vlan, Timestamps: true, PadOptions: pad}
				frame := HeaderLen(&spec) + OptionLen(&spec, 0) + MSS(&spec, 1500)
				want := 1500 + ethernetHeader
				if vlan {
					want += vlanTag
				}
				if frame != want {
					t.Errorf("IPv%d, VLAN %v, padded to %d: frame of %d bytes, want %d", version, vlan, pad, frame, want)
				}
			}
		}
	}
}

func TestPaddedHeaderIsTheSplitOffset(t *testing.T) {
	for _, c := range []struct {
		version int
		vlan    bool
		pad     sim.Bytes
		nsack   int
		want    int
	}{
		{6, false, 20, 0, 94}, // patch 17: TOTAL_HEADERS
		{6, true, 20, 0, 98},
		{4, false, 20, 0, 74},
		{6, false, 0, 0, 86},
		{6, false, 20, 1, 98}, // SACK breaks the split
	} {
		spec := Spec{IPVersion: c.version, VLAN: c.vlan, PadOptions: c.pad, Timestamps: true, SACK: true}
		if got := HeaderLen(&spec) + OptionLen(&spec, c.nsack); got != c.want {
			t.Errorf("%+v: %d header bytes, want %d", c, got, c.want)
		}
	}
}

func TestSYNOptionsFillWords(t *testing.T) {
	const both = OptMSS | OptScale
	for _, c := range []struct {
		opts OptionSet
		want int
	}{
		{both | OptTimestamps | OptSACKPermitted, 20}, {both | OptTimestamps, 20}, {both | OptSACKPermitted, 12}, {both, 8},
		{OptMSS, 4}, {OptTimestamps, 12}, {0, 0},
	} {
		if got := synOptionLen(c.opts); got != c.want {
			t.Errorf("options %b: %d bytes, want %d", c.opts, got, c.want)
		}
	}
}

func TestWindowScaleCoversTheBuffer(t *testing.T) {
	for _, c := range []struct {
		buffer sim.Bytes
		want   uint8
	}{
		{0, 0}, {4 * sim.KiB, 0}, {65535, 0}, {65536, 1}, {128 * sim.KiB, 2},
		{6 * sim.MiB, 7}, {8*sim.MiB - 1, 7}, {8 * sim.MiB, 8}, {sim.GiB, 14}, {64 * sim.GiB, 14},
	} {
		spec := Spec{ReceiveBuffer: c.buffer}
		if got := WindowScale(&spec); got != c.want {
			t.Errorf("buffer of %d bytes: scale %d, want %d", c.buffer, got, c.want)
		}
	}
}

func TestWireBytesAddsWhatEthernetAdds(t *testing.T) {
	for _, c := range []struct{ length, want int64 }{
		{1514, 1538}, {94, 118}, {60, 84}, {54, 84}, {1, 84}, {9014, 9038},
	} {
		if got := WireBytes(c.length); got != c.want {
			t.Errorf("frame of %d bytes: %d on the wire, want %d", c.length, got, c.want)
		}
	}
}

func ExampleMSS() {
	spec := Spec{IPVersion: 6, Timestamps: true, SACK: true, PadOptions: 20}
	mss := MSS(&spec, 1500)
	header := HeaderLen(&spec) + OptionLen(&spec, 0)
	fmt.Printf("%d header bytes, %d of payload, %d on the wire\n", header, mss, WireBytes(int64(header+mss)))
	// Output: 94 header bytes, 1420 of payload, 1538 on the wire
}
