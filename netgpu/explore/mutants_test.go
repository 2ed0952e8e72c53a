package explore

import (
	"bytes"
	commandline "flag" // the package has a function of that name
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netgpusim/netgpu/explore/memory"
)

// updateMutants rewrites the page that lists the mutants.
var updateMutants = commandline.Bool("update-mutants", false, "rewrite docs/models/mutants.md; read the diff")

const (
	mutantsFile  = "testdata/mutants.txt"
	mutantsPage  = "../../docs/models/mutants.md"
	mutantsWant  = 40      // to be killed
	modelFolder  = ".."    // where the files of mutants are
	moduleFolder = "../.." // where go.mod is
)

// mutant is a fault put into the repaired model, as testdata/mutants.txt lists it.
type mutant struct {
	name  string
	kind  string
	why   string // what it breaks
	check string // that must notice; see testdata/mutants/main.go

	// One of these three.
	finds    string // the violation that the check must report: invariant/cause
	missed   string // why the checker does not see it
	harmless string // why nothing is broken

	barrier  string // of the memory model, taken out through its interface; or
	file     string // of the model,
	old, new string // what stands there and what shall
}

// readMutants reads the table. Its format is told at its top.
func readMutants(t *testing.T) []mutant {
	t.Helper()
	text, err := os.ReadFile(mutantsFile)
	if err != nil {
		t.Fatal(err)
	}
	var list []mutant
	for i, line := range strings.Split(string(text), "\n") {
		key, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case line == "" || line[0] == '#':
			continue
		case key == "mutant":
			list = append(list, mutant{name: rest})
			continue
		case len(list) == 0:
			t.Fatalf("%s:%d: given %q before the first mutant", mutantsFile, i+1, line)
		}
		m := &list[len(list)-1]
		fields := map[string]*string{"kind": &m.kind, "why": &m.why, "check": &m.check, "finds": &m.finds,
			"missed": &m.missed, "harmless": &m.harmless, "barrier": &m.barrier, "file": &m.file}
		switch field := fields[key]; {
		case field != nil && *field == "" && rest != "":
			*field = rest
		case line[0] == '|':
			m.old += line[1:] + "\n"
			m.new += line[1:] + "\n"
		case line[0] == '-':
			m.old += line[1:] + "\n"
		case line[0] == '+':
			m.new += line[1:] + "\n"
		default:
			t.Fatalf("%s:%d: given %q, allowed are each of mutant, kind, file, barrier, check, finds, missed, harmless, why once, and lines of code behind |, - or +", mutantsFile, i+1, line)
		}
	}
	return list
}

// apply returns the file of the model with the fault in it.
func (m mutant) apply() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(modelFolder, m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("%s: the code to change occurs %d times in %s, wanted is once:\n%s", m.name, n, m.file, m.old)
	}
	return bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

func TestTheTableOfMutantsFitsTheModel(t *testing.T) {
	list := readMutants(t)
	names, changes := map[string]bool{}, map[string]string{}
	counted := 0
	for _, m := range list {
		switch {
		case m.name == "" || m.kind == "" || m.why == "" || m.check == "":
			t.Errorf("%q: name, kind, why and check are needed: %+v", m.name, m)
		case names[m.name]:
			t.Errorf("%s is there twice", m.name)
		case len(m.finds)*len(m.missed+m.harmless)+len(m.missed)*len(m.harmless) > 0 || m.finds+m.missed+m.harmless == "":
			t.Errorf("%s: one of finds, missed and harmless is needed", m.name)
		case (m.file == "") == (m.barrier == ""):
			t.Errorf("%s: either a file or a barrier is needed", m.name)
		case m.file != "":
			if _, err := m.apply(); err != nil {
				t.Error(err)
			}
			if m.old == m.new {
				t.Errorf("%s changes nothing", m.name)
			}
		}
		change := m.file + m.old + m.new + m.barrier
		if m.file != "" && changes[change] != "" {
			t.Errorf("%s and %s are the same change", m.name, changes[change])
		}
		names[m.name], changes[change] = true, m.name
		if m.finds != "" {
			counted++
		}
	}
	if counted < mutantsWant {
		t.Errorf("%d mutants are to be killed, wanted are %d", counted, mutantsWant)
	}
}

// Each barrier of each program of the memory model is a mutant where somebody needs it.
func TestEveryBarrierIsAMutant(t *testing.T) {
	list := readMutants(t)
	for _, p := range memory.Programs() {
		barriers, err := memory.Barriers(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range barriers {
			if !slices.ContainsFunc(list, func(m mutant) bool { return m.barrier == b.Name }) {
				t.Errorf("no mutant lacks the barrier %q of %s", b.Name, p.Name)
			}
		}
	}
}

// page is docs/models/mutants.md.
func page(list []mutant) string {
	var b strings.Builder
	killed := 0
	for _, m := range list {
		killed += min(len(m.finds), 1)
	}
	fmt.Fprintf(&b, mutantsHead, killed)
	for _, m := range list {
		if m.finds != "" {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | `%s` | `%s` |\n", m.name, m.kind, m.where(), m.why, m.check, m.finds)
		}
	}
	survivors := func(head string, why func(m mutant) string) {
		fmt.Fprint(&b, head)
		for _, m := range list {
			if w := why(m); w != "" {
				fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", m.name, m.kind, m.where(), m.why, w)
			}
		}
	}
	survivors(mutantsMissed, func(m mutant) string { return m.missed })
	survivors(mutantsHarmless, func(m mutant) string { return m.harmless })
	return b.String()
}

func (m mutant) where() string { return m.barrier + m.file }

const mutantsHead = `# Mutants

Is the checker blind somewhere? %d faults of the kind that programmers make, each put alone into
the code of the repaired model, are found by checks that find nothing without them. Generated
from ` + "`netgpu/explore/testdata/mutants.txt`" + `, which has the changes themselves.
` + "`go test -tags long -run Mutants ./netgpu/explore`" + ` puts in one after another and runs its check,
which must end by itself and report what the table says. A crash is no kill, nor is code that
does not compile.

A check is ` + "`explore CASE BOUND…`" + ` (as ` + "`netgpusim check explore`" + `), ` + "`walk CASE`" + ` (as
` + "`netgpusim check fuzz`" + `) or ` + "`memory PROGRAM MODEL`" + ` ([memory models](memory-model.md)). Bounds
change those of the case; ` + "`progress`" + ` looks for ways that go round in circles, in a case where only a
fault makes any.

| mutant | fault | where | what it breaks | killed by | which reports |
|---|---|---|---|---|---|
`

const mutantsMissed = `
## Faults that the checker misses

They are in the table so that it is known; a test notices when it changes. They do not count.

| mutant | fault | where | what it breaks | why the checker misses it |
|---|---|---|---|---|
`

const mutantsHarmless = `
## Changes that break nothing

| mutant | fault | where | what it does | why no invariant is broken |
|---|---|---|---|---|
`

func TestThePageListsTheMutants(t *testing.T) {
	want := page(readMutants(t))
	if *updateMutants {
		if err := os.WriteFile(mutantsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(mutantsPage); err != nil || string(got) != want {
		t.Errorf("%s is not what the table says (go test -update-mutants rewrites it): %v", mutantsPage, err)
	}
}
