package search

import "math/bits"

// Progress is AG EF (goal or violation) over the states that were stored: walk the
// edges backwards from the goals; a state that is not met is trapped.

// edgeLog holds, per expanded state in order of ids, a header word and the ids of
// its successors. A state that was not stored for the bound of states has an id
// beyond the last.
type edgeLog struct {
	blocks  [][]uint32
	sources uint32 // logged: ids below it
	words   int64  // in use
	room    int64  // in blocks
}

// Header of a source: the number of its successors, and its flags on top.
const (
	headerFlags = 30
	headerCount = 1<<headerFlags - 1
)

const edgeBlockWords = 16 << 10

// region returns an empty slice with room for sources and their edges behind what
// is logged. The regions of a round are made in order and filled in parallel.
func (g *edgeLog) region(sources, edges int) []uint32 {
	words := sources + edges
	n := len(g.blocks)
	if n == 0 || cap(g.blocks[n-1])-len(g.blocks[n-1]) < words {
		size := max(words, edgeBlockWords)
		g.blocks = append(g.blocks, make([]uint32, 0, size))
		g.room += int64(size)
		n++
	}
	b := g.blocks[n-1]
	g.blocks[n-1] = b[:len(b)+words]
	g.words += int64(words)
	g.sources += uint32(sources)
	return b[len(b) : len(b) : len(b)+words]
}

func (g *edgeLog) held() int64 { return g.room * 4 }

// each calls f for every source in order.
func (g *edgeLog) each(f func(id uint32, flags uint8, targets []uint32)) {
	id := uint32(0)
	for _, b := range g.blocks {
		for i := 0; i < len(b); {
			n := int(b[i] & headerCount)
			f(id, uint8(b[i]>>headerFlags), b[i+1:i+1+n])
			i += 1 + n
			id++
		}
	}
}

// link is a task of the fifth phase.
func (e *engine) link(_ int, c *chunk) {
	c.link(&e.tables, e.firstOfRound, e.newIDs, e.o.Outside)
}

// settle is a task of the last phase.
func (e *engine) settle(_, shard int) {
	for _, c := range e.chunks {
		e.tables[shard].settle(c, shard, e.newIDs)
	}
}

// link writes the edges of the chunk's sources. Ids from first on are places in
// the round, which newIDs translates. Where an action from outside leads counts as
// where it comes from: no help, and no harm.
func (c *chunk) link(tables *[shards]*table, first uint32, newIDs []uint32, outside func(Action) bool) {
	c.final = resize(c.final, len(c.recs))
	for shard, t := range tables {
		at := t.from[c.position]
		for _, i := range c.index[c.starts[shard]:c.starts[shard+1]] {
			to := t.targets[at]
			if t.fresh.has(at) {
				to = newIDs[c.base+i]
			} else if to >= first {
				to = newIDs[to-first]
			}
			c.final[i] = to
			at++
		}
	}
	out, from := c.edges, uint32(0)
	for i, to := range c.ends {
		for k := from; outside != nil && k < to; k++ {
			if outside(c.recs[k].action) {
				c.final[k] = c.first + uint32(i)
			}
		}
		out = append(out, uint32(c.flags[i])<<headerFlags|(to-from))
		out = append(out, c.final[from:to]...)
		from = to
	}
}

// progressBytes is what the check itself will need once the search is over and
// the tables and buffers are freed.
func (e *engine) progressBytes() int64 {
	n := int64(e.states)
	edges := e.edges.words - int64(e.edges.sources)
	return e.journal.held() + e.edges.held() + 8*(n+1) + 4*edges + 4*n + n/8
}

// checkProgress finds the shallowest trapped state. States without a header, for
// they were not expanded, are presumed to reach a goal.
func (e *engine) checkProgress() {
	e.peak = max(e.peak, e.progressBytes())
	e.tables, e.lanes, e.chunks, e.segs = [shards]*table{}, [roundChunks]*chunk{}, nil, segments{}
	e.now, e.next = level{}, level{}

	good := newBits(e.states)
	for id := int(e.edges.sources); id < e.states; id++ {
		good.set(uint32(id))
	}
	back := e.reverse(good)
	if back == nil || !back.spread(good, e.interrupted) {
		e.stopped, e.complete = StopInterrupted, false
		return
	}
	first, count := uint32(0), uint64(0)
	for id := e.states - 1; id >= 0; id-- {
		if !good.has(uint32(id)) {
			first = uint32(id)
			count++
		}
	}
	if count > 0 {
		path := e.journal.path(first)
		e.trapped = &Found{Path: path, Depth: len(path), Count: count}
	}
}

func (e *engine) interrupted() bool { return e.ctx.Err() != nil }

// reversed holds the edges by target: the sources of id are
// sources[start[id]:start[id+1]].
type reversed struct {
	start   []uint64
	sources []uint32
}

// reverse turns the edges round; on the way it notes in good the goals, and the
// states that violate something or have a step that does. nil if interrupted.
func (e *engine) reverse(good bitset) *reversed {
	n := uint32(e.states)
	r := &reversed{start: make([]uint64, n+1)}
	e.edges.each(func(id uint32, flags uint8, targets []uint32) {
		if flags != 0 {
			good.set(id)
		}
		for _, t := range targets {
			if t >= n {
				good.set(id) // not stored, so not expanded
			} else {
				r.start[t]++
			}
		}
	})
	if e.interrupted() {
		return nil
	}
	// start[id] becomes the end of id's sources; filling moves it to the start.
	sum := uint64(0)
	for i := range r.start {
		sum += r.start[i]
		r.start[i] = sum
	}
	r.sources = make([]uint32, sum)
	e.edges.each(func(id uint32, _ uint8, targets []uint32) {
		for _, t := range targets {
			if t < n {
				r.start[t]--
				r.sources[r.start[t]] = id
			}
		}
	})
	return r
}

// spread adds to good every state from which one of good can be reached; false if
// interrupted.
func (r *reversed) spread(good bitset, interrupted func() bool) bool {
	var todo []uint32
	for root := range len(r.start) - 1 {
		if root&0xffff == 0 && interrupted() {
			return false
		}
		if !good.has(uint32(root)) {
			continue
		}
		todo = append(todo, uint32(root))
		for len(todo) > 0 {
			id := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, s := range r.sources[r.start[id]:r.start[id+1]] {
				if !good.has(s) {
					good.set(s)
					todo = append(todo, s)
				}
			}
		}
	}
	return true
}

// bitset is a set of ids.
type bitset []uint64

func newBits(n int) bitset { return make(bitset, (n+bits.UintSize-1)/64) }

func (b bitset) set(id uint32)        { b[id>>6] |= 1 << (id & 63) }
func (b bitset) bit(id uint32) uint64 { return b[id>>6] >> (id & 63) & 1 }
func (b bitset) has(id uint32) bool   { return b.bit(id) != 0 }
