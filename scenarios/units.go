package scenarios

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// unit is a suffix of a quantity and how many base units it stands for.
type unit struct {
	suffix string
	scale  int64
}

// The units that files may use. Printing takes the first unit, largest first,
// that needs at most three decimals.
var (
	timeUnits = []unit{
		{"s", int64(sim.Second)}, {"ms", int64(sim.Millisecond)}, {"us", int64(sim.Microsecond)},
		{"ns", int64(sim.Nanosecond)}, {"ps", int64(sim.Picosecond)},
		{"\u00b5s", int64(sim.Microsecond)}, {"\u03bcs", int64(sim.Microsecond)}, // micro sign, Greek mu
	}
	rateUnits = []unit{
		{"Pbps", 1e15}, {"Tbps", 1e12}, {"Gbps", int64(sim.Gbps)}, {"Mbps", int64(sim.Mbps)}, {"Kbps", int64(sim.Kbps)}, {"bps", 1},
		{"kbps", int64(sim.Kbps)}, {"Pbit/s", 1e15}, {"Tbit/s", 1e12}, {"Gbit/s", int64(sim.Gbps)}, {"Mbit/s", int64(sim.Mbps)},
		{"Kbit/s", int64(sim.Kbps)}, {"kbit/s", int64(sim.Kbps)}, {"bit/s", 1},
	}
	sizeUnits = []unit{
		{"TiB", 1 << 40}, {"GiB", int64(sim.GiB)}, {"MiB", int64(sim.MiB)}, {"KiB", int64(sim.KiB)}, {"B", 1},
		{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	}
)

// decimalMaxLen bounds the digits of a number: more than any value here needs, few
// enough that exact arithmetic on them costs nothing.
const decimalMaxLen = 40

// decimal splits text into an exact decimal number and what follows it. Digits may
// be grouped by single underscores (1_000_000). ok is false if text does not start
// with a number.
func decimal(text string) (value *big.Rat, rest string, ok bool) {
	i := 0
	if strings.HasPrefix(text, "-") {
		i = 1
	}
	digits := func() bool {
		start := i
		for i < len(text) && (isDigit(text[i]) || text[i] == '_' && i > start && i+1 < len(text) && isDigit(text[i+1]) && isDigit(text[i-1])) {
			i++
		}
		return i > start
	}
	if !digits() {
		return nil, text, false
	}
	if i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return nil, text, false
		}
	}
	if i > decimalMaxLen {
		return nil, text, false
	}
	value, ok = new(big.Rat).SetString(strings.ReplaceAll(text[:i], "_", ""))
	return value, text[i:], ok
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseWhole reads an integer such as 1024 or 1_048_576.
func parseWhole(text string) (*big.Int, bool) {
	v, rest, ok := decimal(text)
	if !ok || rest != "" || strings.Contains(text, ".") {
		return nil, false
	}
	return v.Num(), true
}

// parseNumber reads a number such as 0.055, 1e-6 or 5.5% as the nearest float64; false
// if it is none or beyond the range of one.
func parseNumber(text string) (float64, bool) {
	v, rest, ok := decimal(text)
	if !ok {
		return 0, false
	}
	if exp, found := strings.CutPrefix(strings.ToLower(rest), "e"); found {
		digits := strings.TrimPrefix(strings.TrimPrefix(exp, "-"), "+")
		if len(digits) == 0 || len(digits) > 3 || len(exp)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
			return 0, false
		}
		n, err := strconv.Atoi(exp)
		if err != nil {
			return 0, false
		}
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
		if n < 0 {
			scale.Inv(scale)
		}
		v.Mul(v, scale)
		rest = ""
	}
	switch strings.TrimSpace(rest) {
	case "":
	case "%":
		v.Quo(v, big.NewRat(100, 1))
	default:
		return 0, false
	}
	f, _ := v.Float64()
	return f, !math.IsInf(f, 0)
}

// quantityError says why a quantity could not be read.
type quantityError uint8

const (
	quantityOK       quantityError = iota
	quantityNoNumber               // not a number at all
	quantityNoUnit                 // a number, but no unit where one is needed
	quantityBadUnit                // a number with a unit that is none of these
	quantityTooFine                // not a whole number of base units
	quantityTooLarge               // beyond 64 bits
)

// parseQuantity reads a number with one of units, exactly: the result is in the
// base unit (scale 1). A plain number is taken as base units if plain is true; a
// plain 0 always is.
func parseQuantity(text string, units []unit, plain bool) (int64, quantityError) {
	v, rest, ok := decimal(text)
	if !ok {
		return 0, quantityNoNumber
	}
	suffix := strings.TrimSpace(rest)
	scale := int64(0)
	if suffix == "" {
		if !plain && v.Sign() != 0 {
			return 0, quantityNoUnit
		}
		scale = 1
	}
	for _, u := range units {
		if u.suffix == suffix {
			scale = u.scale
		}
	}
	if scale == 0 {
		return 0, quantityBadUnit
	}
	v.Mul(v, new(big.Rat).SetInt64(scale))
	if !v.IsInt() {
		return 0, quantityTooFine
	}
	if !v.Num().IsInt64() {
		return 0, quantityTooLarge
	}
	return v.Num().Int64(), quantityOK
}

// ParseTime reads a time the way scenario files and flags write it: 8us, 1.5ms, 0.
// The error is of type *Error, without a place.
func ParseTime(text string) (sim.Time, error) {
	f := field{kind: kindTime, low: math.MinInt64, high: math.MaxInt64}
	v, p := f.read(text)
	if p != nil {
		return 0, p.at(origin{}, "")
	}
	return sim.Time(v.whole), nil
}

// formatQuantity prints v, exactly, with the largest of units that needs at most
// three decimals. parseQuantity reads it back to the same value.
func formatQuantity(v int64, units []unit) string {
	if v == 0 {
		return "0"
	}
	for _, u := range units {
		if u.scale > 1 && (v < u.scale && v > -u.scale || v%u.scale*1000%u.scale != 0) {
			continue
		}
		s := new(big.Rat).SetFrac64(v, u.scale).FloatString(3)
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + u.suffix
	}
	return strconv.FormatInt(v, 10)
}

// formatSize prints a size in bytes: with a binary unit if it is a whole number of
// them, else as a plain number, which is how the field writes an MTU.
func formatSize(v int64) string {
	for _, u := range sizeUnits[:4] {
		if v >= u.scale && v%u.scale == 0 {
			return strconv.FormatInt(v/u.scale, 10) + u.suffix
		}
	}
	return strconv.FormatInt(v, 10)
}

// formatNumber prints a float64 so that parseNumber reads the same one.
func formatNumber(v float64) string {
	return strconv.FormatFloat(v, 'g', -1, 64)
}
