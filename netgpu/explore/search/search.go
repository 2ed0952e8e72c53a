// Package search walks every reachable state of a transition system, breadth
// first, and reports what it was asked to look for with a shortest path to it. It
// knows nothing of networks: a state is a string of bytes, an action a number.
//
// To use it:
//
//  1. write a System: the initial state, and the successors of a state;
//  2. Run it with Options, which bound the search and say what to check;
//  3. replay the paths of Result.Found to show what happened.
//
// Visited states are remembered by a 64-bit fingerprint (hash compaction), so two
// states with the same one are taken for one state; Result.OmissionOdds bounds the
// probability that this hid a state. Encodings are kept for the frontier only.
//
// A Result does not depend on the number of workers, byte for byte: states are
// numbered as a first-in-first-out search on one worker would number them.
package search

import (
	"context"
	"fmt"
	"runtime"
)

// System is a transition system. A search makes one per worker and calls it from
// that worker alone; all of a search must behave alike.
type System interface {
	// Initial appends the encoding of the initial state to dst.
	Initial(dst []byte) []byte
	// Expand reports the successors of a state, and what there is to say of the
	// state itself, to out. It must depend on state alone. It must neither keep
	// nor change state.
	Expand(state []byte, out *Successors)
}

// Action names a transition; what it means is the System's affair.
type Action uint16

// Code names a violation; 0 is none.
type Code uint16

// MaxStateBytes bounds the encoding of one state.
const MaxStateBytes = 1<<16 - 1

// MaxStates is the most states that one search can number.
const MaxStates = 1<<32 - 1

// Options bound a search and say what to check. The zero value exhausts the state
// space on all cores.
type Options struct {
	Workers   int   // goroutines that expand and store; 0: GOMAXPROCS
	MaxStates int   // states to store; 0: MaxStates
	MaxBytes  int64 // bytes to hold, everything included; 0: no bound
	MaxDepth  int   // states at this depth are stored and not expanded; 0: no bound
	StopAt    int   // end after this many distinct codes; 0: exhaust

	// Progress checks that from every reachable state a goal can be reached, or a
	// violation, which is reported by itself (AG EF (goal or violation)). It costs
	// 4 bytes per transition and per state, and as much again at the end.
	Progress bool
	// Outside says which actions the check of progress must not count on: those of
	// an environment that may as well do nothing. A goal must be reachable by the
	// others alone. nil: it may count on all. It is called from all workers.
	Outside func(Action) bool

	// Report is called about five times a second, from one goroutine, while the
	// search runs; never after Run has returned.
	Report func(Snapshot)
}

// Stop says why a search ended before it had seen everything.
type Stop string

// Reasons to stop; "" in a Result if there was none.
const (
	StopMaxStates   Stop = "max-states"  // one more state than MaxStates was found
	StopMaxMemory   Stop = "max-memory"  // going on could take more than MaxBytes
	StopMaxDepth    Stop = "max-depth"   // states at MaxDepth were left unexpanded
	StopCodes       Stop = "codes"       // StopAt codes were found
	StopInterrupted Stop = "interrupted" // the context was cancelled
)

// Result is what a search found. Where Complete is false, absence of a code or of
// a trapped state proves nothing; what is listed was found none the less.
type Result struct {
	States      int    // distinct states stored, the initial one included
	Transitions uint64 // successors generated, those that violate included
	Depth       int    // of the deepest state stored; the initial one has 0
	Levels      []int  // states per depth
	Complete    bool   // every reachable state was expanded, and progress checked if asked
	Stopped     Stop   // why not

	Bytes         int64   // most bytes held at once, as MaxBytes counts them
	BytesPerState float64 // Bytes / States
	// OmissionOdds bounds the probability that equal fingerprints hid a state:
	// the number of pairs of states over 2^64.
	OmissionOdds float64

	// Found has one entry per distinct code, by depth, then in order of
	// discovery. In a search that was cut short by another reason than
	// StopCodes, the path to a code that is reported both by Violation and by
	// StateViolation may be one step longer than the shortest.
	Found []Found
	// Trapped is the shallowest state from which no goal can be reached and no
	// violation, if Options.Progress and there is one. States that were not
	// expanded are presumed to reach a goal. Its Code is 0.
	Trapped *Found
}

// Found is a violation, or a trapped state, with a shortest path to it.
type Found struct {
	Code  Code
	Path  []Action // from the initial state
	Depth int      // len(Path)
	Count uint64   // times the code was reported, or number of trapped states
}

// Run searches the states of the systems that newSystem makes, at most one per worker,
// each on the goroutine of its worker: several calls may run at once. An error means that
// the options or the system are unusable (a state longer than MaxStateBytes, a code 0); a
// search that is cut short, be it by ctx, is none.
func Run(ctx context.Context, newSystem func() System, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	if newSystem == nil {
		return Result{}, fmt.Errorf("search: no system given")
	}
	e := newEngine(ctx, newSystem, o)
	defer e.crew.close()
	stopReport := e.startReport()
	defer stopReport()
	if err := e.search(); err != nil {
		return Result{}, err
	}
	return e.result(), nil
}

// check refuses options out of range and fills in defaults.
func (o *Options) check() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Workers", int64(o.Workers)}, {"MaxStates", int64(o.MaxStates)}, {"MaxBytes", o.MaxBytes},
		{"MaxDepth", int64(o.MaxDepth)}, {"StopAt", int64(o.StopAt)},
	} {
		if f.value < 0 {
			return fmt.Errorf("search: Options.%s is %d; allowed are 0 (the default) and more", f.name, f.value)
		}
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MaxStates == 0 || uint64(o.MaxStates) > MaxStates {
		o.MaxStates = MaxStates
	}
	return nil
}
