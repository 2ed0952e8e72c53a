package predict

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"netgpusim/host"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// setting is a numeric key of a scenario with its bounds, as the spec's tags have
// them.
type setting struct {
	key      string
	low, top float64 // in the unit's base: ps, bytes, bit/s
	unit     string
	whole    bool
	pow2     bool
	choices  []string
}

// settings lists every key of a Spec.
func settings(t *testing.T, prefix string, spec reflect.Type) []setting {
	t.Helper()
	var all []setting
	for i := range spec.NumField() {
		f := spec.Field(i)
		key := prefix + f.Tag.Get("key")
		switch {
		case f.Type.Kind() == reflect.Struct:
			all = append(all, settings(t, key+".", f.Type)...)
			continue
		case f.Type.Kind() == reflect.Bool:
			all = append(all, setting{key: key, choices: []string{"true", "false"}})
			continue
		case f.Type.Kind() == reflect.String:
			if enum := f.Tag.Get("enum"); enum != "" {
				all = append(all, setting{key: key, choices: strings.Split(enum, "|")})
			}
			continue
		}
		s := setting{key: key, pow2: f.Tag.Get("pow2") == "true", whole: f.Type.Kind() != reflect.Float64}
		switch f.Type {
		case reflect.TypeFor[sim.Time]():
			s.unit = "ns"
		case reflect.TypeFor[sim.Bandwidth]():
			s.unit = "bps"
		}
		s.low, s.top = bound(t, key, f.Tag.Get("min")), bound(t, key, f.Tag.Get("max"))
		all = append(all, s)
	}
	return all
}

// bound reads a bound of a tag, times in nanoseconds.
func bound(t *testing.T, key, text string) float64 {
	t.Helper()
	units := []struct {
		name  string
		scale float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"Tbps", 1e12}, {"Pbps", 1e15}, {"Gbps", 1e9}, {"Mbps", 1e6}, {"bps", 1},
		{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1}}
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			if v, err := strconv.ParseFloat(number, 64); err == nil {
				return v * u.scale
			}
		}
	}
	t.Fatalf("%s: cannot read the bound %q", key, text)
	return 0
}

// pick draws a value: a bound, or something between, on a logarithmic scale.
func (s *setting) pick(r *sim.Rand) string {
	if s.choices != nil {
		return s.choices[r.Intn(len(s.choices))]
	}
	v := s.low
	switch r.Intn(4) {
	case 0:
	case 1:
		v = s.top
	default:
		low := max(s.low, s.top*1e-9)
		v = low * math.Pow(s.top/low, r.Float64())
	}
	if s.pow2 {
		v = math.Exp2(math.Round(math.Log2(max(v, 1))))
	}
	if s.whole {
		v = math.Round(v)
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + s.unit
}

// TestAnyValidScenarioRunsToAnEnd draws settings from the whole of their ranges.
// A scenario that the loader or the set-up refuses is fine; one that they accept
// must end, with sane figures, and without a panic.
func TestAnyValidScenarioRunsToAnEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of runs, one after another: nothing for the race detector")
	}
	var all []setting
	for _, h := range []string{"", "sender.", "receiver."} {
		all = append(all, settings(t, h, reflect.TypeFor[host.Spec]())...)
	}
	all = append(all, settings(t, "link.", reflect.TypeFor[host.LinkSpec]())...)
	all = append(all, settings(t, "flows.bulk.", reflect.TypeFor[host.FlowSpec]())...)
	random := sim.NewRand(1, t.Name())
	ran := 0
	for range robustCases {
		sets := []string{"run.warmup=100us", "run.duration=900us", "run.batches=3", "run.stall_after=500us"}
		for range 1 + random.Intn(6) {
			s := &all[random.Intn(len(all))]
			sets = append(sets, s.key+"="+s.pick(&random))
		}
		if runsToAnEnd(t, sets) {
			ran++
		}
	}
	t.Logf("%d of %d scenarios were accepted", ran, robustCases)
	if ran < robustCases/4 {
		t.Errorf("only %d of %d scenarios were accepted: the test does not test much", ran, robustCases)
	}
}

func runsToAnEnd(t *testing.T, sets []string) (accepted bool) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%v: panic: %v", sets, p)
		}
	}()
	s, err := scenarios.Load("rfc-v2-gpu-rx", sets)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := Run(ctx, s, Options{})
	switch setup := (*SetupError)(nil); {
	case errors.As(err, &setup):
		return false
	case err != nil:
		t.Errorf("%v: %v", sets, err)
		return true
	}
	if problem := insane(r); problem != "" {
		t.Errorf("%v: %s", sets, problem)
	}
	return true
}

// insane says what cannot be in a result, whatever the scenario.
func insane(r *reports.Result) string {
	if err := reports.JSON(nopWriter{}, []reports.Result{*r}); err != nil {
		return err.Error()
	}
	for _, l := range r.Ladder {
		if l.Utilisation < 0 || l.Utilisation > 1.01 {
			return fmt.Sprintf("%s is used to %.3f", l.Resource, l.Utilisation)
		}
	}
	if r.GoodputGbps == 0 && r.Stall == nil && len(r.Warnings) == 0 && r.Limit.Why == "" {
		return "nothing arrived and nothing says why"
	}
	return ""
}

type nopWriter struct{}

func (nopWriter) Write(b []byte) (int, error) { return len(b), nil }
