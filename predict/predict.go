// Package predict turns a scenario into a result: it builds the world, runs it,
// measures, names what limited the run and how far the next limit is, repeats the
// run over the plausible values of what the scenario's source leaves open, and
// holds the outcome against measurements and expectations.
package predict

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"netgpusim/host"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// Version is part of every result: the same scenario, seed and version give the
// same digest.
const Version = "0.1.0"

// ErrInterrupted is returned when the context ended before the run did.
var ErrInterrupted = errors.New("interrupted")

// SetupError is a scenario that is well-formed but cannot be set up: a netgpu call
// refused, or the hardware cannot be put together.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.Err }

// InternalError is a panic of a model: a mistake of ours that no input should be
// able to cause.
type InternalError struct {
	What  any
	Stack []byte
}

func (e *InternalError) Error() string { return fmt.Sprintf("%v\n%s", e.What, e.Stack) }

// recovered, deferred, turns a panic into an *InternalError. Runs have goroutines of
// their own, where a panic would end the program without a word to the user.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = &InternalError{p, debug.Stack()}
	}
}

// Progress tells how far a prediction has come.
type Progress struct {
	Scenario string
	Done     float64 // 0..1 of all the simulated time asked for
}

// Options choose what Run does besides running the scenario.
type Options struct {
	Band     bool           // run the scenario's band, too
	Workers  int            // band points simulated at the same time; at least 1
	Progress func(Progress) // called now and then from the calling goroutine; may be nil
	Tap      host.Tap       // sees every frame of the main run; may be nil
	Trace    io.Writer      // takes the protocol trace of the receiving host in the main run; may be nil
	SaveAt   sim.Time       // with Save: when to take the snapshot
	Save     func(*host.World) error
	Resume   func(*host.World) error // restores the state of a saved run
}

// runSlices is how often a run comes up for air: progress and interruption.
const runSlices = 200

// Run simulates a scenario and reports on it.
func Run(ctx context.Context, s *scenarios.Scenario, o Options) (_ *reports.Result, err error) {
	defer recovered(&err)
	start := time.Now()
	share := 1.0
	var points [][]string
	if o.Band && s.Band != nil {
		points = s.Band.Points()
		own, point := 1.0, 1.0 // the points of a bench take as long as the bench itself
		if s.Kind == scenarios.KindTransfer {
			own, point = float64(s.Run.Warmup+s.Run.Duration), float64(bandTime(s))
		}
		share = own / (own + float64(len(points))*point)
	}
	say := func(done float64) {
		if o.Progress != nil {
			o.Progress(Progress{s.Name, done})
		}
	}
	r, err := outcome(ctx, s, &o, func(f float64) { say(f * share) })
	if err != nil {
		return nil, err
	}
	if r.Measured, err = compare(s, r); err != nil {
		return nil, err
	}
	r.Accuracy = reports.Accuracies(r.Bench)
	if len(points) > 0 {
		r.Band, err = runBand(ctx, s, points, max(o.Workers, 1), func(f float64) { say(share + f*(1-share)) })
		if err != nil {
			return nil, err
		}
	}
	r.Expect = evaluate(s, r)
	r.WallS = time.Since(start).Seconds()
	return r, nil
}

// outcome runs a scenario of any kind and reports on it, without what belongs to it as
// written: measurements, band and expectations.
func outcome(ctx context.Context, s *scenarios.Scenario, o *Options, say func(float64)) (*reports.Result, error) {
	if s.Kind == scenarios.KindBench {
		return bench(ctx, s, say)
	}
	w, err := simulate(ctx, s, o, say)
	if err != nil {
		return nil, err
	}
	return collect(s, w), nil
}

// receiver is the host that receives, in World.Hosts.
const receiver = 1

// simulate runs the world of a scenario to its end.
func simulate(ctx context.Context, s *scenarios.Scenario, o *Options, say func(float64)) (_ *host.World, err error) {
	cfg := config(s)
	cfg.Trace[receiver] = host.TraceSpec{Out: o.Trace, Producer: "netgpusim " + Version}
	w, err := host.NewWorld(cfg)
	if err != nil {
		return nil, &SetupError{fmt.Errorf("scenario %s: %w", s.Name, err)}
	}
	w.SetTap(o.Tap)
	if o.Resume != nil {
		if err := o.Resume(w); err != nil {
			return nil, &SetupError{err}
		}
		w.ResumeTraces()
	}
	defer func() {
		if e := w.FlushTraces(); err == nil {
			err = e
		}
	}()
	if o.Save != nil {
		w.Run(o.SaveAt)
		if err := o.Save(w); err != nil {
			return nil, err
		}
	}
	slice := max(w.End()/runSlices, 1)
	for {
		if ctx.Err() != nil {
			return nil, ErrInterrupted
		}
		if w.Run(w.Engine().Now() + slice) {
			return w, nil
		}
		say(float64(w.Engine().Now()) / float64(w.End()))
	}
}

// config is the world's configuration as a scenario asks for it.
func config(s *scenarios.Scenario) *host.Config {
	return &host.Config{
		Sender: &s.Sender, Receiver: &s.Receiver, Link: &s.Link, Flows: s.Flows, Seed: s.Seed,
		Warmup: s.Run.Warmup, Duration: s.Run.Duration, Batches: s.Run.Batches, StallAfter: s.Run.StallAfter,
	}
}

// compare puts the scenario's measured values beside the prediction. Those of a bench
// have to be about a row of it; what a transfer cannot have measured stays 0.
func compare(s *scenarios.Scenario, r *reports.Result) ([]reports.Measured, error) {
	var rows []reports.Measured
	for i, m := range s.Measured {
		row := reports.Measured{Metric: m.Metric, Unit: m.Unit, Value: m.Value, Source: m.Source, Unstated: m.Unstated, Determines: m.Determines, Note: m.Note}
		if err := beside(r, &m); err != nil {
			return nil, &SetupError{fmt.Errorf("scenario %s: measured[%d]: %w", s.Name, i, err)}
		}
		if v, err := reports.Metric(r, m.Metric); err == nil {
			if f, ok := v.(float64); ok {
				row.Predicted = f
				row.Error = reports.SymmetricError(f, m.Value)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// evaluate holds the result against the scenario's expectations. A run that
// stalled although no expectation speaks of it has failed: it must not pass for a
// prediction of 0 Gbit/s.
func evaluate(s *scenarios.Scenario, r *reports.Result) []reports.Expect {
	outcomes := []reports.Expect{}
	stallNamed := false
	for _, e := range s.Expect {
		spec := reports.ExpectSpec{Name: e.Name, Metric: e.Metric, Min: e.Min, Max: e.Max, Equals: e.Equals, Within: e.Within}
		if e.Contains != nil {
			spec.Contains = *e.Contains
		}
		stallNamed = stallNamed || len(e.Metric) >= 5 && e.Metric[:5] == "stall"
		outcomes = append(outcomes, reports.Evaluate(r, spec))
	}
	if r.Stall != nil && !stallNamed {
		outcomes = append(outcomes, reports.Expect{Name: "progress", Wanted: "payload keeps arriving", Got: "stalled: " + r.Stall.Cause})
	}
	return outcomes
}
