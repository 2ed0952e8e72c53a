package pcie

import "netgpusim/sim"

// translations are what a TLB holds and what is on its way into it: a translation
// enters when it has arrived, and what needs the same page meanwhile waits for the
// same arrival.
type translations struct {
	tlb     tlb
	pending []arrival // in the order in which they were asked for; a power of two
	head    int
	n       int
}

// arrival is a page whose translation is there from a time on.
type arrival struct {
	page int64
	at   sim.Time
}

// pendingFirst is the first size of the ring of pending translations. It grows to
// what tags and credits let in.
const pendingFirst = 64

func newTranslations(entries int) translations {
	return translations{tlb: newTLB(entries), pending: make([]arrival, pendingFirst)}
}

// find returns when a TLP that needs the page at a time has its translation; not ok:
// it has to be asked for.
func (t *translations) find(at sim.Time, page int64) (ready sim.Time, ok bool) {
	mask := len(t.pending) - 1
	for t.n > 0 && t.pending[t.head].at <= at {
		t.tlb.insert(t.pending[t.head].page)
		t.head = (t.head + 1) & mask
		t.n--
	}
	if t.tlb.find(page) {
		return at, true
	}
	for i := range t.n {
		if w := &t.pending[(t.head+i)&mask]; w.page == page {
			return max(at, w.at), true
		}
	}
	return 0, false
}

// expect adds a page that find has not found.
func (t *translations) expect(page int64, at sim.Time) {
	if t.n == len(t.pending) {
		pending := make([]arrival, 2*len(t.pending))
		for i := range t.n {
			pending[i] = t.pending[(t.head+i)&(len(t.pending)-1)]
		}
		t.pending, t.head = pending, 0
	}
	t.pending[(t.head+t.n)&(len(t.pending)-1)] = arrival{page, at}
	t.n++
}

// iommu books the page walks of a root complex.
type iommu struct {
	known   translations
	walk    sim.Time
	line    sim.Time // that a walker stays busy for each cache line of the read it walked for
	walkers []ledger
}

func newIOMMU(s *Spec, c *clock) *iommu {
	m := &iommu{
		known: newTranslations(s.IOTLBEntries), walk: s.IOMMUWalk, line: s.IOMMULine,
		walkers: make([]ledger, s.IOMMUWalkers),
	}
	for i := range m.walkers {
		m.walkers[i] = newLedger(c)
	}
	return m
}

// translate returns when the translation of a page is there for a TLP that needs it at
// a time and reads n bytes. A page that the IOTLB holds costs nothing.
func (m *iommu) translate(at sim.Time, page, n int64) sim.Time {
	if ready, ok := m.known.find(at, page); ok {
		return ready
	}
	held := m.walk + replay(m.line, n)
	walker, start := &m.walkers[0], sim.Never
	for i := range m.walkers {
		if s := m.walkers[i].free(at, held); s < start {
			walker, start = &m.walkers[i], s
		}
		if start == at {
			break
		}
	}
	if held > 0 {
		walker.book(start, held)
	}
	done := start + m.walk
	m.known.expect(page, done)
	return done
}

// replay is how long the walker of a page stays busy behind the walk, for a TLP that
// reads n bytes, at so much for each cache line.
func replay(line sim.Time, n int64) sim.Time {
	return line * sim.Time((n+lineBytes-1)/lineBytes)
}
