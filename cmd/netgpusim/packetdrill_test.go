package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const drillScript = `// A connection that is accepted and closed.
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 65535 <mss 1460>
   +0 > S. 0:0(0) ack 1 <mss 1460>
  +.1 < . 1:1(0) ack 1 win 65535
   +0 accept(3, ..., ...) = 4
   +0 write(4, ..., 100) = 100
   +0 > P. 1:101(100) ack 1
`

// drillFiles writes one script that passes, one that fails and one that is not
// understood.
func drillFiles(t *testing.T) (dir, pass, fail, unsupported string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"a/pass.pkt":        drillScript,
		"b/fail.pkt":        strings.Replace(drillScript, "1:101(100)", "1:102(101)", 1),
		"unsupported.pkt":   drillScript + "+0 frob(1) = 2\n",
		"b/not a script.sh": "exit 1",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, filepath.Join(dir, "a/pass.pkt"), filepath.Join(dir, "b/fail.pkt"), filepath.Join(dir, "unsupported.pkt")
}

func TestPacketdrillStatusAndText(t *testing.T) {
	dir, pass, fail, unsupported := drillFiles(t)
	for _, c := range []struct {
		args   []string
		status int
		says   []string
	}{
		{[]string{pass}, exitOK, []string{"1 passed, 0 failed, 0 unsupported\n"}},
		{[]string{fail}, exitFailed, []string{"fail.pkt:10:4: payload: expected 101 bytes, got 100", "expected  > P. 1:102(101) ack 1", "got       > P. 1:101(100) ack 1", "< S 0:0(0)", "0 passed, 1 failed"}},
		{[]string{unsupported}, exitUsage, []string{"unsupported.pkt:11:1: unsupported: system call frob", "0 failed, 1 unsupported"}},
		{[]string{dir}, exitFailed, []string{"1 passed, 1 failed, 1 unsupported"}},
		{[]string{pass, "--option", "mtu=1400"}, exitFailed, []string{"options: expected <mss 1460>, got <mss 1360>"}},
		{[]string{pass, "--psh-lax"}, exitOK, []string{"PSH was not compared"}},
		{[]string{pass, "--ip-version", "ipv6", "--profile", "freebsd", "--strict-segments", "-j", "3"}, exitOK, []string{"1 passed"}},
	} {
		status, out, errs := netgpusim(t, append([]string{"packetdrill"}, c.args...)...)
		if status != c.status {
			t.Errorf("%v: status %d, want %d\n%s%s", c.args, status, c.status, out, errs)
		}
		for _, say := range c.says {
			if !strings.Contains(out, say) {
				t.Errorf("%v does not say %q:\n%s", c.args, say, out)
			}
		}
	}
}

func TestPacketdrillVerboseShowsPacketsAndCalls(t *testing.T) {
	_, pass, _, _ := drillFiles(t)
	status, _, errs := netgpusim(t, "packetdrill", "-v", pass)
	for _, say := range []string{"0.100000  < . 1:1(0) ack 1 win 65535", "accept(3, ..., ...) = 4", "> P. 1:101(100) ack 1"} {
		if status != exitOK || !strings.Contains(errs, say) {
			t.Errorf("status %d, the trace does not say %q:\n%s", status, say, errs)
		}
	}
}

// TestPacketdrillJSON: the fields that docs/contract.md promises, in the order of the
// files whatever the number of workers.
func TestPacketdrillJSON(t *testing.T) {
	dir, _, _, _ := drillFiles(t)
	junit := filepath.Join(dir, "junit.xml")
	status, out, _ := netgpusim(t, "packetdrill", dir, "--format", "json", "--junit", junit, "-j", "4")
	var report struct {
		Schema                      string
		Passed, Failed, Unsupported int
		Scripts                     []struct {
			File, Verdict, Message string
			Line                   int
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != exitFailed {
		t.Fatalf("status %d, %v\n%s", status, err, out)
	}
	if report.Schema != "netgpusim.packetdrill/1" || report.Passed != 1 || report.Failed != 1 || report.Unsupported != 1 || len(report.Scripts) != 3 {
		t.Errorf("%+v", report)
	}
	for i, want := range []string{"pass", "fail", "unsupported"} {
		if s := report.Scripts[i]; s.Verdict != want || (s.Line == 0) != (want == "pass") || (s.Message == "") != (want == "pass") {
			t.Errorf("script %d: %+v, want %s", i, s, want)
		}
	}
	text, err := os.ReadFile(junit)
	var suite junitSuite
	if err != nil || xml.Unmarshal(text, &suite) != nil || suite.Tests != 3 || suite.Failures != 1 || suite.Errors != 1 || len(suite.Cases) != 3 {
		t.Errorf("JUnit: %v, %s", err, text)
	}
}

func TestPacketdrillWrongUsage(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "at least one script"},
		{[]string{"no/such.pkt"}, "no/such.pkt"},
		{[]string{empty}, "no *.pkt"},
		{[]string{empty, "--profile", "beos"}, "linux, freebsd"},
		{[]string{empty, "--ip-version", "5"}, "ipv4, ipv4-mapped-ipv6, ipv6"},
		{[]string{empty, "--format", "yaml"}, "json"},
		{[]string{empty, "-j", "0"}, "at least 1"},
		{[]string{empty, "-D", "x"}, "NAME=VALUE"},
		{[]string{empty, "--option", "frob=1"}, "tolerance_usecs"},
		{[]string{empty, "--option", "mtu=1"}, "88 to 65535"},
	} {
		status, _, errs := netgpusim(t, append([]string{"packetdrill"}, c.args...)...)
		if status != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%v: status %d, %q does not say %q", c.args, status, errs, c.says)
		}
	}
}

// TestPacketdrillHelperFiles: a helper beside the script is carried out; what of it is
// not understood is a warning, said once.
func TestPacketdrillHelperFiles(t *testing.T) {
	dir := t.TempDir()
	script := "// Timestamps off.\n`./common.sh`\n" + strings.Replace(strings.Replace(drillScript, "<mss 1460>", "<mss 1460,sackOK,TS val 1 ecr 0>", 1), "ack 1 <mss 1460>", "ack 1 <mss 1460,nop,nop,sackOK>", 1)
	for name, text := range map[string]string{
		"one.pkt": script, "two.pkt": script,
		"common.sh": "#!/bin/sh\nsysctl -q net.ipv4.tcp_timestamps=0 \\\n  net.ipv4.tcp_sack=1\nfrobnicate tun0\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out, errs := netgpusim(t, "packetdrill", dir)
	if status != exitOK || strings.Count(out, `common.sh, line 4: command "frobnicate"`) != 1 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if err := os.Remove(filepath.Join(dir, "common.sh")); err != nil {
		t.Fatal(err)
	}
	if status, out, _ = netgpusim(t, "packetdrill", dir); status != exitUsage || !strings.Contains(out, "helper ./common.sh") {
		t.Errorf("without the helper: status %d\n%s", status, out)
	}
}
