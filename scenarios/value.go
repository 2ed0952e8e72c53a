package scenarios

import (
	"math/bits"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// textMaxLen bounds a text in bytes.
const textMaxLen = 16 << 10

// nameMaxLen bounds an identifier in bytes.
const nameMaxLen = 64

// value is what a scalar was read as. Which member counts is known by the field.
type value struct {
	whole  int64   // bool (0 or 1), int, time in ps, rate in bit/s, size in bytes
	seed   uint64  // kindSeed
	number float64 // kindNumber
	text   string  // enum, name, path, free text, scalar
}

// setting is a value and where it was written.
type setting struct {
	value
	origin origin
	layer  int // index of the source, oldest first
}

// read parses the text of a scalar as the field's kind and checks its bounds.
func (f *field) read(text string) (value, *problem) {
	switch f.kind {
	case kindBool:
		switch text {
		case "true":
			return value{whole: 1}, nil
		case "false":
			return value{whole: 0}, nil
		}
	case kindInt:
		if n, ok := parseWhole(text); ok {
			return f.checkWhole(text, n.Int64(), n.IsInt64())
		}
	case kindSeed:
		if n, ok := parseWhole(text); ok && n.IsUint64() {
			return value{seed: n.Uint64()}, nil
		}
	case kindTime:
		return f.readQuantity(text, timeUnits, false)
	case kindRate:
		return f.readQuantity(text, rateUnits, false)
	case kindSize:
		return f.readQuantity(text, sizeUnits, true)
	case kindNumber:
		if n, ok := parseNumber(text); ok && n >= f.lowNumber && n <= f.highNumber {
			return value{number: n}, nil
		}
	case kindEnum:
		for _, word := range f.enum {
			if text == word {
				return value{text: text}, nil
			}
		}
		return value{}, f.refuse(text, didYouMean(text, f.enum))
	case kindName:
		if isName(text) {
			return value{text: text}, nil
		}
	case kindPath:
		if isPath(text) {
			return value{text: text}, nil
		}
	case kindFree, kindScalar:
		if len(text) <= textMaxLen && utf8.ValidString(text) {
			return value{text: text}, nil
		}
		return value{}, &problem{given: "a text of " + strconv.Itoa(len(text)) + " bytes", allowed: "UTF-8 text of at most " + strconv.Itoa(textMaxLen) + " bytes"}
	}
	return value{}, f.refuse(text, "")
}

func (f *field) refuse(text, hint string) *problem {
	return &problem{given: quote(text), allowed: f.allowed(), hint: hint}
}

// readQuantity parses a time, a rate or a size.
func (f *field) readQuantity(text string, units []unit, plain bool) (value, *problem) {
	v, wrong := parseQuantity(text, units, plain)
	base := units[0].suffix
	for _, u := range units {
		if u.scale == 1 {
			base = u.suffix
			break
		}
	}
	switch wrong {
	case quantityOK:
		return f.checkWhole(text, v, true)
	case quantityNoUnit:
		return value{}, f.refuse(text, "a "+f.noun()+" needs a unit")
	case quantityTooFine:
		return value{}, f.refuse(text, "not a whole number of "+base)
	case quantityTooLarge:
		return f.checkWhole(text, 0, false)
	case quantityBadUnit:
		_, rest, _ := decimal(text)
		rest = strings.TrimSpace(rest)
		if f.kind == kindRate && (strings.HasSuffix(rest, "B/s") || strings.HasSuffix(rest, "Bps")) {
			return value{}, f.refuse(text, "rates are in bits: 1 GB/s is 8Gbps")
		}
		var suffixes []string
		for _, u := range units {
			suffixes = append(suffixes, u.suffix)
		}
		return value{}, f.refuse(text, "unknown unit "+quote(rest)+", known are "+strings.Join(suffixes, " "))
	}
	return value{}, f.refuse(text, "")
}

// checkWhole checks bounds and power of two; fits is false for a number beyond 64 bits.
func (f *field) checkWhole(text string, v int64, fits bool) (value, *problem) {
	if !fits || v < f.low || v > f.high {
		return value{}, f.refuse(text, "out of range")
	}
	if f.pow2 && bits.OnesCount64(uint64(v)) != 1 {
		return value{}, f.refuse(text, "not a power of two")
	}
	return value{whole: v}, nil
}

// readNode parses a YAML scalar. Texts have to be YAML strings and numbers must not
// be quoted, so that every YAML tool reads the file the same way.
func (f *field) readNode(n *yaml.Node) (value, *problem) {
	if n.Kind != yaml.ScalarNode {
		return value{}, &problem{given: nodeNoun(n), allowed: f.allowed()}
	}
	tag := n.ShortTag()
	if tag == "!!null" {
		return value{}, &problem{given: "nothing", allowed: f.allowed()}
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch f.kind {
	case kindBool, kindInt, kindSeed, kindNumber:
		if quoted {
			return value{}, f.refuse(n.Value, "write it without quotes")
		}
	case kindEnum, kindName, kindPath, kindFree:
		if tag != "!!str" {
			return value{}, f.refuse(n.Value, "YAML reads it as "+strings.TrimPrefix(tag, "!!")+": put it in quotes")
		}
	}
	return f.read(n.Value)
}

// nodeNoun names what a YAML node is.
func nodeNoun(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	return quote(n.Value)
}

// assign stores v in the struct member that f describes.
func (f *field) assign(structure reflect.Value, v value) {
	dst := structure.FieldByIndex(f.index)
	if f.pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	f.store(dst, v)
}

// store puts v into dst, which has the Go type of the field's kind.
func (f *field) store(dst reflect.Value, v value) {
	switch f.kind {
	case kindBool:
		dst.SetBool(v.whole != 0)
	case kindSeed:
		dst.SetUint(v.seed)
	case kindNumber:
		dst.SetFloat(v.number)
	case kindInt, kindTime, kindRate, kindSize:
		dst.SetInt(v.whole)
	default:
		dst.SetString(v.text)
	}
}

// load is the inverse of assign; given is false for an optional member that is nil.
func (f *field) load(structure reflect.Value) (v value, given bool) {
	src := structure.FieldByIndex(f.index)
	if f.pointer {
		if src.IsNil() {
			return value{}, false
		}
		src = src.Elem()
	}
	return f.fetch(src), true
}

// fetch is the inverse of store.
func (f *field) fetch(src reflect.Value) (v value) {
	switch f.kind {
	case kindBool:
		if src.Bool() {
			v.whole = 1
		}
	case kindSeed:
		v.seed = src.Uint()
	case kindNumber:
		v.number = src.Float()
	case kindInt, kindTime, kindRate, kindSize:
		v.whole = src.Int()
	default:
		v.text = src.String()
	}
	return v
}

// print is the inverse of read.
func (f *field) print(v value) string {
	switch f.kind {
	case kindBool:
		return strconv.FormatBool(v.whole != 0)
	case kindSeed:
		return strconv.FormatUint(v.seed, 10)
	case kindNumber:
		return formatNumber(v.number)
	case kindInt, kindTime, kindRate, kindSize:
		return f.format(v.whole)
	}
	return v.text
}

// isName accepts what can name a scenario, a flow or a profile.
func isName(s string) bool {
	if s == "" || len(s) > nameMaxLen || !isAlphanumeric(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && !strings.ContainsRune("._-", rune(s[i])) {
			return false
		}
	}
	return true
}

// isPath accepts names joined by dots, with list indexes as in flows[0].
func isPath(s string) bool {
	if s == "" || len(s) > 4*nameMaxLen || !isAlphanumeric(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && !strings.ContainsRune("._-[]", rune(s[i])) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// namePattern and pathPattern are isName and isPath as regular expressions, for the
// JSON Schema.
const (
	namePattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`
	pathPattern = `^[A-Za-z0-9][]A-Za-z0-9._[-]{0,255}$`
)
