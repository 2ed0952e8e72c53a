package predict

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"netgpusim/microbench"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// bench runs the tests of a scenario of kind pcie-bench, one size after another.
func bench(ctx context.Context, s *scenarios.Scenario, say func(float64)) (*reports.Result, error) {
	r := &reports.Result{
		Schema: reports.ResultSchema, Kind: reports.KindBench, Scenario: s.Name, Title: s.Title, Seed: s.Seed, Version: Version,
		Drops: map[string]int64{}, Warnings: s.Warnings,
	}
	for _, a := range s.Assumptions {
		r.Assumptions = append(r.Assumptions, reports.Assumption{Key: a.Key, Value: a.Value, Why: a.Why})
	}
	sizes, done := 0, 0
	for i := range s.Bench.Tests {
		sizes += len(s.Bench.Tests[i].Sizes)
	}
	known := map[string]bool{}
	for i := range s.Bench.Tests {
		t := &s.Bench.Tests[i]
		for _, size := range t.Sizes {
			if ctx.Err() != nil {
				return nil, ErrInterrupted
			}
			spec := t.Spec
			spec.Sizes = []sim.Bytes{size}
			rows, err := microbench.Run(&spec, &t.PCIe, &t.GPU)
			if err != nil {
				return nil, &SetupError{fmt.Errorf("scenario %s: bench.tests[%d] (%s): %w", s.Name, i, t.Name, err)}
			}
			for _, row := range rows {
				r.Bench = append(r.Bench, benchRow(t, &row, known))
			}
			done++
			say(float64(done) / float64(sizes))
		}
	}
	r.Digest = benchDigest(r)
	return r, nil
}

// benchRow names a figure. known has the names given so far.
func benchRow(t *scenarios.BenchTest, row *microbench.Row, known map[string]bool) reports.BenchRow {
	id := fmt.Sprintf("%s/%s/%d", t.Name, row.Direction, row.SizeBytes)
	if row.Parallel != 1 {
		id += fmt.Sprintf("/x%d", row.Parallel)
	}
	if known[id] {
		id += "/" + row.Metric
	}
	known[id] = true
	return reports.BenchRow{ID: id, Name: t.Name, Test: row.Test, Set: t.Set, Direction: row.Direction, SizeBytes: row.SizeBytes,
		Parallel: row.Parallel, Metric: row.Metric, Unit: row.Unit, Value: row.Value, Limit: row.Limit}
}

// beside puts a measured value of a bench into the row that it is about, the first one
// if there are several. Both have to be in one unit.
func beside(r *reports.Result, m *scenarios.Measured) error {
	if r.Kind != reports.KindBench {
		return nil
	}
	v, err := reports.Metric(r, m.Metric)
	if err != nil {
		return err
	}
	row := rowOf(r, m.Metric)
	if row == nil || row.Measured != nil {
		return nil // about something else, or a second source
	}
	if m.Unit != row.Unit {
		return fmt.Errorf("%s is given in %q; the row is in %q", m.Metric, m.Unit, row.Unit)
	}
	predicted, _ := v.(float64)
	measured, symmetric := m.Value, reports.SymmetricError(predicted, m.Value)
	row.Measured, row.Error, row.Tolerance = &measured, &symmetric, m.Tolerance
	return nil
}

// rowOf returns the row whose value a metric is; nil if it is something else.
func rowOf(r *reports.Result, metric string) *reports.BenchRow {
	id, found := strings.CutPrefix(strings.TrimSuffix(metric, "].value"), "bench[")
	for i := range r.Bench {
		if found && r.Bench[i].ID == id {
			return &r.Bench[i]
		}
	}
	return nil
}

// limitOf is what bound the row whose value a metric is.
func limitOf(r *reports.Result, metric string) string {
	if row := rowOf(r, metric); row != nil {
		return row.Limit
	}
	return ""
}

// benchDigest hashes what was run and every figure, to the last bit.
func benchDigest(r *reports.Result) string {
	sum := sha256.New()
	fmt.Fprint(sum, r.Kind, r.Scenario, r.Seed, r.Version)
	for i := range r.Bench {
		row := &r.Bench[i]
		fmt.Fprintf(sum, "\n%s %s %s %b %s", row.ID, row.Metric, row.Unit, row.Value, row.Limit)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
