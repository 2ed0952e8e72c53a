package packetdrill

import "fmt"

// ErrorKind says what is wrong with a script, or with the host.
type ErrorKind uint8

// Kinds of errors.
const (
	Syntax      ErrorKind = iota // not packetdrill's language
	Unsupported                  // the language, but not something that is modelled
	Failed                       // an expectation does not hold
)

// Error is why a script did not pass, and where.
type Error struct {
	File string
	Pos
	Kind    ErrorKind
	Message string
}

func (e *Error) Error() string {
	kind := ""
	if e.Kind == Unsupported {
		kind = "unsupported: "
	}
	if e.Col > 0 {
		return fmt.Sprintf("%s:%d:%d: %s%s", e.File, e.Line, e.Col, kind, e.Message)
	}
	return fmt.Sprintf("%s:%d: %s%s", e.File, e.Line, kind, e.Message)
}

// unsupported is an error of something that is not modelled; the file is added by who
// knows it.
func unsupported(at Pos, format string, args ...any) *Error {
	return &Error{Pos: at, Kind: Unsupported, Message: fmt.Sprintf(format, args...)}
}

// wrong is an error of syntax or of meaning: a value that cannot be.
func wrong(at Pos, format string, args ...any) *Error {
	return &Error{Pos: at, Kind: Syntax, Message: fmt.Sprintf(format, args...)}
}

// failed is an expectation that does not hold.
func failed(at Pos, format string, args ...any) *Error {
	return &Error{Pos: at, Kind: Failed, Message: fmt.Sprintf(format, args...)}
}
