package pcie

import (
	"bytes"
	"testing"

	"netgpusim/sim"
)

func TestARestoredTreeGoesOnLikeTheOneThatWasSaved(t *testing.T) {
	for seed := range uint64(10) {
		x := newTraffic(t, seed)
		for range 300 {
			x.step()
		}
		var saved bytes.Buffer
		if err := sim.Save(&saved, x.tree); err != nil {
			t.Fatal(err)
		}
		y := newTraffic(t, seed)
		if err := sim.Restore(&saved, y.tree); err != nil {
			t.Fatal(err)
		}
		y.rand, y.now = x.rand, x.now
		for i := range 300 {
			kind, target, first, last := x.step()
			if _, _, f, l := y.step(); f != first || l != last {
				t.Fatalf("seed %d, step %d: %s, %v: %v to %v, restored %v to %v", seed, i, kind, target, first, last, f, l)
			}
		}
	}
}
