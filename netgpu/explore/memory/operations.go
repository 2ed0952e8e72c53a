package memory

// The operations of the queue (section 2 of the reference; netgpu/queue.go),
// expanded into loads, stores and barriers. What they compute they ask the real
// queue (ring.go); a test runs them without interleaving against it.
//
// What depends on what is part of the program. Where the source takes a slot's
// index from the private copy, so does this, even when the number of entries beside
// it comes from a load; and nothing here depends on what was read from a slot.

// Names of the barriers.
const (
	submitBarrier   = "submit: write barrier"
	loadProdBarrier = "load-acquire prod: read barrier"
	completeBarrier = "complete: full barrier"
	loadConsControl = "load-acquire cons: control dependency"
	stopBarrier     = "stop: full barrier"
	kickBarrier     = "kick: full barrier"
	sleepBarrier    = "sleep: full barrier"
	wakeBarrier     = "wake: full barrier"
)

// side writes the code of one side of the queue.
type side struct {
	*assembler
	view    *ringView
	entries uint32 // to transfer in all

	// The words of a handshake, if the program has one.
	flag  location // "I am about to sleep"
	event location // the wake-up itself: an interrupt, a kick, a signal
}

var bothIndices = regsOf(rProd, rCons)

// done goes to label when all entries have been transferred.
func (s *side) done(label string) {
	s.when("", regsOf(rEntry), func(r *registers) bool { return r[rEntry] == s.entries }, label)
}

// polls says that the load at pc is repeated, and nothing else done, for as long as
// it brings the index that the thread has, and the registers in zero are 0.
func (s *side) polls(pc int, zero ...reg) {
	in := &s.code[pc]
	dst := in.dst
	in.uses = regsOf(dst) | regsOf(zero...)
	in.known = func(r *registers, v uint32) bool {
		for _, z := range zero {
			if r[z] != 0 {
				return false
			}
		}
		return v == r[dst]
	}
}

// producer side

// loadCons is load-acquire cons. The control dependency is in the branches on
// the space that it finds, here named ifSpace.
func (s *side) loadCons() { s.load("load cons", locCons, rCons) }

// ifSpace goes to label if n slots are known to be free.
func (s *side) ifSpace(n uint32, label string) {
	s.when("is there space", bothIndices, s.view.hasSpace(n), label).barrier = loadConsControl
}

// avail goes to label if n slots are free. With n = 1 it is the test in reserve. It
// returns where it loads cons.
func (s *side) avail(n uint32, label string) (pc int) {
	s.ifSpace(n, label)
	pc = len(s.code)
	s.loadCons()
	s.ifSpace(n, label)
	return pc
}

// write takes the next slot and fills it with the next entry.
func (s *side) write() {
	s.begin("write")
	s.local(regsOf(rProd), regsOf(rSlot, rProd), s.view.getPtr)
	for w := range s.view.words {
		s.storeAt("store slot", rSlot, w, regsOf(rEntry), func(r *registers) uint32 { return entryValue(r[rEntry]) })
	}
	s.count()
}

// count steps to the next entry.
func (s *side) count() {
	s.local(regsOf(rEntry), regsOf(rEntry), func(r *registers) { r[rEntry]++ })
}

func (s *side) submit() {
	s.begin("submit")
	s.fence(writeBarrier, submitBarrier)
	s.store("store prod", locProd, rProd)
}

// consumer side

func (s *side) loadProd() {
	s.load("load prod", locProd, rProd)
	s.fence(readBarrier, loadProdBarrier)
}

func (s *side) complete() {
	s.fence(fullBarrier, completeBarrier)
	s.store("store cons", locCons, rCons)
}

// ifEntries goes to label if n entries are known to be published.
func (s *side) ifEntries(n uint32, label string) {
	s.when("are there entries", bothIndices, s.view.hasEntries(n), label)
}

// ready goes to label if n entries are published: avail, and with n = 1 ready. It
// returns where it loads prod.
func (s *side) ready(n uint32, label string) (pc int) {
	s.ifEntries(n, label)
	pc = len(s.code)
	s.loadProd()
	s.ifEntries(n, label)
	return pc
}

// peek goes to label if there is an entry. It returns where it loads prod.
func (s *side) peek(label string) (pc int) {
	s.begin("peek")
	s.ifEntries(1, label)
	s.complete()
	pc = len(s.code)
	s.loadProd()
	s.ifEntries(1, label)
	return pc
}

// first notes that reading begins at cached_cons.
func (s *side) first() {
	s.local(regsOf(rCons), regsOf(rFirst, rDone), func(r *registers) { r[rFirst], r[rDone] = r[rCons], 0 })
}

// read reads the slot of rFirst + rDone and judges what it finds.
func (s *side) read() {
	s.begin("read")
	s.local(regsOf(rFirst, rDone), regsOf(rSlot), s.view.slotAt)
	s.loadAt("load slot", rSlot, 0, rWord0)
	if s.view.words == 1 {
		s.check(regsOf(rEntry, rWord0), func(r *registers) cause { return judge(r[rEntry], r[rWord0]) })
	} else {
		s.loadAt("load slot", rSlot, 1, rWord1)
		s.check(regsOf(rEntry, rWord0, rWord1), func(r *registers) cause { return judge(r[rEntry], r[rWord0], r[rWord1]) })
	}
	s.count()
	s.local(regsOf(rDone), regsOf(rDone), func(r *registers) { r[rDone]++ })
}

// peekBatch finds a batch of up to n entries, rFirst and rCount; it goes to none if
// there is no entry. It returns where it loads prod.
func (s *side) peekBatch(n uint32, none string) (pc int) {
	s.begin("peek batch")
	pc = s.ready(1, "peeked")
	s.jump(none)
	s.label("peeked")
	s.first()
	s.local(bothIndices, regsOf(rCount), s.view.peekBatch(n))
	return pc
}

// advance steps over rCount entries.
func (s *side) advance() {
	s.local(regsOf(rCons, rCount), regsOf(rCons), s.view.advance)
}

// readBatch reads rCount entries.
func (s *side) readBatch() {
	s.label("next slot")
	s.read()
	s.when("more in the batch", regsOf(rCount, rDone), func(r *registers) bool { return r[rDone] != r[rCount] }, "next slot")
}
