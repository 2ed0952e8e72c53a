package packetdrill

import (
	"strings"
	"testing"
)

const ecnOpened = "`sysctl -q net.ipv4.tcp_ecn=1`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n" +
	"+0 < SEW 0:0(0) win 65535 <mss 1000>\n+0 > SE. 0:0(0) ack 1 <mss 1460>\n+.1 < . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 4\n" +
	"+0 write(4, ..., 100) = 100\n"

// TestForms: ways to write things that pass, or fail with what is said.
func TestForms(t *testing.T) {
	const ack = "+0 < . 1:1(0) ack 1 win 65535"
	for _, c := range []struct{ text, says string }{
		{strings.ReplaceAll(opened, "\n", "\r\n") + "+0 close(4) = 0\r\n+0\t>\tF. 1:1(0)\tack 1", ""},
		{opened + ack + " <nop,\n\tnop, // a comment\n TS val 1 ecr 0>", ""},
		{opened + "+0 < [flowlabel 0x12345] . 1:1(0) ack 0x1 win 0xffff", ""},
		{opened + "+0 < (tos 0x10, ttl 5) . 1:1(0) ack 1 win 1", ""},
		{opened + "-1 close(4) = 0", "the time of an event"},
		{opened + "+-1 close(4) = 0", "a time in seconds"},
		{opened + "+0 < [ect01] . 1:1(0) ack 1 win 1", "ect0 or ect1"},
		{ecnOpened + "+0 > [ect01] P. 1:101(100) ack 1", ""},
		{ecnOpened + "+0 > [ECT(0)] P. 1:101(100) ack 1", ""},
		{ecnOpened + "+0 > [tos 0x02] P. 1:101(100) ack 1", ""},
		{ecnOpened + "+0 > [tos 0x00] P. 1:101(100) ack 1", "expected 0x0, got 0x2"},
		{ecnOpened + "+0 > [ECT(1)] P. 1:101(100) ack 1", "ECN: expected ect1"},
		{ecnOpened + "+0 > [ect0] P. 1:101(100) ack 1\n+0 < [tos 0x03] P. 1:11(10) ack 101 win 65535\n+0 > [noecn] E. 101:101(0) ack 11", ""},
		{opened + "+0 > [ect01] P. 1:101(100) ack 1", "nothing"},
		{opened + "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+.31 > P. 1:101(100) ack 1", "tolerance 4ms"},
		{"--tolerance_percent=5\n" + opened + "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+.31 > P. 1:101(100) ack 1", ""},
		{"--tolerance_percent=2\n" + opened + "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+.31 > P. 1:101(100) ack 1", "tolerance 6.2ms"},
		{"--tolerance_percent=200\n" + opened, "0 to 100"},
		{"--remote_ip=192.0.2.7/24\n--local_ip=192.168.3.1\n" + opened, ""},
		{opened + "+0 `sysctl -w \"net.ipv4.tcp_sack = 0\"`", ""},
		{opened + "+0 `echo 1 > /sys/module/tcp_cubic/parameters/hystart`", "known is echo VALUE"},
		{opened + "+0 `true $HOME`", "variable"},
		{opened + "+0 `true ${PPID`", "variable"},
		{"`sysctl -q net.ipv4.tcp_fastopen=0x602 net.ipv4.tcp_fastopen_key=00000000-00000000-00000000-00000000`\n" +
			strings.Replace(strings.Replace(opened, "<mss 1000>", "<mss 1000,FO,nop,nop>", 1), "<mss 1460>", "<mss 1460,FO TFO_COOKIE_ZERO,nop,nop>", 1), ""},
		{"`sysctl -q net.ipv4.tcp_fastopen=0x602`\n" +
			strings.Replace(strings.Replace(opened, "<mss 1000>", "<mss 1000,FO,nop,nop>", 1), "<mss 1460>", "<mss 1460,FO TFO_COOKIE_ZERO,nop,nop>", 1), "options"},
	} {
		switch err := play("x", c.text, Options{}); {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.text, err, c.says)
		}
	}
}
