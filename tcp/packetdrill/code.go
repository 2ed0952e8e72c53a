package packetdrill

import "strconv"

// Code is what stands between %{ and }%: Python's expressions, with assert, print,
// assignments, if and for.
type Code struct{ block []statement }

// statement is one statement; what is nil is not there.
type statement struct {
	Pos
	kind    string   // "assert", "print", "=", "if", "for", "pass", "break", "continue", or "" for an expression
	targets []string // of an assignment or for: more than one takes a list apart
	op      string   // of an augmented one: "+" for +=
	args    []*node
	body    []statement
	orElse  []statement
	written string // the source, for messages
}

// node is an expression: op with operands, or a leaf.
type node struct {
	Pos
	op    string // "name", "value", "call", "list", "index", "cmp", "if", "format", or an operator
	text  string
	value value
	kids  []*node
	cmps  []string // of a chain of comparisons
}

// code reads code; at is where it begins.
func (p *parser) code(at Pos, text string) *Code {
	tokens, err := tokenize(at, text)
	c := &codeParser{tokens: tokens, err: err}
	code := &Code{}
	if err == nil {
		for c.err == nil && c.peek().kind != endToken {
			code.block = append(code.block, c.statements()...)
		}
	}
	if p.err == nil {
		p.err = c.err
	}
	return code
}

type codeParser struct {
	tokens []token
	at     int
	depth  int
	err    *Error
}

func (c *codeParser) peek() token { return c.tokens[c.at] }

func (c *codeParser) take() token {
	t := c.tokens[c.at]
	if t.kind != endToken {
		c.at++
	}
	return t
}

// is takes a token if it is the operator or keyword.
func (c *codeParser) is(text string) bool {
	if t := c.peek(); (t.kind == opToken || t.kind == nameToken) && t.text == text {
		c.at++
		return true
	}
	return false
}

func (c *codeParser) want(text string) {
	if !c.is(text) {
		c.fail(strconv.Quote(text))
	}
}

func (c *codeParser) fail(allowed string) {
	if c.err == nil {
		t := c.peek()
		given := strconv.Quote(t.text)
		if t.kind == endToken || t.kind == lineToken {
			given = "the end of the line"
		}
		c.err = wrong(t.Pos, "found %s in code; allowed: %s", given, allowed)
	}
	c.at = len(c.tokens) - 1
}

// enter bounds the depth of nesting.
func (c *codeParser) enter() bool {
	if c.depth++; c.depth > maxDepth {
		c.fail("expressions nested less than " + strconv.Itoa(maxDepth) + " deep")
		return false
	}
	return true
}

// statements reads a line: statements with semicolons between, or a compound one.
func (c *codeParser) statements() []statement {
	var all []statement
	for c.err == nil {
		s := c.statement()
		all = append(all, s)
		if s.kind == "if" || s.kind == "for" {
			return all
		}
		if c.is(";") && c.peek().kind != lineToken {
			continue
		}
		break
	}
	if c.peek().kind != lineToken {
		c.fail("the end of the line")
	}
	c.take()
	return all
}

func (c *codeParser) statement() statement {
	t := c.peek()
	s := statement{Pos: t.Pos}
	start := c.at
	switch {
	case c.is("assert"):
		s.kind = "assert"
		s.args = append(s.args, c.expression())
		s.written = c.text(start+1, c.at)
		if c.is(",") {
			s.args = append(s.args, c.tuple())
		}
	case c.is("print"):
		s.kind = "print"
		if c.peek().kind != lineToken {
			s.args = append(s.args, c.printed())
		}
	case c.is("pass"), c.is("break"), c.is("continue"):
		s.kind = t.text
	case c.is("if"):
		c.conditional(&s, t.indent)
	case c.is("for"):
		c.loop(&s, t.indent)
	case t.kind == nameToken && unsupportedStatements[t.text]:
		c.err = unsupported(t.Pos, "%q in code; allowed are assert, print, assignments, if, for and expressions", t.text)
		c.at = len(c.tokens) - 1
	default:
		c.assignment(&s)
	}
	return s
}

var unsupportedStatements = map[string]bool{"import": true, "from": true, "while": true, "def": true, "class": true,
	"try": true, "with": true, "return": true, "global": true, "del": true, "raise": true, "lambda": true, "exec": true, "yield": true}

// text is the source of tokens, for messages.
func (c *codeParser) text(from, to int) string {
	text := ""
	for i := from; i < to && i < len(c.tokens); i++ {
		t := c.tokens[i]
		if i > from && t.Line == c.tokens[i-1].Line && t.Col > c.tokens[i-1].Col+len(c.tokens[i-1].text) {
			text += " "
		}
		if t.kind == stringToken {
			text += strconv.Quote(t.text)
		} else {
			text += t.text
		}
	}
	return text
}

// conditional reads an if statement behind its keyword.
func (c *codeParser) conditional(s *statement, indent int) {
	if !c.enter() {
		return
	}
	defer func() { c.depth-- }()
	s.kind = "if"
	s.args = append(s.args, c.expression())
	s.body = c.suite(indent)
	t := c.peek()
	switch {
	case t.indent != indent:
	case c.is("elif"):
		e := statement{Pos: t.Pos}
		c.conditional(&e, indent)
		s.orElse = []statement{e}
	case c.is("else"):
		s.orElse = c.suite(indent)
	}
}

// suite reads what belongs to an if: the rest of the line, or lines that are indented
// more.
func (c *codeParser) suite(indent int) []statement {
	c.want(":")
	if c.peek().kind != lineToken {
		return c.statements()
	}
	c.take()
	inner := c.peek().indent
	if c.peek().kind == endToken || inner <= indent {
		c.fail("an indented line")
	}
	var all []statement
	for c.err == nil && c.peek().kind != endToken && c.peek().indent == inner {
		all = append(all, c.statements()...)
	}
	return all
}

// loop reads a for statement behind its keyword.
func (c *codeParser) loop(s *statement, indent int) {
	if !c.enter() {
		return
	}
	defer func() { c.depth-- }()
	s.kind = "for"
	for c.err == nil {
		if c.peek().kind != nameToken {
			c.fail("the name of a variable")
		}
		s.targets = append(s.targets, c.take().text)
		if !c.is(",") {
			break
		}
	}
	c.want("in")
	s.args = append(s.args, c.tuple())
	s.body = c.suite(indent)
}

// printed reads what print is given; keywords such as end and file behind it do not
// matter.
func (c *codeParser) printed() *node {
	depth := 0
	for i := c.at; i+1 < len(c.tokens) && c.tokens[i].kind != lineToken; i++ {
		switch t := c.tokens[i]; {
		case t.kind == opToken && (t.text == "(" || t.text == "["):
			depth++
		case t.kind == opToken && (t.text == ")" || t.text == "]"):
			depth--
		case depth == 1 && t.kind == nameToken && c.tokens[i+1].kind == opToken && c.tokens[i+1].text == "=":
			return c.printedUpTo(i)
		}
	}
	return c.tuple()
}

// printedUpTo reads the arguments of print in parentheses in front of a token, and passes
// over the rest.
func (c *codeParser) printedUpTo(end int) *node {
	all := &node{Pos: c.peek().Pos, op: "list"}
	c.want("(")
	for c.err == nil && c.at < end {
		all.kids = append(all.kids, c.expression())
		c.want(",")
	}
	for c.err == nil && c.peek().kind != lineToken {
		c.take()
	}
	return all
}

// assignment reads name = value, a, b = values, name += value, or an expression.
func (c *codeParser) assignment(s *statement) {
	t := c.peek()
	next := c.tokens[min(c.at+1, len(c.tokens)-1)]
	if t.kind == nameToken && next.kind == opToken && next.text != "=" && isAssignment(next.text) {
		c.at += 2
		s.kind, s.targets, s.op = "=", []string{t.text}, next.text[:len(next.text)-1]
		s.args = append(s.args, c.tuple())
		return
	}
	first := c.tuple()
	if !c.is("=") {
		s.args = append(s.args, first)
		return
	}
	s.kind = "="
	names := []*node{first}
	if first.op == "list" {
		names = first.kids
	}
	for _, n := range names {
		if n.op != "name" && c.err == nil {
			c.err = wrong(n.Pos, "only names may be assigned to in code")
		}
		s.targets = append(s.targets, n.text)
	}
	s.args = append(s.args, c.tuple())
}

func isAssignment(op string) bool {
	switch op {
	case "=":
		return true
	case "==", "<=", ">=", "!=":
		return false
	}
	return len(op) > 1 && op[len(op)-1] == '='
}

// tuple reads expressions with commas between; one alone stands for itself.
func (c *codeParser) tuple() *node {
	first := c.expression()
	if c.peek().text != "," || c.peek().kind != opToken {
		return first
	}
	all := &node{Pos: first.Pos, op: "list", kids: []*node{first}}
	for c.err == nil && c.is(",") {
		if k := c.peek(); k.kind == lineToken || k.text == ")" && k.kind == opToken {
			break
		}
		all.kids = append(all.kids, c.expression())
	}
	return all
}
