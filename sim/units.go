package sim

import (
	"math/bits"
	"time"
)

// Time is simulated time, or a span of it, in picoseconds. 2^63 ps are 106 days.
type Time int64

// Units of Time.
const (
	Picosecond  Time = 1
	Nanosecond       = 1000 * Picosecond
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond

	// Never is later than every event: the deadline of a stopped timer.
	Never Time = 1<<63 - 1
)

// Seconds returns t in seconds.
func (t Time) Seconds() float64 { return float64(t) / float64(Second) }

// Nanoseconds returns t in nanoseconds.
func (t Time) Nanoseconds() float64 { return float64(t) / float64(Nanosecond) }

// Microseconds returns t in microseconds.
func (t Time) Microseconds() float64 { return float64(t) / float64(Microsecond) }

// String prints t with a unit that suits it ("8µs", "1.5ms"); picoseconds below
// one nanosecond are kept.
func (t Time) String() string {
	switch {
	case t == Never:
		return "never"
	case t%Nanosecond != 0 && t < Microsecond && t > -Microsecond:
		return time.Duration(t/Nanosecond).String() + "+" + itoa(int64(t%Nanosecond)) + "ps"
	}
	return time.Duration(t / Nanosecond).String()
}

func itoa(v int64) string {
	if v < 0 {
		return "-" + itoa(-v)
	}
	if v < 10 {
		return string(rune('0' + v))
	}
	return itoa(v/10) + string(rune('0'+v%10))
}

// Bandwidth is a data rate in bits per second (1 Gbit/s = 1e9).
type Bandwidth int64

// Units of Bandwidth.
const (
	BitPerSecond Bandwidth = 1
	Kbps                   = 1000 * BitPerSecond
	Mbps                   = 1000 * Kbps
	Gbps                   = 1000 * Mbps
)

// Gbps returns b in units of 1e9 bit/s.
func (b Bandwidth) Gbps() float64 { return float64(b) / 1e9 }

// Bytes is a size or an amount of data in bytes.
type Bytes int64

// Units of Bytes.
const (
	Byte Bytes = 1
	KiB        = 1024 * Byte
	MiB        = 1024 * KiB
	GiB        = 1024 * MiB
)

// paceShift is the number of fraction bits of a Pace.
const paceShift = 24

// Pace is the time one byte takes at some bandwidth, as a fixed-point number of
// picoseconds with 24 fraction bits, so that the time of n bytes costs one
// multiplication and is the same on every machine. The zero Pace is infinitely
// fast.
type Pace uint64

// Pace returns the time per byte at b. A bandwidth of zero means "no limit".
func (b Bandwidth) Pace() Pace {
	if b <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(8*uint64(Second), 1<<paceShift)
	q, _ := bits.Div64(hi, lo, uint64(b))
	return Pace(q)
}

// Time returns how long n bytes take at pace p, rounded down to a picosecond.
func (p Pace) Time(n int64) Time {
	hi, lo := bits.Mul64(uint64(p), uint64(n))
	return Time(hi<<(64-paceShift) | lo>>paceShift)
}
