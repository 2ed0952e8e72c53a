package packetdrill

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// syn shows two settings: whether the host offers SACK and timestamps.
const syn = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) `

const (
	bothOn  = "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n"
	tsOff   = "<mss 1460,nop,nop,sackOK,nop,wscale 7>\n"
	bothOff = "<mss 1460,nop,wscale 7>\n"
)

// TestHelpers: files of commands are found beside the script wherever the program runs,
// what they cannot do is told, and what they set can be taken back.
func TestHelpers(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("common/off.sh", "#!/bin/sh\nset -e\n# comment\nsysctl -q net.ipv4.tcp_timestamps=0 # no\nsysctl -q net.ipv4.tcp_nosuch=1\n"+
		"if [ -f x ]; then\n  if true; then sysctl -q net.ipv4.tcp_sack=0; fi\n  sysctl -q net.ipv4.tcp_sack=0\nfi\nexit 0\nsysctl -q net.ipv4.tcp_sack=0\n")
	write("outer.sh", "../common/off.sh\n")
	write("loop.sh", "../loop.sh\n")
	for _, c := range []struct {
		head, options string
		warnings      int
	}{
		{"", bothOn, 0},
		{"`../common/off.sh`\n", tsOff, 2},
		{"`../outer.sh`\n", tsOff, 2},
		{"`../loop.sh`\n", bothOn, 1},
		{"`bash ../common/off.sh`\n", tsOff, 2},
		{"--init_scripts=../common/off.sh\n", tsOff, 2},
		{"`../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0 \\\n  /proc/sys/net/ipv4/tcp_sack=0`\n", bothOff, 0},
		{"`./set.py /proc/sys/net/ipv4/tcp_timestamps=0\n./set.py /proc/sys/net/ipv4/tcp_sack=0\n/tmp/sysctl_restore_${PPID}.sh`\n", bothOn, 0},
		{"`../common/defaults.sh\nsysctl -e -q net.ipv4.tcp_nosuch=1 net.ipv4.tcp_timestamps=0`\n", tsOff, 1},
		{"`echo -n 0 > /proc/sys/net/ipv4/tcp_timestamps`\n", tsOff, 0},
	} {
		r := RunFile(write("topic/x.pkt", c.head+syn+c.options), Options{})
		if r.Err != nil || len(r.Warned) != c.warnings {
			t.Errorf("%s%v, warned %q", c.head, r.Err, r.Warned)
		}
	}
}

// TestInertVariables: what cannot change what a script sees may be set, what could is
// refused, and no entry hides a setting of the host.
func TestInertVariables(t *testing.T) {
	for set, refused := range map[string]string{
		"net.ipv4.tcp_fack=0":                  "",
		"net.ipv4.tcp_fack=1":                  "",
		"net.ipv4.tcp_challenge_ack_limit=200": "",
		"net.ipv4.tcp_challenge_ack_limit=2":   "takes only >=200",
		"net.ipv4.tcp_mem=\"1 2 3\"":           "",
		"net.ipv4.tcp_app_win=31":              "",
		"net.ipv4.tcp_app_win=4":               "takes only 0 31",
		"net.core.netdev_max_backlog=3":        "",
		"net.ipv6.conf.all.disable_ipv6=0":     "",
		"net.ipv4.route.min_pmtu=100":          "takes only 552",
		"net.ipv4.tcp_recovery=8":              "allowed is 0 to 7",
		"net.ipv4.tcp_early_retrans=4":         "",
		"net.ipv4.tcp_frto=2":                  "",
		"net.core.nosuch=1":                    "unknown",
	} {
		err := play("x", "0 `sysctl -q "+set+"`", Options{})
		if refused == "" && err != nil || refused != "" && (err == nil || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%s: %v, want %q", set, err, refused)
		}
	}
	r := &runner{script: &Script{}}
	if err := r.begin(); err != nil {
		t.Fatal(err)
	}
	for name := range inertVariables {
		if _, err := r.host.Sysctl(name); err == nil {
			t.Errorf("%s is a setting of the host", name)
		}
	}
}
