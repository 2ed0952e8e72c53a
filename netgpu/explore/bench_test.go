package explore

import (
	"context"
	"fmt"
	"testing"

	"netgpusim/netgpu"
)

// BenchmarkPageCache exhausts the page-cache case of the repaired model: states/s and
// bytes per visited state at the peak, with one worker and with two.
func BenchmarkPageCache(b *testing.B) {
	c, _ := CaseByName("page-cache")
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			states, bytes := 0, int64(0)
			for b.Loop() {
				r, err := Explore(context.Background(), c, netgpu.Fixed(), Options{Workers: workers})
				if err != nil || !r.Complete {
					b.Fatal(r.Stopped, err)
				}
				if r.States != 1_699_822 || r.Transitions != 3_232_939 {
					b.Fatalf("%d states, %d transitions: the case has 1699822 and 3232939", r.States, r.Transitions)
				}
				states, bytes = states+r.States, r.Bytes/int64(r.States)
			}
			b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
			b.ReportMetric(float64(bytes), "B/state")
		})
	}
}

// BenchmarkWalk is one step of a random walk, with the census and the codec.
func BenchmarkWalk(b *testing.B) {
	c, _ := CaseByName("walk-receive")
	steps := int64(0)
	for b.Loop() {
		r, err := Fuzz(context.Background(), c, netgpu.Fixed(), FuzzOptions{Seed: 1, Walks: 1, Steps: 20_000})
		if err != nil {
			b.Fatal(err)
		}
		steps += r.Steps
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
