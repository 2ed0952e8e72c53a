package sim

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

type regionKind uint8

const (
	objectRegion regionKind = iota // what a pointer points to
	arrayRegion                    // the array under a slice
	tableRegion                    // a map
)

// region is a piece of memory that a reference leads to. A region may lie inside
// another (a pointer to a field); only outermost regions are written.
type region struct {
	kind   regionKind
	base   unsafe.Pointer
	l      *layout // of the object, of an element, of the map
	n, cap int     // arrayRegion: elements
	ref    bool    // its references lie in a field tagged snapshot:"ref"
	header location

	outer  int // region that it lies in; itself if it is outermost
	offset uintptr
}

func (r *region) size() uintptr {
	switch r.kind {
	case objectRegion:
		return r.l.size
	case arrayRegion:
		return uintptr(r.cap) * r.l.size
	}
	return 0
}

// regionKey finds a region by the reference to it.
type regionKey struct {
	base unsafe.Pointer
	l    *layout
	kind regionKind
}

// location identifies a variable: its address, or for one inside an interface or a
// map the address of that and the way from there.
type location struct {
	address uintptr
	inner   string
	offset  uintptr
}

// place is where a variable lies, for the path in a message. It costs no string
// until somebody asks.
type place struct {
	region int          // its number; -1: inner is the whole path
	inner  string       // way from the region to the copy, if it lies inside an interface or a map
	typ    reflect.Type // of the region or the copy; of one element if elems
	elems  bool
	offset uintptr
}

// pathLinks bounds the references in a path: a list of a million nodes has a long
// one.
const pathLinks = 24

// path spells a place out; found[i] is where region i was found.
func path(p place, found []place) string {
	var parts []string
	for link := 0; ; link++ {
		if p.region < 0 {
			parts = append(parts, p.inner)
			break
		}
		parts = append(parts, p.way())
		if link == pathLinks {
			parts = append(parts, "…")
			break
		}
		p = found[p.region]
	}
	slices.Reverse(parts)
	return strings.Join(parts, "")
}

// way spells how to come to the place from its region.
func (p place) way() string {
	if p.typ == nil {
		return p.inner
	}
	way, offset := p.inner, p.offset
	if size := p.typ.Size(); p.elems && size > 0 {
		way += index(offset / size)
		offset %= size
	}
	return way + pathInside(p.typ, offset)
}

// scope is the memory that a visitor walks over: a region, or a copy of what an
// interface or a map holds.
type scope struct {
	region int
	base   unsafe.Pointer
	typ    reflect.Type
	elems  bool

	inner string // way from the region to the copy
	outer uintptr
	depth int // interfaces inside interfaces
}

// scopeDepth bounds values inside interfaces inside values: each level costs stack.
const scopeDepth = 64

func (s *scope) place(p unsafe.Pointer) place {
	return place{s.region, s.inner, s.typ, s.elems, uintptr(p) - uintptr(s.base)}
}

func (s *scope) location(p unsafe.Pointer) location {
	if s.outer != 0 {
		return location{s.outer, s.inner, uintptr(p) - uintptr(s.base)}
	}
	return location{address: uintptr(p)}
}

// enter returns the scope of a copy, at base, of what the interface variable at p
// holds.
func (s *scope) enter(p, base unsafe.Pointer, typ reflect.Type) scope {
	outer := s.outer
	if outer == 0 {
		outer = uintptr(p)
	}
	return scope{region: s.region, base: base, typ: typ, inner: s.place(p).way(), outer: outer, depth: s.depth + 1}
}

// graph is everything that can be reached from the roots.
type graph struct {
	layouts layouts
	print   uint64 // fingerprint of the roots' types
	roots   int    // the first regions are the roots
	regions []region
	found   []place // by region: the reference that was found first
	byKey   map[regionKey]int
	types   []reflect.Type // that interfaces hold, in the order found
	typeAt  map[reflect.Type]int
}

// explorer is the visitor that collects a graph.
type explorer struct {
	*graph
	scope scope
}

// exploreGraph collects what the roots lead to, breadth first.
func exploreGraph(roots []any) (*graph, error) {
	g := &graph{
		layouts: layouts{},
		roots:   len(roots),
		byKey:   map[regionKey]int{},
		typeAt:  map[reflect.Type]int{},
	}
	if len(roots) == 0 {
		return nil, errors.New("no roots")
	}
	var types []reflect.Type
	for i, root := range roots {
		v := reflect.ValueOf(root)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Size() == 0 {
			return nil, fmt.Errorf("root %d is a %T: want a pointer to a struct, not nil", i, root)
		}
		types = append(types, v.Type().Elem())
		l, err := g.layouts.of(v.Type().Elem())
		if err != nil {
			return nil, err
		}
		name := place{region: -1, inner: rootName(types)}
		r := region{kind: objectRegion, base: v.UnsafePointer(), l: l}
		if g.add(r, name) != i {
			return nil, fmt.Errorf("%s: given as a root twice", name.inner)
		}
	}
	g.print = fingerprint(types...)
	e := explorer{graph: g}
	for i := 0; i < len(g.regions); i++ {
		if err := e.explore(i); err != nil {
			return nil, err
		}
	}
	return g, g.nest()
}

// rootName names the last of the roots after its type, with a number from the
// second of a type on.
func rootName(types []reflect.Type) string {
	last := types[len(types)-1]
	name := last.Name()
	if name == "" {
		name = "root"
	}
	name = strings.ToLower(name[:1]) + name[1:]
	same := 0
	for _, t := range types {
		if t == last {
			same++
		}
	}
	if same > 1 {
		name += fmt.Sprintf("#%d", same)
	}
	return name
}

// add returns the number of the region r, which is known or was just found at p.
func (g *graph) add(r region, p place) int {
	key := regionKey{r.base, r.l, r.kind}
	if i, ok := g.byKey[key]; ok {
		return i
	}
	i := len(g.regions)
	r.outer = i
	g.regions = append(g.regions, r)
	g.found = append(g.found, p)
	g.byKey[key] = i
	return i
}

// explore adds what region i refers to.
func (e *explorer) explore(i int) error {
	r := e.regions[i]
	e.scope = scope{region: i, base: r.base, typ: r.l.typ, elems: r.kind == arrayRegion}
	switch r.kind {
	case objectRegion:
		return walk(e, r.base, r.l, false)
	case arrayRegion:
		return walkElements(e, r.base, r.l, r.n, r.ref)
	}
	outside := e.scope
	entries, err := mapEntries(mapAt(r.base, r.l), r.l)
	if err != nil {
		return e.fail(place{region: i}, "%v", err)
	}
	for _, entry := range entries {
		e.scope = outside.entry(r.base, entry)
		if err := walk(e, entry.value.UnsafePointer(), r.l.elem, r.ref); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) fail(p place, format string, args ...any) error {
	return fmt.Errorf("%s: %s", path(p, g.found), fmt.Sprintf(format, args...))
}

func (e *explorer) plain(unsafe.Pointer, uintptr) error { return nil }

func (e *explorer) leaf(p unsafe.Pointer, l *layout, ref bool) error {
	here := e.scope.place(p)
	switch l.kind {
	case reflect.Pointer:
		target := *(*unsafe.Pointer)(p)
		if target != nil && l.elem.size > 0 {
			e.add(region{kind: objectRegion, base: target, l: l.elem}, here)
		}
	case reflect.Slice:
		h := (*sliceHeader)(p)
		if h.cap == 0 || l.elem.size == 0 {
			return nil
		}
		at := e.scope.location(p)
		i := e.add(region{kind: arrayRegion, base: h.data, l: l.elem, n: h.len, cap: h.cap, ref: ref, header: at}, here)
		if e.regions[i].header != at {
			return e.shared(here, e.found[i])
		}
	case reflect.Map:
		m := reflect.NewAt(l.typ, p).Elem()
		if m.IsNil() {
			return nil
		}
		if !l.key.keyable() {
			return e.fail(here, "a map with keys of type %v cannot be saved: they hold more than numbers and strings", l.key.typ)
		}
		i := e.add(region{kind: tableRegion, base: m.UnsafePointer(), l: l, ref: ref}, here)
		if e.regions[i].ref != ref {
			return e.fail(here, "the map is also in %s: tag both fields snapshot:\"ref\" or none", path(e.found[i], e.found))
		}
	case reflect.Interface:
		v := reflect.NewAt(l.typ, p).Elem()
		if v.IsNil() {
			return nil
		}
		return e.box(p, v.Elem(), here, ref)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if *(*unsafe.Pointer)(p) != nil {
			return e.fail(here, "a %v cannot be saved: keep it nil or tag the field snapshot:\"-\"", l.kind)
		}
	}
	return nil
}

// box explores a copy of the value that the interface at p holds.
func (e *explorer) box(p unsafe.Pointer, value reflect.Value, here place, ref bool) error {
	t := value.Type()
	if _, ok := e.typeAt[t]; !ok {
		e.typeAt[t] = len(e.types)
		e.types = append(e.types, t)
	}
	l, err := e.layouts.of(t)
	if err != nil {
		return err
	}
	if e.scope.depth >= scopeDepth {
		return e.fail(here, "values nest more than %d interfaces deep", scopeDepth)
	}
	duplicate := copyOf(value)
	outside := e.scope
	e.scope = outside.enter(p, duplicate.UnsafePointer(), t)
	err = walk(e, duplicate.UnsafePointer(), l, ref)
	e.scope = outside
	return err
}

func (g *graph) shared(a, b place) error {
	return g.fail(a, "shares memory with %s: give each slice an array of its own (s[i:j:j] keeps parts of one array apart)", path(b, g.found))
}

// nest finds for every region the outermost one that it lies in, and refuses those
// that overlap in any other way.
func (g *graph) nest() error {
	order := make([]int, 0, len(g.regions))
	for i := range g.regions {
		if g.regions[i].kind != tableRegion {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &g.regions[a], &g.regions[b]
		return cmp.Or(
			cmp.Compare(uintptr(x.base), uintptr(y.base)),
			cmp.Compare(y.size(), x.size()),
			cmp.Compare(y.kind, x.kind), // an array before its only element
			cmp.Compare(a, b))
	})
	outer := -1
	for _, i := range order {
		r := &g.regions[i]
		if outer < 0 {
			outer = i
			continue
		}
		o := &g.regions[outer]
		offset := uintptr(r.base) - uintptr(o.base)
		if offset >= o.size() {
			outer = i
			continue
		}
		if r.kind == arrayRegion || offset+r.size() > o.size() {
			late, early := max(i, outer), min(i, outer)
			return g.shared(g.found[late], g.found[early])
		}
		switch {
		case o.kind == arrayRegion && offset/o.l.size >= uintptr(o.n):
			return g.fail(g.found[i], "points between length and capacity of %s", path(g.found[outer], g.found))
		case o.kind == arrayRegion && holds(o.l.typ, offset%o.l.size, r.l.typ),
			o.kind == objectRegion && holds(o.l.typ, offset, r.l.typ):
			r.outer, r.offset = outer, offset
		case o.kind == objectRegion && offset == 0 && holds(r.l.typ, 0, o.l.typ):
			o.outer, outer = i, i // same size: r is a struct around o
		default:
			return g.fail(g.found[i], "points into %s, where no %v is saved", path(g.found[outer], g.found), r.l.typ)
		}
	}
	for i := range g.roots {
		if r := &g.regions[i]; r.outer != i {
			return g.fail(g.found[i], "lies inside %s: give only one of them as a root", path(g.found[r.outer], g.found))
		}
	}
	return nil
}

// resolve returns the outermost region around region i, and where in it i begins.
func (g *graph) resolve(i int) (outer int, offset uintptr) {
	for {
		r := &g.regions[i]
		if r.outer == i {
			return i, offset
		}
		i, offset = r.outer, offset+r.offset
	}
}
