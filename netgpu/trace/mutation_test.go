package trace

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A mutation spoils one line of a correct trace, or two neighbours.
type mutation struct {
	name string
	// apply returns the lines with line i spoilt, nil if the mutation does not fit it.
	apply func(lines []string, i int) []string
}

var mutations = []mutation{
	{"drop", func(l []string, i int) []string { return slices.Delete(slices.Clone(l), i, i+1) }},
	{"repeat", func(l []string, i int) []string { return slices.Insert(slices.Clone(l), i, l[i]) }},
	{"swap", func(l []string, i int) []string {
		l = slices.Clone(l)
		l[i], l[i+1] = l[i+1], l[i]
		return l
	}},
	{"index+1", changed("index", func(n uint64) uint64 { return n + 1 })},
	{"index-1", changed("index", func(n uint64) uint64 { return (n - 1) & (1<<32 - 1) })},
	{"page+1", changed("addr", func(n uint64) uint64 { return n + 4096 })},
	{"offset+8", changed("addr", func(n uint64) uint64 { return n + 8 })},
	{"len+1", changed("len", func(n uint64) uint64 { return n + 1 })},
	{"succeeds", func(l []string, i int) []string { // although it failed
		at := strings.Index(l[i], `,"err":`)
		if at < 0 {
			return nil
		}
		l = slices.Clone(l)
		l[i] = l[i][:at] + "}\n"
		return l
	}},
	{"fails", func(l []string, i int) []string { // although it succeeded
		if strings.Contains(l[i], `"err"`) {
			return nil
		}
		l = slices.Clone(l)
		l[i] = strings.Replace(l[i], "}\n", ",\"err\":\"ENOMEM\"}\n", 1)
		return l
	}},
}

func changed(key string, to func(uint64) uint64) func([]string, int) []string {
	pattern := regexp.MustCompile(`"` + key + `":(\d+)`)
	return func(l []string, i int) []string {
		at := pattern.FindStringSubmatchIndex(l[i])
		if at == nil {
			return nil
		}
		n, _ := strconv.ParseUint(l[i][at[2]:at[3]], 10, 64) // it was written by us
		l = slices.Clone(l)
		l[i] = l[i][:at[2]] + strconv.FormatUint(to(n), 10) + l[i][at[3]:]
		return l
	}
}

var opPattern = regexp.MustCompile(`"op":"([a-z-]+)"`)

// legal says why a mutation of an operation may leave a trace that a correct machine
// could have written, so that nobody can object. All others must be caught.
var legal = map[string]string{
	"drop submit":        "the next submit publishes the same entries, unless somebody needs them before",
	"drop complete":      "the next complete gives the same slots back, unless somebody needs them before",
	"drop refill":        "the question alone changes nothing but what the driver knows of prod",
	"drop batch":         "an application may read slots first and give them back later",
	"drop attach":        "its release is missed only when it comes",
	"drop release":       "TCP may hold a page for as long as it likes",
	"repeat submit":      "publishing an index twice is publishing it once",
	"repeat complete":    "publishing an index twice is publishing it once",
	"repeat refill":      "asking twice is asking once",
	"repeat refill!":     "asking twice is asking once",
	"drop refill!":       "the question alone changes nothing but what the driver knows of prod",
	"len+1 refill!":      "a bulk of five pages may not start, either",
	"repeat attach":      "a page may be sent twice at a time",
	"repeat deliver!":    "a delivery that fails may be tried twice",
	"drop deliver!":      "a delivery that fails changes nothing but what the kernel knows of cons",
	"drop post":          "a page may be put back without having been posted; missed when the NIC has written it",
	"swap submit":        "neighbours that touch nothing in common have no order",
	"page+1 attach":      "another page of the registered buffer may be sent",
	"page+1 release":     "of another page in flight",
	"offset+8 attach":    "it is sent from another offset of the same pages",
	"offset+8 deliver!":  "a delivery that fails may be one of another offset",
	"len+1 attach":       "one byte more may be sent",
	"len+1 deliver!":     "a delivery that fails may be one of another length",
	"len+1 refill":       "a bulk of five pages may have started, too",
	"offset+8 drop":      "the address names the same page",
	"offset+8 queue":     "the address names the same page",
	"offset+8 receive":   "the address names the same page",
	"offset+8 put":       "the address names the same page",
	"offset+8 post":      "the address names the same page",
	"offset+8 release":   "the address names the same page",
	"offset+8 cache-get": "the address names the same page",
}

// TestMutatedTracesAreCaught spoils every line of a trace in every way. A mutation that
// cannot be the trace of a correct machine has to be caught each time; the table of all
// kinds, with how many of them were, is kept as a golden file and shown in docs/trace.md.
func TestMutatedTracesAreCaught(t *testing.T) {
	lines := strings.SplitAfter(string(machineTrace(t, 11, 400)), "\n")
	mutable := len(lines) * 2 / 3 // what is spoilt needs time to show
	type cell struct{ made, caught int }
	table := map[string]*cell{}
	for i := 1; i < mutable; i++ {
		op := opPattern.FindStringSubmatch(lines[i])[1]
		if strings.Contains(lines[i], `"err"`) {
			op += "!" // it failed
		}
		for _, m := range mutations {
			spoilt := m.apply(lines, i)
			if spoilt == nil {
				continue
			}
			kind := m.name + " " + op
			if table[kind] == nil {
				table[kind] = &cell{}
			}
			r, err := Check(context.Background(), strings.NewReader(strings.Join(spoilt, "")), Options{})
			table[kind].made++
			caught := err != nil || !r.OK()
			if caught {
				table[kind].caught++
			}
			must := legal[kind] == ""
			if m.name == "swap" {
				must = ordered(lines[i], lines[i+1])
			}
			if must && !caught {
				t.Errorf("line %d: %s is not caught:\n%s%s", i+1, kind, lines[i], lines[i+1])
			}
		}
	}
	var b bytes.Buffer
	for _, kind := range slices.Sorted(maps.Keys(table)) {
		why := legal[kind]
		if strings.HasPrefix(kind, "swap ") {
			why = legal["swap submit"]
		}
		fmt.Fprintf(&b, "%-20s %4d of %4d  %s\n", kind, table[kind].caught, table[kind].made, why)
	}
	const golden = "testdata/mutations.txt"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%v: differs from %s (-update rewrites it; read the diff):\n%s", err, golden, b.String())
	}
}

var (
	ringPattern  = regexp.MustCompile(`"actor":"([a-z]+)","ring":"([^"]+)"`)
	indexPattern = regexp.MustCompile(`"index":`)
	addrPattern  = regexp.MustCompile(`"addr":(\d+)`)
)

// ordered says whether two neighbours cannot have happened in the other order: they
// are of one page, or name different indices of one side of a ring.
func ordered(a, b string) bool {
	sends := func(s string) bool { return strings.Contains(s, `"attach"`) || strings.Contains(s, `"release"`) }
	if a == b || b == "" || sends(a) || sends(b) || strings.Contains(a, `"err"`) || strings.Contains(b, `"err"`) {
		return false
	}
	page := func(s string) string {
		m := addrPattern.FindStringSubmatch(s)
		if m == nil {
			return ""
		}
		n, _ := strconv.ParseUint(m[1], 10, 64) // it was written by us
		return fmt.Sprint(n / 4096)
	}
	if p := page(a); p != "" && p == page(b) {
		return true
	}
	ra, rb := ringPattern.FindString(a), ringPattern.FindString(b)
	index := func(s string) string { return s[indexPattern.FindStringIndex(s)[0]:] }
	if ra == "" || ra != rb || !indexPattern.MatchString(a) || !indexPattern.MatchString(b) {
		return false
	}
	// A batch may be taken while the one before is unread.
	return index(a) != index(b) && !(strings.Contains(a, `"take"`) && strings.Contains(b, `"batch"`))
}
