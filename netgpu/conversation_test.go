package netgpu

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// TestConversations plays the text files in testdata: blocks of commands, a line
// "----", and what the model answers. The commands are described in
// testdata/README.md.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := converse(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s:\n%s", file, difference(string(text), got))
			}
		})
	}
}

// converse returns the conversation with the answers that the model gives now, and
// what its operations answered.
func converse(t *testing.T, text string) (string, map[outcome]bool) {
	t.Helper()
	var out strings.Builder
	var answers []string
	answer := func() {
		if len(answers) > 0 {
			fmt.Fprintf(&out, "----\n%s\n", strings.Join(answers, "\n"))
		}
		answers = nil
	}
	w := newWorld(RFCv2())
	old := false // in the answers of last time
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case line == "----":
			old = true
			continue
		case line == "":
			answer()
			old = false
		case old:
			continue
		case !strings.HasPrefix(line, "#"):
			if a := w.command(t, line); a != "" {
				answers = append(answers, a)
			}
		}
		fmt.Fprintln(&out, line)
	}
	answer()
	return out.String(), w.observed
}

// difference shows the first line in which two texts differ, with what precedes.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < max(len(w), len(g)); i++ {
		if i < len(w) && i < len(g) && w[i] == g[i] {
			continue
		}
		line := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "(end)"
		}
		before := strings.Join(w[max(0, i-4):min(i, len(w))], "\n")
		return fmt.Sprintf("line %d, after\n%s\nexpected  %s\nanswered  %s", i+1, before, line(w), line(g))
	}
	return ""
}
