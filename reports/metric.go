package reports

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Metric looks a value up by its path in the JSON form of a result and returns it
// as float64 or string (a boolean as "true" or "false"). Integers beyond 2^53 lose
// precision.
//
//	goodput_gbps                               a field
//	limit.next.resource                        a field of a field
//	drops.rx_out_of_buffer                     an entry of a table
//	drops.total                                the sum of a table, violations.total that of their counts
//	per_flow[0].retransmits                    an element by index, from 0 …
//	per_flow[bulk/0].rtt_us.p99                … or by key: a flow's id,
//	links[sender->receiver].utilisation        a wire's direction,
//	pcie.links[receiver/nic].up.payload_bytes  host/name, also for rings,
//	cpu.cores[receiver/0].busy                 host/core,
//	nics[receiver].counters.rx_packets         a host, also for pcie.host_path,
//	ladder[receiver core 0].utilisation        a resource; likewise violations, measured, …
//	bench[copy_engine/h2d/4096].value          a bench's row by its id, accuracy[all].median by what it is of
//	violations                                 how many entries a list has
//	stall                                      1 if there is one, else 0; likewise band, limit.next
//	stall.cause                                "" if there is none
//
// An absent drop cause and an absent page place count 0, if the name is a known
// one. Everything else that is not there is an error that says at which part of
// the path the search ended and which names come nearest.
func Metric(r *Result, path string) (any, error) {
	if r == nil {
		return nil, errors.New("reports: no result to look into")
	}
	return lookUp(reflect.ValueOf(r).Elem(), path)
}

// CheckMetric says whether path can name a metric of any result: it finds a
// misspelt field, drop cause or page place before a simulation has run. Keys in
// brackets depend on the result and pass unseen.
func CheckMetric(path string) error {
	if _, err := lookUp(reflect.Value{}, path); err != nil {
		return err
	}
	return nil
}

// pathLimitBytes bounds a metric path; the longest sensible ones have some 60 bytes.
const pathLimitBytes = 256

// seeker is a position in a result. With an invalid value it walks the types
// alone, which is how a path is checked without a result.
type seeker struct {
	typ  reflect.Type
	val  reflect.Value // invalid: only typ is known, or what it belongs to is absent
	gone string        // the optional object that this result does not have, "" if none
	name string        // the last field, for messages and vocabularies
	path string        // the whole path, for messages
}

func lookUp(root reflect.Value, path string) (any, error) {
	s := seeker{typ: reflect.TypeFor[Result](), val: root, path: path}
	if len(path) > pathLimitBytes {
		s.path = path[:pathLimitBytes]
		return nil, s.errorf("is longer than %d bytes", pathLimitBytes)
	}
	for rest := path; ; {
		if strings.HasPrefix(rest, "[") {
			key, after, ok := cutBracket(rest)
			if !ok {
				return nil, s.errorf("lacks a closing bracket")
			}
			if err := s.element(key); err != nil {
				return nil, err
			}
			rest = after
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if err := s.member(rest[:end]); err != nil {
				return nil, err
			}
			rest = rest[end:]
		}
		switch {
		case rest == "":
			return s.value()
		case rest[0] == '.':
			rest = rest[1:]
		case rest[0] != '[':
			return nil, s.errorf("has %.20q after a closing bracket; want '.', '[' or the end", rest)
		}
	}
}

// cutBracket splits "[key]rest". Brackets inside the key must balance.
func cutBracket(s string) (key, rest string, ok bool) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// errorf makes an error about the whole path.
func (s *seeker) errorf(format string, args ...any) error {
	return fmt.Errorf("metric %q %s", s.path, fmt.Sprintf(format, args...))
}

// unknown makes the error about a name that is not among names.
func (s *seeker) unknown(kind, given string, names []string) error {
	where := s.name
	if where == "" {
		where = "a result"
	}
	if len(names) == 0 {
		return s.errorf("names %s %q, but %s has none", kind, given, where)
	}
	return s.errorf("names no %s of %s: %q; nearest: %s", kind, where, given, strings.Join(nearest(given, names), ", "))
}

// member steps to a field of an object or an entry of a table.
func (s *seeker) member(name string) error {
	switch s.typ.Kind() {
	case reflect.Pointer:
		if s.val.IsValid() && s.val.IsNil() {
			s.gone, s.val = s.name, reflect.Value{}
		}
		s.typ = s.typ.Elem()
		if s.val.IsValid() {
			s.val = s.val.Elem()
		}
		return s.member(name)
	case reflect.Struct:
		return s.field(name)
	case reflect.Map:
		return s.entry(name)
	case reflect.Slice:
		if name == "total" && s.typ == reflect.TypeFor[[]Violation]() {
			return s.totalViolations()
		}
		return s.errorf("needs an index or key in brackets after %s", s.name)
	}
	return s.errorf("goes on after %s, which is a single value", s.name)
}

func (s *seeker) field(name string) error {
	names := make([]string, 0, s.typ.NumField())
	for i := range s.typ.NumField() {
		jname, _ := jsonName(s.typ.Field(i))
		if jname != name {
			names = append(names, jname)
			continue
		}
		s.typ, s.name = s.typ.Field(i).Type, name
		if s.val.IsValid() {
			s.val = s.val.Field(i)
		}
		return nil
	}
	return s.unknown("field", name, names)
}

// entry steps to a value of a table. Only tables of integers are summed: the
// other kind (settings of a band's point) holds strings.
func (s *seeker) entry(key string) error {
	table, elem := s.val, s.typ.Elem()
	known := vocabularyOf(s.name)
	s.typ = elem
	if table.IsValid() {
		if v := table.MapIndex(reflect.ValueOf(key)); v.IsValid() {
			s.val, s.name = v, key
			return nil
		}
	}
	switch {
	case key == "total" && elem.Kind() == reflect.Int64:
		if table.IsValid() {
			s.val = reflect.ValueOf(sum(table.Interface().(map[string]int64)))
		}
	case known.has(key):
		s.val = reflect.Zero(elem)
	case known == nil && !table.IsValid():
		s.val = reflect.Value{}
	default:
		names := known.names()
		if table.IsValid() {
			for _, k := range sortedAnyKeys(table) {
				if !known.has(k) {
					names = append(names, k)
				}
			}
		}
		return s.unknown("entry", key, names)
	}
	s.name = key
	return nil
}

// vocabularyOf returns the closed list of keys of a table, nil if it is open.
func vocabularyOf(table string) vocabulary {
	switch table {
	case "drops":
		return dropCauses
	case "in_place":
		return pagePlaces
	}
	return nil
}

func sortedAnyKeys(table reflect.Value) []string {
	set := make(map[string]struct{}, table.Len())
	for _, k := range table.MapKeys() {
		set[k.String()] = struct{}{}
	}
	return sortedKeys(set)
}

func (s *seeker) totalViolations() error {
	if s.val.IsValid() {
		s.val = reflect.ValueOf(totalCount(s.val.Interface().([]Violation)))
	}
	s.typ, s.name = reflect.TypeFor[int64](), "total"
	return nil
}

// element steps to an element of a list by index or key, or to an entry of a
// table whose key has dots in it.
func (s *seeker) element(key string) error {
	switch s.typ.Kind() {
	case reflect.Map:
		return s.entry(key)
	case reflect.Slice:
	default:
		if s.name == "" {
			return s.errorf("starts with a bracket; want a field's name")
		}
		return s.errorf("has brackets after %s, which is not a list", s.name)
	}
	list := s.val
	s.typ = s.typ.Elem()
	if !list.IsValid() {
		return nil
	}
	at := -1
	if n, err := strconv.Atoi(key); err == nil && n >= 0 {
		if n >= list.Len() {
			return s.errorf("asks for element %d of %s, which has %d", n, s.name, list.Len())
		}
		at = n
	} else {
		var keys []string
		for i := range list.Len() {
			k := elementKey(list.Index(i))
			if k == key && at >= 0 {
				return s.errorf("is ambiguous: elements %d and %d of %s have key %q; use an index", at, i, s.name, key)
			}
			if k == key {
				at = i
			}
			if k != "" {
				keys = append(keys, k)
			}
		}
		if at < 0 {
			return s.unknown("element", key, keys)
		}
	}
	s.val = list.Index(at)
	return nil
}

// elementKey is what identifies an element of a list to a reader; "" for lists
// that have nothing but an order.
func elementKey(v reflect.Value) string {
	switch e := v.Interface().(type) {
	case Flow:
		return e.ID
	case WireLink:
		return e.From + "->" + e.To
	case PCIeLink:
		return e.Host + "/" + e.Name
	case HostPath:
		return e.Host
	case Core:
		return e.Host + "/" + strconv.Itoa(e.Core)
	case Ring:
		return e.Host + "/" + e.Name
	case NIC:
		return e.Host
	case Violation:
		return e.Invariant
	case Series:
		return e.Name
	case Limit:
		return e.Resource
	case Assumption:
		return e.Key
	case Measured:
		return e.Metric
	case BenchRow:
		return e.ID
	case Accuracy:
		return e.Of
	case Expect:
		return e.Name
	}
	return ""
}

// value turns the place where the path ends into a metric's value.
func (s *seeker) value() (any, error) {
	switch s.typ.Kind() {
	case reflect.String:
		if s.val.IsValid() {
			return s.val.String(), nil
		}
		return "", nil
	case reflect.Slice:
		if s.val.IsValid() {
			return float64(s.val.Len()), nil
		}
	case reflect.Struct:
		return nil, s.errorf("ends at %s, which is an object; name one of its fields: %s", s.name, strings.Join(fieldNames(s.typ), ", "))
	case reflect.Map:
		return nil, s.errorf("ends at %s, which is a table; name one of its entries or total", s.name)
	case reflect.Pointer:
		return s.optional()
	}
	if !s.val.IsValid() {
		if s.gone != "" {
			return nil, s.errorf("has no value: the result has no %s", s.gone)
		}
		return 0.0, nil // only the path was to be checked
	}
	switch v := s.val; {
	case v.CanFloat():
		return v.Float(), nil
	case v.CanInt():
		return float64(v.Int()), nil
	case v.CanUint():
		return float64(v.Uint()), nil
	default:
		return strconv.FormatBool(v.Bool()), nil
	}
}

// optional is the value of a pointer: an object counts 1 if it is there, a bare
// value is itself or "" if it is not stated.
func (s *seeker) optional() (any, error) {
	present := s.val.IsValid() && !s.val.IsNil()
	if s.typ.Elem().Kind() == reflect.Struct {
		if present {
			return 1.0, nil
		}
		return 0.0, nil
	}
	if !present {
		return "", nil
	}
	s.typ, s.val = s.typ.Elem(), s.val.Elem()
	return s.value()
}

func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _ = jsonName(t.Field(i))
	}
	return names
}
