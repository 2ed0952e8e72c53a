package packetdrill

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// valueKind is the type of a value in code.
type valueKind uint8

const (
	noneValue valueKind = iota
	boolValue
	intValue
	floatValue
	stringValue
	listValue
)

// value is a value in code.
type value struct {
	kind valueKind
	i    int64 // also of a bool
	f    float64
	s    string
	list []value
}

func integer(n int64) value { return value{kind: intValue, i: n} }
func boolean(b bool) value  { return value{kind: boolValue, i: int64(truth(b))} }

func (v value) number() (float64, bool) {
	switch v.kind {
	case boolValue, intValue:
		return float64(v.i), true
	case floatValue:
		return v.f, true
	}
	return 0, false
}

// whole says whether the value is an integer.
func (v value) whole() bool { return v.kind == intValue || v.kind == boolValue }

func (v value) true() bool {
	switch v.kind {
	case noneValue:
		return false
	case stringValue:
		return v.s != ""
	case listValue:
		return len(v.list) > 0
	}
	n, _ := v.number()
	return n != 0
}

func (v value) false() bool { return !v.true() }

// quoted is a value as repr shows it.
func (v value) quoted() string {
	if v.kind == stringValue {
		return "'" + v.s + "'"
	}
	return v.String()
}

func (v value) String() string {
	switch v.kind {
	case noneValue:
		return "None"
	case boolValue:
		return [...]string{"False", "True"}[v.i]
	case intValue:
		return strconv.FormatInt(v.i, 10)
	case floatValue:
		if v.f == math.Trunc(v.f) && math.Abs(v.f) < 1e16 {
			return strconv.FormatFloat(v.f, 'f', 1, 64)
		}
		return strconv.FormatFloat(v.f, 'g', -1, 64)
	case stringValue:
		return v.s
	}
	var texts []string
	for _, e := range v.list {
		texts = append(texts, e.String())
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func equal(a, b value) bool {
	x, ok := a.number()
	y, ok2 := b.number()
	switch {
	case a.whole() && b.whole():
		return a.i == b.i
	case ok && ok2:
		return x == y
	case a.kind != b.kind || len(a.list) != len(b.list):
		return false
	}
	for i := range a.list {
		if !equal(a.list[i], b.list[i]) {
			return false
		}
	}
	return a.s == b.s
}

// order compares numbers or strings.
func order(a, b value) (int, bool) {
	if a.whole() && b.whole() {
		return cmp.Compare(a.i, b.i), true
	}
	x, ok := a.number()
	y, ok2 := b.number()
	if ok && ok2 {
		return cmp.Compare(x, y), true
	}
	return strings.Compare(a.s, b.s), a.kind == stringValue && b.kind == stringValue
}

func contains(list, v value) bool {
	if list.kind == stringValue {
		return strings.Contains(list.s, v.s)
	}
	for _, e := range list.list {
		if equal(e, v) {
			return true
		}
	}
	return false
}

// arithmetic is a binary operator as Python has it; the error is a message.
func arithmetic(op string, a, b value) (value, string) {
	if op == "%" && a.kind == stringValue {
		return format(a.s, b), ""
	}
	if op == "+" && a.kind == stringValue && b.kind == stringValue {
		return value{kind: stringValue, s: a.s + b.s}, ""
	}
	x, ok := a.number()
	y, ok2 := b.number()
	if !ok || !ok2 {
		return value{}, fmt.Sprintf("%v %s %v: both must be numbers", a, op, b)
	}
	if y == 0 && (op == "/" || op == "//" || op == "%") {
		return value{}, fmt.Sprintf("%v %s %v: division by zero", a, op, b)
	}
	if a.whole() && b.whole() && op != "/" {
		return whole(op, a.i, b.i)
	}
	return fraction(op, x, y)
}

func whole(op string, a, b int64) (value, string) {
	switch op {
	case "+":
		return integer(a + b), ""
	case "-":
		return integer(a - b), ""
	case "*":
		return integer(a * b), ""
	case "//":
		return integer(int64(math.Floor(float64(a) / float64(b)))), ""
	case "%":
		return integer((a%b + b) % b), ""
	case "|":
		return integer(a | b), ""
	case "&":
		return integer(a & b), ""
	case "^":
		return integer(a ^ b), ""
	case "<<":
		return integer(a << uint64(b&63)), ""
	case ">>":
		return integer(a >> uint64(b&63)), ""
	case "**":
		if b < 0 {
			return fraction(op, float64(a), float64(b))
		}
		return integer(int64(math.Pow(float64(a), float64(b)))), ""
	}
	return value{}, op + " is not an operator of integers"
}

func fraction(op string, x, y float64) (value, string) {
	f := value{kind: floatValue}
	switch op {
	case "+":
		f.f = x + y
	case "-":
		f.f = x - y
	case "*":
		f.f = x * y
	case "/":
		f.f = x / y
	case "//":
		f.f = math.Floor(x / y)
	case "%":
		f.f = x - y*math.Floor(x/y)
	case "**":
		f.f = math.Pow(x, y)
	default:
		return f, op + " needs integers"
	}
	return f, ""
}
