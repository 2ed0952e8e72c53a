package search

// journal remembers how each state was found first: 6 bytes per state, by id.
type journal struct {
	blocks []*journalBlock
}

const (
	blockBits   = 13
	blockStates = 1 << blockBits
	blockMask   = blockStates - 1
)

type journalBlock struct {
	parent [blockStates]uint32
	action [blockStates]Action
}

// reserve makes room for ids below n.
func (j *journal) reserve(n int) {
	for len(j.blocks)<<blockBits < n {
		j.blocks = append(j.blocks, new(journalBlock))
	}
}

func (j *journal) set(id, parent uint32, a Action) {
	b := j.blocks[id>>blockBits]
	b.parent[id&blockMask], b.action[id&blockMask] = parent, a
}

// path returns the actions from the initial state, which has id 0, to a state.
// Breadth-first numbering makes it a shortest one.
func (j *journal) path(id uint32) []Action {
	n := 0
	for i := id; i != 0; n++ {
		i = j.blocks[i>>blockBits].parent[i&blockMask]
	}
	path := make([]Action, n)
	for i := id; i != 0; {
		n--
		b := j.blocks[i>>blockBits]
		path[n] = b.action[i&blockMask]
		i = b.parent[i&blockMask]
	}
	return path
}

func (j *journal) held() int64 {
	const blockBytes = blockStates*6 + 8
	return int64(len(j.blocks)) * blockBytes
}
