package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netgpusim/check"
	"netgpusim/reports"
)

// checked runs a check with JSON output.
func checked(t *testing.T, wantStatus int, args ...string) reports.Check {
	t.Helper()
	status, out, errs := netgpusim(t, append([]string{"check"}, append(args, "--format", "json")...)...)
	if status != wantStatus {
		t.Fatalf("%v: status %d, want %d: %s", args, status, wantStatus, errs)
	}
	var r reports.Check
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return r
}

func TestCheckExploreFindsAndFixedPasses(t *testing.T) {
	status, out, errs := netgpusim(t, "check", "explore", "transmit", "header-split")
	if status != exitFailed || errs != "" {
		t.Errorf("rfc-v2: status %d, stderr %q", status, errs)
	}
	for _, want := range []string{"tx-past-region breaks robustness", "payload-in-header-buffer breaks delivery", "sendmsg-past-end", "FAILED"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b[") {
		t.Error("colours although the output is no terminal")
	}
	status, out, errs = netgpusim(t, "check", "explore", "transmit", "header-split", "memory-fill-single", "--variant", "fixed")
	if status != exitOK || errs != "" || !strings.Contains(out, "nothing violated in 3 cases") {
		t.Errorf("fixed: status %d, stderr %q:\n%s", status, errs, out)
	}
}

func TestCheckExpectationsAreExact(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"transmit", "--expect", "tx-past-region,modified-in-flight"}, exitOK},
		{[]string{"transmit", "--expect", "tx-past-region"}, exitFailed},
		{[]string{"transmit", "--expect", "tx-past-region,modified-in-flight,stuck"}, exitFailed},
		{[]string{"transmit", "--with", "tx-region-end", "--expect", "modified-in-flight"}, exitOK},
		{[]string{"transmit", "--variant", "fixed", "--without", "tx-region-end", "--expect", "tx-past-region"}, exitOK},
		{[]string{"transmit", "--variant", "fixed without tx-region-end", "--expect", "tx-past-region"}, exitOK},
	} {
		checked(t, c.status, append([]string{"explore"}, c.args...)...)
	}
}

func TestCheckThatIsNotExhaustedFailsUnlessTheUserBoundIt(t *testing.T) {
	for _, c := range []struct {
		flags  []string
		status int
	}{
		{[]string{"--max-states", "100"}, exitOK},
		{[]string{"--max-depth", "5"}, exitOK},
		{[]string{"--max-memory", "64KiB"}, exitOK},
		{[]string{"--max-states", "100", "--require-complete"}, exitFailed},
	} {
		args := append([]string{"explore", "delivery", "--variant", "fixed"}, c.flags...)
		if r := checked(t, c.status, args...); r.Cases[0].Complete || r.Cases[0].Stopped != c.flags[0][2:] {
			t.Errorf("%v: %+v", args, r.Cases[0])
		}
		if _, out, _ := netgpusim(t, append([]string{"check"}, args...)...); !strings.Contains(out, "not exhausted") {
			t.Errorf("%v: the text does not say that the case is not exhausted:\n%s", args, out)
		}
	}
}

func TestCheckSavesReplaysAndRewritesCounterexamples(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "found")
	r := checked(t, exitFailed, "explore", "transmit", "--save", folder)
	var files []string
	for _, v := range r.Cases[0].Violations {
		files = append(files, v.File)
	}
	if len(files) != 2 {
		t.Fatalf("files %v", files)
	}
	status, out, errs := netgpusim(t, append([]string{"check", "replay"}, files...)...)
	if status != exitOK || !strings.Contains(out, "as written") || !strings.Contains(out, "sendmsg-past-end") {
		t.Errorf("replay: status %d, %s\n%s", status, errs, out)
	}
	checked(t, exitFailed, append([]string{"replay", "--variant", "fixed"}, files...)...)
	checked(t, exitOK, append([]string{"replay", "--variant", "fixed", "--expect-nothing"}, files...)...)

	status, fresh, errs := netgpusim(t, "check", "replay", files[0], "--variant", "fixed", "--rewrite")
	if status != exitOK || !strings.Contains(fresh, "violates  nothing") {
		t.Fatalf("rewrite: status %d, %s\n%s", status, errs, fresh)
	}
	path := write(t, "fresh.txt", fresh)
	checked(t, exitOK, "replay", path)
	checked(t, exitFailed, "replay", path, "--variant", "rfc-v2")
	if status, _, errs := netgpusim(t, "check", "replay", files[0], "--rewrite"); status != exitFailed || !strings.Contains(errs, "is violated at step") {
		t.Errorf("rewrite of what still violates: status %d, %s", status, errs)
	}

	text, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	lied := write(t, "lied.txt", strings.Replace(string(text), "in flight 0 → 1", "in flight 0 → 2", 1))
	if status, out, _ := netgpusim(t, "check", "replay", lied); status != exitFailed || !strings.Contains(out, "step 2") {
		t.Errorf("an effect that is not what happens: status %d\n%s", status, out)
	}
	damaged := write(t, "damaged.txt", strings.Replace(string(text), "sendmsg", "sendmessage", 1))
	if status, _, errs := netgpusim(t, "check", "replay", damaged); status != exitUsage || !strings.Contains(errs, "damaged.txt:") || !strings.Contains(errs, "sendmessage") {
		t.Errorf("damaged: status %d, %s", status, errs)
	}
}

func TestCheckFuzzIsReproducedByItsSeed(t *testing.T) {
	run := func(workers string) reports.Check {
		r := checked(t, exitFailed, "fuzz", "walk-send", "walk-overfill", "--seed", "5", "--walks", "3", "--steps", "500", "--workers", workers)
		r.WallS = 0
		for i := range r.Cases {
			r.Cases[i].WallS, r.Cases[i].StatesPerS = 0, 0
		}
		return r
	}
	one, two := run("1"), run("2")
	a, _ := json.Marshal(one)
	b, _ := json.Marshal(two)
	if !bytes.Equal(a, b) || *one.Seed != 5 || len(one.Causes()) == 0 {
		t.Errorf("%s\n%s", a, b)
	}
	checked(t, exitOK, "fuzz", "walk-send", "--variant", "fixed", "--walks", "2", "--steps", "500")
}

func TestCheckTraceOfARunFollowsTheModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "smoke.ndjson")
	if status, _, errs := netgpusim(t, "run", "smoke", "--protocol-trace", path); status != exitOK {
		t.Fatalf("run: status %d: %s", status, errs)
	}
	if r := checked(t, exitOK, "trace", path); !r.Cases[0].Complete || r.Cases[0].Trace.Events == 0 {
		t.Errorf("%+v", r.Cases[0])
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")

	// A line that is missing shows at the next one of its ring.
	gone := write(t, "gone.ndjson", strings.Join(append(lines[:100:100], lines[101:]...), ""))
	r := checked(t, exitFailed, "trace", gone, path)
	if v := r.Cases[0].Violations; len(v) != 1 || v[0].Line < 101 || r.Cases[1].Name != path {
		t.Errorf("%+v", r.Cases)
	}
	if _, out, _ := netgpusim(t, "check", "trace", gone); !strings.Contains(out, "gone.ndjson:") || !strings.Contains(out, "expected") {
		t.Errorf("text:\n%s", out)
	}

	var out, errs bytes.Buffer
	c := &console{in: strings.NewReader(strings.Join(lines[:50], "") + "{"), out: &out, err: &errs, env: func(string) string { return "" }}
	if status := c.main(t.Context(), []string{"check", "trace", "-"}); status != exitUsage || !strings.Contains(errs.String(), "stdin:51:") || !strings.Contains(out.String(), "not exhausted") {
		t.Errorf("status %d, %s\n%s", status, errs.String(), out.String())
	}
}

func TestCheckWritesJUnitForCI(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.xml")
	status, _, errs := netgpusim(t, "check", "explore", "transmit", "shared-area", "--variant", "rfc-v1", "--quiet", "--junit", path)
	if status != exitFailed {
		t.Fatalf("status %d: %s", status, errs)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	s := doc.Suites[0]
	if s.Tests != 2 || s.Failures != 1 || s.Skipped != 1 || s.Cases[0].Name != "transmit" || !strings.Contains(s.Cases[0].Failure, "sendmsg-past-end") {
		t.Errorf("%+v", s)
	}
}

func TestCheckListHasAllCasesForPeopleScriptsAndPrograms(t *testing.T) {
	_, plain, _ := netgpusim(t, "check", "list")
	rows := strings.Split(strings.TrimRight(plain, "\n"), "\n")
	if len(rows) != len(check.Cases()) {
		t.Errorf("%d rows for %d cases", len(rows), len(check.Cases()))
	}
	for _, row := range rows {
		if len(strings.Split(row, "\t")) != 4 {
			t.Errorf("row %q", row)
		}
	}
	_, text, _ := netgpusim(t, "check", "list", "--format", "json")
	var doc struct{ Cases []listed }
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Cases) != len(rows) || doc.Cases[0].Bounds == "" {
		t.Errorf("%v: %d cases", err, len(doc.Cases))
	}
	var out bytes.Buffer
	c := &console{out: &out, err: &out, outTTY: true, width: 90, env: func(string) string { return "1" }}
	if status := c.main(t.Context(), []string{"check", "list"}); status != exitOK || !strings.Contains(out.String(), "walk-hostile") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("status %d:\n%s", status, out.String())
	}
}

func TestWrongUsageOfCheckIsStatus2AndSaysWhatIsAllowed(t *testing.T) {
	garbage := write(t, "garbage.txt", "no counterexample")
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"frobnicate"}, []string{"frobnicate"}},
		{[]string{"list", "x"}, []string{"x"}},
		{[]string{"list", "--format", "xml"}, []string{"xml", "text, json"}},
		{[]string{"explore", "deliverey"}, []string{"deliverey", "delivery"}},
		{[]string{"explore", "--variant", "v3"}, []string{"v3", "rfc-v2", "fixed"}},
		{[]string{"explore", "--with", "nothing"}, []string{"nothing", "rx-rekick"}},
		{[]string{"explore", "--variant", "fixed", "--with", "rx-rekick"}, []string{"rx-rekick", "changes nothing"}},
		{[]string{"explore", "--without", "rx-rekick"}, []string{"rx-rekick", "changes nothing"}},
		{[]string{"explore", "--set", "pages=7"}, []string{"pages=7", "name the cases"}},
		{[]string{"explore", "delivery", "--set", "pages=0"}, []string{"pages=0", "1 to 120"}},
		{[]string{"explore", "delivery", "--set", "rx=3"}, []string{"rx=3", "power of two"}},
		{[]string{"explore", "delivery", "--set", "pagez=3"}, []string{"pagez", "pages"}},
		{[]string{"explore", "delivery", "--max-memory", "4"}, []string{"--max-memory", "4GiB"}},
		{[]string{"explore", "delivery", "--max-memory", "-1GiB"}, []string{"-1GiB"}},
		{[]string{"explore", "delivery", "--max-memory", "NaNGiB"}, []string{"NaNGiB"}},
		{[]string{"explore", "delivery", "--max-states", "-1"}, []string{"-1", "4294967295"}},
		{[]string{"explore", "delivery", "--max-depth", "-1"}, []string{"--max-depth -1"}},
		{[]string{"explore", "delivery", "--workers", "0"}, []string{"--workers 0"}},
		{[]string{"explore", "delivery", "--expect", "stucc"}, []string{"stucc", "stuck"}},
		{[]string{"explore", "delivery", "--blind", "--save", "x"}, []string{"--blind"}},
		{[]string{"explore", "delivery", "--no-barrier", "x"}, []string{"delivery", "no memory case"}},
		{[]string{"explore", "memory-fill-single", "--no-barrier", "x"}, []string{"submit: write barrier"}},
		{[]string{"explore", "--no-barrier", "x"}, []string{"name the memory cases"}},
		{[]string{"explore", "--format", "csv"}, []string{"csv", "text, json"}},
		{[]string{"explore", "transmit", "--junit", filepath.Join(garbage, "no", "folder")}, []string{"garbage.txt"}},
		{[]string{"explore", "transmit", "--save", garbage}, []string{"garbage.txt"}},
		{[]string{"fuzz", "memory-fill-single"}, []string{"of kind memory"}},
		{[]string{"fuzz", "--walks", "0"}, []string{"--walks 0"}},
		{[]string{"fuzz", "--steps", "0"}, []string{"--steps 0"}},
		{[]string{"fuzz", "--seed", "-1"}, []string{"seed"}},
		{[]string{"trace"}, []string{"at least one trace"}},
		{[]string{"trace", "-", "-"}, []string{"once"}},
		{[]string{"trace", "--variant", "fixed", "x"}, []string{"fixed", "any"}},
		{[]string{"trace", "no-such-file"}, []string{"no-such-file"}},
		{[]string{"trace", garbage}, []string{"garbage.txt:1:"}},
		{[]string{"replay"}, []string{"at least one"}},
		{[]string{"replay", garbage}, []string{"garbage.txt:1:", "netgpusim counterexample"}},
		{[]string{"replay", "no-such-file"}, []string{"no-such-file"}},
		{[]string{"replay", "a", "b", "--rewrite"}, []string{"one file"}},
		{[]string{"replay", "a", "--rewrite", "--format", "json"}, []string{"--rewrite"}},
	} {
		status, _, errs := netgpusim(t, append([]string{"check"}, c.args...)...)
		if status != exitUsage {
			t.Errorf("%v: status %d, want %d (%s)", c.args, status, exitUsage, errs)
		}
		for _, s := range c.says {
			if !strings.Contains(errs, s) {
				t.Errorf("%v: the message does not mention %q: %s", c.args, s, errs)
			}
		}
	}
}

func TestInterruptedCheckPrintsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"explore", "transmit"}, {"fuzz", "walk-send"}} {
		var out, errs bytes.Buffer
		c := &console{out: &out, err: &errs, env: func(string) string { return "" }}
		status := c.main(ctx, append([]string{"check"}, args...))
		if status != exitInterrupted || !strings.Contains(out.String(), "interrupted") || !strings.Contains(out.String(), "not run  "+args[1]) {
			t.Errorf("%v: status %d\n%s", args, status, out.String())
		}
	}
}

func TestStatusLineIsForTerminalsOnly(t *testing.T) {
	var errs bytes.Buffer
	c := &console{out: new(bytes.Buffer), err: &errs, errTTY: true, width: 40, env: func(string) string { return "" }}
	c.main(t.Context(), []string{"check", "explore", "transmit"})
	if got := errs.String(); !strings.Contains(got, "transmit (1 of 1)") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal: %q", got)
	}
	errs.Reset()
	c.main(t.Context(), []string{"check", "explore", "transmit", "--quiet"})
	if errs.Len() > 0 {
		t.Errorf("quiet: %q", errs.String())
	}
	p := check.Progress{Case: "page-cache", Index: 3, Of: 30, States: 1_234_567, PerSecond: 812_300, Depth: 103, Left: 12 * time.Second}
	if got, want := progressText(p), "page-cache (3 of 30)  1.23 M, 812 k/s, depth 103, about 12s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p = check.Progress{Case: "a", Index: 1, Of: 1, Left: -1}
	if got := strings.TrimSpace(progressText(p)); got != "a (1 of 1)" {
		t.Errorf("got %q", got)
	}
}

func TestCheckHelpTeachesAndNamesAreCompleted(t *testing.T) {
	for _, sub := range []string{"", "list", "explore", "fuzz", "trace", "replay", "findings"} {
		args := append([]string{"check"}, strings.Fields(sub)...)
		status, out, _ := netgpusim(t, append(args, "--help")...)
		if status != exitOK || !strings.Contains(out, "Examples:") || !strings.Contains(out, "netgpusim check") {
			t.Errorf("%v: status %d\n%s", args, status, out)
		}
	}
	for _, c := range []struct{ args, has string }{
		{"explore page", "page-cache"}, {"explore memory-p", "memory-poll-sleep"}, {"fuzz walk-h", "walk-hostile"},
		{"explore --with", "rx-rekick"}, {"explore --variant", "fixed"}, {"explore --expect", "batch-overwritten"},
		{"explore memory-poll-sleep --no-barrier", "sleep: full barrier"}, {"trace --variant", "any"},
	} {
		args := append([]string{"__complete", "check"}, strings.Fields(c.args)...)
		if last := args[len(args)-1]; strings.HasPrefix(last, "--") {
			args = append(args, "")
		}
		if status, out, _ := netgpusim(t, args...); status != exitOK || !strings.Contains(out, c.has) {
			t.Errorf("%v: status %d, %q", args, status, out)
		}
	}
}
