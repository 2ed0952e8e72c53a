package memory

// Handshakes of the repaired protocol: one side sleeps until the other has made
// progress. Each is a store to one word followed by a load of the other's, on both
// sides: the pattern "SB" of the literature, which goes wrong even on x86 unless a
// full barrier stands between the two.

// produceOrStop produces singly. When the ring is full it says so, looks again, and
// sleeps until it is kicked: delivery that is taken up again.
func (s *side) produceOrStop() {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.begin("reserve")
	s.avail(1, "reserved")
	s.begin("stop")
	s.storeConst("store stopped", s.flag, 1)
	s.fence(fullBarrier, stopBarrier)
	s.begin("recheck")
	s.loadCons()
	s.ifSpace(1, "restart")
	s.begin("sleep")
	s.await("sleep until kicked", s.event)
	s.label("restart")
	s.begin("restart")
	s.storeConst("store stopped", s.flag, 0)
	s.jump("retry")
	s.label("reserved")
	s.write()
	s.submit()
	s.jump("again")
	s.label("end")
	s.end()
}

// consumeAndKick reads all that is there, completes, and kicks a producer that has
// stopped. A consumer that completes after every entry would hide the need for the
// kick's barrier on a ring of more than one slot: the barrier of the next complete
// does its work before the ring can be empty.
func (s *side) consumeAndKick() {
	s.label("again")
	s.done("end")
	s.polls(s.peekBatch(s.view.slots(), "again"))
	s.readBatch()
	s.advance()
	s.begin("complete")
	s.complete()
	s.wakeOther(kickBarrier, "kick", "stopped")
	s.jump("again")
	s.label("end")
	s.end()
}

// wakeOther looks whether the other side sleeps, or is about to, and wakes it.
func (s *side) wakeOther(barrier, verb, flag string) {
	s.begin(verb)
	s.fence(fullBarrier, barrier)
	s.load("load "+flag, s.flag, rFlag)
	s.when("is it 0", regsOf(rFlag), func(r *registers) bool { return r[rFlag] == 0 }, "again")
	s.storeConst("store "+verb, s.event, 1)
}

// produceAndWake produces singly and wakes a consumer that sleeps.
func (s *side) produceAndWake() {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.begin("reserve")
	s.polls(s.avail(1, "reserved"))
	s.jump("retry")
	s.label("reserved")
	s.write()
	s.submit()
	s.wakeOther(wakeBarrier, "wake", "sleeping")
	s.jump("again")
	s.label("end")
	s.end()
}

// consumeOrSleep consumes singly. When the ring is empty it says that it is going
// to sleep, looks again, and sleeps until it is woken: poll(2).
func (s *side) consumeOrSleep() {
	s.label("again")
	s.done("end")
	s.label("retry")
	s.peek("peeked")
	s.begin("sleep")
	s.storeConst("store sleeping", s.flag, 1)
	s.fence(fullBarrier, sleepBarrier)
	s.begin("recheck")
	s.loadProd()
	s.ifEntries(1, "rise")
	s.begin("sleep")
	s.await("sleep until woken", s.event)
	s.label("rise")
	s.begin("rise")
	s.storeConst("store sleeping", s.flag, 0)
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
