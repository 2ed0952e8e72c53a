package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestJSONMatchesTheReviewedDocument(t *testing.T) {
	for file, results := range map[string][]Result{
		"gpu-rx.json": {gpuReceive()}, "broken.json": {broken()}, "empty.json": {{}}, "two.json": {copyReceive(), stalled()}, "none.json": {},
	} {
		var out bytes.Buffer
		if err := JSON(&out, results); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		golden(t, file, out.Bytes())
	}
}

func TestDecodingGivesBackWhatWasEncoded(t *testing.T) {
	for _, results := range [][]Result{{gpuReceive()}, {stalled()}, allFixtures()} {
		var out bytes.Buffer
		if err := JSON(&out, results); err != nil {
			t.Fatal(err)
		}
		got, err := DecodeJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		want, err := normalise(results)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d results came back different:\n got %+v\nwant %+v", len(results), got, want)
		}
	}
}

func TestJSONHasListsAndTablesEvenWhenEmpty(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, []Result{{}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "null") {
		t.Errorf("null in the output:\n%s", out.String())
	}
	for _, want := range []string{`"per_flow": []`, `"drops": {}`, `"violations": []`, `"in_place": {}`, `"expect": []`, `"schema": "netgpusim.result/1"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in the output", want)
		}
	}
}

func TestJSONLeavesTheCallersResultAsItIs(t *testing.T) {
	sparse := func() Result { // with lists and tables absent at every depth
		r := broken()
		r.Schema, r.Rings, r.CPU.Cores[0].NsByFunc, r.NICs[1].Counters = "", nil, nil, nil
		return r
	}
	r := sparse()
	if err := JSON(io.Discard, []Result{r}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, sparse()) {
		t.Error("JSON changed its argument")
	}
}

func TestNoFormatForProgramsCarriesANonFiniteNumber(t *testing.T) {
	for path, spoil := range map[string]func(*Result){
		"goodput_gbps":              func(r *Result) { r.GoodputGbps = math.NaN() },
		"per_flow[0].rtt_us.p99":    func(r *Result) { r.PerFlow[0].RTTUs.P99 = math.Inf(1) },
		"limit.next.capacity_gbps":  func(r *Result) { r.Limit.Next.CapacityGbps = math.Inf(-1) },
		"ladder[2].headroom_gbps":   func(r *Result) { r.Ladder[2].HeadroomGbps = math.NaN() },
		"band.points[1].ceiling":    func(r *Result) { r.Band.Points[1].CeilingGbps = math.NaN() },
		"pcie.links[0].down.utilis": func(r *Result) { r.PCIe.Links[0].Down.Utilisation = math.NaN() },
	} {
		r := gpuReceive()
		spoil(&r)
		for name, write := range map[string]func(io.Writer, []Result) error{"JSON": JSON, "CSV": CSV, "Iperf3": Iperf3} {
			var out bytes.Buffer
			err := write(&out, []Result{copyReceive(), r})
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "result 2 (rfc-v2-gpu-rx)") {
				t.Errorf("%s with %s not finite: error %v does not name it", name, path, err)
			}
			if out.Len() > 0 {
				t.Errorf("%s with %s not finite: wrote %d bytes all the same", name, path, out.Len())
			}
		}
	}
}

func TestWritersReportTheirErrors(t *testing.T) {
	for name, write := range map[string]func(io.Writer, []Result) error{"JSON": JSON, "CSV": CSV, "Iperf3": Iperf3} {
		if err := write(fullDisk{}, allFixtures()); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want the writer's error", name, err)
		}
		other := gpuReceive()
		other.Schema = "netgpusim.result/2"
		if err := write(io.Discard, []Result{other}); err == nil || !strings.Contains(err.Error(), "netgpusim.result/2") {
			t.Errorf("%s: a result of another schema gives %v", name, err)
		}
	}
}

func TestDecodeJSONRefusesWhatIsNotAResult(t *testing.T) {
	for given, want := range map[string]string{
		``:                                       "empty input",
		`   `:                                    "empty input",
		`{`:                                      "not JSON",
		`nonsense`:                               "not JSON",
		`null`:                                   "want an object",
		`42`:                                     "want an object",
		`"netgpusim.result/1"`:                   "want an object",
		`{}`:                                     `no "schema"`,
		`{"schema": null}`:                       `no "schema"`,
		`{"schema": 1}`:                          "cannot unmarshal",
		`{"schema": "netgpusim.sweep/1"}`:        `schema is "netgpusim.sweep/1"`,
		`[{"schema": "netgpusim.result/1"}, {}]`: `result 2 of 2: no "schema"`,
		`[[]]`:                                   "want an object",
		`{"schema": "netgpusim.result/1"} {}`:    "something follows",
		`{"schema": "netgpusim.result/1"}]`:      "something follows",
		`{"schema": "netgpusim.result/1", "seed": -1}`:                 "seed",
		`{"schema": "netgpusim.result/1", "goodput_gbps": "fast"}`:     "goodput_gbps",
		`{"schema": "netgpusim.result/1", "goodput_gbps": 1e999}`:      "goodput_gbps",
		`{"schema": "netgpusim.result/1", "drops": {"link_loss": []}}`: "drops",
	} {
		got, err := DecodeJSON(strings.NewReader(given))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("DecodeJSON(%s) = %v, %v; want an error with %q", given, got, err, want)
		}
	}
}

func TestDecodeJSONAcceptsFieldsOfLaterVersions(t *testing.T) {
	got, err := DecodeJSON(strings.NewReader(`{"schema": "netgpusim.result/1", "scenario": "x", "new_in_2031": {"a": [1]}, "rings": null}`))
	if err != nil || len(got) != 1 || got[0].Scenario != "x" || got[0].Rings == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, results := range [][]Result{{gpuReceive()}, {stalled()}, allFixtures()} {
		var out bytes.Buffer
		if err := JSON(&out, results); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"schema":"netgpusim.result/1","limit":{"next":{"next":null}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := DecodeJSON(bytes.NewReader(data))
		if err != nil {
			return
		}
		// What was accepted can be written, and comes back the same.
		var out bytes.Buffer
		if err := JSON(&out, first); err != nil {
			t.Fatalf("accepted, but cannot be written: %v", err)
		}
		if !json.Valid(out.Bytes()) {
			t.Fatal("wrote something that is not JSON")
		}
		again, err := DecodeJSON(&out)
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if !reflect.DeepEqual(first, again) {
			t.Fatal("what came back differs")
		}
		// And every other renderer takes it.
		if len(first) > 0 {
			if err := Text(io.Discard, first, TextOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := CSV(io.Discard, first); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	r := []Result{manyFlows()}
	b.ReportAllocs()
	for b.Loop() {
		if err := JSON(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
