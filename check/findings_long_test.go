//go:build long

package check

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/findings.md")

func TestFindingsDocumentIsWhatAllCasesGive(t *testing.T) {
	doc, err := Findings(t.Context(), FindingsCases(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(findingsFile, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(findingsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != doc {
		t.Error("docs/findings.md is out of date: go test -tags long ./check -update rewrites it")
	}
	for cause := range consequences {
		if _, ok := sections(doc)[cause]; !ok {
			t.Errorf("no case finds %s, whose consequences are written", cause)
		}
	}
}
