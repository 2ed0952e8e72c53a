package reports

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
)

// CSV writes a header and, of transfers, one row per result (RFC 4180, CRLF line ends);
// of benches one row per figure. The
// columns and their order are the same for every result; new ones are added at
// the end only. An empty cell means that the result does not have the value: no
// such link, nothing measured, no stall.
//
//	scenario … digest           what was run
//	simulated_s … packets       size of the run
//	goodput_gbps …              the prediction; *_ci95_gbps is a half width
//	limit_*, next_*             what bound the run, and what would bind next
//	<host>_<link>_<dir>_*       PCIe: hosts sender and receiver, links root, nic and gpu, directions up and down
//	busiest_core*               the core with the largest busy share
//	drops, drops_<cause>        frames; drops_other sums causes without a column
//	pages_*, violations*, stall_*
//	measured_*                  the first measured value; error is symmetric and signed
//	expect, expect_failed       expectations, and how many were not met
//
// Benches have columns of their own:
//
//	scenario … digest     what was run
//	id … parallel         which figure; set has the settings of its test alone, apart by spaces
//	metric, unit, value   the prediction
//	measured, error       error is symmetric and signed
//	tolerance, source     of the measured value; determines has the parameters derived from it
//	limit                 what bound the figure
//
// Text that a spreadsheet would take for a formula (it starts with = + - @, a tab
// or a carriage return) gets a leading apostrophe. Numbers are written with the
// digits that give the same float64 back.
//
// Errors: results of both kinds, which have no columns in common (ErrMixedKinds), a
// result that holds NaN or an infinity (named by its path), a result of another
// schema, or the writer's.
func CSV(w io.Writer, r []Result) error {
	results, err := normalise(r)
	if err != nil {
		return err
	}
	var first csvRow
	var rows []csvRow
	switch transfers, benches := byKind(results); {
	case len(benches) == 0:
		first.fill(&Result{})
		for i := range transfers {
			var row csvRow
			row.fill(&transfers[i])
			rows = append(rows, row)
		}
	case len(transfers) == 0:
		first.bench(&Result{}, &BenchRow{})
		for i := range benches {
			for j := range benches[i].Bench {
				var row csvRow
				row.bench(&benches[i], &benches[i].Bench[j])
				rows = append(rows, row)
			}
		}
	default:
		return ErrMixedKinds
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(first.names); err != nil {
		return err
	}
	for i := range rows {
		if err := out.Write(rows[i].cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvRow collects names and cells side by side, so that a header cannot get out
// of step with its column.
type csvRow struct{ names, cells []string }

func (c *csvRow) cell(name, value string) {
	c.names = append(c.names, name)
	c.cells = append(c.cells, value)
}

func (c *csvRow) text(name, value string)      { c.cell(name, notFormula(value)) }
func (c *csvRow) integer(name string, v int64) { c.cell(name, strconv.FormatInt(v, 10)) }
func (c *csvRow) count(name string, v uint64)  { c.cell(name, strconv.FormatUint(v, 10)) }
func (c *csvRow) number(name string, v float64) {
	c.cell(name, exact(v))
}

// optional leaves the cell empty unless the value is there.
func (c *csvRow) optional(name string, there bool, v float64) {
	if there {
		c.number(name, v)
	} else {
		c.cell(name, "")
	}
}

func (c *csvRow) fill(r *Result) {
	c.text("scenario", r.Scenario)
	c.text("title", r.Title)
	c.count("seed", r.Seed)
	c.text("version", r.Version)
	c.text("digest", r.Digest)
	c.number("simulated_s", r.SimulatedS)
	c.number("warmup_s", r.WarmupS)
	c.number("wall_s", r.WallS)
	c.count("events", r.Events)
	c.count("packets", r.Packets)

	c.number("goodput_gbps", r.GoodputGbps)
	c.number("goodput_ci95_gbps", r.GoodputCI95Gbps)
	c.integer("flows", int64(len(r.PerFlow)))
	c.integer("retransmits", sumFlows(r, func(f *Flow) int64 { return f.Retransmits }))
	c.integer("timeouts", sumFlows(r, func(f *Flow) int64 { return f.Timeouts }))

	c.limit("limit", &r.Limit)
	c.limit("next", r.Limit.Next)
	c.links(r)
	c.busiestCore(r)
	c.drops(r)

	c.integer("pages", r.Pages.Total)
	c.integer("pages_lost", r.Pages.Lost)
	c.integer("pages_duplicated", r.Pages.Duplicated)
	c.integer("violations", int64(len(r.Violations)))
	c.integer("violations_total", totalCount(r.Violations))
	if s := r.Stall; s != nil {
		c.text("stall_cause", s.Cause)
		c.number("stall_since_s", s.SinceS)
	} else {
		c.cell("stall_cause", "")
		c.cell("stall_since_s", "")
	}
	c.measured(r)
	c.integer("expect", int64(len(r.Expect)))
	c.integer("expect_failed", int64(failures(r.Expect)))
}

func (c *csvRow) limit(prefix string, l *Limit) {
	there := l != nil && l.Resource != ""
	if !there {
		l = &Limit{}
	}
	c.text(prefix+"_resource", l.Resource)
	c.optional(prefix+"_utilisation", there, l.Utilisation)
	c.optional(prefix+"_capacity_gbps", there, l.CapacityGbps)
	c.optional(prefix+"_headroom_gbps", there, l.HeadroomGbps)
}

// links writes the PCIe links that every topology may have. Other links are in
// the JSON form.
func (c *csvRow) links(r *Result) {
	for _, host := range [...]string{"sender", "receiver"} {
		for _, name := range [...]string{"root", "nic", "gpu"} {
			link, there := findLink(r, host, name)
			for _, d := range [...]struct {
				name string
				dir  PCIeDirection
			}{{"up", link.Up}, {"down", link.Down}} {
				prefix := host + "_" + name + "_" + d.name
				if there {
					c.integer(prefix+"_payload_bytes", d.dir.PayloadBytes)
				} else {
					c.cell(prefix+"_payload_bytes", "")
				}
				c.optional(prefix+"_utilisation", there, d.dir.Utilisation)
			}
		}
	}
}

func findLink(r *Result, host, name string) (link PCIeLink, there bool) {
	for _, l := range r.PCIe.Links {
		if l.Host == host && l.Name == name {
			return l, true
		}
	}
	return PCIeLink{}, false
}

func (c *csvRow) busiestCore(r *Result) {
	busiest, there := busiestCore(r)
	if !there {
		for _, name := range [...]string{"busiest_core", "busiest_core_role", "busiest_core_busy"} {
			c.cell(name, "")
		}
		return
	}
	c.text("busiest_core", busiest.Host+"/"+strconv.Itoa(busiest.Core))
	c.text("busiest_core_role", busiest.Role)
	c.number("busiest_core_busy", busiest.Busy)
}

func (c *csvRow) drops(r *Result) {
	c.integer("drops", sum(r.Drops))
	rest := sum(r.Drops)
	for _, cause := range dropCauses.names() {
		c.integer("drops_"+cause, r.Drops[cause])
		rest -= r.Drops[cause]
	}
	c.integer("drops_other", rest)
}

func (c *csvRow) measured(r *Result) {
	var m Measured
	there := len(r.Measured) > 0
	if there {
		m = r.Measured[0]
	}
	c.text("measured_metric", m.Metric)
	c.text("measured_unit", m.Unit)
	c.optional("measured", there, m.Value)
	c.optional("measured_predicted", there, m.Predicted)
	c.optional("measured_error", there, m.Error)
	c.text("measured_source", m.Source)
}

// notFormula keeps a spreadsheet from running text that came from a scenario
// file (CWE-1236).
func notFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// exact writes the shortest decimal that gives v back, without an exponent where
// a reader would not want one.
func exact(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-9 || a >= 1e21) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
