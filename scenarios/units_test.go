package scenarios

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"netgpusim/sim"
)

func TestQuantitiesAreReadExactly(t *testing.T) {
	for _, c := range []struct {
		units []unit
		plain bool
		text  string
		want  int64
	}{
		{timeUnits, false, "8us", int64(8 * sim.Microsecond)},
		{timeUnits, false, "8 us", int64(8 * sim.Microsecond)},
		{timeUnits, false, "8\u00b5s", int64(8 * sim.Microsecond)},
		{timeUnits, false, "8\u03bcs", int64(8 * sim.Microsecond)},
		{timeUnits, false, "1.5ms", int64(1500 * sim.Microsecond)},
		{timeUnits, false, "300ns", int64(300 * sim.Nanosecond)},
		{timeUnits, false, "0.001ns", 1},
		{timeUnits, false, "2s", int64(2 * sim.Second)},
		{timeUnits, false, "9223372.036854775807s", math.MaxInt64},
		{timeUnits, false, "0", 0},
		{timeUnits, false, "0s", 0},
		{timeUnits, false, "-1ns", -1000},
		{sizeUnits, true, "1500", 1500},
		{sizeUnits, true, "1500B", 1500},
		{sizeUnits, true, "4KiB", 4096},
		{sizeUnits, true, "64KB", 64000},
		{sizeUnits, true, "64kB", 64000},
		{sizeUnits, true, "1.5KiB", 1536},
		{sizeUnits, true, "1_048_576", 1 << 20},
		{sizeUnits, true, "80GiB", 80 << 30},
		{rateUnits, false, "25Gbps", 25e9},
		{rateUnits, false, "12.5 Gbit/s", 125e8},
		{rateUnits, false, "100Mbps", 1e8},
		{rateUnits, false, "0.000000001Gbps", 1},
		{rateUnits, false, "1Tbps", 1e12},
	} {
		got, wrong := parseQuantity(c.text, c.units, c.plain)
		if wrong != quantityOK || got != c.want {
			t.Errorf("%q: got %d (error %d), want %d", c.text, got, wrong, c.want)
		}
	}
}

func TestQuantitiesThatAreNoneAreRefused(t *testing.T) {
	for _, c := range []struct {
		units []unit
		plain bool
		text  string
		want  quantityError
	}{
		{timeUnits, false, "", quantityNoNumber},
		{timeUnits, false, "us", quantityNoNumber},
		{timeUnits, false, ".5us", quantityNoNumber},
		{timeUnits, false, "5.us", quantityNoNumber},
		{timeUnits, false, "+5us", quantityNoNumber},
		{timeUnits, false, "NaN", quantityNoNumber},
		{timeUnits, false, "_1us", quantityNoNumber},
		{timeUnits, false, strings.Repeat("1", 41) + "us", quantityNoNumber},
		{timeUnits, false, "8", quantityNoUnit},
		{timeUnits, false, "1e3us", quantityBadUnit},
		{timeUnits, false, "8 parsecs", quantityBadUnit},
		{timeUnits, false, "1__0us", quantityBadUnit},
		{timeUnits, false, "10_us", quantityBadUnit},
		{timeUnits, false, "8Us", quantityBadUnit},
		{timeUnits, false, "0.0001ns", quantityTooFine},
		{timeUnits, false, "9223372.036854775808s", quantityTooLarge},
		{sizeUnits, true, "1.5", quantityTooFine},
		{sizeUnits, true, "99999999TiB", quantityTooLarge},
		{sizeUnits, true, "4Kib", quantityBadUnit},
		{rateUnits, false, "25", quantityNoUnit},
		{rateUnits, false, "25GBps", quantityBadUnit},
	} {
		if got, wrong := parseQuantity(c.text, c.units, c.plain); wrong != c.want {
			t.Errorf("%q: got %d with error %d, want error %d", c.text, got, wrong, c.want)
		}
	}
}

func TestNumbersAreReadToTheNearestFloat(t *testing.T) {
	for text, want := range map[string]float64{
		"0.055": 0.055, "5.5%": 0.055, "5.5 %": 0.055, "1e-6": 1e-6, "1E+2": 100, "-3": -3, "0": 0,
		"1e-320": 1e-320, "23.4": 23.4,
	} {
		if got, ok := parseNumber(text); !ok || got != want {
			t.Errorf("%q: got %g, %t, want %g", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "%", "NaN", ".inf", "Inf", "1e999", "1e1000", "1e", "1e+-2", "1e 2", "0x10", "5,5", "1e1.5", "5 5", "2.5e2%"} {
		if got, ok := parseNumber(text); ok {
			t.Errorf("%q: read as %g, want refusal", text, got)
		}
	}
}

func TestPrintedQuantitiesReadBackTheSame(t *testing.T) {
	r := sim.NewRand(1, "units")
	for i := range 5000 {
		v := int64(r.Uint64()>>1) >> r.Intn(63)
		for _, c := range []struct {
			v     int64
			print string
			units []unit
			plain bool
		}{
			{v, formatQuantity(v, timeUnits), timeUnits, false},
			{v, formatQuantity(v, rateUnits), rateUnits, false},
			{v / 1000 * 1000, formatQuantity(v/1000*1000, timeUnits), timeUnits, false},
			{v, formatSize(v), sizeUnits, true},
			{v &^ 0xfffff, formatSize(v &^ 0xfffff), sizeUnits, true},
		} {
			if got, wrong := parseQuantity(c.print, c.units, c.plain); wrong != quantityOK || got != c.v {
				t.Fatalf("draw %d: %d is printed %q and read as %d (error %d)", i, c.v, c.print, got, wrong)
			}
		}
	}
}

func TestPrintingPrefersShortUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{formatQuantity(int64(8*sim.Microsecond), timeUnits), "8us"},
		{formatQuantity(int64(1500*sim.Microsecond), timeUnits), "1.5ms"},
		{formatQuantity(125e8, rateUnits), "12.5Gbps"},
		{formatQuantity(1234567, rateUnits), "1234.567Kbps"},
		{formatSize(9000), "9000"},
		{formatSize(4096), "4KiB"},
		{formatSize(40 << 20), "40MiB"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// The exact twin of decimal is big.Rat itself, on texts without separators.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"12.50us", "-3", "1_000", "0.000001", "1__0", "9999999999999999999999.9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, rest, ok := decimal(text)
		if !ok {
			return
		}
		number := strings.ReplaceAll(strings.TrimSuffix(text, rest), "_", "")
		if want, fine := new(big.Rat).SetString(number); !fine || want.Cmp(v) != 0 {
			t.Fatalf("%q: read as %s", text, v)
		}
	})
}

func TestParseTimeReadsWhatScenariosWrite(t *testing.T) {
	if got, err := ParseTime("1.5ms"); err != nil || got != 1500*sim.Microsecond {
		t.Errorf("got %v, %v", got, err)
	}
	want := `given "5"; allowed: a time, such as 8us or 1.5ms; a time needs a unit`
	if _, err := ParseTime("5"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
