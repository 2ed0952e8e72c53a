package memory

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"netgpusim/netgpu"
)

// alone runs a piece of a micro-program by itself, on a thread's registers and the
// memory of m, and returns the registers after it. "yes" is where the piece goes if
// the answer is yes; rFlag says whether it went there.
func alone(t *testing.T, m *machine, r registers, write func(*side)) registers {
	s := side{assembler: newAssembler(), view: m.ring, entries: 1}
	s.local(0, regsOf(rFlag), func(r *registers) { r[rFlag] = 0 })
	write(&s)
	s.jump("no")
	s.label("again")
	s.label("yes")
	s.local(0, regsOf(rFlag), func(r *registers) { r[rFlag] = 1 })
	s.label("no")
	var all []reg
	for r := range numRegs {
		all = append(all, r)
	}
	s.end(all...)
	one := *m
	one.threads = []thread{s.thread("alone", BarrierSet{})}
	st := &state{memory: m.current.memory, threads: []threadState{{regs: r}}}
	for {
		one.retire(st, 0)
		moves := one.findMoves(st)
		if len(moves) == 0 {
			return st.threads[0].regs
		}
		one.apply(st, &moves[0])
	}
}

// TestMicroProgramsEqualTheQueueWhenNothingInterleaves holds each expanded operation
// to the method of netgpu.Producer or netgpu.Consumer that it expands: same answers,
// same private indices, same shared words, same slots.
func TestMicroProgramsEqualTheQueueWhenNothingInterleaves(t *testing.T) {
	flag := map[bool]uint32{true: 1}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p, err := ProgramByName("rx-single")
		if err != nil {
			t.Fatal(err)
		}
		p.Slots, p.Start = 1<<rng.IntN(4), 1<<32-1-uint32(rng.IntN(6))
		m, err := p.build(SC, BarrierSet{})
		if err != nil {
			t.Fatal(err)
		}
		m.initial(&m.current)

		ring := netgpu.NewRing[location](p.Slots)
		for i := range p.Slots {
			*ring.Slot(i) = locSlots + 2*location(i)
		}
		ring.StoreProd(p.Start)
		ring.StoreCons(p.Start)
		producer, consumer := netgpu.NewProducer(ring), netgpu.NewConsumer(ring)
		var rp, rc registers
		rp[rProd], rp[rCons] = p.Start, p.Start
		rc = rp

		for step := range 400 {
			n := uint32(1 + rng.IntN(3))
			var what string
			switch op := rng.IntN(13); op {
			case 0:
				what = "reserve"
				slot := producer.Reserve()
				rp = alone(t, m, rp, func(s *side) {
					s.avail(1, "reserved")
					s.jump("no")
					s.label("reserved")
					s.write()
					s.jump("yes")
				})
				same(t, what, rp[rFlag] == 1, slot != nil)
				if slot != nil {
					same(t, what, rp[rSlot], uint32(*slot))
				}
			case 1:
				what = "producer avail"
				same(t, what, flag[producer.Avail(n)], ask(t, m, &rp, func(s *side) { s.avail(n, "yes") }))
			case 2:
				if !producer.Avail(1) {
					continue
				}
				what = "get_ptr"
				rp = alone(t, m, rp, func(s *side) { s.avail(1, "yes") })
				slot := producer.GetPtr()
				rp = alone(t, m, rp, (*side).write)
				same(t, what, rp[rSlot], uint32(*slot))
			case 3:
				what = "submit"
				producer.Submit()
				rp = alone(t, m, rp, (*side).submit)
			case 4:
				what = "load-acquire cons"
				producer.LoadCons()
				rp = alone(t, m, rp, (*side).loadCons)
			case 5:
				what = "load-acquire prod"
				consumer.LoadProd()
				rc = alone(t, m, rc, (*side).loadProd)
			case 6:
				what = "complete"
				consumer.Complete()
				rc = alone(t, m, rc, (*side).complete)
			case 7:
				what = "ready"
				same(t, what, flag[consumer.Ready() > 0], ask(t, m, &rc, func(s *side) { s.ready(1, "yes") }))
			case 8:
				what = "consumer avail"
				same(t, what, flag[consumer.Avail(n)], ask(t, m, &rc, func(s *side) { s.ready(n, "yes") }))
			case 9:
				what = "peek, advance"
				slot := consumer.Peek()
				same(t, what, flag[slot != nil], ask(t, m, &rc, func(s *side) { s.peek("yes") }))
				if slot != nil {
					rc = alone(t, m, rc, func(s *side) { s.first(); s.local(regsOf(rFirst, rDone), regsOf(rSlot), s.view.slotAt) })
					same(t, what, rc[rSlot], uint32(*slot))
					consumer.Advance()
					rc = alone(t, m, rc, func(s *side) { s.local(regsOf(rCons), regsOf(rCons), s.view.advanceOne) })
				}
			case 10:
				what = "peek batch (library)"
				first, count := consumer.PeekBatch(n)
				batchEquals(t, m, &rc, what, n, first, count, func(*side) {})
			case 11:
				what = "peek batch (kernel)"
				first, count := consumer.PeekBatchAdvance(n)
				batchEquals(t, m, &rc, what, n, first, count, (*side).advance)
			case 12:
				what = "cons batch"
				first, count := consumer.Batch(n)
				batchEquals(t, m, &rc, what, n, first, count, func(s *side) { s.advance(); s.complete() })
			}
			what = fmt.Sprintf("seed %d step %d: %s", seed, step, what)
			prod, cons := ring.Shared()
			same(t, what+": prod", m.current.memory[locProd], prod)
			same(t, what+": cons", m.current.memory[locCons], cons)
			prod, cons = producer.Cached()
			same(t, what+": producer's prod", rp[rProd], prod)
			same(t, what+": producer's cons", rp[rCons], cons)
			prod, cons = consumer.Cached()
			same(t, what+": consumer's prod", rc[rProd], prod)
			same(t, what+": consumer's cons", rc[rCons], cons)
		}
	}
}

// ask runs a piece and returns 1 if it went to "yes".
func ask(t *testing.T, m *machine, r *registers, write func(*side)) uint32 {
	*r = alone(t, m, *r, write)
	return r[rFlag]
}

// batchEquals runs peek batch, then what the variant adds.
func batchEquals(t *testing.T, m *machine, r *registers, what string, n, first, count uint32, then func(*side)) {
	*r = alone(t, m, *r, func(s *side) {
		s.local(0, regsOf(rCount), func(r *registers) { r[rCount] = 0 })
		s.peekBatch(n, "no")
		then(s)
		s.jump("yes")
	})
	same(t, what+": count", r[rCount], count)
	if count > 0 {
		same(t, what+": first", r[rFirst], first)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: micro-program has %v, the queue %v", what, got, want)
	}
}
