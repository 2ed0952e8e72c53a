package microbench_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"netgpusim/gpu"
	"netgpusim/microbench"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// whole is a specification in which every section is filled.
func whole(t testing.TB, test string) microbench.Spec {
	s := microbench.Spec{Test: test, Sizes: []sim.Bytes{64}, Parallel: []int{64}, Gap: 256, Operations: 100}
	s.Device = requester(t, "device", "nfp-6000", microbench.DMARead).Device
	s.Core = requester(t, "core", "gdrcopy", microbench.BAR1Read).Core
	return s
}

func TestEveryTestGivesFiguresWithUnitAndCauseOnEveryPlatform(t *testing.T) {
	for _, platform := range []string{"h200", "pcie-bench", "k40", "plx-v100"} {
		host, device := load(t, platforms[platform].pcie, platforms[platform].gpu, nil)
		for _, test := range microbench.Tests() {
			for _, size := range []sim.Bytes{1, 17, 64, 128, 5000, sim.MiB} {
				s := whole(t, test)
				s.Sizes = []sim.Bytes{size}
				rows, err := microbench.Run(&s, host, device)
				if test == microbench.OutstandingReads && size > gpu.LineBytes {
					var wrong *microbench.SpecError
					if !errors.As(err, &wrong) {
						t.Errorf("%s of %d B: %v", test, size, err)
					}
					continue
				}
				if err != nil || len(rows) == 0 {
					t.Errorf("%s, %s of %d B: %d rows, %v", platform, test, size, len(rows), err)
				}
				for _, r := range rows {
					if r.Value <= 0 && r.Metric != "lag" || math.IsInf(r.Value, 0) || math.IsNaN(r.Value) {
						t.Errorf("%s, %s of %d B: %v", platform, test, size, r.Value)
					}
					if r.Test != test || r.SizeBytes != int64(size) || r.Parallel != 64 || r.Direction == "" || r.Unit == "" || r.Limit == "" {
						t.Errorf("%s: %+v", platform, r)
					}
				}
			}
		}
	}
}

func TestRowsAreSizesTimesParallel(t *testing.T) {
	host, device := load(t, "gen5-root", "h200", nil)
	s := whole(t, microbench.OutstandingReads)
	s.Sizes, s.Parallel = []sim.Bytes{8, 32}, []int{1, 2, 4}
	rows, err := microbench.Run(&s, host, device)
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int64
	for _, r := range rows {
		got = append(got, [2]int64{r.SizeBytes, int64(r.Parallel)})
	}
	want := [][2]int64{{8, 1}, {8, 2}, {8, 4}, {32, 1}, {32, 2}, {32, 4}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

func TestTheSameArgumentsGiveTheSameRows(t *testing.T) {
	host, device := load(t, "gen5-root", "h200", []string{"pcie.host_window=64MiB", "pcie.iommu=true"})
	before := *host
	for _, test := range microbench.Tests() {
		s := whole(t, test)
		first, err := microbench.Run(&s, host, device)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := microbench.Run(&s, host, device)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: %+v, then %+v", test, first, second)
		}
	}
	if *host != before {
		t.Error("Run changed the platform")
	}
}

// No stream is faster than its link after TLP headers: bandwidth times the bytes per TLP
// is at most the link's effective rate.
func TestNoStreamIsFasterThanItsLink(t *testing.T) {
	host, device := load(t, "gen5-root", "h200", nil)
	link := 32.0 * 16 * 128 / 130 / 8 * (1 - host.DLLPTax) // GB/s
	for _, test := range []string{microbench.Copy, microbench.SMReadDense, microbench.SMReadGap, microbench.SMWriteDense, microbench.SMWriteGap} {
		for _, size := range []sim.Bytes{16, 64, 128, 4096, 16 * sim.MiB} {
			s := whole(t, test)
			s.Sizes, s.Parallel = []sim.Bytes{size}, []int{50_000}
			rows, err := microbench.Run(&s, host, device)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				most := link * 256 / (256 + 20)
				if r.Direction == "d2h" {
					most = link * 256 / (256 + 24)
				}
				if r.Value > most*1.001 {
					t.Errorf("%s %s of %d B: %.2f GB/s, the link takes %.2f", test, r.Direction, size, r.Value, most)
				}
			}
		}
	}
}

func TestFewerTagsThanTheGPUHasRoomForAreNamed(t *testing.T) {
	rows := run(t, "h200", microbench.SMReadGap, 32, 100_000, "pcie.tag_bits=8")
	if !strings.Contains(rows[0].Limit, "256 tags of 8 bits") {
		t.Errorf("bound by %q", rows[0].Limit)
	}
	if all := run(t, "h200", microbench.SMReadGap, 32, 100_000); all[0].Value < 2.8*rows[0].Value {
		t.Errorf("768 tags give %.1f GB/s, 256 give %.1f", all[0].Value, rows[0].Value)
	}
}

func TestRunRefusesWhatCannotWorkAndNamesTheKey(t *testing.T) {
	host, device := load(t, "gen5-root", "h200", nil)
	for _, c := range []struct {
		key, test string
		make      func(s *microbench.Spec)
	}{
		{"test", "dma", func(s *microbench.Spec) {}},
		{"sizes", microbench.DMARead, func(s *microbench.Spec) { s.Sizes = nil }},
		{"sizes", microbench.DMARead, func(s *microbench.Spec) { s.Sizes = []sim.Bytes{64, 0} }},
		{"sizes", microbench.Copy, func(s *microbench.Spec) { s.Sizes = []sim.Bytes{2 * sim.GiB} }},
		{"sizes", microbench.OutstandingReads, func(s *microbench.Spec) { s.Sizes = []sim.Bytes{129} }},
		{"parallel", microbench.DMARead, func(s *microbench.Spec) { s.Parallel = nil }},
		{"parallel", microbench.SMReadGap, func(s *microbench.Spec) { s.Parallel = []int{0} }},
		{"operations", microbench.DMARead, func(s *microbench.Spec) { s.Operations = 1 }},
		{"gap", microbench.SMReadGap, func(s *microbench.Spec) { s.Gap = 64 }},
		{"device.outstanding", microbench.DMARead, func(s *microbench.Spec) { s.Device.Outstanding = 0 }},
		{"device.command", microbench.DMALatency, func(s *microbench.Spec) { s.Device.Command = -1 }},
		{"device.finish", microbench.DMALatency, func(s *microbench.Spec) { s.Device.Finish = -1 }},
		{"device.read_setup", microbench.DMARead, func(s *microbench.Spec) { s.Device.ReadSetup = -1 }},
		{"device.read_rate", microbench.P2PRead, func(s *microbench.Spec) { s.Device.ReadRate = 0 }},
		{"device.write_setup", microbench.P2PWrite, func(s *microbench.Spec) { s.Device.WriteSetup = -1 }},
		{"device.write_rate", microbench.P2PLag, func(s *microbench.Spec) { s.Device.WriteRate = 0 }},
		{"device.shared_rate", microbench.P2PBoth, func(s *microbench.Spec) { s.Device.SharedRate = -1 }},
		{"device.shared_max", microbench.P2PBoth, func(s *microbench.Spec) { s.Device.SharedMax = -1 }},
		{"core.store_tlp", microbench.BAR1Write, func(s *microbench.Spec) { s.Core.StoreTLP = 0 }},
		{"core.store_interval", microbench.BAR1Write, func(s *microbench.Spec) { s.Core.StoreInterval = -1 }},
		{"core.store_buffers", microbench.BAR1Write, func(s *microbench.Spec) { s.Core.StoreBuffers = 0 }},
		{"core.store_hold", microbench.BAR1Write, func(s *microbench.Spec) { s.Core.StoreHold = -1 }},
		{"core.load_bytes", microbench.BAR1Read, func(s *microbench.Spec) { s.Core.LoadBytes = 128 }},
		{"core.loads", microbench.BAR1Read, func(s *microbench.Spec) { s.Core.Loads = 0 }},
	} {
		s := whole(t, c.test)
		c.make(&s)
		_, err := microbench.Run(&s, host, device)
		var wrong *microbench.SpecError
		if !errors.As(err, &wrong) || wrong.Key != c.key {
			t.Errorf("%s of %s: %v", c.key, c.test, err)
		}
	}
	badHost, badGPU := *host, *device
	badHost.MaxPayload = 100
	badGPU.SliceReads = 0
	s := whole(t, microbench.Copy)
	var pcieErr *pcie.SpecError
	if _, err := microbench.Run(&s, &badHost, device); !errors.As(err, &pcieErr) {
		t.Errorf("%v is not of pcie", err)
	}
	var gpuErr *gpu.SpecError
	if _, err := microbench.Run(&s, host, &badGPU); !errors.As(err, &gpuErr) {
		t.Errorf("%v is not of gpu", err)
	}
}

// A section that a test does not use may be empty.
func TestUnusedSectionsAreNotLookedAt(t *testing.T) {
	host, device := load(t, "gen5-root", "h200", nil)
	s := microbench.Spec{Test: microbench.Copy, Sizes: []sim.Bytes{64}, Parallel: []int{1}, Gap: 256, Operations: 16}
	if _, err := microbench.Run(&s, host, device); err != nil {
		t.Error(err)
	}
}

func BenchmarkRun(b *testing.B) {
	host, device := load(b, "gen5-root", "h200", nil)
	for _, test := range []string{microbench.SMReadGap, microbench.Copy} {
		b.Run(test, func(b *testing.B) {
			b.ReportAllocs()
			s := whole(b, test)
			s.Parallel = []int{4096}
			for range b.N {
				if _, err := microbench.Run(&s, host, device); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
