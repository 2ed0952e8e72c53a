//lint:file-ignore U1000 snapshots reach these fields by reflection

package sim

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// seal replaces the last 8 bytes of a snapshot by the checksum of the others.
func seal(data []byte) []byte {
	body := bytes.Clone(data[:max(len(data)-8, 0)])
	return binary.LittleEndian.AppendUint64(body, crc64.Checksum(body, snapshotChecksum))
}

// through saves one world and restores it into another.
func through(t *testing.T, from, to any) {
	t.Helper()
	saved := stateOf(t, from)
	if err := Restore(bytes.NewReader(saved), to); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stateOf(t, to), saved) {
		t.Errorf("the restored state has other bytes than the saved one")
	}
}

type small struct {
	a uint8
	b int64
}

type compoundKey struct {
	name  string
	up    bool
	lanes [2]string
}

type everyKind struct {
	B       bool
	I8      int8
	I       int
	U16     uint16
	U64     uint64
	F32     float32
	F       float64
	C       complex128
	S       string
	Arr     [3]int16
	Bools   [2]bool
	NilSl   []int
	Empty   []int
	Ints    []int32
	Strs    []string
	Nested  [][]byte
	Structs []small
	Nothing []struct{}
	Map     map[string]int
	Keys    map[[2]int8]*small
	NilMap  map[int]int
	Named   map[compoundKey]bool
	Shared  map[compoundKey]bool
	Any     any
	NilAny  any
	Ptr     *small
	Void    *struct{}
	fn      func()
	ch      chan int
}

func TestEveryKindSurvives(t *testing.T) {
	from := &everyKind{
		B: true, I8: -8, I: math.MinInt, U16: 65535, U64: math.MaxUint64, F32: 1.5, F: math.Inf(-1), C: 1 + 2i,
		S: "text\x00é", Arr: [3]int16{1, -2, 3}, Bools: [2]bool{false, true}, Empty: []int{}, Ints: []int32{5, -6},
		Strs: []string{"", "x"}, Nested: [][]byte{nil, {}, {1, 2}}, Structs: []small{{1, 2}, {3, 4}}, Nothing: make([]struct{}, 5),
		Map: map[string]int{"b": 2, "a": 1, "": 0}, Keys: map[[2]int8]*small{{1, 2}: {7, 8}, {-1, 0}: nil},
		Named: map[compoundKey]bool{{"a", true, [2]string{"x", ""}}: true, {"a", false, [2]string{}}: false},
		Any:   small{9, 10}, Ptr: &small{11, 12}, Void: &struct{}{},
	}
	from.Shared = from.Named
	for name, to := range map[string]*everyKind{
		"a virgin world": {Any: small{}},
		"a world full of other things": {
			B: true, S: "other", NilSl: []int{1}, Empty: nil, Ints: []int32{1, 2, 3, 4}, Strs: []string{"p", "q", "r"},
			Nested: [][]byte{{9}, {8}, nil, {7}}, Structs: make([]small, 1, 4), Map: map[string]int{"a": 9, "z": 9},
			Keys: map[[2]int8]*small{{1, 2}: {}, {5, 5}: {}}, NilMap: map[int]int{1: 1}, Any: small{1, 1}, NilAny: 5, Ptr: &small{},
		},
	} {
		through(t, from, to)
		if !reflect.DeepEqual(from, to) {
			t.Errorf("into %s:\n got %+v\nwant %+v", name, to, from)
		}
	}
}

type node struct {
	next, prev *node
	value      int
}

type graphWorld struct {
	ring   *node
	shared [3]*node
	slab   []small
	into   *small
	field  *int64
	m1, m2 map[string]*node
}

func TestPointersKeepTheirIdentity(t *testing.T) {
	a, b := &node{value: 1}, &node{value: 2}
	a.next, a.prev, b.next, b.prev = b, b, a, a
	from := &graphWorld{ring: a, shared: [3]*node{b, a, b}, slab: make([]small, 4), m1: map[string]*node{"b": b}}
	from.into, from.field, from.m2 = &from.slab[2], &from.slab[3].b, from.m1
	from.slab[3].b = 77

	to := &graphWorld{}
	through(t, from, to)
	switch {
	case to.ring.next.next != to.ring || to.ring.prev != to.ring.next || to.ring.value != 1:
		t.Error("the cycle is broken")
	case to.shared[0] != to.ring.next || to.shared[1] != to.ring || to.shared[2] != to.shared[0]:
		t.Error("shared pointers are no longer shared")
	case to.into != &to.slab[2] || to.field != &to.slab[3].b || *to.field != 77:
		t.Error("pointers into a slice no longer point into it")
	case to.m1["b"] != to.shared[0]:
		t.Error("a pointer in a map lost its identity")
	}
	to.m1["new"] = nil
	if len(to.m2) != 2 {
		t.Error("a shared map is no longer shared")
	}
}

func TestPointersThatCollideInTheRebuiltWorldComeApart(t *testing.T) {
	type world struct{ p, q, r *node }
	from := &world{p: &node{value: 1}, q: &node{value: 2}}
	from.r = from.p
	one := &node{}
	to := &world{p: one, q: one, r: &node{}}
	through(t, from, to)
	if to.p == to.q || to.r != to.p || to.p.value != 1 || to.q.value != 2 {
		t.Errorf("got %v %v %v", to.p, to.q, to.r)
	}
}

func TestAPartOfSomethingIsNoCounterpart(t *testing.T) {
	type world struct {
		p    *small
		slab []small
		only *small // element of one
		one  []small
	}
	from := &world{p: &small{1, 1}, slab: make([]small, 2), one: make([]small, 1)}
	from.only = &from.one[0]
	to := &world{slab: make([]small, 2), one: make([]small, 1)}
	to.p = &to.slab[0]
	through(t, from, to)
	if to.p == &to.slab[0] || *to.p != (small{1, 1}) || to.slab[0] != (small{}) || to.only != &to.one[0] {
		t.Errorf("got %+v", to)
	}
}

func TestASliceThatGrowsKeepsItsElements(t *testing.T) {
	type element struct{ p *withSkip }
	type world struct {
		list []element
		x    *element
	}
	mine := &withSkip{"mine", 0}
	to := &world{list: []element{{mine}}}
	through(t, &world{list: []element{{&withSkip{"old", 1}}, {}, {}}}, to)
	if to.list[0].p != mine || *mine != (withSkip{"mine", 1}) {
		t.Errorf("got %+v", to.list[0].p)
	}

	// What lies between length and capacity is no counterpart.
	shared := &withSkip{"shared", 0}
	to = &world{list: []element{{shared}}[:0], x: &element{shared}}
	err := Restore(bytes.NewReader(stateOf(t, &world{list: []element{{&withSkip{}}}, x: &element{&withSkip{}}})), to)
	if err == nil || !strings.Contains(err.Error(), "world.list[0].p: this sim.withSkip has fields") {
		t.Errorf("got error %v", err)
	}
}

func TestPaddingIsNotState(t *testing.T) {
	var clean, dirty [3]small
	for i := range dirty {
		clean[i], dirty[i] = small{1, 2}, small{1, 2}
		*(*byte)(unsafe.Add(unsafe.Pointer(&dirty[i]), 3)) = 0xaa
	}
	if !bytes.Equal(stateOf(t, &clean), stateOf(t, &dirty)) {
		t.Error("bytes between fields are in the snapshot")
	}
}

func TestAPointerMayComeBeforeTheStructItPointsInto(t *testing.T) {
	type outer struct{ first, second small }
	type world struct {
		field *int64
		part  *small
		whole *outer
		only  *struct{ inner outer }
		same  *outer
	}
	from := &world{whole: &outer{second: small{b: 5}}}
	from.part, from.field = &from.whole.second, &from.whole.second.b
	from.only = &struct{ inner outer }{}
	from.same = &from.only.inner // as large as what it lies in
	to := &world{}
	through(t, from, to)
	if to.part != &to.whole.second || to.field != &to.part.b || *to.field != 5 || to.same != &to.only.inner {
		t.Error("an interior pointer was duplicated")
	}
}

func TestALongListDoesNotNeedALongStack(t *testing.T) {
	type world struct{ head *node }
	from, to := &world{}, &world{}
	for i := range 50_000 {
		from.head = &node{next: from.head, value: i}
	}
	through(t, from, to)
	n := 0
	for at := to.head; at != nil; at = at.next {
		n++
	}
	if n != 50_000 {
		t.Errorf("%d nodes came back", n)
	}
}

type withSkip struct {
	spec  string `snapshot:"-"`
	value int
}

func TestSkippedFieldsKeepWhatTheRebuiltWorldHas(t *testing.T) {
	type world struct {
		list  []withSkip
		table map[string]withSkip
		log   func() `snapshot:"-"`
	}
	from := &world{list: []withSkip{{"old", 1}, {"old", 2}}, table: map[string]withSkip{"k": {"old", 3}}, log: func() {}}
	to := &world{list: []withSkip{{"new 0", 0}, {"new 1", 0}, {"new 2", 0}}, table: map[string]withSkip{"k": {"new k", 0}}}
	through(t, from, to)
	want := &world{list: []withSkip{{"new 0", 1}, {"new 1", 2}}, table: map[string]withSkip{"k": {"new k", 3}}}
	if !reflect.DeepEqual(to, want) {
		t.Errorf("got %+v, want %+v", to, want)
	}
}
