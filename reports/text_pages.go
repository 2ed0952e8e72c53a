package reports

import "strings"

// pages says on a verbose page, or when any got lost, where the registered pages
// are at the end.
func (p *page) pages(r *Result) {
	g := &r.Pages
	astray := g.Lost != 0 || g.Duplicated != 0
	if g.Total == 0 && !astray || !p.verbose && !astray {
		return
	}
	p.heading("Pages", plural(g.Total, "registered page", "registered pages")+", where they are at the end")
	if s := placesOf(g, true); s != "" {
		p.paragraph(2, 4, span{s, plainStyle})
	}
	if astray {
		p.paragraph(2, 4, span{integer(g.Lost) + nbsp + "lost, " + integer(g.Duplicated) + nbsp + "duplicated", bad})
	}
}

// pageSummary puts where the pages are in a line, if none went astray.
func pageSummary(r *Result) string {
	g := &r.Pages
	if g.Total == 0 || g.Lost != 0 || g.Duplicated != 0 {
		return ""
	}
	return integer(g.Total) + ": " + placesOf(g, false)
}

// placesOf lists the places that have pages, the fullest first.
func placesOf(g *Pages, counts bool) string {
	var s []string
	for _, place := range byValue(g.InPlace) {
		n := g.InPlace[place]
		if n == 0 {
			continue
		}
		var share string
		if g.Total > 0 {
			share = percent(float64(n) / float64(g.Total))
		}
		text := clean(place)
		switch {
		case counts && share != "":
			text += nbsp + integer(n) + nbsp + "(" + share + ")"
		case share != "":
			text += nbsp + share
		default:
			text += nbsp + integer(n)
		}
		s = append(s, text)
	}
	return strings.Join(s, ", ")
}
