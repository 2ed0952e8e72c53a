package trace

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden reports; read the diff")

// TestConversations checks the traces of testdata. Beside each stands what it shows,
// the options, and the report that is due.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".ndjson")
		t.Run(name, func(t *testing.T) {
			conversation(t, file, strings.TrimSuffix(file, ".ndjson")+".golden")
		})
	}
}

func conversation(t *testing.T, file, golden string) {
	in, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(want), "\n----\n")
	if !ok {
		t.Fatalf("%s: no line ---- between what it shows and the report", golden)
	}
	_, words, _ := strings.Cut(head, "\noptions:")
	var o Options
	for _, word := range strings.Fields(words) {
		switch word {
		case "all":
			o.All = true
		default:
			o.Variant = word
		}
	}
	report, err := Check(context.Background(), bytes.NewReader(in), o)
	got := head + "\n----\n" + told(&report, err)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(want) {
		t.Errorf("differs from %s (go test -update rewrites it; read the diff)\n got:\n%s\nwant:\n%s", golden, got, want)
	}
}

// told is a report for a reviewer.
func told(r *Report, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	if r.Variant == "" {
		return b.String()
	}
	fmt.Fprintf(&b, "%s, exact %v: %d events", r.Variant, r.Exact, r.Events)
	if r.Gaps > 0 {
		fmt.Fprintf(&b, ", %d gaps with %d lost", r.Gaps, r.Lost)
	}
	if r.Unverifiable > 0 {
		fmt.Fprintf(&b, ", %d unverifiable", r.Unverifiable)
	}
	b.WriteString("\n")
	for _, d := range r.Divergences {
		fmt.Fprintf(&b, "%s\n", d)
	}
	if r.OK() && err == nil {
		b.WriteString("no divergence\n")
	}
	return b.String()
}

// TestConversationsCoverEveryOperation holds the list of conversations against the
// list of operations.
func TestConversationsCoverEveryOperation(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.ndjson")
	covered := map[string]int64{}
	for _, file := range files {
		in, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		report, _ := Check(context.Background(), in, Options{All: true})
		for op, n := range report.Coverage {
			covered[op] += n
		}
		_ = in.Close() // it was only read
	}
	if len(covered) != OpCount {
		t.Errorf("%d operations are reported, there are %d", len(covered), OpCount)
	}
	for _, op := range slices.Sorted(maps.Keys(covered)) {
		if covered[op] == 0 {
			t.Errorf("no conversation has the operation %s", op)
		}
	}
}
