package trace

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentNamesAllThatAProducerOrReaderMeets: operations, keys, and the causes of
// the conversations.
func TestDocumentNamesAllThatAProducerOrReaderMeets(t *testing.T) {
	var text string
	for _, name := range []string{"trace.md", "protocol.md"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
		if name != "trace.md" {
			continue
		}
		for op := range opCount {
			if !strings.Contains(text, "`"+op.String()+"`") {
				t.Errorf("docs/trace.md does not name the operation %v", op)
			}
		}
		for _, key := range keyNames {
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				t.Errorf("docs/trace.md does not name the key %s", key)
			}
		}
	}
	files, _ := filepath.Glob("testdata/*.golden")
	cause := regexp.MustCompile(`(?m)^line \d+: [^:]*: ([a-z-]+) \(`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range cause.FindAllSubmatch(b, -1) {
			if !strings.Contains(text, "`"+string(m[1])+"`") {
				t.Errorf("%s: neither docs/trace.md nor docs/protocol.md names the cause %s", file, m[1])
			}
		}
	}
}
