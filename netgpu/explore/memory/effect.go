package memory

// outcome is what came of a move.
type outcome struct {
	cause cause
	// impossible: the move rested on a guess that a store in effect had relied on
	// and that turned out wrong. It only happens where a control dependency was
	// removed; the order of events is then none that can occur.
	impossible bool
}

// apply lets a move take effect in s.
func (m *machine) apply(s *state, mv *move) outcome {
	t := &s.threads[mv.thread]
	in := &m.threads[mv.thread].code[mv.pc]
	if in.kind == await {
		s.memory[in.at] = 0
		t.pc++
		return outcome{cause: m.retire(s, mv.thread)}
	}
	for at := len(t.window); at <= mv.at; at++ {
		t.window = append(t.window, inFlight{progress: progress(mv.guesses >> at & 1)})
	}
	var out outcome
	if in.kind == store {
		t.window[mv.at] = inFlight{progress: stored}
		s.memory[mv.loc] = mv.value
		out.cause = m.judgeIndices(s, mv.loc)
	} else {
		knownBefore := m.knownAddresses(s, mv.thread)
		t.window[mv.at] = inFlight{received, mv.value}
		out.impossible = m.squash(s, mv.thread, knownBefore)
	}
	if c := m.retire(s, mv.thread); out.cause == fine {
		out.cause = c
	}
	t.trim()
	return out
}

// knownAddresses returns, by position, the accesses in a thread's window whose
// address is known.
func (m *machine) knownAddresses(s *state, thread int) uint64 {
	w := m.walk(s, thread)
	known := uint64(0)
	for at := range s.threads[thread].window {
		in := &m.threads[thread].code[w.pc]
		f, _ := w.inWindow(at)
		if in.kind.access() {
			if w.pass(in, f, at).addressKnown {
				known |= 1 << at
			}
		} else if w.step(in, f) {
			w.pc = in.target
			continue
		}
		w.pc++
	}
	return known
}

// squash drops what a thread did on assumptions that have just turned out wrong: all
// from a branch that goes the other way, and all from a load that should have seen,
// or waited for, an access whose address was not known. knownBefore are the
// positions of accesses whose address was known before. It returns whether a store
// in effect was among what is dropped.
func (m *machine) squash(s *state, thread int, knownBefore uint64) bool {
	t := &s.threads[thread]
	w := m.walk(s, thread)
	cut := len(t.window)
	for at := 0; at < cut; at++ {
		in := &m.threads[thread].code[w.pc]
		f := t.window[at]
		if in.kind.access() {
			w.pass(in, f, at)
			w.pc++
			continue
		}
		decided := in.reads().subsetOf(^w.unknown)
		goes := w.step(in, f)
		if in.kind == branch && decided && goes != (f.progress == taken) {
			cut = at
		}
		w.pc++
		if goes {
			w.pc = in.target
		}
	}
	if at, found := w.misread(knownBefore, cut); found {
		cut = at
	}
	relied := false
	for _, f := range t.window[cut:] {
		relied = relied || f.progress == stored
	}
	t.window = t.window[:cut]
	return relied
}

// misread finds the first load in effect that took its value past an access to the
// same location whose address has just become known.
func (w *walk) misread(knownBefore uint64, cut int) (at int, found bool) {
	for i := range w.accesses[:w.count] {
		a := &w.accesses[i]
		if !a.addressKnown || a.inEffect || knownBefore>>a.at&1 != 0 {
			continue
		}
		for j := i + 1; j < w.count; j++ {
			b := &w.accesses[j]
			if !b.addressKnown || b.loc != a.loc {
				continue
			}
			if b.kind == load && b.inEffect && b.at < cut && (!found || b.at < at) {
				at, found = b.at, true
			}
			if b.kind == store {
				break // a load behind it has its value from there
			}
		}
	}
	return at, found
}

// retire moves a thread's pc over all that is in effect, up to the first access
// that is not. It returns what the checks on the way find.
func (m *machine) retire(s *state, thread int) cause {
	t := &s.threads[thread]
	drop := 0
	found := fine
	for {
		in := &m.threads[thread].code[t.pc]
		next := int(t.pc) + 1
		switch in.kind {
		case end, await:
			t.forget(drop)
			return found
		case load, store:
			if drop >= len(t.window) || !t.window[drop].progress.inEffect() {
				t.forget(drop)
				return found
			}
			if in.kind == load {
				t.regs[in.dst] = t.window[drop].value
			}
		case local:
			in.run(&t.regs)
		case branch:
			if in.cond(&t.regs) {
				next = in.target
			}
		case check:
			if c := in.test(&t.regs); found == fine {
				found = c
			}
		}
		t.pc = uint8(next)
		drop++
	}
}

// forget drops the first n instructions of the window, or all if it has fewer.
func (t *threadState) forget(n int) {
	t.window = append(t.window[:0], t.window[min(n, len(t.window)):]...)
}

// trim drops the end of the window that nothing has happened in: it can be fetched
// again, along any branch.
func (t *threadState) trim() {
	n := len(t.window)
	for n > 0 && !t.window[n-1].progress.inEffect() {
		n--
	}
	t.window = t.window[:n]
}
