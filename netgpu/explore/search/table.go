package search

import "math/bits"

// shards is the number of parts of the visited set, by the top bits of the
// fingerprint: what is stored in parallel. It is fixed, so that nothing depends
// on the number of workers, and large enough to keep many of them busy.
const (
	shardBits = 5
	shards    = 1 << shardBits
)

func shardOf(fp uint64) int { return int(fp >> (64 - shardBits)) }

// A table is one shard of the visited set: open addressing with linear probing
// over fingerprints. The home slot rises with the fingerprint, so that growing
// reads and writes in order and can free the old table page by page: old and new
// never exist as a whole at once.
type table struct {
	home    uint64 // home slots; behind the last there is room to overflow
	limit   int    // entries to grow at
	count   int
	growths int
	pages   []*page
	ids     []*idPage // as pages: the state's id; Options.Progress only
	keep    bool      // ids are kept

	sparePages []*page
	spareIDs   []*idPage

	// What storing a round has shown, for the shard's part of it, in order: from[i] is
	// where that of the round's chunk i begins. It is kept here and not with the chunk,
	// for memory that two workers write in turn goes to and fro between their caches.
	from    [roundChunks]uint32
	fresh   bitset
	targets []uint32 // see storeIDs; Options.Progress only
	stale   bool     // the table grew meanwhile; Options.Progress only

	sink uint64 // see touch
}

const (
	pageBits  = 9
	pageSlots = 1 << pageBits
	pageMask  = pageSlots - 1

	// Up to three quarters of the slots are used: more costs probes, less memory.
	// Growing by half keeps the mean above 60 %.
	firstHome = 128
	overflow  = 128
)

type (
	page   [pageSlots]uint64 // 0 is an empty slot
	idPage [pageSlots]uint32
)

// newTable returns an empty table. Shards fill alike; they start with different
// sizes (a geometric series) so that they do not all grow at once.
func newTable(shard int, keepIDs bool) *table {
	home := uint64(firstHome + firstHome/2*shard/shards)
	t := &table{keep: keepIDs}
	t.setHome(home)
	t.reach(int(home+overflow) >> pageBits)
	return t
}

func (t *table) setHome(home uint64) { t.home, t.limit = home, int(home/4*3) }

func (t *table) slot(fp uint64) uint64 {
	hi, _ := bits.Mul64(fp<<shardBits, t.home)
	return hi
}

// touch reads the home slots of fps and does nothing with them. The reads do not
// depend on each other, so their cache misses overlap; the probes that follow
// find everything at hand.
func (t *table) touch(fps []uint64) {
	sum := uint64(0)
	for _, fp := range fps {
		s := t.slot(fp)
		sum += t.pages[s>>pageBits][s&pageMask]
		if t.keep {
			sum += uint64(t.ids[s>>pageBits][s&pageMask])
		}
	}
	t.sink += sum
}

// add stores fp and says whether it is new.
func (t *table) add(fp uint64) bool {
	if t.count >= t.limit {
		t.grow()
	}
	for s := t.slot(fp); ; s++ {
		i := int(s >> pageBits)
		if i >= len(t.pages) {
			t.reach(i)
		}
		switch p := &t.pages[i][s&pageMask]; *p {
		case 0:
			*p = fp
			t.count++
			return true
		case fp:
			return false
		}
	}
}

// addID is add with an id: it returns the slot of fp and the id that it is stored
// under now. The slot is good until the table grows.
func (t *table) addID(fp uint64, id uint32) (slot uint64, known uint32) {
	if t.count >= t.limit {
		t.grow()
	}
	s := t.find(fp)
	p := &t.pages[s>>pageBits][s&pageMask]
	at := &t.ids[s>>pageBits][s&pageMask]
	if *p == 0 {
		*p, *at = fp, id
		t.count++
	}
	return s, *at
}

// setID replaces the id in a slot.
func (t *table) setID(slot uint64, id uint32) { t.ids[slot>>pageBits][slot&pageMask] = id }

// find returns the slot where fp is or should be.
func (t *table) find(fp uint64) uint64 {
	for s := t.slot(fp); ; s++ {
		i := int(s >> pageBits)
		if i >= len(t.pages) {
			t.reach(i)
		}
		if v := t.pages[i][s&pageMask]; v == fp || v == 0 {
			return s
		}
	}
}

// grow moves everything to a table half as large again, and gives each old page
// to the new table as soon as it is read.
func (t *table) grow() {
	old, oldIDs := t.pages, t.ids
	t.growths++
	t.setHome(t.home + t.home/2)
	last := int(t.home+overflow) >> pageBits
	t.pages, t.ids = make([]*page, 0, last+2), nil
	for i, p := range old {
		var ids *idPage
		if t.keep {
			ids = oldIDs[i]
		}
		for j, fp := range p {
			if fp == 0 {
				continue
			}
			s := t.find(fp)
			t.pages[s>>pageBits][s&pageMask] = fp
			if ids != nil {
				t.setID(s, ids[j])
			}
		}
		clear(p[:])
		t.sparePages = append(t.sparePages, p)
		if ids != nil {
			t.spareIDs = append(t.spareIDs, ids)
		}
	}
	t.reach(last)
}

// reach makes the pages up to i exist. It writes to each before anybody reads it: to
// memory that is only read the kernel lends a page of zeros, and for the first write
// it interrupts the other cores to take that back.
func (t *table) reach(i int) {
	for len(t.pages) <= i {
		p := take(&t.sparePages)
		p[0] = 0
		t.pages = append(t.pages, p)
		if t.keep {
			ids := take(&t.spareIDs)
			ids[0] = 0
			t.ids = append(t.ids, ids)
		}
	}
}

// take returns a spare element, else a new one.
func take[T any](spare *[]*T) *T {
	n := len(*spare)
	if n == 0 {
		return new(T)
	}
	p := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return p
}

// held is the size of the table in bytes.
func (t *table) held() int64 {
	const pageBytes, idPageBytes, pointer = pageSlots * 8, pageSlots * 4, 8
	return int64(len(t.pages)+len(t.sparePages))*pageBytes + int64(len(t.ids)+len(t.spareIDs))*idPageBytes +
		int64(cap(t.pages)+cap(t.ids)+cap(t.sparePages)+cap(t.spareIDs))*pointer +
		int64(cap(t.fresh))*8 + int64(cap(t.targets))*4
}
