package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
	"reflect"
	"runtime"
	"unsafe"
)

// A snapshot is, little-endian (uvarint: as in encoding/binary):
//
//	magic        8 bytes, ends in the format's version
//	fingerprint  8 bytes, hash of the roots' type structure
//	types        uvarint n, then n times: name (uvarint length, bytes), fingerprint
//	             8 bytes; the concrete types that interfaces hold
//	regions      uvarint n; regions are numbered 0..n-1, some numbers are unused
//	contents     of the roots (regions 0, 1, ...), then of every further region in
//	             the order in which a pointer, slice or map first owned it
//	checksum     8 bytes, CRC-64/ECMA of all before
//
// The contents of a region are its plain fields as they lie in memory, without
// padding, and for every reference one tag* and its arguments.
const snapshotMagic = "ngsnap\x00\x01"

// What a reference is.
const (
	tagNil  = iota // nil
	tagBare        // pointer to nothing of size, slice without memory: uvarint length follows
	tagOwn         // owns a region: uvarint region, slices also: uvarint length
	tagRef         // refers to a region that something else owns: uvarint region, pointers also: uvarint byte offset
)

var snapshotChecksum = crc64.MakeTable(crc64.ECMA)

// Save writes the state of everything that can be reached from the roots, which are
// non-nil pointers, usually one to a world that holds its Engine. The order of the
// roots is part of the snapshot. Equal states give equal bytes.
//
// State is plain data: bools, numbers, strings, arrays, slices, structs, maps
// (keys without pointers), pointers and interfaces, exported or not. Pointers keep
// their identity, shared and cyclic ones too, and pointers into the middle of a
// saved struct or slice. Elements between length and capacity of a slice are not
// state. Two struct tags say what is:
//
//   - `snapshot:"-"`: not state (a specification, a log, a callback). The field
//     keeps what the rebuilt world has there.
//   - `snapshot:"ref"`: the pointers in this field only refer to objects that other
//     fields own. A pointer needs it if it moves between objects with skipped
//     fields, because Restore finds an object's counterpart in the rebuilt world by
//     the first path that owns it.
//
// What cannot be saved faithfully is an error that names the path: two slices that
// share memory, a func, chan or unsafe.Pointer that is not nil, an object that only
// pointers into its middle or `ref` fields reach, a map key with a pointer.
//
// Nothing in the world may change meanwhile.
func Save(w io.Writer, roots ...any) error {
	defer runtime.KeepAlive(roots)
	g, err := exploreGraph(roots)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	out, err := g.encode()
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	out = binary.LittleEndian.AppendUint64(out, crc64.Checksum(out, snapshotChecksum))
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// Restore reads a snapshot into a world that was freshly rebuilt from the same
// specification; the roots are those of Save, in the same order. Where the rebuilt
// world has an object at the path that owns it in the snapshot, that object is
// filled in place, so pointers to it that are not state stay good; where it has
// none, a new one is made. A field tagged `snapshot:"-"` can only come from the
// rebuilt world: an object that has such a field and no counterpart is an error, as
// is one whose counterpart depends on the path.
//
// A snapshot of other types, of another format or a damaged one is refused before
// anything changes. Any other error leaves the world half restored: discard it. No
// input makes Restore panic; memory is bounded by a multiple of the input's size.
func Restore(r io.Reader, roots ...any) error {
	defer runtime.KeepAlive(roots)
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	data, err = checkSeal(data)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	g, err := exploreGraph(roots)
	if err != nil {
		return fmt.Errorf("snapshot: rebuilt world: %w", err)
	}
	if err := g.decode(data); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// checkSeal verifies magic and checksum, and returns what is between them.
func checkSeal(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(snapshotMagic[:6])) {
		return nil, fmt.Errorf("not a snapshot")
	}
	if !bytes.HasPrefix(data, []byte(snapshotMagic)) {
		return nil, fmt.Errorf("written in another format version")
	}
	body := len(data) - 8
	if body < len(snapshotMagic) {
		return nil, fmt.Errorf("cut short after %d bytes", len(data))
	}
	if crc64.Checksum(data[:body], snapshotChecksum) != binary.LittleEndian.Uint64(data[body:]) {
		return nil, fmt.Errorf("damaged: the checksum does not match")
	}
	return data[len(snapshotMagic):body], nil
}

// sliceHeader is how a slice lies in memory. Unlike reflect.SliceHeader it keeps
// its array alive.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// visitor is one pass over the memory of a region: collecting, writing or reading.
type visitor interface {
	// plain is called with n bytes of numbers.
	plain(p unsafe.Pointer, n uintptr) error
	// leaf is called with a bool, a string or a reference of layout l; ref says that
	// it lies in a field tagged snapshot:"ref".
	leaf(p unsafe.Pointer, l *layout, ref bool) error
}

// walk takes v over the value of layout l at p.
func walk(v visitor, p unsafe.Pointer, l *layout, ref bool) error {
	switch {
	case l.plain:
		return v.plain(p, l.size)
	case l.kind == reflect.Struct:
		for i := range l.fields {
			f := &l.fields[i]
			var err error
			if f.l == nil {
				err = v.plain(unsafe.Add(p, f.offset), f.size)
			} else {
				err = walk(v, unsafe.Add(p, f.offset), f.l, ref || f.ref)
			}
			if err != nil {
				return err
			}
		}
		return nil
	case l.kind == reflect.Array:
		return walkElements(v, p, l.elem, l.typ.Len(), ref)
	default:
		return v.leaf(p, l, ref)
	}
}

// walkElements takes v over n consecutive values of layout l.
func walkElements(v visitor, p unsafe.Pointer, l *layout, n int, ref bool) error {
	if l.plain {
		return v.plain(p, uintptr(n)*l.size)
	}
	if l.size == 0 {
		return nil
	}
	for i := range n {
		if err := walk(v, unsafe.Add(p, uintptr(i)*l.size), l, ref); err != nil {
			return err
		}
	}
	return nil
}
