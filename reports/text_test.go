package reports

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		{"stalled.80.txt", []Result{stalled()}, TextOptions{Width: 80}},
		{"broken.80.txt", []Result{broken()}, TextOptions{Width: 80}},
		{"broken.color.txt", []Result{broken()}, TextOptions{Width: 140, Color: true}},
		{"broken.40.txt", []Result{broken()}, TextOptions{Width: 40}},
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
