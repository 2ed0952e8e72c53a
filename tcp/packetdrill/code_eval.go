package packetdrill

import (
	"fmt"
	"io"
)

// evaluator runs code. Names are variables that earlier code has set, or what lookup
// knows.
type evaluator struct {
	vars   map[string]value
	lookup func(name string) (value, bool)
	out    io.Writer
	err    *Error
	leap   string // "break" or "continue" on its way to its loop
	laps   int    // of loops, so far
}

// run carries out code; an assertion that does not hold is an error.
func (e *evaluator) run(c *Code) *Error {
	e.err, e.leap, e.laps = nil, "", 0
	e.block(c.block)
	return e.err
}

func (e *evaluator) block(all []statement) {
	for i := range all {
		if e.err != nil || e.leap != "" {
			return
		}
		e.statement(&all[i])
	}
}

func (e *evaluator) statement(s *statement) {
	switch s.kind {
	case "pass":
	case "break", "continue":
		e.leap = s.kind
	case "for":
		e.loop(s)
	case "assert":
		e.assert(s)
	case "print":
		for _, a := range s.args {
			e.print(e.eval(a))
		}
	case "if":
		if e.eval(s.args[0]).true() {
			e.block(s.body)
		} else {
			e.block(s.orElse)
		}
	case "=":
		v := e.eval(s.args[0])
		if s.op != "" {
			v = e.combine(s.Pos, s.op, e.name(s.Pos, s.targets[0]), v)
		}
		e.assign(s, v)
	default:
		e.eval(s.args[0])
	}
}

// maxLaps bounds how long loops run.
const maxLaps = 100_000

func (e *evaluator) loop(s *statement) {
	v := e.eval(s.args[0])
	if v.kind != listValue && e.err == nil {
		e.fail(wrong(s.Pos, "%v is nothing that for can go through", v))
	}
	for _, item := range v.list {
		if e.laps++; e.laps > maxLaps {
			e.fail(unsupported(s.Pos, "loops of more than %d rounds", maxLaps))
		}
		e.assign(s, item)
		e.block(s.body)
		leap := e.leap
		e.leap = ""
		if e.err != nil || leap == "break" {
			return
		}
	}
}

// assign sets a statement's targets.
func (e *evaluator) assign(s *statement, v value) {
	switch {
	case e.err != nil:
	case len(s.targets) == 1:
		e.vars[s.targets[0]] = v
	case len(v.list) != len(s.targets):
		e.fail(wrong(s.Pos, "%d names for %v", len(s.targets), v))
	default:
		for i, name := range s.targets {
			e.vars[name] = v.list[i]
		}
	}
}

func (e *evaluator) print(v value) {
	if e.err != nil {
		return
	}
	if v.kind != listValue {
		fmt.Fprintln(e.out, v)
		return
	}
	for i, x := range v.list {
		if i > 0 {
			fmt.Fprint(e.out, " ")
		}
		fmt.Fprint(e.out, x)
	}
	fmt.Fprintln(e.out)
}

// assert fails with the operands of a comparison, and the script's own message.
func (e *evaluator) assert(s *statement) {
	v := e.eval(s.args[0])
	if e.err != nil || v.true() {
		return
	}
	text := "assert " + s.written
	if c := s.args[0]; c.op == "cmp" {
		text += ": it is"
		for i, k := range c.kids {
			if i > 0 {
				text += " " + c.cmps[i-1]
			}
			text += " " + e.eval(k).String()
		}
	}
	if len(s.args) > 1 {
		text += " (" + e.eval(s.args[1]).String() + ")"
	}
	if e.err == nil {
		e.err = failed(s.Pos, "%s", text)
	}
}

func (e *evaluator) name(at Pos, name string) value {
	switch name {
	case "True", "False":
		return boolean(name == "True")
	case "None":
		return value{}
	}
	if v, ok := e.vars[name]; ok {
		return v
	}
	if v, ok := e.lookup(name); ok {
		return v
	}
	return e.fail(unsupported(at, "name %s in code: known are tcpi_* of struct tcp_info, TCP_CA_* and TCP_* states, and what was assigned", name))
}

func (e *evaluator) fail(err *Error) value {
	if e.err == nil {
		e.err = err
	}
	return value{}
}

func (e *evaluator) eval(n *node) value {
	if e.err != nil {
		return value{}
	}
	switch n.op {
	case "value":
		return n.value
	case "name":
		return e.name(n.Pos, n.text)
	case "list":
		v := value{kind: listValue}
		for _, k := range n.kids {
			v.list = append(v.list, e.eval(k))
		}
		return v
	case "and", "or":
		left := e.eval(n.kids[0])
		if left.true() == (n.op == "or") {
			return left
		}
		return e.eval(n.kids[1])
	case "not":
		return boolean(!e.eval(n.kids[0]).true())
	case "if":
		if e.eval(n.kids[0]).true() {
			return e.eval(n.kids[1])
		}
		return e.eval(n.kids[2])
	case "cmp":
		return e.compare(n)
	case "call":
		return e.call(n)
	case "index":
		return e.index(n)
	case "format":
		return e.format(n)
	case "unary-":
		return e.combine(n.Pos, "-", integer(0), e.eval(n.kids[0]))
	case "unary+":
		return e.combine(n.Pos, "+", integer(0), e.eval(n.kids[0]))
	case "unary~":
		return e.combine(n.Pos, "-", integer(-1), e.eval(n.kids[0]))
	}
	return e.combine(n.Pos, n.op, e.eval(n.kids[0]), e.eval(n.kids[1]))
}

func (e *evaluator) combine(at Pos, op string, a, b value) value {
	if e.err != nil {
		return value{}
	}
	v, message := arithmetic(op, a, b)
	if message != "" {
		return e.fail(wrong(at, "%s", message))
	}
	return v
}

func (e *evaluator) compare(n *node) value {
	left := e.eval(n.kids[0])
	for i, op := range n.cmps {
		right := e.eval(n.kids[i+1])
		if e.err != nil {
			return value{}
		}
		if !e.holds(n.Pos, op, left, right) {
			return boolean(false)
		}
		left = right
	}
	return boolean(true)
}

func (e *evaluator) holds(at Pos, op string, a, b value) bool {
	switch op {
	case "==":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	case "in":
		return contains(b, a)
	case "not in":
		return !contains(b, a)
	}
	c, ok := order(a, b)
	if !ok {
		e.fail(wrong(at, "%v %s %v: cannot be ordered", a, op, b))
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func (e *evaluator) index(n *node) value {
	list, i := e.eval(n.kids[0]), e.eval(n.kids[1])
	if e.err != nil {
		return value{}
	}
	if i.i < 0 {
		i.i += int64(len(list.list))
	}
	if !i.whole() || i.i < 0 || i.i >= int64(len(list.list)) {
		return e.fail(wrong(n.Pos, "index %v of %d values", i, len(list.list)))
	}
	return list.list[i.i]
}

// call is one of Python's functions of numbers.
func (e *evaluator) call(n *node) value {
	var args []value
	for _, k := range n.kids {
		args = append(args, e.eval(k))
	}
	if e.err != nil {
		return value{}
	}
	if f, ok := functions[n.text]; ok && len(args) >= f.least {
		if v, ok := f.do(args); ok {
			return v
		}
	}
	return e.fail(unsupported(n.Pos, "%s() in code with %d arguments; known are %s", n.text, len(args), names(functions)))
}
