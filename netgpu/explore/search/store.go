package search

// begin makes room for what storing the chunks' successors will show.
func (t *table) begin(chunks []*chunk, shard int) {
	n := uint32(0)
	for i, c := range chunks {
		t.from[i] = n
		n += c.starts[shard+1] - c.starts[shard]
	}
	t.fresh = resize(t.fresh, int(n+63)/64)
	clear(t.fresh)
	if t.keep {
		t.targets = resize(t.targets, int(n))
	}
}

// store adds the successors of one chunk that belong to the shard.
func (t *table) store(c *chunk, shard int) {
	at := t.from[c.position]
	for _, fp := range c.fps[c.starts[shard]:c.starts[shard+1]] {
		if t.add(fp) {
			t.fresh.set(at)
		}
		at++
	}
}

// storeIDs is store where edges are wanted. The id of a fresh state is not known
// before the whole round is stored; its place in the round, from first on, stands in
// for it in the table, and t.targets gets its slot.
func (t *table) storeIDs(c *chunk, shard int, first uint32) {
	at := t.from[c.position]
	for j := c.starts[shard]; j < c.starts[shard+1]; j++ {
		own := first + c.base + c.index[j]
		slot, id := t.addID(c.fps[j], own)
		t.targets[at] = id
		if id == own {
			t.targets[at] = uint32(slot)
			t.fresh.set(at)
		}
		at++
	}
}

// settle replaces the stand-ins of the chunk's fresh states by their ids.
func (t *table) settle(c *chunk, shard int, newIDs []uint32) {
	at := t.from[c.position]
	for j := c.starts[shard]; j < c.starts[shard+1]; j++ {
		if t.fresh.has(at) {
			slot := uint64(t.targets[at])
			if t.stale {
				slot = t.find(c.fps[j])
			}
			t.setID(slot, newIDs[c.base+c.index[j]])
		}
		at++
	}
}

// packedBytes is the size of an encoding in the frontier.
func packedBytes(length uint16) int {
	switch {
	case length < 1<<7:
		return int(length) + 1
	case length < 1<<14:
		return int(length) + 2
	}
	return int(length) + 3
}
