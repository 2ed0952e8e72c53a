package sim

import "math/bits"

// Gauge follows an integer level over time (entries in a ring, bytes in a buffer,
// credits in use) and knows its time-weighted mean, its extremes and how long it
// stood empty or full. Updating one costs a multiplication and allocates nothing.
//
// The level is right-continuous: Set(now, v) says that the level is v from now on.
// A level that is left again at the same instant counts for Min and Max, not for
// the mean. A now before the last update counts as the time of that update, so
// the measured time never runs backwards.
//
// The zero Gauge stands at level 0 since time 0 and is never full.
type Gauge struct {
	level, min, max int64
	full            int64 // level from which the gauge counts as full; <= 0: never

	start Time // measuring since
	since Time // the level has been what it is since
	empty Time // time at level 0 in [start, since]
	brim  Time // time at full or above in [start, since]

	// The integral of level over [start, since] in level x ps, as a signed 128-bit
	// number: a level of 2^31 overflows 63 bits within 4.3 ms.
	areaHi, areaLo uint64
}

// Start begins to measure: at time now the level is level, and it counts as full
// from full on (full <= 0: never).
func (g *Gauge) Start(now Time, level, full int64) {
	*g = Gauge{level: level, min: level, max: level, full: full, start: now, since: now}
}

// Restart begins to measure afresh at time now and keeps the level: what a run
// does when its warm-up ends.
func (g *Gauge) Restart(now Time) { g.Start(max(now, g.since), g.level, g.full) }

// Set says that the level is level from time now on.
func (g *Gauge) Set(now Time, level int64) {
	if d := now - g.since; d > 0 {
		g.areaHi, g.areaLo, g.empty, g.brim = g.upTo(d)
		g.since = now
	}
	g.level = level
	if level < g.min {
		g.min = level
	}
	if level > g.max {
		g.max = level
	}
}

// Add moves the level by delta at time now.
func (g *Gauge) Add(now Time, delta int64) { g.Set(now, g.level+delta) }

// upTo returns the sums extended by a span d >= 0 at the present level.
func (g *Gauge) upTo(d Time) (hi, lo uint64, empty, brim Time) {
	hi, lo = bits.Mul64(uint64(g.level), uint64(d))
	if g.level < 0 { // two's complement: uint64(level) is level + 2^64
		hi -= uint64(d)
	}
	var carry uint64
	lo, carry = bits.Add64(g.areaLo, lo, 0)
	hi, _ = bits.Add64(g.areaHi, hi, carry)
	empty, brim = g.empty, g.brim
	if g.level == 0 {
		empty += d
	}
	if g.full > 0 && g.level >= g.full {
		brim += d
	}
	return hi, lo, empty, brim
}

// Level is the level that was set last.
func (g *Gauge) Level() int64 { return g.level }

// Min is the lowest level since measuring began.
func (g *Gauge) Min() int64 { return g.min }

// Max is the highest level since measuring began.
func (g *Gauge) Max() int64 { return g.max }

// Mean is the time-weighted mean level from the start of measuring until now; the
// level itself if no time has passed.
func (g *Gauge) Mean(now Time) float64 {
	now = max(now, g.since)
	if now == g.start {
		return float64(g.level)
	}
	hi, lo, _, _ := g.upTo(now - g.since)
	sign := 1.0
	if int64(hi) < 0 {
		sign = -1
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	// The conversion keeps the compiler from fusing multiplication and addition,
	// which would make the last bit depend on the machine.
	area := float64(float64(hi)*(1<<64)) + float64(lo)
	return sign * area / float64(now-g.start)
}

// Empty is the time at level 0 from the start of measuring until now.
func (g *Gauge) Empty(now Time) Time {
	_, _, empty, _ := g.upTo(max(now, g.since) - g.since)
	return empty
}

// Full is the time at or above the full level from the start of measuring until
// now.
func (g *Gauge) Full(now Time) Time {
	_, _, _, brim := g.upTo(max(now, g.since) - g.since)
	return brim
}
