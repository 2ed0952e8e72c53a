package reports

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file of testdata, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./reports -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range max(len(gotLines), len(wantLines)) {
			var g, w string
			if i < len(gotLines) {
				g = gotLines[i]
			}
			if i < len(wantLines) {
				w = wantLines[i]
			}
			if g != w {
				t.Fatalf("%s differs first in line %d:\n got %q\nwant %q\n(go test ./reports -update rewrites it)", file, i+1, g, w)
			}
		}
	}
}

func TestTextMatchesTheReviewedPages(t *testing.T) {
	for _, c := range []struct {
		file    string
		results []Result
		options TextOptions
	}{
		{"gpu-rx.80.txt", []Result{gpuReceive()}, TextOptions{Width: 80}},
		{"gpu-rx.140.txt", []Result{gpuReceive()}, TextOptions{Width: 140}},
		{"gpu-rx.verbose.txt", []Result{gpuReceive()}, TextOptions{Width: 100, Verbose: true}},
		{"gpu-rx.color.txt", []Result{gpuReceive()}, TextOptions{Width: 80, Color: true}},
		{"copy-rx.80.txt", []Result{copyReceive()}, TextOptions{}},
		{"waiting.80.txt", []Result{waiting()}, TextOptions{Width: 80}},
		{"stalled.80.txt", []Result{stalled()}, TextOptions{Width: 80}},
		{"broken.80.txt", []Result{broken()}, TextOptions{Width: 80}},
		{"broken.color.txt", []Result{broken()}, TextOptions{Width: 140, Color: true}},
		{"broken.60.txt", []Result{broken()}, TextOptions{Width: 60}},
		{"many-flows.80.txt", []Result{manyFlows()}, TextOptions{Width: 80}},
		{"comparison.80.txt", []Result{gpuReceive(), copyReceive(), stalled(), broken()}, TextOptions{Width: 80}},
		{"comparison.140.txt", []Result{gpuReceive(), copyReceive(), stalled(), broken()}, TextOptions{Width: 140}},
		{"comparison.wide.txt", []Result{gpuReceive(), copyReceive()}, TextOptions{Width: 80, Wide: true}},
		{"empty.80.txt", []Result{{}}, TextOptions{}},
	} {
		var out bytes.Buffer
		if err := Text(&out, c.results, c.options); err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		golden(t, c.file, out.Bytes())
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestTextReportsTheWritersErrorAndAnEmptyList(t *testing.T) {
	if err := Text(fullDisk{}, []Result{gpuReceive()}, TextOptions{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if err := Text(&bytes.Buffer{}, nil, TextOptions{}); err == nil {
		t.Error("no result to print is no error")
	}
}

func TestAQuietRunFitsASheet(t *testing.T) {
	var out bytes.Buffer
	if err := Text(&out, []Result{gpuReceive()}, TextOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines > 60 {
		t.Errorf("%d lines at 80 columns, want 60 at most", lines)
	}
}

func TestHeadlineSaysBusyOfRatesOnly(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want string
	}{
		{copyReceive(), "\n  limited by  receiver core 1, >99.9 % busy\n  next limit  link sender → receiver at 24.7 Gbit/s\n"},
		{waiting(), "\n  limited by  congestion window (loss), 29.8 % of the time\n  next limit  link sender → receiver at 24.7 Gbit/s\n"},
		{Result{Scenario: "s"}, "s: 0 Gbit/s\n  limited by  no limit found\n"},
	} {
		var out bytes.Buffer
		if err := Text(&out, []Result{c.r}, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: want %q in\n%s", c.r.Scenario, c.want, out.String())
		}
	}
}

func TestHostPathIsPutIntoWords(t *testing.T) {
	link := func(name string, up, down int64) PCIeLink {
		return PCIeLink{Host: "receiver", Name: name, Up: PCIeDirection{PayloadBytes: up}, Down: PCIeDirection{PayloadBytes: down}}
	}
	for _, c := range []struct {
		links []PCIeLink
		share float64
		want  string
	}{
		{[]PCIeLink{link("root", 1, 1), link("gpu", 0, 9)}, 0.02, "receiver, host PCIe path: 0.43 Gbit/s of payload on the root port, both ways, 2.0 % of the 21.5 Gbit/s into the GPU: mostly idle"},
		{[]PCIeLink{link("root", 1, 1), link("gpu", 9, 0)}, 0.0999, "receiver, host PCIe path: 0.43 Gbit/s of payload on the root port, both ways, 10.0 % of the 21.5 Gbit/s out of the GPU: mostly idle"},
		{[]PCIeLink{link("root", 1, 1), link("gpu", 9, 9)}, 0.1, "receiver, host PCIe path: 0.43 Gbit/s of payload on the root port, both ways, 10.0 % of the 21.5 Gbit/s into and out of the GPU: not idle"},
		{[]PCIeLink{link("nic", 1, 1), link("gpu", 0, 9)}, 1, "receiver, host PCIe path: without a switch, NIC and GPU each have a root port: the 21.5 Gbit/s into the GPU cross the root complex"},
	} {
		r := Result{PCIe: PCIe{Links: c.links}}
		got := hostPath(&r, &HostPath{Host: "receiver", RootGbps: 0.43, GPUGbps: 21.5, Share: c.share})
		if got := strings.ReplaceAll(got, nbsp, " "); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestRingsThatMadeNobodyWaitTakeALine(t *testing.T) {
	ring := func(host, name string, least, most, empty, full float64) Ring {
		return Ring{Host: host, Name: name, Entries: 100, Occupancy: Occupancy{Min: least, Max: most}, EmptyS: empty, FullS: full}
	}
	for _, c := range []struct {
		what  string
		rings []Ring
		want  string
	}{
		{"none", nil, ""},
		{"a full queue of buffers and an empty one of deliveries are as they should be",
			[]Ring{ring("a", "fill/1", 40, 100, 0, 1), ring("a", "rx/0", 0, 7, 1, 0)}, "no waits; a fill/1 ≥ 40.0 % full, rx/0 ≤ 7.0 %"},
		{"of each kind the one that came closest",
			[]Ring{ring("a", "fill/1", 40, 100, 0, 0), ring("b", "fill/1", 30, 100, 0, 0), ring("a", "rx/0", 0, 7, 0, 0), ring("b", "rx/0", 0, 9, 0, 0)},
			"no waits; b fill/1 ≥ 30.0 % full, rx/0 ≤ 9.0 %"},
		{"those that ran dry or over are elsewhere",
			[]Ring{ring("a", "fill/1", 0, 100, 0.1, 0), ring("a", "rx/0", 0, 7, 0, 0), ring("a", "rx/1", 0, 100, 0, 0.1)}, "the others: no waits; a rx/0 ≤ 7.0 % full"},
		{"an unknown kind that was never empty or full", []Ring{ring("a", "tx", 1, 2, 0, 0)}, "no waits"},
		{"all waited for", []Ring{ring("a", "tx", 0, 2, 0.1, 0)}, ""},
	} {
		if got := strings.ReplaceAll(calmRings(&Result{Rings: c.rings}), nbsp, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	for _, r := range append(allFixtures(), benchRun()) {
		var plain, colored bytes.Buffer
		if err := Text(&plain, []Result{r}, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := Text(&colored, []Result{r}, TextOptions{Color: true}); err != nil {
			t.Fatal(err)
		}
		if got := sgr.ReplaceAllString(colored.String(), ""); got != plain.String() {
			t.Errorf("%s: without its escape sequences the coloured page differs from the plain one", r.Scenario)
		}
		if strings.Contains(plain.String(), "\x1b") {
			t.Errorf("%s: the plain page has escape sequences", r.Scenario)
		}
		if !strings.Contains(colored.String(), "\x1b[") {
			t.Errorf("%s: the coloured page has no colour", r.Scenario)
		}
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestNoLineIsWiderThanThePage fills results with arbitrary values, among them
// texts that are long, wide or hostile.
func TestNoLineIsWiderThanThePage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		results := make([]Result, 1+rng.IntN(3))
		for i := range results {
			scribble(rng, reflect.ValueOf(&results[i]).Elem(), 0)
			if rng.IntN(3) == 0 {
				results[i].Kind = KindBench
			}
		}
		o := TextOptions{Width: 60 + rng.IntN(120), Verbose: rng.IntN(2) == 0}
		var out bytes.Buffer
		if err := Text(&out, results, o); err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(out.String(), "\n") {
			if w := displayWidth(line); w > o.Width {
				t.Fatalf("line %d takes %d columns of %d: %q", n+1, w, o.Width, line)
			}
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("line %d has control characters: %q", n+1, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Fatalf("line %d ends in a space: %q", n+1, line)
			}
		}
	}
}

// scribble fills v with arbitrary values.
func scribble(rng *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			scribble(rng, v.Field(i), depth+1)
		}
	case reflect.Pointer:
		if depth < 8 && rng.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			scribble(rng, v.Elem(), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for range rng.IntN(12) {
			e := reflect.New(v.Type().Elem()).Elem()
			scribble(rng, e, depth+1)
			v.Set(reflect.Append(v, e))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rng.IntN(12) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			scribble(rng, k, depth+1)
			scribble(rng, e, depth+1)
			v.SetMapIndex(k, e)
		}
	case reflect.String:
		words := []string{"", "link", "receiver core 0", "sender->receiver", "gpu", "copy", "\x1b[2J", "a\nb\tc", "漢字漢字漢字漢字漢字", "\xff", "e\u0301",
			strings.Repeat("long ", 30), strings.Repeat("unbroken", 30), "=1+1", "nic.mtu"}
		v.SetString(words[rng.IntN(len(words))])
	case reflect.Float64:
		all := []float64{0, 1, -1, 0.5, 0.9999, 1e-12, 24.6, 1e9, 1e21, math.NaN(), math.Inf(1), math.Inf(-1), rng.NormFloat64()}
		v.SetFloat(all[rng.IntN(len(all))])
	case reflect.Int64, reflect.Int:
		all := []int64{0, 1, -1, 1023, 1 << 40, math.MaxInt64, math.MinInt64}
		v.SetInt(all[rng.IntN(len(all))])
	case reflect.Uint64:
		v.SetUint(rng.Uint64() >> rng.IntN(64))
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	}
}

func allFixtures() []Result {
	return []Result{gpuReceive(), copyReceive(), waiting(), stalled(), broken(), manyFlows(), {}}
}

func BenchmarkText(b *testing.B) {
	r := []Result{manyFlows()}
	b.ReportAllocs()
	for b.Loop() {
		if err := Text(io.Discard, r, TextOptions{Width: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
