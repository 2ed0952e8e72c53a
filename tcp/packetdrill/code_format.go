package packetdrill

import (
	"fmt"
	"strconv"
	"strings"
)

// format is Python's % of strings for the verbs d, s, f, x and r; a width is honoured.
func format(text string, args value) value {
	list := args.list
	if args.kind != listValue {
		list = []value{args}
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 >= len(text) {
			b.WriteByte(text[i])
			continue
		}
		end := i + 1
		for end < len(text) && strings.IndexByte("0123456789.-+# l", text[end]) >= 0 {
			end++
		}
		if end >= len(text) || text[end] == '%' || len(list) == 0 {
			b.WriteString(strings.ReplaceAll(text[i:min(end+1, len(text))], "%%", "%"))
			i = end
			continue
		}
		b.WriteString(list[0].verb(text[i+1:end], text[end]))
		list = list[1:]
		i = end
	}
	return value{kind: stringValue, s: b.String()}
}

// maxWidth bounds what a width in a format can make.
const maxWidth = 5

func (v value) verb(flags string, verb byte) string {
	flags = strings.ReplaceAll(flags, "l", "")
	if len(flags) > maxWidth {
		flags = ""
	}
	n, ok := v.number()
	switch {
	case ok && (verb == 'd' || verb == 'i' || verb == 'u'):
		return fmt.Sprintf("%"+flags+"d", int64(n))
	case ok && (verb == 'x' || verb == 'X' || verb == 'o'):
		return fmt.Sprintf("%"+flags+string(verb), int64(n))
	case ok && (verb == 'f' || verb == 'g' || verb == 'e'):
		return fmt.Sprintf("%"+flags+string(verb), n)
	}
	return fmt.Sprintf("%"+flags+"s", v.String())
}

// template reads an f-string, or the text in front of .format: a "format" node, whose
// operands are values with their specifications in cmps, and whose value is the text with
// a NUL for each of them. args are what .format is given, nil for an f-string.
func (c *codeParser) template(at Pos, text string, args []*node) *node {
	n := &node{Pos: at, op: "format"}
	var b strings.Builder
	for i := 0; i < len(text) && c.err == nil; i++ {
		switch {
		case strings.HasPrefix(text[i:], "{{"), strings.HasPrefix(text[i:], "}}"):
			b.WriteByte(text[i])
			i++
		case text[i] == '{':
			length := strings.IndexByte(text[i:], '}')
			if length < 0 {
				c.err = wrong(at, "a { in a string that has no }")
				return n
			}
			c.field(n, text[i+1:i+length], args)
			b.WriteByte(0)
			i += length
		default:
			b.WriteByte(text[i])
		}
	}
	n.value = value{kind: stringValue, s: b.String()}
	return n
}

// field reads what stands between braces: an expression, or the place of an argument, and
// behind it !r or a colon and a specification.
func (c *codeParser) field(n *node, text string, args []*node) {
	text, spec, _ := strings.Cut(text, ":")
	text, conversion, _ := strings.Cut(text, "!")
	if strings.HasPrefix(conversion, "r") {
		spec = "!r"
	}
	n.cmps = append(n.cmps, spec)
	if args == nil {
		n.kids = append(n.kids, c.inner(n.Pos, text))
		return
	}
	place := len(n.kids)
	if text != "" {
		place, _ = strconv.Atoi(text)
	}
	if place < 0 || place >= len(args) {
		c.err = wrong(n.Pos, "format has no argument %d", place)
		return
	}
	n.kids = append(n.kids, args[place])
}

// inner reads the expression of an f-string's field.
func (c *codeParser) inner(at Pos, text string) *node {
	tokens, err := tokenize(at, text)
	if err != nil {
		c.err = err
		return &node{}
	}
	p := &codeParser{tokens: tokens, depth: c.depth}
	n := p.tuple()
	if p.peek().kind != lineToken {
		p.fail("the end of the field")
	}
	c.err = p.err
	return n
}

// format evaluates a template.
func (e *evaluator) format(n *node) value {
	parts := strings.Split(n.value.s, "\x00")
	var b strings.Builder
	b.WriteString(parts[0])
	for i, k := range n.kids {
		v := e.eval(k)
		if e.err != nil {
			return value{}
		}
		text, ok := v.specified(n.cmps[i])
		if !ok {
			return e.fail(unsupported(n.Pos, "format specification %q of %v", n.cmps[i], v))
		}
		b.WriteString(text)
		b.WriteString(parts[i+1])
	}
	return value{kind: stringValue, s: b.String()}
}

// specified is the value by a specification: [<>][0][width][.precision][type].
func (v value) specified(spec string) (string, bool) {
	if spec == "!r" {
		return v.quoted(), true
	}
	flags, verb := spec, byte('s')
	if n := len(spec); n > 0 && !isDigit(spec[n-1]) && spec[n-1] != '<' && spec[n-1] != '>' {
		flags, verb = spec[:n-1], spec[n-1]
	} else if _, number := v.number(); number && n > 0 {
		if verb = 'd'; v.kind == floatValue {
			verb = 'g'
		}
	}
	switch {
	case strings.HasPrefix(flags, "<"):
		flags = "-" + flags[1:]
	case strings.HasPrefix(flags, ">"):
		flags = flags[1:]
	}
	flags = strings.ReplaceAll(flags, ",", "")
	if strings.Trim(flags, "0123456789.-+# ") != "" || strings.IndexByte("diuxXofges", verb) < 0 {
		return "", false
	}
	return v.verb(flags, verb), true
}
