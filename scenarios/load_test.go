package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"netgpusim/sim"
)

func mustLoad(t testing.TB, name string, sets ...string) *Scenario {
	t.Helper()
	s, err := Load(name, sets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustLoadText(t testing.TB, text string, sets ...string) *Scenario {
	t.Helper()
	s, err := LoadBytes("test.yaml", []byte(text), sets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const onBase = "netgpusim: 1\nname: t\nextends: rfc-base\n"

func TestLaterLayersOverrideEarlierOnes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		sets       []string
		path, want string
	}{
		{"profile alone", onBase, nil, "nic.mtu", "1500"},
		{"default alone", onBase, nil, "app.batch", "32"},
		{"file over profile", onBase + "nic: {mtu: 9000}", nil, "nic.mtu", "9000"},
		{"file over default", onBase + "app: {batch: 8}", nil, "app.batch", "8"},
		{"host over top level", onBase + "nic: {mtu: 9000}\nreceiver: {nic: {mtu: 1280}}", nil, "nic.mtu", "sender 9000, receiver 1280"},
		{"set over file", onBase + "nic: {mtu: 9000}", []string{"nic.mtu=4096"}, "nic.mtu", "4KiB"},
		{"later set over earlier set", onBase, []string{"nic.mtu=4096", "nic.mtu=2048"}, "nic.mtu", "2KiB"},
		{"set of one host", onBase, []string{"receiver.nic.mtu=4096"}, "nic.mtu", "sender 1500, receiver 4KiB"},
		{"later profile over earlier profile", onBase + "cpu: {profile: xeon-2020-slow}", nil, "cpu.rx_cqe", "60ns"},
		{"profile of one host", onBase + "receiver: {cpu: {profile: xeon-2020-slow}}", nil, "cpu.rx_cqe", "sender 40ns, receiver 60ns"},
		{"explicit value over later profile", onBase + "cpu: {rx_cqe: 1us}", []string{"cpu.profile=xeon-2020-slow"}, "cpu.rx_cqe", "1us"},
		{"set of a flow", onBase, []string{"flows.bulk.count=4"}, "flows.bulk.count", "4"},
		{"list replaces list", onBase + "flows: [{name: a}, {name: b}]", nil, "flows.a.count", "1"},
		{"seed", onBase + "seed: 18446744073709551615", nil, "seed", "18446744073709551615"},
		{"run", onBase + "run: {duration: 2ms}", nil, "run.duration", "2ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Value(mustLoadText(t, c.text, c.sets...), c.path)
			if err != nil || got != c.want {
				t.Errorf("%s is %q (%v), want %q", c.path, got, err, c.want)
			}
		})
	}
}

func TestAFileDoesNotInheritTitleOrGroup(t *testing.T) {
	s := mustLoadText(t, onBase)
	if s.Name != "t" || s.Title != "" || s.Group != "" || s.Description != "" {
		t.Errorf("got %q, %q, %q, %q", s.Name, s.Title, s.Group, s.Description)
	}
}

func TestTheFastEngineOnATreeBeyondItIsWarnedOf(t *testing.T) {
	for sets, want := range map[string]int{
		"":                              0,
		"pcie.iommu=true pcie.ats=true": 0, // auto: exact
		"pcie.iommu=true pcie.ats=true pcie.engine=fast":             2, // a host each
		"sender.pcie.acs_redirect=true pcie.engine=fast":             1,
		"pcie.acs_redirect=true pcie.engine=fast pcie.topology=root": 0,
	} {
		s, err := Load("rfc-v2-gpu-rx", strings.Fields(sets))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, w := range s.Warnings {
			if strings.Contains(w, "the fast engine is known to be off") {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: warnings %q, want %d of the engine", sets, s.Warnings, want)
		}
	}
}

func TestASettingThatAHostShadowsIsNotSilentlyIgnored(t *testing.T) {
	one := mustLoadText(t, onBase+"receiver: {nic: {mtu: 1280}}", "nic.mtu=9000")
	if len(one.Warnings) != 1 || !strings.Contains(one.Warnings[0], "receiver.nic.mtu") || !strings.Contains(one.Warnings[0], "--set nic.mtu=9000") {
		t.Errorf("warnings %q, want one that names flag and host setting", one.Warnings)
	}
	if _, err := LoadBytes("t.yaml", []byte(onBase+"sender: {nic: {mtu: 1280}}\nreceiver: {nic: {mtu: 1280}}"), []string{"nic.mtu=9000"}); err == nil {
		t.Error("a flag without effect on either host was accepted")
	}
	same := mustLoadText(t, onBase+"nic: {mtu: 9000}\nreceiver: {nic: {mtu: 1280}}")
	if len(same.Warnings) != 0 {
		t.Errorf("one file that says both is deliberate, but: %q", same.Warnings)
	}
}

func TestWithAddsSettingsAndLeavesTheOriginalAlone(t *testing.T) {
	s := mustLoad(t, "rfc-v2-gpu-rx", "nic.mtu=4096")
	before := *s
	with, err := s.With("cpu.profile=xeon-2020-slow", "receiver.app.batch=1")
	if err != nil {
		t.Fatal(err)
	}
	want := mustLoad(t, "rfc-v2-gpu-rx", "nic.mtu=4096", "cpu.profile=xeon-2020-slow", "receiver.app.batch=1")
	if !reflect.DeepEqual(exported(with), exported(want)) {
		t.Error("With differs from Load with the same flags")
	}
	if !reflect.DeepEqual(exported(&before), exported(s)) {
		t.Error("With changed the scenario it was called on")
	}
	if _, err := s.With("nic.mtu=1"); err == nil {
		t.Error("With accepted a value out of range")
	}
}

// The race detector sees what sharing of sources would break.
func TestWithMayBeCalledConcurrently(t *testing.T) {
	s := mustLoad(t, "rfc-v2-gpu-rx")
	want := exported(mustLoad(t, "rfc-v2-gpu-rx", "nic.mtu=4096"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				with, err := s.With("nic.mtu=4096")
				if err != nil || !reflect.DeepEqual(exported(with), want) {
					t.Errorf("differs, or %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// exported copies a scenario without its sources.
func exported(s *Scenario) Scenario {
	c := *s
	c.from = nil
	return c
}

func TestAssumptionsCarryTheResolvedValue(t *testing.T) {
	s := mustLoad(t, "rfc-v2-gpu-rx", "nic.mtu=4096")
	for _, a := range s.Assumptions {
		want, err := Value(s, a.Key)
		if err != nil || a.Value != want || a.Why == "" {
			t.Errorf("%s: %q (%v), want %q", a.Key, a.Value, err, want)
		}
	}
	if len(s.Assumptions) == 0 {
		t.Error("no assumptions")
	}
}

func TestBandPointsAreCombinationsOrSingleSettings(t *testing.T) {
	b := Band{Mode: "grid", Axes: []Axis{{Set: "a", Values: []string{"1", "2"}}, {Set: "b", Values: []string{"3", "4"}}}}
	want := [][]string{{"a=1", "b=3"}, {"a=1", "b=4"}, {"a=2", "b=3"}, {"a=2", "b=4"}}
	if got := b.Points(); !reflect.DeepEqual(got, want) {
		t.Errorf("grid: %v, want %v", got, want)
	}
	b.Mode = "each"
	want = [][]string{{"a=1"}, {"a=2"}, {"b=3"}, {"b=4"}}
	if got := b.Points(); !reflect.DeepEqual(got, want) {
		t.Errorf("each: %v, want %v", got, want)
	}
}

func TestEveryBandPointOfTheLibraryResolves(t *testing.T) {
	for _, info := range Builtin() {
		s := mustLoad(t, info.Name)
		if s.Band == nil {
			continue
		}
		for _, sets := range s.Band.Points() {
			if _, err := s.With(sets...); err != nil {
				t.Errorf("%s: %v", info.Name, err)
			}
		}
	}
}

func TestCheckMetricsPointsAtTheUnknownOne(t *testing.T) {
	s := mustLoadText(t, onBase+"expect:\n  - {metric: goodput_gbps, min: 1}\n  - {metric: godput, min: 1}\n")
	err := s.CheckMetrics(func(m string) error {
		if m == "godput" {
			return errors.New("no such field")
		}
		return nil
	})
	want := `test.yaml:6:14: expect[1].metric: given "godput"; allowed: a field of the result; no such field`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestFilesExtendFilesBesideThem(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("base.yaml", "netgpusim: 1\nname: base\nextends: rfc-base\nnic: {mtu: 4096}\n")
	child := write("sub/child.yaml", "netgpusim: 1\nname: child\nextends: ../base.yaml\n")
	s := mustLoad(t, child)
	if s.Receiver.NIC.MTU != 4096 || s.Receiver.CPU.RxCQE != 40*sim.Nanosecond {
		t.Errorf("MTU %d, RxCQE %v", s.Receiver.NIC.MTU, s.Receiver.CPU.RxCQE)
	}

	for name, text := range map[string]string{
		"itself":   "netgpusim: 1\nname: x\nextends: sub/cycle.yaml\n",
		"absent":   "netgpusim: 1\nname: x\nextends: absent.yaml\n",
		"absolute": "netgpusim: 1\nname: x\nextends: " + filepath.Join(dir, "base.yaml") + "\n",
		"unknown":  "netgpusim: 1\nname: x\nextends: rfc-bas\n",
	} {
		write("sub/cycle.yaml", "netgpusim: 1\nname: y\nextends: ../itself.yaml\n")
		_, err := Load(write(name+".yaml", text), nil)
		var e *Error
		if !errors.As(err, &e) || e.Line != 3 || e.Key != "extends" {
			t.Errorf("%s: got %v, want an error in line 3", name, err)
		}
	}

	long := "rfc-base"
	for i := range extendsMax + 1 {
		name := "l" + string(rune('a'+i)) + ".yaml"
		write(name, "netgpusim: 1\nname: l\nextends: "+long+"\n")
		long = name
	}
	if _, err := Load(filepath.Join(dir, long), nil); err == nil {
		t.Errorf("a chain of %d files was accepted", extendsMax+2)
	}
}

func TestUnknownBuiltinsAreRefusedWithTheNearestName(t *testing.T) {
	for _, name := range []string{"rfc-v2-gpu-rxx", "nothing-like-it", "", "../library/smoke", "no/such.yaml", "."} {
		_, err := Load(name, nil)
		if err == nil {
			t.Errorf("%q was loaded", name)
		} else if name == "rfc-v2-gpu-rxx" && !strings.Contains(err.Error(), `"rfc-v2-gpu-rx"`) {
			t.Errorf("no suggestion in %v", err)
		}
	}
}

func TestScenarioProfilesGoBeforeBuiltinOnes(t *testing.T) {
	text := onBase + `nic: {profile: mine}
profiles:
  - netgpusim_profile: 1
    kind: nic
    name: mine
    title: a faster one
    extends: connectx-5
    params:
      rx_pipeline: {value: 100ns, range: [50ns, 200ns], tag: guess, source: a test}
  - netgpusim_profile: 1
    kind: cpu
    name: xeon-2020
    title: the built-in one with one value replaced
    params:
      rx_cqe: {value: 1ns, tag: guess, source: a test}
`
	s := mustLoadText(t, text)
	if s.Sender.NIC.RxPipeline != 100*sim.Nanosecond || s.Sender.NIC.TxPipeline != 150*sim.Nanosecond {
		t.Errorf("pipelines %v, %v", s.Sender.NIC.RxPipeline, s.Sender.NIC.TxPipeline)
	}
	if s.Sender.CPU.RxCQE != sim.Nanosecond || s.Sender.CPU.RxSKB != 70*sim.Nanosecond {
		t.Errorf("costs %v, %v", s.Sender.CPU.RxCQE, s.Sender.CPU.RxSKB)
	}
}

func TestParametersNameWhereEachValueComesFrom(t *testing.T) {
	s := mustLoadText(t, onBase+"nic: {mtu: 9000}\nreceiver: {netgpu: {memory: gpu}}\n", "link.rate=100Gbps")
	got := map[string]Parameter{}
	for _, p := range s.Parameters() {
		if _, twice := got[p.Path]; twice {
			t.Errorf("%s twice", p.Path)
		}
		got[p.Path] = p
		if p.Value == "" || p.Tag == "" || p.Origin == "" {
			t.Errorf("%+v is incomplete", p)
		}
	}
	for path, want := range map[string]Parameter{
		"nic.mtu":                {Value: "9000", Tag: "set", Origin: "test.yaml:4:12"},
		"link.rate":              {Value: "100Gbps", Tag: "set", Origin: "--set link.rate=100Gbps"},
		"receiver.netgpu.memory": {Value: "gpu", Tag: "set", Origin: "test.yaml:5:29"},
		"sender.netgpu.memory":   {Value: "host", Tag: "documented", Origin: "defaults/defaults"},
		"cpu.rx_cqe":             {Value: "40ns", Low: "35ns", High: "60ns", Tag: "measured", Origin: "cpu/xeon-2020"},
	} {
		p := got[path]
		p.Path, p.Source = "", ""
		if p != want {
			t.Errorf("%s: %+v, want %+v", path, p, want)
		}
	}
}

func BenchmarkWith(b *testing.B) {
	s := mustLoad(b, "rfc-v2-gpu-rx")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.With("nic.mtu=4096", "cpu.profile=xeon-2020-slow"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustLoad(b, "rfc-v2-gpu-rx")
	}
}
