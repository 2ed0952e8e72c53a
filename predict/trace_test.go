package predict

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// TestTracesDivergeWhereTheRunReportsViolations runs every built-in transfer for a
// short time and holds the trace of each host that uses netgpu against the model, while
// it is written. The checker has to object to what the host's own ledger objects to, at
// the same time, and to nothing else.
func TestTracesDivergeWhereTheRunReportsViolations(t *testing.T) {
	violating, traces := 0, 0
	for _, info := range scenarios.Builtin() {
		set := []string{"run.warmup=0ns", "run.duration=15ms"}
		s, err := scenarios.Load(info.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(s.Expect, func(e scenarios.Expect) bool { return e.Metric == "stall.cause" }) { // until it has stalled
			set = []string{"run.warmup=0ns", "run.duration=1s", "run.stall_after=200ms"}
		}
		if s.Kind == scenarios.KindBench {
			continue
		}
		if s, err = scenarios.Load(info.Name, set); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"sender", "receiver"} {
			t.Run(info.Name+"/"+name, func(t *testing.T) {
				n, ok := traced(t, s, i)
				if !ok {
					t.Skip("does not use netgpu")
				}
				traces++
				violating += min(n, 1)
			})
		}
	}
	if traces < 40 || violating < 3 {
		t.Errorf("%d traces, %d of them of runs with violations: the built-ins have more", traces, violating)
	}
}

// traced runs a scenario with the trace of a host and returns how many violations the
// run reports; false if the host does not use netgpu.
func traced(t *testing.T, s *scenarios.Scenario, i int) (violations int, ok bool) {
	cfg := config(s)
	r, w := io.Pipe()
	cfg.Trace[i] = host.TraceSpec{Out: w, Producer: "test"}
	type outcome struct {
		report trace.Report
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		report, err := trace.Check(context.Background(), r, trace.Options{All: true})
		_, _ = io.Copy(io.Discard, r) // let the writer end
		done <- outcome{report, err}
	}()
	world, err := host.NewWorld(cfg)
	if err != nil {
		_ = w.Close()
		<-done
		if strings.Contains(err.Error(), "no flow that uses netgpu") {
			return 0, false
		}
		t.Fatal(err)
	}
	world.Run(world.End())
	err = world.FlushTraces()
	_ = w.Close()
	o := <-done
	if err != nil || o.err != nil {
		t.Fatal(err, o.err)
	}
	spec := []*host.Spec{cfg.Sender, cfg.Receiver}[i]
	exact := spec.Netgpu.Variant != netgpu.Fixed().Name // a repaired one only has to keep the invariants
	if o.report.Exact != exact || o.report.Unverifiable != 0 || o.report.Events == 0 {
		t.Errorf("exact %v, %d of %d events unverifiable", o.report.Exact, o.report.Unverifiable, o.report.Events)
	}
	want := world.Hosts[i].Ledger().Violations()
	for k, d := range o.report.Divergences {
		if k >= len(want) || d.Cause != want[k].Cause.String() || d.Time != want[k].Stamp/int64(sim.Nanosecond) {
			t.Errorf("divergence %d: %v at %d ns; the run reports %v", k, d, d.Time, want)
		}
	}
	if len(o.report.Divergences) != len(want) {
		t.Errorf("%d divergences; the run reports %v", len(o.report.Divergences), want)
	}
	return len(want), true
}

// TestTraceDoesNotChangeTheRun: a run with a trace has the digest of one without.
func TestTraceDoesNotChangeTheRun(t *testing.T) {
	s, err := scenarios.Load("smoke", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out [2]bytes.Buffer
	var digests [3]string
	for i := range digests {
		o := Options{}
		if i < 2 {
			o.Trace = &out[i]
		}
		r, err := Run(context.Background(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		digests[i] = r.Digest
	}
	if digests[0] != digests[2] || digests[1] != digests[2] {
		t.Errorf("digests with trace %v, without %s", digests[:2], digests[2])
	}
	if out[0].Len() == 0 || !bytes.Equal(out[0].Bytes(), out[1].Bytes()) {
		t.Errorf("the same run wrote %d and %d bytes that differ", out[0].Len(), out[1].Len())
	}
}

// TestTraceOfACorrectRunIsCleanForAnyVariant: what follows the model keeps its
// invariants, too.
func TestTraceOfACorrectRunIsCleanForAnyVariant(t *testing.T) {
	for _, name := range []string{"smoke", "bidirectional", "many-sockets", "shared-area", "mtu-9000", "loss-1pct"} {
		s, err := scenarios.Load(name, []string{"run.warmup=0ns", "run.duration=5ms"})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := Run(context.Background(), s, Options{Trace: &out}); err != nil {
			t.Fatal(err)
		}
		r, err := trace.Check(context.Background(), &out, trace.Options{Variant: trace.AnyVariant})
		if err != nil || !r.OK() || r.Unverifiable != 0 || r.Events == 0 {
			t.Errorf("%s: %v, %d events, %d unverifiable, %v", name, err, r.Events, r.Unverifiable, r.Divergences)
		}
	}
}

// TestTraceOfAResumedRunBeginsWithAGap and is clean behind it.
func TestTraceOfAResumedRunBeginsWithAGap(t *testing.T) {
	s, err := scenarios.Load("smoke", nil)
	if err != nil {
		t.Fatal(err)
	}
	var state bytes.Buffer
	_, err = Run(context.Background(), s, Options{SaveAt: s.Run.Warmup, Save: func(w *host.World) error { return sim.Save(&state, w) }})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = Run(context.Background(), s, Options{Trace: &out, Resume: func(w *host.World) error { return sim.Restore(&state, w) }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := trace.Check(context.Background(), &out, trace.Options{})
	if err != nil || !r.OK() || r.Gaps != 1 || r.Unverifiable == 0 || r.Unverifiable > r.Events/2 {
		t.Errorf("%v, %d gaps, %d of %d events unverifiable, %v", err, r.Gaps, r.Unverifiable, r.Events, r.Divergences)
	}
}
