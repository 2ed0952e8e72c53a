package memory

import (
	"fmt"
	"math/bits"
)

// Program is a producer and a consumer of one shared queue that are done when the
// consumer has read a number of entries. Take one from Programs; the numbers may be
// changed.
type Program struct {
	Name  string // "fill-single"
	About string // one line

	Slots   uint32 // of the ring: 1, 2, 4 or 8
	Entries uint32 // to transfer: 1 to 64; fill-avail: an even number
	Start   uint32 // value of both indices at the start

	// Window is how many loads and stores a thread may have in flight, 1 to 16: how
	// far the hardware looks ahead, and how long the store buffer of x86-TSO is.
	Window int

	multiple           uint32   // Entries is a multiple of it, and Slots no less
	words              location // of a slot
	producer, consumer string   // who they are
	produce, consume   func(*side)
	flag, event        string // words of a handshake; "" without one
}

// defaultStart lets the indices wrap after one entry.
const defaultStart = 1<<32 - 1

// batch is the number of entries of a batch; a ring of one slot gives batches of 1.
const batch = 2

// Programs returns the programs in the order of the reference's table. Those of the
// fill ring have slots of one word (an address), those of the rx ring of two (an
// iovec). All are free of violations with their barriers in place, but for
// rx-cons-batch, whose fault no barrier mends.
func Programs() []Program {
	fill := Program{Slots: 2, Entries: 6, Start: defaultStart, Window: 8, multiple: 1, words: 1, producer: "app", consumer: "kernel"}
	rx := Program{Slots: 2, Entries: 5, Start: defaultStart, Window: 8, multiple: 1, words: 2, producer: "kernel", consumer: "app"}
	packets := rx
	packets.Slots, packets.Entries = 4, 6
	wakeup, sleep := rx, rx
	wakeup.words, wakeup.flag, wakeup.event = 1, "stopped", "kick"
	sleep.words, sleep.Slots, sleep.flag, sleep.event = 1, 1, "sleeping", "wake"
	list := []Program{
		fill.with("fill-single", "reserve, write, submit; peek, read, advance, complete",
			(*side).produceSingly, (*side).consumeSingly),
		fill.with("fill-avail", "avail, then get_ptr unchecked; avail, then peek and advance; one submit, one complete",
			func(s *side) { s.produceAvail(batch) }, func(s *side) { s.consumeAvail(batch) }),
		rx.with("rx-single", "the same as fill-single with iovecs, which can be torn",
			(*side).produceSingly, (*side).consumeSingly),
		packets.with("rx-peek-batch-kernel", "peek batch as the kernel has it: advances before reading, completes after",
			func(s *side) { s.producePackets(batch) }, func(s *side) { s.consumePeekBatch(batch, true) }),
		packets.with("rx-peek-batch-library", "peek batch as the library has it: the caller reads, advances, completes",
			func(s *side) { s.producePackets(batch) }, func(s *side) { s.consumePeekBatch(batch, false) }),
		rx.with("rx-cons-batch", "cons batch of the library: publishes before reading, which is the RFC's fault",
			(*side).produceSingly, func(s *side) { s.consumeBatch(batch) }),
		rx.with("rx-cons-batch-repaired", "cons batch without publishing; complete after reading",
			(*side).produceSingly, func(s *side) { s.consumePeekBatch(batch, true) }),
		wakeup.with("rx-wakeup", "delivery that stops at a full ring and is kicked by the application",
			(*side).produceOrStop, (*side).consumeAndKick),
		sleep.with("poll-sleep", "a consumer that sleeps at an empty ring and is woken by the producer",
			(*side).produceAndWake, (*side).consumeOrSleep),
	}
	avail := &list[1]
	avail.multiple, avail.Slots, avail.Entries = batch, 4, 8
	return list
}

func (p Program) with(name, about string, produce, consume func(*side)) Program {
	p.Name, p.About, p.produce, p.consume = name, about, produce, consume
	return p
}

// ProgramByName returns the program of that name.
func ProgramByName(name string) (Program, error) {
	var names []string
	for _, p := range Programs() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Program{}, fmt.Errorf("program %q: must be one of %q", name, names)
}

// validate refuses numbers that the program cannot run with.
func (p Program) validate() error {
	switch {
	case p.consumer == "":
		return fmt.Errorf("program %q: must be one that Programs returns", p.Name)
	case p.Slots < p.multiple || p.Slots > 8 || bits.OnesCount32(p.Slots) != 1:
		return fmt.Errorf("program %s: slots %d: must be a power of two, %d to 8", p.Name, p.Slots, p.multiple)
	case p.Entries < 1 || p.Entries > 64 || p.Entries%p.multiple != 0:
		return fmt.Errorf("program %s: entries %d: must be 1 to 64, a multiple of %d", p.Name, p.Entries, p.multiple)
	case p.Window < 1 || p.Window > maxWindow:
		return fmt.Errorf("program %s: window %d: must be 1 to %d", p.Name, p.Window, maxWindow)
	}
	return nil
}

// build makes the program ready for a model.
func (p Program) build(model Model, removed BarrierSet) (*machine, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	if model >= modelCount {
		return nil, fmt.Errorf("memory model %d: must be one of %q", model, modelNames)
	}
	view := newRingView(p.Slots, p.words)
	m := &machine{model: model, start: p.Start, window: p.Window, ring: view}
	m.locations = []place{{name: "prod", initial: p.Start}, {name: "cons", initial: p.Start}}
	for slot := range p.Slots {
		for w := range p.words {
			m.locations = append(m.locations, place{name: slotName(slot, w, p.words), entry: true})
		}
	}
	flag := location(len(m.locations))
	if p.flag != "" {
		m.locations = append(m.locations, place{name: p.flag}, place{name: p.event})
	}
	for _, t := range []struct {
		name  string
		write func(*side)
	}{{p.producer, p.produce}, {p.consumer, p.consume}} {
		s := side{newAssembler(), view, p.Entries, flag, flag + 1}
		t.write(&s)
		m.threads = append(m.threads, s.thread(t.name, removed))
	}
	m.current, m.next = m.newState(), m.newState()
	return m, m.checkRemoved(p, removed)
}

func slotName(slot uint32, word, words location) string {
	if words == 1 {
		return fmt.Sprintf("slot %d", slot)
	}
	return fmt.Sprintf("slot %d.%s", slot, [...]string{"base", "len"}[word])
}
