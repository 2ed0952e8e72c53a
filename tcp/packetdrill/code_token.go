package packetdrill

import "strings"

// tokenKind is the kind of a token of %{ code }%.
type tokenKind uint8

const (
	endToken tokenKind = iota
	lineToken
	nameToken
	numberToken
	stringToken
	opToken
)

// token is one token; indent is the column of the first one on its line.
type token struct {
	Pos
	kind   tokenKind
	text   string
	indent int

	formatted bool // an f-string
}

// codeOps are the operators, longer ones first.
var codeOps = []string{"**=", "//=", "<<=", ">>=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
	"+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "&", "|", "^", "~", ";"}

// tokenize cuts code into tokens; at is where it begins in the script.
func tokenize(at Pos, text string) ([]token, *Error) {
	t := &tokenizer{text: text, pos: at, indent: at.Col}
	for t.at < len(t.text) {
		if err := t.next(); err != nil {
			return nil, err
		}
	}
	t.add(lineToken, "")
	t.add(endToken, "")
	return t.tokens, nil
}

type tokenizer struct {
	text    string
	at      int
	pos     Pos
	indent  int
	depth   int // of brackets, inside which lines do not end
	started bool
	tokens  []token
}

func (t *tokenizer) add(kind tokenKind, text string) {
	if kind == lineToken && (len(t.tokens) == 0 || t.tokens[len(t.tokens)-1].kind == lineToken) {
		return
	}
	if !t.started && kind != lineToken {
		t.started, t.indent = true, t.pos.Col
	}
	t.tokens = append(t.tokens, token{Pos: t.pos, kind: kind, text: text, indent: t.indent})
}

// skip moves on by n bytes of one line.
func (t *tokenizer) skip(n int) {
	t.at += n
	t.pos.Col += n
}

func (t *tokenizer) newLine() {
	t.at++
	t.pos = Pos{t.pos.Line + 1, 1}
}

func (t *tokenizer) next() *Error {
	rest := t.text[t.at:]
	switch c := rest[0]; {
	case c == '\n':
		if t.depth == 0 {
			t.add(lineToken, "")
			t.started = false
		}
		t.newLine()
	case isSpace(c):
		t.skip(1)
	case c == '\\' && len(rest) > 1 && rest[1] == '\n':
		t.skip(1)
		t.newLine()
	case c == '#':
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			n = len(rest)
		}
		t.skip(n)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		t.word(numberToken, func(c byte) bool { return isWord(c) || c == '.' })
	case isWord(c):
		return t.name(rest)
	case c == '"' || c == '\'':
		return t.quoted(c, false)
	default:
		return t.operator(rest)
	}
	return nil
}

func (t *tokenizer) word(kind tokenKind, f func(byte) bool) {
	n := 0
	for t.at+n < len(t.text) && f(t.text[t.at+n]) {
		n++
	}
	t.add(kind, t.text[t.at:t.at+n])
	t.skip(n)
}

// name reads a name, or a string with a prefix: f"...", r"...", b"...".
func (t *tokenizer) name(rest string) *Error {
	if len(rest) > 1 && (rest[1] == '"' || rest[1] == '\'') && strings.IndexByte("fFrRbBuU", rest[0]) >= 0 {
		t.skip(1)
		return t.quoted(rest[1], rest[0] == 'f' || rest[0] == 'F')
	}
	t.word(nameToken, isWord)
	return nil
}

// quoted reads a string in quotes, or in three of them over several lines.
func (t *tokenizer) quoted(quote byte, formatted bool) *Error {
	end := string(quote)
	if three := strings.Repeat(end, 3); strings.HasPrefix(t.text[t.at:], three) {
		end = three
	}
	var b strings.Builder
	for i := t.at + len(end); i < len(t.text) && (len(end) == 3 || t.text[i] != '\n'); i++ {
		switch c := t.text[i]; {
		case strings.HasPrefix(t.text[i:], end):
			t.add(stringToken, b.String())
			t.tokens[len(t.tokens)-1].formatted = formatted
			t.over(i + len(end))
			return nil
		case c == '\\' && i+1 < len(t.text):
			i++
			b.WriteByte(unescape(t.text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return wrong(t.pos, "a string that does not end on its line")
}

// over moves to a place that may be on another line.
func (t *tokenizer) over(to int) {
	for t.at < to {
		if t.text[t.at] == '\n' {
			t.newLine()
		} else {
			t.skip(1)
		}
	}
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

func (t *tokenizer) operator(rest string) *Error {
	for _, op := range codeOps {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch op {
		case "(", "[", "{":
			t.depth++
		case ")", "]", "}":
			t.depth = max(t.depth-1, 0)
		}
		t.add(opToken, op)
		t.skip(len(op))
		return nil
	}
	return wrong(t.pos, "%q is nothing that code may have", rest[:1])
}
