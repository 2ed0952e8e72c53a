package reports

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// benchRun looks like the result of a bench: curves both ways, a test with settings of
// its own, several threads, rows with and without a measured value.
func benchRun() Result {
	const link = "PCIe Gen5 x16 link of the GPU, down"
	const engine = "copy engine: fixed time of an operation"
	row := func(name, test, direction string, size int64, parallel int, value float64, limit string) BenchRow {
		id := name + "/" + direction + "/" + integer(size)
		return BenchRow{ID: strings.ReplaceAll(id, ",", ""), Name: name, Test: test, Direction: direction, SizeBytes: size, Parallel: parallel,
			Metric: "bandwidth", Unit: "GB/s", Value: value, Limit: limit}
	}
	r := Result{
		Schema: ResultSchema, Kind: KindBench, Scenario: "h200-mix", Title: "a copy engine, an IOMMU and some threads", Seed: 1, Version: "0.1.0", Digest: "aa77aa77aa77aa77", WallS: 0.0472,
		Bench: []BenchRow{
			row("copy_engine", "copy_engine", "h2d", 64, 1, 0.02568, engine), row("copy_engine", "copy_engine", "d2h", 64, 1, 0.03701, engine),
			row("copy_engine", "copy_engine", "h2d", 1<<16, 1, 17.91, engine), row("copy_engine", "copy_engine", "d2h", 1<<16, 1, 19.33, engine),
			row("copy_engine", "copy_engine", "h2d", 1<<28, 1, 55.84, link), row("copy_engine", "copy_engine", "d2h", 1<<28, 1, 54.97, link),
			row("window-1MiB", "dma_read", "h2d", 64, 1, 1.81, "IOMMU: 6 page walks at once"),
			row("outstanding_reads", "outstanding_reads", "host", 8, 1, 0.826, "round trip"),
			row("outstanding_reads", "outstanding_reads", "host", 8, 4096, 628, "768 outstanding reads of the GPU, 128 slices of 6, over their round trip"),
		},
		Assumptions: []Assumption{{Key: "pcie.host_window", Value: "64MiB", Why: "not recorded"}},
		Expect:      []Expect{{Name: "median error within 3 %", Wanted: "accuracy[all].median ≤ 0.03", Got: "0.0206", OK: true}},
	}
	r.Bench[6].Set = []string{"pcie.iommu=true", "pcie.host_window=1MiB"}
	for i := range 2 {
		r.Bench[7+i].Metric, r.Bench[7+i].Unit = "rate", "M/s"
	}
	r.Bench[8].ID += "/x4096"
	for i, measured := range []float64{0.0269596, 0.0379183, 17.5557, 19.3614, 55.4945, 55.3612, 1.9, 0, 599.104} {
		if measured == 0 {
			continue
		}
		b := &r.Bench[i]
		b.Measured, b.Error, b.Tolerance = ptr(measured), ptr(SymmetricError(b.Value, measured)), 0.04
		m := Measured{Metric: "bench[" + b.ID + "].value", Unit: b.Unit, Value: measured, Predicted: b.Value, Error: *b.Error, Source: "own measurement"}
		if i == 4 {
			m.Determines = []string{"pcie.dllp_tax"}
		}
		r.Measured = append(r.Measured, m)
	}
	r.Accuracy = Accuracies(r.Bench)
	return r
}

func TestBenchTextMatchesTheReviewedPages(t *testing.T) {
	banded := benchRun()
	banded.Band = &Band{Metric: "bench[copy_engine/h2d/268435456].value", Low: 48.2, High: 55.84, Points: []BandPoint{
		{Set: map[string]string{"pcie.max_payload": "128"}, Value: 48.2, Limit: "PCIe link"}, {Set: map[string]string{"pcie.max_payload": "256"}, Value: 55.84, Limit: "PCIe link"}}}
	failed := benchRun()
	failed.Scenario, failed.Warnings = "h200-off", []string{"bench.core has no effect: no test uses it"}
	failed.Expect = append(failed.Expect, Evaluate(&failed, ExpectSpec{Name: "no error over 4 %", Metric: "accuracy[all].worst", Max: ptr(0.04)}))
	for _, c := range []struct {
		file    string
		results []Result
		options TextOptions
	}{
		{"bench.80.txt", []Result{benchRun()}, TextOptions{Width: 80}},
		{"bench.60.txt", []Result{failed}, TextOptions{Width: 60}},
		{"bench.140.txt", []Result{benchRun()}, TextOptions{Width: 140}},
		{"bench.verbose.txt", []Result{banded}, TextOptions{Width: 100, Verbose: true}},
		{"bench.color.txt", []Result{failed}, TextOptions{Width: 80, Color: true}},
		{"bench.comparison.txt", []Result{benchRun(), gpuReceive(), failed}, TextOptions{Width: 80}},
	} {
		var out bytes.Buffer
		if err := Text(&out, c.results, c.options); err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		golden(t, c.file, out.Bytes())
	}
}

func TestBenchDataMatchTheReviewedDocuments(t *testing.T) {
	var document, sheet bytes.Buffer
	if err := JSON(&document, []Result{benchRun()}); err != nil {
		t.Fatal(err)
	}
	golden(t, "bench.json", document.Bytes())
	got, err := DecodeJSON(&document)
	if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Bench, benchRun().Bench) || !reflect.DeepEqual(got[0].Accuracy, benchRun().Accuracy) {
		t.Errorf("decoding gives back %+v, %v", got, err)
	}
	if err := CSV(&sheet, []Result{benchRun(), benchRun()}); err != nil {
		t.Fatal(err)
	}
	golden(t, "bench.csv", sheet.Bytes())
	if _, rows := readCSV(t, []Result{benchRun()}); len(rows) != 9 || rows[4]["determines"] != "pcie.dllp_tax" || rows[7]["measured"] != "" || rows[6]["set"] != "pcie.iommu=true pcie.host_window=1MiB" {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
}

func TestFormatsRefuseKindsThatTheyCannotHold(t *testing.T) {
	var out bytes.Buffer
	if err := CSV(&out, []Result{gpuReceive(), benchRun()}); !errors.Is(err, ErrMixedKinds) || out.Len() > 0 {
		t.Errorf("CSV of both kinds: %v, %d bytes", err, out.Len())
	}
	if err := Iperf3(&out, []Result{benchRun()}); !errors.Is(err, ErrNoTransfer) || out.Len() > 0 {
		t.Errorf("iperf3 of a bench: %v, %d bytes", err, out.Len())
	}
}

func TestBenchMetricsAreFoundByTheRowsId(t *testing.T) {
	r := benchRun()
	for path, want := range map[string]any{
		"bench[copy_engine/h2d/268435456].value": 55.84, "bench[outstanding_reads/host/8/x4096].measured": 599.104, "bench": 9.0,
		"bench[outstanding_reads/host/8].measured": "", "bench[copy_engine/d2h/64].limit": "copy engine: fixed time of an operation",
		"accuracy[all].rows": 8.0, "accuracy[window-1MiB].worst_row": "window-1MiB/h2d/64", "kind": KindBench,
	} {
		if got, err := Metric(&r, path); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", path, got, err, want)
		}
	}
	_, err := Metric(&r, "bench[copy_engine/h2d/65537].value")
	if err == nil || !strings.Contains(err.Error(), "copy_engine/h2d/65536") {
		t.Errorf("the error does not name the nearest row: %v", err)
	}
}

func TestAccuracyIsMedianAndWorstOfErrorSizes(t *testing.T) {
	row := func(name string, e float64) BenchRow {
		return BenchRow{ID: name + exact(e), Name: name, Error: ptr(e)}
	}
	got := Accuracies([]BenchRow{row("a", 0.02), row("b", -0.5), row("a", -0.04), {ID: "unmeasured", Name: "c"}, row("a", 0), row("b", 0.5)})
	want := []Accuracy{
		{Of: "all", Rows: 5, Median: 0.04, Worst: 0.5, WorstRow: "b-0.5"},
		{Of: "a", Rows: 3, Median: 0.02, Worst: 0.04, WorstRow: "a-0.04"},
		{Of: "b", Rows: 2, Median: 0.5, Worst: 0.5, WorstRow: "b-0.5"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if even := Accuracies([]BenchRow{row("a", 0.1), row("a", -0.3)}); math.Abs(even[0].Median-0.2) > 1e-12 {
		t.Errorf("the median of two is %g, want their mean", even[0].Median)
	}
	if none := Accuracies([]BenchRow{{Name: "a"}}); none != nil {
		t.Errorf("nothing measured gives %+v", none)
	}
}
