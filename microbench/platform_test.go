package microbench_test

import (
	"fmt"
	"testing"

	"netgpusim/gpu"
	"netgpusim/microbench"
	"netgpusim/pcie"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// platforms are the profiles that stand for the machines of testdata/measured.csv.
var platforms = map[string]struct{ pcie, gpu, device, core string }{
	"h200":       {pcie: "gen5-root", gpu: "h200"},
	"pcie-bench": {pcie: "gen3-x8-bdw", gpu: "v100", device: "nfp-6000"},
	"p40":        {pcie: "gen3-root", gpu: "p40", device: "unlimited"},
	"k40":        {pcie: "gen3-root", gpu: "k40", core: "gdrcopy"},
	"plx-v100":   {pcie: "gen3-switch", gpu: "v100", device: "unlimited"},
}

// run runs one test on a platform with the values of its profiles and these settings.
func run(t testing.TB, platform, test string, size int64, parallel int, sets ...string) []microbench.Row {
	t.Helper()
	p := platforms[platform]
	host, device := load(t, p.pcie, p.gpu, sets)
	spec := microbench.Spec{
		Test: test, Sizes: []sim.Bytes{sim.Bytes(size)}, Parallel: []int{parallel}, Gap: 256, Operations: 64,
	}
	if p.device != "" {
		spec.Operations = 20_000
		spec.Device = requester(t, "device", p.device, microbench.DMARead).Device
	}
	if p.core != "" {
		spec.Core = requester(t, "core", p.core, microbench.BAR1Read).Core
	}
	rows, err := microbench.Run(&spec, host, device)
	if err != nil {
		t.Fatalf("%s, %s of %d B: %v", platform, test, size, err)
	}
	return rows
}

// load reads the built-in profiles of a platform.
func load(t testing.TB, host, device string, sets []string) (*pcie.Spec, *gpu.Spec) {
	t.Helper()
	text := fmt.Sprintf("netgpusim: 1\nname: platform\nextends: smoke\npcie: {profile: %s}\ngpu: {profile: %s}\n", host, device)
	s, err := scenarios.LoadBytes("platform.yaml", []byte(text), sets)
	if err != nil {
		t.Fatal(err)
	}
	return &s.Receiver.PCIe, &s.Receiver.GPU
}

// requester reads the built-in profiles of a DMA engine or of a core.
func requester(t testing.TB, section, profile, test string) scenarios.Platform {
	t.Helper()
	text := fmt.Sprintf("netgpusim: 1\nname: requester\nkind: pcie-bench\npcie: {profile: gen3-root}\ngpu: {profile: v100}\n"+
		"bench: {%s: {profile: %s}, tests: [{test: %s, sizes: [64]}]}\n", section, profile, test)
	s, err := scenarios.LoadBytes("requester.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Bench.Platform
}
