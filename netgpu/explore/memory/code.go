package memory

import "math/bits"

// kind is what an instruction does.
type kind uint8

const (
	load         kind = iota // dst := memory[loc]
	store                    // memory[loc] := value
	await                    // sleep until memory[loc] is not 0, then set it to 0
	readBarrier              // smp_rmb
	writeBarrier             // smp_wmb
	fullBarrier              // smp_mb
	branch                   // if cond, go to target
	local                    // registers only
	check                    // an assertion on registers, not part of the program
	end                      // the thread is done
)

func (k kind) access() bool { return k == load || k == store }

// reg is a register of a thread.
type reg uint8

// The registers of the queue's programs; litmus tests use them as they like.
const (
	rProd  reg = iota // cached_prod
	rCons             // cached_cons
	rSlot             // location of a slot's first word
	rWord0            // what was read from a slot
	rWord1            //
	rFirst            // index of a batch's first entry
	rCount            // entries of a batch
	rDone             // entries of a batch written or read
	rEntry            // number of the next entry, from 0
	rFlag             // a flag of a handshake
	numRegs
)

type registers [numRegs]uint32

// regSet is a set of registers. Dependencies of the memory model are read off
// these, so an instruction names exactly what its real counterpart depends on.
type regSet uint16

func regsOf(list ...reg) regSet {
	var s regSet
	for _, r := range list {
		s |= 1 << r
	}
	return s
}

func (s regSet) subsetOf(of regSet) bool { return s&^of == 0 }

// location is a word of memory.
type location uint8

// instruction is one micro-operation of a thread.
type instruction struct {
	kind      kind
	operation string // the queue's operation that it belongs to: "submit"
	text      string // "store prod"

	// Operands. addr gives the location from addrUses; where it is nil, at is
	// the location.
	at       location
	addr     func(*registers) location
	addrUses regSet
	uses     regSet
	value    func(*registers) uint32 // store
	cond     func(*registers) bool   // branch
	run      func(*registers)        // local
	test     func(*registers) cause  // check

	defs   regSet
	dst    reg // load
	target int // branch

	// known tells whether loading v would teach the thread nothing, so that it
	// polls in vain until somebody else stores. nil: it does not poll here. The
	// registers that it looks at are in uses.
	known func(r *registers, v uint32) bool

	// barrier names the barrier that this is: a fence, or a branch whose control
	// dependency orders stores. removed: it orders nothing.
	barrier string
	removed bool
}

// locate returns the location of an access whose address operands are known.
func (in *instruction) locate(r *registers) location {
	if in.addr == nil {
		return in.at
	}
	return in.addr(r)
}

// reads is every register that the instruction depends on.
func (in *instruction) reads() regSet { return in.uses | in.addrUses }

// thread is the code of one thread.
type thread struct {
	name string
	code []instruction
	live []regSet // by instruction: registers that matter from there on
}

// findLive computes live, backwards until nothing changes. A state leaves dead
// registers out, so that two that differ in these alone are one.
func (t *thread) findLive() {
	t.live = make([]regSet, len(t.code))
	for changed := true; changed; {
		changed = false
		for pc := len(t.code) - 1; pc >= 0; pc-- {
			in := &t.code[pc]
			var after regSet
			if in.kind != end {
				after = t.live[pc+1]
			}
			if in.kind == branch {
				after |= t.live[in.target]
			}
			now := after&^in.defs | in.reads()
			changed = changed || now != t.live[pc]
			t.live[pc] = now
		}
	}
}

// each calls f for every register of the set, lowest first.
func (s regSet) each(f func(reg)) {
	for s != 0 {
		r := reg(bits.TrailingZeros16(uint16(s)))
		f(r)
		s &^= 1 << r
	}
}

// assembler builds the code of a thread. Labels may be used before they are set.
type assembler struct {
	operation string
	code      []instruction
	labels    map[string]int
	pending   map[int]string // branch → label
}

func newAssembler() *assembler {
	return &assembler{labels: map[string]int{}, pending: map[int]string{}}
}

// begin names the queue's operation that the next instructions belong to.
func (a *assembler) begin(operation string) { a.operation = operation }

func (a *assembler) add(in instruction) *instruction {
	in.operation = a.operation
	a.code = append(a.code, in)
	return &a.code[len(a.code)-1]
}

func (a *assembler) label(name string) { a.labels[name] = len(a.code) }

func (a *assembler) load(text string, at location, dst reg) *instruction {
	return a.add(instruction{kind: load, text: text, at: at, dst: dst, defs: regsOf(dst)})
}

// loadAt loads from the location that is in register base, plus offset.
func (a *assembler) loadAt(text string, base reg, offset location, dst reg) {
	a.add(instruction{kind: load, text: text, dst: dst, defs: regsOf(dst), addrUses: regsOf(base),
		addr: func(r *registers) location { return location(r[base]) + offset }})
}

// store stores register src.
func (a *assembler) store(text string, at location, src reg) {
	a.add(instruction{kind: store, text: text, at: at, uses: regsOf(src),
		value: func(r *registers) uint32 { return r[src] }})
}

func (a *assembler) storeConst(text string, at location, v uint32) {
	a.add(instruction{kind: store, text: text, at: at, value: func(*registers) uint32 { return v }})
}

// storeAt stores value, which is made from uses, at the location in base plus offset.
func (a *assembler) storeAt(text string, base reg, offset location, uses regSet, value func(*registers) uint32) {
	a.add(instruction{kind: store, text: text, addrUses: regsOf(base), uses: uses, value: value,
		addr: func(r *registers) location { return location(r[base]) + offset }})
}

func (a *assembler) await(text string, at location) {
	a.add(instruction{kind: await, text: text, at: at})
}

func (a *assembler) fence(k kind, name string) {
	a.add(instruction{kind: k, text: k.text(), barrier: name})
}

// when goes to label if cond, which depends on uses.
func (a *assembler) when(text string, uses regSet, cond func(*registers) bool, label string) *instruction {
	a.pending[len(a.code)] = label
	return a.add(instruction{kind: branch, text: text, uses: uses, cond: cond})
}

func (a *assembler) jump(label string) {
	a.when("", 0, func(*registers) bool { return true }, label)
}

func (a *assembler) local(uses, defs regSet, run func(*registers)) {
	a.add(instruction{kind: local, uses: uses, defs: defs, run: run})
}

func (a *assembler) check(uses regSet, test func(*registers) cause) {
	a.add(instruction{kind: check, uses: uses, test: test})
}

// end ends the thread; outcome is what a litmus test asks for.
func (a *assembler) end(outcome ...reg) {
	a.add(instruction{kind: end, uses: regsOf(outcome...)})
}

// thread returns what was assembled. The barriers in removed order nothing.
func (a *assembler) thread(name string, removed BarrierSet) thread {
	for pc, label := range a.pending {
		a.code[pc].target = a.labels[label]
	}
	for pc := range a.code {
		in := &a.code[pc]
		in.removed = in.barrier != "" && removed.has(in.barrier)
	}
	t := thread{name: name, code: a.code}
	t.findLive()
	return t
}

func (k kind) text() string {
	switch k {
	case readBarrier:
		return "read barrier"
	case writeBarrier:
		return "write barrier"
	case fullBarrier:
		return "full barrier"
	}
	return ""
}
