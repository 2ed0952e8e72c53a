package reports

import (
	"errors"
	"io"
	"strings"
)

// TextOptions say how Text sets its page. The zero value is a plain page of 80
// columns.
type TextOptions struct {
	Width   int  // columns; 0 stands for 80, less than 60 for 60
	Color   bool // SGR colours; the caller knows the terminal and NO_COLOR
	Verbose bool // every row and column of every table, reasons, and the NIC counters
	Wide    bool // every column at its natural width, whatever Width says
}

const (
	defaultWidth = 80
	leastWidth   = 60
)

// Text writes results for an architect at a terminal: several results first side
// by side, then each on its own. A report starts with what matters most (the
// goodput, what limits it, anything that went wrong) and goes on to what explains
// it. Sections without content are left out, and unless Verbose is set those where
// nothing happened take one line. Gbit/s are 1e9 based; amounts of
// traffic are in powers of 1000, sizes of memory in powers of 1024.
//
// No line is wider than Width unless Wide is set: running text and tables are
// fitted, and on a narrow page a table may lose columns that JSON has. Text from
// scenarios is printed without control characters.
//
// Errors: no result at all, or the writer's.
func Text(w io.Writer, r []Result, o TextOptions) error {
	if len(r) == 0 {
		return errors.New("reports: no result to print")
	}
	p := &page{width: o.Width, color: o.Color, wide: o.Wide, verbose: o.Verbose}
	if p.width == 0 {
		p.width = defaultWidth
	}
	p.width = max(p.width, leastWidth)

	transfers, benches := byKind(r)
	if len(transfers) > 1 {
		p.comparison(transfers)
	}
	if len(benches) > 1 {
		p.benchComparison(benches)
	}
	for i := range r {
		if len(r) > 1 {
			p.gap()
			p.line(span{strings.Repeat("─", p.width), faint})
		}
		p.result(&r[i])
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

// result prints one report. The order is the reader's: what came out, whether to
// believe it, what bound it, how it compares, what it rests on, where the traffic
// and the time went, and how it was run.
func (p *page) result(r *Result) {
	if r.Kind == KindBench {
		p.bench(r)
		return
	}
	p.headline(r)
	p.verdict(r)
	p.expectations(r)
	p.violations(r)
	p.drops(r)
	p.limits(r)
	p.series(r)
	p.measured(r)
	p.band(r)
	p.assumptions(r)
	p.flows(r)
	p.cores(r)
	p.wire(r)
	p.pcie(r)
	p.rings(r)
	p.pages(r)
	p.counters(r)
	p.closing(r)
	p.footer(r)
}

// busyStyle draws the eye to what is nearly used up.
func busyStyle(share float64) style {
	switch {
	case share >= 0.95:
		return bad
	case share >= 0.80:
		return caution
	}
	return plainStyle
}

// barWidth is the length of a full bar.
const barWidth = 8

// busyCells are the two cells that every table of utilisations has: a bar and the
// figure.
func busyCells(share float64) (drawn, figure cell) {
	st := busyStyle(share)
	return cell{bar(share, barWidth), st}, cell{percent(share), st}
}

// arrow sets "sender->receiver" in type.
func arrow(direction string) string {
	return strings.ReplaceAll(clean(direction), "->", " → ")
}
