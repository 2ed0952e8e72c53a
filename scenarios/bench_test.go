package scenarios

import (
	"slices"
	"strings"
	"testing"

	"netgpusim/microbench"
	"netgpusim/sim"
)

const onBenchBase = `
netgpusim: 1
name: on-bench-base
kind: pcie-bench
pcie: {profile: gen3-x8-bdw}
gpu: {profile: v100}
bench:
  device: {profile: nfp-6000}
  tests:
    - {test: dma_read, sizes: [64, 2KiB]}
    - {name: far, test: dma_write, sizes: [256], parallel: [3], operations: 500, set: [pcie.remote_memory=true, bench.device.outstanding=8]}
`

func TestBenchResolvesItsTestsWithTheirPlatforms(t *testing.T) {
	s := mustLoadText(t, onBenchBase)
	if s.Kind != KindBench || len(s.Bench.Tests) != 2 || len(s.Warnings) > 0 {
		t.Fatalf("kind %q, %d tests, warnings %q", s.Kind, len(s.Bench.Tests), s.Warnings)
	}
	near, far := &s.Bench.Tests[0], &s.Bench.Tests[1]
	if near.Name != "dma_read" || !slices.Equal(near.Sizes, []sim.Bytes{64, 2048}) || !slices.Equal(near.Parallel, []int{1}) ||
		near.Operations != 1000 || near.Gap != 256 {
		t.Errorf("%+v", near.Spec)
	}
	if far.Name != "far" || !slices.Equal(far.Parallel, []int{3}) || far.Operations != 500 {
		t.Errorf("%+v", far.Spec)
	}
	if near.PCIe.RemoteMemory || near.Device.Outstanding != 32 || near.GPU.Memory != 16*sim.GiB {
		t.Errorf("the first test has settings of the second, or not those of the profiles: %+v", near)
	}
	if !far.PCIe.RemoteMemory || far.Device.Outstanding != 8 || far.PCIe.NICLanes != 8 {
		t.Errorf("the second test does not have its settings: %+v", far)
	}
	for path, want := range map[string]string{"pcie.nic_lanes": "8", "pcie.remote_memory": "false", "bench.device.finish": "82ns", "bench.device.profile": "nfp-6000", "bench.core.profile": "none"} {
		if got, err := Value(s, path); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", path, got, err, want)
		}
	}
}

func TestFlagsGoForAllTestsOfABench(t *testing.T) {
	s := mustLoadText(t, onBenchBase)
	v, err := s.With("pcie.max_payload=512", "bench.device.profile=unlimited", "bench.device.outstanding=5")
	if err != nil {
		t.Fatal(err)
	}
	near, far := &v.Bench.Tests[0], &v.Bench.Tests[1]
	if near.PCIe.MaxPayload != 512 || far.PCIe.MaxPayload != 512 || near.Device.Outstanding != 5 || far.Device.WriteSetup != 0 {
		t.Errorf("%+v\n%+v", near, far)
	}
	if far.Device.Outstanding != 8 || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "bench.device.outstanding=5 has no effect on bench.tests[1]") {
		t.Errorf("outstanding %d, warnings %q: a test's own setting goes before a flag, and says so", far.Device.Outstanding, v.Warnings)
	}
	if near := &s.Bench.Tests[0]; near.PCIe.MaxPayload != 256 || near.Device.Outstanding != 32 {
		t.Error("With changed the scenario that it derives from")
	}
	for _, set := range []string{"nic.mtu=9000", "receiver.pcie.max_payload=512", "link.rate=1Gbps", "run.duration=1ms", "bench.tests.sizes=64", "bench.tests=1", "bench.device=x", "kind=transfer"} {
		if _, err := s.With(set); err == nil || !strings.Contains(err.Error(), "--set "+set) {
			t.Errorf("--set %s: %v", set, err)
		}
	}
}

func TestBenchWarnsOfSettingsThatDoNotDoWhatTheySeemTo(t *testing.T) {
	for text, want := range map[string]string{
		"seed: 2":                           "seed has no effect",
		"bench: {core: {profile: gdrcopy}}": "bench.core has no effect",
		"pcie: {iommu: true, ats: true}":    "bench.tests[0]: pcie: the fast engine is known to be off",
	} {
		s, err := LoadBytes("warn.yaml", []byte("netgpusim: 1\nname: warn\nextends: p2p-root-p40\n"+text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(s.Warnings, "\n"), want) {
			t.Errorf("%s: %q, want %q", text, s.Warnings, want)
		}
	}
}

// The sections that a test is said to need are those without which it does not run.
func TestEveryTestNeedsWhatTheLoaderAsksFor(t *testing.T) {
	full := mustLoadText(t, everyBenchShape).Bench.Tests[0]
	for _, test := range microbench.Tests() {
		run := func(device, core bool) error {
			spec := microbench.Spec{Test: test, Sizes: []sim.Bytes{64}, Parallel: []int{1}, Gap: 256, Operations: 16}
			if device {
				spec.Device = full.Device
			}
			if core {
				spec.Core = full.Core
			}
			_, err := microbench.Run(&spec, &full.PCIe, &full.GPU)
			return err
		}
		device, core := needs(test, "bench.device"), needs(test, "bench.core")
		if err := run(device, core); err != nil {
			t.Errorf("%s with all it is said to need: %v", test, err)
		}
		if device && run(false, core) == nil {
			t.Errorf("%s runs without the device that it is said to need", test)
		}
		if core && run(device, false) == nil {
			t.Errorf("%s runs without the core that it is said to need", test)
		}
	}
}

func TestParametersOfABenchNameWhereTheyComeFrom(t *testing.T) {
	tags := map[string]string{}
	for _, p := range mustLoadText(t, onBenchBase).Parameters() {
		if p.Value == "" || p.Tag == "" || p.Origin == "" {
			t.Errorf("%+v is incomplete", p)
		}
		tags[p.Path] = p.Tag
	}
	if tags["bench.device.read_rate"] != "measured" || tags["pcie.nic_lanes"] != "documented" || tags["gpu.bar1"] == "" {
		t.Errorf("%v", tags)
	}
	if _, there := tags["bench.core.loads"]; there || tags["run.warmup"] != "" {
		t.Error("sections are listed that the bench does not have")
	}
}

// The facts of the sources, so that no edit of a scenario changes one unnoticed.
func TestBenchesCarryThePublishedFigures(t *testing.T) {
	rows := map[string]int{
		"pcie-bench-gen3x8": 16, "pcie-bench-iommu": 10, "pcie-bench-numa": 2, "cx5-ceiling": 2, "h200-copy": 40, "h200-sm": 30,
		"h200-latency": 12, "p2p-root-p40": 1, "gdrcopy-bar1": 4, "p2p-plx-v100": 0,
	}
	for name, want := range rows {
		if s := mustLoad(t, name); len(s.Measured) != want || len(s.Warnings) > 0 {
			t.Errorf("%s: %d measured values, want %d; warnings %q", name, len(s.Measured), want, s.Warnings)
		}
	}
	for _, c := range []struct {
		name, row string
		want      float64
	}{
		{"pcie-bench-gen3x8", "dma_read/h2d/64", 31.91 / 8}, {"pcie-bench-gen3x8", "dma_latency/h2d/2048", 1133},
		{"pcie-bench-iommu", "window-16MiB/h2d/64", 9.95 / 8}, {"pcie-bench-numa", "dma_read/h2d/256", 45.0 / 8},
		{"h200-copy", "copy_engine/d2h/268435456", 55.3612}, {"h200-sm", "sm_read_gap/h2d/16/x135168", 11.8513},
		{"h200-latency", "outstanding_reads/host/8/x4096", 599.104}, {"p2p-root-p40", "p2p_write/d2h/1048576", 7.1},
		{"gdrcopy-bar1", "bar1_read/d2h/65536", 0.79},
	} {
		found := false
		for _, m := range mustLoad(t, c.name).Measured {
			if m.Metric == "bench["+c.row+"].value" {
				found = m.Value == c.want
			}
		}
		if !found {
			t.Errorf("%s: %s is not %g", c.name, c.row, c.want)
		}
	}
}
