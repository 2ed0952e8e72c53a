package reports

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ExpectSpec is one expectation of a scenario. Every condition that is given must
// hold; at least one must be given.
type ExpectSpec struct {
	Name     string   // what reports call it; empty: the metric
	Metric   string   // a path that Metric understands
	Min, Max *float64 // inclusive
	Equals   *string  // for a number: of that value
	Contains string   // for text; empty: not asked
	Within   *float64 // largest symmetric error (a fraction) against every measured value of this metric
}

// Evaluate holds a result against an expectation. It never fails: an expectation
// that cannot be judged (unknown metric, a bound on a text, no condition, nothing
// measured) is not met, and Got says why.
func Evaluate(r *Result, spec ExpectSpec) Expect {
	e := Expect{Name: spec.Name, Wanted: spec.wanted()}
	if e.Name == "" {
		e.Name = spec.Metric
	}
	value, err := Metric(r, spec.Metric)
	if err != nil {
		e.Got = err.Error()
		return e
	}
	if spec.isEmpty() {
		e.Got = "the expectation states no condition"
		return e
	}
	switch v := value.(type) {
	case float64:
		e.OK, e.Got = spec.judgeNumber(r, v)
	case string:
		e.OK, e.Got = spec.judgeText(v)
	}
	return e
}

// SymmetricError is (predicted − measured) over the mean of both: signed, and of
// the same size whichever of the two is the larger. It is 0 if both are 0, and
// lies within ±2 when both have one sign.
func SymmetricError(predicted, measured float64) float64 {
	if predicted == measured {
		return 0
	}
	return (predicted - measured) / ((predicted + measured) / 2)
}

func (s ExpectSpec) isEmpty() bool {
	return s.Min == nil && s.Max == nil && s.Within == nil && s.Equals == nil && s.Contains == ""
}

// wanted puts the conditions in words: "goodput_gbps ≥ 22 and ≤ 25".
func (s ExpectSpec) wanted() string {
	var all []string
	if s.Min != nil {
		all = append(all, "≥ "+exact(*s.Min))
	}
	if s.Max != nil {
		all = append(all, "≤ "+exact(*s.Max))
	}
	if s.Equals != nil {
		all = append(all, "= "+orEmpty(*s.Equals))
	}
	if s.Contains != "" {
		all = append(all, "contains "+strconv.Quote(s.Contains))
	}
	if s.Within != nil {
		all = append(all, "within "+plain(*s.Within*100)+" % of measured")
	}
	if len(all) == 0 {
		return s.Metric
	}
	return s.Metric + " " + strings.Join(all, " and ")
}

func (s ExpectSpec) judgeNumber(r *Result, v float64) (ok bool, got string) {
	got = s.digits(v)
	// Written so that a NaN on either side fails.
	ok = (s.Min == nil || v >= *s.Min) && (s.Max == nil || v <= *s.Max)
	if s.Equals != nil {
		want, err := strconv.ParseFloat(*s.Equals, 64)
		if err != nil {
			return false, fmt.Sprintf("%s, a number; wanted %q", got, *s.Equals)
		}
		ok = ok && v == want
	}
	if s.Contains != "" {
		return false, got + ", a number; contains is for text"
	}
	if s.Within != nil {
		var compared int
		for _, m := range r.Measured {
			if m.Metric != s.Metric {
				continue
			}
			compared++
			e := SymmetricError(v, m.Value)
			got += fmt.Sprintf(", %s from measured %s", errorDigits(e, *s.Within), plain(m.Value))
			ok = ok && math.Abs(e) <= *s.Within
		}
		if compared == 0 {
			return false, got + ", but the scenario has no measured value of this metric"
		}
	}
	return ok, got
}

// digits writes a value that was held against bounds: rounded, but never so that
// it reads like a bound that it misses.
func (s ExpectSpec) digits(v float64) string {
	short := plain(v)
	shown, err := strconv.ParseFloat(short, 64)
	if err != nil {
		return short
	}
	// What is shown must lie on the same side of every bound as the value itself.
	for _, bound := range []*float64{s.Min, s.Max} {
		if bound != nil && cmp.Compare(shown, *bound) != cmp.Compare(v, *bound) {
			return exact(v)
		}
	}
	return short
}

// errorDigits writes a symmetric error as a percentage with one decimal, or with
// as many as it takes (at most nine) to read as beyond a bound that it exceeds.
func errorDigits(e, bound float64) string {
	for d := 1; ; d++ {
		s := fmt.Sprintf("%+.*f %%", d, e*100)
		shown, err := strconv.ParseFloat(strings.TrimSuffix(s, " %"), 64)
		if err != nil || d == 9 || !(math.Abs(e) > bound) || math.Abs(shown) > bound*100 {
			return s
		}
	}
}

func (s ExpectSpec) judgeText(v string) (ok bool, got string) {
	got = orEmpty(v)
	if s.Min != nil || s.Max != nil || s.Within != nil {
		return false, strconv.Quote(v) + ", a text; min, max and within are for numbers"
	}
	return (s.Equals == nil || v == *s.Equals) && strings.Contains(v, s.Contains), got
}

// orEmpty makes the empty text visible.
func orEmpty(text string) string {
	if text == "" {
		return "(empty)"
	}
	return text
}

// plain writes a number for people and programs alike: four significant digits,
// all digits left of the point (a count means every one of them), and no exponent
// in the range that results live in.
func plain(v float64) string {
	rounded := v
	if a := math.Abs(v); v != math.Trunc(v) && a < 1e15 {
		d := 0
		if a < 1000 {
			d = 3 - int(math.Floor(math.Log10(a)))
		}
		rounded, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'f', d, 64), 64)
	}
	if a := math.Abs(rounded); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(rounded, 'g', 4, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
