package packetdrill

import (
	"strings"
	"testing"
)

const opened = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
`

// TestOptionsOfRuns: what the caller's options change.
func TestOptionsOfRuns(t *testing.T) {
	const (
		noPush = "+0 write(4, ..., 100) = 100\n+0 > . 1:101(100) ack 1"
		whole  = "+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1"
		cut    = "+0 write(4, ..., 3000) = 3000\n+0 > . 1:1001(1000) ack 1\n+0 > . 1001:2001(1000) ack 1\n+0 > P. 2001:3001(1000) ack 1"
		atOnce = "+0 < . 1:1001(1000) ack 1 win 65535\n+0 > . 1:1(0) ack 1001"
		late   = "+0 < . 1:1001(1000) ack 1 win 65535\n+.1 > . 1:1(0) ack 1001"
	)
	for _, c := range []struct {
		name, text string
		options    Options
		passes     bool
	}{
		{"PSH is compared", noPush, Options{}, false},
		{"PSH is not compared", noPush, Options{PSHLax: true}, true},
		{"segments are joined", whole, Options{}, true},
		{"segments are cut", cut, Options{}, true},
		{"segments are not joined", whole, Options{StrictSegments: true}, false},
		{"segments as on the wire", cut, Options{StrictSegments: true}, true},
		{"Linux has quick ACKs", atOnce, Options{Profile: Linux}, true},
		{"FreeBSD has none", atOnce, Options{Profile: FreeBSD}, false},
		{"FreeBSD waits", late, Options{Profile: FreeBSD}, true},
		{"nobody knows BeOS", "", Options{Profile: "beos"}, false},
		{"a symbol", "+0 write(4, ..., MUCH) = 100\n+0 > P. 1:101(100) ack 1", Options{Defines: map[string]string{"MUCH": "100"}}, true},
	} {
		if err := play("x", opened+c.text, c.options); (err == nil) != c.passes {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestCallsThatWait: a call that waits must be said to, and returns when it is said to.
func TestCallsThatWait(t *testing.T) {
	const data = "\n+.1 < P. 1:101(100) ack 1 win 65535\n+0 > . 1:1(0) ack 101\n"
	for _, c := range []struct{ text, says string }{
		{"+0 read(4, ..., 100) = 100" + data, "write start...end"},
		{"+0...0.1 read(4, ..., 100) = 100" + data, ""},
		{"+0...0.2 read(4, ..., 100) = 100" + data, "returned at 0.200000, expected at 0.3"},
		{"+0...0.05 read(4, ..., 100) = 100" + data + "+0 close(4) = 0", "returned at 0.200000, expected at 0.15"},
		{"+0...9 read(4, ..., 100) = 100", "has not returned until 9.1"},
		{"+0...0.1 read(4, ..., 100) = 200" + data, "expected 200, got 100"},
		{"+0 fcntl(4, F_SETFL, O_NONBLOCK) = 0\n+0...0.1 read(4, ..., 100) = 100" + data, "-1 EAGAIN"},
	} {
		switch err := play("x", opened+c.text, Options{}); {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.text, err, c.says)
		}
	}
}

// TestNonFatal: --non_fatal lets failures of a kind pass, and tells of them.
func TestNonFatal(t *testing.T) {
	script, err := Parse("x.pkt", "--non_fatal=syscall,packet\n"+opened+"+0 write(4, ..., 10) = 11\n+0 > P. 1:12(11) ack 1\n+0 close(3) = 0")
	if err != nil {
		t.Fatal(err)
	}
	r := script.Run(Options{})
	if r.Err != nil || len(r.Warned) != 2 || !strings.HasPrefix(r.Warned[0], "x.pkt:9: write") {
		t.Errorf("%v, warned %q", r.Err, r.Warned)
	}
}

// TestTimestampTicks: with --tcp_ts_tick_usecs the host's timestamps must advance as the
// script says; without, any value will do.
func TestTimestampTicks(t *testing.T) {
	text := strings.Replace(strings.Replace(opened, "<mss 1000>", "<mss 1000,nop,nop,TS val 1 ecr 0>", 1), "<mss 1460>", "<mss 1460,nop,nop,TS val 50 ecr 1>", 1)
	text = strings.Replace(text, "ack 1 win 65535\n", "ack 1 win 65535 <nop,nop,TS val 2 ecr 50>\n", 1) + "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 <nop,nop,TS val "
	for _, c := range []struct {
		flag, value string
		passes      bool
	}{
		{"", "150", true}, {"", "999", true},
		{"--tcp_ts_tick_usecs=1000\n", "150", true}, {"--tcp_ts_tick_usecs=1000\n", "160", false},
	} {
		if err := play("x", c.flag+text+c.value+" ecr 2>", Options{}); (err == nil) != c.passes {
			t.Errorf("%s TS val %s: %v", c.flag, c.value, err)
		}
	}
}
