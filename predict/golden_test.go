package predict

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"netgpusim/reports"
	"netgpusim/scenarios"
)

var update = flag.Bool("update", false, "rewrite the golden results and docs/validation.md; read the diff")

// builtins runs every built-in scenario once, with its band, for all tests that
// look at the results.
var builtins = sync.OnceValues(func() (map[string]*reports.Result, error) {
	all := map[string]*reports.Result{}
	var mutex sync.Mutex
	var wg sync.WaitGroup
	var firstErr error
	slots := make(chan struct{}, 2)
	for _, info := range scenarios.Builtin() {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s, err := scenarios.Load(info.Name, nil)
			var r *reports.Result
			if err == nil {
				r, err = Run(context.Background(), s, Options{Band: true, Workers: 1})
			}
			mutex.Lock()
			defer mutex.Unlock()
			all[info.Name] = r
			if err != nil && firstErr == nil {
				firstErr = err
			}
		})
	}
	wg.Wait()
	return all, firstErr
})

func results(t *testing.T) map[string]*reports.Result {
	t.Helper()
	if testing.Short() {
		t.Skip("runs every built-in scenario at its full length")
	}
	all, err := builtins()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBuiltInScenariosGiveTheirGoldenResults pins what every built-in predicts, to
// the digit and to the event: the engine must give the same on every machine, and a
// change of a model shows as a diff to be reviewed.
func TestBuiltInScenariosGiveTheirGoldenResults(t *testing.T) {
	for name, r := range results(t) {
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join("testdata", "golden", name+".txt"), summary(r))
		})
	}
}

func TestBuiltInScenariosMeetTheirExpectations(t *testing.T) {
	for name, r := range results(t) {
		for _, e := range r.Expect {
			if !e.OK {
				t.Errorf("%s: %s: wanted %s, got %s", name, e.Name, e.Wanted, e.Got)
			}
		}
	}
}

// golden compares text with a file, or rewrites the file.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(text)) {
		t.Errorf("differs from %s (go test ./predict -update rewrites it; read the diff)\n got:\n%s\nwant:\n%s", path, text, want)
	}
}

// summary is what a reviewer wants to see change.
func summary(r *reports.Result) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("digest      %s", r.Digest)
	if r.Kind == reports.KindBench {
		benchSummary(r, line)
		return b.String()
	}
	line("simulated   %.9g s, %d events, %d packets", r.SimulatedS, r.Events, r.Packets)
	line("goodput     %.6f ± %.6f Gbit/s", r.GoodputGbps, r.GoodputCI95Gbps)
	line("limit       %s (%.4f)", r.Limit.Resource, r.Limit.Utilisation)
	if r.Limit.Next != nil {
		line("next        %s at %.4f Gbit/s", r.Limit.Next.Resource, r.Limit.Next.CapacityGbps)
	}
	for _, f := range r.PerFlow {
		line("flow        %s %.6f Gbit/s, %d retransmits, %d timeouts, rtt %.1f/%.1f µs", f.ID, f.GoodputGbps, f.Retransmits, f.Timeouts, f.RTTUs.Min, f.RTTUs.Mean)
	}
	for _, l := range r.PCIe.Links {
		line("pcie        %s/%s up %d down %d payload bytes", l.Host, l.Name, l.Up.PayloadBytes, l.Down.PayloadBytes)
	}
	for _, c := range r.CPU.Cores {
		line("core        %s %d (%s) busy %.4f, %d interrupts", c.Host, c.Core, c.Role, c.Busy, c.Interrupts)
	}
	line("drops       %s", counts(r.Drops))
	line("pages       %d: %s; lost %d, duplicated %d", r.Pages.Total, counts(r.Pages.InPlace), r.Pages.Lost, r.Pages.Duplicated)
	for _, v := range r.Violations {
		line("violation   %s at %.6f s on %s, %d times: %s", v.Invariant, v.TimeS, v.Host, v.Count, v.What)
	}
	if r.Stall != nil {
		line("stall       %s since %.6f s: %s", r.Stall.Cause, r.Stall.SinceS, r.Stall.What)
	}
	for _, m := range r.Measured {
		line("measured    %s %.4g, predicted %.4g, error %+.2f %%", m.Metric, m.Value, m.Predicted, 100*m.Error)
	}
	if r.Band != nil {
		line("band        %.4f to %.4f", r.Band.Low, r.Band.High)
		for _, p := range r.Band.Points {
			line("  %s: %.4f of %.4f, %s", counts(p.Set), p.GoodputGbps, p.CeilingGbps, p.Limit)
		}
	}
	for _, e := range r.Expect {
		line("expect      %v %s: %s", e.OK, e.Name, e.Wanted)
	}
	return b.String()
}

// benchSummary is summary for a bench: every figure.
func benchSummary(r *reports.Result, line func(string, ...any)) {
	for _, row := range r.Bench {
		line("row         %s %s %.6g %s: %s", row.ID, row.Metric, row.Value, row.Unit, row.Limit)
		if row.Measured != nil {
			line("  measured  %.6g, error %+.2f %%", *row.Measured, 100**row.Error)
		}
	}
	for _, a := range r.Accuracy {
		line("accuracy    %s: %d rows, median %.2f %%, worst %.2f %% (%s)", a.Of, a.Rows, 100*a.Median, 100*a.Worst, a.WorstRow)
	}
	for _, e := range r.Expect {
		line("expect      %v %s: %s", e.OK, e.Name, e.Wanted)
	}
}

func counts[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %v", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
