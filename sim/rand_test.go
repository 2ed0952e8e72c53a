package sim

import (
	"hash/fnv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// seedFor is the seed with which the stream called name starts SplitMix64 at x.
func seedFor(x uint64, name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return x ^ h.Sum64()
}

func TestSeedingIsSplitMix64(t *testing.T) {
	// The first outputs of Vigna's splitmix64.c started at 1234567.
	want := [4]uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431}
	if got := NewRand(seedFor(1234567, "x"), "x").s; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheGeneratorIsXoshiro256StarStar(t *testing.T) {
	// The first outputs of Blackman and Vigna's xoshiro256starstar.c from state 1, 2, 3, 4.
	r := Rand{s: [4]uint64{1, 2, 3, 4}}
	for i, want := range []uint64{
		11520, 0, 1509978240, 1215971899390074240, 1216172134540287360,
		607988272756665600, 16172922978634559625, 8476171486693032832,
		10595114339597558777, 2904607092377533576,
	} {
		if got := r.Uint64(); got != want {
			t.Errorf("output %d: got %d, want %d", i, got, want)
		}
	}
}

// chiSquare returns the statistic of n draws into k equally likely cells.
func chiSquare(n, k int, draw func() int) float64 {
	cells := make([]int, k)
	for range n {
		cells[draw()]++
	}
	expected, sum := float64(n)/float64(k), 0.0
	for _, c := range cells {
		d := float64(c) - expected
		sum += d * d / expected
	}
	return sum
}

func TestDrawsAreUniform(t *testing.T) {
	const n, k = 200_000, 100
	limits := distuv.ChiSquared{K: k - 1}
	low, high := limits.Quantile(0.0005), limits.Quantile(0.9995)
	for _, stream := range []string{"a", "b", "c", "d", "e"} {
		r := NewRand(1, stream)
		var last int
		for name, draw := range map[string]func() int{
			"Float64":    func() int { return int(r.Float64() * k) },
			"Intn":       func() int { return r.Intn(k) },
			"low bits":   func() int { return int(r.Uint64() & 0xffffffff * k >> 32) },
			"serial":     func() int { last = (last + r.Intn(k)) % k; return last },
			"two in one": func() int { return r.Intn(10)*10 + r.Intn(10) },
		} {
			if x := chiSquare(n, k, draw); x < low || x > high {
				t.Errorf("stream %s, %s: chi-square %.1f is outside [%.1f, %.1f]", stream, name, x, low, high)
			}
		}
	}
}

func TestStreamsDependOnSeedAndNameOnly(t *testing.T) {
	a := NewRand(1, "a")
	first := a.Uint64()
	b := NewRand(1, "b") // made after draws from a
	a2 := NewRand(1, "a")
	if a2.Uint64() != first {
		t.Error("a stream depends on what was made before it")
	}
	if NewRand(1, "b") != b {
		t.Error("the same name and seed give two streams")
	}
	seen := map[Rand]bool{}
	for seed := range uint64(100) {
		for _, name := range []string{"", "a", "b", "ab", "ba"} {
			seen[NewRand(seed, name)] = true
		}
	}
	if len(seen) != 500 {
		t.Errorf("500 pairs of seed and name give %d streams", len(seen))
	}
	// Neighbouring seeds and names must not be correlated either.
	agree := 0
	x, y := NewRand(1, "flow 1"), NewRand(1, "flow 2")
	for range 64_000 {
		if x.Uint64()>>63 == y.Uint64()>>63 {
			agree++
		}
	}
	if agree < 32_000-450 || agree > 32_000+450 { // 3.5 sigma
		t.Errorf("two streams agree in %d of 64000 coin tosses", agree)
	}
}

func TestChanceOfZeroDrawsNothing(t *testing.T) {
	r := NewRand(1, "x")
	before := r
	if r.Chance(0) || r.Chance(-1) || r != before {
		t.Error("Chance(0) was true or used a number")
	}
	if !r.Chance(1) || r == before {
		t.Error("Chance(1) was false or used no number")
	}
	hits := 0
	for range 100_000 {
		if r.Chance(0.01) {
			hits++
		}
	}
	if hits < 890 || hits > 1110 { // 3.5 sigma
		t.Errorf("Chance(0.01) was true %d times in 100000", hits)
	}
}
