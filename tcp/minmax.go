package tcp

// windowed keeps the least or greatest of the samples of a time window by three
// candidates (Kathleen Nichols' algorithm, Linux lib/win_minmax.c). Time is in
// whatever unit the caller counts. The zero value holds no sample.
type windowed struct {
	best [3]windowSample
	any  bool
}

type windowSample struct {
	at    int64
	value int64
}

// get returns the extreme, 0 without a sample.
func (w *windowed) get() int64 { return w.best[0].value }

// reset forgets all but one sample.
func (w *windowed) reset(at, value int64) {
	v := windowSample{at, value}
	w.best = [3]windowSample{v, v, v}
	w.any = true
}

// least takes in a sample and returns the minimum of the window.
func (w *windowed) least(window, at, value int64) int64 {
	return w.extreme(window, windowSample{at, value}, -1)
}

// greatest takes in a sample and returns the maximum of the window.
func (w *windowed) greatest(window, at, value int64) int64 {
	return w.extreme(window, windowSample{at, value}, 1)
}

// extreme takes in a sample; sign is 1 for the maximum, -1 for the minimum.
func (w *windowed) extreme(window int64, v windowSample, sign int64) int64 {
	b := &w.best
	if !w.any || sign*v.value >= sign*b[0].value || v.at-b[2].at > window {
		w.reset(v.at, v.value)
		return v.value
	}
	switch {
	case sign*v.value >= sign*b[1].value:
		b[1], b[2] = v, v
	case sign*v.value >= sign*b[2].value:
		b[2] = v
	}
	// Age: the second and third best must not be so old that nothing follows them.
	age := v.at - b[0].at
	switch {
	case age > window:
		// The best is too old. The second may be as well: then the third follows.
		b[0], b[1], b[2] = b[1], b[2], v
		if v.at-b[0].at > window {
			b[0], b[1], b[2] = b[1], b[2], v
		}
	case b[1].at == b[0].at && age > window/4:
		b[1], b[2] = v, v
	case b[2].at == b[1].at && age > window/2:
		b[2] = v
	}
	return b[0].value
}
