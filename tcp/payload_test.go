package tcp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"netgpusim/sim"
)

// TestPayloadIsAFunctionOfStreamAndOffset compares excerpts at random places with
// the words that the definition gives.
func TestPayloadIsAFunctionOfStreamAndOffset(t *testing.T) {
	random := sim.NewRand(1, "payload")
	for range 1000 {
		stream, offset := uint32(random.Uint64()), random.Uint64()>>1
		got := make([]byte, random.Intn(100))
		Payload(got, stream, offset)
		for i, b := range got {
			at := offset + uint64(i)
			x := at/8*0x9E3779B97F4A7C15 + uint64(stream)*0xD1B54A32D192ED03
			x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
			x = (x ^ x>>27) * 0x94D049BB133111EB
			x ^= x >> 31
			if want := byte(x >> (at % 8 * 8)); b != want {
				t.Fatalf("stream %d, byte %d: %#x, want %#x", stream, at, b, want)
			}
		}
	}
}

// TestPayloadOfAStreamNeverChanges pins the function itself: captures of different
// versions must agree.
func TestPayloadOfAStreamNeverChanges(t *testing.T) {
	var got [16]byte
	Payload(got[:], 1, 1<<40)
	want := binary.BigEndian.AppendUint64(nil, 0xD0DA7950B8B31FAE)
	want = binary.BigEndian.AppendUint64(want, 0x7165B191A5EE9F77)
	if !bytes.Equal(got[:], want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestPayloadTellsPlacesApart looks for eight equal bytes at different places.
func TestPayloadTellsPlacesApart(t *testing.T) {
	seen := map[[8]byte][2]uint64{}
	for stream := range uint32(4) {
		var b [4096]byte
		Payload(b[:], stream, 0)
		for i := 0; i+8 <= len(b); i++ {
			word := [8]byte(b[i:])
			if at, ok := seen[word]; ok {
				t.Fatalf("stream %d offset %d reads as stream %d offset %d", stream, i, at[0], at[1])
			}
			seen[word] = [2]uint64{uint64(stream), uint64(i)}
		}
	}
}

func BenchmarkPayload(b *testing.B) {
	var buf [1420]byte
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		Payload(buf[:], 1, i*uint64(len(buf)))
	}
}
