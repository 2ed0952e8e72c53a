package trace

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func checked(t *testing.T, in []byte, o Options) Report {
	t.Helper()
	report, err := Check(context.Background(), bytes.NewReader(in), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestTraceOfACorrectMachineIsClean: whatever a machine does that follows the model,
// no check is against it: exact, free, with any set of actors, with gaps anywhere.
func TestTraceOfACorrectMachineIsClean(t *testing.T) {
	for seed := range uint64(5) {
		in := machineTrace(t, seed, 2000)
		if r := checked(t, in, Options{}); !r.OK() || !r.Exact || r.Unverifiable != 0 {
			t.Errorf("seed %d: %s", seed, told(&r, nil))
		}
		if r := checked(t, in, Options{Variant: AnyVariant}); !r.OK() || r.Exact || r.Unverifiable != 0 {
			t.Errorf("seed %d: %s", seed, told(&r, nil))
		}
		for _, actors := range [][]string{{"app"}, {"kernel"}, {"app", "kernel"}, {"kernel", "nic"}} {
			for _, variant := range []string{"", AnyVariant} {
				if r := checked(t, only(in, actors), Options{Variant: variant}); !r.OK() || r.Events == 0 {
					t.Errorf("seed %d, actors %v: %s", seed, actors, told(&r, nil))
				}
			}
		}
		for lost := range 20 {
			for _, actors := range [][]string{actorNames[:], {"app"}, {"kernel"}} {
				with := withGap(only(in, actors), 10+lost*97, lost*7)
				if r := checked(t, with, Options{}); !r.OK() || r.Gaps != 1 || r.Exact {
					t.Errorf("seed %d, actors %v, gap of %d: %s", seed, actors, lost*7, told(&r, nil))
				}
			}
		}
	}
}

// only leaves the events of some actors in a trace.
func only(in []byte, actors []string) []byte {
	lines := strings.SplitAfter(string(in), "\n")
	list := `"` + strings.Join(actors, `","`) + `"`
	var b strings.Builder
	b.WriteString(strings.Replace(lines[0], `"actors":["app","kernel","nic"]`, `"actors":[`+list+`]`, 1))
	for _, line := range lines[1:] {
		for _, a := range actors {
			if strings.Contains(line, `"actor":"`+a+`"`) {
				b.WriteString(line)
			}
		}
	}
	return []byte(b.String())
}

// withGap replaces n lines from at on with a gap.
func withGap(in []byte, at, n int) []byte {
	lines := strings.SplitAfter(string(in), "\n")
	at = min(at, len(lines)-1)
	end := min(at+n, len(lines)-1)
	gap := fmt.Sprintf("{\"t\":1,\"op\":\"gap\",\"lost\":%d}\n", end-at)
	return []byte(strings.Join(lines[:at], "") + gap + strings.Join(lines[end:], ""))
}

// TestManyGapsRaiseNoFalseAlarm: a tracer under load loses events all the time.
func TestManyGapsRaiseNoFalseAlarm(t *testing.T) {
	for seed := range uint64(5) {
		lines := strings.SplitAfter(string(machineTrace(t, seed, 4000)), "\n")
		var b strings.Builder
		for i, line := range lines {
			switch {
			case i > 0 && i%97 == 0:
				b.WriteString("{\"t\":1,\"op\":\"gap\"}\n")
			case i > 97 && i%97 < int(seed):
			default:
				b.WriteString(line)
			}
		}
		r := checked(t, []byte(b.String()), Options{})
		if !r.OK() || r.Gaps < 50 || r.Unverifiable == 0 || r.Unverifiable > r.Events/2 {
			t.Errorf("seed %d: %s", seed, told(&r, nil))
		}
	}
}

func TestCheckCounts(t *testing.T) {
	in := machineTrace(t, 3, 500)
	r := checked(t, in, Options{})
	if lines := int64(bytes.Count(in, []byte("\n"))); r.Lines != lines || r.Events != lines-1 || r.Bytes != int64(len(in)) {
		t.Errorf("%d lines, %d events, %d bytes of %d lines and %d bytes", r.Lines, r.Events, r.Bytes, lines, len(in))
	}
	var sum int64
	for _, n := range r.Coverage {
		sum += n
	}
	if sum != r.Events || r.Coverage["deliver"] == 0 || len(r.Coverage) != OpCount {
		t.Errorf("coverage %v of %d events", r.Coverage, r.Events)
	}
}

func TestCheckReadsGzip(t *testing.T) {
	in := machineTrace(t, 4, 1000)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(in); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if plain, packed := checked(t, in, Options{}), checked(t, b.Bytes(), Options{}); !reflect.DeepEqual(plain, packed) {
		t.Errorf("compressed: %v; not: %v", packed, plain)
	}
	_, err := Check(context.Background(), bytes.NewReader(b.Bytes()[:b.Len()-20]), Options{})
	var format *FormatError
	if !errors.As(err, &format) {
		t.Errorf("a cut file gives %v, not a format error", err)
	}
}

func TestCheckDoesNotDependOnHowTheReaderCuts(t *testing.T) {
	in := machineTrace(t, 5, 300)
	whole := checked(t, in, Options{})
	r, err := Check(context.Background(), iotest.HalfReader(iotest.OneByteReader(bytes.NewReader(in))), Options{})
	if err != nil || !reflect.DeepEqual(whole, r) {
		t.Errorf("%v, %v; whole: %v", r, err, whole)
	}
}

func TestReadErrorsAreErrors(t *testing.T) {
	in := machineTrace(t, 6, 300)
	broken := errors.New("the disk is broken")
	r, err := Check(context.Background(), io.MultiReader(bytes.NewReader(in), iotest.ErrReader(broken)), Options{})
	if !errors.Is(err, broken) || r.Events == 0 {
		t.Errorf("%v after %d events", err, r.Events)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	in := machineTrace(t, 7, 60000)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	r, err := Check(ctx, bytes.NewReader(in), Options{Progress: func(lines, _ int64) {
		calls++
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || calls != 1 || r.Lines == 0 || r.Lines >= int64(bytes.Count(in, []byte("\n"))) {
		t.Errorf("%v after %d lines, %d calls", err, r.Lines, calls)
	}
}

func TestAllGoesOnUpToItsBound(t *testing.T) {
	in := []byte(strings.Join(strings.SplitAfterN(string(machineTrace(t, 8, 1)), "\n", 2)[:1], ""))
	for i := range 50 {
		in = fmt.Appendf(in, "{\"t\":%d,\"actor\":\"kernel\",\"op\":\"post\",\"ring\":\"fill/9\",\"addr\":4096}\n", i)
	}
	for _, c := range []struct {
		o    Options
		want int
	}{{Options{}, 1}, {Options{All: true, Max: 7}, 7}, {Options{All: true}, 50}} {
		if r := checked(t, in, c.o); len(r.Divergences) != c.want {
			t.Errorf("%+v: %d divergences, not %d", c.o, len(r.Divergences), c.want)
		}
	}
}

func TestTooManyPagesAreRefused(t *testing.T) {
	in := machineTrace(t, 9, 10)
	if _, err := Check(context.Background(), bytes.NewReader(in), Options{MaxPages: 100}); err == nil || !strings.Contains(err.Error(), "100 pages") {
		t.Errorf("100 pages: %v", err)
	}
}

// TestMemoryDoesNotGrowWithTheTrace: what a check holds depends on rings and pages.
func TestMemoryDoesNotGrowWithTheTrace(t *testing.T) {
	allocations := func(steps int) float64 {
		in := machineTrace(t, 10, steps)
		return testing.AllocsPerRun(1, func() { checked(t, in, Options{Variant: AnyVariant}) })
	}
	if short, long := allocations(2000), allocations(40000); long > short+50 {
		t.Errorf("%v allocations for a trace, %v for one twenty times as long", short, long)
	}
}

func TestWriterDoesNotAllocate(t *testing.T) {
	w, err := NewWriter(io.Discard, Header{Variant: "rfc-v2", Actors: []string{"app"}, Contexts: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := Event{Time: 1 << 40, Op: Take, Ring: "rx/0", Index: 1 << 31, Addr: 1 << 47, Len: 4096}
	w.Event(&e)
	if n := testing.AllocsPerRun(1000, func() { w.Event(&e) }); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}

func TestWriterRefusesWhatCheckWould(t *testing.T) {
	for _, h := range []Header{
		{Variant: "rfc-v2"},
		{Variant: "rfc-v2", Actors: []string{"gpu"}},
		{Variant: "rfc-v2", Actors: []string{"nic"}},
		{Variant: "rfc-v2", Actors: []string{"app"}, Contexts: MaxContexts + 1},
		{Variant: "rfc-v2", Actors: []string{"app"}, Rings: make([]RingSpec, MaxRings+1)},
		{Variant: "rfc-v2", Actors: []string{"app"}, Rings: []RingSpec{{Name: "", Kind: "rx"}}},
		{Variant: "rfc-v2", Actors: []string{"app"}, Rings: []RingSpec{{Name: "a", Kind: "tx"}}},
		{Variant: "rfc-v2", Actors: []string{"app"}, Rings: []RingSpec{{Name: "a", Kind: "rx"}, {Name: "a", Kind: "rx"}}},
		{Variant: "rfc-v2", Actors: []string{"app"}, Regions: []RegionSpec{{Memory: "disk"}}},
	} {
		if _, err := NewWriter(io.Discard, h); err == nil {
			t.Errorf("%+v is accepted", h)
		}
	}
}

// failing is a writer whose disk is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterKeepsTheFirstError(t *testing.T) {
	w, err := NewWriter(failing{}, Header{Variant: "rfc-v2", Actors: []string{"app"}})
	for i := 0; err == nil && i < 100000; i++ {
		w.Event(&Event{Op: Quiescent})
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil || err.Error() != "disk full" {
		t.Errorf("%v", err)
	}
}
