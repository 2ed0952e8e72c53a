package reports

import (
	"bytes"
	"strings"
)

// style is how text looks in colour: the parameters of an SGR sequence (ECMA-48
// 8.3.117), empty for plain text. Only the sixteen basic colours, which every
// terminal's theme keeps readable.
type style string

const (
	plainStyle style = ""
	bold       style = "1"
	faint      style = "2"
	good       style = "32"
	caution    style = "33"
	bad        style = "1;31"
)

// span is a run of text in one style.
type span struct {
	text  string
	style style
}

// page collects lines. Nothing on it is wider than width, unless wide is set.
type page struct {
	buf     bytes.Buffer
	width   int
	color   bool
	wide    bool
	verbose bool
}

// unlimited is the width of a wide page: lines end where their content ends.
const unlimited = 1 << 20

func (p *page) limit() int {
	if p.wide {
		return unlimited
	}
	return p.width
}

// line prints spans as one line as they are. The caller has seen to the width.
func (p *page) line(spans ...span) {
	for len(spans) > 0 {
		// Spaces at the end of a line are noise in diffs and on the clipboard.
		last := &spans[len(spans)-1]
		last.text = strings.TrimRight(last.text, " "+nbsp)
		if last.text != "" {
			break
		}
		spans = spans[:len(spans)-1]
	}
	for i := 0; i < len(spans); {
		// Words of one style go out as one run: one escape sequence, not one each.
		s := spans[i]
		text := s.text
		for i++; i < len(spans) && spans[i].style == s.style; i++ {
			text += spans[i].text
		}
		text = strings.ReplaceAll(text, nbsp, " ")
		if p.color && s.style != plainStyle && strings.TrimSpace(text) != "" {
			p.buf.WriteString("\x1b[" + string(s.style) + "m" + text + "\x1b[0m")
		} else {
			p.buf.WriteString(text)
		}
	}
	p.buf.WriteByte('\n')
}

// gap separates blocks by an empty line; there is none at the top of the page.
func (p *page) gap() {
	if p.buf.Len() > 0 {
		p.buf.WriteByte('\n')
	}
}

// heading opens a section: a name and, on the same line if it has room, what is
// to be known before reading on.
func (p *page) heading(name, remark string) {
	p.gap()
	if remark == "" {
		p.line(span{name, bold})
		return
	}
	p.paragraph(0, 2, span{name, bold}, span{"  ", plainStyle}, span{remark, faint})
}

// paragraph prints spans as running text, broken at spaces; the first line is
// indented by first columns and the others by rest. Spaces stay as they are,
// except around a break.
func (p *page) paragraph(first, rest int, spans ...span) {
	var words []span
	for _, s := range spans {
		words = append(words, splitWords(s)...)
	}
	limit, used, empty := p.limit(), first, true
	line := []span{{strings.Repeat(" ", first), plainStyle}}
	flush := func() {
		p.line(line...)
		line, used, empty = []span{{strings.Repeat(" ", rest), plainStyle}}, rest, true
	}
	for i := 0; i < len(words); {
		end, width := wordEnd(words, i)
		switch fits := used+width <= limit; {
		case isSpace(words[i]):
			if !fits {
				flush()
			} else if !empty {
				line = append(line, words[i])
				used += width
			}
			i = end
		case fits:
			line = append(line, words[i:end]...)
			used, empty = used+width, false
			i = end
		case !empty:
			flush()
		default: // a word longer than a line
			head, tail := cut(words[i].text, limit-used)
			line = append(line, span{head, words[i].style})
			used, empty = used+displayWidth(head), false
			if words[i].text = tail; tail == "" {
				i++
			}
		}
	}
	if !empty {
		p.line(line...)
	}
}

// wordEnd returns where the word that starts at i ends, and its width: what
// stands between two spaces is one word, in however many styles.
func wordEnd(words []span, i int) (end, width int) {
	end, width = i+1, displayWidth(words[i].text)
	for !isSpace(words[i]) && end < len(words) && !isSpace(words[end]) {
		width += displayWidth(words[end].text)
		end++
	}
	return end, width
}

// splitWords cuts a span into words and the spaces between them.
func splitWords(s span) []span {
	var out []span
	for s.text != "" {
		end := strings.IndexByte(s.text, ' ')
		if end == 0 {
			end = len(s.text) - len(strings.TrimLeft(s.text, " "))
		}
		if end < 0 {
			end = len(s.text)
		}
		out = append(out, span{s.text[:end], s.style})
		s.text = s.text[end:]
	}
	return out
}

func isSpace(s span) bool { return strings.HasPrefix(s.text, " ") }
