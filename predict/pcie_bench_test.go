package predict

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"netgpusim/gpu"
	"netgpusim/microbench"
	"netgpusim/pcie"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

const benchText = `
netgpusim: 1
name: bench
kind: pcie-bench
pcie: {profile: gen3-x8-bdw}
gpu: {profile: v100}
bench:
  device: {profile: nfp-6000}
  tests:
    - {test: dma_write, sizes: [64, 256, 2KiB]}
    - {name: far, test: dma_read, sizes: [64], set: [pcie.remote_memory=true]}
    - {test: dma_read, sizes: [64]}
    - {test: p2p_lag, sizes: [256]}
    - {test: outstanding_reads, sizes: [8], parallel: [1, 32]}
`

func loadText(t *testing.T, text string, sets ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.LoadBytes("bench.yaml", []byte(text), sets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func value(t *testing.T, r *reports.Result, metric string) float64 {
	t.Helper()
	v, err := reports.Metric(r, metric)
	if err != nil {
		t.Fatal(err)
	}
	return v.(float64)
}

func TestBenchRowsHaveIdsOfTheirOwn(t *testing.T) {
	r := predicted(t, loadText(t, benchText), Options{})
	var ids []string
	for _, row := range r.Bench {
		ids = append(ids, row.ID)
		if row.Value <= 0 || row.Limit == "" || row.Unit == "" || row.Measured != nil {
			t.Errorf("%+v", row)
		}
	}
	want := "dma_write/d2h/64 dma_write/d2h/256 dma_write/d2h/2048 far/h2d/64 dma_read/h2d/64 p2p_lag/d2d/256 p2p_lag/d2d/256/flush " +
		"outstanding_reads/host/8 outstanding_reads/host/8/x32"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Kind != reports.KindBench || r.Digest == "" || r.Accuracy != nil {
		t.Errorf("kind %q, digest %q, accuracy %v", r.Kind, r.Digest, r.Accuracy)
	}
	if near, far := value(t, r, "bench[dma_read/h2d/64].value"), value(t, r, "bench[far/h2d/64].value"); !(far < near) {
		t.Errorf("reads of remote memory at %g GB/s, of local memory at %g: the test's own setting had no effect", far, near)
	}
}

func TestBenchIsTheSameEveryTimeAndItsDigestFollowsTheFigures(t *testing.T) {
	first := predicted(t, loadText(t, benchText), Options{})
	if again := predicted(t, loadText(t, benchText), Options{}); comparable(t, first) != comparable(t, again) {
		t.Error("a repeated run differs")
	}
	if other := predicted(t, loadText(t, benchText, "pcie.max_payload=512"), Options{}); other.Digest == first.Digest {
		t.Error("another MPS gives other figures, but the same digest")
	}
	if same := predicted(t, loadText(t, benchText, "pcie.posted_data_credits=1024"), Options{}); same.Digest != first.Digest {
		t.Error("a setting with its own value changes the digest")
	}
}

func TestBenchComparesWithWhatWasMeasured(t *testing.T) {
	first := predicted(t, loadText(t, benchText), Options{})
	write := value(t, first, "bench[dma_write/d2h/256].value")
	s := loadText(t, benchText+`
measured:
  - {metric: "bench[dma_write/d2h/256].value", unit: GB/s, value: 6, tolerance: 4%, source: s}
  - {metric: "bench[dma_write/d2h/64].value", unit: GB/s, value: 1, source: s, determines: [bench.device.write_setup]}
expect:
  - {metric: "accuracy[dma_write].worst", min: 0.5}
  - {metric: "bench[dma_write/d2h/256].value", within: 1%, of: measured}
  - {metric: bench, min: 9, max: 9}
`)
	r := predicted(t, s, Options{})
	row := &r.Bench[1]
	if row.Measured == nil || *row.Measured != 6 || *row.Error != reports.SymmetricError(write, 6) || row.Tolerance != 0.04 {
		t.Errorf("%+v", row)
	}
	if len(r.Accuracy) != 2 || r.Accuracy[0].Of != "all" || r.Accuracy[0].Rows != 2 || r.Accuracy[0].WorstRow != "dma_write/d2h/64" {
		t.Errorf("%+v", r.Accuracy)
	}
	if len(r.Expect) != 3 || !r.Expect[0].OK || r.Expect[1].OK || !r.Expect[2].OK {
		t.Errorf("%+v", r.Expect)
	}
}

func TestMeasuredValuesThatNoRowHasAreRefused(t *testing.T) {
	for _, c := range []struct{ measured, says string }{
		{`{metric: "bench[dma_write/d2h/512].value", unit: GB/s, value: 6, source: s}`, "dma_write/d2h/512"},
		{`{metric: "bench[dma_write/d2h/256].value", unit: Gbit/s, value: 50, source: s}`, `"Gbit/s"; the row is in "GB/s"`},
	} {
		_, err := Run(context.Background(), loadText(t, benchText+"measured: ["+c.measured+"]"), Options{})
		var setup *SetupError
		if !errors.As(err, &setup) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "measured[0]") {
			t.Errorf("%s: %v", c.measured, err)
		}
	}
}

func TestBandOfABenchVariesAFigure(t *testing.T) {
	s := loadText(t, benchText+`
band: {metric: "bench[dma_write/d2h/2048].value", axes: [{set: pcie.max_payload, values: [256, 512, 1024]}]}
`)
	r := predicted(t, s, Options{Band: true, Workers: 2})
	if r.Band == nil || len(r.Band.Points) != 3 {
		t.Fatalf("%+v", r.Band)
	}
	p := r.Band.Points
	if !(p[0].Value < p[1].Value && p[1].Value < p[2].Value) || r.Band.Low != p[0].Value || r.Band.High != p[2].Value || p[0].Limit == "" {
		t.Errorf("bandwidth does not grow with MPS: %+v", p)
	}
	if own := value(t, r, "bench[dma_write/d2h/2048].value"); p[0].Value != own {
		t.Errorf("at the bench's own MPS the band has %g, the bench %g", p[0].Value, own)
	}
}

func TestBenchCanBeInterruptedAndReportsProgress(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	last := 0.0
	_, err := Run(ctx, loadText(t, benchText), Options{Progress: func(p Progress) {
		if p.Done < last || p.Done > 1 {
			t.Errorf("progress from %g to %g", last, p.Done)
		}
		if last = p.Done; last > 0.4 {
			cancel()
		}
	}})
	if !errors.Is(err, ErrInterrupted) || last == 0 {
		t.Errorf("%v after %g", err, last)
	}
}

func TestBenchThatCannotBeSetUpSaysWhichTest(t *testing.T) {
	s := loadText(t, benchText, "gpu.bar1=64KiB", "gpu.page_size=128KiB")
	_, err := Run(context.Background(), s, Options{})
	var setup *SetupError
	if !errors.As(err, &setup) || !strings.Contains(err.Error(), "bench.tests[0] (dma_write)") {
		t.Errorf("%v", err)
	}
}

// TestAnyValidBenchRunsToAnEnd draws settings from the whole of their ranges, as
// TestAnyValidScenarioRunsToAnEnd does: what the loader and the set-up accept gives
// figures that are numbers, without a panic and in time.
func TestAnyValidBenchRunsToAnEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of runs, one after another: nothing for the race detector")
	}
	const text = "netgpusim: 1\nname: any\nkind: pcie-bench\npcie: {profile: gen3-root}\ngpu: {profile: v100}\n" +
		"bench:\n  device: {profile: nfp-6000}\n  core: {profile: gdrcopy}\n  tests:\n    - {test: %s, sizes: [%s], parallel: [%s], operations: 64}\n"
	var all []setting
	all = append(all, settings(t, "pcie.", reflect.TypeFor[pcie.Spec]())...)
	all = append(all, settings(t, "gpu.", reflect.TypeFor[gpu.Spec]())...)
	all = append(all, settings(t, "bench.device.", reflect.TypeFor[microbench.DeviceSpec]())...)
	all = append(all, settings(t, "bench.core.", reflect.TypeFor[microbench.CoreSpec]())...)
	random := sim.NewRand(1, t.Name())
	tests := microbench.Tests()
	sizes, threads := []string{"1", "8", "64", "100", "4096", "65537", "1MiB"}, []string{"1", "33", "1024"}
	ran := 0
	for range 5 * robustCases {
		name := tests[random.Intn(len(tests))]
		doc := fmt.Sprintf(text, name, sizes[random.Intn(len(sizes))], threads[random.Intn(len(threads))])
		var sets []string
		for range 1 + random.Intn(6) {
			s := &all[random.Intn(len(all))]
			sets = append(sets, s.key+"="+s.pick(&random))
		}
		s, err := scenarios.LoadBytes("any.yaml", []byte(doc), sets)
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		start := time.Now()
		r, err := Run(ctx, s, Options{})
		cancel()
		if took := time.Since(start); took > 20*time.Second {
			t.Fatalf("%s %v: took %v", doc, sets, took)
		}
		if setup := (*SetupError)(nil); errors.As(err, &setup) {
			continue
		}
		if err != nil {
			t.Fatalf("%s %v: %v", doc, sets, err)
		}
		ran++
		for _, row := range r.Bench {
			if !(row.Value >= 0) || math.IsInf(row.Value, 0) || row.Limit == "" {
				t.Errorf("%s %v: %+v", doc, sets, row)
			}
		}
	}
	if ran < robustCases {
		t.Errorf("only %d benches ran", ran)
	}
}
