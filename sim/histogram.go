package sim

import "math/bits"

const (
	// histogramBits is the base-2 logarithm of the buckets per octave. One more
	// bit halves the error of a quantile and doubles the memory.
	histogramBits = 5

	histogramPerOctave = 1 << histogramBits
	// One linear stretch [0, 32) and an octave for each leading bit 5..62.
	histogramBuckets = (63 - histogramBits + 1) * histogramPerOctave
)

// Histogram counts spans of time in buckets whose width grows with their value
// (log-linear, as in HdrHistogram): exact below 64 ps, then 32 buckets per octave.
// A quantile is within 1/64 of the exact one. The size is fixed (15 KiB) and covers every
// span from 0 to Never; recording costs a few instructions and allocates nothing.
// The zero Histogram is empty and ready.
type Histogram struct {
	counts       [histogramBuckets]uint64
	n            uint64
	min, max     Time
	sumHi, sumLo uint64 // sum of all spans, 128 bits
}

// histogramBucket returns the bucket of a span t >= 0. An octave starts where the
// one before it ends: bucket 32 holds 32 ps, bucket 64 holds 64 and 65 ps.
func histogramBucket(t Time) int {
	if t < histogramPerOctave {
		return int(t)
	}
	shift := bits.Len64(uint64(t)) - 1 - histogramBits
	return shift<<histogramBits + int(t>>shift)
}

// histogramMiddle returns the middle of a bucket, rounded down.
func histogramMiddle(bucket int) Time {
	shift := max(bucket>>histogramBits-1, 0)
	low := Time(bucket-shift<<histogramBits) << shift
	return low + (Time(1)<<shift-1)/2
}

// Record counts the span t. A negative span counts as 0.
func (h *Histogram) Record(t Time) {
	t = max(t, 0)
	if h.n == 0 || t < h.min {
		h.min = t
	}
	if t > h.max {
		h.max = t
	}
	h.n++
	var carry uint64
	h.sumLo, carry = bits.Add64(h.sumLo, uint64(t), 0)
	h.sumHi += carry
	h.counts[histogramBucket(t)]++
}

// Count is the number of spans recorded.
func (h *Histogram) Count() uint64 { return h.n }

// Min is the shortest span, exact; 0 if none was recorded.
func (h *Histogram) Min() Time { return h.min }

// Max is the longest span, exact; 0 if none was recorded.
func (h *Histogram) Max() Time { return h.max }

// Mean is the exact mean, rounded down to a picosecond; 0 if nothing was recorded.
func (h *Histogram) Mean() Time {
	if h.n == 0 {
		return 0
	}
	mean, _ := bits.Div64(h.sumHi, h.sumLo, h.n) // each span is below 2^63, so sumHi < n
	return Time(mean)
}

// Quantile returns the span that a share q of all spans does not exceed (the
// ceil(q n)-th smallest), within 1/64 of the exact one and never outside
// [Min, Max]. A q of 0 or less (or NaN) gives Min, 1 or more gives Max; an empty
// histogram gives 0.
func (h *Histogram) Quantile(q float64) Time {
	if h.n == 0 || !(q > 0) {
		return h.min
	}
	if q >= 1 {
		return h.max
	}
	exact := q * float64(h.n)
	rank := uint64(exact)
	if float64(rank) < exact {
		rank++
	}
	seen := uint64(0)
	for bucket, count := range h.counts {
		seen += count
		if seen >= rank {
			return min(max(histogramMiddle(bucket), h.min), h.max)
		}
	}
	return h.max
}

// Reset forgets every span.
func (h *Histogram) Reset() { *h = Histogram{} }
