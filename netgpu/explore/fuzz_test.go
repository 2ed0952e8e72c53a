package explore

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

func fuzzed(t *testing.T, name string, v netgpu.Variant, o FuzzOptions) FuzzReport {
	t.Helper()
	c, ok := CaseByName(name)
	if !ok {
		t.Fatalf("no case %q", name)
	}
	r, err := Fuzz(context.Background(), c, v, o)
	if err != nil || !r.Complete {
		t.Fatalf("%s: complete %v, %v", name, r.Complete, err)
	}
	return r
}

func TestWalksFindFaultsAndNoneInFixed(t *testing.T) {
	o := FuzzOptions{Seed: 3, Walks: 8, Steps: 1500, Workers: 2}
	for _, c := range Walks() {
		if r := fuzzed(t, c.Name, netgpu.Fixed(), o); len(r.Violations) > 0 {
			v := r.Violations[0]
			t.Errorf("%s: the repaired variant violates %v/%s: %s", c.Name, v.Invariant, v.Cause, v.What)
		}
	}
	for name, want := range map[string]string{
		"walk-receive": "cache-chunk-alloc-failed", "walk-send": "modified-in-flight", "walk-overfill": "recycle-through-null",
		"walk-header-split": "payload-in-header-buffer", "walk-revoke": "revoked-while-posted",
	} {
		r := fuzzed(t, name, netgpu.RFCv2(), o)
		if !slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Cause == want }) {
			t.Errorf("%s does not find %s, but %+v", name, want, r.Violations)
		}
	}
}

func TestSameSeedSameWalksWhateverTheWorkers(t *testing.T) {
	o := FuzzOptions{Seed: 5, Walks: 12, Steps: 800, Workers: 1}
	want := fuzzed(t, "walk-jumbo", netgpu.RFCv2(), o)
	o.Workers = 3
	if got := fuzzed(t, "walk-jumbo", netgpu.RFCv2(), o); !reflect.DeepEqual(got, want) {
		t.Errorf("three workers: %+v, one: %+v", got, want)
	}
	o.Seed = 6
	if other := fuzzed(t, "walk-jumbo", netgpu.RFCv2(), o); reflect.DeepEqual(other.Coverage, want.Coverage) {
		t.Error("another seed walks the same way")
	}
}

func TestNoStepOfAShrunkWayCanBeLeftOut(t *testing.T) {
	c, _ := CaseByName("walk-send")
	r := fuzzed(t, c.Name, netgpu.RFCv2(), FuzzOptions{Seed: 1, Walks: 10, Steps: 500})
	if len(r.Violations) == 0 {
		t.Fatal("nothing found")
	}
	for _, v := range r.Violations {
		var path []search.Action
		for _, s := range v.Steps {
			a, _ := actionOf(s.Actor, s.Operation)
			path = append(path, a)
		}
		k, err := newWalker(c.Config, netgpu.RFCv2())
		if err != nil {
			t.Fatal(err)
		}
		for i := range path {
			if _, ok := k.leadsTo(slices.Delete(slices.Clone(path), i, i+1), v.code); ok {
				t.Errorf("%s: step %d of %d can be left out", v.Cause, i+1, len(path))
			}
		}
	}
}

func TestWalksCanBeInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, _ := CaseByName("walk-receive")
	if r, err := Fuzz(ctx, c, netgpu.Fixed(), FuzzOptions{Walks: 5, Steps: 100}); err != nil || r.Complete || r.Walks != 0 {
		t.Errorf("complete %v, %d walks, %v", r.Complete, r.Walks, err)
	}
}
