package search

import (
	"encoding/binary"
	"math/bits"
)

// chunk is the unit of work in a round: consecutive source states and what
// expanding them gave. Its buffers are used again in every round.
type chunk struct {
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

	// The successors by shard: those of shard i are starts[i]..starts[i+1].
	// Small entries of their own, so that storing reads no encodings.
	starts [shards + 1]uint32
	fps    []uint64
	refs   []ref

	// Where the fresh ones go; set by the engine between storing and placing.
	base    uint32 // successors of the round in front of this chunk's
	firstID uint32 // of the first fresh successor
	fresh   int
	keep    int    // of fresh; less when the search hits its bound of states
	out     []byte // packed encodings
	seg     int    // segment of out
	outs    []mark // cut of out
	bitmap  []uint64

	// Options.Progress only.
	targets []uint32 // as refs: see table.storeIDs
	final   []uint32 // as recs: id of the successor
	edges   []uint32
}

// ref is a successor in the order of shards.
type ref struct {
	index  uint32 // into recs
	length uint16
	fresh  bool
}

func (c *chunk) reset() {
	c.ends, c.flags, c.transitions = c.ends[:0], c.flags[:0], 0
	c.spare = max(c.spare, minSpare)
	c.hits.reset()
}

// sort fills fps and refs: a counting sort by shard, stable, so that each shard
// meets its successors in order of generation.
func (c *chunk) sort(counts *[shards]uint32) {
	n := len(c.recs)
	c.fps, c.refs = resize(c.fps, n), resize(c.refs, n)
	var at [shards]uint32
	sum := uint32(0)
	for i, k := range counts {
		c.starts[i], at[i] = sum, sum
		sum += k
	}
	c.starts[shards] = sum
	for i := range c.recs {
		r := &c.recs[i]
		j := &at[shardOf(r.fp)]
		c.fps[*j] = r.fp
		c.refs[*j] = ref{index: uint32(i), length: r.length}
		*j++
	}
}

// place writes the parent and action of each fresh successor to the journal and
// its encoding to the next frontier.
func (c *chunk) place(j *journal, newIDs []uint32) {
	c.outs = c.outs[:0]
	if c.fresh == 0 {
		return
	}
	c.markFresh()
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
					c.outs = append(c.outs, mark{out[cut:], inCut})
					cut, inCut = len(out), 0
				}
			}
			id++
		}
	}
	if inCut > 0 {
		c.outs = append(c.outs, mark{out[cut:], inCut})
	}
}

// markFresh brings the fresh successors from the order of shards back into the
// order of generation.
func (c *chunk) markFresh() {
	c.bitmap = resize(c.bitmap, (len(c.recs)+63)/64)
	clear(c.bitmap)
	for i := range c.refs {
		r := &c.refs[i]
		bit := uint64(0)
		if r.fresh {
			bit = 1
		}
		c.bitmap[r.index>>6] |= bit << (r.index & 63)
	}
}

// held is the size of the chunk's buffers in bytes.
func (c *chunk) held() int64 {
	return int64(cap(c.arena)) + int64(cap(c.recs))*16 + int64(cap(c.ends))*4 + int64(cap(c.flags)) +
		int64(cap(c.fps))*8 + int64(cap(c.refs))*8 + int64(cap(c.outs))*markBytes + int64(cap(c.bitmap))*8 +
		int64(cap(c.targets))*4 + int64(cap(c.final))*4
}

// resize returns s with length n and undefined content.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
