package stack

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"netgpusim/sim"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestCalls runs testdata/*.txt. A line is a call of host a or b and, behind "=", what it
// returned, or a command of the network:
//
//	a CALL ARGUMENTS = ANSWER
//	run DURATION              time passes
//	cut | mend                both wires lose everything, or nothing again
//	packets = LIST            what was sent since the last time
//
// Addresses are HOST:PORT and HOST6:PORT with HOST a, b, any or nobody; flags are names
// without prefix.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playCalls(t, file, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			g, w := strings.Split(got, "\n"), strings.Split(string(text), "\n")
			for i := range w {
				if i >= len(g) || g[i] != w[i] {
					t.Errorf("%s:%d: got  %s\nwant %s", file, i+1, g[i], w[i])
				}
			}
		})
	}
}

func playCalls(t *testing.T, file, text string) string {
	n := newNetwork(t, nil)
	n.logs = true
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		command, _, _ := strings.Cut(line, " = ")
		words := strings.Fields(command)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		answer, err := n.command(words)
		if err != nil {
			t.Fatalf("%s:%d: %v", file, i+1, err)
		}
		n.pump()
		if answer != "" {
			lines[i] = strings.Join(words, " ") + " = " + answer
		}
	}
	return strings.Join(lines, "\n")
}

func (n *network) command(words []string) (string, error) {
	switch words[0] {
	case "run":
		d, err := time.ParseDuration(words[1])
		n.run(sim.Time(d.Nanoseconds()) * sim.Nanosecond)
		return "", err
	case "cut", "mend":
		n.wire[0].cut, n.wire[1].cut = words[0] == "cut", words[0] == "cut"
		return "", nil
	case "packets":
		list := n.log.String()
		n.log.Reset()
		if list == "" {
			list = "none"
		}
		return list, nil
	case "a", "b":
		h := n.host[words[0][0]-'a']
		call, ok := testCalls[words[1]]
		if !ok {
			return "", fmt.Errorf("no call %q", words[1])
		}
		c := &caller{h: h, words: words[2:]}
		answer := call(c)
		if c.err == nil && len(c.words) > 0 {
			c.err = fmt.Errorf("unexpected %q", c.words)
		}
		return answer, c.err
	}
	return "", fmt.Errorf("no command %q", words[0])
}

// caller takes the arguments of a call.
type caller struct {
	h     *Host
	words []string
	err   error
}

func (c *caller) word() string {
	if len(c.words) == 0 {
		c.err = fmt.Errorf("an argument is missing")
		return ""
	}
	w := c.words[0]
	c.words = c.words[1:]
	return w
}

func (c *caller) int() int {
	w := c.word()
	n, err := strconv.ParseInt(w, 0, 64)
	if err != nil && c.err == nil {
		c.err = err
	}
	return int(n)
}

// flags takes names like nonblock|cloexec; none is 0.
func (c *caller) flags() int {
	if len(c.words) == 0 {
		return 0
	}
	n := 0
	for _, w := range strings.Split(c.word(), "|") {
		if v, err := strconv.ParseInt(w, 0, 64); err == nil {
			n |= int(v)
			continue
		}
		v, ok := testNames[w]
		if !ok {
			c.err = fmt.Errorf("no name %q", w)
		}
		n |= v
	}
	return n
}

func (c *caller) addr() netip.AddrPort {
	w := c.word()
	if w == "unspec" {
		return netip.AddrPort{}
	}
	name, port, _ := strings.Cut(w, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		c.err = err
	}
	a, ok := map[string]netip.Addr{"a": addr4[0], "b": addr4[1], "a6": addr6[0], "b6": addr6[1],
		"any": netip.IPv4Unspecified(), "any6": netip.IPv6Unspecified(), "nobody": netip.MustParseAddr("10.9.9.9"),
		"mapped-a": netip.MustParseAddr("::ffff:10.0.0.1"), "mapped-b": netip.MustParseAddr("::ffff:10.0.0.2")}[name]
	if !ok {
		c.err = fmt.Errorf("no host %q", name)
	}
	return netip.AddrPortFrom(a, uint16(n))
}

// result shows what a call returned.
func result(n int, err Errno) string {
	switch {
	case err == Blocked && n > 0:
		return fmt.Sprintf("%d Blocked", n)
	case err != OK:
		return err.String()
	}
	return strconv.Itoa(n)
}

func status(err Errno) string { return result(0, err) }

// eventNames shows poll's events.
func eventNames(mask uint32) string {
	var names []string
	for _, e := range []struct {
		bit  uint32
		name string
	}{{POLLIN, "IN"}, {POLLPRI, "PRI"}, {POLLOUT, "OUT"}, {POLLERR, "ERR"}, {POLLHUP, "HUP"}, {POLLNVAL, "NVAL"}, {POLLRDHUP, "RDHUP"}} {
		if mask&e.bit != 0 {
			names = append(names, e.name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, "|")
}
