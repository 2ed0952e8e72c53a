package reports

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// checkFixture has every kind of case and every way for one to end.
func checkFixture() Check {
	seed := uint64(7)
	way := func(n int) []CheckStep {
		steps := []CheckStep{{"softirq", "can-refill", "fill kernel's cached_prod 0 → 4"}, {"gpu-driver", "revoke", "page 1 app → gone; page 2 app → gone; page 3 app → gone; queue open → closed"}}
		for len(steps) < n {
			steps = append(steps, CheckStep{"nic", "receive", ""})
		}
		return steps[:n]
	}
	return Check{Command: "explore", Version: "1", Variant: "rfc-v2 with rx-rekick", Seed: &seed, CompleteRequired: true,
		NotRun: []string{"later"}, Uncovered: []string{"nic reset"}, WallS: 1.5,
		Cases: []CheckCase{
			{Name: "good", Kind: CheckExplore, Bounds: "pages=4", States: 1000, Transitions: 3000, StatesPerS: 1e6, DepthMax: 20, BytesPerState: 23.4, OmissionOdds: 1e-12, Complete: true,
				Coverage: []CheckCoverage{{"nic", "receive", 10}, {"app", "close", 0}}, WallS: 0.1},
			{Name: "long", Kind: CheckExplore, States: 2000, Complete: true, Violations: []CheckViolation{
				{Invariant: "progress", Cause: "stuck", What: "nothing goes on", Count: 3, Shortest: true, Steps: way(9), File: "found/long-stuck.txt"},
				{Invariant: "conservation", Cause: "page-lost", What: "page 3 is gone", Count: 1, Steps: way(4)}}},
			{Name: "short", Kind: CheckExplore, States: 500, Stopped: "max-memory", Violations: []CheckViolation{
				{Invariant: "progress", Cause: "stuck", What: "nothing goes on here", Count: 1, Shortest: true, Steps: way(2)}}},
			{Name: "open", Kind: CheckExplore, States: 100, Stopped: "max-states"},
			{Name: "shared", Kind: CheckExplore, Skipped: "v1 has no areas"},
			{Name: "memory-fill", Kind: CheckMemory, States: 50, Complete: true, Models: []CheckModel{
				{Model: "sc", Barriers: []CheckBarrier{{"submit", false, ""}, {"idle", false, ""}}},
				{Model: "weak", Barriers: []CheckBarrier{{"submit", true, "torn-read"}, {"idle", false, ""}}}}},
		}}
}

func checkText(t *testing.T, c Check, o TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := CheckText(&b, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheckTextShowsEachRootCauseOnceByItsShortestWay(t *testing.T) {
	got := checkText(t, checkFixture(), TextOptions{Width: 100})
	for _, want := range []string{
		"check explore, rfc-v2 with rx-rekick: FAILED, 2 root causes for 3 violations in 6 cases, 2 of them\n  not exhausted\n",
		"stuck breaks progress: nothing goes on here\n  short, 2 steps, which is the fewest; also in long\n",
		"page-lost breaks conservation: page 3 is gone\n  long, 4 steps, fewer may do\n",
		"     2  gpu-driver  revoke      pages 1–3 app → gone; queue open → closed\n",
		"unseen   short is not exhausted: the memory that --max-memory allows is used up\n",
		"unseen   open is not exhausted: as many states as --max-states allows\n",
		"skipped  shared: v1 has no areas\n",
		"not run  later\n", "seed     7\n", "caution  what was not found",
		"nothing breaks without memory-fill idle",
		"below 1e-12",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "nothing goes on\n") || strings.Contains(got, "Coverage") {
		t.Errorf("a page that is not verbose shows a longer way, or the coverage:\n%s", got)
	}
	got = checkText(t, checkFixture(), TextOptions{Width: 100, Verbose: true})
	for _, want := range []string{"nothing goes on\n", "saved in found/long-stuck.txt", "never  nic reset, app close", "memory-fill  submit   –   torn-read"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q on the verbose page\n%s", want, got)
		}
	}
}

func TestIncompleteCheckDoesNotLookLikeAPass(t *testing.T) {
	c := Check{Command: "explore", Variant: "fixed", OK: true, Cases: []CheckCase{{Name: "a", Kind: CheckExplore, States: 10, Stopped: "max-depth"}}}
	got := checkText(t, c, TextOptions{})
	for _, want := range []string{"1 of them not exhausted", "not exhausted: there is more below --max-depth"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "holds") {
		t.Errorf("the case is said to hold:\n%s", got)
	}
}

func TestDivergenceOfATraceHasItsLine(t *testing.T) {
	c := Check{Command: "trace", Cases: []CheckCase{{Name: "x.ndjson", Kind: CheckTrace, States: 9, Stopped: "first-divergence", Trace: &CheckTraceInfo{},
		Violations: []CheckViolation{{Invariant: "conformance", Cause: "wrong-page", What: "w", Line: 12, Ring: "fill/57", Expected: "page 1", Found: "page 2",
			Steps: []CheckStep{{"kernel", "get", "page 2"}}}}}}}
	got := checkText(t, c, TextOptions{})
	for _, want := range []string{"wrong-page breaks conformance\n  x.ndjson:12, get by kernel on fill/57\n  expected  page 1\n  found     page 2\n", "1 divergence in 1 trace"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestCheckTextKeepsToThePage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var c Check
		scribble(rng, reflect.ValueOf(&c).Elem(), 0)
		c.Command = []string{"explore", "fuzz", "trace", "replay"}[rng.IntN(4)]
		kinds := []string{CheckExplore, CheckMemory, CheckWalk, CheckTrace, CheckReplay}
		for i := range c.Cases {
			k := &c.Cases[i]
			k.Kind = kinds[rng.IntN(len(kinds))]
			if k.Replay == nil {
				k.Replay = &CheckReplayInfo{}
			}
		}
		o := TextOptions{Width: 60 + rng.IntN(100), Verbose: rng.IntN(2) == 0}
		for n, line := range strings.Split(checkText(t, c, o), "\n") {
			if w := displayWidth(line); w > o.Width {
				t.Fatalf("line %d takes %d columns of %d: %q", n+1, w, o.Width, line)
			}
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("line %d has control characters: %q", n+1, line)
			}
		}
		var b bytes.Buffer
		if err := JUnit(&b, c); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(junitSuites)); err != nil {
			t.Fatalf("JUnit cannot be read back: %v\n%s", err, b.String())
		}
	}
}

func TestCheckColourAddsNothingButColour(t *testing.T) {
	plain, colored := checkText(t, checkFixture(), TextOptions{}), checkText(t, checkFixture(), TextOptions{Color: true})
	if sgr.ReplaceAllString(colored, "") != plain || !strings.Contains(colored, "\x1b[") || strings.Contains(plain, "\x1b") {
		t.Errorf("plain:\n%s\ncoloured:\n%s", plain, colored)
	}
}

func TestCheckJSONHasTheFieldsOfTheContract(t *testing.T) {
	c := checkFixture()
	before := checkFixture()
	var b bytes.Buffer
	if err := CheckJSON(&b, c); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, before) {
		t.Error("writing changes the result")
	}
	var doc struct {
		Schema, Variant string
		Cases           []map[string]json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil || doc.Schema != CheckSchema || doc.Variant != c.Variant {
		t.Fatalf("%v, %+v", err, doc)
	}
	for _, k := range doc.Cases {
		for _, f := range []string{"name", "states", "states_per_s", "depth_max", "complete", "violations"} {
			if v, ok := k[f]; !ok || string(v) == "null" {
				t.Errorf("case %s: field %q is %s", k["name"], f, v)
			}
		}
	}
	var steps []map[string]json.RawMessage
	if err := json.Unmarshal(doc.Cases[1]["violations"], &steps); err != nil || len(steps) != 2 {
		t.Fatal(err)
	}
	for _, f := range []string{"invariant", "cause", "steps", "file"} {
		if _, ok := steps[0][f]; !ok {
			t.Errorf("a violation has no %q", f)
		}
	}
	c.Cases[0].StatesPerS = math.NaN()
	if err := CheckJSON(&b, c); err == nil || !strings.Contains(err.Error(), "cases[0].states_per_s") {
		t.Errorf("NaN: %v", err)
	}
}

func TestJUnitFailsWhatMakesTheCheckFail(t *testing.T) {
	c := checkFixture()
	c.Expected, c.Missing = []string{"stuck", "never-found"}, []string{"never-found"}
	var b bytes.Buffer
	if err := JUnit(&b, c); err != nil {
		t.Fatal(err)
	}
	var doc junitSuites
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil || len(doc.Suites) != 1 {
		t.Fatalf("%v:\n%s", err, b.String())
	}
	s := doc.Suites[0]
	if s.Tests != 9 || s.Tests != len(s.Cases) || s.Failures != 4 || s.Skipped != 2 {
		t.Errorf("%d tests, %d failures, %d skipped", s.Tests, s.Failures, s.Skipped)
	}
	got := map[string]string{}
	for _, k := range s.Cases {
		switch {
		case k.Failure != nil:
			got[k.Name] = k.Failure.Type + ": " + k.Failure.Message
		case k.Skipped != nil:
			got[k.Name] = "skipped"
		}
	}
	want := map[string]string{
		"long": "conservation: 1 violation: page-lost", // the other is expected
		"open": "incomplete: not exhausted: as many states as --max-states allows",
		// A case whose violations are expected still has to be seen in full.
		"short":  "incomplete: not exhausted: the memory that --max-memory allows is used up",
		"shared": "skipped", "later": "skipped", "expected: never-found": "missing: never-found was not found in any case",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !slices.ContainsFunc(s.Properties, func(p junitProperty) bool { return p.Name == "bounds.good" && p.Value == "pages=4" }) {
		t.Errorf("properties are %v", s.Properties)
	}
	if !strings.Contains(s.Cases[1].Failure.Text, "page-lost breaks conservation") {
		t.Errorf("the failure does not have the way: %q", s.Cases[1].Failure.Text)
	}
}

func TestPagesThatGoTheSameWayAreJoined(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""},
		{"page 1 a → b", "page 1 a → b"},
		{"page 1 a → b; page 2 a → b", "pages 1–2 a → b"},
		{"page 1 a → b; page 3 a → b", "page 1 a → b; page 3 a → b"},
		{"page 1 a → b; page 2 a → c; page 3 a → c; prod 1 → 2", "page 1 a → b; pages 2–3 a → c; prod 1 → 2"},
		{"prod 1 → 2; page 0 a → b", "prod 1 → 2; page 0 a → b"},
		{"page 01 a; page 2 a", "page 01 a; page 2 a"},
		{"page x a; page", "page x a; page"},
	} {
		if got := joinPages(c[0]); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

func TestCheckListHasEveryCaseWithItsBounds(t *testing.T) {
	var b bytes.Buffer
	cases := []CheckCase{{Name: "w", Kind: CheckWalk, Title: "walks", Bounds: "pages=100"}, {Name: "e", Kind: CheckExplore, Title: "explores", Bounds: "pages=4"}}
	if err := CheckList(&b, cases, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if e, w := strings.Index(got, "explores  pages=4"), strings.Index(got, "walks  pages=100"); e < 0 || w < e {
		t.Errorf("got\n%s", got)
	}
}
