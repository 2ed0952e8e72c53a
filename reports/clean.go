package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from a scenario or a file fit for one place on a terminal:
// white space becomes a plain space, and control characters, escape sequences'
// introducers and direction overrides become a visible replacement, so that no
// name can recolour, overwrite or reorder what is printed.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// displayWidth is how many columns of a terminal s takes.
func displayWidth(s string) int {
	if isPlain(s) {
		return len(s)
	}
	width := 0
	for _, r := range s {
		width += runeWidth(r)
	}
	return width
}

// wide are the blocks whose characters take two columns (Unicode Standard Annex
// #11: East Asian Wide and Fullwidth). Ambiguous ones count one, whatever the
// locale: the same result must print the same bytes everywhere.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97c, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wrap breaks s at spaces into lines of at most width columns, the first of at
// most first; a word that is longer than a line is broken where the line ends.
// There is always at least one line. A first below 1 leaves the first line empty.
func wrap(s string, first, width int) []string {
	var lines []string
	line, used, limit := "", 0, first
	flush := func() {
		lines = append(lines, line)
		line, used, limit = "", 0, width
	}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' }) {
		w := displayWidth(word)
		if used > 0 && used+1+w > limit {
			flush()
		}
		if used > 0 {
			line += " "
			used++
		}
		for w > limit-used {
			if used == 0 && limit < width {
				flush() // a short first line: the next one has more room
				continue
			}
			head, tail := cut(word, limit-used)
			line += head
			flush()
			word, w = tail, displayWidth(tail)
		}
		line += word
		used += w
	}
	if used > 0 || len(lines) == 0 {
		flush()
	}
	return lines
}

// cut splits s after at most width columns, but after one rune at least.
func cut(s string, width int) (head, tail string) {
	used := 0
	for i, r := range s {
		w := runeWidth(r)
		if i > 0 && used+w > width {
			return s[:i], s[i:]
		}
		used += w
	}
	return s, ""
}

// shorten cuts s to width columns and says so with an ellipsis.
func shorten(s string, width int) string {
	if displayWidth(s) <= width {
		return s
	}
	if width < 2 {
		return strings.Repeat("…", max(0, width))
	}
	head, _ := cut(s, width-1)
	return head + "…"
}
