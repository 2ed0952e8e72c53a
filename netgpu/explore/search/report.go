package search

import (
	"math"
	"time"
)

// reportEvery is the time between two reports. It has no influence on results.
const reportEvery = 200 * time.Millisecond

// Snapshot is the state of a running search.
type Snapshot struct {
	States      int
	Transitions uint64
	Depth       int   // of the level that is being expanded
	Levels      []int // states per depth up to Depth; not to be changed
	Expanded    int   // states of the level that have been expanded
	Next        int   // states found for the next level so far
	Bytes       int64 // held
	Codes       int   // distinct codes found

	// Limit is the share of MaxStates or MaxBytes that is used up, whichever is
	// larger; 0 if neither is given. This one is certain.
	Limit float64
}

// Frontier is the number of states that wait to be expanded.
func (s Snapshot) Frontier() int { return s.Levels[s.Depth] - s.Expanded + s.Next }

// Remaining estimates how many states are still to be found, and says whether
// there is ground for an estimate. It is a guess: state spaces tend to grow by a
// factor that falls from level to level, so it continues the line through the
// logarithms of the latest factors until the levels die out. A system whose
// levels follow no such law (one that grows again after it had shrunk) deceives
// it.
func (s Snapshot) Remaining() (states float64, ok bool) {
	levels := make([]float64, 0, len(s.Levels)+1)
	for _, n := range s.Levels {
		levels = append(levels, float64(n))
	}
	// The next level counts by what the expanded part of this one suggests.
	const enough = 0.2
	next := 0.0
	if share := float64(s.Expanded) / levels[s.Depth]; share >= enough {
		next = float64(s.Next) / share
		if next < 1 {
			return 0, true
		}
		levels = append(levels, next)
	}
	rest, ok := continued(levels)
	return max(0, rest+next-float64(s.Next)), ok
}

// Done estimates the fraction of the state space that has been found: see
// Remaining.
func (s Snapshot) Done() (fraction float64, ok bool) {
	rest, ok := s.Remaining()
	return float64(s.States) / (float64(s.States) + rest), ok
}

// continued estimates the sum of the levels that follow; !ok if they are too few
// or show no sign of an end.
func continued(levels []float64) (sum float64, ok bool) {
	const (
		fewest, most = 4, 8 // factors to draw the line through
		patience     = 1 << 16
	)
	n := min(most, len(levels)-1)
	if n < fewest {
		return 0, false
	}
	factors := make([]float64, n)
	for i := range factors {
		at := len(levels) - n + i
		factors[i] = math.Log(levels[at] / levels[at-1])
	}
	mean, slope := line(factors)
	if mean < 0 {
		slope = min(slope, 0) // it declines; do not expect it to turn
	} else if slope >= 0 {
		return 0, false
	}
	size := levels[len(levels)-1]
	for i := range patience {
		size *= math.Exp(mean + slope*(float64(n+i)-float64(n-1)/2))
		if size < 1 {
			return sum, true
		}
		if sum += size; math.IsInf(sum, 0) {
			break
		}
	}
	return 0, false
}

// line fits y = mean + slope·(x - mid) to values at x = 0, 1, ..., of which mid is
// the middle.
func line(y []float64) (mean, slope float64) {
	mid := float64(len(y)-1) / 2
	var xx, xy float64
	for i, v := range y {
		x := float64(i) - mid
		mean += v / float64(len(y))
		xx += x * x
		xy += x * v
	}
	return mean, xy / xx
}

// publish makes the numbers of now available to reports.
func (e *engine) publish() {
	if e.o.Report == nil {
		return
	}
	s := Snapshot{
		States: e.states, Transitions: e.transitions, Depth: e.depth,
		Levels:   e.levels[:len(e.levels):len(e.levels)],
		Expanded: int(e.expanded - e.now.first), Next: e.next.states,
		Bytes: e.peak, Codes: len(e.findings.list),
	}
	if e.o.MaxStates < MaxStates {
		s.Limit = float64(e.states) / float64(e.o.MaxStates)
	}
	if e.o.MaxBytes > 0 {
		s.Limit = max(s.Limit, float64(e.peak)/float64(e.o.MaxBytes))
	}
	e.mu.Lock()
	e.snapshot = s
	e.mu.Unlock()
}

// startReport starts calling Options.Report; the function it returns ends that.
func (e *engine) startReport() (stop func()) {
	if e.o.Report == nil {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				e.report()
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// report passes the latest numbers on, once there are any.
func (e *engine) report() {
	e.mu.Lock()
	s := e.snapshot
	e.mu.Unlock()
	if s.States > 0 {
		e.o.Report(s)
	}
}
