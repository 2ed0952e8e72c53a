package search

import (
	"encoding/binary"
	"math/bits"
)

// chunk is the unit of work in a round: consecutive source states and what
// expanding them gave. Its buffers are used again in every round.
type chunk struct {
	lane  uint8  // number of the chunk: see engine.lane
	first uint32 // id of the first source; the others follow
	marks []mark // the sources' encodings

	arena       []byte   // successors' encodings
	recs        []rec    // successors, in order of generation
	ends        []uint32 // per source: how many recs up to its last
	flags       []uint8  // per source
	hits        hits
	transitions uint64
	spare       int   // least free space that Buffer offers
	err         error // the first misuse

	// The successors by shard: those of shard i are starts[i]..starts[i+1]. Storing
	// reads the fingerprints, of which other workers fetch theirs, and nothing else.
	starts [shards + 1]uint32
	fps    []uint64
	index  []uint32 // as fps: into recs
	order  []uint32 // scratch of sort

	// What is fresh and where it goes: see table.fresh, engine.gather and allot.
	position int      // in the round
	base     uint32   // successors of the round in front of this chunk's
	bitmap   []uint64 // as recs
	fresh    int
	bytes    int    // of the fresh ones when packed
	firstID  uint32 // of the first fresh successor
	keep     int    // of fresh; less when the search hits its bound of states
	out      []byte // packed encodings
	seg      int    // segment of out
	outs     []mark // cut of out

	// Options.Progress only.
	final []uint32 // as recs: id of the successor
	edges []uint32

	_ [64]byte // chunks must not share a cache line
}

func (c *chunk) reset() {
	c.ends, c.flags, c.transitions = c.ends[:0], c.flags[:0], 0
	c.spare = max(c.spare, minSpare)
	c.hits.reset()
}

// sort fills fps and index: a counting sort by shard, stable, so that each shard meets
// its successors in order of generation. With a filter it leaves out those that came by
// lately in this chunk: they cannot be fresh.
func (c *chunk) sort(f *filter) {
	n := len(c.recs)
	c.order = resize(c.order, n)
	if f != nil {
		n = f.pass(c.recs, c.order)
	} else {
		for i := range c.order {
			c.order[i] = uint32(i)
		}
	}
	var at [shards]uint32
	for _, i := range c.order[:n] {
		at[shardOf(c.recs[i].fp)]++
	}
	sum := uint32(0)
	for i, k := range at {
		c.starts[i], at[i] = sum, sum
		sum += k
	}
	c.starts[shards] = sum
	c.fps, c.index = resize(c.fps, n), resize(c.index, n)
	for _, i := range c.order[:n] {
		fp := c.recs[i].fp
		j := &at[shardOf(fp)]
		c.fps[*j], c.index[*j] = fp, i
		*j++
	}
}

// filter knows fingerprints that came by lately in a chunk: about half of all duplicates
// are among them. It starts afresh with every chunk, so that what it leaves out does not
// depend on who has expanded which.
type filter [1 << filterBits]uint64 // 0 is none

// filterBits: a larger one finds little more.
const filterBits = 9

// pass writes to kept which of recs did not come by lately, and returns how many. It does
// without a branch, which would be mispredicted all the time.
func (f *filter) pass(recs []rec, kept []uint32) int {
	clear(f[:])
	n := 0
	for i := range recs {
		fp := recs[i].fp
		p := &f[fp&(1<<filterBits-1)]
		kept[n] = uint32(i)
		if *p != fp {
			n++
		}
		*p = fp
	}
	return n
}

// place writes the parent and action of each fresh successor to the journal and
// its encoding to the next frontier.
func (c *chunk) place(j *journal, newIDs []uint32) {
	c.outs = c.outs[:0]
	if c.fresh == 0 {
		return
	}
	id, left, source := c.firstID, c.keep, uint32(0)
	out, cut, inCut := c.out[:0], 0, uint32(0)
	for w, word := range c.bitmap {
		for ; word != 0; word &= word - 1 {
			i := uint32(w<<6 + bits.TrailingZeros64(word))
			if newIDs != nil {
				newIDs[i] = id
			}
			if left > 0 {
				left--
				for c.ends[source] <= i {
					source++
				}
				r := &c.recs[i]
				j.set(id, c.first+source, r.action)
				out = binary.AppendUvarint(out, uint64(r.length))
				out = append(out, c.arena[r.offset:r.offset+uint32(r.length)]...)
				if inCut++; inCut == markStates {
					c.outs = append(c.outs, mark{out[cut:], inCut, c.lane})
					cut, inCut = len(out), 0
				}
			}
			id++
		}
	}
	if inCut > 0 {
		c.outs = append(c.outs, mark{out[cut:], inCut, c.lane})
	}
}

// gather brings what the shards found fresh back into the order of generation, and
// sums it up.
func (c *chunk) gather(tables *[shards]*table) {
	c.bitmap = resize(c.bitmap, (len(c.recs)+63)/64)
	clear(c.bitmap)
	for shard, t := range tables {
		at := t.from[c.position]
		for _, i := range c.index[c.starts[shard]:c.starts[shard+1]] {
			c.bitmap[i>>6] |= t.fresh.bit(at) << (i & 63)
			at++
		}
	}
	c.fresh, c.bytes = 0, 0
	for w, word := range c.bitmap {
		c.fresh += bits.OnesCount64(word)
		for ; word != 0; word &= word - 1 {
			c.bytes += packedBytes(c.recs[w<<6+bits.TrailingZeros64(word)].length)
		}
	}
}

// held is the size of the chunk's buffers in bytes.
func (c *chunk) held() int64 {
	return int64(cap(c.arena)) + int64(cap(c.recs))*16 + int64(cap(c.ends))*4 + int64(cap(c.flags)) +
		int64(cap(c.fps))*8 + int64(cap(c.index)+cap(c.order))*4 + int64(cap(c.outs))*markBytes + int64(cap(c.bitmap))*8 +
		int64(cap(c.final))*4
}

// resize returns s with length n and undefined content.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
