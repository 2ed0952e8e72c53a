package reports

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// bandText is the band of a page that is wide enough for every column.
func bandText(t *testing.T, b *Band, measured float64, o TextOptions) string {
	t.Helper()
	r := Result{Band: b}
	if measured != 0 {
		r.Measured = []Measured{{Metric: b.Metric, Value: measured}}
	}
	p := &page{width: max(o.Width, 120), verbose: o.Verbose}
	p.band(&r)
	return p.buf.String()
}

func TestAxesAreInTheOrderOfTheLoopsThatMadeThem(t *testing.T) {
	axes, constant := axesOf(mtuBand().Points)
	if len(axes) != 2 || axes[0].key != "nic.mtu" || axes[1].key != "cpu.profile" {
		t.Errorf("axes are %v, want nic.mtu, which changes least often, then cpu.profile", axes)
	}
	if want := []string{"1500", "2048", "4096", "9000"}; !slices.Equal(axes[0].values, want) {
		t.Errorf("values are %v, want %v", axes[0].values, want)
	}
	if len(constant) != 1 || constant[0].key != "link.rate" {
		t.Errorf("constant are %v, want link.rate", constant)
	}
}

func TestAPointThatLeavesASettingAloneHasItAsGiven(t *testing.T) {
	points := []BandPoint{{Set: map[string]string{"a": "1"}}, {Set: map[string]string{"a": "2"}}, {Set: map[string]string{"b": "x"}}}
	axes, constant := axesOf(points)
	if len(constant) != 0 || len(axes) != 2 {
		t.Fatalf("axes %v and constant %v", axes, constant)
	}
	for i := range axes {
		if !slices.Contains(axes[i].values, asGiven) {
			t.Errorf("%s has values %v, without %q", axes[i].key, axes[i].values, asGiven)
		}
	}
}

func TestValuesAreListedBriefly(t *testing.T) {
	mtus := []string{"1500", "2048", "4096", "9000"}
	rates := []string{"10Gbps", "12.5Gbps", "25Gbps", "100Gbps"}
	for _, c := range []struct {
		values, all []string
		want        string
	}{
		{[]string{"1500"}, mtus, "1500"},
		{[]string{"1500"}, []string{"1500"}, "1500"},
		{mtus, mtus, "any"},
		{mtus[1:], mtus, "2048 to 9000"},
		{mtus[2:], mtus, "4096, 9000"},
		{[]string{"1500", "2048", "9000"}, mtus, "1500, 2048, 9000"},
		{rates[:3], rates, "10Gbps to 25Gbps"},
		{[]string{"9k", "1M", "2M"}, []string{"9k", "1M", "2M", "x"}, "9k, 1M, 2M"},
		{[]string{"3", "2", "1"}, []string{"3", "2", "1", "0"}, "3, 2, 1"},
		{[]string{"xeon-2020", "xeon-2020-fast"}, []string{"xeon-2020-slow", "xeon-2020", "xeon-2020-fast"}, "xeon-2020, …-fast"},
		{[]string{"xeon-2020-slow", "xeon-2020-fast"}, []string{"xeon-2020-slow", "xeon-2020", "xeon-2020-fast"}, "xeon-2020-slow, …-fast"},
		{[]string{"xeon-2020-slow", "xeon-2020"}, []string{"xeon-2020-slow", "xeon-2020", "xeon-2020-fast"}, "xeon-2020-slow, xeon-2020"},
		{[]string{"a-b", "a-c"}, []string{"a-b", "a-c", "d"}, "a-b, a-c"},
		{[]string{"on", "off"}, []string{"on", "off", "auto"}, "on, off"},
	} {
		if got := strings.ReplaceAll(valueList(c.values, c.all), nbsp, " "); got != c.want {
			t.Errorf("valueList(%v of %v) = %q, want %q", c.values, c.all, got, c.want)
		}
	}
}

func TestBandFoldsPointsThatShowTheSame(t *testing.T) {
	got := bandText(t, mtuBand(), 23.4, TextOptions{})
	for _, line := range []string{
		"Band  goodput_gbps 15.9 to 24.6 over 12 points; measured 23.4; link.rate 25Gbps\n",
		"  1500     xeon-2020-slow       15.9     23.1  cpu receiver core 0 (irq)  over ceiling\n",
		"  1500     xeon-2020, …-fast    23.1     23.1  link sender → receiver     over ceiling\n",
		"  4096     any                  24.3     24.3  link sender → receiver     yes +3.7 %\n",
		"  consistent  nic.mtu 4096, 9000; 2048 with cpu.profile xeon-2020, …-fast\n",
		"  not         nic.mtu 1500 (ceiling 23.08 < 23.4); 2048 with cpu.profile xeon-2020-slow (−13.7 %)\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("want %q in\n%s", line, got)
		}
	}
	if n := strings.Count(bandText(t, mtuBand(), 23.4, TextOptions{Verbose: true}), " xeon-2020"); n < 12 {
		t.Errorf("a verbose band shows %d points of 12", n)
	}
}

func TestAPointGivenTwiceIsOneLine(t *testing.T) {
	b := mtuBand()
	b.Points = append(b.Points, b.Points[0], b.Points[11])
	got := bandText(t, b, 23.4, TextOptions{})
	if strings.Contains(got, "1500, 1500") || strings.Count(got, "xeon-2020-slow    ") != 2 || !strings.Contains(got, "  9000     any ") {
		t.Errorf("points given twice show twice:\n%s", got)
	}
}

func TestWhatAllPointsOfABandShareStandsInItsHeading(t *testing.T) {
	b := &Band{Metric: "goodput_gbps", Points: []BandPoint{
		{Set: map[string]string{"receiver.nic.mtu": "1500", "receiver.seed": "1"}, GoodputGbps: 1, Limit: "application"},
		{Set: map[string]string{"receiver.nic.mtu": "9000", "receiver.seed": "2"}, GoodputGbps: 2, Limit: "application"},
	}}
	got := bandText(t, b, 0, TextOptions{})
	heading, rest, _ := strings.Cut(got, "\n")
	if !strings.HasSuffix(heading, "; settings of receiver; limit application") {
		t.Errorf("heading is %q", heading)
	}
	if strings.Contains(rest, "application") || strings.Contains(rest, "receiver.") || !strings.Contains(rest, "nic.mtu") {
		t.Errorf("the table repeats its heading:\n%s", rest)
	}
}

func TestNotesOfABandAreGivenOnceAndMarked(t *testing.T) {
	b := &Band{Metric: "goodput_gbps"}
	for i, text := range []string{"late", "", "early", "late"} {
		b.Points = append(b.Points, BandPoint{Set: map[string]string{"seed": fmt.Sprint(i)}, GoodputGbps: float64(i + 1), Note: text})
	}
	got := bandText(t, b, 0, TextOptions{})
	for _, line := range []string{"  0       1.00  a\n", "  1       2.00\n", "  2       3.00  b\n", "  3       4.00  a\n", "    a  late\n    b  early\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("want %q in\n%s", line, got)
		}
	}
	b.Points[0].Consistent = ptr(true)
	b.Points[3].Consistent = ptr(true)
	if got := bandText(t, b, 0, TextOptions{}); strings.Contains(got, "late") {
		t.Errorf("points with a verdict need no note:\n%s", got)
	}
	if got := bandText(t, b, 0, TextOptions{Verbose: true}); strings.Count(got, "late") != 1 {
		t.Errorf("a verbose band has every note once:\n%s", got)
	}
}

// Symmetric errors of 4, 7.2, 20 and 36 against 12: −8/8, −4.8/9.6, 8/16 and 24/24.
func TestReadingCoversTheWholeBand(t *testing.T) {
	for _, c := range []struct {
		what     string
		verdicts [4]bool // of (a, b): (1, 1), (1, 2), (2, 1), (2, 2)
		want     string
	}{
		{"all", [4]bool{true, true, true, true}, "  consistent  every point\n"},
		{"none", [4]bool{}, "  consistent  no point (−100.0 to +100.0 %)\n"},
		{"first axis decides", [4]bool{true, true, false, false}, "  consistent  a 1\n  not         a 2 (+50.0 to +100.0 %)\n"},
		{"second axis decides", [4]bool{true, false, true, false}, "  consistent  b 1\n  not         b 2 (−50.0 to +100.0 %)\n"},
		{"both decide", [4]bool{true, false, false, true}, "  consistent  a 1 with b 1; 2 with b 2\n  not         a 1 with b 2 (−50.0 %); 2 with b 1 (+50.0 %)\n"},
		{"one exception", [4]bool{true, true, true, false}, "  consistent  a 1; 2 with b 1\n  not         a 2 with b 2 (+100.0 %)\n"},
	} {
		b := &Band{Metric: "goodput_gbps"}
		for i, ok := range c.verdicts {
			b.Points = append(b.Points, BandPoint{Set: map[string]string{"a": fmt.Sprint(i/2 + 1), "b": fmt.Sprint(i%2 + 1)}, GoodputGbps: [...]float64{4, 7.2, 20, 36}[i], Consistent: ptr(ok)})
		}
		got := bandText(t, b, 12, TextOptions{})
		if !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: want at the end\n%s, got\n%s", c.what, c.want, got)
		}
	}
}

// TestClausesPartitionThePoints holds the search for a short reading against the
// points themselves: every point is in exactly one clause, that of its verdict, and
// the settings of a clause hold for its points and for no other.
func TestClausesPartitionThePoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		sizes := []int{1 + rng.IntN(4), 1 + rng.IntN(3), 1 + rng.IntN(3)}
		var points []BandPoint
		for i := range sizes[0] * sizes[1] * sizes[2] {
			points = append(points, BandPoint{Consistent: ptr(rng.IntN(3) > 0), Set: map[string]string{
				"a": fmt.Sprint(i / (sizes[1] * sizes[2])), "b": fmt.Sprint(i / sizes[2] % sizes[1]), "c": fmt.Sprint(i % sizes[2])}})
		}
		var all []*BandPoint
		for i := range points {
			all = append(all, &points[i])
		}
		axes, _ := axesOf(points)
		seen := map[*BandPoint]int{}
		for _, c := range clauses(all, axes) {
			var matching []*BandPoint
			for _, point := range all {
				if !slices.ContainsFunc(c.settings, func(x condition) bool { return !slices.Contains(x.values, x.axis.of(point)) }) {
					matching = append(matching, point)
				}
			}
			if len(matching) != len(c.points) {
				t.Fatalf("the settings %q hold for %d points, the clause has %d", c.describe(nil), len(matching), len(c.points))
			}
			for _, point := range c.points {
				seen[point]++
				if *point.Consistent != c.agree || !slices.Contains(matching, point) {
					t.Fatalf("point %v is in the clause %q, agree %v", point.Set, c.describe(nil), c.agree)
				}
			}
		}
		for _, point := range all {
			if seen[point] != 1 {
				t.Fatalf("point %v is in %d clauses", point.Set, seen[point])
			}
		}
	}
}

func TestABandOfManyPointsStaysShort(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	b := &Band{Metric: "goodput_gbps"}
	for i := range 1000 {
		set := map[string]string{}
		for bit := range 10 {
			set[fmt.Sprintf("x%d", bit)] = fmt.Sprint(i >> bit & 1)
		}
		b.Points = append(b.Points, BandPoint{Set: set, GoodputGbps: rng.Float64(), Consistent: ptr(rng.IntN(2) == 0), Note: fmt.Sprint("note ", i)})
	}
	got := bandText(t, b, 0.5, TextOptions{})
	if n := strings.Count(got, "\n"); n > bandRows+mostRows {
		t.Errorf("%d lines:\n%s", n, got)
	}
	if !strings.Contains(got, "more lines not shown") || !strings.Contains(got, " of 1,000 points") {
		t.Errorf("what is left out is not said:\n%s", got)
	}
}

func BenchmarkReading(b *testing.B) {
	band := mtuBand()
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		p := &page{width: 80}
		axes, _ := axesOf(band.Points)
		p.reading(band.Points, axes, 23.4, true)
		out = p.buf
	}
	if out.Len() == 0 {
		b.Fatal("no reading")
	}
}
