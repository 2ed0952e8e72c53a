package packetdrill

import (
	"fmt"
	"math"
	"slices"
)

// functions are those of Python's that code may call, with the least number of arguments;
// false says that they do not take these.
var functions = map[string]struct {
	least int
	do    func(args []value) (value, bool)
}{
	"all": {1, func(a []value) (value, bool) {
		return boolean(!slices.ContainsFunc(a[0].list, value.false)), a[0].kind == listValue
	}},
	"any": {1, func(a []value) (value, bool) {
		return boolean(slices.ContainsFunc(a[0].list, value.true)), a[0].kind == listValue
	}},
	"hex": {1, func(a []value) (value, bool) {
		return value{kind: stringValue, s: fmt.Sprintf("%#x", a[0].i)}, a[0].whole()
	}},
	"list":   {1, func(a []value) (value, bool) { return a[0], a[0].kind == listValue }},
	"pow":    {2, func(a []value) (value, bool) { v, message := arithmetic("**", a[0], a[1]); return v, message == "" }},
	"range":  {1, numbers},
	"repr":   {1, func(a []value) (value, bool) { return value{kind: stringValue, s: a[0].quoted()}, true }},
	"sorted": {1, sorted},
	"sum":    {1, total},
	"tuple":  {1, func(a []value) (value, bool) { return a[0], a[0].kind == listValue }},
	"abs": {1, func(a []value) (value, bool) {
		if c, ok := order(a[0], integer(0)); ok && c < 0 {
			v, _ := arithmetic("-", integer(0), a[0])
			return v, true
		}
		return a[0], true
	}},
	"bool": {1, func(a []value) (value, bool) { return boolean(a[0].true()), true }},
	"float": {1, func(a []value) (value, bool) {
		f, ok := a[0].number()
		return value{kind: floatValue, f: f}, ok
	}},
	"int": {1, func(a []value) (value, bool) {
		if a[0].whole() {
			return integer(a[0].i), true
		}
		f, ok := a[0].number()
		return integer(int64(f)), ok
	}},
	"len": {1, func(a []value) (value, bool) { return integer(int64(len(a[0].list) + len(a[0].s))), true }},
	"max": {1, func(a []value) (value, bool) { return extreme(a, 1) }},
	"min": {1, func(a []value) (value, bool) { return extreme(a, -1) }},
	"round": {1, func(a []value) (value, bool) {
		f, ok := a[0].number()
		if len(a) > 1 && a[1].whole() {
			scale := math.Pow(10, float64(a[1].i))
			return value{kind: floatValue, f: math.RoundToEven(f*scale) / scale}, ok
		}
		return integer(int64(math.RoundToEven(f))), ok
	}},
	"str": {1, func(a []value) (value, bool) { return value{kind: stringValue, s: a[0].String()}, true }},
}

func extreme(args []value, sign int) (value, bool) {
	if len(args) == 1 {
		args = args[0].list
	}
	if len(args) == 0 {
		return value{}, false
	}
	best := args[0]
	for _, a := range args[1:] {
		c, ok := order(a, best)
		if !ok {
			return best, false
		}
		if c*sign > 0 {
			best = a
		}
	}
	return best, true
}

// numbers is range(end), range(begin, end) or range(begin, end, step).
func numbers(a []value) (value, bool) {
	begin, end, step := int64(0), a[0].i, int64(1)
	if len(a) > 1 {
		begin, end = a[0].i, a[1].i
	}
	if len(a) > 2 {
		step = a[2].i
	}
	v := value{kind: listValue}
	if step == 0 || (end-begin)/step > maxLaps || slices.ContainsFunc(a, func(v value) bool { return !v.whole() }) {
		return v, false
	}
	for ; step > 0 && begin < end || step < 0 && begin > end; begin += step {
		v.list = append(v.list, integer(begin))
	}
	return v, true
}

func sorted(a []value) (value, bool) {
	v := value{kind: listValue, list: slices.Clone(a[0].list)}
	comparable := true
	slices.SortStableFunc(v.list, func(x, y value) int {
		c, ok := order(x, y)
		comparable = comparable && ok
		return c
	})
	return v, comparable && a[0].kind == listValue
}

func total(a []value) (value, bool) {
	sum := integer(0)
	for _, v := range a[0].list {
		var message string
		if sum, message = arithmetic("+", sum, v); message != "" {
			return sum, false
		}
	}
	return sum, a[0].kind == listValue
}
