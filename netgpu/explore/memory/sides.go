package memory

// The two sides of the queue as the driver and the library put them together. Each
// function writes a whole thread.

// produceSingly reserves, writes and submits one entry at a time.
func (s *side) produceSingly() {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.begin("reserve")
	s.polls(s.avail(1, "reserved"))
	s.jump("retry")
	s.label("reserved")
	s.write()
	s.submit()
	s.jump("again")
	s.label("end")
	s.end()
}

// producePackets writes up to n entries per submit, as delivery does with the
// fragments of an skb; when the ring is full it submits what it has.
func (s *side) producePackets(n uint32) {
	s.label("again")
	s.done("end")
	s.local(0, regsOf(rDone), func(r *registers) { r[rDone] = 0 })
	s.label("fragment")
	s.begin("reserve")
	s.polls(s.avail(1, "reserved"), rDone)
	s.when("is nothing written", regsOf(rDone), func(r *registers) bool { return r[rDone] == 0 }, "again")
	s.jump("submit")
	s.label("reserved")
	s.write()
	s.local(regsOf(rDone), regsOf(rDone), func(r *registers) { r[rDone]++ })
	s.done("submit")
	s.when("is the packet complete", regsOf(rDone), func(r *registers) bool { return r[rDone] == n }, "submit")
	s.jump("fragment")
	s.label("submit")
	s.submit()
	s.jump("again")
	s.label("end")
	s.end()
}

// produceAvail makes sure of n slots, then takes them without looking again. The
// number of entries is a multiple of n.
func (s *side) produceAvail(n uint32) {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.begin("avail")
	s.polls(s.avail(n, "available"))
	s.jump("retry")
	s.label("available")
	for range n {
		s.write()
	}
	s.submit()
	s.jump("again")
	s.label("end")
	s.end()
}

// consumeSingly peeks, reads, advances and completes one entry at a time.
func (s *side) consumeSingly() {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.polls(s.peek("peeked"))
	s.jump("retry")
	s.label("peeked")
	s.first()
	s.read()
	s.begin("advance")
	s.local(regsOf(rCons), regsOf(rCons), s.view.advanceOne)
	s.begin("complete")
	s.complete()
	s.jump("again")
	s.label("end")
	s.end()
}

// consumeAvail waits for n entries, then peeks and advances over each, and completes
// once, as a refill does.
func (s *side) consumeAvail(n uint32) {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.begin("avail")
	s.polls(s.ready(n, "available"))
	s.jump("retry")
	s.label("available")
	for range n {
		s.first() // peek: there is an entry
		s.read()
		s.local(regsOf(rCons), regsOf(rCons), s.view.advanceOne)
	}
	s.begin("complete")
	s.complete()
	s.jump("again")
	s.label("end")
	s.end()
}

// consumePeekBatch reads batches of up to n and completes after reading. The
// kernel's copy advances before reading, which nobody sees; with the library's the
// caller has to.
func (s *side) consumePeekBatch(n uint32, kernel bool) {
	s.label("again")
	s.done("end")
	s.polls(s.peekBatch(n, "again"))
	if kernel {
		s.advance()
	}
	s.readBatch()
	if !kernel {
		s.advance()
	}
	s.begin("complete")
	s.complete()
	s.jump("again")
	s.label("end")
	s.end()
}

// consumeBatch is the library's cons batch: it publishes before it reads.
func (s *side) consumeBatch(n uint32) {
	s.label("again")
	s.done("end")
	s.polls(s.peekBatch(n, "again"))
	s.begin("cons batch")
	s.advance()
	s.complete()
	s.readBatch()
	s.jump("again")
	s.label("end")
	s.end()
}
