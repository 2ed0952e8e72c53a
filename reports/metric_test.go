package reports

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/quick"
)

func TestMetricFindsValuesByTheirJSONPath(t *testing.T) {
	good, bad, stopped := gpuReceive(), broken(), stalled()
	for _, c := range []struct {
		r    *Result
		path string
		want any
	}{
		{&good, "goodput_gbps", 24.603},
		{&good, "seed", 1.0},
		{&good, "digest", "9f31c0d2a4e85b76"},
		{&good, "title", "RFC v2: iperf3 receives into GPU memory over 25 Gbit/s"},
		{&good, "limit.resource", "link sender->receiver"},
		{&good, "limit.next.resource", "receiver core 0"},
		{&good, "limit.next.capacity_gbps", 30.98},
		{&good, "limit.next", 1.0},
		{&good, "limit.next.next", 0.0},
		{&good, "limit.next.next.resource", ""},
		{&good, "per_flow", 1.0},
		{&good, "per_flow[0].rtt_us.p99", 498.1},
		{&good, "per_flow[bulk/0].retransmits", 0.0},
		{&good, "links[sender->receiver].utilisation", 0.9971},
		{&good, "pcie.links[receiver/root].up.payload_bytes", 54_474_134.0},
		{&good, "cpu.cores[receiver/0].busy", 0.794},
		{&good, "cpu.cores[receiver/0].ns.tcp_receive", 258_580_000.0},
		{&good, "cpu.cores[receiver/1].ns.total", 26_000_000.0},
		{&good, "rings[receiver/fill/57].empty_s", 0.0},
		{&good, "rings[receiver/rx/0].occupancy.mean", 24.31},
		{&good, "nics[sender].counters.tx_tso_packets", 48_001.0},
		{&good, "nics[sender].counters[tx_tso_packets]", 48_001.0},
		{&good, "ladder[receiver core 1].utilisation", 0.026},
		{&good, "pages.in_place.app", 32.0},
		{&good, "pages.in_place.skb", 0.0},
		{&good, "pages.in_place.total", 10_240.0},
		{&good, "pages.lost", 0.0},
		{&good, "drops.rx_out_of_buffer", 0.0},
		{&good, "drops.total", 0.0},
		{&good, "violations", 0.0},
		{&good, "violations.total", 0.0},
		{&good, "stall", 0.0},
		{&good, "stall.cause", ""},
		{&good, "band", 1.0},
		{&good, "band.points[0].set[nic.mtu]", "1500"},
		{&good, "band.points[0].consistent", "false"},
		{&good, "measured[goodput_gbps].unstated", 7.0},
		{&good, "expect[pages.lost].ok", "true"},
		{&good, "warnings", 0.0},
		{&good, "pcie.host_path[receiver].share", 0.0249},
		{&good, "series[goodput_gbps].mean[1]", 24.6},
		{&bad, "drops.rx_out_of_buffer", 1_203.0},
		{&bad, "drops.strange_cause", 1.0},
		{&bad, "drops.total", 1_220.0},
		{&bad, "violations", 2.0},
		{&bad, "violations.total", 17.0},
		{&bad, "violations[conservation].count", 16.0},
		{&bad, "pages.duplicated", 1.0},
		{&bad, "warnings[1]", "MTU 576 is below the IPv6 minimum of 1280 (RFC 8200 section 5)"},
		{&stopped, "stall", 1.0},
		{&stopped, "stall.cause", "app-stopped"},
		{&stopped, "stall.since_s", 0.4123},
		{&stopped, "rings[0].full_s", 0.5113},
	} {
		got, err := Metric(c.r, c.path)
		if err != nil || got != c.want {
			t.Errorf("Metric(%s) = %v, %v; want %v", c.path, got, err, c.want)
		}
	}
}

func TestMetricSaysWhatIsWrongWithAPath(t *testing.T) {
	r := gpuReceive()
	r.Rings = append(r.Rings, r.Rings[0])
	for path, want := range map[string]string{
		"":                                  `nearest:`,
		"goodput":                           `names no field of a result: "goodput"; nearest: goodput_gbps, goodput_ci95_gbps`,
		"goodput_gpbs":                      `nearest: goodput_gbps`,
		"limit.utilization":                 `nearest: utilisation`,
		"drops.rx_out_of_bufer":             `names no entry of drops: "rx_out_of_bufer"; nearest: rx_out_of_buffer`,
		"pages.in_place.fill":               `nearest: fill_ring`,
		"cpu.cores[receiver/0].ns.tcp_recv": `nearest: tcp_receive`,
		"cpu.cores[receiver/7].busy":        `names no element of cores: "receiver/7"; nearest: receiver/0`,
		"cpu.cores[7].busy":                 `asks for element 7 of cores, which has 3`,
		"cpu.cores.busy":                    `needs an index or key in brackets after cores`,
		"cpu.cores[0":                       `lacks a closing bracket`,
		"cpu.cores[0]busy":                  `after a closing bracket`,
		"[0]":                               `starts with a bracket`,
		"seed[0]":                           `brackets after seed, which is not a list`,
		"goodput_gbps.mean":                 `goes on after goodput_gbps, which is a single value`,
		"limit":                             `ends at limit, which is an object; name one of its fields: resource`,
		"drops":                             `ends at drops, which is a table`,
		"stall.since_s":                     `the result has no stall`,
		"limit.next.next.headroom_gbps":     `the result has no next`,
		"rings[receiver/fill/57].full_s":    `is ambiguous: elements 0 and 3 of rings`,
		"warnings[0]":                       `asks for element 0 of warnings, which has 0`,
		"warnings[x]":                       `names element "x", but warnings has none`,
		"band.points[0].set.total":          `names no entry of set: "total"`,
		"per_flow[-1].retransmits":          `names no element of per_flow: "-1"; nearest: bulk/0`,
		strings.Repeat("limit.next.", 100):  `is longer than 256 bytes`,
	} {
		got, err := Metric(&r, path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Metric(%.40q) = %v, %v; want an error with %q", path, got, err, want)
		}
	}
	if _, err := Metric(nil, "seed"); err == nil {
		t.Error("no result, no error")
	}
}

func TestCheckMetricFindsMistakesWithoutAResult(t *testing.T) {
	for _, path := range []string{
		"goodput_gbps", "drops.link_loss", "drops.total", "violations", "violations.total", "violations[conservation].count", "stall", "stall.cause", "stall.since_s",
		"limit.next.headroom_gbps", "per_flow[3].rtt_us.mean", "pcie.links[receiver/root].up.payload_bytes", "pages.in_place.app",
		"nics[receiver].counters.anything", "band.points[9].consistent", "cpu.cores[receiver/0].ns.copy", "warnings[4]",
	} {
		if err := CheckMetric(path); err != nil {
			t.Errorf("CheckMetric(%s) = %v", path, err)
		}
	}
	for _, path := range []string{"", "goodput", "drops", "drops.oops", "pages.in_place.oops", "per_flow.retransmits", "limit", "stall.reason", "per_flow[0].rtt_us.p999", "seed.x", "a[", "rings[x]y"} {
		if err := CheckMetric(path); err == nil {
			t.Errorf("CheckMetric(%s) finds nothing wrong", path)
		}
	}
}

func TestEveryFieldOfAResultIsAMetric(t *testing.T) {
	r := broken()
	r.Band, r.Stall = gpuReceive().Band, stalled().Stall
	r.Assumptions, r.Measured = gpuReceive().Assumptions, gpuReceive().Measured
	r.Bench, r.Accuracy = benchRun().Bench, benchRun().Accuracy
	r.Bench[0].Set = []string{"pcie.iommu=true"}
	r.Measured[0].Determines = []string{"nic.mtu"}
	var walk func(typ reflect.Type, path string, depth int)
	walk = func(typ reflect.Type, path string, depth int) {
		switch {
		case typ.Kind() == reflect.Struct && depth < 8:
			for i := range typ.NumField() {
				name, _ := jsonName(typ.Field(i))
				if name == "" || name == "-" {
					t.Fatalf("%s.%s has no JSON name", typ, typ.Field(i).Name)
				}
				walk(typ.Field(i).Type, strings.TrimPrefix(path+"."+name, "."), depth+1)
			}
		case typ.Kind() == reflect.Pointer && typ.Elem().Kind() == reflect.Struct:
			if !strings.HasSuffix(path, "next.next") { // the fixture has one next limit
				walk(typ.Elem(), path, depth+1)
			}
		case typ.Kind() == reflect.Slice:
			walk(typ.Elem(), path+"[0]", depth+1)
		case typ.Kind() == reflect.Map:
			// Entries are checked by name elsewhere.
		case strings.Contains(path, "ladder[0].next"), strings.Contains(path, "next.next"):
			// The ladder has no next limits.
		default:
			if v, err := Metric(&r, path); err != nil {
				t.Errorf("Metric(%s) = %v, %v", path, v, err)
			}
			if err := CheckMetric(path); err != nil {
				t.Error(err)
			}
		}
	}
	walk(reflect.TypeFor[Result](), "", 0)
}

func TestEvaluateJudgesEveryCondition(t *testing.T) {
	good, bad, stopped := gpuReceive(), broken(), stalled()
	nan, missed := gpuReceive(), gpuReceive()
	missed.GoodputGbps = 24.6030000001
	nan.GoodputGbps = math.NaN()
	for _, c := range []struct {
		r    *Result
		spec ExpectSpec
		want Expect
	}{
		{&good, ExpectSpec{Metric: "goodput_gbps", Min: ptr(22.0), Max: ptr(25.0)},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps ≥ 22 and ≤ 25", Got: "24.6", OK: true}},
		{&good, ExpectSpec{Name: "fast", Metric: "goodput_gbps", Min: ptr(25.0)},
			Expect{Name: "fast", Wanted: "goodput_gbps ≥ 25", Got: "24.6"}},
		{&good, ExpectSpec{Name: "edge", Metric: "goodput_gbps", Max: ptr(24.603)},
			Expect{Name: "edge", Wanted: "goodput_gbps ≤ 24.603", Got: "24.603", OK: true}},
		{&good, ExpectSpec{Name: "just missed", Metric: "goodput_gbps", Max: ptr(24.60299999)},
			Expect{Name: "just missed", Wanted: "goodput_gbps ≤ 24.60299999", Got: "24.603"}},
		{&missed, ExpectSpec{Name: "missed where rounding hides it", Metric: "goodput_gbps", Max: ptr(24.603)},
			Expect{Name: "missed where rounding hides it", Wanted: "goodput_gbps ≤ 24.603", Got: "24.6030000001"}},
		{&good, ExpectSpec{Metric: "goodput_gbps", Within: ptr(0.06)},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps within 6 % of measured", Got: "24.6, +5.0 % from measured 23.4", OK: true}},
		{&good, ExpectSpec{Metric: "goodput_gbps", Within: ptr(0.05)},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps within 5 % of measured", Got: "24.6, +5.01 % from measured 23.4"}},
		{&good, ExpectSpec{Metric: "events", Within: ptr(0.05)},
			Expect{Name: "events", Wanted: "events within 5 % of measured", Got: "12345678, but the scenario has no measured value of this metric"}},
		{&good, ExpectSpec{Metric: "limit.resource", Contains: "link"},
			Expect{Name: "limit.resource", Wanted: `limit.resource contains "link"`, Got: "link sender->receiver", OK: true}},
		{&good, ExpectSpec{Metric: "limit.resource", Contains: "core"},
			Expect{Name: "limit.resource", Wanted: `limit.resource contains "core"`, Got: "link sender->receiver"}},
		{&stopped, ExpectSpec{Metric: "stall.cause", Equals: ptr("app-stopped")},
			Expect{Name: "stall.cause", Wanted: "stall.cause = app-stopped", Got: "app-stopped", OK: true}},
		{&good, ExpectSpec{Metric: "stall.cause", Equals: ptr("app-stopped")},
			Expect{Name: "stall.cause", Wanted: "stall.cause = app-stopped", Got: "(empty)"}},
		{&good, ExpectSpec{Metric: "stall.cause", Equals: ptr("")},
			Expect{Name: "stall.cause", Wanted: "stall.cause = (empty)", Got: "(empty)", OK: true}},
		{&stopped, ExpectSpec{Metric: "stall.cause", Equals: ptr("")},
			Expect{Name: "stall.cause", Wanted: "stall.cause = (empty)", Got: "app-stopped"}},
		{&good, ExpectSpec{Metric: "stall", Equals: ptr("0")},
			Expect{Name: "stall", Wanted: "stall = 0", Got: "0", OK: true}},
		{&bad, ExpectSpec{Metric: "violations", Max: ptr(0.0)},
			Expect{Name: "violations", Wanted: "violations ≤ 0", Got: "2"}},
		{&bad, ExpectSpec{Metric: "drops.total", Equals: ptr("1220")},
			Expect{Name: "drops.total", Wanted: "drops.total = 1220", Got: "1220", OK: true}},
		{&bad, ExpectSpec{Metric: "drops.total", Equals: ptr("many")},
			Expect{Name: "drops.total", Wanted: "drops.total = many", Got: `1220, a number; wanted "many"`}},
		{&good, ExpectSpec{Metric: "goodput_gbps", Contains: "24"},
			Expect{Name: "goodput_gbps", Wanted: `goodput_gbps contains "24"`, Got: "24.6, a number; contains is for text"}},
		{&good, ExpectSpec{Metric: "limit.resource", Min: ptr(1.0)},
			Expect{Name: "limit.resource", Wanted: "limit.resource ≥ 1", Got: `"link sender->receiver", a text; min, max and within are for numbers`}},
		{&good, ExpectSpec{Metric: "goodput_gbps"},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps", Got: "the expectation states no condition"}},
		{&nan, ExpectSpec{Metric: "goodput_gbps", Min: ptr(0.0)},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps ≥ 0", Got: "NaN"}},
		{&nan, ExpectSpec{Metric: "goodput_gbps", Within: ptr(0.5)},
			Expect{Name: "goodput_gbps", Wanted: "goodput_gbps within 50 % of measured", Got: "NaN, +NaN % from measured 23.4"}},
	} {
		got := Evaluate(c.r, c.spec)
		if got != c.want {
			t.Errorf("Evaluate(%+v)\n got %+v\nwant %+v", c.spec, got, c.want)
		}
	}
	if got := Evaluate(&good, ExpectSpec{Metric: "goodput", Min: ptr(1.0)}); got.OK || !strings.Contains(got.Got, "nearest: goodput_gbps") {
		t.Errorf("an unknown metric gives %+v", got)
	}
}

func TestWhatWasGotNeverReadsLikeTheOtherSideOfABound(t *testing.T) {
	property := func(v float64, offset int8) bool {
		v = math.Mod(v, 1e4)
		bound := v + float64(offset)*1e-7
		r := Result{GoodputGbps: v}
		for _, spec := range []ExpectSpec{{Metric: "goodput_gbps", Min: &bound}, {Metric: "goodput_gbps", Max: &bound}} {
			e := Evaluate(&r, spec)
			got, err := strconv.ParseFloat(e.Got, 64)
			if err != nil {
				return false
			}
			holds := spec.Min != nil && got >= bound || spec.Max != nil && got <= bound
			if holds != e.OK {
				t.Logf("%v: ok %v, but %s is shown against %v", v, e.OK, e.Got, bound)
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestValuesOfExpectationsHaveFourDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 21.4777: "21.48", 24.603: "24.6", 999.96: "1000", 123456.7: "123457", 12345678: "12345678", 0.0123456: "0.01235",
		-21.4777: "-21.48", 9.99996: "10", 1.23456e-9: "1.235e-09", 1e300: "1e+300", math.Inf(1): "+Inf",
	} {
		if got := plain(v); got != want {
			t.Errorf("plain(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestSymmetricErrorTreatsBothSidesAlike(t *testing.T) {
	for _, c := range []struct{ predicted, measured, want float64 }{
		{24, 24, 0}, {0, 0, 0}, {30, 10, 1}, {10, 30, -1}, {5, 0, 2}, {0, 5, -2},
	} {
		if got := SymmetricError(c.predicted, c.measured); got != c.want {
			t.Errorf("SymmetricError(%v, %v) = %v, want %v", c.predicted, c.measured, got, c.want)
		}
		if got := SymmetricError(c.measured, c.predicted); got != -c.want {
			t.Errorf("swapped, SymmetricError(%v, %v) = %v, want %v", c.measured, c.predicted, got, -c.want)
		}
	}
}

func TestNearestPutsTheLikeliestNameFirst(t *testing.T) {
	names := []string{"seed", "goodput_gbps", "goodput_ci95_gbps", "packets", "pages"}
	for given, want := range map[string]string{"goodput_gbits": "goodput_gbps", "package": "packets", "page": "pages", "SEED": "seed"} {
		if got := nearest(given, names)[0]; got != want {
			t.Errorf("nearest(%s) = %s, want %s", given, got, want)
		}
	}
}

func FuzzMetric(f *testing.F) {
	for _, path := range []string{"goodput_gbps", "drops.total", "per_flow[bulk/0].rtt_us.p99", "pcie.links[receiver/root].up", "[[]]", "a..b", "violations.total", "band.points[0].set[nic.mtu]"} {
		f.Add(path)
	}
	r := broken()
	r.Band = gpuReceive().Band
	f.Fuzz(func(t *testing.T, path string) {
		before := clone(t, &r)
		value, err := Metric(&r, path)
		switch value.(type) {
		case float64, string:
			if err != nil {
				t.Fatalf("both a value and an error: %v, %v", value, err)
			}
			if err := CheckMetric(path); err != nil && !strings.HasPrefix(path, "drops") && !strings.HasPrefix(path, "pages.in_place") {
				t.Fatalf("has the value %v, but CheckMetric says %v", value, err)
			}
		case nil:
			if err == nil {
				t.Fatal("neither a value nor an error")
			}
		default:
			t.Fatalf("a value of type %T", value)
		}
		Evaluate(&r, ExpectSpec{Metric: path, Equals: ptr("1")})
		if !bytes.Equal(before, clone(t, &r)) {
			t.Fatal("a look-up changed the result")
		}
	})
}

func clone(t *testing.T, r *Result) []byte {
	var out bytes.Buffer
	if err := JSON(&out, []Result{*r}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkMetric(b *testing.B) {
	r := manyFlows()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Metric(&r, "per_flow[plain/63].rtt_us.p99"); err != nil {
			b.Fatal(err)
		}
	}
}
