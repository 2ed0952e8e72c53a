package reports

import "strings"

// column describes one column of a table and how it gives way when the page is
// too narrow, in this order: a spilling column breaks its text or, if that is not
// enough, moves below its row; an expendable one is left out (JSON has it);
// wrapping ones break their text, the rightmost first; at last the widest texts
// are shortened, and figures only after them. What is still too wide then loses
// columns at the right.
type column struct {
	title  string
	right  bool   // align right: numbers
	spill  bool   // may move below the row, as a line of its own
	below  string // what that line is labelled, if it needs a label
	expend int    // left out on a narrow page, higher ones first; 0: never
	wrapTo int    // may be broken into lines of at least this many columns; 0: not
}

// cell is one value. Its text must be clean.
type cell struct {
	text  string
	style style
}

func say(text string) cell { return cell{text: text} }

// row is one line of a table with the remarks that stand below it.
type row struct {
	cells []cell
}

// note is a remark below a row; label says what it is ("source"), or is empty.
type note struct {
	label, text string
	style       style
}

// table is a list of rows under column titles. Columns without any content are
// left out.
type table struct {
	columns []column
	rows    []row
}

func (t *table) add(cells ...cell) {
	t.rows = append(t.rows, row{cells: cells})
}

const (
	tableIndent = 2
	columnGap   = 2
	noteIndent  = tableIndent + 2
)

// layout is a table fitted to a page: which columns are shown, at what width,
// and which have moved below their rows.
type layout struct {
	shown   []int
	widths  []int
	spilled []int
}

func (p *page) table(t *table) {
	if len(t.rows) == 0 {
		return
	}
	l := t.fit(p.limit())
	titles := make([]cell, len(t.columns))
	titled := false
	for i, c := range t.columns {
		titles[i] = cell{c.title, faint}
		titled = titled || c.title != ""
	}
	if titled {
		p.row(t, l, titles)
	}
	for _, r := range t.rows {
		p.row(t, l, r.cells)
		var notes []note
		for _, i := range l.spilled {
			if text := r.cells[i].text; text != "" {
				notes = append(notes, note{label: t.columns[i].below, text: text, style: r.cells[i].style})
			}
		}
		p.labelled(noteIndent, faint, notes)
	}
}

// row prints one row; a wrapped cell makes it more than one line high.
func (p *page) row(t *table, l layout, cells []cell) {
	lines := make([][]string, len(l.shown))
	height := 1
	for i, c := range l.shown {
		if t.columns[c].wrapTo > 0 {
			lines[i] = wrap(cells[c].text, l.widths[i], l.widths[i])
		} else {
			lines[i] = []string{shorten(cells[c].text, l.widths[i])}
		}
		height = max(height, len(lines[i]))
	}
	for h := range height {
		spans := []span{{strings.Repeat(" ", tableIndent), plainStyle}}
		for i, c := range l.shown {
			var text string
			if h < len(lines[i]) {
				text = lines[i][h]
			}
			pad := strings.Repeat(" ", max(0, l.widths[i]-displayWidth(text)))
			if i > 0 {
				spans = append(spans, span{strings.Repeat(" ", columnGap), plainStyle})
			}
			if t.columns[c].right {
				spans = append(spans, span{pad, plainStyle}, span{text, cells[c].style})
			} else {
				spans = append(spans, span{text, cells[c].style}, span{pad, plainStyle})
			}
		}
		p.line(spans...)
	}
}

// labelled prints remarks from the given column on, their labels aligned.
func (p *page) labelled(indent int, labelStyle style, notes []note) {
	labels := 0
	for _, n := range notes {
		labels = max(labels, displayWidth(n.label))
	}
	for _, n := range notes {
		if n.label == "" {
			p.paragraph(indent, indent, span{n.text, n.style})
			continue
		}
		pad := strings.Repeat(" ", labels-displayWidth(n.label)+columnGap)
		p.paragraph(indent, indent+labels+columnGap, span{n.label, labelStyle}, span{pad, plainStyle}, span{n.text, n.style})
	}
}

// fit chooses columns and widths for a page of the given width.
func (t *table) fit(limit int) layout {
	var l layout
	natural := make([]int, len(t.columns))
	for i := range t.columns {
		for _, r := range t.rows {
			natural[i] = max(natural[i], displayWidth(r.cells[i].text))
		}
		if natural[i] > 0 { // a column with nothing in it is not shown
			natural[i] = max(natural[i], displayWidth(t.columns[i].title))
			l.shown = append(l.shown, i)
		}
	}
	l.reset(natural)
	for l.total() > limit {
		if i := l.find(func(c int) int { return boolInt(t.columns[c].spill) }); i >= 0 {
			if least := t.columns[l.shown[i]].wrapTo; least > 0 && l.total()-l.widths[i]+least <= limit {
				l.widths[i] -= l.total() - limit
				break
			}
			l.spilled = append(l.spilled, l.shown[i])
			l.remove(i)
			l.reset(natural)
			continue
		}
		if i := l.find(func(c int) int { return t.columns[c].expend }); i >= 0 {
			l.remove(i)
			l.reset(natural)
			continue
		}
		l.wrap(limit, t.columns)
		l.shorten(limit, func(c int) bool { return !t.columns[c].right })
		l.shorten(limit, func(int) bool { return true })
		for l.total() > limit && len(l.shown) > 1 {
			l.remove(len(l.shown) - 1) // dozens of columns
		}
		break
	}
	return l
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *layout) reset(natural []int) {
	l.widths = l.widths[:0]
	for _, c := range l.shown {
		l.widths = append(l.widths, natural[c])
	}
}

// total is the width of the table.
func (l *layout) total() int {
	width := tableIndent + columnGap*max(0, len(l.shown)-1)
	for _, w := range l.widths {
		width += w
	}
	return width
}

// find returns the shown column of the highest positive rank, the rightmost of
// equals, or -1.
func (l *layout) find(rank func(column int) int) int {
	best, at := 0, -1
	for i, c := range l.shown {
		if r := rank(c); r > 0 && r >= best {
			best, at = r, i
		}
	}
	return at
}

func (l *layout) remove(i int) {
	l.shown = append(l.shown[:i], l.shown[i+1:]...)
	l.widths = l.widths[:len(l.shown)]
}

// wrap narrows wrapping columns, from the right, until the table fits.
func (l *layout) wrap(limit int, columns []column) {
	for i := len(l.shown) - 1; i >= 0; i-- {
		if least := columns[l.shown[i]].wrapTo; least > 0 {
			l.widths[i] -= max(0, min(l.total()-limit, l.widths[i]-least))
		}
	}
}

// shorten takes from the widest of the chosen columns, one terminal column at a
// time, until the table fits or there is nothing to take.
func (l *layout) shorten(limit int, chosen func(column int) bool) {
	const least = 4 // three characters and the ellipsis
	for l.total() > limit {
		widest := -1
		for i, c := range l.shown {
			if chosen(c) && l.widths[i] > least && (widest < 0 || l.widths[i] > l.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		l.widths[widest]--
	}
}
