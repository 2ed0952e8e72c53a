package packetdrill

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// settings is what a script's commands have set up. Host applies it to a new host; once
// there is one, commands go to it at once.
type settings struct {
	host   *stack.Host
	pacing bool // a qdisc of kind fq
	sleep  func(sim.Time)
}

// shell carries out a command of the script.
func (s *settings) shell(at Pos, sh *Shell) *Error {
	all, message := splitShell(sh.Text)
	if message != "" {
		return unsupported(at, "%s", message)
	}
	for _, c := range all {
		at := Pos{Line: at.Line + c.line}
		if err := s.command(at, c); err != nil {
			return err
		}
	}
	return nil
}

// command carries out one simple command. What it names does exist or is refused.
func (s *settings) command(at Pos, c shellCommand) *Error {
	for len(c.words) > 1 && c.words[0] == "sudo" {
		c.words = c.words[1:]
	}
	name, args := path.Base(c.words[0]), c.words[1:]
	switch {
	case name == "echo" && strings.HasPrefix(c.into, "/proc/sys/"):
		return s.set(at, c.into, strings.Join(args, " "))
	case name == "echo", name == "true", name == ":", name == "nstat", name == "ethtool", name == "sync", name == "ss", name == "cat", name == "dmesg":
		return nil // they show things, or set devices that are not there
	case name == "sleep":
		return s.wait(at, args)
	case name == "sysctl":
		return s.sysctl(at, args)
	case name == "ip":
		return s.ip(at, args)
	case name == "tc":
		return s.tc(at, args)
	case strings.Contains(name, "defaults") && len(args) == 0:
		return s.defaults(at)
	case len(args) > 0 && strings.HasPrefix(args[0], "/proc/sys/"):
		return s.assignments(at, args)
	}
	return unsupported(at, "command %q; known are sysctl, echo VALUE > /proc/sys/..., PROGRAM /proc/sys/NAME=VALUE ..., *defaults*, ip tcp_metrics flush, tc qdisc, sleep, nstat, ethtool", name)
}

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

// ip is ip(8): the metrics cache, which the model does not have, and links and
// addresses as they are.
func (s *settings) ip(at Pos, args []string) *Error {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(args) > 1 && (args[0] == "tcp_metrics" || args[0] == "tcpmetrics") {
		return nil
	}
	return unsupported(at, "ip %s; known is ip tcp_metrics flush", strings.Join(args, " "))
}

// tc is tc(8): fq paces, other queues without parameters change nothing.
func (s *settings) tc(at Pos, args []string) *Error {
	if len(args) > 1 && args[0] == "qdisc" {
		switch kind := args[len(args)-1]; {
		case slices.Contains(args, "fq"):
			s.pacing = true
			return nil
		case args[1] == "del", args[1] == "show", kind == "pfifo", kind == "pfifo_fast", kind == "fq_codel", kind == "noqueue", kind == "mq":
			s.pacing = false
			return nil
		}
	}
	return unsupported(at, "tc %s; known are tc qdisc with fq, pfifo, pfifo_fast, fq_codel, noqueue", strings.Join(args, " "))
}

// defaults is what a file of defaults sets: Linux's own, which are in force anyway.
func (s *settings) defaults(at Pos) *Error {
	for name, v := range fixed {
		if v.value == "" {
			continue
		}
		if err := s.set(at, name, v.value); err != nil {
			return err
		}
	}
	return nil
}

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
