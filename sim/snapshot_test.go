package sim

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
	"io"
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

// nested gives the error messages a path to spell.
type nested struct {
	hosts []nestedHost
}

type nestedHost struct {
	nic *nestedNIC
}

type nestedNIC struct {
	rq   [2]nestedQueue
	hook map[string]any
}

type nestedQueue struct {
	wqe  []uint64
	done func()
	raw  unsafe.Pointer
}

func nestedWorld() *nested {
	return &nested{hosts: []nestedHost{{}, {nic: &nestedNIC{}}}}
}

func TestWhatCannotBeSavedIsAnErrorWithItsPath(t *testing.T) {
	array := make([]uint64, 8)
	type cell struct{ v int64 }
	for name, c := range map[string]struct {
		world any
		want  []string
	}{
		"func": {func() any {
			w := nestedWorld()
			w.hosts[1].nic.rq[1].done = func() {}
			return w
		}(), []string{"nested.hosts[1].nic.rq[1].done: a func cannot be saved"}},
		"unsafe pointer in a map": {func() any {
			w := nestedWorld()
			w.hosts[1].nic.hook = map[string]any{"x": nestedQueue{raw: unsafe.Pointer(w)}}
			return w
		}(), []string{`nested.hosts[1].nic.hook["x"].raw: a unsafe.Pointer cannot be saved`}},
		"two slices of one array": {func() any {
			w := nestedWorld()
			w.hosts[1].nic.rq[0].wqe, w.hosts[1].nic.rq[1].wqe = array[:2], array[2:4]
			return w
		}(), []string{"nested.hosts[1].nic.rq[1].wqe: shares memory with nested.hosts[1].nic.rq[0].wqe"}},
		"one slice twice": {func() any {
			w := nestedWorld()
			w.hosts[1].nic.rq[0].wqe, w.hosts[1].nic.rq[1].wqe = array, array
			return w
		}(), []string{"nested.hosts[1].nic.rq[1].wqe: shares memory with nested.hosts[1].nic.rq[0].wqe"}},
		"slice of a saved array": {func() any {
			w := &struct {
				ring [4]uint64
				view []uint64
			}{}
			w.view = w.ring[1:3]
			return w
		}(), []string{"root.view: shares memory with root"}},
		"pointer beyond the length": {func() any {
			s := make([]cell, 2, 4)
			return &struct {
				s []cell
				p *cell
			}{s, &s[:3][2]}
		}(), []string{"root.p: points between length and capacity of root.s"}},
		"pointer into a skipped field": {func() any {
			w := &struct {
				spec small `snapshot:"-"`
				p    *int64
			}{}
			w.p = &w.spec.b
			return w
		}(), []string{"root.p: points into root, where no int64 is saved"}},
		"object without an owner": {func() any {
			return &struct {
				p *cell `snapshot:"ref"`
			}{&cell{}}
		}(), []string{"root.p: no field owns this sim.cell"}},
		"pointers as keys": {&struct{ m map[*cell]int }{map[*cell]int{}}, []string{"root.m: a map with keys of type *sim.cell"}},
		"NaN as key":       {&struct{ m map[float64]int }{map[float64]int{math.NaN(): 1}}, []string{"root.m: a NaN is a map key"}},
		"unknown tag": {&struct {
			v int `snapshot:"skip"`
		}{}, []string{`tag snapshot:"skip" is not known`}},
		"no pointer": {small{}, []string{"root 0 is a sim.small"}},
		"nil":        {(*small)(nil), []string{"root 0 is a *sim.small"}},
		"no root":    {nil, []string{"root 0 is a <nil>"}},
	} {
		err := Save(io.Discard, c.world)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want %q in it", name, err, want)
			}
		}
	}
	deep := any(1)
	for range scopeDepth + 1 {
		deep = struct{ inner any }{deep}
	}
	if err := Save(io.Discard, &struct{ v any }{deep}); err == nil || !strings.Contains(err.Error(), "values nest more than 64 interfaces deep") {
		t.Errorf("values nested without end: %v", err)
	}
	if err := Save(io.Discard); err == nil {
		t.Error("Save without roots succeeded")
	}
	w := &nested{}
	if err := Save(io.Discard, w, w); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the same root twice: %v", err)
	}
	whole := &struct{ part small }{}
	if err := Save(io.Discard, whole, &whole.part); err == nil || !strings.Contains(err.Error(), "lies inside") {
		t.Errorf("a root inside another: %v", err)
	}
}

func TestThePathOfALongListIsCutShort(t *testing.T) {
	type link struct {
		next *link
		hook func()
	}
	list := &link{hook: func() {}}
	for range 1000 {
		list = &link{next: list}
	}
	err := Save(io.Discard, list)
	if want := "snapshot: …" + strings.Repeat(".next", pathLinks) + ".hook: a func"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want it to begin with %q", err, want)
	}
}

// TestPartsOfOneArrayMayBeSaved is the counterpart of the aliasing errors: full
// slice expressions keep the parts apart.
func TestPartsOfOneArrayMayBeSaved(t *testing.T) {
	array := []uint64{1, 2, 3, 4}
	type world struct{ a, b []uint64 }
	from, to := &world{array[:2:2], array[2:]}, &world{}
	through(t, from, to)
	if !reflect.DeepEqual(from, to) {
		t.Errorf("got %v", to)
	}
}

type ambiguous struct {
	current *withSkip
	all     []*withSkip
}

type pair struct{ first, second *withSkip }

type unambiguous struct {
	current *withSkip `snapshot:"ref"`
	all     []*withSkip
}

func TestAmbiguousCounterpartsAreRefused(t *testing.T) {
	objects := func(s string) []*withSkip { return []*withSkip{{s + "0", 0}, {s + "1", 1}} }
	from, to := &ambiguous{all: objects("old ")}, &ambiguous{all: objects("new ")}
	from.current, to.current = from.all[1], to.all[0]
	err := Restore(bytes.NewReader(stateOf(t, from)), to)
	if err == nil || !strings.Contains(err.Error(), `snapshot:"ref"`) {
		t.Errorf("an object whose skipped fields depend on the path: %v", err)
	}

	twice := &pair{first: &withSkip{"old", 1}}
	twice.second = twice.first
	err = Restore(bytes.NewReader(stateOf(t, twice)), &pair{&withSkip{"new 0", 0}, &withSkip{"new 1", 0}})
	if err == nil || !strings.Contains(err.Error(), "pair.first and pair.second are the same") {
		t.Errorf("an object that the rebuilt world has twice: %v", err)
	}

	clear, into := &unambiguous{all: objects("old ")}, &unambiguous{all: objects("new ")}
	clear.current, into.current = clear.all[1], into.all[0]
	through(t, clear, into)
	if into.current != into.all[1] || into.current.spec != "new 1" {
		t.Errorf("with the tag: got %+v", into.current)
	}
}

func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	type world struct {
		list []*withSkip
		any  any
		m    map[int]withSkip
		tail []withSkip
	}
	for name, c := range map[string]struct {
		from, to *world
		want     string
	}{
		"no counterpart":            {&world{list: []*withSkip{{}}}, &world{}, "world.list[0]: this sim.withSkip has fields"},
		"no counterpart in a map":   {&world{m: map[int]withSkip{4: {}}}, &world{m: map[int]withSkip{}}, "world.m[4]: this"},
		"no counterpart in a slice": {&world{tail: make([]withSkip, 2)}, &world{tail: make([]withSkip, 1)}, "world.tail: this"},
		"unknown type":              {&world{any: &node{}}, &world{any: 1}, "world.any holds a *netgpusim/sim.node"},
	} {
		err := Restore(bytes.NewReader(stateOf(t, c.from)), c.to)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q in it", name, err, c.want)
		}
	}
}

func TestRestoreRefusesOtherTypesAndDamage(t *testing.T) {
	saved := stateOf(t, &small{1, 2})
	type other struct {
		a uint8
		c int64
	}
	refused := func(data []byte, to any, want string) {
		t.Helper()
		if err := Restore(bytes.NewReader(data), to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	refused(saved, &other{}, "written by another version")
	// Types of the same name that differ otherwise.
	for name, restore := range map[string]any{
		"field renamed": func() any {
			type w struct{ b, next int }
			return &w{}
		}(),
		"field type": func() any {
			type w struct {
				a    int
				next uint
			}
			return &w{}
		}(),
		"more fields": func() any {
			type w struct{ a, next, c int }
			return &w{}
		}(),
		"fields swapped": func() any {
			type w struct{ next, a int }
			return &w{}
		}(),
		"tag": func() any {
			type w struct {
				a    int
				next int `snapshot:"-"`
			}
			return &w{}
		}(),
	} {
		type w struct{ a, next int }
		if fingerprint(reflect.TypeOf(&w{})) == fingerprint(reflect.TypeOf(restore)) {
			t.Errorf("%s: the same fingerprint", name)
		}
		refused(stateOf(t, &w{}), restore, "written by another version")
	}
	refused(seal(append(bytes.Clone(stateOf(t, &struct{ up bool }{true})[:18]), 2, 0, 0, 0, 0, 0, 0, 0, 0)), &struct{ up bool }{}, "damaged")
	refused(nil, &small{}, "not a snapshot")
	refused([]byte("ngsnap\x00\x02 and so on"), &small{}, "another format version")
	refused(seal([]byte(snapshotMagic+"12345678")), &small{}, "damaged")
	untouched := small{3, 4}
	for i := range saved {
		flipped := bytes.Clone(saved)
		flipped[i] ^= 0x10
		if err := Restore(bytes.NewReader(flipped), &untouched); err == nil {
			t.Errorf("byte %d flipped: restored without an error", i)
		}
		if err := Restore(bytes.NewReader(saved[:i]), &untouched); err == nil {
			t.Errorf("cut after %d bytes: restored without an error", i)
		}
	}
	if untouched != (small{3, 4}) {
		t.Error("a refused snapshot changed the world")
	}
}

func TestAReaderThatFailsIsReported(t *testing.T) {
	if err := Restore(failing{}, &small{}); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
		t.Errorf("Restore: %v", err)
	}
	if err := Save(failing{}, &small{}); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
		t.Errorf("Save: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, io.ErrClosedPipe }
func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
