package sim

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// normal returns a number that is close enough to normal: the sum of twelve.
func normal(r *Rand) float64 {
	sum := -6.0
	for range 12 {
		sum += r.Float64()
	}
	return sum
}

func TestBatchesEqualTheTextbook(t *testing.T) {
	r := NewRand(1, "batches")
	for _, n := range []int{2, 3, 10, 31, 200} {
		var b Batches
		var x []float64
		for range n {
			v := 40 + 3*normal(&r)
			b.Add(v)
			x = append(x, v)
		}
		mean, sd := stat.MeanStdDev(x, nil)
		// t(0.975, n-1) from the tables.
		quantile := map[int]float64{2: 12.706205, 3: 4.302653, 10: 2.262157, 31: 2.042272, 200: 1.971957}[n]
		if math.Abs(b.Mean()-mean) > 1e-9 || b.N() != n {
			t.Errorf("n %d: mean %g, want %g", n, b.Mean(), mean)
		}
		if want := quantile * stat.StdErr(sd, float64(n)); math.Abs(b.CI95()-want) > 1e-6*want {
			t.Errorf("n %d: half width %g, want %g", n, b.CI95(), want)
		}
	}
}

func TestCI95CoversTheMeanInNineteenOfTwentyRuns(t *testing.T) {
	r := NewRand(2, "batches")
	covered := 0
	const runs = 4000
	for range runs {
		var b Batches
		for range 8 {
			b.Add(5 + normal(&r))
		}
		if math.Abs(b.Mean()-5) <= b.CI95() {
			covered++
		}
	}
	if share := float64(covered) / runs; math.Abs(share-0.95) > 0.012 { // 3.5 sigma
		t.Errorf("covered in %.1f %% of the runs", 100*share)
	}
}

func TestAutocorrelationSeesBatchesThatAreTooShort(t *testing.T) {
	r := NewRand(3, "batches")
	var white, red, swing Batches
	x := 0.0
	for i := range 2000 {
		white.Add(normal(&r))
		x = 0.8*x + normal(&r)
		red.Add(x)
		swing.Add(float64(i % 2))
	}
	if got := white.Autocorrelation(); math.Abs(got) > 3.5/math.Sqrt(2000) {
		t.Errorf("independent batches: %g", got)
	}
	if got := red.Autocorrelation(); math.Abs(got-0.8) > 0.05 {
		t.Errorf("AR(1) with 0.8: %g", got)
	}
	if got, want := swing.Autocorrelation(), -1999.0/2000; math.Abs(got-want) > 1e-12 {
		t.Errorf("alternating: %g, want %g", got, want)
	}
}

func TestFewBatchesSayWhatTheyCan(t *testing.T) {
	var b Batches
	if b.N() != 0 || b.Mean() != 0 || !math.IsInf(b.CI95(), 1) || b.Autocorrelation() != 0 {
		t.Errorf("none: %d %g %g %g", b.N(), b.Mean(), b.CI95(), b.Autocorrelation())
	}
	b.Add(3)
	if b.N() != 1 || b.Mean() != 3 || !math.IsInf(b.CI95(), 1) || b.Autocorrelation() != 0 {
		t.Errorf("one: %d %g %g %g", b.N(), b.Mean(), b.CI95(), b.Autocorrelation())
	}
	b.Add(3)
	b.Add(3)
	if b.CI95() != 0 || b.Autocorrelation() != 0 {
		t.Errorf("equal: %g %g", b.CI95(), b.Autocorrelation())
	}
}
