package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgpusim/netgpu/trace"
)

func TestProtocolTraceOfARunChecksClean(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.ndjson")
	if status, _, errs := netgpusim(t, "run", "smoke", "--no-band", "--protocol-trace", path); status != exitOK {
		t.Fatalf("status %d: %s", status, errs)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, err := trace.Check(context.Background(), file, trace.Options{})
	if err != nil || !r.OK() || !r.Exact || r.Header.Host != "receiver" || r.Coverage["deliver"] == 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestProtocolTraceIsRefusedWhereThereIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.ndjson")
	for _, c := range []struct {
		args  []string
		names []string
	}{
		{[]string{"run", "smoke", "smoke", "--protocol-trace", path}, []string{"--protocol-trace", "one scenario"}},
		{[]string{"run", "cx5-ceiling", "--protocol-trace", path}, []string{"--protocol-trace", "pcie-bench"}},
		{[]string{"run", "copy-rx", "--protocol-trace", path}, []string{"copy-rx", "receiver", "netgpu"}},
		{[]string{"run", "smoke", "--protocol-trace", filepath.Join(path, "no", "such")}, []string{"no"}},
	} {
		status, _, errs := netgpusim(t, c.args...)
		if status == exitOK {
			t.Errorf("%v succeeds", c.args)
		}
		for _, name := range c.names {
			if !strings.Contains(errs, name) {
				t.Errorf("%v: %q does not name %q", c.args, errs, name)
			}
		}
	}
}
