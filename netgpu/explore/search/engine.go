package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// A level is searched in rounds. Each takes the next source states, cut into
// chunks, through phases that end before the next begins:
//
//	expand   per chunk: successors are generated, hashed, sorted by shard
//	store    per shard: fingerprints are looked up in chunk order; fresh ones kept
//	gather   per chunk: what all shards found fresh
//	place    per chunk: fresh ones get ids, journal entries, a place in the frontier
//	link     per chunk: edges are written (Options.Progress only)
//	settle   per shard: stand-ins are replaced by ids (Options.Progress only)
//
// Between phases the engine alone decides what depends on order: ids, memory,
// findings, limits. So the outcome is that of expanding the states one by one.
//
// Workers share what they must and no more, for a cache line that goes from one core to
// another costs as much as half a state: of a chunk's memory other workers read only the
// fingerprints, of a shard's only what was fresh, and nobody else writes to either. A chunk
// and a shard stay with one worker from round to round, and so do, mostly, the sources.
const (
	// roundChunks tasks per round: enough for many workers to share out evenly.
	roundChunks = 48
	// roundSuccessors is what a round aims at: more would leave the caches,
	// fewer would make waiting for each other noticeable.
	roundSuccessors = 32 << 10
	// roundSources bounds the sources of a round where few have successors.
	roundSources = 32 << 10
)

type engine struct {
	o       Options
	ctx     context.Context
	crew    *crew
	systems []System // per worker
	outs    []*Successors

	newSystem func() System

	tables   [shards]*table
	journal  journal
	segs     segments
	now      level // being expanded
	next     level
	depth    int // of now
	edges    edgeLog
	findings findings

	chunks       []*chunk            // of the round, in order of their sources
	lanes        [roundChunks]*chunk // all that there are: see lane
	aim          int                 // sources of the next round
	newIDs       []uint32            // per successor of the round; Options.Progress only
	firstOfRound uint32              // id of the round's first fresh state
	settled      bool                // nothing is stored any more, see round

	states      int
	expanded    uint32 // sources: ids below it
	transitions uint64
	levels      []int
	stopped     Stop
	peak        int64
	growth      int64 // most bytes by which a round grew
	trapped     *Found
	complete    bool

	mu       sync.Mutex // guards snapshot
	snapshot Snapshot
}

func newEngine(ctx context.Context, newSystem func() System, o Options) *engine {
	e := &engine{o: o, ctx: ctx, newSystem: newSystem, crew: newCrew(o.Workers), aim: 1}
	e.findings.index = map[Code]int{}
	e.systems, e.outs = make([]System, o.Workers), make([]*Successors, o.Workers)
	for i := range e.tables {
		e.tables[i] = newTable(i, o.Progress)
	}
	for i := range e.lanes {
		e.lanes[i] = &chunk{lane: uint8(i)}
	}
	return e
}

// search runs level by level until nothing is left or a limit is met.
func (e *engine) search() error {
	if err := e.begin(); err != nil {
		return err
	}
	for e.now.states > 0 && e.stopped == "" {
		if e.o.MaxDepth > 0 && e.depth == e.o.MaxDepth {
			e.stopped = StopMaxDepth
			break
		}
		if err := e.expandLevel(); err != nil {
			return err
		}
	}
	e.complete = e.stopped == ""
	if e.o.Progress && e.stopped != StopInterrupted {
		e.checkProgress()
	}
	return nil
}

// begin stores the initial state.
func (e *engine) begin() error {
	if e.o.Workers > 1 {
		runtime.GC() // so that none comes while the systems are made
	}
	e.crew.all(e.makeSystem)
	state := e.systems[0].Initial(nil)
	if len(state) > MaxStateBytes {
		return fmt.Errorf("search: the initial state has %d bytes; allowed are up to %d", len(state), MaxStateBytes)
	}
	fp := fingerprint(state)
	if t := e.tables[shardOf(fp)]; e.o.Progress {
		t.addID(fp, 0)
	} else {
		t.add(fp)
	}
	e.journal.reserve(1)
	e.states = 1
	e.levels = []int{1}
	out := e.now.region(&e.segs, len(state)+binary.MaxVarintLen16)
	out = append(binary.AppendUvarint(out, uint64(len(state))), state...)
	e.now.append([]mark{{out, 1, 0}}, 1, 0)
	e.next.first = 1
	e.measure()
	return nil
}

// expandLevel expands the states of e.now and makes e.next the level to go on
// with.
func (e *engine) expandLevel() error {
	for done := 0; done < len(e.now.marks); {
		if e.ctx.Err() != nil {
			e.stopped, e.settled = StopInterrupted, false
		} else if e.stopped == "" && e.overMemory() {
			e.stopped = StopMaxMemory
		}
		if e.stopped != "" && !e.settled {
			break
		}
		sources := e.cut(&done)
		if err := e.round(sources); err != nil {
			return err
		}
		e.now.release(&e.segs, done)
		e.measure()
		e.publish()
	}
	if e.next.states > 0 {
		e.levels = append(e.levels, e.next.states)
	}
	e.depth++
	e.now.release(&e.segs, len(e.now.marks))
	e.now, e.next = e.next, level{first: uint32(e.states), marks: e.now.marks[:0]}
	return nil
}

// cut takes the next marks of the level, about e.aim states, and shares them out
// to chunks. It returns the number of states.
func (e *engine) cut(done *int) int {
	left := e.now.states - int(e.expanded-e.now.first)
	rounds := (left + e.aim - 1) / e.aim
	aim := (left + rounds - 1) / rounds // else the level's last round might be a small one
	per := max(1, aim/roundChunks)
	for _, c := range e.lanes {
		c.marks = nil
	}
	e.chunks = e.chunks[:0]
	sources, id := 0, e.expanded
	for *done < len(e.now.marks) && sources < aim && len(e.chunks) < roundChunks {
		c := e.lane(e.now.marks[*done].lane)
		c.position = len(e.chunks)
		from, n := *done, 0
		for *done < len(e.now.marks) && n < per {
			n += int(e.now.marks[*done].count)
			*done++
		}
		c.first, c.marks = id, e.now.marks[from:*done]
		id += uint32(n)
		sources += n
		e.chunks = append(e.chunks, c)
	}
	return sources
}

// lane returns a chunk that is not in the round yet: the given one or the next after it.
// Sources go to the lane that found them, for its worker, usually the same one in every
// round, still has them in its caches.
func (e *engine) lane(i uint8) *chunk {
	for e.lanes[i].marks != nil {
		i = (i + 1) % roundChunks
	}
	return e.lanes[i]
}

// eachLane runs a phase over the round's chunks.
func (e *engine) eachLane(items int, task func(worker int, c *chunk)) {
	e.crew.each(roundChunks, items, func(worker, i int) {
		if c := e.lanes[i]; c.marks != nil {
			task(worker, c)
		}
	})
}

// round takes the sources in e.chunks through all phases. A round that was
// interrupted leaves no trace.
func (e *engine) round(sources int) error {
	e.eachLane(sources*16, e.expand)
	if e.ctx.Err() != nil {
		e.stopped, e.settled = StopInterrupted, false
		return nil
	}
	total := 0
	for _, c := range e.chunks {
		if c.err != nil {
			return fmt.Errorf("%w (at depth %d)", c.err, e.depth)
		}
		c.base = uint32(total)
		total += len(c.recs)
	}
	if uint64(e.states)+uint64(total) > math.MaxUint32 {
		e.stopped = StopMaxStates // ids, provisional ones included, are used up
		return nil
	}
	e.aim = nextAim(e.aim, sources, total)
	e.merge()
	e.expanded += uint32(sources)
	if !e.settled {
		e.keep(total)
	}
	e.checkCodes()
	return nil
}

// nextAim is the number of sources after a round that aimed at aim and had
// sources and successors: as many as give roundSuccessors, approached by doubling,
// because the first states of a system may be unlike the others.
func nextAim(aim, sources, successors int) int {
	fit := roundSources
	if successors > 0 {
		fit = int(int64(roundSuccessors) * int64(sources) / int64(successors))
	}
	return max(1, min(fit, max(aim, 2*sources), roundSources))
}

// makeSystem makes what a worker expands states with. All workers do so at the same time,
// each on its core, with no garbage collection in between: else what is small in two
// systems may share cache lines, which costs both workers a sixth of their speed and more.
func (e *engine) makeSystem(worker int) {
	e.crew.meet()
	e.systems[worker] = e.newSystem()
	e.outs[worker] = &Successors{outside: e.o.Outside}
	if !e.o.Progress {
		e.outs[worker].filter = new(filter)
	}
}

// expand is a task of the first phase.
func (e *engine) expand(worker int, c *chunk) {
	if e.ctx.Err() != nil {
		return
	}
	system, out := e.systems[worker], e.outs[worker]
	out.begin(c)
	for _, m := range c.marks {
		data := m.data
		for range m.count {
			n, w := binary.Uvarint(data)
			end := w + int(n)
			system.Expand(data[w:end:end], out)
			out.endSource()
			data = data[end:]
		}
	}
	out.finish()
}

// merge adds up what the chunks report of violations, in their order.
func (e *engine) merge() {
	for _, c := range e.chunks {
		e.transitions += c.transitions
		if len(c.hits.list) > 0 {
			e.findings.merge(c, e.depth)
		}
	}
}

// checkCodes ends the search when enough codes are known, though not before the
// level could still show a shorter way to one of them: until then it only
// expands.
func (e *engine) checkCodes() {
	if e.o.StopAt == 0 || len(e.findings.list) < e.o.StopAt {
		return
	}
	if e.stopped == "" {
		e.stopped = StopCodes
	}
	e.settled = e.findings.open(e.depth)
}

// keep stores the successors of a round.
func (e *engine) keep(total int) {
	e.firstOfRound = uint32(e.states)
	if e.o.Progress {
		e.newIDs = resize(e.newIDs, total)
	}
	e.crew.each(shards, total, e.store)
	e.eachLane(total, e.gather)
	e.allot()
	e.eachLane(total, e.place)
	if e.o.Progress {
		for _, c := range e.chunks {
			c.edges = e.edges.region(len(c.ends), len(c.recs))
		}
		e.eachLane(total, e.link)
		e.crew.each(shards, total, e.settle)
	}
	for _, c := range e.chunks {
		if c.fresh > 0 {
			e.next.append(c.outs, c.keep, c.seg)
		}
	}
}

// store is a task of the second phase.
func (e *engine) store(_, shard int) {
	t := e.tables[shard]
	t.begin(e.chunks, shard)
	for _, c := range e.chunks {
		t.touch(c.fps[c.starts[shard]:c.starts[shard+1]])
	}
	growths := t.growths
	for _, c := range e.chunks {
		if e.o.Progress {
			t.storeIDs(c, shard, e.firstOfRound)
		} else {
			t.store(c, shard)
		}
	}
	t.stale = t.growths != growths
}

// gather is a task of the third phase.
func (e *engine) gather(_ int, c *chunk) { c.gather(&e.tables) }

// allot gives each chunk the ids and the memory for its fresh states.
func (e *engine) allot() {
	id := e.states
	for _, c := range e.chunks {
		c.firstID, c.keep = uint32(id), min(c.fresh, max(0, e.o.MaxStates-id))
		id += c.fresh
		if c.fresh > 0 {
			c.out = e.next.region(&e.segs, c.bytes)
			c.seg = len(e.next.segs) - 1
		}
	}
	if id > e.o.MaxStates {
		id = e.o.MaxStates
		e.stopped = StopMaxStates
	}
	e.journal.reserve(id)
	e.states = id
}

// place is a task of the fourth phase.
func (e *engine) place(_ int, c *chunk) {
	var newIDs []uint32
	if e.o.Progress {
		newIDs = e.newIDs[c.base : int(c.base)+len(c.recs)]
	}
	c.place(&e.journal, newIDs)
}

// result puts together what is known.
func (e *engine) result() Result {
	n := float64(e.states)
	return Result{
		States:        e.states,
		Transitions:   e.transitions,
		Depth:         len(e.levels) - 1,
		Levels:        e.levels,
		Complete:      e.complete,
		Stopped:       e.stopped,
		Bytes:         e.peak,
		BytesPerState: float64(e.peak) / n,
		OmissionOdds:  min(1, math.Ldexp(n*(n-1)/2, -64)),
		Found:         e.findings.report(&e.journal),
		Trapped:       e.trapped,
	}
}
