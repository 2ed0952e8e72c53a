package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// encoder is the visitor that writes a graph.
type encoder struct {
	*graph
	out   []byte
	owned []bool // by region
	queue []int  // owned regions in the order of their contents
	scope scope
}

// encode writes the graph, without the checksum.
func (g *graph) encode() ([]byte, error) {
	e := encoder{graph: g, owned: make([]bool, len(g.regions))}
	e.out = append(e.out, snapshotMagic...)
	e.out = binary.LittleEndian.AppendUint64(e.out, g.print)
	e.number(len(g.types))
	for _, t := range g.types {
		e.text(typeName(t))
		e.out = binary.LittleEndian.AppendUint64(e.out, fingerprint(t))
	}
	e.number(len(g.regions))
	for i := range g.roots {
		e.own(i)
	}
	for n := 0; n < len(e.queue); n++ {
		if err := e.contents(e.queue[n]); err != nil {
			return nil, err
		}
	}
	for i := range g.regions {
		if r := &g.regions[i]; r.outer == i && !e.owned[i] {
			return nil, g.fail(g.found[i], "no field owns this %v: only pointers into its middle or fields tagged snapshot:\"ref\" reach it", r.l.typ)
		}
	}
	return e.out, nil
}

func (e *encoder) number(n int)   { e.out = binary.AppendUvarint(e.out, uint64(n)) }
func (e *encoder) tag(tag byte)   { e.out = append(e.out, tag) }
func (e *encoder) text(s string)  { e.number(len(s)); e.out = append(e.out, s...) }
func (e *encoder) own(region int) { e.owned[region] = true; e.queue = append(e.queue, region) }

// contents writes what region i holds.
func (e *encoder) contents(i int) error {
	r := &e.regions[i]
	e.scope = scope{region: i, base: r.base, typ: r.l.typ, elems: r.kind == arrayRegion}
	switch {
	case r.kind == objectRegion:
		return walk(e, r.base, r.l, false)
	case r.kind == tableRegion:
		return e.table(r)
	case r.l.minBytes > 0:
		return walkElements(e, r.base, r.l, r.n, r.ref)
	}
	// Elements that can be empty get a byte each, so that the length a reader
	// believes is bounded by what it reads.
	for n := range r.n {
		e.tag(0)
		if err := walk(e, unsafe.Add(r.base, uintptr(n)*r.l.size), r.l, r.ref); err != nil {
			return err
		}
	}
	return nil
}

// table writes a map in the order of its written keys.
func (e *encoder) table(r *region) error {
	entries, err := mapEntries(mapAt(r.base, r.l), r.l)
	if err != nil {
		return err
	}
	e.number(len(entries))
	outside := e.scope
	for _, entry := range entries {
		e.out = append(e.out, entry.written...)
		e.scope = outside.entry(r.base, entry)
		if err := walk(e, entry.value.UnsafePointer(), r.l.elem, r.ref); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) plain(p unsafe.Pointer, n uintptr) error {
	e.out = append(e.out, unsafe.Slice((*byte)(p), n)...)
	return nil
}

func (e *encoder) leaf(p unsafe.Pointer, l *layout, ref bool) error {
	switch l.kind {
	case reflect.Bool:
		e.tag(*(*byte)(p))
	case reflect.String:
		e.text(*(*string)(p))
	case reflect.Pointer:
		e.pointer(*(*unsafe.Pointer)(p), l, ref)
	case reflect.Slice:
		e.slice((*sliceHeader)(p), l)
	case reflect.Map:
		e.mapping(reflect.NewAt(l.typ, p).Elem().UnsafePointer(), l)
	case reflect.Interface:
		return e.box(p, reflect.NewAt(l.typ, p).Elem().Elem(), ref)
	default: // func, chan, unsafe.Pointer: explore has seen that it is nil
		e.tag(tagNil)
	}
	return nil
}

func (e *encoder) pointer(target unsafe.Pointer, l *layout, ref bool) {
	switch {
	case target == nil:
		e.tag(tagNil)
		return
	case l.elem.size == 0:
		e.tag(tagBare)
		return
	}
	at := e.byKey[regionKey{target, l.elem, objectRegion}]
	outer, offset := e.resolve(at)
	if outer == at && !ref && !e.owned[outer] {
		e.tag(tagOwn)
		e.number(outer)
		e.own(outer)
		return
	}
	e.tag(tagRef)
	e.number(outer)
	e.number(int(offset))
}

func (e *encoder) slice(h *sliceHeader, l *layout) {
	switch {
	case h.data == nil:
		e.tag(tagNil)
	case h.cap == 0 || l.elem.size == 0:
		e.tag(tagBare)
		e.number(h.len)
	default:
		at := e.byKey[regionKey{h.data, l.elem, arrayRegion}]
		e.tag(tagOwn)
		e.number(at)
		e.number(h.len)
		e.own(at)
	}
}

func (e *encoder) mapping(m unsafe.Pointer, l *layout) {
	if m == nil {
		e.tag(tagNil)
		return
	}
	at := e.byKey[regionKey{m, l, tableRegion}]
	if e.owned[at] {
		e.tag(tagRef)
		e.number(at)
		return
	}
	e.tag(tagOwn)
	e.number(at)
	e.own(at)
}

// box writes what the interface at p holds: 0, or 1 + its type and its value.
func (e *encoder) box(p unsafe.Pointer, value reflect.Value, ref bool) error {
	if !value.IsValid() {
		e.number(0)
		return nil
	}
	t := value.Type()
	e.number(1 + e.typeAt[t])
	duplicate := copyOf(value)
	outside := e.scope
	e.scope = outside.enter(p, duplicate.UnsafePointer(), t)
	err := walk(e, duplicate.UnsafePointer(), e.layouts[t], ref)
	e.scope = outside
	return err
}

// copyOf returns a pointer to a copy of v: what interfaces and maps hold has no
// address of its own.
func copyOf(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// mapAt returns the map of layout l that is at base.
func mapAt(base unsafe.Pointer, l *layout) reflect.Value {
	return reflect.NewAt(l.typ, unsafe.Pointer(&base)).Elem()
}

// mapEntry is one entry of a map.
type mapEntry struct {
	written []byte // key
	key     reflect.Value
	value   reflect.Value // pointer to a copy
}

// entry returns the scope of the copied value of a map entry.
func (s *scope) entry(table unsafe.Pointer, entry mapEntry) scope {
	return scope{
		region: s.region,
		base:   entry.value.UnsafePointer(),
		typ:    entry.value.Type().Elem(),
		inner:  keyStep(entry.key),
		outer:  uintptr(table),
		depth:  s.depth,
	}
}

// keyStep spells a map key as a path does.
func keyStep(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return fmt.Sprintf("[%q]", key.String())
	}
	return fmt.Sprintf("[%v]", key)
}

// mapEntries returns the entries of m in the order of their written keys.
func mapEntries(m reflect.Value, l *layout) ([]mapEntry, error) {
	entries := make([]mapEntry, 0, m.Len())
	for it := m.MapRange(); it.Next(); {
		key := copyOf(it.Key())
		if !key.Elem().Equal(key.Elem()) {
			return nil, errors.New("a NaN is a map key: it could not be found again")
		}
		var w encoder
		if err := walk(&w, key.UnsafePointer(), l.key, false); err != nil {
			return nil, err
		}
		entries = append(entries, mapEntry{w.out, key.Elem(), copyOf(it.Value())})
	}
	slices.SortFunc(entries, func(a, b mapEntry) int { return bytes.Compare(a.written, b.written) })
	return entries, nil
}
