package packetdrill

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"netgpusim/sim"
)

// TestErrorsNameThePlace: what is not the language, or not modelled, is named with line
// and column, with what is there and what may be.
func TestErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct {
		text string
		kind ErrorKind
		says []string
	}{
		{"0 > Q 0:0(0)", Syntax, []string{"x.pkt:1:5", `"Q"`, "FSRPUEW"}},
		{"0 < S 0:1(0) win 1", Syntax, []string{"x.pkt:1:7", "0 and 0 bytes end at 0"}},
		{"0 < S 0:0(0) win 65536", Syntax, []string{"x.pkt:1:18", "65535"}},
		{"0 < S 0:0(0) win 1 <mss>", Syntax, []string{"x.pkt:1:24", "number"}},
		{"0 < S 0:0(0) win 1 <wscale 7>", Syntax, []string{"3 bytes", "nop"}},
		{"0 < S 0:0(0) win 1 <...>", Syntax, []string{"<...>"}},
		{"0 < S 0:0(0) win 1 <mss 1460,foo>", Syntax, []string{`"foo>"`, "sackOK"}},
		{"0 < S 0:0(0)", Syntax, []string{"win"}},
		{"S 0:0(0)", Syntax, []string{"x.pkt:1:1", "time of an event"}},
		{"0\n+.1 close(3) 0", Syntax, []string{"x.pkt:2:1", `"+.1"`, "a packet"}},
		{"0 close(3 = 0", Syntax, []string{"x.pkt:1:11", `","`}},
		{"0 close(3) = -1 EBADF (Bad", Syntax, []string{"remark"}},
		{"0 write(3, \"abc, 3) = 3", Syntax, []string{"quote"}},
		{"0 `sysctl", Syntax, []string{"ends with `"}},
		{"0 %{ assert 1", Syntax, []string{"}%"}},
		{"0 /* for ever", Syntax, []string{"*/"}},
		{"0 %{ assert 1 == }%", Syntax, []string{"x.pkt:1", "in code"}},
		{"0 %{\nassert 1\nassert (2\n}%", Syntax, []string{"x.pkt:", "in code"}},
		{"0.2~0.1 > . 1:1(0) ack 1", Syntax, []string{"ends before"}},
		{"0.2...0.1 close(3) = 0", Syntax, []string{"ends before"}},
		{"9999999 close(3) = 0", Syntax, []string{"million"}},
		{"0 socket(" + strings.Repeat("[", 100), Syntax, []string{"nested"}},
		{"0 %{ x = " + strings.Repeat("(", 100) + "}%", Syntax, []string{"nested"}},
		{"--tolerance_usecs=x\n0 close(3) = 0", Syntax, []string{"x.pkt:1", "microseconds"}},
		{"0 close(3, 4) = 0", Syntax, []string{"x.pkt:1", "2 arguments"}},
		{"0 poll(3, 1, 0) = 0", Syntax, []string{"list"}},
		{"0 bind(3, {sin_port=htons(1)}, 1) = 0", Syntax, []string{"sa_family"}},

		{"--frobnicate\n0 close(3) = 0", Unsupported, []string{"x.pkt:1:1: unsupported", "--frobnicate", "--mtu"}},
		{"0 < udp (10)", Unsupported, []string{"x.pkt:1:5", "udp"}},
		{"0 > gre: . 1:1(0)", Unsupported, []string{"gre"}},
		{"0 > [flowlabel 0x1] . 1:1(0) ack 1", Unsupported, []string{"flow labels"}},
		{"0 > icmp unreachable", Unsupported, []string{"outbound ICMP"}},
		{"0 < . 1:1(0) ack 1 win 1 <md5 nop>", Unsupported, []string{"signed"}},
		{"0 < icmp nonsense [1:1(0)]", Unsupported, []string{"nonsense", "unreachable"}},
		{"0 fork() = 0", Unsupported, []string{"fork", "epoll_wait"}},
		{"0 listen(3, FROB) = 0", Unsupported, []string{"x.pkt:1:13", "FROB"}},
		{"0 `make coffee`", Unsupported, []string{"x.pkt:1", `"make"`, "sysctl"}},
		{"0 `nstat | grep x`", Unsupported, []string{"with |"}},
		{"0 `sysctl net.ipv4.tcp_nosuch=1`", Unsupported, []string{"tcp_nosuch", "nearest"}},
		{"0 `true;\nsysctl -q net.ipv4.tcp_stdurg=1`", Unsupported, []string{"x.pkt:2", "tcp_stdurg"}},
		{"0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3", Unsupported, []string{"x.pkt:1:1", "protocol 17", "only TCP"}},
		{"0 socket(..., SOCK_DGRAM, IPPROTO_TCP) = -1 EINVAL", Failed, []string{"got -1 EPROTONOSUPPORT"}},
		{"0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, SOL_TCP, TCP_ULP, \"tls\", 3) = -1 ENOENT", Unsupported, []string{"x.pkt:2:1", "option 31"}},
		{"0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, SOL_TCP, TCP_CONGESTION, \"vegas\", 5) = 0", Unsupported, []string{"vegas", "cubic"}},
		{"0 `ip route change 192.0.2.1 dev tun0 advmss 900`", Unsupported, []string{"ip route advmss", "initcwnd"}},
		{"0 `tc qdisc add dev tun0 root netem delay 1ms`", Unsupported, []string{"netem", "fq"}},
		{"0 `ip route change 192.0.2.1 initcwnd 0`", Syntax, []string{"1 to 1000"}},
		{"0 `sysctl -p /etc/sysctl.conf`", Unsupported, []string{"sysctl -p"}},
		{"0 `tc qdisc add dev tun0 root pfifo limit 1000; sleep y`", Syntax, []string{"sleep y"}},
		{"0 `sleep x`", Syntax, []string{"seconds"}},
		{"0 socket(..., SOCK_STREAM, IPPROTO_MPTCP) = 3", Unsupported, []string{"protocol 262"}},
		{"0 %{ import os }%", Unsupported, []string{"import"}},
		{"0 %{ assert tcpi_nothing == 1 }%", Unsupported, []string{"x.pkt:1:13", "tcpi_nothing"}},
	} {
		err := play("x.pkt", c.text, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%q: kind of %v", c.text, err)
			continue
		}
		for _, say := range c.says {
			if !strings.Contains(err.Error(), say) {
				t.Errorf("%q: %v does not say %q", c.text, err, say)
			}
		}
	}
}

// play parses and runs a script.
func play(file, text string, o Options) error {
	script, err := Parse(file, text)
	if err != nil {
		return err
	}
	if r := script.Run(o); r.Err != nil {
		return r.Err
	}
	return nil
}

// TestPacketsAreWrittenAsTheyAreRead: a packet's text, read again, is the same packet.
func TestPacketsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{
		"< S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 14>",
		"> S. 0:0(0) ack 1 <...>",
		"> [ect0] P. 1:1001(1000) ack 4294967295 win 0",
		"< 8080 > 12345 FR.",
		"> FPUEW. 4294967295:4(5) ack 1 urg 3 <nop,nop,sack 1:2 3:4 5:6>",
		"< - 1:1(0) win 1 <FO 0123456789abcdef,nop,nop>",
		"> S 0:10(10) <mss 536,FO,nop,nop>",
		"> RE 1:1(0)",
	} {
		if strings.HasSuffix(text, "FR.") {
			text += " 1:1(0) ack 2 win 3"
		}
		p := &parser{newScanner(text)}
		k := p.packet()
		if p.err != nil || p.peek() != 0 {
			t.Errorf("%s: %v, rest %q", text, p.err, p.text[p.at:])
			continue
		}
		if k.String() != text {
			t.Errorf("%s is written %s", text, k)
		}
	}
}

// TestTimes: all ways to write a time.
func TestTimes(t *testing.T) {
	script, err := Parse("x", `
0 close(3)=0
.5 close(3) = 0
1. close(3) = 0
+0.25 close(3) = 0
+ .25~+.5 > . 1:1(0) ack 1
2.0~2.1 > . 1:1(0) ack 1
* > . 1:1(0) ack 1
0.1...0.25 close(3) = 0
+0...1 close(3) = 0
+1 ... 2 close(3) = 0`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"0 0 0", "0 0.5 0.5", "0 1 1", "1 0.25 0.25", "1 0.25 0.5", "0 2 2.1", "2 0 0", "0 0.1 0.1", "1 0 0", "1 1 1"} {
		e := script.Events[i]
		got := strings.Join([]string{string('0' + byte(e.Time.Kind)), seconds(e.Time.At), seconds(e.Time.Until)}, " ")
		if got != want {
			t.Errorf("event %d: time %s, want %s", i, got, want)
		}
		if e.Call != nil && e.Call.Blocks != (i >= 7) {
			t.Errorf("event %d: blocking %v", i, e.Call.Blocks)
		}
	}
}

func seconds(t sim.Time) string {
	return strconv.FormatFloat(float64(t)/float64(sim.Second), 'g', -1, 64)
}
