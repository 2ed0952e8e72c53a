package sim

import (
	"bytes"
	"testing"
)

// fuzzWorld has every kind of reference in few bytes, so that a fuzzer gets far.
type fuzzWorld struct {
	Kinds  everyKind
	Graph  graphWorld
	Skips  []withSkip
	Boxes  [2]any
	Ref    *node `snapshot:"ref"`
	Empty  []struct{ p [0]*node }
	Padded []struct {
		only int `snapshot:"-"`
	}
}

func newFuzzWorld() *fuzzWorld {
	w := &fuzzWorld{Skips: make([]withSkip, 3), Padded: make([]struct {
		only int `snapshot:"-"`
	}, 2)}
	a, b := &node{value: 1}, &node{value: 2}
	a.next, b.prev = b, a
	w.Graph = graphWorld{ring: a, shared: [3]*node{b, a, nil}, slab: make([]small, 2), m1: map[string]*node{"b": b, "c": nil}}
	w.Graph.into, w.Graph.m2 = &w.Graph.slab[1], w.Graph.m1
	w.Kinds = everyKind{S: "s", Empty: []int{}, Named: map[compoundKey]bool{{name: "n"}: true}, Ints: []int32{1}, Strs: []string{"x"}, Nested: [][]byte{{1}, nil},
		Keys: map[[2]int8]*small{{1, 2}: {3, 4}}, Any: small{5, 6}, Ptr: &small{}, Void: &struct{}{}, Nothing: make([]struct{}, 2)}
	w.Boxes = [2]any{b, map[string]any{"k": []any{small{}, 7}}}
	w.Ref = b
	return w
}

// restoreSealed restores damaged data under a checksum that fits, and checks that a
// world which accepted it is still one.
func restoreSealed(t *testing.T, data []byte) {
	t.Helper()
	w := newFuzzWorld()
	if err := Restore(bytes.NewReader(seal(data)), w); err == nil {
		_ = stateOf(t, w)
	}
}

func TestRestoreOfADamagedSnapshotUnderAGoodChecksumIsAnErrorOrAWorld(t *testing.T) {
	saved := stateOf(t, newFuzzWorld())
	through(t, newFuzzWorld(), newFuzzWorld())
	for i := range saved {
		for _, value := range []byte{0, 1, 2, 3, 0x7f, 0x80, 0xff, saved[i] + 1, saved[i] - 1} {
			damaged := bytes.Clone(saved)
			damaged[i] = value
			restoreSealed(t, damaged)
		}
		restoreSealed(t, saved[:i])
		restoreSealed(t, append(bytes.Clone(saved[:i]), saved[i/2:]...))
	}
}

func FuzzRestore(f *testing.F) {
	saved := stateOf(f, newFuzzWorld())
	prefix := saved[:len(snapshotMagic)+8] // magic and fingerprint: a fuzzer never guesses them
	f.Add(saved[len(prefix):])
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Restore(bytes.NewReader(data), newFuzzWorld()); err == nil {
			t.Error("accepted bytes without magic, fingerprint and checksum")
		}
		restoreSealed(t, append(bytes.Clone(prefix), data...))
	})
}
