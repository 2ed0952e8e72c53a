package packetdrill

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// settings carries out a script's commands.
type settings struct {
	host  *stack.Host
	dir   string // of the script, "" for none: where its helpers are
	sleep func(sim.Time)
	warn  func(at Pos, message string)
}

// shell carries out a command of the script.
func (s *settings) shell(at Pos, sh *Shell) *Error {
	for _, c := range splitShell(sh.Text) {
		if err := s.command(Pos{Line: at.Line + c.line}, c); err != nil {
			return err
		}
	}
	return nil
}

// command carries out one simple command, or says that it is not understood.
func (s *settings) command(at Pos, c shellCommand) *Error {
	if c.trouble != "" {
		return unsupported(at, "%s", c.trouble)
	}
	for len(c.words) > 1 && c.words[0] == "sudo" {
		c.words = c.words[1:]
	}
	name, args := path.Base(c.words[0]), c.words[1:]
	switch {
	case strings.HasPrefix(c.into, "/proc/sys/"):
		if name != "echo" && name != "printf" {
			break
		}
		return s.set(at, c.into, strings.Join(args, " "))
	case harmless[name]:
		return nil
	case name == "sleep":
		return s.wait(at, args)
	case name == "sysctl":
		return s.sysctl(at, args)
	case name == "ip":
		return s.ip(at, args)
	case name == "tc":
		return s.tc(at, args)
	case len(args) > 0 && strings.HasPrefix(args[0], "/proc/sys/"):
		return s.assignments(at, args)
	case path.Ext(name) == ".sh":
		return s.helper(at, c.words[0])
	}
	return unsupported(at, "command %q; known are sysctl, echo VALUE > /proc/sys/..., PROGRAM /proc/sys/NAME=VALUE ..., HELPER.sh, ip, tc qdisc, sleep, and what only shows things", name)
}

// harmless are commands that show things, or that set up devices and files which the
// model has in its own way.
var harmless = map[string]bool{"echo": true, "printf": true, "true": true, ":": true, "set": true, "nstat": true, "ss": true, "cat": true, "dmesg": true,
	"ethtool": true, "ifconfig": true, "sync": true, "modprobe": true, "dd": true, "rm": true, "touch": true, "truncate": true, "mkdir": true, "chmod": true}

// maxHelper bounds a helper's size in bytes.
const maxHelper = 1 << 16

// helper carries out a file of commands beside the script. Its commands set up a real
// machine: those that are not understood are warnings. A file of defaults that is not
// there stands for Linux's own, which are in force anyway.
func (s *settings) helper(at Pos, name string) *Error {
	if s.dir != "" {
		file := name
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.dir, file)
		}
		if text, err := os.ReadFile(file); err == nil && len(text) <= maxHelper {
			return s.include(at, name, string(text))
		}
	}
	if strings.Contains(path.Base(name), "defaults") {
		return nil
	}
	return unsupported(at, "helper %s: there is no such file of commands beside the script", name)
}

func (s *settings) include(at Pos, name, text string) *Error {
	dir := s.dir
	s.dir = "" // helpers of helpers are not followed
	defer func() { s.dir = dir }()
	for _, c := range splitShell(text) {
		if len(c.words) > 0 && control[c.words[0]] {
			return unsupported(at, "helper %s, line %d: %q needs a real shell", name, c.line+1, c.words[0])
		}
		if err := s.command(at, c); err != nil {
			s.warn(at, fmt.Sprintf("%s, line %d: %s", name, c.line+1, err.Message))
		}
	}
	return nil
}

// control are the words with which a shell decides what to run.
var control = map[string]bool{"if": true, "for": true, "while": true, "until": true, "case": true, "function": true, "[": true, "[[": true, "test": true, "exit": true}

func (s *settings) wait(at Pos, args []string) *Error {
	if len(args) == 1 {
		if v, err := strconv.ParseFloat(strings.TrimSuffix(args[0], "s"), 64); err == nil && v >= 0 && v <= maxSeconds {
			s.sleep(sim.Time(v*1e6) * sim.Microsecond)
			return nil
		}
	}
	return wrong(at, "sleep %s: allowed is a number of seconds", strings.Join(args, " "))
}

// sysctl is sysctl(8): flags, and NAME=VALUE or NAME="V V V".
func (s *settings) sysctl(at Pos, args []string) *Error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if strings.HasPrefix(a, "-") {
			if !harmlessSysctl[a] {
				return unsupported(at, "sysctl %s; known are -q, -w, -e, -n, -a", a)
			}
			continue
		}
		name, value, ok := strings.Cut(a, "=")
		switch {
		case ok:
		case i+2 < len(args) && args[i+1] == "=":
			value = args[i+2]
			i += 2
		default:
			continue // it is shown
		}
		// An unquoted list: net.ipv4.tcp_rmem=4096 87380 6291456.
		for i+1 < len(args) && isNumber(args[i+1]) {
			i++
			value += " " + args[i]
		}
		if err := s.set(at, name, value); err != nil {
			return err
		}
	}
	return nil
}

// harmlessSysctl are the flags of sysctl(8) that change nothing here.
var harmlessSysctl = map[string]bool{"-q": true, "--quiet": true, "-w": true, "--write": true, "-e": true, "--ignore": true, "-n": true, "-a": true, "-qw": true, "-wq": true}

func isNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// assignments are the arguments of a helper program: /proc/sys/NAME=VALUE.
func (s *settings) assignments(at Pos, args []string) *Error {
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok || !strings.HasPrefix(name, "/proc/sys/") {
			return unsupported(at, "argument %q; known is /proc/sys/NAME=VALUE", a)
		}
		if err := s.set(at, name, value); err != nil {
			return err
		}
	}
	return nil
}

// ip is ip(8): there is no cache of metrics, and links and addresses are the model's own.
func (s *settings) ip(at Pos, args []string) *Error {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(args) > 1 {
		switch args[0] {
		case "tcp_metrics", "tcpmetrics", "link", "addr", "address", "neigh":
			return nil
		case "r", "ro", "route":
			return s.route(at, args[1:])
		}
	}
	return unsupported(at, "ip %s; known are ip tcp_metrics, ip link, ip addr, ip route", strings.Join(args, " "))
}

// route is ip-route(8): where packets go is settled, initcwnd and rto_min are honoured.
func (s *settings) route(at Pos, args []string) *Error {
	window, least := 0, sim.Time(0)
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "initcwnd":
			n, err := strconv.Atoi(next(args, i))
			if err != nil || n < 1 || n > 1000 {
				return wrong(at, "ip route initcwnd %q: allowed are 1 to 1000 segments", next(args, i))
			}
			window = n
		case "rto_min":
			d, err := time.ParseDuration(next(args, i))
			if err != nil || d < time.Millisecond || d > 2*time.Minute {
				return wrong(at, "ip route rto_min %q: allowed are 1ms to 120s", next(args, i))
			}
			least = sim.Time(d.Nanoseconds()) * sim.Nanosecond
		case "mtu", "advmss", "quickack", "features", "window", "congctl", "initrwnd", "cwnd", "ssthresh", "rtt", "reordering", "fastopen_no_cookie":
			return unsupported(at, "ip route %s; known are initcwnd and rto_min", args[i])
		}
	}
	s.host.SetRoute(window, least)
	return nil
}

// next is the argument behind another.
func next(args []string, i int) string {
	if i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// tc is tc(8): the queue fq paces packets, other queues change nothing.
func (s *settings) tc(at Pos, args []string) *Error {
	if len(args) > 1 && args[0] == "qdisc" {
		has := func(kind string) bool { return slices.Contains(args, kind) }
		switch {
		case has("fq"):
			s.host.SetPacing(true)
			return nil
		case args[1] == "show":
			return nil
		case args[1] == "del", slices.ContainsFunc(plainQueues, has):
			s.host.SetPacing(false)
			return nil
		}
	}
	return unsupported(at, "tc %s; known are tc qdisc with fq, pfifo, pfifo_fast, fq_codel, noqueue", strings.Join(args, " "))
}

// plainQueues are queues that only keep packets in order while the link is busy, and the
// link of a script never is.
var plainQueues = []string{"pfifo", "bfifo", "pfifo_fast", "fq_codel", "noqueue", "mq"}

// set sets a variable by its name with dots or slashes.
func (s *settings) set(at Pos, name, value string) *Error {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/proc/sys/"), "/", ".")
	value = strings.Join(strings.Fields(value), " ")
	if _, err := s.host.Sysctl(name); err == nil {
		if err := s.host.SetSysctl(name, value); err != nil {
			return unsupported(at, "%v", err)
		}
		return nil
	}
	v, ok := fixed[name]
	switch {
	case !ok:
		err := s.host.SetSysctl(name, value)
		return unsupported(at, "%v", err)
	case v.value != "" && v.value != value:
		return unsupported(at, "%s=%s: the model has only %s: %s", name, value, v.value, v.why)
	}
	return nil
}
