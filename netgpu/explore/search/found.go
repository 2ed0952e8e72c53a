package search

import "sort"

// hit is a violation as it was first reported for its code and kind in a chunk,
// or, with an id, in the whole search.
type hit struct {
	code   Code
	action Action
	step   bool   // action leads to the violation; else the source itself violates
	source uint32 // index in the chunk
	count  uint64
}

// hits keeps the first of each code and kind, in order of report, and counts the
// others: a state space may have millions.
type hits struct {
	list  []hit
	index map[hitKey]int
}

type hitKey struct {
	code Code
	step bool
}

func (h *hits) reset() {
	if len(h.list) > 0 {
		h.list = h.list[:0]
		clear(h.index)
	}
}

func (h *hits) add(v hit) {
	key := hitKey{v.code, v.step}
	i, ok := h.index[key]
	if !ok {
		if h.index == nil {
			h.index = map[hitKey]int{}
		}
		i = len(h.list)
		h.index[key] = i
		h.list = append(h.list, v)
	}
	h.list[i].count++
}

// finding is the best that is known of a code.
type finding struct {
	code   Code
	state  uint32 // the violating state, or the one that action is taken in
	action Action
	step   bool
	depth  int // of the violation
	count  uint64
}

// findings are all codes of a search, in order of discovery.
type findings struct {
	list  []finding
	index map[Code]int
}

// merge adds what a chunk of states at depth reported.
func (f *findings) merge(c *chunk, depth int) {
	for _, h := range c.hits.list {
		v := finding{code: h.code, state: c.first + h.source, action: h.action, step: h.step, depth: depth}
		if h.step {
			v.depth++
		}
		i, ok := f.index[h.code]
		if !ok {
			i = len(f.list)
			f.index[h.code] = i
			f.list = append(f.list, v)
		}
		// A state of this level is nearer than a step out of it that was seen
		// earlier.
		if v.depth < f.list[i].depth {
			v.count = f.list[i].count
			f.list[i] = v
		}
		f.list[i].count += h.count
	}
}

// open says whether a state at depth could still be nearer than what is known.
func (f *findings) open(depth int) bool {
	for i := range f.list {
		if f.list[i].depth > depth {
			return true
		}
	}
	return false
}

// report turns the findings into results with their paths.
func (f *findings) report(j *journal) []Found {
	var out []Found
	for _, v := range f.list {
		path := j.path(v.state)
		if v.step {
			path = append(path, v.action)
		}
		out = append(out, Found{Code: v.code, Path: path, Depth: len(path), Count: v.count})
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].Depth < out[b].Depth })
	return out
}
