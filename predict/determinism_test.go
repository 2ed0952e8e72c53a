package predict

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"netgpusim/host"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// short loads a built-in with a run that is long enough for every ring to wrap and
// short enough for a unit test.
func short(t testing.TB, name string, sets ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name, append([]string{"run.warmup=1ms", "run.duration=3ms"}, sets...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func predicted(t testing.TB, s *scenarios.Scenario, o Options) *reports.Result {
	t.Helper()
	r, err := Run(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// comparable is a result without the one field that may differ between runs.
func comparable(t testing.TB, r *reports.Result) string {
	t.Helper()
	c := *r
	c.WallS = 0
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRunsOfTheSameSeedAreIdentical(t *testing.T) {
	s := short(t, "loss-1pct")
	first := comparable(t, predicted(t, s, Options{}))
	if again := comparable(t, predicted(t, s, Options{})); again != first {
		t.Error("a repeated run differs")
	}
	previous := runtime.GOMAXPROCS(1)
	one := comparable(t, predicted(t, s, Options{}))
	runtime.GOMAXPROCS(2)
	two := comparable(t, predicted(t, s, Options{}))
	runtime.GOMAXPROCS(previous)
	if one != first || two != first {
		t.Error("the result depends on GOMAXPROCS")
	}
	if other := predicted(t, short(t, "loss-1pct", "seed=2"), Options{}); strings.Contains(first, other.Digest) {
		t.Error("another seed gives the same digest although frames are lost at random")
	}
}

func TestPanicOfAModelIsAnErrorOfTheRun(t *testing.T) {
	s := short(t, "smoke")
	_, err := Run(context.Background(), s, Options{Save: func(*host.World) error { panic("as a model might") }})
	var fault *InternalError
	if !errors.As(err, &fault) || len(fault.Stack) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestBandDoesNotDependOnWorkers(t *testing.T) {
	s := short(t, "rfc-v2-gpu-rx")
	s.Band.Warmup, s.Band.Duration = sim.Millisecond, 2*sim.Millisecond
	one := comparable(t, predicted(t, s, Options{Band: true, Workers: 1}))
	if three := comparable(t, predicted(t, s, Options{Band: true, Workers: 3})); three != one {
		t.Error("the band depends on the number of workers")
	}
}

// TestDigestIsTheSameInOtherBuildsAndPlaces runs the command, built without and
// with the race detector, from two directories.
func TestDigestIsTheSameInOtherBuildsAndPlaces(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command twice")
	}
	digest := func(binary, dir string) string {
		cmd := exec.Command(binary, "run", "smoke", "--format", "json")
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		var r reports.Result
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatal(err)
		}
		return r.Digest
	}
	build := func(name string, flags ...string) string {
		binary := filepath.Join(t.TempDir(), name)
		args := append(append([]string{"build", "-o", binary}, flags...), "netgpusim/cmd/netgpusim")
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
		return binary
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	plain := build("plain")
	want := predicted(t, mustLoad(t, "smoke"), Options{}).Digest
	if got := digest(plain, here); got != want {
		t.Errorf("digest of the command %s, of this process %s", got, want)
	}
	if got := digest(plain, t.TempDir()); got != want {
		t.Errorf("digest in another directory %s, want %s", got, want)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc: the race detector needs cgo")
	}
	if got := digest(build("race", "-race"), here); got != want {
		t.Errorf("digest of the race build %s, want %s", got, want)
	}
}

// transfers are the built-in scenarios of that kind: benches have no state to save.
func transfers() []scenarios.Info {
	return slices.DeleteFunc(scenarios.Builtin(), func(info scenarios.Info) bool { return info.Kind != scenarios.KindTransfer })
}

func mustLoad(t testing.TB, name string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSavedRunsEndAsUninterruptedOnes holds every built-in scenario to it: run to
// the end = save, rebuild, restore, run to the end.
func TestSavedRunsEndAsUninterruptedOnes(t *testing.T) {
	for _, info := range transfers() {
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			s := short(t, info.Name)
			want := comparable(t, predicted(t, s, Options{}))
			for _, at := range []sim.Time{0, 150 * sim.Microsecond, 2500 * sim.Microsecond} {
				var state bytes.Buffer
				saving := Options{SaveAt: at, Save: func(w *host.World) error { return sim.Save(&state, w) }}
				if got := comparable(t, predicted(t, s, saving)); got != want {
					t.Fatalf("saving at %v changes the run", at)
				}
				resuming := Options{Resume: func(w *host.World) error { return sim.Restore(&state, w) }}
				if got := comparable(t, predicted(t, s, resuming)); got != want {
					t.Errorf("resumed at %v: the result differs\n got %.300s\nwant %.300s", at, got, want)
				}
			}
		})
	}
}
