package pcie

// tlb holds translations of pages: sets of ways, in each the one used least recently
// gives way. Neighbouring pages are in different sets, so a window of as many pages
// as there are entries fits. A lookup is a scan of one set, without hashing or
// allocation.
type tlb struct {
	pages   []int64 // page + 1 by set, most recently used first; 0: no entry
	setMask int64
	ways    int64
}

// tlbWays is how many ways a set has at least, if there are so many entries.
const tlbWays = 4

// newTLB makes a TLB of so many entries, in as many sets as divide them.
func newTLB(entries int) tlb {
	sets := 1
	for entries%(2*sets) == 0 && entries/(2*sets) >= tlbWays {
		sets *= 2
	}
	return tlb{pages: make([]int64, entries), setMask: int64(sets - 1), ways: int64(entries / sets)}
}

func (t *tlb) set(page int64) []int64 {
	from := (page & t.setMask) * t.ways
	return t.pages[from : from+t.ways]
}

// find says whether the page is there, and makes it the one used last.
func (t *tlb) find(page int64) bool {
	set := t.set(page)
	for i, p := range set {
		if p == page+1 {
			copy(set[1:i+1], set[:i])
			set[0] = p
			return true
		}
	}
	return false
}

// insert puts in a page that is not there, in place of the one of its set that was
// used least recently.
func (t *tlb) insert(page int64) {
	set := t.set(page)
	copy(set[1:], set)
	set[0] = page + 1
}
