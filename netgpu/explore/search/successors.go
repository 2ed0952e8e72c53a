package search

import (
	"fmt"
	"math"

	"github.com/zeebo/xxh3"
)

// Successors takes what Expand has to report of one state. It belongs to the
// search; a System may use it only inside Expand.
//
// What is reported goes into a chunk: the results of a run of source states that
// one worker expands. A chunk is filled by one worker and later read by all.
type Successors struct {
	c      *chunk
	arena  []byte // c.arena, recs, ... while the chunk is being filled
	recs   []rec
	filter *filter // nil with Options.Progress, where every edge counts
	flags  uint8
	source uint32

	outside func(Action) bool // Options.Outside

	_ [64]byte // workers' Successors must not share a cache line
}

// rec is one successor: its encoding lies in the chunk's arena.
type rec struct {
	fp     uint64
	offset uint32
	length uint16
	action Action
}

// Flags of a source state.
const (
	flagGoal uint8 = 1 << iota
	flagViolating
)

// minSpare is the free space that Buffer offers at least, in bytes. A System that wants
// more than there is will allocate, even if it needs little of it in the end.
const minSpare = 2 << 10

// Buffer returns an empty slice with some capacity, to append an encoding to. It
// is good until the next call of Buffer or Add. An encoding that fits is not
// copied by Add.
func (s *Successors) Buffer() []byte {
	n := len(s.arena)
	if cap(s.arena)-n < s.c.spare {
		grown := make([]byte, n, 2*cap(s.arena)+s.c.spare)
		copy(grown, s.arena)
		s.arena = grown
	}
	return s.arena[n:n:cap(s.arena)]
}

// Add reports the successor that a leads to. state need not come from Buffer; it
// is not kept.
func (s *Successors) Add(a Action, state []byte) {
	offset, n := len(s.arena), len(state)
	if n > MaxStateBytes || offset+n > math.MaxUint32 {
		s.refuse(a, n)
		return
	}
	if n > 0 {
		if free := s.arena[offset:cap(s.arena)]; len(free) >= n && &free[0] == &state[0] {
			s.arena = s.arena[:offset+n]
		} else {
			s.arena = append(s.arena, state...)
			s.c.spare = max(s.c.spare, 2*n)
		}
	}
	fp := fingerprint(state)
	s.recs = append(s.recs, rec{fp, uint32(offset), uint16(n), a})
}

func (s *Successors) refuse(a Action, n int) {
	if s.c.err != nil {
		return
	}
	if n > MaxStateBytes {
		s.c.err = fmt.Errorf("search: action %d leads to a state of %d bytes; allowed are up to %d", a, n, MaxStateBytes)
		return
	}
	s.c.err = fmt.Errorf("search: action %d: the successors of %d states take more than 4 GiB", a, s.source+1)
}

// Violation reports that action a leads to a violation. The successor is
// terminal: it is neither stored nor expanded.
func (s *Successors) Violation(a Action, c Code) {
	s.c.transitions++
	if s.outside == nil || !s.outside(a) {
		s.flags |= flagViolating
	}
	s.hit(hit{code: c, action: a, source: s.source, step: true})
}

// StateViolation reports that the state being expanded violates c. Its
// successors, if any are added, are searched all the same.
func (s *Successors) StateViolation(c Code) {
	s.flags |= flagViolating
	s.hit(hit{code: c, source: s.source})
}

// Goal reports that the state being expanded is a goal: see Options.Progress.
func (s *Successors) Goal() { s.flags |= flagGoal }

func (s *Successors) hit(h hit) {
	if h.code == 0 && s.c.err == nil {
		s.c.err = fmt.Errorf("search: violation with code 0 reported (action %d); codes start at 1", h.action)
	}
	s.c.hits.add(h)
}

// begin makes c the chunk that reports go to.
func (s *Successors) begin(c *chunk) {
	c.reset()
	s.c, s.arena, s.recs, s.source = c, c.arena[:0], c.recs[:0], 0
}

// endSource closes the reports of one source state.
func (s *Successors) endSource() {
	s.c.ends = append(s.c.ends, uint32(len(s.recs)))
	s.c.flags = append(s.c.flags, s.flags)
	s.flags = 0
	s.source++
}

// finish hands the chunk over, its successors sorted by shard.
func (s *Successors) finish() {
	c := s.c
	c.arena, c.recs = s.arena, s.recs
	c.transitions += uint64(len(s.recs))
	c.sort(s.filter)
	s.c, s.arena, s.recs = nil, nil, nil
}

// fingerprint is never 0: that marks an empty slot of the table.
func fingerprint(state []byte) uint64 {
	if fp := xxh3.Hash(state); fp != 0 {
		return fp
	}
	return 1
}
