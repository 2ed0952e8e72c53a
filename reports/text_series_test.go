package reports

import (
	"strings"
	"testing"
)

func TestSparklineDrawsEveryValueToScale(t *testing.T) {
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7, 8}, 9, " ▂▃▄▅▆▇██"},
		{[]float64{8, 8, 0, 0, 8, 8}, 3, "█ █"},
		{[]float64{8, 0.001}, 10, "█▁"},
		{[]float64{0, 0}, 2, "  "},
	} {
		if got := sparkline(c.values, 8, c.width); got != c.want {
			t.Errorf("%v in %d columns: %q, want %q", c.values, c.width, got, c.want)
		}
	}
}

func TestOnlyUnevenSeriesAreDrawn(t *testing.T) {
	draw := func(verbose bool, values ...float64) string {
		p := &page{width: 80, verbose: verbose}
		times := make([]float64, len(values))
		p.series(&Result{Series: []Series{{Name: "goodput_gbps", TimeS: times, Mean: values, Min: values, Max: values}}})
		return p.buf.String()
	}
	if got := draw(false, 1, 20, 24, 24, 24); got != "" {
		t.Errorf("slow start alone is drawn: %q", got)
	}
	if got := draw(true, 24, 24, 24); !strings.Contains(got, "███") {
		t.Errorf("a verbose page does not draw a flat series: %q", got)
	}
	if got := draw(false, 24, 24, 0, 0); !strings.Contains(got, "██  ") || !strings.Contains(got, "max 24") {
		t.Errorf("a dip is not drawn: %q", got)
	}
	if got := draw(false, 0, 0, 0); got != "" {
		t.Errorf("nothing is drawn as something: %q", got)
	}
}
