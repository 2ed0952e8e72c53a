package packetdrill

import (
	"math"
	"sort"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// scanner reads a script's text from left to right. What a character means depends on
// where it stands (a cookie, a flag, a number), so there are no tokens: the parser asks
// for what it expects. The first error sticks.
type scanner struct {
	text  string
	at    int
	lines []int // offsets of the lines' beginnings
	err   *Error
}

func newScanner(text string) *scanner {
	s := &scanner{text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// pos is where the scanner stands.
func (s *scanner) pos() Pos { return s.posOf(s.at) }

func (s *scanner) posOf(at int) Pos {
	line := sort.SearchInts(s.lines, at+1)
	return Pos{Line: line, Col: at - s.lines[line-1] + 1}
}

// fail records an error at the present place: what is there, and what may be there.
func (s *scanner) fail(allowed string) {
	if s.err == nil {
		s.err = wrong(s.pos(), "found %s; allowed: %s", s.given(), allowed)
	}
}

// given is the next word for a message.
func (s *scanner) given() string {
	if s.at >= len(s.text) {
		return "the end of the script"
	}
	end := s.at
	for end < len(s.text) && end-s.at < 24 && !isSpace(s.text[end]) {
		end++
	}
	if end == s.at {
		return "the end of the line"
	}
	return strconv.Quote(s.text[s.at:end])
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWord(c byte) bool {
	return isDigit(c) || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// space passes over white space and comments.
func (s *scanner) space() {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case isSpace(rest[0]):
			s.at++
		case rest[0] == '#' || strings.HasPrefix(rest, "//"):
			s.skipTo("\n")
		case strings.HasPrefix(rest, "/*"):
			start := s.at
			s.at += 2
			if !s.skipTo("*/") {
				s.at = start
				s.fail("a comment that ends with */")
				s.at = len(s.text)
				return
			}
			s.at += 2
		default:
			return
		}
	}
}

// skipTo moves to the next occurrence of a string, or to the end if there is none.
func (s *scanner) skipTo(what string) bool {
	if i := strings.Index(s.text[s.at:], what); i >= 0 {
		s.at += i
		return true
	}
	s.at = len(s.text)
	return false
}

// sees says whether a string comes next, after space.
func (s *scanner) sees(what string) bool {
	s.space()
	return s.err == nil && strings.HasPrefix(s.text[s.at:], what)
}

// accept takes a string if it comes next.
func (s *scanner) accept(what string) bool {
	if !s.sees(what) {
		return false
	}
	s.at += len(what)
	return true
}

// expect takes a string that must come next.
func (s *scanner) expect(what string) {
	if !s.accept(what) {
		s.fail(strconv.Quote(what))
	}
}

// peek is the next character after space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.err != nil || s.at >= len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// take is the longest run of characters from here for which f holds.
func (s *scanner) take(f func(byte) bool) string {
	start := s.at
	for s.at < len(s.text) && f(s.text[s.at]) {
		s.at++
	}
	return s.text[start:s.at]
}

// word takes letters, digits and underscores; "" if there are none.
func (s *scanner) word() string {
	s.space()
	if s.err != nil {
		return ""
	}
	return s.take(isWord)
}

// keyword takes a word if it is the one.
func (s *scanner) keyword(what string) bool {
	s.space()
	start := s.at
	if s.word() == what {
		return true
	}
	s.at = start
	return false
}

// integer takes a number in C's notation, with a sign or not, from lo to hi.
func (s *scanner) integer(lo, hi int64) int64 {
	s.space()
	start := s.at
	sign := ""
	if s.at < len(s.text) && s.text[s.at] == '-' {
		s.at++
		sign = "-"
	}
	digits := s.take(isWord)
	n, err := parseInteger(sign + digits)
	if err != nil || n < lo || n > hi {
		s.at = start
		s.fail("a number from " + strconv.FormatInt(lo, 10) + " to " + strconv.FormatInt(hi, 10))
		return lo
	}
	return n
}

// parseInteger reads decimal, hexadecimal (0x) and octal (0) numbers; those of 64 bits
// without sign wrap.
func parseInteger(text string) (int64, error) {
	text = strings.TrimRight(text, "uUlL")
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n, nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	return int64(n), err
}

// seconds takes a time in seconds: 1, 0.25, .25.
func (s *scanner) seconds() sim.Time {
	s.space()
	start := s.at
	s.take(isDigit)
	if s.at+1 < len(s.text) && s.text[s.at] == '.' && isDigit(s.text[s.at+1]) {
		s.at++
		s.take(isDigit)
	} else if s.at > start && s.at < len(s.text) && s.text[s.at] == '.' && !strings.HasPrefix(s.text[s.at:], "..") {
		s.at++ // "1."
	}
	v, err := strconv.ParseFloat(s.text[start:s.at], 64)
	if err != nil || v > maxSeconds {
		s.at = start
		s.fail("a time in seconds, at most a million")
		return 0
	}
	return sim.Time(math.Round(v*1e9)) * sim.Nanosecond
}

// maxSeconds bounds a script's times, so that sums of them do not overflow.
const maxSeconds = 1e6

// quoted takes a string in double quotes with C's escapes.
func (s *scanner) quoted() string {
	s.space()
	start := s.at
	for end := s.at + 1; end < len(s.text); end++ {
		switch s.text[end] {
		case '\\':
			end++
		case '"':
			raw := s.text[s.at : end+1]
			text, err := strconv.Unquote(raw)
			if err != nil {
				text = raw[1 : len(raw)-1]
			}
			s.at = end + 1
			return text
		}
	}
	s.at = start
	s.fail("a string that ends with a quote")
	return ""
}

// until takes everything up to a string that must come, and passes over it.
func (s *scanner) until(what string) string {
	start := s.at
	if !s.skipTo(what) {
		s.at = start
		s.fail("text that ends with " + what)
		return ""
	}
	text := s.text[start:s.at]
	s.at += len(what)
	return text
}
