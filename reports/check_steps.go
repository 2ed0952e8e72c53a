package reports

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// steps sets a way as a table, long effects wrapped.
func (p *page) steps(steps []CheckStep) {
	t := table{columns: []column{{title: "step", right: true}, {title: "actor"}, {title: "operation"}, {title: "what changed", wrapTo: 24}}}
	for i, s := range steps {
		t.add(say(integer(int64(i+1))), say(clean(s.Actor)), say(clean(s.Operation)), say(joinPages(clean(s.Effect))))
	}
	p.table(&t)
}

// CheckSteps writes a way as a table of the given width, for documents.
func CheckSteps(w io.Writer, steps []CheckStep, width int) error {
	p := &page{width: width}
	p.steps(steps)
	_, err := w.Write(p.buf.Bytes())
	return err
}

// joinPages shortens an effect in which several pages in a row go the same way: "page
// 1 app → gone; page 2 app → gone" becomes "pages 1–2 app → gone".
func joinPages(effect string) string {
	const separator = "; "
	var out []string
	first, last, way := 0, -1, ""
	flush := func() {
		switch {
		case way == "":
		case first == last:
			out = append(out, fmt.Sprintf("page %d %s", first, way))
		default:
			out = append(out, fmt.Sprintf("pages %d–%d %s", first, last, way))
		}
		way = ""
	}
	for _, part := range strings.Split(effect, separator) {
		n, rest, isPage := pageChange(part)
		if isPage && way == rest && n == last+1 {
			last = n
			continue
		}
		flush()
		if isPage {
			first, last, way = n, n, rest
		} else {
			out = append(out, part)
		}
	}
	flush()
	return strings.Join(out, separator)
}

// pageChange reads "page 3 app → fill_ring".
func pageChange(part string) (page int, way string, ok bool) {
	after, ok := strings.CutPrefix(part, "page ")
	if !ok {
		return 0, "", false
	}
	number, way, ok := strings.Cut(after, " ")
	n, err := strconv.Atoi(number)
	// A number that prints otherwise ("+1", "007") would be changed by joining.
	if !ok || way == "" || err != nil || strconv.Itoa(n) != number {
		return 0, "", false
	}
	return n, way, true
}
