package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMappingIsSharedThroughItsFile(t *testing.T) {
	ours, err := Create(8192)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs := remap(t, ours)
	ours.Bytes()[5000] = 1
	if theirs.Bytes()[5000] != 1 {
		t.Error("a byte written to one mapping is not in the other")
	}
	if err := ours.File().Truncate(4096); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the shared memory can be cut short: %v", err)
	}
}

// remap maps the same memory once more, as another process would.
func remap(t *testing.T, m *Mapping) *Mapping {
	t.Helper()
	f, err := os.OpenFile(filepath.Join("/proc/self/fd", fmt.Sprint(m.File().Fd())), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Map(f, int64(len(m.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	return again
}

func TestMapRefusesWhatWouldFaultLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, make([]byte, 4095), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size, want := range map[int64]string{
		4096:    "has 4095 bytes: cannot map 4096",
		0:       "a mapping of 0 bytes: from 1 to ",
		-1:      "a mapping of -1 bytes: from 1 to ",
		1 << 40: "a mapping of 1099511627776 bytes: from 1 to ",
	} {
		if _, err := Map(f, size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v, want an error with %q", size, err, want)
		}
	}
	if _, err := Create(0); err == nil || !strings.Contains(err.Error(), "a mapping of 0 bytes") {
		t.Errorf("memory of 0 bytes: %v", err)
	}
	m, err := Map(f, 4095)
	if err != nil {
		t.Fatalf("what the file has cannot be mapped: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closing twice: %v", err)
	}
}

func TestMapRefusesAFileThatIsNotOpenForWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Map(f, 4096); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want permission denied", err)
	}
}
