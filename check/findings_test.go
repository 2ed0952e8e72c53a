package check

import (
	"os"
	"slices"
	"strings"
	"testing"

	"netgpusim/netgpu"
)

const findingsFile = "../docs/findings.md"

// slow cases are left to the long suite.
var slow = []string{"page-cache", "alloc-failure", "echo-early", "hostile-twice"}

// sections cuts a findings document at its headings.
func sections(doc string) map[string]string {
	m := map[string]string{}
	for _, part := range strings.Split(doc, "\n## ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		m[name] = strings.TrimSpace(text)
	}
	return m
}

// TestFindingsDocumentIsUpToDate holds the sections of docs/findings.md against those
// that the fast cases give. The long suite holds the document against all cases, and
// rewrites it (go test -tags long ./check -update).
func TestFindingsDocumentIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(findingsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := sections(string(data))
	cases := slices.DeleteFunc(FindingsCases(), func(c Case) bool { return slices.Contains(slow, c.Name) })
	doc, err := Findings(t.Context(), cases, nil)
	if err != nil {
		t.Fatal(err)
	}
	fromSlow := func(section string) bool {
		return slices.ContainsFunc(slow, func(name string) bool { return strings.Contains(section, "in case `"+name+"`") })
	}
	compared := 0
	for name, section := range sections(doc) {
		if fromSlow(want[name]) { // a slow case has a shorter way
			continue
		}
		compared++
		if section != want[name] {
			t.Errorf("docs/findings.md is out of date (go test -tags long ./check -update rewrites it); %s should be\n%s", name, section)
		}
	}
	if compared < 15 {
		t.Errorf("%d sections compared", compared)
	}
	for name, section := range want {
		if _, ok := sections(doc)[name]; !ok && !fromSlow(section) {
			t.Errorf("docs/findings.md has %s, which is not found any more", name)
		}
	}
}

func TestEveryRepairTakesAFindingAway(t *testing.T) {
	for _, r := range netgpu.Repairs() {
		found := false
		for _, c := range consequences {
			found = found || c.repair == r
		}
		if !found {
			t.Errorf("%v takes no finding away", r)
		}
	}
}
