package sim

import (
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// layout says how values of a type lie in memory and what of them is state.
type layout struct {
	typ  reflect.Type
	kind reflect.Kind
	size uintptr

	plain    bool // numbers only, without padding: the bytes are the state
	skips    bool // some of its memory is not state: a field is tagged "-"
	minBytes int  // fewest bytes a snapshot can hold for it

	fields    []layoutField // struct: what is state, in order
	elem, key *layout       // pointer, slice, array, map
}

// layoutField is a field of a struct, or a run of neighbouring plain fields.
type layoutField struct {
	offset, size uintptr
	l            *layout // nil for a run
	ref          bool
}

// layouts holds the layout of every type that a walk can come to.
type layouts map[reflect.Type]*layout

// snapshotTag returns how a struct field is tagged.
func snapshotTag(f reflect.StructField) (skip, ref bool) {
	switch f.Tag.Get("snapshot") {
	case "-":
		return true, false
	case "ref":
		return false, true
	}
	return false, false
}

// of returns the layout of t and makes those of all types that t leads to. A type
// that comes up again while it is being made is found in the map: only a pointer,
// slice or map can lead back to it, and these need nothing but its address.
func (ls layouts) of(t reflect.Type) (*layout, error) {
	if l, ok := ls[t]; ok {
		return l, nil
	}
	l := &layout{typ: t, kind: t.Kind(), size: t.Size(), minBytes: 1}
	ls[t] = l
	var err error
	switch l.kind {
	case reflect.Bool, reflect.String, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
	case reflect.Pointer, reflect.Slice:
		l.elem, err = ls.of(t.Elem())
	case reflect.Map:
		l.key, err = ls.of(t.Key())
		if err == nil {
			l.elem, err = ls.of(t.Elem())
		}
	case reflect.Array:
		l.elem, err = ls.of(t.Elem())
		if err == nil {
			l.plain = l.elem.plain
			l.skips = l.elem.skips
			l.minBytes = l.elem.minBytes * t.Len()
		}
	case reflect.Struct:
		err = ls.structure(l)
	default:
		l.plain = true
		l.minBytes = int(l.size)
	}
	return l, err
}

// structure fills in the layout of a struct.
func (ls layouts) structure(l *layout) error {
	l.plain, l.minBytes = true, 0
	end := uintptr(0) // of the fields so far
	for i := range l.typ.NumField() {
		f := l.typ.Field(i)
		if tag, ok := f.Tag.Lookup("snapshot"); ok && tag != "-" && tag != "ref" {
			return fmt.Errorf("%v.%s: tag snapshot:%q is not known, use \"-\" or \"ref\"", l.typ, f.Name, tag)
		}
		skip, ref := snapshotTag(f)
		if skip {
			l.skips = true
			continue // and leaves a gap, so the struct is not plain
		}
		fl, err := ls.of(f.Type)
		if err != nil {
			return err
		}
		l.plain = l.plain && fl.plain && f.Offset == end
		l.skips = l.skips || fl.skips
		l.minBytes += fl.minBytes
		if !fl.plain {
			l.fields = append(l.fields, layoutField{f.Offset, fl.size, fl, ref})
		} else if n := len(l.fields); n > 0 && l.fields[n-1].l == nil && f.Offset == end {
			l.fields[n-1].size += fl.size
		} else {
			l.fields = append(l.fields, layoutField{offset: f.Offset, size: fl.size})
		}
		end = f.Offset + fl.size
	}
	l.plain = l.plain && end == l.size
	return nil
}

// keyable says whether a map key of this layout can be written on its own.
func (l *layout) keyable() bool {
	switch {
	case l.skips:
		return false
	case l.plain || l.kind == reflect.Bool || l.kind == reflect.String:
		return true
	case l.kind == reflect.Array:
		return l.elem.keyable()
	case l.kind == reflect.Struct:
		for _, f := range l.fields {
			if f.l != nil && !f.l.keyable() {
				return false
			}
		}
		return true
	}
	return false
}

// holds says whether a value of type t has state of type want at the byte offset.
// Fields that are skipped hold none.
func holds(t reflect.Type, offset uintptr, want reflect.Type) bool {
	for {
		if offset == 0 && t == want {
			return true
		}
		f, inner, ok := inside(t, offset)
		if !ok {
			return false
		}
		if skip, _ := snapshotTag(f); skip {
			return false
		}
		t, offset = f.Type, inner
	}
}

// inside returns the struct field or array element (its Name is "[i]") at a byte
// offset into t, and the offset into that.
func inside(t reflect.Type, offset uintptr) (reflect.StructField, uintptr, bool) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if offset >= f.Offset && offset-f.Offset < f.Type.Size() {
				return f, offset - f.Offset, true
			}
		}
	case reflect.Array:
		if size := t.Elem().Size(); size > 0 && offset < t.Size() {
			return reflect.StructField{Name: index(offset / size), Type: t.Elem()}, offset % size, true
		}
	}
	return reflect.StructField{}, 0, false
}

func index(i uintptr) string { return "[" + strconv.FormatUint(uint64(i), 10) + "]" }

// pathInside spells the way from a value of type t to what lies at an offset.
func pathInside(t reflect.Type, offset uintptr) string {
	var path strings.Builder
	for {
		f, inner, ok := inside(t, offset)
		if !ok {
			return path.String()
		}
		if !strings.HasPrefix(f.Name, "[") {
			path.WriteByte('.')
		}
		path.WriteString(f.Name)
		t, offset = f.Type, inner
	}
}

// typeName tells types of the same name in different packages apart.
func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return "*" + typeName(t.Elem())
	}
	if t.Name() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

// fingerprint hashes the structure of types: names, kinds, fields, tags, sizes and
// all that they lead to, and the byte order of this machine.
func fingerprint(types ...reflect.Type) uint64 {
	h := fnv.New64a()
	order := uint16(1)
	describe := typeDescriber{w: h, seen: map[reflect.Type]int{}}
	describe.line("little-endian", *(*byte)(unsafe.Pointer(&order)) == 1)
	for _, t := range types {
		describe.typ(t)
	}
	return h.Sum64()
}

// typeDescriber writes a canonical description of types.
type typeDescriber struct {
	w    io.Writer
	seen map[reflect.Type]int
}

func (d *typeDescriber) line(words ...any) {
	_, _ = fmt.Fprintln(d.w, words...) // a hash never fails to write
}

func (d *typeDescriber) typ(t reflect.Type) {
	if n, ok := d.seen[t]; ok {
		d.line("as type", n)
		return
	}
	d.seen[t] = len(d.seen)
	d.line(typeName(t), t.Kind(), t.Size())
	switch t.Kind() {
	case reflect.Array:
		d.line(t.Len())
		d.typ(t.Elem())
	case reflect.Pointer, reflect.Slice:
		d.typ(t.Elem())
	case reflect.Map:
		d.typ(t.Key())
		d.typ(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			skip, ref := snapshotTag(f)
			d.line(f.Name, f.Offset, skip, ref)
			if !skip {
				d.typ(f.Type)
			}
		}
		d.line("end")
	}
}
