package memory

import "netgpusim/netgpu"

// cause is what the monitors can find.
type cause uint8

const (
	fine cause = iota
	// slotReadUnpublished: a slot was read before its entry stood in it.
	slotReadUnpublished
	// slotWrittenUnread: a slot was written again before its entry was read.
	slotWrittenUnread
	// tornRead: the words of a slot are of different entries.
	tornRead
	// indexOutOfRange: prod - cons exceeds the slots.
	indexOutOfRange
	// lostWakeup: a thread sleeps, what it waits for is there, and nobody will
	// wake it.
	lostWakeup
	// stuck: nothing more can happen, and not all entries have been delivered.
	stuck

	causeCount
)

var causes = [causeCount]struct {
	name      string
	invariant netgpu.Invariant
}{
	fine:                {"", 0},
	slotReadUnpublished: {"slot-read-unpublished", netgpu.RingSafety},
	slotWrittenUnread:   {"slot-written-unread", netgpu.RingSafety},
	tornRead:            {"torn-read", netgpu.RingSafety},
	indexOutOfRange:     {"index-out-of-range", netgpu.RingSafety},
	lostWakeup:          {"lost-wakeup", netgpu.Progress},
	stuck:               {"stuck", netgpu.Progress},
}

func (c cause) String() string { return causes[c].name }

// entryValue is what the producer writes into each word of entry n (from 0). A slot
// that was never written holds 0.
func entryValue(n uint32) uint32 { return n + 1 }

// judge compares the words read from a slot with what entry n put there.
func judge(n uint32, words ...uint32) cause {
	due := entryValue(n)
	for _, w := range words {
		if w != words[0] {
			return tornRead
		}
	}
	switch w := words[0]; {
	case w < due: // never written, or left from the lap before
		return slotReadUnpublished
	case w > due:
		return slotWrittenUnread
	}
	return fine
}

// judgeState says whether all threads are done, and what is wrong with a state: it is
// stuck if each thread is done, asleep or polls in vain, and not all are done. What a
// thread that polls in vain has done ahead of the poll does not count, as it comes of
// nothing.
func (m *machine) judgeState(s *state) (cause, bool) {
	done, asleep := true, false
	for i := range s.threads {
		t := &s.threads[i]
		in := &m.threads[i].code[t.pc]
		switch {
		case in.kind == end:
			continue
		case in.kind == await && s.memory[in.at] == 0:
			asleep = true
		case in.kind == load && in.known != nil && in.known(&t.regs, s.memory[in.at]):
		default:
			return fine, false
		}
		done = false
	}
	switch {
	case done:
		return fine, true
	case asleep:
		return lostWakeup, false
	}
	return stuck, false
}

// judgeIndices looks at memory after a store to one of the shared indices.
func (m *machine) judgeIndices(s *state, stored location) cause {
	if m.ring == nil || stored != locProd && stored != locCons {
		return fine
	}
	if m.ring.occupancy(s.memory[locProd], s.memory[locCons]) > m.ring.slots() {
		return indexOutOfRange
	}
	return fine
}
