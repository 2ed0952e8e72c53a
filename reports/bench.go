package reports

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
)

// Errors of formats that cannot hold every kind of result.
var (
	// ErrMixedKinds is what CSV returns for transfers and benches together.
	ErrMixedKinds = errors.New("reports: transfers and benches have different columns: write them apart")
	// ErrNoTransfer is what Iperf3 returns for a bench.
	ErrNoTransfer = errors.New("reports: a " + KindBench + " has no iperf3 output: it transfers nothing between hosts")
)

// byKind parts results, in their order.
func byKind(r []Result) (transfers, benches []Result) {
	for i := range r {
		if r[i].Kind == KindBench {
			benches = append(benches, r[i])
		} else {
			transfers = append(transfers, r[i])
		}
	}
	return transfers, benches
}

// Accuracies sums up the errors of rows that have one: first of all together, then by
// name in the order of the rows. It is nil if none has.
func Accuracies(rows []BenchRow) []Accuracy {
	groups := [][]*BenchRow{nil}
	names := []string{"all"}
	for i := range rows {
		row := &rows[i]
		if row.Error == nil {
			continue
		}
		at := slices.Index(names[1:], row.Name) + 1
		if at == 0 {
			at = len(names)
			names, groups = append(names, row.Name), append(groups, nil)
		}
		groups[0], groups[at] = append(groups[0], row), append(groups[at], row)
	}
	var all []Accuracy
	for i, group := range groups {
		if len(group) > 0 {
			all = append(all, accuracy(names[i], group))
		}
	}
	return all
}

func accuracy(of string, rows []*BenchRow) Accuracy {
	size := func(row *BenchRow) float64 { return math.Abs(*row.Error) }
	sizes := make([]float64, len(rows))
	for i, row := range rows {
		sizes[i] = size(row)
	}
	slices.Sort(sizes)
	middle := len(sizes) / 2
	worst := slices.MaxFunc(rows, func(a, b *BenchRow) int { return cmp.Compare(size(a), size(b)) })
	return Accuracy{Of: of, Rows: len(rows), Median: (sizes[middle] + sizes[(len(sizes)-1)/2]) / 2, Worst: size(worst), WorstRow: worst.ID}
}

// bench fills the columns of one figure of a bench.
func (c *csvRow) bench(r *Result, row *BenchRow) {
	c.text("scenario", r.Scenario)
	c.text("version", r.Version)
	c.text("digest", r.Digest)
	c.text("id", row.ID)
	c.text("name", row.Name)
	c.text("test", row.Test)
	c.text("set", strings.Join(row.Set, " "))
	c.text("direction", row.Direction)
	c.integer("size_bytes", row.SizeBytes)
	c.integer("parallel", int64(row.Parallel))
	c.text("metric", row.Metric)
	c.text("unit", row.Unit)
	c.number("value", row.Value)
	var measured, symmetric float64
	if row.Measured != nil && row.Error != nil {
		measured, symmetric = *row.Measured, *row.Error
	}
	c.optional("measured", row.Measured != nil, measured)
	c.optional("error", row.Error != nil, symmetric)
	c.optional("tolerance", row.Tolerance > 0, row.Tolerance)
	m := row.measurement(r)
	c.text("source", m.Source)
	c.text("determines", strings.Join(m.Determines, " "))
	c.text("limit", row.Limit)
}

// measurement is the first measured value of a row, empty without one.
func (row *BenchRow) measurement(r *Result) Measured {
	for i := range r.Measured {
		if r.Measured[i].Metric == "bench["+row.ID+"].value" {
			return r.Measured[i]
		}
	}
	return Measured{}
}
