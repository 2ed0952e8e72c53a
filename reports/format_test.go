package reports

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
)

func TestNumbersAreWrittenWithTheDigitsTheyDeserve(t *testing.T) {
	for _, c := range []struct{ what, got, want string }{
		{"three digits", gbps(24.5678), "24.6"},
		{"rounding up a digit", gbps(9.996), "10.0"},
		{"thousands", gbps(12345.6), "12,346"},
		{"small", gbps(0.012345), "0.0123"},
		{"tiny", gbps(1.2e-12), "0.000000000"},
		{"zero", gbps(0), "0"},
		{"negative", gbps(-1.5), "−1.50"},
		{"no negative zero", decimals(-0.001, 2), "0.00"},
		{"not a number", gbps(math.NaN()), "NaN"},
		{"infinite", gbps(math.Inf(1)), "Inf"},
		{"minus infinite", gbps(math.Inf(-1)), "-Inf"},

		{"interval", gbpsCI(24.603, 0.094), "24.60 ± 0.09"},
		{"interval that starts with 1", gbpsCI(24.603, 0.0142), "24.603 ± 0.014"},
		{"wide interval", gbpsCI(24.603, 3.2), "24.6 ± 3.2"},
		{"tiny interval is no interval", gbpsCI(24.603, 1e-9), "24.603"},
		{"interval of a slow run", gbpsCI(0.01234, 0.0004), "0.0123 ± 0.0004"},
		{"no interval", gbpsCI(24.603, 0), "24.6"},
		{"broken interval", gbpsCI(24.603, math.NaN()), "24.6"},

		{"column", gbpsColumn(0.0512), "0.05"},
		{"column, large", gbpsColumn(5125.2), "5,125"},
		{"column, next to nothing", gbpsColumn(0.0001), "<0.01"},
		{"column, nothing", gbpsColumn(0), "0"},
		{"column, infinite", gbpsColumn(math.Inf(1)), "Inf"},

		{"percent", percent(0.794), "79.4 %"},
		{"percent, all", percent(1), "100 %"},
		{"percent, not quite all", percent(0.9997), ">99.9 %"},
		{"percent, all but for rounding", percent(1.0000003), "100 %"},
		{"percent, over", percent(1.0312), "103.1 %"},
		{"percent, hardly any", percent(0.0004), "<0.1 %"},
		{"percent, least shown", percent(0.0005), "0.1 %"},
		{"percent, none", percent(0), "0 %"},
		{"percent, NaN", percent(math.NaN()), "NaN %"},
		{"error above", signedPercent(0.0501), "+5.0 %"},
		{"error below", signedPercent(-0.0501), "−5.0 %"},
		{"no error", signedPercent(0), "0.0 %"},
		{"hardly an error", signedPercent(0.0001), "0.0 %"},
		{"infinite error", signedPercent(math.Inf(1)), "+Inf %"},

		{"traffic", traffic(3_075_375_000), "3.08 GB"},
		{"traffic at the edge of a unit", traffic(999_999), "1.00 MB"},
		{"traffic, few", traffic(999), "999 B"},
		{"traffic, none", traffic(0), "0 B"},
		{"memory", memory(40 << 20), "40.0 MiB"},
		{"memory, bytes", memory(1000), "1,000 B"},
		{"time", duration(0.4123), "412 ms"},
		{"time, exact", duration(0.05), "50 ms"},
		{"time, µs", duration(14.2e-6), "14.2 µs"},
		{"time, long", duration(3600), "3,600 s"},
		{"time, below a nanosecond", duration(5e-13), "0.0005 ns"},
		{"no time", duration(0), "0"},
		{"count", approximate(413_220), "413,220"},
		{"large count", approximate(12_345_678), "12.3 M"},
		{"rate", perSecond(490_760), "491 k"},
		{"slow rate", perSecond(12.34), "12.3"},
		{"one", plural(1, "page", "pages"), "1 page"},
		{"several", plural(1234, "page", "pages"), "1,234 pages"},
		{"setting", trimmed("25.0"), "25"},
		{"setting with a decimal", trimmed("12.50"), "12.5"},
		{"setting that ends in zero", trimmed("100"), "100"},
	} {
		if got := strings.ReplaceAll(c.got, nbsp, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestBarsGrowWithTheShare(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  string
	}{
		{0, ""}, {-1, ""}, {math.NaN(), ""}, {1e-9, "▏"}, {0.5, "████"}, {0.51, "████▏"}, {1, "████████"}, {7, "████████"},
	} {
		if got := bar(c.share, 8); got != c.want {
			t.Errorf("bar(%v) = %q, want %q", c.share, got, c.want)
		}
	}
}

func TestWrapKeepsEveryWordAndTheWidth(t *testing.T) {
	property := func(words []string, first, width uint8) bool {
		text := clean(strings.Join(words, " "))
		f, w := int(first%40), 2+int(width%40)
		f = min(f, w)
		lines := wrap(text, f, w)
		for i, line := range lines {
			limit := w
			if i == 0 {
				limit = max(f, 0)
			}
			if displayWidth(line) > limit && !(i == 0 && f < 2) {
				t.Logf("line %d of %q is %q: wider than %d", i, text, line, limit)
				return false
			}
		}
		without := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		return without(strings.Join(lines, "")) == without(text)
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestTextFromScenariosCannotSteerTheTerminal(t *testing.T) {
	for given, want := range map[string]string{
		"plain":                        "plain",
		"two\nlines\tand\rmore":        "two lines and more",
		"\x1b[31mred\x1b[0m":           "\uFFFD[31mred\uFFFD[0m",
		"\u009b2J":                     "\uFFFD2J",
		"a\u202eb":                     "a\uFFFDb",
		"\xff\xfe":                     "\uFFFD",
		"Größe ± µs":                   "Größe ± µs",
		"\x00\x07":                     "\uFFFD\uFFFD",
		"line\u2028separator\u2029too": "line separator too",
	} {
		if got := clean(given); got != want {
			t.Errorf("clean(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestDisplayWidthIsThatOfATerminal(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "± µ → █": 7, "漢字": 4, "e\u0301": 1, "한": 2, "\u200b": 0} {
		if got := displayWidth(s); got != want {
			t.Errorf("displayWidth(%q) = %d, want %d", s, got, want)
		}
	}
}
