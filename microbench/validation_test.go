package microbench_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/models/microbench.md")

// comparison is a measured row beside the model's.
type comparison struct {
	platform, settings, test, direction string
	size                                int64
	parallel                            int
	unit                                string
	measured, predicted                 float64
	determines, limit                   string
}

func (c *comparison) err() float64 { return c.predicted/c.measured - 1 }

func (c *comparison) String() string {
	return fmt.Sprintf("%s %s %s %s %d B x%d: %.4g %s, measured %.4g (%+.1f %%), bound by %s",
		c.platform, c.settings, c.test, c.direction, c.size, c.parallel, c.predicted, c.unit, c.measured, 100*c.err(), c.limit)
}

// compared is what compare found; running the rows takes seconds.
var compared []comparison

// compare runs every measured row.
func compare(t *testing.T) []comparison {
	t.Helper()
	if compared != nil {
		return compared
	}
	file, err := os.Open("testdata/measured.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment = '#'
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []comparison
	for _, rec := range records[1:] {
		c := comparison{
			platform: rec[0], settings: rec[1], test: rec[2], direction: rec[3],
			size: number(t, rec[4]), parallel: int(number(t, rec[5])), unit: rec[6], determines: rec[8],
		}
		if c.measured, err = strconv.ParseFloat(rec[7], 64); err != nil {
			t.Fatal(err)
		}
		c.predict(t)
		all = append(all, c)
	}
	compared = all
	return all
}

func (c *comparison) predict(t *testing.T) {
	for _, row := range run(t, c.platform, c.test, c.size, c.parallel, strings.Fields(c.settings)...) {
		if row.Direction != c.direction {
			continue
		}
		c.predicted, c.limit = row.Value, row.Limit
		if c.unit == "Gbit/s" && row.Unit == "GB/s" {
			c.predicted *= 8
		} else if c.unit != row.Unit {
			t.Fatalf("%s is measured in %s, the row is in %s", c.test, c.unit, row.Unit)
		}
		return
	}
	t.Fatalf("%s has no row for %s", c.test, c.direction)
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// bars are the tolerances. Each says which rows it is for; a row without one fails.
var bars = []struct {
	name     string
	most     float64 // greatest error of a row
	median   float64 // greatest median of the errors' sizes; 0: none
	rows     int     // that it must find, so that a bar cannot pass on nothing
	contains func(c *comparison) bool
}{
	{"H200 copy engine, median 3 %", 0.10, 0.03, 40, func(c *comparison) bool { return c.test == "copy_engine" }},
	{"H200 SM reads", 0.08, 0, 15, func(c *comparison) bool { return strings.HasPrefix(c.test, "sm_read") }},
	{"H200 SM writes from 128-byte chunks", 0.05, 0, 13, func(c *comparison) bool {
		return c.test == "sm_write_dense" || c.test == "sm_write_gap" && c.size >= 128
	}},
	{"H200 SM writes below, bound by store_interval", 0.05, 0, 2, func(c *comparison) bool { return c.test == "sm_write_gap" && c.size < 128 }},
	{"H200 outstanding reads", 0.06, 0, 7, func(c *comparison) bool { return c.test == "outstanding_reads" }},
	{"H200 pointer chase and device memory", 0.05, 0, 5, func(c *comparison) bool { return c.test == "pointer_chase" || c.test == "hbm_copy" }},
	{"pcie-bench bandwidths", 0.04, 0, 12, func(c *comparison) bool {
		return c.platform == "pcie-bench" && c.settings == "" && c.unit == "Gbit/s"
	}},
	{"pcie-bench latencies", 0.05, 0, 4, func(c *comparison) bool { return c.test == "dma_latency" }},
	{"pcie-bench remote memory", 0.06, 0, 2, func(c *comparison) bool { return strings.Contains(c.settings, "remote") && c.platform == "pcie-bench" }},
	{"pcie-bench IOMMU windows", 0.08, 0, 10, func(c *comparison) bool { return strings.Contains(c.settings, "iommu") }},
	{"P40 through the root complex", 0.05, 0, 1, func(c *comparison) bool { return c.platform == "p40" }},
	{"K40 through BAR1", 0.05, 0, 2, func(c *comparison) bool { return c.platform == "k40" && c.settings == "" }},
	{"K40 on the remote socket", 0.08, 0, 2, func(c *comparison) bool { return c.platform == "k40" && c.settings != "" }},
}

func TestPredictionsAreWithinTheirBars(t *testing.T) {
	all := compare(t)
	held := 0
	for _, bar := range bars {
		t.Run(bar.name, func(t *testing.T) {
			var sizes []float64
			for i := range all {
				c := &all[i]
				if !bar.contains(c) {
					continue
				}
				sizes = append(sizes, math.Abs(c.err()))
				t.Log(c)
				if !(math.Abs(c.err()) <= bar.most) {
					t.Errorf("more than %.0f %% off", 100*bar.most)
				}
			}
			if len(sizes) < bar.rows {
				t.Fatalf("%d rows, want %d", len(sizes), bar.rows)
			}
			held += len(sizes)
			slices.Sort(sizes)
			if median := sizes[len(sizes)/2]; bar.median > 0 && median > bar.median {
				t.Errorf("median error %.1f %%, want at most %.0f %%", 100*median, 100*bar.median)
			} else {
				t.Logf("median error %.1f %%, greatest %.1f %%", 100*median, 100*sizes[len(sizes)-1])
			}
		})
	}
	if held != len(all) {
		t.Errorf("%d of %d rows are held to a bar", held, len(all))
	}
}

// What bounds the reads of many threads has to be named: the tags, not a link.
func TestThePlateauOfOutstandingReadsIsNamed(t *testing.T) {
	rows := run(t, "h200", "outstanding_reads", 8, 4096, "pcie.host_window=64MiB")
	if !strings.Contains(rows[0].Limit, "768 outstanding reads") {
		t.Errorf("bound by %q", rows[0].Limit)
	}
	twice := run(t, "h200", "outstanding_reads", 8, 4096, "pcie.host_window=64MiB", "gpu.slice_reads=12", "pcie.tag_bits=14")
	if gain := twice[0].Value / rows[0].Value; gain < 1.5 {
		t.Errorf("twice the tags give %.2f times the reads: they were not what bound", gain)
	}
}

const (
	docsFile   = "../docs/models/microbench.md"
	tableStart = "<!-- table: generated by go test ./microbench -update -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

func TestDocumentedTableIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), tableStart)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has lost the markers of the table", docsFile)
	}
	want := before + tableStart + "\n" + table(compare(t)) + "\n" + tableEnd + after
	if string(data) == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the model gives; -update writes it", docsFile)
	}
	if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// table is all rows in Markdown, a section for each platform.
func table(all []comparison) string {
	var out strings.Builder
	platform := ""
	for i := range all {
		c := &all[i]
		if c.platform != platform {
			platform = c.platform
			p := platforms[platform]
			fmt.Fprintf(&out, "\n### %s: profiles %s and %s", platform, p.pcie, p.gpu)
			for _, more := range []string{p.device, p.core} {
				if more != "" {
					fmt.Fprintf(&out, ", %s", more)
				}
			}
			out.WriteString("\n\n| test | bytes | at once | measured | model | error | bound by | determines |\n|---|---|---|---|---|---|---|---|\n")
		}
		name := c.test + " " + c.direction
		for _, set := range strings.Fields(c.settings) {
			name += ", " + strings.TrimPrefix(set, "pcie.")
		}
		fmt.Fprintf(&out, "| %s | %d | %d | %.4g %s | %.4g | %+.1f %% | %s | %s |\n",
			name, c.size, c.parallel, c.measured, c.unit, c.predicted, 100*c.err(), c.limit, c.determines)
	}
	return strings.TrimPrefix(out.String(), "\n")
}
