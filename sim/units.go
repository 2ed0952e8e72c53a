package sim

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
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

// timeUnits are the units String chooses from, largest first.
var timeUnits = [...]struct {
	size Time
	name string
}{{Second, "s"}, {Millisecond, "ms"}, {Microsecond, "µs"}, {Nanosecond, "ns"}, {Picosecond, "ps"}}

// String prints t exactly, in the largest unit that leaves a whole part ("8µs",
// "1.5ms", "90s", "250ps"). Zero is "0s".
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	sign, magnitude := "", uint64(t)
	if t < 0 {
		sign, magnitude = "-", -uint64(t)
	}
	for _, unit := range timeUnits {
		size := uint64(unit.size)
		if magnitude < size {
			continue
		}
		text := sign + strconv.FormatUint(magnitude/size, 10)
		if rest := magnitude % size; rest != 0 {
			digits := strconv.FormatUint(size+rest, 10)[1:] // size is a power of ten: keeps leading zeros
			text += "." + strings.TrimRight(digits, "0")
		}
		return text + unit.name
	}
	return "0s"
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

// Pace returns the time per byte at b, rounded down. A bandwidth of zero means "no
// limit". Below 8 bit/s (a byte per second) the fixed-point number overflows and
// the pace is the slowest there is, 1.1 s per byte.
func (b Bandwidth) Pace() Pace {
	if b <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(8*uint64(Second), 1<<paceShift)
	if hi >= uint64(b) {
		return math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, uint64(b))
	return Pace(q)
}

// Time returns how long n >= 0 bytes take at pace p, rounded down to a picosecond:
// at most n/2^24 + 1 ps less than the exact time. A span that Time cannot hold is
// Never.
func (p Pace) Time(n int64) Time {
	hi, lo := bits.Mul64(uint64(p), uint64(n))
	if hi >= 1<<(paceShift-1) {
		return Never
	}
	return Time(hi<<(64-paceShift) | lo>>paceShift)
}
