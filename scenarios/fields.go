package scenarios

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// kind is how a value is written in a file and what it becomes.
type kind uint8

const (
	kindBool    kind = iota
	kindInt          // int
	kindSeed         // uint64
	kindTime         // sim.Time
	kindRate         // sim.Bandwidth
	kindSize         // sim.Bytes
	kindNumber       // float64; 5% is 0.05
	kindEnum         // string, one of a list
	kindName         // string, an identifier
	kindPath         // string, identifiers joined by dots
	kindFree         // string, any text
	kindScalar       // string, the text of any scalar
	kindList         // slice of scalars, replaced as a whole
	kindSection      // struct whose keys are settings, merged key by key
	kindObject       // pointer to struct, replaced as a whole
	kindObjects      // slice of struct, replaced as a whole
)

// field is one key of a block: what the struct tags say about it.
type field struct {
	key, doc string
	kind     kind
	index    []int // in the struct, for reflect
	pointer  bool  // optional: *float64, *string

	low, high             int64   // bounds of integer kinds, in base units
	lowNumber, highNumber float64 // bounds of kindNumber
	pow2, required        bool
	enum                  []string
	profile               string // kind of profile that a section takes its values from
	item                  *field // kindList: what its entries are
	elem                  *block // of sections, objects and lists of objects
}

// block is a YAML mapping with a fixed set of keys: one struct.
type block struct {
	typ    reflect.Type
	fields []field
	keys   []string // in the order of the struct
}

// describeType is describe for a type parameter.
func describeType[T any]() *block { return describe(reflect.TypeFor[T]()) }

// newOf returns an addressable zero value of the block's struct.
func newOf(b *block) reflect.Value { return reflect.New(b.typ).Elem() }

func (b *block) field(key string) *field {
	for i := range b.fields {
		if b.fields[i].key == key {
			return &b.fields[i]
		}
	}
	return nil
}

// profileKey is the key that names the profile of a section.
const profileKey = "profile"

// root describes the whole file format.
var root = describeType[document]()

var (
	senderBlock = root.field("sender").elem
	flowBlock   = func() *block {
		b := root.field("flows").elem
		b.field("name").required = true // settings and results are called by it
		return b
	}()
)

// testBlock describes the entries of bench.tests.
var testBlock = func() *block {
	b := root.field("bench").elem.field("tests").elem
	b.field("test").required, b.field("sizes").required = true, true
	return b
}()

// section is a mapping of settings, at top level or inside another section.
type section struct {
	path string // of its keys, without the last dot
	*field
}

// sections are all sections outside those of single hosts, outer ones first.
var sections = func() []section {
	var all []section
	var add func(b *block, prefix string)
	add = func(b *block, prefix string) {
		for i := range b.fields {
			if f := &b.fields[i]; f.kind == kindSection && !isHost(f.key) {
				all = append(all, section{prefix + f.key, f})
				add(f.elem, prefix+f.key+".")
			}
		}
	}
	add(root, "")
	return all
}()

// sectionAt returns the section of a path; ok is false if there is none.
func sectionAt(path string) (s section, ok bool) {
	for _, s := range sections {
		if s.path == path {
			return s, true
		}
	}
	return section{}, false
}

// hostNames are the sections that hold one host's overrides.
var hostNames = []string{"sender", "receiver"}

// describe reads the struct tags of t. A tag that cannot be read is a mistake in a
// specification, which the tests of this package find: it panics at start-up, and
// no input can cause it.
func describe(t reflect.Type) *block {
	b := &block{typ: t}
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous {
			for _, f := range describe(sf.Type).fields {
				f.index = append([]int{i}, f.index...)
				b.add(f)
			}
			continue
		}
		if sf.Tag.Get("key") == "" {
			continue
		}
		f := field{
			key: sf.Tag.Get("key"), doc: sf.Tag.Get("doc"), index: []int{i},
			pow2: sf.Tag.Get("pow2") == "true", required: sf.Tag.Get("required") == "true",
			profile: sf.Tag.Get("profile"),
		}
		typ := sf.Type
		if typ.Kind() == reflect.Pointer && typ.Elem().Kind() != reflect.Struct {
			f.pointer, typ = true, typ.Elem()
		}
		f.kind, f.elem = kindOf(typ, sf.Tag)
		if f.kind == kindEnum {
			f.enum = strings.Split(sf.Tag.Get("enum"), "|")
		}
		if f.kind == kindList {
			f.item = itemOf(typ.Elem(), sf.Tag)
		} else {
			f.bounds(sf.Tag)
		}
		if f.profile != "" {
			f.elem.add(field{key: profileKey, kind: kindName, doc: "hardware profile that gives the section's values"})
		}
		b.add(f)
	}
	return b
}

func (b *block) add(f field) {
	b.fields = append(b.fields, f)
	b.keys = append(b.keys, f.key)
}

func kindOf(t reflect.Type, tag reflect.StructTag) (kind, *block) {
	switch t {
	case reflect.TypeFor[sim.Time]():
		return kindTime, nil
	case reflect.TypeFor[sim.Bandwidth]():
		return kindRate, nil
	case reflect.TypeFor[sim.Bytes]():
		return kindSize, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return kindBool, nil
	case reflect.Int:
		return kindInt, nil
	case reflect.Uint64:
		return kindSeed, nil
	case reflect.Float64:
		return kindNumber, nil
	case reflect.String:
		if tag.Get("enum") != "" {
			return kindEnum, nil
		}
		return map[string]kind{"": kindName, "path": kindPath, "free": kindFree, "scalar": kindScalar}[tag.Get("text")], nil
	case reflect.Struct:
		return kindSection, describe(t)
	case reflect.Pointer:
		return kindObject, describe(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Struct {
			return kindList, nil
		}
		return kindObjects, describe(t.Elem()).withoutSections()
	}
	panic("scenarios: a key cannot have type " + t.String())
}

// itemOf describes the entries of a list of scalars: the tags of the list are theirs.
// Texts need no identifiers here.
func itemOf(t reflect.Type, tag reflect.StructTag) *field {
	item := &field{key: tag.Get("key"), doc: tag.Get("doc"), pow2: tag.Get("pow2") == "true"}
	item.kind, _ = kindOf(t, tag)
	if item.kind == kindName {
		item.kind = kindFree
	}
	item.bounds(tag)
	return item
}

// withoutSections is the block of the entries of a list: the sections of their struct
// stand beside the list, once for all entries.
func (b *block) withoutSections() *block {
	out := &block{typ: b.typ}
	for _, f := range b.fields {
		if f.kind != kindSection {
			out.add(f)
		}
	}
	return out
}

// bounds reads min and max; without them the type's range holds.
func (f *field) bounds(tag reflect.StructTag) {
	f.low, f.high = math.MinInt64, math.MaxInt64
	f.lowNumber, f.highNumber = -math.MaxFloat64, math.MaxFloat64
	if f.kind == kindSeed {
		f.low = 0
	}
	set := func(name string, whole *int64, number *float64) {
		text, ok := tag.Lookup(name)
		if !ok {
			return
		}
		v, p := f.read(text)
		if p != nil {
			panic(fmt.Sprintf("scenarios: key %s: tag %s=%q is no %s", f.key, name, text, f.noun()))
		}
		*whole, *number = v.whole, v.number
	}
	var low, high int64
	lowNumber, highNumber := f.lowNumber, f.highNumber
	low, high = f.low, f.high
	set("min", &low, &lowNumber)
	set("max", &high, &highNumber)
	f.low, f.high, f.lowNumber, f.highNumber = low, high, lowNumber, highNumber
}

// isWhole says whether the kind's values are integers with bounds.
func (k kind) isWhole() bool {
	return k == kindInt || k == kindTime || k == kindRate || k == kindSize
}

// isScalar says whether a value of the kind is one YAML scalar.
func (k kind) isScalar() bool { return k < kindList }

// noun names the kind for people.
func (f *field) noun() string {
	if f.kind == kindList {
		return "list of " + f.item.noun() + "s"
	}
	return [...]string{
		kindBool: "true or false", kindInt: "integer", kindSeed: "integer", kindTime: "time", kindRate: "rate", kindSize: "size",
		kindNumber: "number", kindEnum: "word", kindName: "name", kindPath: "key path", kindFree: "text", kindScalar: "scalar",
		kindSection: "mapping", kindObject: "mapping", kindObjects: "list of mappings",
	}[f.kind]
}

// format prints a whole value the way a file writes it.
func (f *field) format(v int64) string {
	switch f.kind {
	case kindTime:
		return formatQuantity(v, timeUnits)
	case kindRate:
		return formatQuantity(v, rateUnits)
	case kindSize:
		return formatSize(v)
	}
	return strconv.FormatInt(v, 10)
}

// rangeText prints the bounds: "256 to 9978".
func (f *field) rangeText() string {
	switch {
	case f.kind == kindList:
		return f.item.rangeText()
	case f.kind == kindSeed:
		return "0 to 18446744073709551615"
	case f.kind == kindNumber && f.highNumber != math.MaxFloat64:
		return formatNumber(f.lowNumber) + " to " + formatNumber(f.highNumber)
	case f.kind.isWhole() && f.high != math.MaxInt64:
		return f.format(f.low) + " to " + f.format(f.high)
	}
	return ""
}

// allowed says what a value of the field may be, with an example where the way of
// writing it is not obvious.
func (f *field) allowed() string {
	from := ""
	if r := f.rangeText(); r != "" {
		from = " from " + r
	}
	switch f.kind {
	case kindBool:
		return "true or false"
	case kindInt, kindSeed:
		if f.pow2 {
			return "a power of two" + from
		}
		return "an integer" + from
	case kindTime:
		return "a time" + from + ", such as 8us or 1.5ms"
	case kindRate:
		return "a rate" + from + ", such as 25Gbps or 12.5 Gbit/s"
	case kindSize:
		if f.pow2 {
			return "a power of two" + from + ", such as 256 or 4KiB"
		}
		return "a size" + from + ", such as 1500 or 4KiB"
	case kindNumber:
		return "a number" + from + ", such as 0.055 or 5.5%"
	case kindEnum:
		return oneOf(f.enum)
	case kindName:
		return "a name of letters, digits, '.', '_' and '-', at most 64 characters"
	case kindPath:
		return "names joined by dots, such as nic.mtu"
	case kindFree:
		return "text (in quotes if it looks like something else)"
	case kindScalar:
		return "one value, not a list or mapping"
	case kindList, kindObjects:
		return "a " + f.noun()
	}
	return "a mapping with keys of " + strings.Join(f.elem.keys, ", ")
}

// oneOf lists the words of an enum.
func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
