package sim

import (
	"math"
	"math/big"
	"slices"
	"testing"
)

func TestQuantilesAreWithinOneInSixtyFourOfSorting(t *testing.T) {
	for name, draw := range map[string]func(*Rand) Time{
		"small":       func(r *Rand) Time { return Time(r.Intn(200)) },
		"uniform":     func(r *Rand) Time { return Time(r.Intn(int(Millisecond))) },
		"exponential": func(r *Rand) Time { return exponential(r, 20*Microsecond) },
		"all octaves": func(r *Rand) Time { return Time(r.Uint64() >> (1 + r.Intn(62))) },
		"one value":   func(*Rand) Time { return 123456789 },
		"two values":  func(r *Rand) Time { return []Time{Microsecond, 3 * Second}[r.Intn(2)] },
	} {
		for seed := range uint64(20) {
			r := NewRand(seed, name)
			var h Histogram
			var all []Time
			sum := new(big.Int)
			for range 1 + r.Intn(2000) {
				v := draw(&r)
				h.Record(v)
				all = append(all, v)
				sum.Add(sum, big.NewInt(int64(v)))
			}
			slices.Sort(all)
			n := len(all)
			for _, q := range []float64{-1, 0, 1e-9, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1, 2, math.NaN()} {
				rank := 1
				if q > 0 {
					rank = min(max(int(math.Ceil(q*float64(n))), 1), n)
				}
				exact, got := all[rank-1], h.Quantile(q)
				if math.Abs(float64(got-exact)) > float64(exact)/64 || (exact < 64 && got != exact) {
					t.Fatalf("%s, seed %d: quantile %g of %d is %v, sorted %v", name, seed, q, n, got, exact)
				}
			}
			mean := sum.Div(sum, big.NewInt(int64(n))).Int64()
			if h.Count() != uint64(n) || h.Min() != all[0] || h.Max() != all[n-1] || int64(h.Mean()) != mean {
				t.Fatalf("%s, seed %d: count %d min %v max %v mean %v", name, seed, h.Count(), h.Min(), h.Max(), h.Mean())
			}
		}
	}
}

func TestBucketsTileTheTimes(t *testing.T) {
	last := -1
	for _, v := range []Time{0, 1, 31, 32, 33, 63, 64, 65, 66, 127, 128, 131, 132, Second, Never - 1, Never} {
		b := histogramBucket(v)
		if b < last || b >= histogramBuckets {
			t.Errorf("%d falls into bucket %d after %d", v, b, last)
		}
		last = b
	}
	if last != histogramBuckets-1 {
		t.Errorf("the last bucket is %d of %d", last, histogramBuckets)
	}
	for b := range histogramBuckets {
		if got := histogramBucket(histogramMiddle(b)); got != b {
			t.Fatalf("the middle of bucket %d lies in %d", b, got)
		}
	}
}

func TestHistogramAtTheEdges(t *testing.T) {
	var h Histogram
	if h.Count() != 0 || h.Min() != 0 || h.Max() != 0 || h.Mean() != 0 || h.Quantile(0.5) != 0 {
		t.Error("an empty histogram is not all zero")
	}
	h.Record(-5)
	if h.Count() != 1 || h.Min() != 0 || h.Max() != 0 {
		t.Error("a negative span does not count as 0")
	}
	for range 100 {
		h.Record(Never)
	}
	if h.Max() != Never || h.Quantile(0.9) < Never-Never/64 || h.Mean() < Never/101*100-100 {
		t.Errorf("never: max %v, q90 %v, mean %v", h.Max(), h.Quantile(0.9), h.Mean())
	}
	if h.Reset(); h != (Histogram{}) {
		t.Error("Reset left something")
	}
}

func BenchmarkHistogramRecord(b *testing.B) {
	var h Histogram
	r := NewRand(1, "h")
	var spans [4096]Time
	for i := range spans {
		spans[i] = exponential(&r, 20*Microsecond)
	}
	b.ReportAllocs()
	for i := range b.N {
		h.Record(spans[i&4095])
	}
}
