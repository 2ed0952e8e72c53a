package packetdrill

import (
	"fmt"
	"math"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// pendingCall is a system call that is being made.
type pendingCall struct {
	// attempt makes the call or goes on with it; stack.Blocked says that it waits.
	attempt func() (int64, stack.Errno)

	// check compares what the call has stored with what the script expects, nil for
	// nothing.
	check func(result int64) *Error

	// timeout is how long the call waits at most, and lapse what it returns then.
	timeout sim.Time
	lapse   func() (int64, stack.Errno)

	// lacks, if there is one, says what the model has not got for the call. Then its result
	// means nothing.
	lacks func() *Error

	// makesFD: the result is a descriptor, which the script numbers as it likes.
	makesFD bool
}

// waiting is a call that has not returned.
type waiting struct {
	event   *Event
	call    *pendingCall
	timeout sim.Time
	end     sim.Time // when the script expects it to return
	leeway  sim.Time // by how much that may be off
	done    bool
	at      sim.Time // when it returned
	result  int64
	errno   stack.Errno
}

// try goes on with a waiting call.
func (w *waiting) try(now sim.Time) {
	w.result, w.errno = w.call.attempt()
	if w.errno == stack.Blocked {
		if now < w.timeout {
			return
		}
		w.result, w.errno = w.call.lapse()
	}
	w.done, w.at = true, now
	w.timeout = sim.Never
}

// call makes a system call. One that the script lets wait goes on while later events
// happen.
func (r *runner) call(e *Event) *Error {
	if r.waiting != nil { // a process makes one call at a time
		if err := r.await(); err != nil {
			return err
		}
	}
	begin, ok := calls[e.Call.Name]
	if !ok {
		return unsupported(e.Pos, "system call %s; known are %s", e.Call.Name, names(calls))
	}
	a := &arguments{runner: r, call: e.Call, at: e.Pos}
	c := begin(r, a)
	if a.err != nil {
		return a.err
	}
	w := &waiting{event: e, call: &c, timeout: sim.Never, end: r.now}
	if c.timeout > 0 {
		w.timeout = r.now + c.timeout
	}
	if e.Call.Blocks {
		w.end = e.Call.End + origin
		if e.Time.Kind != Absolute {
			w.end += r.base - origin - e.Time.At
		}
	}
	w.leeway = r.setup.leeway(w.end - r.base)
	r.waiting = w
	w.try(r.now)
	r.settle()
	if e.Call.Blocks && !w.done {
		return nil
	}
	return r.await()
}

// await lets time pass until the waiting call returns, at most until the script expects
// it, and looks at the result.
func (r *runner) await() *Error {
	w := r.waiting
	for last := w.end + w.leeway; !w.done; {
		next := r.next()
		if next > last {
			r.until(last)
			break
		}
		r.step(max(next, r.now))
		if r.err != nil {
			return r.err
		}
	}
	r.waiting = nil
	if !w.done {
		return failed(w.event.Pos, "%s has not returned until %s%s", w.event.Call.Name, clock(w.end), blocksHint(w.event.Call))
	}
	return r.returned(w)
}

func blocksHint(c *Call) string {
	if c.Blocks {
		return ""
	}
	return "; write start...end if it may wait"
}

// returned compares a call's result with the script's.
func (r *runner) returned(w *waiting) *Error {
	c := w.event.Call
	r.note(entry{at: w.at, call: w.event.Source + r.otherwise(w)})
	if w.call.lacks != nil {
		if err := w.call.lacks(); err != nil {
			return err
		}
	}
	if w.call.makesFD && w.errno == stack.OK {
		if err := r.register(w.event, w.result); err != nil {
			return err
		}
	} else if err := r.compareResult(w); err != nil {
		return err
	}
	if w.errno == stack.OK && w.call.check != nil {
		if err := w.call.check(w.result); err != nil {
			return err
		}
	}
	if c.Blocks && (w.at < w.end-w.leeway || w.at > w.end+w.leeway) {
		return failed(w.event.Pos, "%s returned at %s, expected at %s (tolerance %v)", c.Name, clock(w.at), clock(w.end), w.leeway)
	}
	return nil
}

// otherwise says what a call has returned if that is not what the script has.
func (r *runner) otherwise(w *waiting) string {
	want, err := r.evaluate(&w.event.Call.Result)
	if err != nil || w.errno == stack.OK && (w.call.makesFD || want == w.result) || w.errno != stack.OK && errnoByName(w.event.Call.Errno) == w.errno {
		return ""
	}
	return ", got " + outcome(w.result, w.errno)
}

func outcome(n int64, errno stack.Errno) string {
	if errno == stack.OK {
		return fmt.Sprint(n)
	}
	return "-1 " + errno.String()
}

// register gives a new descriptor the script's number.
func (r *runner) register(e *Event, fd int64) *Error {
	if e.Call.Result.Kind == Ellipsis {
		r.fds[fd] = int(fd)
		return nil
	}
	want, err := r.evaluate(&e.Call.Result)
	if err != nil {
		return err
	}
	if want < 0 {
		return failed(e.Pos, "%s succeeded, expected -1 %s", e.Call.Name, e.Call.Errno)
	}
	r.fds[want] = int(fd)
	return nil
}

// compareResult compares numbers and errors.
func (r *runner) compareResult(w *waiting) *Error {
	c := w.event.Call
	if c.Result.Kind == Ellipsis && c.Errno == "" {
		return nil
	}
	want, err := r.evaluate(&c.Result)
	if err != nil {
		return err
	}
	errno := errnoByName(c.Errno)
	got := w.result
	if w.errno != stack.OK {
		got = -1
	}
	if got != want || w.errno != errno && (c.Errno != "" || want >= 0) {
		expected := fmt.Sprint(want)
		if c.Errno != "" {
			expected += " " + c.Errno
		}
		return failed(w.event.Pos, "%s: expected %s, got %s", c.Name, expected, outcome(w.result, w.errno))
	}
	return nil
}

// evaluate is a number that the script writes.
func (r *runner) evaluate(e *Expr) (int64, *Error) {
	switch e.Kind {
	case Integer:
		return e.Int, nil
	case Name:
		return r.constant(e)
	case Binary:
		left, err := r.evaluate(&e.List[0])
		if err != nil {
			return 0, err
		}
		right, err := r.evaluate(&e.List[1])
		return binary(e.Text, left, right), err
	case Unary:
		n, err := r.evaluate(&e.List[0])
		switch e.Text {
		case "~":
			n = ^n
		case "!":
			n = int64(truth(n == 0))
		default:
			n = -n
		}
		return n, err
	case Apply:
		return r.apply(e)
	}
	return 0, wrong(e.Pos, "a number or a name of one is wanted here")
}

func binary(op string, a, b int64) int64 {
	switch op {
	case "|":
		return a | b
	case "&":
		return a & b
	case "<<":
		return a << uint64(b&63)
	case "*":
		return a * b
	case "-":
		return a - b
	}
	return a + b
}

func (r *runner) constant(e *Expr) (int64, *Error) {
	n, ok := r.setup.symbol(e.Text)
	if !ok {
		return 0, unsupported(e.Pos, "name %s: no such constant is known", e.Text)
	}
	return n, nil
}

// apply is one of the functions that keep numbers in network order: the model has all
// numbers in its own.
func (r *runner) apply(e *Expr) (int64, *Error) {
	switch e.Text {
	case "htons", "htonl", "ntohs", "ntohl":
		if len(e.List) == 1 {
			return r.evaluate(&e.List[0])
		}
	}
	return 0, unsupported(e.Pos, "function %s with %d arguments", e.Text, len(e.List))
}

// forever is a timeout that is none.
const forever = sim.Time(math.MaxInt64 / 4)
