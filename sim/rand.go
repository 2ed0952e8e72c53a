package sim

import (
	"hash/fnv"
	"math/bits"
)

// Rand is a named stream of random numbers (xoshiro256**, seeded by SplitMix64).
// Streams are derived from (seed, name), so adding a stream changes no other, and
// the numbers do not depend on the Go version.
type Rand struct {
	s [4]uint64
}

// NewRand returns the stream called name of a run's seed.
func NewRand(seed uint64, name string) Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails to write
	x := seed ^ h.Sum64()
	var r Rand
	for i := range r.s {
		x += 0x9E3779B97F4A7C15
		z := x
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		r.s[i] = z ^ z>>31
	}
	return r
}

// Uint64 returns the next 64 random bits.
func (r *Rand) Uint64() uint64 {
	s := &r.s
	result := bits.RotateLeft64(s[1]*5, 7) * 9
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return result
}

// Float64 returns a number in [0, 1) with 53 random bits.
func (r *Rand) Float64() float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// Intn returns a number in [0, n); n must be positive. The bias is below n/2^64.
func (r *Rand) Intn(n int) int {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return int(hi)
}

// Chance is true with probability p. It draws a number only if p > 0, so a fault
// that is switched off costs and changes nothing.
func (r *Rand) Chance(p float64) bool { return p > 0 && r.Float64() < p }
