//go:build long

package explore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"netgpusim/netgpu/explore/memory"
	"netgpusim/netgpu/explore/search"
)

// A check that takes longer than this hangs; it takes a few seconds at most.
const mutantTimeout = time.Minute

// nothingFound is what a check says that has seen everything and found nothing.
var nothingFound = []string{"complete"}

// buildChecker makes the program that carries out checks, with the file of the model
// replaced by text; "": with none replaced.
func buildChecker(t *testing.T, file string, text []byte) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "checker")
	arguments := []string{"build", "-ldflags=-s -w", "-o", program}
	if file != "" {
		original, err := filepath.Abs(filepath.Join(modelFolder, file))
		if err != nil {
			t.Fatal(err)
		}
		changed := filepath.Join(dir, file)
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{changed: text, filepath.Join(dir, "overlay.json"): overlay} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		arguments = append(arguments, "-overlay", filepath.Join(dir, "overlay.json"))
	}
	c := exec.Command("go", append(arguments, "./netgpu/explore/testdata/mutants")...)
	c.Dir = moduleFolder
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("does not compile: %v\n%s", err, out)
	}
	return program
}

// findings are the violations that a check reports, and how it ended. An error is for
// a program that does not end, or not by itself.
func findings(program, check string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), mutantTimeout)
	defer cancel()
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, program, strings.Fields(check)...)
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("hangs: no end within %v", mutantTimeout)
	case err != nil:
		text := errs.String()
		return nil, errors.New("crashes: " + err.Error() + "\n" + text[:min(len(text), 2000)])
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n"), nil
}

func TestMutantsAreKilled(t *testing.T) {
	list := readMutants(t)
	clean := buildChecker(t, "", nil)
	checks := map[string]bool{}
	for _, m := range list {
		if checks[m.check] || m.barrier != "" {
			continue // the tests of the memory models show that nothing is found with all barriers
		}
		checks[m.check] = true
		if got, err := findings(clean, m.check); err != nil || !slices.Equal(got, nothingFound) {
			t.Errorf("%s: the model without a fault: %q, %v", m.check, got, err)
		}
	}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			got, err := m.findings(t)
			switch {
			case err != nil:
				t.Errorf("%s: %v", m.check, err)
			case m.finds == "" && !slices.Equal(got, nothingFound):
				t.Errorf("%s is said not to notice, and reports %q: if it does now, say what it finds in %s", m.check, got, mutantsFile)
			case m.finds != "" && !slices.Contains(got, m.finds):
				t.Errorf("%s reports %q, not %s", m.check, got, m.finds)
			}
		})
	}
}

// findings are those of the mutant's check.
func (m mutant) findings(t *testing.T) ([]string, error) {
	t.Helper()
	if m.barrier != "" {
		return m.withoutBarrier()
	}
	text, err := m.apply()
	if err != nil {
		t.Fatal(err)
	}
	return findings(buildChecker(t, m.file, text), m.check)
}

// withoutBarrier checks a program of the memory models without the mutant's barrier.
func (m mutant) withoutBarrier() ([]string, error) {
	var program, model string
	if _, err := fmt.Sscanf(m.check, "memory %s %s", &program, &model); err != nil {
		return nil, fmt.Errorf("given %q, wanted are memory, program and model: %w", m.check, err)
	}
	p, err := memory.ProgramByName(program)
	if err != nil {
		return nil, err
	}
	machine, err := memory.ModelByName(model)
	if err != nil {
		return nil, err
	}
	r, err := memory.Check(context.Background(), p, machine, memory.Without(m.barrier), search.Options{Workers: 1})
	if err != nil || r.Violation == nil {
		return nothingFound, err
	}
	return []string{fmt.Sprintf("%v/%s", r.Violation.Invariant, r.Violation.Cause)}, nil
}
