package packetdrill

import (
	"fmt"
	"io"
	"runtime/debug"

	"netgpusim/sim"
	"netgpusim/tcp/stack"
)

// Options is how scripts are run.
type Options struct {
	IPVersion      IPVersion         // "" is what the script says, else IPv4
	Profile        Profile           // "" is Linux
	PSHLax         bool              // PSH may be there or not
	StrictSegments bool              // each packet is a segment of its own, as on the wire
	Defines        map[string]string // symbols, as --define sets them
	Flags          []Flag            // option lines that stand behind those of every script
	Trace          io.Writer         // if not nil, every packet and call as it happens
	Print          io.Writer         // if not nil, what print statements print
}

// Result is how a script went.
type Result struct {
	File    string
	Err     *Error   // nil: it passed
	History []string // of packets and calls, if it failed
	Warned  []string // failures that --non_fatal lets pass, commands of helpers that are not understood
}

const (
	// origin is the host's time when the script begins. It is not 0, as that of a
	// machine that has run for a while is not.
	origin = 10 * sim.Second

	// latency passes between events of the same time, as between a real machine's
	// packets and calls; no round trip takes no time at all.
	latency = 10 * sim.Microsecond

	// patience is how long an outbound packet at time * is waited for.
	patience = 10000 * sim.Second

	// maxSteps bounds how often a host's timers may run without a packet.
	maxSteps = 1 << 20
)

// runner is one run of a script.
type runner struct {
	script *Script
	opts   Options
	setup  *setup
	settings
	now  sim.Time // of the host
	base sim.Time // time of the event before, from which relative times count

	flows   []*flow
	current *flow // to which inbound packets without ports belong
	listens uint16
	seen    []sent // packets of the host that no event has expected yet
	fds     map[int64]int
	waiting *waiting
	code    evaluator
	last    int // descriptor of the last socket call, -1 for none
	history []entry
	warned  []string
	err     *Error // found while time passed
}

// Run plays a script. A panic of the model is an error of the script's line.
func (s *Script) Run(o Options) (result Result) {
	r := &runner{script: s, opts: o, fds: map[int64]int{}, last: -1, now: origin, base: origin}
	result.File = s.File
	at := Pos{1, 0}
	defer func() {
		if p := recover(); p != nil {
			result.Err = failed(at, "the model panicked: %v\n%s", p, debug.Stack())
		}
		if result.Err != nil {
			result.Err.File = s.File
			result.History = r.story()
		}
		result.Warned = r.warned
	}()
	if result.Err = r.begin(); result.Err != nil {
		return result
	}
	for i := range s.Events {
		at = s.Events[i].Pos
		if result.Err = r.event(&s.Events[i]); result.Err != nil {
			return result
		}
	}
	result.Err = r.end()
	return result
}

// begin makes the host.
func (r *runner) begin() *Error {
	r.setup = newSetup(r.opts)
	if err := r.setup.apply(r.opts, r.script.Flags); err != nil {
		return err
	}
	spec, err := r.opts.Profile.spec()
	if err != nil {
		return err
	}
	host, herr := stack.New(stack.Config{Spec: spec, Addrs: r.setup.addresses(), MTU: r.setup.mtu, Seed: 1, CopiesPages: true})
	if herr != nil {
		return wrong(Pos{1, 0}, "%v", herr)
	}
	r.settings = settings{host: host, dir: r.script.dir, sleep: func(d sim.Time) { r.until(r.now + d) }, warn: r.warn}
	out := r.opts.Print
	if out == nil {
		out = io.Discard
	}
	r.code = evaluator{vars: map[string]value{}, lookup: r.lookup, out: out}
	r.host.Advance(r.now)
	for _, name := range r.setup.helpers {
		if err := r.helper(Pos{1, 0}, name); err != nil {
			return err
		}
	}
	return nil
}

// end waits for a call that has not returned. Connections that are open just go.
func (r *runner) end() *Error {
	if r.waiting == nil {
		return nil
	}
	return r.await()
}

// event lets one event happen.
func (r *runner) event(e *Event) *Error {
	at, until := r.when(e.Time)
	if e.Packet != nil && !e.Packet.Inbound {
		return r.tolerate("packet", r.expect(e, at, until))
	}
	r.reach(at)
	r.base = at
	if e.Time.Kind == AnyTime {
		r.base = r.now
	}
	if r.err != nil {
		return r.err
	}
	switch {
	case e.Packet != nil:
		return r.inject(e.Packet)
	case e.Call != nil:
		return r.tolerate("syscall", r.call(e))
	case e.Shell != nil:
		return r.shell(e.Pos, e.Shell)
	}
	err := r.code.run(e.Code)
	return err
}

// when is the time of an event: from at to until.
func (r *runner) when(t Time) (at, until sim.Time) {
	switch t.Kind {
	case Absolute:
		return origin + t.At, origin + t.Until
	case Relative:
		return r.base + t.At, r.base + t.Until
	}
	return r.now, r.now + patience
}

// tolerate makes a warning of a failure that the script calls non-fatal.
func (r *runner) tolerate(kind string, err *Error) *Error {
	if err == nil || err.Kind != Failed || !r.setup.nonFatal[kind] {
		return err
	}
	r.warn(err.Pos, err.Message)
	return nil
}

// warn notes something that does not end the script.
func (r *runner) warn(at Pos, message string) {
	r.warned = append(r.warned, fmt.Sprintf("%s:%d: %s", r.script.File, at.Line, message))
}

// reach lets time pass until an event's, and a moment more if it is there already.
func (r *runner) reach(at sim.Time) {
	if at <= r.now {
		at = r.now + latency
	}
	r.until(at)
}

// until runs the host's timers up to a time.
func (r *runner) until(t sim.Time) {
	for steps := 0; ; steps++ {
		next := r.next()
		if next > t {
			break
		}
		if steps > maxSteps {
			r.err = failed(Pos{1, 0}, "the host's timers run without end")
			return
		}
		r.step(max(next, r.now))
	}
	r.step(t)
}

// next is when something happens by itself.
func (r *runner) next() sim.Time {
	t := r.host.Deadline()
	if r.waiting != nil {
		t = min(t, r.waiting.timeout)
	}
	return t
}

// step moves the clock.
func (r *runner) step(t sim.Time) {
	r.now = t
	r.host.Advance(t)
	r.settle()
}

// settle takes what the host sends and lets a waiting call go on, until neither does
// anything more.
func (r *runner) settle() {
	r.capture()
	if r.waiting != nil && !r.waiting.done {
		r.waiting.try(r.now)
		r.capture()
	}
}
