//lint:file-ignore U1000 snapshots reach these fields by reflection

package sim

import (
	"bytes"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

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
