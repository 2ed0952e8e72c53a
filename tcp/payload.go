package tcp

import "encoding/binary"

// Payload fills dst with the bytes of a stream from the given offset on. Byte i of a
// stream is byte i mod 8, least significant first, of the 64-bit word
//
//	mix((i div 8) * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03)
//
// where mix is the finaliser of SplitMix64: any excerpt tells misplaced,
// repeated or foreign bytes from the right ones.
func Payload(dst []byte, stream uint32, offset uint64) {
	const step = 0x9E3779B97F4A7C15
	seed := offset/8*step + uint64(stream)*0xD1B54A32D192ED03
	if into := offset % 8; into != 0 {
		dst = dst[copyWord(dst, seed, into):]
		seed += step
	}
	for len(dst) >= 8 {
		binary.LittleEndian.PutUint64(dst, mixWord(seed))
		dst = dst[8:]
		seed += step
	}
	copyWord(dst, seed, 0)
}

// copyWord copies the word of seed from byte into on, as far as dst goes.
func copyWord(dst []byte, seed, into uint64) int {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], mixWord(seed))
	return copy(dst, word[into:])
}

// mixWord is the finaliser of SplitMix64.
func mixWord(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
