package scenarios

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// errorsMax bounds how many errors one load reports, and how much work it puts into
// hints: a file in the wrong format would otherwise produce one per line.
const errorsMax = 20

// Error is one thing wrong with a scenario: where, what was given, what is allowed.
type Error struct {
	File         string // file name, "builtin:NAME", or the text of the --set flag
	Line, Column int    // 1-based; 0 for a flag
	Key          string // path of the key, such as receiver.nic.mtu
	Given        string
	Allowed      string
	Hint         string // what probably was meant, if anything
}

// Error puts everything on one line: FILE:LINE:COLUMN: KEY: given; allowed; hint.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(origin{e.File, e.Line, e.Column}.String() + ": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString("given " + e.Given)
	if e.Allowed != "" {
		b.WriteString("; allowed: " + e.Allowed)
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is everything found wrong in one load, in the order of files and lines.
type Errors []*Error

// Error prints one line per error, at most errorsMax of them.
func (es Errors) Error() string {
	var lines []string
	for i, e := range es {
		if i == errorsMax {
			lines = append(lines, "and more errors")
			break
		}
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first Error.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// full says that further errors would not be reported.
func (es Errors) full() bool { return len(es) > errorsMax }

// err returns the errors sorted by line within each file, or nil if there are none.
// Files keep the order in which they were first found wrong.
func (es Errors) err() error {
	if len(es) == 0 {
		return nil
	}
	order := map[string]int{}
	for _, e := range es {
		if _, seen := order[e.File]; !seen {
			order[e.File] = len(order)
		}
	}
	sort.SliceStable(es, func(i, j int) bool {
		a, b := es[i], es[j]
		if a.File != b.File {
			return order[a.File] < order[b.File]
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	return es
}

// origin is where a value was written: a place in a file, or a --set flag.
type origin struct {
	file         string
	line, column int
}

func (o origin) String() string {
	switch {
	case o.line == 0:
		return o.file
	case o.column == 0:
		return fmt.Sprintf("%s:%d", o.file, o.line)
	}
	return fmt.Sprintf("%s:%d:%d", o.file, o.line, o.column)
}

// problem says what is wrong with a value, before it is known where it stands.
type problem struct {
	given, allowed, hint string
}

func (p *problem) at(o origin, key string) *Error {
	return &Error{File: o.file, Line: o.line, Column: o.column, Key: key, Given: p.given, Allowed: p.allowed, Hint: p.hint}
}

// quote prints what a user wrote, shortened, with control characters escaped.
func quote(s string) string {
	const most = 48
	if r := []rune(s); len(r) > most {
		return strconv.Quote(string(r[:most])) + "..."
	}
	return strconv.Quote(s)
}

// nearest returns the candidate that was probably meant by given, or "". A typing
// slip is at most a third of the word; ties go to the first candidate.
func nearest(given string, candidates []string) string {
	const longest = 80 // the distance costs the product of both lengths
	if given == "" || len(given) > longest {
		return ""
	}
	best, bestDistance := "", max(2, len(given)/3)+1
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(strings.ToLower(given), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean is the hint for a word that is none of candidates.
func didYouMean(given string, candidates []string) string {
	if n := nearest(given, candidates); n != "" {
		return "did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}
