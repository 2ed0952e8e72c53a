package scenarios

import (
	"reflect"
	"testing"

	"netgpusim/sim"
)

func TestEveryBuiltinLoadsUnderItsFileName(t *testing.T) {
	groups := map[string]bool{"base": true, "basics": true, "rfc": true, "faults": true, "fixed": true, "published": true, "pcie": true}
	infos := Builtin()
	benches := 0
	for _, info := range infos {
		if info.Kind == KindBench {
			benches++
		}
	}
	if benches < 10 || len(infos)-benches < 25 {
		t.Errorf("only %d built-in scenarios, %d of them benches", len(infos), benches)
	}
	for _, info := range infos {
		s := mustLoad(t, info.Name)
		if s.Name != info.Name || s.Kind != info.Kind || s.Title != info.Title || s.Title == "" || s.Description == "" || !groups[s.Group] {
			t.Errorf("%s: name %q, title %q, group %q", info.Name, s.Name, s.Title, s.Group)
		}
		for _, e := range s.Expect {
			if e.Name == "" {
				t.Errorf("%s: an expectation on %s has no name", info.Name, e.Metric)
			}
		}
	}
}

// What the RFC's cover letters report.
func TestRFCScenariosCarryTheReportedFigures(t *testing.T) {
	for name, want := range map[string]float64{
		"rfc-v1-host-rx": 11.3, "rfc-v1-host-tx": 10.8, "rfc-v1-gpu-rx": 22.5, "rfc-v1-gpu-tx": 12.6,
		"rfc-v2-host-rx": 11.4, "rfc-v2-host-tx": 10.8, "rfc-v2-gpu-rx": 23.4, "rfc-v2-gpu-tx": 23.8,
	} {
		s := mustLoad(t, name)
		if len(s.Measured) != 1 || s.Measured[0].Metric != "goodput_gbps" || s.Measured[0].Value != want || s.Measured[0].Tolerance != 0.06 {
			t.Errorf("%s: measured %+v, want %g", name, s.Measured, want)
		}
		if len(s.Measured) > 0 && (len(s.Measured[0].Unstated) == 0 || s.Measured[0].Source == "") {
			t.Errorf("%s: what is unstated, or the source, is missing", name)
		}
		if len(s.Warnings) > 0 {
			t.Errorf("%s: %q", name, s.Warnings)
		}
		machine := &s.Receiver
		if name[len(name)-2:] == "tx" {
			machine = &s.Sender
		}
		memory := map[bool]string{true: "gpu", false: "host"}[name[7:8] == "g"]
		if machine.Netgpu.Memory != memory || machine.Netgpu.Variant != name[:6] {
			t.Errorf("%s: memory %s, variant %s", name, machine.Netgpu.Memory, machine.Netgpu.Variant)
		}
		rate := map[string]sim.Bandwidth{"host": 12500 * sim.Mbps, "gpu": 25 * sim.Gbps}[memory]
		if s.Link.Rate != rate {
			t.Errorf("%s: link of %g Gbit/s", name, s.Link.Rate.Gbps())
		}
	}
}

func TestYAMLLoadsAgainToTheSameScenario(t *testing.T) {
	for _, info := range Builtin() {
		sets := []string{"nic.rq_entries=512", "sender.cpu.rx_cqe=1.001ns", "seed=7"}
		if info.Kind == KindBench {
			sets = []string{"pcie.max_payload=512", "bench.device.profile=nfp-6000", "bench.device.finish=1.001ns", "bench.core.profile=gdrcopy"}
		}
		s := mustLoad(t, info.Name, sets...)
		text := s.YAML()
		again, err := LoadBytes(info.Name+".yaml", text, nil)
		if err != nil {
			t.Errorf("%s: %v\n%s", info.Name, err, text)
			continue
		}
		if !reflect.DeepEqual(exported(s), exported(again)) {
			t.Errorf("%s: the resolved document resolves differently:\n%s", info.Name, text)
		}
		// Variants too, those that switch profiles included.
		if s.Band == nil {
			continue
		}
		for _, point := range s.Band.Points() {
			a, errA := s.With(point...)
			b, errB := again.With(point...)
			if errA != nil || errB != nil {
				t.Fatalf("%s: %v: %v, %v", info.Name, point, errA, errB)
			}
			if !reflect.DeepEqual(exported(a), exported(b)) {
				t.Errorf("%s: %v differs after the round trip", info.Name, point)
			}
		}
	}
}

func TestYAMLFreezesProfilesAndDefaults(t *testing.T) {
	text := string(mustLoad(t, "rfc-v2-gpu-rx").YAML())
	l, err := decode("frozen.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for id, p := range l.profiles {
		if len(p.params) != len(profileTargets[p.kind]) || p.extends != "" {
			t.Errorf("%s has %d parameters of %d and extends %q", id, len(p.params), len(profileTargets[p.kind]), p.extends)
		}
	}
	for _, id := range []string{"cpu/xeon-2020", "cpu/xeon-2020-slow", "cpu/xeon-2020-fast", "nic/connectx-5", "defaults/defaults"} {
		if l.profiles[id] == nil {
			t.Errorf("%s is not in the document", id)
		}
	}
}

func TestTemplateLoads(t *testing.T) {
	s, err := LoadBytes("mine.yaml", Template("mine"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "mine" || len(s.Warnings) > 0 {
		t.Errorf("name %q, warnings %q", s.Name, s.Warnings)
	}
	if _, err := LoadBytes("x.yaml", Template("a: b\nnic: {}"), nil); err == nil {
		t.Error("a name that is none was accepted")
	}
}
