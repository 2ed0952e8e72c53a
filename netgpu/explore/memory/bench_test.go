package memory

import (
	"context"
	"testing"

	"netgpusim/netgpu/explore/search"
)

// BenchmarkWeak explores the largest state space that a verdict of Programs needs,
// on one core.
func BenchmarkWeak(b *testing.B) {
	p, err := ProgramByName("rx-peek-batch-kernel")
	if err != nil {
		b.Fatal(err)
	}
	states := 0
	for b.Loop() {
		r, err := Check(context.Background(), p, Weak, Without(loadProdBarrier), search.Options{Workers: 1})
		if err != nil {
			b.Fatal(err)
		}
		states += r.States
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
}

// BenchmarkSmall is what a check costs that has little to explore.
func BenchmarkSmall(b *testing.B) {
	p := Programs()[0]
	for b.Loop() {
		if _, err := Check(context.Background(), p, SC, BarrierSet{}, search.Options{Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
