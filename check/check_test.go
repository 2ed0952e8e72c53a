package check

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/reports"
)

func selected(t *testing.T, names ...string) []Case {
	t.Helper()
	cases, err := Select(names, reports.CheckExplore, reports.CheckMemory, reports.CheckWalk)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func explored(t *testing.T, e Exploration) reports.Check {
	t.Helper()
	r, err := Explore(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNamesOfCasesAreDistinctAndFound(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] || c.Title == "" || strings.HasPrefix(c.Title, "...") || c.Bounds() == "" {
			t.Errorf("case %q, title %q, bounds %q, twice %v", c.Name, c.Title, c.Bounds(), seen[c.Name])
		}
		seen[c.Name] = true
		if got := selected(t, c.Name, strings.ToUpper(c.Name)); len(got) != 1 || got[0].Name != c.Name {
			t.Errorf("%s: selected %v", c.Name, got)
		}
		if err := c.Check(netgpu.RFCv2()); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownCaseIsRefusedWithTheNearest(t *testing.T) {
	for _, c := range []struct {
		name  string
		kinds []string
		says  string
	}{
		{"page-cash", []string{reports.CheckExplore}, "page-cache"},
		{"fill-single", []string{reports.CheckMemory}, "memory-fill-single"},
		{"walk-echo", []string{reports.CheckExplore}, "of kind walk"},
		{strings.Repeat("x", 1<<16), []string{reports.CheckExplore}, "nearest"},
		{"", []string{reports.CheckExplore}, "there is no case"},
	} {
		if _, err := Select([]string{c.name}, c.kinds...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.20q: %v", c.name, err)
		}
	}
}

func TestBoundsAreSetAndReadBack(t *testing.T) {
	for _, c := range []struct{ name, setting, shows, refuses string }{
		{"delivery", "pages=7", "pages=7", ""},
		{"delivery", "reset", "reset", ""},
		{"delivery", "pages=1000", "", "1 to 120"},
		{"delivery", "page=4", "", "there is no bound"},
		{"memory-fill-single", "slots=4", "slots=4", ""},
		{"memory-fill-single", "slots=x", "", "wanted is a number"},
		{"memory-fill-single", "pages=4", "", "slots, entries, start, window"},
	} {
		k := selected(t, c.name)[0]
		err := k.Set(c.setting)
		if c.refuses != "" {
			if err == nil || !strings.Contains(err.Error(), c.refuses) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("%s %s: %v", c.name, c.setting, err)
			}
			continue
		}
		if err != nil || !slices.Contains(strings.Fields(k.Bounds()), c.shows) {
			t.Errorf("%s %s: %v, bounds %s", c.name, c.setting, err, k.Bounds())
		}
	}
	for _, c := range [][2]string{{"delivery", "rx=3"}, {"memory-fill-single", "slots=3"}} {
		k := selected(t, c[0])[0]
		if err := k.Set(c[1]); err != nil {
			t.Fatal(err)
		}
		if err := k.Check(netgpu.RFCv2()); err == nil || !strings.Contains(err.Error(), c[0]) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestProfileFollowsTheRepairs(t *testing.T) {
	has := func(v netgpu.Variant, name string) bool {
		return slices.ContainsFunc(Profile(v, reports.CheckMemory), func(c Case) bool { return c.Name == name })
	}
	for _, c := range []struct {
		v                       netgpu.Variant
		batch, repaired, wakeup bool
	}{
		{netgpu.RFCv2(), true, false, false},
		{netgpu.Fixed(), false, true, true},
		{netgpu.RFCv2().With(netgpu.RxRekick), true, false, true},
	} {
		if has(c.v, "memory-rx-cons-batch") != c.batch || has(c.v, "memory-rx-cons-batch-repaired") != c.repaired || has(c.v, "memory-rx-wakeup") != c.wakeup {
			t.Errorf("%v: wrong profile", c.v)
		}
	}
	if n := len(Profile(netgpu.Fixed(), reports.CheckExplore)); n != len(explore.Cases()) {
		t.Errorf("%d cases to explore of %d", n, len(explore.Cases()))
	}
}

func TestVerdict(t *testing.T) {
	with := func(complete bool, causes ...string) reports.CheckCase {
		k := reports.CheckCase{Name: "k", Complete: complete}
		for _, c := range causes {
			k.Violations = append(k.Violations, reports.CheckViolation{Cause: c})
		}
		return k
	}
	for _, c := range []struct {
		what        string
		k           reports.CheckCase
		v           Verdict
		interrupted bool
		ok          bool
	}{
		{"nothing found", with(true), Verdict{Complete: true}, false, true},
		{"something found", with(true, "stuck"), Verdict{Complete: true}, false, false},
		{"what was expected", with(true, "stuck"), Verdict{Expect: []string{"stuck"}, Complete: true}, false, true},
		{"more than expected", with(true, "stuck", "livelock"), Verdict{Expect: []string{"stuck"}}, false, false},
		{"less than expected", with(true), Verdict{Expect: []string{"stuck"}}, false, false},
		{"not exhausted", with(false), Verdict{Complete: true}, false, false},
		{"not exhausted, which is allowed", with(false), Verdict{}, false, true},
		{"expected, not exhausted", with(false, "stuck"), Verdict{Expect: []string{"stuck"}, Complete: true}, false, false},
		{"skipped", reports.CheckCase{Skipped: "why"}, Verdict{Complete: true}, false, true},
		{"interrupted", with(true), Verdict{}, true, false},
	} {
		r := reports.Check{Cases: []reports.CheckCase{c.k}, Interrupted: c.interrupted}
		if Judge(&r, c.v); r.OK != c.ok {
			t.Errorf("%s: ok %v", c.what, r.OK)
		}
	}
}

func TestCausesAreThoseThatChecksFind(t *testing.T) {
	all := Causes()
	for _, want := range []string{"batch-overwritten", "dma-after-unmap", "page-lost", "dma-into-freed-memory", "torn-read", "livelock"} {
		if !slices.Contains(all, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if err := CheckCauses([]string{"stuck", "rx-ring-no-kick"}); err == nil || !strings.Contains(err.Error(), "rx-ring-no-rekick") {
		t.Errorf("%v", err)
	}
}

// figuresOut takes out of a result what depends on time and workers.
func figuresOut(r reports.Check) reports.Check {
	r.WallS = 0
	for i := range r.Cases {
		r.Cases[i].WallS, r.Cases[i].StatesPerS, r.Cases[i].BytesPerState = 0, 0, 0
	}
	return r
}

func TestResultsDependOnTheRequestAlone(t *testing.T) {
	run := func(workers int) []reports.Check {
		var list []reports.Check
		list = append(list, figuresOut(explored(t, Exploration{Variant: netgpu.RFCv2(), Workers: workers, Cases: selected(t, "delivery", "transmit", "memory-fill-single")})))
		r, err := Fuzz(t.Context(), Fuzzing{Variant: netgpu.RFCv2(), Cases: selected(t, "walk-revoke"), Seed: 3, Walks: 6, Steps: 300, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return append(list, figuresOut(r))
	}
	if one, three := run(1), run(3); !reflect.DeepEqual(one, three) {
		t.Errorf("one worker: %+v\nthree: %+v", one, three)
	}
}

func TestMemoryCaseShowsThatEachBarrierIsNeeded(t *testing.T) {
	r := explored(t, Exploration{Variant: netgpu.Fixed(), Cases: selected(t, "memory-poll-sleep")})
	k := r.Cases[0]
	if len(k.Violations) > 0 || !k.Complete || len(k.Models) != 3 {
		t.Fatalf("%+v", k)
	}
	for b := range k.Models[0].Barriers {
		name := k.Models[0].Barriers[b].Barrier
		weak := k.Models[2].Barriers[b]
		if k.Models[0].Barriers[b].Needed || !weak.Needed || weak.Cause == "" {
			t.Errorf("%s: needed under sc %v, weak %v", name, k.Models[0].Barriers[b].Needed, weak)
		}
	}
	r = explored(t, Exploration{Variant: netgpu.Fixed(), Cases: selected(t, "memory-poll-sleep"), Barriers: []string{"sleep: full barrier"}})
	k = r.Cases[0]
	if len(k.Violations) != 1 || k.Violations[0].Cause != "lost-wakeup" || k.Violations[0].Count != 2 || !strings.Contains(k.Violations[0].What, "x86-tso, weak") || len(k.Violations[0].Steps) == 0 {
		t.Errorf("%+v", k.Violations)
	}
}

func TestEveryCauseOfAMemoryCaseHasWords(t *testing.T) {
	for _, k := range explored(t, Exploration{Variant: netgpu.RFCv2(), Cases: selected(t, "memory-rx-cons-batch", "memory-fill-single")}).Cases {
		for _, m := range k.Models {
			for _, cause := range m.Causes {
				if memoryCauses[cause] == "" {
					t.Errorf("%s has no words", cause)
				}
			}
			for _, b := range m.Barriers {
				if b.Needed && memoryCauses[b.Cause] == "" {
					t.Errorf("%s has no words", b.Cause)
				}
			}
		}
	}
}

func TestBoundsStopASearchWithAReason(t *testing.T) {
	for want, e := range map[string]Exploration{
		"max-states": {MaxStates: 500}, "max-memory": {MaxBytes: 1 << 16}, "max-depth": {MaxDepth: 5},
	} {
		for _, name := range []string{"delivery", "memory-rx-single"} {
			e.Variant, e.Cases = netgpu.Fixed(), selected(t, name)
			r := explored(t, e)
			if k := r.Cases[0]; k.Complete || k.Stopped != want {
				t.Errorf("%s %s: complete %v, stopped %q", name, want, k.Complete, k.Stopped)
			}
		}
	}
}

func TestInterruptedCheckSaysWhatWasNotRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := Exploration{Variant: netgpu.Fixed(), Cases: selected(t, "transmit", "delivery"), Progress: func(p Progress) {
		if p.Index == 1 {
			cancel()
		}
	}}
	r, err := Explore(ctx, e)
	if err != nil || !r.Interrupted || len(r.Cases) != 1 || r.Cases[0].Complete || !slices.Equal(r.NotRun, []string{"delivery"}) {
		t.Errorf("%v, %+v", err, r)
	}
	if Judge(&r, Verdict{}); r.OK {
		t.Error("an interrupted check passes")
	}
	z, err := Fuzz(ctx, Fuzzing{Variant: netgpu.Fixed(), Cases: selected(t, "walk-echo"), Walks: 1, Steps: 1})
	if err != nil || !z.Interrupted || !slices.Equal(z.NotRun, []string{"walk-echo"}) {
		t.Errorf("%v, %+v", err, z)
	}
}

func TestImpossibleCaseIsSkippedWithTheReason(t *testing.T) {
	r := explored(t, Exploration{Variant: netgpu.RFCv1(), Cases: selected(t, "shared-area")})
	if k := r.Cases[0]; k.Skipped != "rfc-v1 has no memory areas that contexts could share" {
		t.Errorf("%+v", k)
	}
}

func TestFailFastStopsAfterTheFirstViolation(t *testing.T) {
	r := explored(t, Exploration{Variant: netgpu.RFCv2(), FailFast: true, Cases: selected(t, "transmit", "delivery")})
	if len(r.Cases) != 1 || !slices.Equal(r.NotRun, []string{"delivery"}) {
		t.Errorf("%d cases, not run %v", len(r.Cases), r.NotRun)
	}
}

func TestSavedCounterexamplesReplayAsWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "found")
	r := explored(t, Exploration{Variant: netgpu.RFCv2(), Cases: selected(t, "transmit", "overfill"), SaveTo: folder})
	z, err := Fuzz(t.Context(), Fuzzing{Variant: netgpu.RFCv2(), Cases: selected(t, "walk-send"), Seed: 1, Walks: 2, Steps: 200, SaveTo: folder})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, k := range append(r.Cases, z.Cases...) {
		for _, v := range k.Violations {
			n++
			if got := replayed(t, Replaying{}, v.File); !got.OK || got.Cases[0].Violations[0].Cause != v.Cause {
				t.Errorf("%s: %+v", v.File, got.Cases[0].Replay)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d files", n)
	}
}

func counterexample(t *testing.T, path string) explore.Counterexample {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := explore.ReadCounterexample(bytes.NewReader(data), path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func replayed(t *testing.T, p Replaying, path string) reports.Check {
	t.Helper()
	var r reports.Check
	if err := p.Check(t.Context(), &r, path, counterexample(t, path)); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCounterexampleBecomesATestOfTheRepair(t *testing.T) {
	folder := t.TempDir()
	explored(t, Exploration{Variant: netgpu.RFCv2(), Cases: selected(t, "transmit"), SaveTo: folder})
	path := filepath.Join(folder, "transmit-tx-past-region.txt")
	with := func(r netgpu.Repair) func(netgpu.Variant) (netgpu.Variant, error) {
		return func(v netgpu.Variant) (netgpu.Variant, error) { return v.With(r), nil }
	}
	repaired := Replaying{Change: with(netgpu.TxRegionEnd)}
	if r := replayed(t, repaired, path); r.OK || r.Cases[0].Replay.Differs == "" {
		t.Errorf("on the repaired implementation: %+v", r.Cases[0].Replay)
	}
	repaired.ExpectNothing = true
	if r := replayed(t, repaired, path); !r.OK {
		t.Errorf("nothing expected: %+v", r.Cases[0].Replay)
	}
	other := Replaying{Change: with(netgpu.SpareNext), ExpectNothing: true}
	if r := replayed(t, other, path); r.OK {
		t.Error("another repair passes")
	}

	fresh, err := repaired.Rewrite(t.Context(), path, counterexample(t, path))
	if err != nil {
		t.Fatal(err)
	}
	var r reports.Check
	if err := (Replaying{}).Check(t.Context(), &r, "fresh", fresh); err != nil || !r.OK || r.Cases[0].Replay.Violates != "nothing" {
		t.Errorf("%v, %+v", err, r.Cases[0].Replay)
	}
	fresh.Variant = netgpu.RFCv2()
	if err := (Replaying{}).Check(t.Context(), &r, "fault put back", fresh); err != nil || r.OK {
		t.Errorf("the test passes with the fault put back: %v", err)
	}
	if _, err := other.Rewrite(t.Context(), path, counterexample(t, path)); err == nil || !strings.Contains(err.Error(), "tx-past-region is violated at step 1") {
		t.Errorf("a way that still violates is rewritten: %v", err)
	}
}

// A livelock is about all that can follow a state, so its file is verified by exploring.
func TestFileOfALivelockIsVerified(t *testing.T) {
	cases := selected(t, "jumbo")
	if err := cases[0].Set("pages=5"); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	explored(t, Exploration{Variant: netgpu.RFCv2().With(netgpu.CompleteAfterRead), Cases: cases, SaveTo: folder})
	path := filepath.Join(folder, "jumbo-livelock.txt")
	if r := replayed(t, Replaying{}, path); !r.OK || len(r.Cases[0].Violations) != 1 {
		t.Errorf("as it was saved: %+v", r.Cases[0].Replay)
	}
	if _, err := (Replaying{}).Rewrite(t.Context(), path, counterexample(t, path)); err == nil {
		t.Error("a way to a livelock becomes a test that nothing is violated")
	}
	repaired := Replaying{ExpectNothing: true, Change: func(v netgpu.Variant) (netgpu.Variant, error) { return v.With(netgpu.RxRekick), nil }}
	if r := replayed(t, repaired, path); !r.OK {
		t.Errorf("repaired: %+v, %+v", r.Cases[0].Replay, r.Cases[0].Violations)
	}
	shorter := counterexample(t, path)
	shorter.Steps = shorter.Steps[:3]
	var r reports.Check
	if err := (Replaying{}).Check(t.Context(), &r, "cut", shorter); err != nil || r.OK || !strings.Contains(r.Cases[0].Replay.Differs, "another way") {
		t.Errorf("cut: %v, %+v", err, r.Cases[0].Replay)
	}
}

func TestOperationsThatNobodyCarriedOutAreNamed(t *testing.T) {
	r := explored(t, Exploration{Variant: netgpu.RFCv2(), Cases: selected(t, "transmit")})
	if !slices.Contains(r.Uncovered, "gpu-driver revoke") || slices.Contains(r.Uncovered, "sender sendmsg") {
		t.Errorf("%v", r.Uncovered)
	}
	if r = explored(t, Exploration{Variant: netgpu.RFCv2(), Cases: selected(t, "memory-fill-single")}); r.Uncovered != nil {
		t.Errorf("memory cases alone: %v", r.Uncovered)
	}
}
