package packetdrill

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// settings carries out a script's commands.
type settings struct {
	host  *stack.Host
	dir   string // of the script, "" for none: where its helpers are
	sleep func(sim.Time)
	warn  func(at Pos, message string)
	depth int          // of helpers in helpers
	undo  []assignment // what variables were before the script set them
}

// assignment is a variable with a value.
type assignment struct{ name, value string }

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
	case strings.HasPrefix(c.into, "/proc/") || strings.HasPrefix(c.into, "/sys/"):
		return s.echo(at, name, args, c.into)
	case harmless[name]:
		return nil
	case name == "sleep":
		return s.wait(at, args)
	case name == "sysctl":
		return s.sysctl(at, args)
	case name == "ifconfig":
		return s.link(at, args)
	case name == "ip":
		return s.ip(at, args)
	case name == "tc":
		return s.tc(at, args)
	case len(args) > 0 && strings.HasPrefix(args[0], "/proc/sys/"):
		return s.assignments(at, args)
	case path.Ext(name) == ".sh":
		return s.helper(at, c.words[0])
	case shells[name] && len(args) > 0 && path.Ext(args[0]) == ".sh":
		return s.helper(at, args[0])
	}
	return unsupported(at, "command %q; known are sysctl, echo VALUE > /proc/sys/..., PROGRAM /proc/sys/NAME=VALUE ..., HELPER.sh, ip, tc qdisc, sleep, and what only shows things", name)
}

// harmless are commands that show things, or that set up devices and files which the
// model has in its own way.
var harmless = map[string]bool{"echo": true, "printf": true, "true": true, ":": true, "set": true, "nstat": true, "ss": true, "cat": true, "dmesg": true,
	"ethtool": true, "sync": true, "modprobe": true, "dd": true, "rm": true, "touch": true, "truncate": true, "mkdir": true, "chmod": true}

// shells carry out a file of commands that they are given.
var shells = map[string]bool{"sh": true, "bash": true, "source": true, ".": true}

// echo writes into a file of the kernel: a variable, or something of a device.
func (s *settings) echo(at Pos, name string, args []string, file string) *Error {
	switch {
	case name != "echo" && name != "printf":
	case strings.HasPrefix(file, "/proc/sys/"):
		for len(args) > 1 && (args[0] == "-n" || args[0] == "-e") {
			args = args[1:]
		}
		return s.set(at, file, strings.TrimSuffix(strings.Join(args, " "), "\\n"))
	case strings.HasPrefix(file, "/sys/class/net/"), strings.HasPrefix(file, "/sys/kernel/"):
		return nil
	}
	return unsupported(at, "%s > %s; known is echo VALUE > /proc/sys/NAME", name, file)
}

// maxHelper bounds a helper's size in bytes.
const maxHelper = 1 << 16

// maxHelpers bounds how deep helpers carry out others.
const maxHelpers = 4

// helper carries out a file of commands beside the script. Its commands set up a real
// machine: those that are not understood are warnings. A file of defaults that is not
// there stands for Linux's own, which are in force anyway, and one that restores, which
// the program that sets variables would have written, for what they were before.
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
	switch base := path.Base(name); {
	case strings.Contains(base, "defaults"):
		return nil
	case strings.Contains(base, "restore"):
		return s.restore(at)
	}
	return unsupported(at, "helper %s: there is no such file of commands beside the script", name)
}

// restore gives variables the values that they had before the script, the last first.
func (s *settings) restore(at Pos) *Error {
	undo := s.undo
	for i := len(undo) - 1; i >= 0; i-- {
		if err := s.set(at, undo[i].name, undo[i].value); err != nil {
			return err
		}
	}
	s.undo = nil
	return nil
}

func (s *settings) include(at Pos, name, text string) *Error {
	if s.depth++; s.depth > maxHelpers {
		return unsupported(at, "helper %s: helpers in helpers more than %d deep", name, maxHelpers)
	}
	defer func() { s.depth-- }()
	end, depth := "", 0 // of a compound command that is passed over
	for _, c := range splitShell(text) {
		first := ""
		if len(c.words) > 0 {
			first = c.words[0]
		}
		switch {
		case end != "":
			if compound[first] == end {
				depth++
			} else if first == end {
				depth--
			}
			if depth == 0 {
				end = ""
			}
		case first == "exit" || first == "return":
			return nil
		case compound[first] != "":
			end, depth = compound[first], 1
			s.warn(at, fmt.Sprintf("%s, line %d: %q up to %q needs a real shell and is passed over", name, c.line+1, first, end))
		default:
			if err := s.command(at, c); err != nil {
				s.warn(at, fmt.Sprintf("%s, line %d: %s", name, c.line+1, err.Message))
			}
		}
	}
	return nil
}

// compound are the words with which a shell's compound commands begin, and end.
var compound = map[string]string{"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac"}

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
// With -e, what is not there is passed over.
func (s *settings) sysctl(at Pos, args []string) *Error {
	lenient := slices.Contains(args, "-e") || slices.Contains(args, "-qe") || slices.Contains(args, "--ignore")
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
			if !lenient {
				return err
			}
			s.warn(at, err.Message)
		}
	}
	return nil
}

// harmlessSysctl are the flags of sysctl(8) that change nothing here.
var harmlessSysctl = map[string]bool{"-q": true, "--quiet": true, "-w": true, "--write": true, "-e": true, "--ignore": true, "-n": true, "-a": true, "-qw": true, "-wq": true, "-qe": true, "-N": true, "-b": true}

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

// set sets a variable by its name with dots or slashes.
func (s *settings) set(at Pos, name, value string) *Error {
	name = strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(name), "/proc/sys/"), "/", ".")
	value = strings.Join(strings.Fields(value), " ")
	if old, err := s.host.Sysctl(name); err == nil {
		if err := s.host.SetSysctl(name, value); err != nil {
			return unsupported(at, "%v", err)
		}
		s.undo = append(s.undo, assignment{name, old})
		return nil
	}
	v, ok := inertVariable(name)
	switch {
	case !ok:
		err := s.host.SetSysctl(name, value)
		return unsupported(at, "%v", err)
	case !v.takes(value):
		return unsupported(at, "%s=%s: the model takes only %s: %s", name, value, v.allowed, v.why)
	}
	return nil
}
