package stack

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// sysctls is what variables set beyond tcp.Spec.
type sysctls struct {
	portLow, portHigh int
	somaxconn         int
	maxSYNBacklog     int
	synCookies        int
	ttl               int
	abortOnOverflow   bool
	thinLinear        bool
	twReuse           int
	fastOpen          int
	fastOpenKey       [2]uint64
}

func (s *sysctls) init() {
	*s = sysctls{portLow: 32768, portHigh: 60999, somaxconn: 4096, maxSYNBacklog: 4096, synCookies: 1, ttl: 64,
		twReuse: 2, fastOpen: TFO_CLIENT_ENABLE}
}

// variable is one sysctl: how many numbers it has, their bounds, and where it goes.
type variable struct {
	lo, hi int64
	count  int // of numbers, 0 for 1
	set    func(h *Host, n []int64)
	get    func(h *Host) []int64

	// Of a variable that is a word.
	setWord func(h *Host, word string) error
	getWord func(h *Host) string
}

// SetSysctl sets a variable, "net.ipv4.tcp_sack" or with slashes. It holds for
// sockets and connections that begin later, or at once where Linux reads it at once
// (tcp_retries2 and such). The error names the nearest variable that there is, or
// says what values are allowed.
func (h *Host) SetSysctl(name, value string) error {
	name = dotted(name)
	v, ok := variables[name]
	if !ok {
		return fmt.Errorf("unknown sysctl %s; nearest is %s", name, nearest(name))
	}
	fields := strings.Fields(value)
	if v.setWord != nil {
		if len(fields) != 1 {
			return fmt.Errorf("%s: %q: one word is wanted", name, value)
		}
		return v.setWord(h, fields[0])
	}
	if len(fields) != max(v.count, 1) {
		return fmt.Errorf("%s: %q: %d numbers are wanted", name, value, max(v.count, 1))
	}
	numbers := make([]int64, len(fields))
	for i, f := range fields {
		n, err := strconv.ParseInt(f, 0, 64)
		if err != nil || n < v.lo || n > v.hi {
			return fmt.Errorf("%s: %q: allowed is %d to %d", name, f, v.lo, v.hi)
		}
		numbers[i] = n
	}
	v.set(h, numbers)
	return nil
}

// Sysctl returns a variable as /proc/sys has it.
func (h *Host) Sysctl(name string) (string, error) {
	name = dotted(name)
	v, ok := variables[name]
	if !ok {
		return "", fmt.Errorf("unknown sysctl %s; nearest is %s", name, nearest(name))
	}
	if v.getWord != nil {
		return v.getWord(h), nil
	}
	var words []string
	for _, n := range v.get(h) {
		words = append(words, strconv.FormatInt(n, 10))
	}
	return strings.Join(words, "\t"), nil
}

// dotted writes a name with dots and without /proc/sys.
func dotted(name string) string {
	name = strings.TrimPrefix(name, "/proc/sys/")
	return strings.ReplaceAll(name, "/", ".")
}

// nearest is the variable whose name differs least.
func nearest(name string) string {
	best, least := "", -1
	for v := range variables {
		d := levenshtein.ComputeDistance(name, v)
		if least < 0 || d < least || d == least && v < best {
			best, least = v, d
		}
	}
	return best
}
