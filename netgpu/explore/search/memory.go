package search

// held is the number of bytes that the search holds. Every buffer is counted by
// its capacity; what is not (a few kilobytes, the Systems) does not grow.
func (e *engine) held() int64 {
	sum := e.journal.held() + e.segs.held + e.now.held() + e.next.held() + e.edges.held() +
		int64(cap(e.levels))*8 + int64(cap(e.newIDs))*4
	for _, t := range &e.tables {
		sum += t.held()
	}
	for _, c := range e.lanes {
		sum += c.held()
	}
	return sum
}

// measure keeps the peak of held and the most that one round added.
func (e *engine) measure() {
	held := e.held()
	if e.o.Progress {
		held = max(held, e.progressBytes())
	}
	if e.peak > 0 {
		e.growth = max(e.growth, held-e.peak)
	}
	e.peak = max(e.peak, held)
}

// overMemory says whether one more round could exceed MaxBytes. A round has up to
// twice the sources of the one before, so it may add twice as much.
func (e *engine) overMemory() bool {
	return e.o.MaxBytes > 0 && e.peak+2*e.growth > e.o.MaxBytes
}
