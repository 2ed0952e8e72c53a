package tcp

import (
	"fmt"
	"math"
	"testing"

	"netgpusim/sim"
)

// A response function says how much a flow has in flight on average at a given loss
// rate. One frame is lost, at a random place, in every so many: strictly periodic
// losses lock CUBIC's integers in at one height. The pipe is so long that the window
// alone limits. The rest of the sweep takes minutes: response_long_test.go.
func TestResponseFunctions(t *testing.T) {
	for _, every := range []int64{100, 1000, 10_000} {
		testResponse(t, "reno", every, 20*sim.Millisecond, 60*sim.Second)
		testResponse(t, "cubic", every, 100*sim.Millisecond, 120*sim.Second)
	}
}

// testResponse compares a flow that loses one in so many frames with the law.
func testResponse(t *testing.T, cc string, every int64, rtt, span sim.Time) {
	t.Run(fmt.Sprintf("%s/%d/%v", cc, every, rtt), func(t *testing.T) {
		d := lossyFlow(t, cc, rtt)
		loss := lossOneIn(every)
		d.loss = func(n int64) bool { return loss.at(n) }
		d.startAll()
		d.run(span / 4)
		moved := total(d.measure(span))
		if d.drops < 10 {
			t.Fatalf("only %d losses", d.drops)
		}
		got := moved / 1420 / span.Seconds() * rtt.Seconds()
		want := renoLaw(float64(d.drops) / float64(d.frames))
		if cc == "cubic" {
			want = cubicLaw(every, rtt.Seconds())
		}
		t.Logf("%.1f segments in flight, the law says %.1f: %+.1f %%", got, want, 100*(got/want-1))
		if math.Abs(got/want-1) > 0.15 {
			t.Errorf("%.1f segments in flight, want %.1f within 15 %%", got, want)
		}
	})
}

// stratifiedLoss loses one frame, at a random place, in every so many.
type stratifiedLoss struct {
	every, next int64
	random      sim.Rand
}

func lossOneIn(every int64) *stratifiedLoss {
	l := &stratifiedLoss{every: every, random: sim.NewRand(uint64(every), "loss")}
	l.next = 1 + int64(l.random.Intn(int(every)))
	return l
}

// at says whether frame n, counted from 1, is lost.
func (l *stratifiedLoss) at(n int64) bool {
	if n != l.next {
		return false
	}
	l.advance()
	return true
}

// advance draws the next loss and returns how many frames it is away.
func (l *stratifiedLoss) advance() int64 {
	next := (l.next-1)/l.every*l.every + l.every + 1 + int64(l.random.Intn(int(l.every)))
	gap := next - l.next
	l.next = next
	return gap
}

// lossyFlow is one flow with an ACK per segment on a link that is never full.
func lossyFlow(t *testing.T, cc string, rtt sim.Time) *dumbbell {
	spec := testSpec()
	spec.Congestion = cc
	spec.DelayedACK = 0
	spec.ReceiveBuffer, spec.SendBuffer = sim.GiB, sim.GiB
	return newDumbbell(t, spec, 1, 100*sim.Gbps, rtt/2)
}

// renoLaw is Mathis, Semke, Mahdavi, Ott 1997: sqrt(3/2) / sqrt(p) segments with an
// ACK per segment.
func renoLaw(p float64) float64 { return math.Sqrt(1.5 / p) }

// cubicLaw integrates the window of RFC 9438 from loss to loss: the cubic function of
// section 4.2, the Reno estimate of 4.3 where that is larger, fast convergence of 4.7,
// and one round trip in which recovery takes the window down.
func cubicLaw(every int64, rtt float64) float64 {
	loss := lossOneIn(every)
	return integrateCubic(func() float64 { return float64(loss.advance()) }, rtt, true)
}

// integrateCubic is the average window with a loss after as many segments as gap says.
func integrateCubic(gap func() float64, rtt float64, fastConvergence bool) float64 {
	const c, beta = 0.4, 0.7
	const alpha = 3 * (1 - beta) / (1 + beta)
	w, last := 100.0, 100.0
	segs, rounds := 0.0, 0.0
	const step = 0.05 // round trips
	for cycle := range 2000 {
		low := beta * w
		top := w
		if w < last && fastConvergence {
			top = w * (1 + beta) / 2
		}
		last = top
		k := math.Cbrt(max(top-low, 0) / c)
		if top <= low {
			top, k = low, 0
		}
		sent, round := (w+low)/2, 1.0 // recovery
		w = low
		most := gap()
		for at := 0.0; sent < most; at += step {
			w = max(c*math.Pow(at*rtt-k, 3)+top, low+alpha*at)
			sent += w * step
			round += step
		}
		if cycle >= 100 {
			segs, rounds = segs+sent, rounds+round
		}
	}
	return segs / rounds
}

// RFC 9438 section 5.1: with periodic losses in the cubic region, and no fast
// convergence, the average window is
// (C (3+beta) / (4 (1-beta)))^(1/4) RTT^(3/4) / p^(3/4). The integral agrees with that.
func TestCubicLawIsTheFormulaOfTheRFC(t *testing.T) {
	for _, every := range []float64{1e5, 1e6} {
		want := math.Pow(0.4*3.7/(4*0.3), 0.25) * math.Pow(0.1*every, 0.75)
		if got := integrateCubic(func() float64 { return every }, 0.1, false); math.Abs(got/want-1) > 0.03 {
			t.Errorf("one loss in %g: the integral is %.0f, the formula %.0f", every, got, want)
		}
	}
}
