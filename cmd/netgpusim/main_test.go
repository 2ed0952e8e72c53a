package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"netgpusim/predict"
	"netgpusim/reports"
	"netgpusim/tcp"
)

// netgpusim runs a whole command line and returns the exit status and both streams.
func netgpusim(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &console{in: strings.NewReader(""), out: &stdout, err: &stderr, env: func(string) string { return "" }}
	status = c.main(t.Context(), args)
	return status, stdout.String(), stderr.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunPrintsAHeadlineAndSucceeds(t *testing.T) {
	status, out, errs := netgpusim(t, "run", "smoke")
	if status != exitOK || errs != "" {
		t.Fatalf("status %d, stderr %q", status, errs)
	}
	for _, want := range []string{"smoke", "Gbit/s", "limited by", "digest"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b[") {
		t.Error("colours although the output is no terminal")
	}
}

func TestRunPrintsTheJSONThatScriptsRelyOn(t *testing.T) {
	status, out, errs := netgpusim(t, "run", "smoke", "--format", "json")
	if status != exitOK {
		t.Fatalf("status %d: %s", status, errs)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &fields); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"schema", "scenario", "seed", "version", "digest", "simulated_s", "wall_s", "events", "packets",
		"goodput_gbps", "goodput_ci95_gbps", "per_flow", "pcie", "cpu", "rings", "drops", "pages", "violations", "limit", "expect"} {
		if _, ok := fields[f]; !ok {
			t.Errorf("field %q is missing", f)
		}
	}
	status, out, _ = netgpusim(t, "run", "smoke", "smoke", "--format", "json")
	var two []reports.Result
	if err := json.Unmarshal([]byte(out), &two); err != nil || status != exitOK || len(two) != 2 {
		t.Errorf("two scenarios: status %d, %d results, %v", status, len(two), err)
	}
}

func TestRunPrintsBenchesInEveryFormatThatHasThem(t *testing.T) {
	status, out, errs := netgpusim(t, "run", "pcie-bench-numa")
	if status != exitOK || errs != "" || !strings.Contains(out, "pcie-bench-numa: 2 rows, median error") || !strings.Contains(out, "limited by") {
		t.Errorf("status %d, stderr %q:\n%s", status, errs, out)
	}
	status, out, _ = netgpusim(t, "run", "pcie-bench-numa", "--set", "pcie.remote_memory=false", "--what-if", "--format", "json")
	var r reports.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != exitOK || r.Kind != reports.KindBench || len(r.Bench) != 2 || r.Measured != nil {
		t.Errorf("JSON: status %d, %v, %+v", status, err, r)
	}
	status, out, _ = netgpusim(t, "run", "pcie-bench-numa", "cx5-ceiling", "--format", "csv")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || status != exitOK || len(rows) != 5 {
		t.Errorf("CSV: status %d, %v, %d rows", status, err, len(rows))
	}
	if status, out, errs = netgpusim(t, "run", "pcie-bench-numa", "smoke"); status != exitOK || !strings.Contains(out, "smoke") {
		t.Errorf("both kinds as text: status %d, %s", status, errs)
	}
}

func TestRunWritesCSVToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	status, out, errs := netgpusim(t, "run", "smoke", "--format", "csv", "-o", path)
	if status != exitOK || out != "" {
		t.Fatalf("status %d, stdout %q, stderr %q", status, out, errs)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestExpectationThatFailsIsStatus1(t *testing.T) {
	path := write(t, "s.yaml", "netgpusim: 1\nname: s\nextends: smoke\nexpect:\n  - {metric: goodput_gbps, min: 1000}\n")
	status, out, errs := netgpusim(t, "run", path)
	if status != exitFailed {
		t.Errorf("status %d, stderr %q", status, errs)
	}
	if !strings.Contains(out, "1000") {
		t.Errorf("the report does not show what was wanted:\n%s", out)
	}
}

func TestStallThatNobodyExpectsIsStatus1(t *testing.T) {
	status, out, _ := netgpusim(t, "run", "smoke", "--set", "app.send_size=0", "--set", "run.duration=20ms", "--set", "run.stall_after=5ms")
	if status != exitFailed || !strings.Contains(out, "nothing-sent") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestWrongUsageIsStatus2AndSaysWhatIsAllowed(t *testing.T) {
	bad := write(t, "bad.yaml", "netgpusim: 1\nname: bad\nextends: smoke\nnic: {mtuu: 9000}\n")
	garbage := write(t, "state", "not a state file")
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"run"}, []string{"at least one scenario"}},
		{[]string{"run", "smok"}, []string{"smok", "smoke"}},
		{[]string{"run", "no/such/file.yaml"}, []string{"no/such/file.yaml"}},
		{[]string{"run", bad}, []string{"bad.yaml:4", "mtuu", "mtu"}},
		{[]string{"run", "smoke", "--set", "nic.mtu=12"}, []string{"nic.mtu", "12"}},
		{[]string{"run", "smoke", "--set", "nic.mtu"}, []string{"nic.mtu"}},
		{[]string{"run", "smoke", "--set", "nic.mtuu=9000"}, []string{"nic.mtuu", "nic.mtu"}},
		{[]string{"run", "smoke", "--format", "xml"}, []string{"xml", "text", "json"}},
		{[]string{"run", "smoke", "--jobs", "0"}, []string{"--jobs 0"}},
		{[]string{"run", "smoke", "--nope"}, []string{"--nope", "--help"}},
		{[]string{"run", "smoke", "--save-at", "1ms"}, []string{"--save"}},
		{[]string{"run", "smoke", "--save", "x", "--save-at", "soon"}, []string{"--save-at", "soon"}},
		{[]string{"run", "smoke", "smoke", "--pcap", "x"}, []string{"--pcap"}},
		{[]string{"run", "cx5-ceiling", "--format", "iperf3"}, []string{"--format iperf3", "cx5-ceiling", "pcie-bench"}},
		{[]string{"run", "cx5-ceiling", "smoke", "--format", "csv"}, []string{"--format csv", "cx5-ceiling", "smoke"}},
		{[]string{"run", "cx5-ceiling", "--pcap", "x"}, []string{"--pcap", "pcie-bench"}},
		{[]string{"run", "cx5-ceiling", "--save", "x"}, []string{"--save", "pcie-bench"}},
		{[]string{"run", "cx5-ceiling", "--set", "nic.mtu=9000"}, []string{"nic.mtu=9000", "pcie-bench"}},
		{[]string{"run", "--resume", garbage}, []string{"not a state file"}},
		{[]string{"run", "--resume", garbage, "smoke"}, []string{"--resume"}},
		{[]string{"frobnicate"}, []string{"frobnicate"}},
		{[]string{"scenario", "show"}, []string{"scenario"}},
		{[]string{"scenario", "frobnicate"}, []string{"frobnicate"}},
		{[]string{"scenario", "validate", bad, "smoke"}, []string{"bad.yaml:4"}},
		{[]string{"scenario", "new", "a b"}, []string{"a b"}},
	} {
		status, _, errs := netgpusim(t, c.args...)
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

func TestEveryMalformedScenarioFileIsStatus2(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d malformed files, %v", len(files), err)
	}
	for _, file := range files {
		status, out, errs := netgpusim(t, "run", file)
		if status != exitUsage || out != "" || !strings.Contains(errs, filepath.Base(file)) {
			t.Errorf("%s: status %d, stdout %q, stderr %q", file, status, out, errs)
		}
	}
}

func TestInterruptedRunIsStatus130(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	c := &console{out: &out, err: &errs, env: func(string) string { return "" }}
	if status := c.main(ctx, []string{"run", "smoke"}); status != exitInterrupted || out.Len() != 0 {
		t.Errorf("status %d, stdout %q", status, out.String())
	}
}

func TestPanicIsStatus3WithAMessage(t *testing.T) {
	var errs bytes.Buffer
	c := &console{out: nil, err: &errs, env: func(string) string { return "" }} // a nil writer: a mistake of ours
	if status := c.main(t.Context(), []string{"scenario", "schema"}); status != exitInternal || !strings.Contains(errs.String(), "internal error") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

func TestSavedRunResumesToTheSameResult(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	digest := func(args ...string) string {
		status, out, errs := netgpusim(t, append([]string{"run", "--format", "json"}, args...)...)
		if status != exitOK {
			t.Fatalf("%v: status %d: %s", args, status, errs)
		}
		var r reports.Result
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r.Digest
	}
	want := digest("smoke", "--set", "nic.mtu=4096")
	if got := digest("smoke", "--set", "nic.mtu=4096", "--save", state, "--save-at", "1500us"); got != want {
		t.Errorf("saving changes the digest: %s, want %s", got, want)
	}
	if got := digest("--resume", state); got != want {
		t.Errorf("resumed: digest %s, want %s", got, want)
	}
	data, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []int{len(data) - 1, len(data) / 2, 40, 19} {
		path := write(t, "short", string(data[:damage]))
		if status, _, errs := netgpusim(t, "run", "--resume", path); status != exitUsage || errs == "" {
			t.Errorf("cut at %d: status %d, %q", damage, status, errs)
		}
	}
}

func TestCaptureHoldsEveryFrameOfTheRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.pcapng")
	status, out, errs := netgpusim(t, "run", "smoke", "--no-band", "--format", "json", "--pcap", path)
	if status != exitOK {
		t.Fatalf("status %d: %s", status, errs)
	}
	var r reports.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	in, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	frames, padded := uint64(0), 0
	for {
		data, _, err := in.ReadPacketData()
		if err != nil {
			break
		}
		frames++
		p, err := tcp.Decode(data, 7)
		if err != nil {
			t.Fatalf("frame %d: %v", frames, err)
		}
		if p.Header == 94 {
			padded++
		}
	}
	if frames != r.Packets || padded == 0 {
		t.Errorf("%d frames captured of %d, %d with a header of 94 bytes", frames, r.Packets, padded)
	}
}

func TestScenarioCommands(t *testing.T) {
	status, list, _ := netgpusim(t, "scenario", "list")
	if status != exitOK || !strings.Contains(list, "rfc-v2-gpu-rx\t") {
		t.Errorf("list: status %d:\n%s", status, list)
	}
	status, shown, _ := netgpusim(t, "scenario", "show", "rfc-v2-gpu-rx", "--set", "nic.mtu=4096")
	if status != exitOK || !strings.Contains(shown, "4096") {
		t.Errorf("show: status %d:\n%.500s", status, shown)
	}
	path := write(t, "shown.yaml", shown)
	if status, out, errs := netgpusim(t, "scenario", "validate", path); status != exitOK {
		t.Errorf("what show prints does not validate: status %d: %s%s", status, out, errs)
	}
	status, schema, _ := netgpusim(t, "scenario", "schema")
	if status != exitOK || !json.Valid([]byte(schema)) {
		t.Errorf("schema: status %d", status)
	}
	status, fresh, _ := netgpusim(t, "scenario", "new", "mine")
	if status != exitOK {
		t.Errorf("new: status %d", status)
	}
	path = write(t, "mine.yaml", fresh)
	if status, out, errs := netgpusim(t, "run", path, "--set", "run.duration=2ms", "--set", "run.warmup=1ms"); status != exitOK {
		t.Errorf("a fresh scenario does not run: status %d: %s%s", status, out, errs)
	}
}

func TestHelpTeachesWithExamples(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"scenario", "--help"}, {"scenario", "show", "--help"}} {
		status, out, _ := netgpusim(t, args...)
		if status != exitOK || !strings.Contains(out, "netgpusim") {
			t.Errorf("%v: status %d:\n%s", args, status, out)
		}
	}
	status, out, _ := netgpusim(t, "--version")
	if status != exitOK || !strings.Contains(out, predict.Version) {
		t.Errorf("--version: status %d, %q", status, out)
	}
	status, out, _ = netgpusim(t, "__complete", "run", "rfc-v2-gpu")
	if status != exitOK || !strings.Contains(out, "rfc-v2-gpu-rx") {
		t.Errorf("completion: status %d, %q", status, out)
	}
}
