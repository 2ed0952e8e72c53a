package sim

import (
	"math"
	"math/big"
	"testing"
)

// twinGauge keeps the whole history and integrates it with big numbers.
type twinGauge struct {
	at    []Time
	level []int64
	full  int64
}

func (w *twinGauge) read(now Time) (mean float64, empty, full Time) {
	area := new(big.Int)
	for i, level := range w.level {
		until := now
		if i+1 < len(w.at) {
			until = w.at[i+1]
		}
		d := until - w.at[i]
		area.Add(area, new(big.Int).Mul(big.NewInt(level), big.NewInt(int64(d))))
		if level == 0 {
			empty += d
		}
		if w.full > 0 && level >= w.full {
			full += d
		}
	}
	elapsed := now - w.at[0]
	if elapsed == 0 {
		return float64(w.level[len(w.level)-1]), empty, full
	}
	mean, _ = new(big.Float).Quo(new(big.Float).SetInt(area), new(big.Float).SetInt64(int64(elapsed))).Float64()
	return mean, empty, full
}

func TestGaugeEqualsTheExactIntegral(t *testing.T) {
	for seed := range uint64(200) {
		r := NewRand(seed, "gauge")
		now := Time(r.Intn(1000))
		full := int64(r.Intn(3)) * 5
		var g Gauge
		g.Start(now, 2, full)
		twin := twinGauge{[]Time{now}, []int64{2}, full}
		low, high := int64(2), int64(2)
		for range 100 {
			now += Time(r.Uint64() >> (20 + r.Intn(44)))
			level := int64(r.Intn(12)) - 1
			if r.Chance(0.1) {
				level = int64(r.Uint64()>>32) - 1<<31
			}
			if r.Chance(0.5) {
				g.Set(now, level)
			} else {
				g.Add(now, level-g.Level())
			}
			twin.at, twin.level = append(twin.at, now), append(twin.level, level)
			low, high = min(low, level), max(high, level)

			later := now + Time(r.Intn(1000))
			mean, empty, brim := twin.read(later)
			if math.Abs(g.Mean(later)-mean) > 1e-12*max(math.Abs(mean), 1) {
				t.Fatalf("seed %d: mean %g, exact %g", seed, g.Mean(later), mean)
			}
			if g.Empty(later) != empty || g.Full(later) != brim || g.Level() != level || g.Min() != low || g.Max() != high {
				t.Fatalf("seed %d: empty %v full %v level %d min %d max %d; want %v %v %d %d %d", seed,
					g.Empty(later), g.Full(later), g.Level(), g.Min(), g.Max(), empty, brim, level, low, high)
			}
		}
	}
}

func TestGaugeDoesNotOverflow(t *testing.T) {
	var g Gauge
	g.Start(0, 1<<31, 1)
	day := 24 * 3600 * Second
	if got := g.Mean(100 * day); got != 1<<31 {
		t.Errorf("mean %g", got)
	}
	g.Set(100*day, -1<<31)
	if got := g.Mean(106 * day); math.Abs(got-(1<<31)*94.0/106) > 1 {
		t.Errorf("mean %g", got)
	}
}

func TestGaugeRestartKeepsTheLevelAndForgetsThePast(t *testing.T) {
	var g Gauge // zero: level 0 since time 0
	g.Set(10, 7)
	g.Set(20, 3)
	g.Restart(40)
	if g.Level() != 3 || g.Min() != 3 || g.Max() != 3 || g.Mean(40) != 3 || g.Mean(60) != 3 || g.Empty(60) != 0 {
		t.Errorf("after Restart: %+v", g)
	}
	g.Start(100, 9, 5)
	g.Set(200, 8)
	g.Restart(150) // not before the last update
	if g.Full(300) != 100 || g.Mean(300) != 8 {
		t.Errorf("Restart lost the full level or went back in time: full %v, mean %g", g.Full(300), g.Mean(300))
	}
	g.Start(40, 3, 0)
	g.Set(50, 0)
	if g.Mean(60) != 1.5 || g.Empty(60) != 10 {
		t.Errorf("mean %g, empty %v", g.Mean(60), g.Empty(60))
	}
}

func TestGaugeTakesAnEarlierTimeForTheLastOne(t *testing.T) {
	var g Gauge
	g.Start(100, 1, 0)
	g.Set(200, 2)
	g.Set(150, 4) // late report: counts from 200
	if got := g.Mean(300); got != (1*100+4*100)/200.0 {
		t.Errorf("mean %g", got)
	}
	if got := g.Mean(120); got != 1 { // up to 200
		t.Errorf("mean read too early: %g", got)
	}
}

func BenchmarkGaugeAdd(b *testing.B) {
	var g Gauge
	g.Start(0, 0, 100)
	b.ReportAllocs()
	for i := range b.N {
		g.Add(Time(i)*100, int64(i&1)*2-1)
	}
}
