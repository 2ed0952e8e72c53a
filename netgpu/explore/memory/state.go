package memory

import "encoding/binary"

// progress is how far an instruction in a thread's window is.
type progress uint8

const (
	waiting  progress = iota // not in effect; a branch: expected to fall through
	taken                    // a branch that is expected to be taken
	stored                   // a store in effect
	received                 // a load in effect; its value stands beside
)

func (p progress) inEffect() bool { return p >= stored }

// inFlight is an instruction in flight.
type inFlight struct {
	progress progress
	value    uint32
}

// threadState is a thread at some moment: all before pc is in effect and forgotten.
// The window holds the instructions from pc to the last one that is in effect ahead
// of its turn, along the branches as expected.
type threadState struct {
	pc     uint8
	regs   registers
	window []inFlight
}

// state is memory and threads. Its slices are reused: a state is scratch of one
// worker, what lasts is the encoding.
type state struct {
	memory  []uint32
	threads []threadState
}

func (m *machine) newState() state {
	return state{memory: make([]uint32, len(m.locations)), threads: make([]threadState, len(m.threads))}
}

func (s *state) copyFrom(from *state) {
	copy(s.memory, from.memory)
	for i := range s.threads {
		t, f := &s.threads[i], &from.threads[i]
		t.pc, t.regs = f.pc, f.regs
		t.window = append(t.window[:0], f.window...)
	}
}

// encode appends the state to dst: memory words, then each thread's place, the
// registers that matter there, and its window. Values are written as distances from
// the first index, which keeps them to a byte wherever the indices start.
func (m *machine) encode(dst []byte, s *state) []byte {
	put := func(v uint32) { dst = binary.AppendUvarint(dst, uint64(v-m.start)) }
	for _, v := range s.memory {
		put(v)
	}
	for i := range s.threads {
		t := &s.threads[i]
		dst = append(dst, t.pc, uint8(len(t.window)))
		m.threads[i].live[t.pc].each(func(r reg) { put(t.regs[r]) })
		for _, f := range t.window {
			dst = append(dst, uint8(f.progress))
			if f.progress == received {
				put(f.value)
			}
		}
	}
	return dst
}

// decode is the inverse of encode, except for registers that do not matter.
func (m *machine) decode(s *state, src []byte) {
	get := func() uint32 {
		v, n := binary.Uvarint(src)
		src = src[n:]
		return uint32(v) + m.start
	}
	for i := range s.memory {
		s.memory[i] = get()
	}
	for i := range s.threads {
		t := &s.threads[i]
		t.pc, t.regs = src[0], registers{}
		window := int(src[1])
		src = src[2:]
		m.threads[i].live[t.pc].each(func(r reg) { t.regs[r] = get() })
		t.window = t.window[:0]
		for range window {
			f := inFlight{progress: progress(src[0])}
			src = src[1:]
			if f.progress == received {
				f.value = get()
			}
			t.window = append(t.window, f)
		}
	}
}
