package memory

// The machine runs all three models. Each thread has a window of instructions that
// it executes as their operands come in; what a model forbids is a matter of order
// (model.go). Under TSO the stores that wait in the window are the store buffer.
// Tests hold the machine to the models' axioms.

// machine is a program made ready for a model. It is not for concurrent use: the
// scratch belongs to one worker.
type machine struct {
	model     Model
	locations []place
	threads   []thread
	start     uint32 // first index of the ring
	window    int    // accesses that a thread may have in flight
	ring      *ringView

	current, next state
	moves         []move
	walks         []*walk // one per branch that a walk has parted at
}

// place is a word of memory: its name, what it holds first, and how its values are
// to be read.
type place struct {
	name    string
	initial uint32
	entry   bool // a word of a slot: holds entryValue
}

// Bounds of the window, in accesses and in instructions. Guesses are kept in one
// word.
const (
	maxWindow   = 16
	maxInFlight = 64
)

// move is one access that may take effect now.
type move struct {
	thread  int
	at      int    // position in the window
	pc      int    // the instruction
	guesses uint64 // by position: branches on the way that are, or are expected to be, taken
	loc     location
	value   uint32
	forward bool // the value comes from the thread's own store that is not in effect yet
	passed  int  // accesses before it that are not in effect
}

// initial puts every thread at its first access.
func (m *machine) initial(s *state) {
	for i, p := range m.locations {
		s.memory[i] = p.initial
	}
	for i := range s.threads {
		s.threads[i] = threadState{window: s.threads[i].window[:0]}
		if m.ring != nil {
			s.threads[i].regs[rProd], s.threads[i].regs[rCons] = m.start, m.start
		}
		m.retire(s, i)
	}
}

// findMoves lists, in a fixed order, all accesses that may take effect in s.
func (m *machine) findMoves(s *state) []move {
	m.moves = m.moves[:0]
	for i := range s.threads {
		m.follow(m.walk(s, i), 0)
	}
	return m.moves
}

// walk is a thread's instructions followed in program order from its pc, with the
// registers as far as they are known there.
type walk struct {
	position
	m        *machine
	s        *state
	thread   int
	depth    int // branches that it has parted at
	accesses [maxWindow]passedAccess
}

// position is where a walk is.
type position struct {
	order
	pc      int
	regs    registers
	unknown regSet // registers whose value is not known
	guesses uint64
	count   int // accesses so far
}

// passedAccess is an access that the walk has come by.
type passedAccess struct {
	at           int // position in the window
	kind         kind
	inEffect     bool
	addressKnown bool
	valueKnown   bool
	loc          location
	value        uint32
}

// walk starts a walk; it ends the one before.
func (m *machine) walk(s *state, thread int) *walk {
	t := &s.threads[thread]
	w := m.walkAt(0)
	w.position = position{pc: int(t.pc), regs: t.regs}
	w.m, w.s, w.thread, w.depth = m, s, thread, 0
	return w
}

// walkAt returns the walk to use behind depth branches. They are kept: a walk is
// large and there are many.
func (m *machine) walkAt(depth int) *walk {
	for len(m.walks) <= depth {
		m.walks = append(m.walks, new(walk))
	}
	return m.walks[depth]
}

// part returns a copy of the walk, to go another way.
func (w *walk) part() *walk {
	other := w.m.walkAt(w.depth + 1)
	other.position = w.position
	other.m, other.s, other.thread, other.depth = w.m, w.s, w.thread, w.depth+1
	copy(other.accesses[:], w.accesses[:w.count])
	return other
}

// inWindow returns how far the instruction at a position is.
func (w *walk) inWindow(at int) (inFlight, bool) {
	window := w.s.threads[w.thread].window
	if at < len(window) {
		return window[at], true
	}
	return inFlight{}, false
}

// follow walks on from a position to the window's bound and collects moves. It
// parts in two at a branch that nobody has decided or expected yet.
func (m *machine) follow(w *walk, at int) {
	for ; at < maxInFlight; at++ {
		in := &m.threads[w.thread].code[w.pc]
		f, present := w.inWindow(at)
		switch {
		case in.kind == end:
			return
		case in.kind == await:
			if at == 0 && w.s.memory[in.at] != 0 {
				m.moves = append(m.moves, move{thread: w.thread, pc: w.pc, loc: in.at})
			}
			return
		case in.kind.access():
			if w.count == m.window {
				return
			}
			if mv, ok := w.tryAccess(in, f, at); ok {
				m.moves = append(m.moves, mv)
			}
		case in.kind == branch && !present && !in.uses.subsetOf(^w.unknown):
			w.undecide(in)
			yes := w.part()
			yes.guesses |= 1 << at
			yes.pc = in.target
			m.follow(yes, at+1)
		default:
			if w.step(in, f) {
				w.guesses |= 1 << at
				w.pc = in.target
				continue
			}
		}
		w.pc++
	}
}

// step carries out an instruction that is no access, as far as the registers are
// known. It returns whether a branch goes to its target.
func (w *walk) step(in *instruction, f inFlight) bool {
	known := in.reads().subsetOf(^w.unknown)
	switch in.kind {
	case readBarrier, writeBarrier, fullBarrier:
		if !in.removed {
			w.fence(in.kind)
		}
	case local:
		if known {
			in.run(&w.regs)
			w.unknown &^= in.defs
		} else {
			w.unknown |= in.defs
		}
	case branch:
		if known {
			return in.cond(&w.regs)
		}
		w.undecide(in)
		return f.progress == taken
	}
	return false
}

// undecide notes a branch that is not decided yet.
func (w *walk) undecide(in *instruction) {
	if !in.removed {
		w.undecided()
	}
}

// pass goes by an access: it notes it for those behind it.
func (w *walk) pass(in *instruction, f inFlight, at int) *passedAccess {
	a := &w.accesses[w.count]
	w.count++
	*a = passedAccess{at: at, kind: in.kind, inEffect: f.progress.inEffect(),
		addressKnown: in.addrUses.subsetOf(^w.unknown), valueKnown: in.uses.subsetOf(^w.unknown)}
	if a.addressKnown {
		a.loc = in.locate(&w.regs)
	}
	if in.kind == store && a.valueKnown {
		a.value = in.value(&w.regs)
	}
	if in.kind == load {
		if a.inEffect {
			w.regs[in.dst] = f.value
			w.unknown &^= in.defs
		} else {
			w.unknown |= in.defs
		}
	}
	return a
}

// tryAccess goes by an access and says whether it may take effect now.
func (w *walk) tryAccess(in *instruction, f inFlight, at int) (move, bool) {
	before := w.order
	a := w.pass(in, f, at)
	w.access(w.m.model, a.kind, a.inEffect, a.addressKnown)
	if a.inEffect || !a.addressKnown {
		return move{}, false
	}
	mv := move{thread: w.thread, at: at, pc: w.pc, guesses: w.guesses, loc: a.loc,
		passed: before.pendingLoads + before.pendingStores}
	if a.kind == store {
		mv.value = a.value
		return mv, !before.holdStores && a.valueKnown && !w.sameLocationPending(a.loc)
	}
	if before.holdLoads {
		return move{}, false
	}
	return mv, w.source(&mv)
}

// sameLocationPending says whether an access to loc before the last one is not in
// effect yet: coherence keeps a store behind it.
func (w *walk) sameLocationPending(loc location) bool {
	for i := range w.accesses[:w.count-1] {
		if a := &w.accesses[i]; !a.inEffect && a.addressKnown && a.loc == loc {
			return true
		}
	}
	return false
}

// source finds where a load gets its value: from the youngest store of its own
// thread to the location that is not in effect yet, else from memory. It returns
// false if that store has no value yet, or if a load of the location between the
// two is not in effect: loads of one location stay in order.
func (w *walk) source(mv *move) bool {
	for i := w.count - 2; i >= 0; i-- {
		a := &w.accesses[i]
		if a.inEffect || !a.addressKnown || a.loc != mv.loc {
			continue
		}
		mv.value, mv.forward = a.value, true
		return a.kind == store && a.valueKnown
	}
	mv.value = w.s.memory[mv.loc]
	return true
}
