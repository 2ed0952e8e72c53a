package packetdrill

import "netgpusim/sim"

// Pos is a place in a script, counted from 1.
type Pos struct{ Line, Col int }

// Script is a script that has been read.
type Script struct {
	File    string
	Flags   []Flag // --name=value lines
	Events  []Event
	comment string // of the first lines
	dir     string // where the helpers of its commands are, "" for nowhere
}

// Flag is an option line.
type Flag struct {
	Pos
	Name, Value string
}

// Event is something that happens, or must happen, at a time. Exactly one of the
// pointers is set.
type Event struct {
	Pos
	Source string // the event as it is written, on one line
	Time   Time
	Packet *Packet
	Call   *Call
	Shell  *Shell
	Code   *Code
}

// TimeKind says how an event's time is given.
type TimeKind uint8

// Kinds of times.
const (
	Absolute TimeKind = iota // after the start of the script
	Relative                 // after the event before
	AnyTime                  // *
)

// Time is when an event happens: from At to Until, which are the same unless a range
// was given.
type Time struct {
	Kind      TimeKind
	At, Until sim.Time
}

// Shell is a command in backquotes.
type Shell struct{ Text string }

// Call is a system call.
type Call struct {
	Name   string
	Args   []Expr
	Blocks bool     // start...end: it returns at End
	End    sim.Time // relative if the event's time is
	Result Expr
	Errno  string // expected, "" for none
}

// ExprKind says what an expression is.
type ExprKind uint8

// Kinds of expressions.
const (
	Ellipsis ExprKind = iota // ...
	Integer                  // Int
	Name                     // a symbolic constant, in Text
	Text                     // a string, in Text
	List                     // [List...]
	Struct                   // {Fields...}
	Apply                    // Text(List...): htons(80), inet_addr("...")
	Binary                   // List[0] op List[1], the operator in Text
	Unary                    // op List[0]
)

// Expr is an argument or a result of a system call.
type Expr struct {
	Pos
	Kind   ExprKind
	Int    int64
	Text   string
	List   []Expr
	Fields []Field
}

// Field is a member of a struct; the members of an iovec have no names. Len is what
// stands in parentheses behind the name: msg_iov(1).
type Field struct {
	Name  string
	Len   *Expr
	Value Expr
}

// field returns a member by name.
func (e *Expr) field(name string) *Expr {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return &e.Fields[i].Value
		}
	}
	return nil
}
