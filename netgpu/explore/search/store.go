package search

// store adds the successors of one chunk that belong to the shard.
func (t *table) store(c *chunk, shard int) tally {
	lo, hi := c.starts[shard], c.starts[shard+1]
	var sum tally
	refs := c.refs[lo:hi]
	for j, fp := range c.fps[lo:hi] {
		if t.add(fp) {
			refs[j].fresh = true
			sum.states++
			sum.bytes += packedBytes(refs[j].length)
		}
	}
	return sum
}

// storeIDs is store where edges are wanted. The id of a fresh state is not known
// before the whole round is stored; its place in the round, from base on,
// stands in for it in the table, and c.targets gets its slot.
func (t *table) storeIDs(c *chunk, shard int, base uint32) tally {
	lo, hi := c.starts[shard], c.starts[shard+1]
	var sum tally
	refs, targets := c.refs[lo:hi], c.targets[lo:hi]
	for j, fp := range c.fps[lo:hi] {
		own := base + refs[j].index
		slot, id := t.addID(fp, own)
		targets[j] = id
		if id == own {
			targets[j] = uint32(slot)
			refs[j].fresh = true
			sum.states++
			sum.bytes += packedBytes(refs[j].length)
		}
	}
	return sum
}

// settle replaces the stand-ins of the chunk's fresh states by their ids.
func (t *table) settle(c *chunk, shard int, newIDs []uint32) {
	for j := c.starts[shard]; j < c.starts[shard+1]; j++ {
		r := &c.refs[j]
		if !r.fresh {
			continue
		}
		slot := uint64(c.targets[j])
		if t.stale {
			slot = t.find(c.fps[j])
		}
		t.setID(slot, newIDs[c.base+r.index])
	}
}

// packedBytes is the size of an encoding in the frontier.
func packedBytes(length uint16) uint32 {
	switch {
	case length < 1<<7:
		return uint32(length) + 1
	case length < 1<<14:
		return uint32(length) + 2
	}
	return uint32(length) + 3
}
