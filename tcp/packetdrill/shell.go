package packetdrill

import (
	"strings"
)

// shellCommand is one simple command: its words, and the file that its output goes to.
type shellCommand struct {
	line    int // lines after the first of the whole
	words   []string
	into    string
	trouble string // what of it needs a real shell, "" for nothing
}

// splitShell cuts a shell command into simple ones at newlines, ;, && and ||. Quotes
// group; a backslash joins lines. What is behind || runs only if the command before
// fails, and none that is understood does.
func splitShell(text string) []shellCommand {
	var all []shellCommand
	s := shellScanner{text: text}
	for s.at < len(s.text) {
		if c := s.command(); len(c.words) > 0 || c.trouble != "" {
			all = append(all, c)
		}
	}
	return all
}

type shellScanner struct {
	text string
	at   int
	line int
}

// command reads up to the end of a simple command.
func (s *shellScanner) command() shellCommand {
	c := shellCommand{line: s.line}
	for s.at < len(s.text) && c.trouble == "" {
		rest := s.text[s.at:]
		switch {
		case strings.HasPrefix(rest, "\\\n"):
			s.at += 2
			s.line++
		case rest[0] == '\n':
			s.at++
			s.line++
			if len(c.words) > 0 {
				return c
			}
			c.line = s.line
		case strings.HasPrefix(rest, "&&"):
			s.at += 2
			return c
		case strings.HasPrefix(rest, "||"):
			s.skipAlternative()
		case rest[0] == ';':
			s.at++
			return c
		case isSpace(rest[0]):
			s.at++
		case rest[0] == '#':
			s.skipLine()
		case strings.HasPrefix(rest, "2>&1"), strings.HasPrefix(rest, "1>&2"), strings.HasPrefix(rest, ">&2"):
			s.at += strings.IndexByte(rest, '&') + 2
		case rest[0] == '>' || strings.HasPrefix(rest, "2>") || strings.HasPrefix(rest, "&>"):
			s.redirect(&c, rest)
		case strings.IndexByte("|`(){}<&", rest[0]) >= 0:
			c.trouble = "a shell command with " + rest[:1]
		default:
			word, trouble := s.word()
			c.words = append(c.words, word)
			c.trouble = trouble
		}
	}
	if c.trouble != "" {
		s.skipLine()
	}
	return c
}

// skipLine moves to the end of the line.
func (s *shellScanner) skipLine() {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		s.at += i
	} else {
		s.at = len(s.text)
	}
}

func (s *shellScanner) skipAlternative() {
	for s.at < len(s.text) && s.text[s.at] != '\n' && s.text[s.at] != ';' && !strings.HasPrefix(s.text[s.at:], "&&") {
		s.at++
	}
}

// redirect reads > FILE; where errors go does not matter.
func (s *shellScanner) redirect(c *shellCommand, rest string) {
	output := rest[0] != '2'
	s.at += strings.IndexByte(rest, '>') + 1
	for s.at < len(s.text) && (s.text[s.at] == '>' || s.text[s.at] == ' ' || s.text[s.at] == '\t') {
		s.at++
	}
	file, trouble := s.word()
	if output {
		c.into = file
	}
	c.trouble = trouble
}

// word reads a word with its quotes taken off.
func (s *shellScanner) word() (string, string) {
	var b strings.Builder
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(s.text[s.at+1:], c)
			if end < 0 {
				return "", "a shell command with a quote that does not end"
			}
			part := s.text[s.at+1:][:end]
			s.line += strings.Count(part, "\n")
			b.WriteString(part)
			s.at += end + 2
		case c == '\\' && s.at+1 < len(s.text) && s.text[s.at+1] != '\n':
			b.WriteByte(s.text[s.at+1])
			s.at += 2
		case c == '$':
			v, ok := s.variable()
			if !ok {
				return "", "a shell command with a variable"
			}
			b.WriteString(v)
		case isSpace(c) || c == ';' || c == '|' || c == '&' || c == '>' || c == '<' || c == '\\':
			return b.String(), ""
		default:
			b.WriteByte(c)
			s.at++
		}
	}
	return b.String(), ""
}

// shellVariables are those that a script's commands know: there is no process, so its
// parent has any number.
var shellVariables = map[string]string{"PPID": "1", "PWD": "."}

// variable reads $NAME or ${NAME}.
func (s *shellScanner) variable() (string, bool) {
	rest := s.text[s.at+1:]
	braces := strings.HasPrefix(rest, "{")
	if braces {
		rest = rest[1:]
	}
	n := 0
	for n < len(rest) && isWord(rest[n]) {
		n++
	}
	v, ok := shellVariables[rest[:n]]
	s.at = len(s.text) - len(rest) + n
	if !braces || !ok {
		return v, ok
	}
	if !strings.HasPrefix(rest[n:], "}") {
		return "", false
	}
	s.at++
	return v, true
}
