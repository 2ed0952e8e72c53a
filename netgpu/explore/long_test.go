//go:build long

package explore

import (
	"context"
	"slices"
	"testing"

	"netgpusim/netgpu"
)

func TestSlowCases(t *testing.T) {
	for _, c := range Cases() {
		if slices.Contains(slow, c.Name) {
			checkRFCv2(t, c)
			checkFixed(t, c)
		}
	}
	for _, r := range netgpu.Repairs() {
		if slices.Contains(slow, showing[r]) {
			checkNeeded(t, r)
		}
	}
}

func TestLongWalks(t *testing.T) {
	for _, c := range Walks() {
		r, err := Fuzz(context.Background(), c, netgpu.Fixed(), FuzzOptions{Seed: 2, Walks: 30, Steps: 20_000, Workers: 2})
		if err != nil || !r.Complete {
			t.Fatalf("%s: complete %v, %v", c.Name, r.Complete, err)
		}
		for _, v := range r.Violations {
			t.Errorf("%s: the repaired variant violates %v/%s: %s", c.Name, v.Invariant, v.Cause, v.What)
		}
	}
}
