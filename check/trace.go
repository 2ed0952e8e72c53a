package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"netgpusim/netgpu/trace"
	"netgpusim/reports"
)

// Trace is a recorded trace.
type Trace struct {
	Name  string
	Bytes int64 // as far as known, for the time left; 0 if not
	io.Reader
}

// Tracing is a request to hold traces against the model.
type Tracing struct {
	Variant  string // rfc-v2, rfc-v1, any; "": each trace's own
	All      bool   // go on after the first divergence
	Progress func(Progress)
}

// Check holds one trace against the model and adds the outcome to r. The error says,
// with file and line, what is damaged in the trace; what was seen up to there is in r,
// as a case that is not complete.
func (t Tracing) Check(ctx context.Context, r *reports.Check, in Trace) error {
	begin := time.Now()
	o := trace.Options{Variant: t.Variant, All: t.All}
	if t.Progress != nil {
		o.Progress = func(lines, bytes int64) { t.Progress(traceProgress(in, lines, bytes, time.Since(begin))) }
	}
	found, err := trace.Check(ctx, in, o)
	k := traceCase(in.Name, &found)
	switch {
	case err != nil && ctx.Err() != nil:
		k.Stopped, r.Interrupted = "interrupted", true
		err = nil
	case err != nil:
		k.Stopped = err.Error()
		var damaged *trace.FormatError
		if errors.As(err, &damaged) {
			err = fmt.Errorf("%s:%d: %w", in.Name, damaged.Line, damaged.Err)
		} else {
			err = fmt.Errorf("%s: %w", in.Name, err)
		}
	case len(found.Divergences) > 0 && !t.All:
		k.Stopped = "first-divergence"
	case len(found.Divergences) >= trace.DefaultMax:
		k.Stopped = fmt.Sprintf("%d divergences are as many as are shown", trace.DefaultMax)
	default:
		k.Complete = true
	}
	k.WallS = time.Since(begin).Seconds()
	if k.WallS > 0 {
		k.StatesPerS = float64(k.States) / k.WallS
	}
	r.Command = "trace"
	r.Variant = t.Variant
	r.WallS += k.WallS
	r.Cases = append(r.Cases, k)
	return err
}

func traceCase(name string, found *trace.Report) reports.CheckCase {
	k := reports.CheckCase{Name: name, Kind: reports.CheckTrace, Variant: found.Variant, States: found.Events,
		Trace: &reports.CheckTraceInfo{Exact: found.Exact, Lines: found.Lines, Events: found.Events, Bytes: found.Bytes,
			Gaps: found.Gaps, Lost: found.Lost, Unverifiable: found.Unverifiable}}
	for _, operation := range slices.Sorted(maps.Keys(found.Coverage)) {
		k.Coverage = append(k.Coverage, reports.CheckCoverage{Operation: operation, Count: found.Coverage[operation]})
	}
	for _, d := range found.Divergences {
		k.Violations = append(k.Violations, reports.CheckViolation{Invariant: d.Invariant, Cause: d.Cause, Count: 1,
			What: "expected " + d.Expected + ", found " + d.Found, Line: d.Line, TimeNs: d.Time, Ring: d.Ring, Expected: d.Expected, Found: d.Found,
			Steps: []reports.CheckStep{{Actor: d.Actor, Operation: d.Op, Effect: d.Found}}})
	}
	return k
}

// traceProgress estimates the time left by the bytes read; a compressed trace, whose
// bytes in the file say little, has no estimate.
func traceProgress(in Trace, lines, bytes int64, passed time.Duration) Progress {
	p := Progress{Case: in.Name, Index: 1, Of: 1, States: lines, Left: -1}
	if s := passed.Seconds(); s > 0 {
		p.PerSecond = float64(lines) / s
		if bytes > 0 && in.Bytes >= bytes {
			p.Left = time.Duration(s / float64(bytes) * float64(in.Bytes-bytes) * float64(time.Second))
		}
	}
	return p
}
