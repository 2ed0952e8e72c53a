package packetdrill

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scripts are our own scripts with their text.
func scripts(t testing.TB) map[string]string {
	t.Helper()
	files, err := Find([]string{"testdata/scripts"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[f] = string(text)
	}
	return all
}

func TestScripts(t *testing.T) {
	for file, text := range scripts(t) {
		t.Run(strings.TrimPrefix(file, "testdata/scripts/"), func(t *testing.T) {
			t.Parallel()
			script, err := Parse(file, text)
			if err != nil {
				t.Fatal(err)
			}
			if script.comment == "" {
				t.Errorf("the script has no comment at its head that names its rule")
			}
			if r := script.Run(Options{}); r.Err != nil {
				t.Errorf("%v\n%s", r.Err, strings.Join(r.History, "\n"))
			}
		})
	}
}

// TestScriptsOverIPv6 runs the same with AF_INET6 sockets, over IPv4 and over IPv6, but
// for those that name addresses or ICMP messages of one version.
func TestScriptsOverIPv6(t *testing.T) {
	for file, text := range scripts(t) {
		if strings.Contains(text, "AF_INET") || strings.Contains(text, "ip_version") || strings.Contains(text, "icmp") || strings.Contains(text, "SOL_IP,") {
			continue
		}
		script, err := Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []IPVersion{Mapped, IPv6} {
			t.Run(filepath.Base(file)+" "+string(v), func(t *testing.T) {
				t.Parallel()
				if r := script.Run(Options{IPVersion: v}); r.Err != nil {
					t.Errorf("%v\n%s", r.Err, strings.Join(r.History, "\n"))
				}
			})
		}
	}
}

// TestRunsAreRepeatable: the same script has the same history, packet by packet.
func TestRunsAreRepeatable(t *testing.T) {
	for file, text := range scripts(t) {
		script, err := Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		var first, second strings.Builder
		script.Run(Options{Trace: &first})
		script.Run(Options{Trace: &second})
		if first.String() != second.String() {
			t.Errorf("%s: two runs differ:\n%s\n%s", file, first.String(), second.String())
		}
	}
}
