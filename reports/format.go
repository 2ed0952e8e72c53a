package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// nbsp keeps a number and its unit on one line; it is printed as a space.
const nbsp = "\u00a0"

// significant writes v in plain decimals with n significant digits; digits left
// of the point are all kept.
func significant(v float64, n int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(fmt.Sprintf("%+v", v), "+")
	case v == 0:
		return "0"
	}
	return decimals(v, decimalsFor(v, n))
}

// decimalsFor is how many decimals show v with n significant digits, 0 to 9.
func decimalsFor(v float64, n int) int {
	if v == 0 {
		return 0
	}
	// %e rounds first, so that 9.996 counts as 10.0 and gets one decimal, not two.
	e := fmt.Sprintf("%.*e", n-1, v)
	exponent, _ := strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	return min(max(n-1-exponent, 0), 9)
}

// decimals writes v with d decimals, thousands apart, and a true minus sign. What
// rounds to zero has no sign.
func decimals(v float64, d int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', d, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	s = grouped(whole)
	if fraction != "" {
		s += "." + fraction
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		s = "−" + s
	}
	return s
}

// grouped puts a comma between thousands.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// gbps writes a rate in Gbit/s without the unit.
func gbps(v float64) string { return significant(v, 3) }

// gbpsColumn writes a rate for a column in which small ones matter little: two
// decimals at most.
func gbpsColumn(v float64) string {
	if v > 0 && v < 0.005 {
		return "<0.01"
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return gbps(v)
	}
	return decimals(v, min(decimalsFor(v, 3), 2))
}

// trimmed takes zeros off the end of decimals: a setting of 25 Gbit/s or a time of
// 50 ms was not measured to three digits.
func trimmed(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// gbpsCI writes a rate with the half width of its confidence interval, both with
// as many decimals as the half width deserves: one significant digit, two if the
// first is a 1. Without an interval it is gbps.
func gbpsCI(v, ci float64) string {
	if !(ci > 0) || math.IsInf(ci, 0) {
		return gbps(v)
	}
	digits := 1
	if first := strings.TrimLeft(significant(ci, 1), "0."); strings.HasPrefix(first, "1") {
		digits = 2
	}
	// At least what gbps shows, at most a kbit/s.
	d := min(max(decimalsFor(ci, digits), decimalsFor(v, 3)), 6)
	d = min(d, max(decimalsFor(v, 3), 3))
	if decimals(ci, d) == decimals(0, d) {
		return decimals(v, d)
	}
	return decimals(v, d) + nbsp + "±" + nbsp + decimals(ci, d)
}

// withUnit joins a number and its unit so that they are never parted.
func withUnit(number, unit string) string { return number + nbsp + unit }

// percent writes a fraction with one decimal. It never rounds to a bound that was
// not reached: 0.9999 is ">99.9 %" and 0.0001 "<0.1 %".
func percent(fraction float64) string {
	p := fraction * 100
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return withUnit(significant(p, 3), "%")
	case p > 0 && p < 0.05:
		return withUnit("<0.1", "%")
	case p >= 99.95 && p < 100:
		return withUnit(">99.9", "%")
	case p == 0 || p >= 100 && p < 100.05: // above only by rounding
		return withUnit(decimals(p, 0), "%")
	}
	return withUnit(decimals(p, 1), "%")
}

// signedPercent writes a relative difference with its sign.
func signedPercent(fraction float64) string {
	s := decimals(fraction*100, 1)
	if math.IsNaN(fraction) || math.IsInf(fraction, 0) {
		s = significant(fraction, 1)
	}
	if fraction > 0 && strings.Trim(s, "0.") != "" {
		s = "+" + s
	}
	return withUnit(s, "%")
}

// scale is a unit and its size in the base unit.
type scale struct {
	size float64
	unit string
}

var (
	decimalBytes = []scale{{1e15, "PB"}, {1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}}
	binaryBytes  = []scale{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}}
	timeScale    = []scale{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}
	countScale   = []scale{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}
)

// scaled writes v in the largest unit in which it is at least 1, with three
// significant digits; whole says that the smallest unit has no fractions.
func scaled(v float64, scales []scale, whole bool) string {
	last := scales[len(scales)-1]
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return withUnit(significant(v, 3), last.unit)
	}
	for i, s := range scales {
		// 999.6 of a unit reads better as 1.00 of the next: ask after rounding.
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(math.Abs(v)/s.size, 'g', 3, 64), 64)
		switch {
		case i == len(scales)-1 && whole:
			return withUnit(decimals(v/s.size, 0), s.unit)
		case err != nil || rounded < 1 && i < len(scales)-1:
			continue
		}
		return withUnit(significant(v/s.size, 3), s.unit)
	}
	return withUnit(significant(v/last.size, 3), last.unit)
}

// traffic writes an amount of transferred data, in powers of 1000.
func traffic(bytes int64) string { return scaled(float64(bytes), decimalBytes, true) }

// memory writes a size of memory or of a window, in powers of 1024.
func memory(bytes int64) string { return scaled(float64(bytes), binaryBytes, true) }

// duration writes a time given in seconds.
func duration(seconds float64) string {
	if seconds == 0 {
		return "0"
	}
	number, unit, _ := strings.Cut(scaled(seconds, timeScale, false), nbsp)
	return withUnit(trimmed(number), unit)
}

// integer writes a count in full.
func integer(n int64) string { return decimals(float64(n), 0) }

// approximate writes a count that may be large: in full below a million.
func approximate(n float64) string {
	if math.Abs(n) < 1e6 {
		return decimals(n, 0)
	}
	return scaled(n, countScale, false)
}

// perSecond writes a rate of events to three digits: "491 k".
func perSecond(n float64) string {
	if math.Abs(n) < 1e3 {
		return significant(n, 3)
	}
	return scaled(n, countScale, false)
}

// plural writes a count and its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return withUnit("1", one)
	}
	return withUnit(integer(n), many)
}

// bar draws a share of width cells in eighths of a cell; anything above nothing
// shows at least the thinnest line.
func bar(share float64, width int) string {
	if !(share > 0) {
		return ""
	}
	eighths := int(math.Round(min(share, 1) * float64(width) * 8))
	eighths = max(eighths, 1)
	s := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[part-1])
	}
	return s
}
