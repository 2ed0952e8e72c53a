//go:build long

package tcp

import (
	"math"
	"testing"

	"netgpusim/sim"
)

// The sweep over three decades, with a round trip at which CUBIC leaves the Reno region.
func TestResponseFunctionsOfThreeDecades(t *testing.T) {
	for _, every := range []int64{100, 316, 1000, 3162, 10_000, 31_623, 100_000} {
		span := max(60*sim.Second, sim.Time(every)*4*sim.Millisecond)
		testResponse(t, "reno", every, 20*sim.Millisecond, span)
		testResponse(t, "cubic", every, 100*sim.Millisecond, 2*span)
	}
}

// Losses at random change the constant, not the exponent: over three decades the
// window follows the square root of the loss rate.
func TestRenoFollowsTheSquareRootWithRandomLosses(t *testing.T) {
	var window []float64
	for _, p := range []float64{1e-2, 1e-3, 1e-4, 1e-5} {
		d := lossyFlow(t, "reno", 20*sim.Millisecond)
		r := sim.NewRand(1, "loss")
		d.loss = func(int64) bool { return r.Chance(p) }
		d.startAll()
		d.run(20 * sim.Second)
		const span = 200 * sim.Second
		moved := total(d.measure(span))
		window = append(window, moved/1420/span.Seconds()*0.02*math.Sqrt(float64(d.drops)/float64(d.frames)))
	}
	for i, w := range window {
		if math.Abs(w/math.Sqrt(1.5)-1) > 0.15 {
			t.Errorf("decade %d: window times root of loss rate is %.3f, want 1.22 within 15 %%", i, w)
		}
	}
}
