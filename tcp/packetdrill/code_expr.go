package packetdrill

import (
	"strconv"
	"strings"
)

// expression reads Python's conditional expression and everything that binds tighter.
func (c *codeParser) expression() *node {
	if !c.enter() {
		return &node{}
	}
	defer func() { c.depth-- }()
	then := c.disjunction()
	if !c.is("if") {
		return then
	}
	cond := c.disjunction()
	c.want("else")
	return &node{Pos: then.Pos, op: "if", kids: []*node{cond, then, c.expression()}}
}

func (c *codeParser) disjunction() *node {
	left := c.conjunction()
	for c.err == nil && c.is("or") {
		left = &node{Pos: left.Pos, op: "or", kids: []*node{left, c.conjunction()}}
	}
	return left
}

func (c *codeParser) conjunction() *node {
	left := c.negation()
	for c.err == nil && c.is("and") {
		left = &node{Pos: left.Pos, op: "and", kids: []*node{left, c.negation()}}
	}
	return left
}

func (c *codeParser) negation() *node {
	if t := c.peek(); c.is("not") {
		if !c.enter() {
			return &node{}
		}
		defer func() { c.depth-- }()
		return &node{Pos: t.Pos, op: "not", kids: []*node{c.negation()}}
	}
	return c.comparison()
}

// comparison reads a chain: a < b <= c.
func (c *codeParser) comparison() *node {
	first := c.binary(0)
	chain := &node{Pos: first.Pos, op: "cmp", kids: []*node{first}}
	for c.err == nil {
		op := c.comparator()
		if op == "" {
			break
		}
		chain.cmps = append(chain.cmps, op)
		chain.kids = append(chain.kids, c.binary(0))
	}
	if len(chain.cmps) == 0 {
		return first
	}
	return chain
}

func (c *codeParser) comparator() string {
	for _, op := range [...]string{"==", "!=", "<=", ">=", "<", ">", "in"} {
		if c.is(op) {
			return op
		}
	}
	if c.is("is") {
		if c.is("not") {
			return "!="
		}
		return "=="
	}
	if c.peek().text == "not" && c.tokens[min(c.at+1, len(c.tokens)-1)].text == "in" {
		c.at += 2
		return "not in"
	}
	return ""
}

// levels are the binary operators, loosest first.
var levels = [...][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "//", "/", "%"}}

func (c *codeParser) binary(level int) *node {
	if level == len(levels) {
		return c.unary()
	}
	left := c.binary(level + 1)
	for c.err == nil {
		op := ""
		for _, o := range levels[level] {
			if c.is(o) {
				op = o
				break
			}
		}
		if op == "" {
			break
		}
		left = &node{Pos: left.Pos, op: op, kids: []*node{left, c.binary(level + 1)}}
	}
	return left
}

func (c *codeParser) unary() *node {
	t := c.peek()
	for _, op := range [...]string{"-", "+", "~"} {
		if c.is(op) {
			if !c.enter() {
				return &node{}
			}
			defer func() { c.depth-- }()
			return &node{Pos: t.Pos, op: "unary" + op, kids: []*node{c.unary()}}
		}
	}
	base := c.postfix()
	if c.is("**") {
		if !c.enter() {
			return &node{}
		}
		defer func() { c.depth-- }()
		return &node{Pos: t.Pos, op: "**", kids: []*node{base, c.unary()}}
	}
	return base
}

// postfix reads an atom with calls and indices behind it.
func (c *codeParser) postfix() *node {
	n := c.atom()
	for c.err == nil {
		switch {
		case n.op == "name" && c.is("("):
			n = &node{Pos: n.Pos, op: "call", text: n.text, kids: c.items(")")}
		case n.op == "value" && n.value.kind == stringValue && c.isMethod("format"):
			n = c.template(n.Pos, n.value.s, append([]*node{}, c.items(")")...))
		case c.is("["):
			i := c.expression()
			c.want("]")
			n = &node{Pos: n.Pos, op: "index", kids: []*node{n, i}}
		default:
			return n
		}
	}
	return n
}

func (c *codeParser) items(end string) []*node {
	var all []*node
	for c.err == nil && !c.is(end) {
		all = append(all, c.expression())
		if !c.is(",") {
			c.want(end)
			break
		}
	}
	return all
}

func (c *codeParser) atom() *node {
	t := c.peek()
	n := &node{Pos: t.Pos}
	switch {
	case t.kind == numberToken:
		c.at++
		n.op = "value"
		n.value = c.number(t)
	case t.kind == stringToken:
		return c.strings(t)
	case t.kind == nameToken && !reserved[t.text]:
		c.at++
		n.op, n.text = "name", t.text
	case c.is("("):
		n.op, n.kids = "list", nil
		if c.is(")") {
			return n
		}
		inner := c.tuple()
		c.want(")")
		return inner
	case c.is("["):
		n.op, n.kids = "list", c.items("]")
	default:
		c.fail("a number, a string, a name or an expression in parentheses")
	}
	return n
}

// strings reads strings that stand side by side, which are one.
func (c *codeParser) strings(t token) *node {
	var b strings.Builder
	formatted := false
	for c.peek().kind == stringToken {
		part := c.take()
		formatted = formatted || part.formatted
		b.WriteString(part.text)
	}
	if formatted {
		return c.template(t.Pos, b.String(), nil)
	}
	return &node{Pos: t.Pos, op: "value", value: value{kind: stringValue, s: b.String()}}
}

// isMethod takes .name( if it comes next.
func (c *codeParser) isMethod(name string) bool {
	if c.at+3 > len(c.tokens) || c.tokens[c.at].text != "." || c.tokens[c.at+1].text != name || c.tokens[c.at+2].text != "(" {
		return false
	}
	c.at += 3
	return true
}

var reserved = map[string]bool{"and": true, "or": true, "not": true, "if": true, "else": true, "elif": true, "in": true, "is": true, "assert": true, "print": true}

func (c *codeParser) number(t token) value {
	if n, err := parseInteger(t.text); err == nil {
		return integer(n)
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil && c.err == nil {
		c.err = wrong(t.Pos, "%q is not a number", t.text)
	}
	return value{kind: floatValue, f: f}
}
