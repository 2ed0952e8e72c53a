package sim

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"unsafe"
)

// decoder is the visitor that reads a snapshot into the world whose graph it has.
type decoder struct {
	*graph
	reader

	held    []heldType // types that interfaces of the snapshot hold
	bound   []binding  // by region of the snapshot
	from    []place    // where each of them is owned
	claimed []bool     // by region of the rebuilt world
	queue   []int      // owned regions in the order of their contents
	fixups  []fixup
	stores  []store
	scope   scope
}

// heldType is a concrete type of the snapshot; typ is nil if the rebuilt world has
// none of it.
type heldType struct {
	name string
	typ  reflect.Type
}

// binding is the memory that stands for a region of the snapshot.
type binding struct {
	kind  regionKind
	base  unsafe.Pointer // nil: not owned yet
	l     *layout
	n     int
	ref   bool
	table reflect.Value
}

// fixup is a reference that is set when all regions are bound, since it may come
// before the owner.
type fixup struct {
	p      unsafe.Pointer
	l      *layout
	region int
	offset uintptr
	check  bool // that the rebuilt world agrees about the object
	at     place
}

// store copies a value into the interface or the map that holds it, when all that
// the value refers to is known.
type store struct {
	value reflect.Value
	into  reflect.Value // interface variable, or map
	key   reflect.Value // valid for a map
}

// decode fills the world.
func (g *graph) decode(data []byte) error {
	d := decoder{graph: g, reader: reader{data: data}, claimed: make([]bool, len(g.regions))}
	if err := d.header(); err != nil {
		return err
	}
	for i := range g.roots {
		r := &g.regions[i]
		d.claimed[i] = true
		d.bind(i, binding{kind: objectRegion, base: r.base, l: r.l}, g.found[i])
	}
	for n := 0; n < len(d.queue); n++ {
		if err := d.contents(d.queue[n]); err != nil {
			return err
		}
	}
	if d.pos != len(d.data) {
		return fmt.Errorf("damaged: %d bytes left over", len(d.data)-d.pos)
	}
	for i := range d.fixups {
		if err := d.fix(&d.fixups[i]); err != nil {
			return err
		}
	}
	for _, s := range d.stores {
		if s.key.IsValid() {
			s.into.SetMapIndex(s.key, s.value)
		} else {
			s.into.Set(s.value)
		}
	}
	return nil
}

// header reads everything before the contents.
func (d *decoder) header() error {
	written, err := d.fixed64()
	if err != nil {
		return err
	}
	if written != d.print {
		return fmt.Errorf("written by another version: fingerprint of the types is %016x, here it is %016x", written, d.print)
	}
	byName := map[string][]reflect.Type{}
	for _, t := range d.types {
		byName[typeName(t)] = append(byName[typeName(t)], t)
	}
	types, err := d.length(9) // an empty name and a fingerprint
	if err != nil {
		return err
	}
	for range types {
		name, err := d.text()
		if err != nil {
			return err
		}
		written, err := d.fixed64()
		if err != nil {
			return err
		}
		held := heldType{name: name}
		for _, t := range byName[name] {
			if fingerprint(t) != written {
				continue
			}
			if held.typ != nil {
				return fmt.Errorf("two types of the rebuilt world are called %s", name)
			}
			held.typ = t
		}
		if held.typ == nil && len(byName[name]) > 0 {
			return fmt.Errorf("written by another version: type %s differs", name)
		}
		d.held = append(d.held, held)
	}
	regions, err := d.number()
	// Every region but a root was found by a reference, which takes a byte at least.
	if err != nil || regions < uint64(d.roots) || regions-uint64(d.roots) > uint64(d.left()) {
		return d.damaged()
	}
	d.bound = make([]binding, regions)
	d.from = make([]place, regions)
	return nil
}

func (d *decoder) bind(region int, b binding, at place) {
	d.bound[region] = b
	d.from[region] = at
	d.queue = append(d.queue, region)
}

// contents reads what a region holds.
func (d *decoder) contents(i int) error {
	b := d.bound[i]
	d.scope = scope{region: i, base: b.base, typ: b.l.typ, elems: b.kind == arrayRegion}
	switch {
	case b.kind == objectRegion:
		return walk(d, b.base, b.l, false)
	case b.kind == tableRegion:
		return d.table(&b)
	case b.l.minBytes > 0:
		return walkElements(d, b.base, b.l, b.n, b.ref)
	}
	for n := range b.n {
		if pad, err := d.byte(); err != nil || pad != 0 {
			return d.damaged()
		}
		if err := walk(d, unsafe.Add(b.base, uintptr(n)*b.l.size), b.l, b.ref); err != nil {
			return err
		}
	}
	return nil
}

// table reads the entries of a map and removes those that the snapshot has not.
func (d *decoder) table(b *binding) error {
	count, err := d.length(max(b.l.key.minBytes+b.l.elem.minBytes, 1))
	if err != nil {
		return err
	}
	outside := d.scope
	stale := map[any]bool{}
	for it := b.table.MapRange(); it.Next(); {
		stale[it.Key().Interface()] = true
	}
	last := -1 // where the key before begins
	end := 0
	for range count {
		start := d.pos
		key := reflect.New(b.l.key.typ)
		d.scope = outside
		if err := walk(d, key.UnsafePointer(), b.l.key, false); err != nil {
			return err
		}
		if !key.Elem().Equal(key.Elem()) { // a NaN
			return d.damaged()
		}
		if last >= 0 && bytes.Compare(d.data[last:end], d.data[start:d.pos]) >= 0 {
			return d.damaged()
		}
		last, end = start, d.pos
		entry := mapEntry{key: key.Elem(), value: reflect.New(b.l.elem.typ)}
		d.scope = outside.entry(b.base, entry)
		if old := b.table.MapIndex(entry.key); old.IsValid() {
			entry.value.Elem().Set(old)
		} else if b.l.elem.skips {
			return d.orphan(place{region: d.scope.region, inner: d.scope.inner}, b.l.elem.typ)
		}
		if err := walk(d, entry.value.UnsafePointer(), b.l.elem, b.ref); err != nil {
			return err
		}
		delete(stale, entry.key.Interface())
		d.stores = append(d.stores, store{entry.value.Elem(), b.table, entry.key})
	}
	for key := range stale { // any order: each is removed
		b.table.SetMapIndex(reflect.ValueOf(key), reflect.Value{})
	}
	return nil
}

func (d *decoder) plain(p unsafe.Pointer, n uintptr) error {
	if uint64(n) > uint64(d.left()) {
		return d.damaged()
	}
	d.pos += copy(unsafe.Slice((*byte)(p), n), d.data[d.pos:])
	return nil
}

func (d *decoder) leaf(p unsafe.Pointer, l *layout, ref bool) error {
	switch l.kind {
	case reflect.Bool:
		v, err := d.byte()
		if err != nil || v > 1 {
			return d.damaged()
		}
		*(*bool)(p) = v == 1
		return nil
	case reflect.String:
		text, err := d.text()
		*(*string)(p) = text
		return err
	case reflect.Interface:
		return d.box(p, l, ref)
	}
	tag, err := d.byte()
	if err != nil {
		return err
	}
	if tag == tagNil {
		reflect.NewAt(l.typ, p).Elem().SetZero()
		return nil
	}
	switch l.kind {
	case reflect.Pointer:
		return d.pointer(p, l, tag, ref)
	case reflect.Slice:
		return d.slice((*sliceHeader)(p), l, tag, ref)
	case reflect.Map:
		return d.mapping(p, l, tag, ref)
	}
	return d.damaged()
}

func (d *decoder) pointer(p unsafe.Pointer, l *layout, tag byte, ref bool) error {
	target := (*unsafe.Pointer)(p)
	here := d.scope.place(p)
	switch tag {
	case tagBare:
		if l.elem.size != 0 {
			return d.damaged()
		}
		if *target == nil {
			*target = reflect.New(l.elem.typ).UnsafePointer()
		}
		return nil
	case tagOwn:
		region, err := d.unbound()
		if err != nil {
			return err
		}
		if !d.claim(regionKey{*target, l.elem, objectRegion}) {
			if l.elem.skips {
				return d.orphan(here, l.elem.typ)
			}
			*target = reflect.New(l.elem.typ).UnsafePointer()
		}
		d.bind(region, binding{kind: objectRegion, base: *target, l: l.elem}, here)
		return nil
	case tagRef:
		region, err := d.region()
		if err != nil {
			return err
		}
		offset, err := d.number()
		if err != nil || offset > math.MaxInt64 {
			return d.damaged()
		}
		d.fixups = append(d.fixups, fixup{p, l, region, uintptr(offset), !ref, here})
		return nil
	}
	return d.damaged()
}

// claim takes the region of the rebuilt world for a region of the snapshot, if it
// is there, outermost and free.
func (d *decoder) claim(key regionKey) bool {
	i, ok := d.byKey[key]
	if !ok || d.regions[i].outer != i || d.claimed[i] {
		return false
	}
	d.claimed[i] = true
	return true
}

func (d *decoder) slice(h *sliceHeader, l *layout, tag byte, ref bool) error {
	here := d.scope.place(unsafe.Pointer(h))
	switch tag {
	case tagBare:
		n, err := d.number()
		if err != nil || n > math.MaxInt64 || (n > 0 && l.elem.size > 0) {
			return d.damaged()
		}
		fresh := reflect.MakeSlice(l.typ, int(n), int(n))
		*h = sliceHeader{fresh.UnsafePointer(), int(n), int(n)}
		return nil
	case tagOwn:
	default:
		return d.damaged()
	}
	region, err := d.unbound()
	if err != nil {
		return err
	}
	if l.elem.size == 0 {
		return d.damaged()
	}
	n, err := d.length(max(l.elem.minBytes, 1))
	if err != nil {
		return err
	}
	old := *h
	if n > old.len && l.elem.skips {
		return d.orphan(here, l.elem.typ)
	}
	mine := d.claim(regionKey{old.data, l.elem, arrayRegion})
	if mine && n <= old.cap {
		h.len = n
		if n > old.len {
			reflect.SliceAt(l.elem.typ, unsafe.Add(old.data, uintptr(old.len)*l.elem.size), n-old.len).Clear()
		}
	} else {
		// At least one element of memory, so that the address is the slice's own.
		fresh := reflect.MakeSlice(l.typ, n, max(n, 1))
		if mine {
			reflect.Copy(fresh, reflect.NewAt(l.typ, unsafe.Pointer(&old)).Elem())
		}
		*h = sliceHeader{fresh.UnsafePointer(), n, max(n, 1)}
	}
	d.bind(region, binding{kind: arrayRegion, base: h.data, l: l.elem, n: n, ref: ref}, here)
	return nil
}

func (d *decoder) mapping(p unsafe.Pointer, l *layout, tag byte, ref bool) error {
	here := d.scope.place(p)
	switch tag {
	case tagOwn:
		region, err := d.unbound()
		if err != nil {
			return err
		}
		if !l.key.keyable() {
			return d.damaged()
		}
		v := reflect.NewAt(l.typ, p).Elem()
		if !d.claim(regionKey{v.UnsafePointer(), l, tableRegion}) {
			v.Set(reflect.MakeMap(l.typ))
		}
		d.bind(region, binding{kind: tableRegion, base: v.UnsafePointer(), l: l, ref: ref, table: mapAt(v.UnsafePointer(), l)}, here)
		return nil
	case tagRef:
		region, err := d.region()
		if err != nil {
			return err
		}
		d.fixups = append(d.fixups, fixup{p: p, l: l, region: region, at: here})
		return nil
	}
	return d.damaged()
}

// fix sets a reference to a region that another field owns.
func (d *decoder) fix(f *fixup) error {
	b := &d.bound[f.region]
	if b.base == nil {
		return d.damaged()
	}
	if f.l.kind == reflect.Map {
		if b.kind != tableRegion || b.l != f.l {
			return d.damaged()
		}
		reflect.NewAt(f.l.typ, f.p).Elem().Set(b.table)
		return nil
	}
	ok := false
	switch b.kind {
	case objectRegion:
		ok = holds(b.l.typ, f.offset, f.l.elem.typ)
	case arrayRegion:
		ok = f.offset/b.l.size < uintptr(b.n) && holds(b.l.typ, f.offset%b.l.size, f.l.elem.typ)
	}
	if !ok {
		return d.damaged()
	}
	target := (*unsafe.Pointer)(f.p)
	set := unsafe.Add(b.base, f.offset)
	if f.check && f.l.elem.skips && *target != nil && *target != set && f.offset == 0 {
		if i, ok := d.byKey[regionKey{*target, f.l.elem, objectRegion}]; ok && d.regions[i].outer == i {
			return fmt.Errorf("%s and %s are the same %v, but not in the rebuilt world, and it has fields that are not saved: tag the pointer that moves snapshot:\"ref\"",
				path(d.from[f.region], d.from), path(f.at, d.from), f.l.elem.typ)
		}
	}
	*target = set
	return nil
}

// box reads what the interface at p holds.
func (d *decoder) box(p unsafe.Pointer, l *layout, ref bool) error {
	number, err := d.number()
	if err != nil || number > uint64(len(d.held)) {
		return d.damaged()
	}
	v := reflect.NewAt(l.typ, p).Elem()
	if number == 0 {
		v.SetZero()
		return nil
	}
	held, here := d.held[number-1], d.scope.place(p)
	if held.typ == nil {
		return fmt.Errorf("%s holds a %s, and the rebuilt world has none to take the type from", path(here, d.from), held.name)
	}
	if !held.typ.AssignableTo(l.typ) || d.scope.depth >= scopeDepth {
		return d.damaged()
	}
	inner := d.layouts[held.typ]
	value := reflect.New(held.typ)
	if !v.IsNil() && v.Elem().Type() == held.typ {
		value.Elem().Set(v.Elem())
	} else if inner.skips {
		return d.orphan(here, held.typ)
	}
	outside := d.scope
	d.scope = outside.enter(p, value.UnsafePointer(), held.typ)
	err = walk(d, value.UnsafePointer(), inner, ref)
	d.scope = outside
	d.stores = append(d.stores, store{value: value.Elem(), into: v})
	return err
}

// orphan is the error for an object with fields that only the rebuilt world could
// supply.
func (d *decoder) orphan(at place, t reflect.Type) error {
	return fmt.Errorf("%s: this %v has fields that are not saved, and the rebuilt world has no counterpart of its own for it (tag pointers that move snapshot:\"ref\")", path(at, d.from), t)
}

// region reads the number of a region.
func (d *decoder) region() (int, error) {
	v, err := d.number()
	if err != nil || v >= uint64(len(d.bound)) {
		return 0, d.damaged()
	}
	return int(v), nil
}

// unbound reads the number of a region that nothing owns yet.
func (d *decoder) unbound() (int, error) {
	region, err := d.region()
	if err != nil || d.bound[region].base != nil {
		return 0, d.damaged()
	}
	return region, nil
}
