package packetdrill

import (
	"strconv"
	"strings"
)

// Parse reads a script. file is its name in messages. The error is an *Error.
func Parse(file, text string) (*Script, error) {
	p := &parser{scanner: newScanner(text)}
	script := &Script{File: file, comment: headComment(text)}
	p.head(script)
	p.events(script)
	if p.err != nil {
		p.err.File = file
		return nil, p.err
	}
	return script, nil
}

// parser is a scanner that knows the language.
type parser struct{ *scanner }

// headComment is the comment at the head of a script.
func headComment(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "//"):
			lines = append(lines, strings.TrimSpace(line[2:]))
		case strings.HasPrefix(line, "#"):
			lines = append(lines, strings.TrimSpace(line[1:]))
		case line != "" || len(lines) > 0:
			return strings.Join(lines, "\n")
		}
	}
	return strings.Join(lines, "\n")
}

// head reads what is in front of the events: option lines and init commands.
func (p *parser) head(script *Script) {
	for p.err == nil {
		p.flags(script)
		if p.peek() != '`' {
			return
		}
		e := Event{Pos: p.pos(), Time: Time{Kind: Relative}}
		start := p.at
		e.Shell = p.shell()
		e.Source = p.source(start)
		script.Events = append(script.Events, e)
	}
}

// flags reads option lines: --name=value, or --name alone for a switch.
func (p *parser) flags(script *Script) {
	for p.sees("--") {
		at := p.pos()
		p.at += 2
		name := p.take(func(c byte) bool { return isWord(c) || c == '-' })
		if name == "" {
			p.fail("the name of an option")
			return
		}
		value := ""
		if p.at < len(p.text) && p.text[p.at] == '=' {
			p.at++
			if p.at < len(p.text) && p.text[p.at] == '"' {
				value = p.quoted()
			} else {
				value = p.take(func(c byte) bool { return !isSpace(c) })
			}
		}
		script.Flags = append(script.Flags, Flag{at, strings.ReplaceAll(name, "-", "_"), value})
	}
}

// events reads everything that has a time.
func (p *parser) events(script *Script) {
	for p.peek() != 0 && p.err == nil {
		script.Events = append(script.Events, p.event())
	}
}

// event reads a time and what happens then.
func (p *parser) event() (e Event) {
	e = Event{Pos: p.pos(), Time: p.time()}
	if p.err != nil {
		return e
	}
	p.space()
	start := p.at
	defer func() { e.Source = p.source(start) }()
	switch c := p.peek(); {
	case c == '<' || c == '>':
		e.Packet = p.packet()
	case c == '`':
		e.Shell = p.shell()
	case p.accept("%{"):
		at := p.pos()
		e.Code = p.code(at, p.until("}%"))
	case strings.HasPrefix(p.text[p.at:], "..."), isWord(c) && !isDigit(c):
		e.Call = p.call(&e.Time)
	default:
		p.fail("a packet (< or >), a system call, a `command` or %{ code }%")
	}
	return e
}

// source is the text from start to here, on one line.
func (p *parser) source(start int) string {
	return strings.Join(strings.Fields(p.text[start:p.at]), " ")
}

// time reads when an event happens.
func (p *parser) time() Time {
	switch c := p.peek(); {
	case c == '*':
		p.at++
		return Time{Kind: AnyTime}
	case c == '+':
		p.at++
		t := Time{Kind: Relative, At: p.seconds()}
		t.Until = t.At
		if p.accept("~") {
			p.accept("+")
			t.Until = p.seconds()
		}
		return p.ordered(t)
	case isDigit(c), c == '.' && !p.sees(".."):
		t := Time{Kind: Absolute, At: p.seconds()}
		t.Until = t.At
		if p.accept("~") {
			t.Until = p.seconds()
		}
		return p.ordered(t)
	}
	p.fail("the time of an event: 0.5, +0.5, 0.5~0.6, +0.5~+0.6 or *")
	return Time{}
}

func (p *parser) ordered(t Time) Time {
	if t.Until < t.At && p.err == nil {
		p.err = wrong(p.pos(), "the range of times ends before it begins")
	}
	return t
}

func (p *parser) shell() *Shell {
	p.expect("`")
	return &Shell{Text: p.until("`")}
}

// call reads a system call, with the end of its wait in front of it or not.
func (p *parser) call(t *Time) *Call {
	c := &Call{}
	if p.accept("...") {
		c.Blocks = true
		p.accept("+")
		c.End = p.seconds()
		if c.End < t.At && p.err == nil && t.Kind != AnyTime {
			if t.Kind == Absolute {
				p.err = wrong(p.pos(), "the call ends before it begins")
			}
		}
	}
	if c.Name = p.word(); c.Name == "" {
		p.fail("the name of a system call")
		return c
	}
	p.expect("(")
	c.Args = p.list(")", 0)
	p.expect("=")
	c.Result = p.expression()
	end := p.at
	if w := p.word(); errnoByName(w) != 0 {
		c.Errno = w
		end = p.at
	} else {
		p.at = end
	}
	if p.sees("(") {
		p.note()
		end = p.at
	}
	p.at = end
	return c
}

// note passes over a remark in parentheses.
func (p *parser) note() {
	depth := 0
	for start := p.at; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.at++
				return
			}
		case '\n':
			p.at = start
			p.fail("a remark that ends with ) on its line")
			return
		}
	}
	p.fail("a remark that ends with )")
}

// maxDepth bounds how deep expressions may be nested.
const maxDepth = 50

// list reads expressions up to a closing bracket.
func (p *parser) list(end string, depth int) []Expr {
	var all []Expr
	if p.accept(end) {
		return all
	}
	for p.err == nil {
		all = append(all, p.or(depth+1))
		if p.accept(end) {
			break
		}
		if !p.accept(",") {
			p.fail(strconv.Quote(",") + " or " + strconv.Quote(end))
		}
	}
	return all
}

func (p *parser) expression() Expr { return p.or(0) }

// or reads operands with operators between them: flags, and sums of sizes. All
// operators bind alike, from left to right, as scripts use one kind at a time.
func (p *parser) or(depth int) Expr {
	left := p.operand(depth)
	for p.err == nil {
		at := p.pos()
		op := p.operator()
		if op == "" {
			return left
		}
		left = Expr{Pos: at, Kind: Binary, Text: op, List: []Expr{left, p.operand(depth)}}
	}
	return left
}

// operator takes an operator on the same line: what follows a result may be the sign of
// the next event's time.
func (p *parser) operator() string {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	rest := p.text[p.at:]
	for _, op := range [...]string{"|", "<<", "&", "*", "+", "-"} {
		if strings.HasPrefix(rest, op) {
			p.at += len(op)
			return op
		}
	}
	return ""
}

func (p *parser) operand(depth int) Expr {
	c := p.peek()
	e := Expr{Pos: p.pos()}
	if depth > maxDepth {
		p.fail("expressions nested less than " + strconv.Itoa(maxDepth) + " deep")
		return e
	}
	switch {
	case p.accept("..."):
		e.Kind = Ellipsis
	case c == '"':
		e.Kind, e.Text = Text, p.quoted()
		p.accept("...") // strace's mark of a string that goes on
	case c == '[':
		p.at++
		e.Kind, e.List = List, p.list("]", depth)
	case c == '{':
		p.at++
		e.Kind, e.Fields = Struct, p.fields(depth)
	case c == '(':
		p.at++
		e = p.or(depth + 1)
		p.expect(")")
	case c == '~', c == '!', c == '-' && !p.negative():
		p.at++
		e.Kind, e.Text, e.List = Unary, string(c), []Expr{p.operand(depth + 1)}
	case c == '&':
		p.at++ // the address of something
		return p.operand(depth + 1)
	case c == '-' || isDigit(c):
		e.Kind, e.Int = Integer, p.integer(-1<<63, 1<<63-1)
	case isWord(c):
		e.Kind, e.Text = Name, p.word()
		if p.at < len(p.text) && p.text[p.at] == '(' {
			p.at++
			e.Kind, e.List = Apply, p.list(")", depth)
		}
	default:
		p.fail("a number, name, string, ..., [list] or {struct}")
	}
	return e
}

// negative says whether a minus sign and a digit come next.
func (p *parser) negative() bool {
	return p.at+1 < len(p.text) && isDigit(p.text[p.at+1])
}

// fields reads the members of a struct.
func (p *parser) fields(depth int) []Field {
	var all []Field
	if p.accept("}") {
		return all
	}
	for p.err == nil {
		all = append(all, p.member(depth))
		if p.accept("}") {
			break
		}
		if !p.accept(",") {
			p.fail(`"," or "}"`)
		}
	}
	return all
}

// member reads name=value, name(length)=value or a value alone.
func (p *parser) member(depth int) Field {
	p.space()
	start := p.at
	if strings.HasPrefix(p.text[p.at:], ".") && !p.sees("...") {
		p.at++ // a designator of C: .fd=4
	}
	if name := p.word(); name != "" && !isDigit(name[0]) {
		f := Field{Name: name}
		if p.sees("(") {
			p.at++
			if args := p.list(")", depth); len(args) == 1 {
				f.Len = &args[0]
			}
		}
		if p.accept("=") && !p.sees("=") {
			f.Value = p.or(depth + 1)
			return f
		}
	}
	p.at = start
	return Field{Value: p.or(depth + 1)}
}
