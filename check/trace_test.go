package check

import (
	"context"
	"strings"
	"testing"

	"netgpusim/reports"
)

const traceHead = `{"format":"netgpu trace 1","variant":"any","actors":["app","kernel"],"contexts":1,` +
	`"regions":[{"addr":65536,"len":16384,"memory":"host","contexts":[0]}],"rings":[{"name":"fill/57","kind":"fill","context":0,"entries":4}]}` + "\n"

const traceGood = `{"t":100,"actor":"app","ring":"fill/57","op":"produce","index":0,"addr":65536}` + "\n" +
	`{"t":200,"actor":"app","ring":"fill/57","op":"submit","index":1}` + "\n" +
	`{"t":300,"actor":"kernel","ring":"fill/57","op":"get","index":0,"addr":65536}` + "\n"

// traced checks one trace that is given as text.
func traced(t *testing.T, x Tracing, text string) (reports.Check, error) {
	t.Helper()
	var r reports.Check
	err := x.Check(t.Context(), &r, Trace{Name: "x.ndjson", Bytes: int64(len(text)), Reader: strings.NewReader(text)})
	return r, err
}

func TestTraceIsHeldAgainstTheModel(t *testing.T) {
	r, err := traced(t, Tracing{}, traceHead+traceGood)
	if k := r.Cases[0]; err != nil || !k.Complete || len(k.Violations) > 0 || k.States != 3 || k.Variant != "any" {
		t.Errorf("%v, %+v", err, k)
	}
	bad := traceHead + strings.Replace(traceGood, `"op":"submit","index":1`, `"op":"submit","index":7`, 1)
	r, err = traced(t, Tracing{}, bad)
	k := r.Cases[0]
	if err != nil || k.Complete || k.Stopped != "first-divergence" || len(k.Violations) != 1 {
		t.Fatalf("%v, %+v", err, k)
	}
	if v := k.Violations[0]; v.Line != 3 || v.Ring != "fill/57" || v.TimeNs != 200 || v.Expected == "" || v.Found == "" || len(v.Steps) != 1 || v.Steps[0].Operation != "submit" {
		t.Errorf("%+v", v)
	}
	if r, err = traced(t, Tracing{All: true}, bad); err != nil || !r.Cases[0].Complete || len(r.Cases[0].Violations) == 0 {
		t.Errorf("--all: %v, %+v", err, r.Cases[0])
	}
}

func TestDamagedTraceIsAnErrorWithItsPlace(t *testing.T) {
	r, err := traced(t, Tracing{}, traceHead+traceGood+"{\"t\":")
	if err == nil || !strings.HasPrefix(err.Error(), "x.ndjson:5: ") {
		t.Errorf("%v", err)
	}
	if k := r.Cases[0]; k.Complete || k.States != 3 || k.Stopped == "" {
		t.Errorf("%+v", k)
	}
	if _, err = traced(t, Tracing{}, ""); err == nil || !strings.HasPrefix(err.Error(), "x.ndjson:1: ") {
		t.Errorf("empty: %v", err)
	}
}

func TestInterruptedTraceIsNoDamage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var r reports.Check
	err := Tracing{}.Check(ctx, &r, Trace{Name: "x", Reader: strings.NewReader(traceHead + traceGood)})
	if err != nil || !r.Interrupted || r.Cases[0].Complete {
		t.Errorf("%v, %+v", err, r)
	}
}
