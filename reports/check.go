package reports

import (
	"fmt"
	"io"
	"reflect"
	"slices"
)

// CheckSchema names the format of Check.
const CheckSchema = "netgpusim.check/1"

// Kinds of cases of a Check.
const (
	CheckExplore = "explore" // every state of a bounded world
	CheckMemory  = "memory"  // the shared queue, load by load, under each memory model
	CheckWalk    = "walk"    // random walks through a large world
	CheckTrace   = "trace"   // a recorded trace held against the model
	CheckReplay  = "replay"  // a counterexample taken again
)

// Check is what one command of the checker found. It is the contract that scripts
// rely on (schema netgpusim.check/1): fields may be added; these keep their meaning.
// All of it but wall_s, states_per_s and bytes_per_state depends on the request alone.
type Check struct {
	Schema  string  `json:"schema"`
	Command string  `json:"command"` // explore, fuzz, trace or replay
	Version string  `json:"version"`
	Variant string  `json:"variant"` // "" where every case has its own
	Seed    *uint64 `json:"seed,omitempty"`

	// OK is the verdict that the exit status gives: nothing violated, or exactly what
	// was expected; and nothing left unseen that had to be seen.
	OK               bool     `json:"ok"`
	Interrupted      bool     `json:"interrupted"`
	CompleteRequired bool     `json:"complete_required"` // a case that is not complete fails
	Expected         []string `json:"expected,omitempty"`
	Missing          []string `json:"missing,omitempty"`    // causes expected and not found
	Unexpected       []string `json:"unexpected,omitempty"` // causes found and not expected, if some are expected
	NotRun           []string `json:"not_run,omitempty"`    // cases that were not begun
	Uncovered        []string `json:"uncovered,omitempty"`  // operations of the model ("actor operation") that no case carried out

	WallS float64     `json:"wall_s"`
	Cases []CheckCase `json:"cases"`
}

// CheckCase is the outcome of one case, walk, trace or file.
type CheckCase struct {
	Name    string `json:"name"`
	Title   string `json:"title,omitempty"`
	Kind    string `json:"kind"`
	Variant string `json:"variant,omitempty"` // of a trace or file
	Bounds  string `json:"bounds,omitempty"`

	States        int64   `json:"states"` // distinct ones; of walks: steps; of a trace: events
	Transitions   uint64  `json:"transitions"`
	StatesPerS    float64 `json:"states_per_s"`
	DepthMax      int     `json:"depth_max"`
	BytesPerState float64 `json:"bytes_per_state"`
	OmissionOdds  float64 `json:"omission_odds"` // bound on the probability that a hash collision hid a state
	Reduced       bool    `json:"reduced"`       // by partial order

	// Complete says that what was asked for was seen in full: every state within the
	// bounds, every walk, every line.
	Complete bool   `json:"complete"`
	Stopped  string `json:"stopped,omitempty"` // why not: max-states, max-memory, max-depth, interrupted
	Skipped  string `json:"skipped,omitempty"` // why the case cannot be had with the variant

	Coverage   []CheckCoverage  `json:"coverage"`
	Violations []CheckViolation `json:"violations"`

	Models []CheckModel     `json:"models,omitempty"` // of a memory case
	Walk   *CheckWalkInfo   `json:"walk,omitempty"`
	Trace  *CheckTraceInfo  `json:"trace,omitempty"`
	Replay *CheckReplayInfo `json:"replay,omitempty"`
	WallS  float64          `json:"wall_s"`
}

// CheckCoverage is how often an operation was carried out.
type CheckCoverage struct {
	Actor     string `json:"actor"`
	Operation string `json:"operation"`
	Count     int64  `json:"count"`
}

// CheckViolation is a broken invariant with a way to it.
type CheckViolation struct {
	Invariant string `json:"invariant"`
	Cause     string `json:"cause"` // short and stable
	What      string `json:"what"`
	Count     uint64 `json:"count"`    // transitions, walks or models that show it
	Shortest  bool   `json:"shortest"` // no way with fewer steps exists
	File      string `json:"file,omitempty"`

	// Of a trace: where it parts from the model.
	Line     int64  `json:"line,omitempty"` // from 1
	TimeNs   int64  `json:"time_ns,omitempty"`
	Ring     string `json:"ring,omitempty"`
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`

	Steps []CheckStep `json:"steps"`
}

// CheckStep is one step of a way.
type CheckStep struct {
	Actor     string `json:"actor"`
	Operation string `json:"operation"`
	Effect    string `json:"effect"` // what changed
}

// CheckModel is a memory case under one memory model.
type CheckModel struct {
	Model    string         `json:"model"`
	Removed  []string       `json:"removed,omitempty"` // barriers that were left out
	States   int64          `json:"states"`
	Complete bool           `json:"complete"`
	Causes   []string       `json:"causes"`
	Barriers []CheckBarrier `json:"barriers,omitempty"`
}

// CheckBarrier says what becomes of a memory case without one of its barriers.
type CheckBarrier struct {
	Barrier string `json:"barrier"`
	Needed  bool   `json:"needed"`          // something breaks without it
	Cause   string `json:"cause,omitempty"` // what
}

// CheckWalkInfo is the size of random walks.
type CheckWalkInfo struct {
	Walks    int `json:"walks"` // done
	StepsMax int `json:"steps_max"`
}

// CheckTraceInfo is the size of a trace.
type CheckTraceInfo struct {
	Exact        bool  `json:"exact"` // the model's own choices were asked for, not only its rules
	Lines        int64 `json:"lines"`
	Events       int64 `json:"events"`
	Bytes        int64 `json:"bytes"`
	Gaps         int64 `json:"gaps"`
	Lost         int64 `json:"lost"`         // events that gaps say are lost
	Unverifiable int64 `json:"unverifiable"` // events that could not be held against anything
}

// CheckReplayInfo is what came of taking a way again.
type CheckReplayInfo struct {
	Case      string `json:"case"`     // that the file is from
	Violates  string `json:"violates"` // what the file says: "invariant/cause", or "nothing"
	OK        bool   `json:"ok"`       // as written or, if that is asked for, nothing is violated
	AsWritten bool   `json:"as_written"`
	Differs   string `json:"differs,omitempty"` // what was otherwise, and at which step
	Written   int    `json:"steps_written"`
	// Steps is the way as far as it could be taken, if nothing is violated on it.
	Steps []CheckStep `json:"steps,omitempty"`
}

// Causes are the distinct causes found, in the order in which they come up.
func (c *Check) Causes() []string {
	var list []string
	for i := range c.Cases {
		for _, v := range c.Cases[i].Violations {
			if !slices.Contains(list, v.Cause) {
				list = append(list, v.Cause)
			}
		}
	}
	return list
}

// CheckJSON writes a result in schema netgpusim.check/1, with the same promises as
// JSON.
func CheckJSON(w io.Writer, c Check) error {
	if err := checkFinite(c); err != nil {
		return fmt.Errorf("reports: check: %w", err)
	}
	c = filled(reflect.ValueOf(c)).Interface().(Check)
	c.Schema = CheckSchema
	return writeJSON(w, c)
}
