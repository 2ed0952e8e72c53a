package reports

import "io"

// checkKinds are the kinds of cases that come with the program, in the order of the
// list, and what is done with them.
var checkKinds = [...]struct{ kind, what string }{
	{CheckExplore, "every state of a bounded world: check explore"},
	{CheckMemory, "the shared queue load by load, under each memory model: check explore"},
	{CheckWalk, "random walks through a large world: check fuzz"},
}

// CheckList writes the cases that there are for people: name, title and bounds, by
// kind.
//
// Errors: the writer's.
func CheckList(w io.Writer, cases []CheckCase, o TextOptions) error {
	p := newPage(o)
	for _, kind := range checkKinds {
		t := table{columns: []column{{title: "case"}, {title: "about", wrapTo: 24}, {title: "bounds", spill: true}}}
		for i := range cases {
			if k := &cases[i]; k.Kind == kind.kind {
				t.add(cell{clean(k.Name), bold}, say(clean(k.Title)), cell{clean(k.Bounds), faint})
			}
		}
		if len(t.rows) > 0 {
			p.heading(kind.kind, kind.what)
			p.table(&t)
		}
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

// newPage is an empty page as the options want it.
func newPage(o TextOptions) *page {
	p := &page{width: o.Width, color: o.Color, wide: o.Wide, verbose: o.Verbose}
	if p.width == 0 {
		p.width = defaultWidth
	}
	p.width = max(p.width, leastWidth)
	return p
}
