package netgpu

// Bytes that stand for a page or an address. A page that has been mentioned is
// 0x80 | number, with the region in a second byte if there are several. Otherwise
// bits 0-1 are references beside those of transmission, 2-3 transmit references,
// 4-5 the region, 6 says that more follows.
const (
	codeRepeated = 0x80
	codeMore     = 0x40
	codeSpecial  = 0x30 // | index into Odd, 15 for poison
	maxRegions   = 3
)

// codedPage is what a session knows of a page: 1 + its number within its region, 0 if it
// has not been mentioned yet, and who has mentioned it.
type codedPage uint16

const (
	codedKernel  codedPage = 1 << 15 // a structure that kernel or NIC read
	codedPointer codedPage = 1 << 14 // pointers only
)

func (p codedPage) number() uint32 { return uint32(p&^(codedKernel|codedPointer)) - 1 }

// mentioned is what a place adds to the number of a page that is in it.
func mentioned(at Place) codedPage {
	if at.heldByKernel() {
		return codedKernel
	}
	return 0
}

// oddPages and above stand for ring entries that are no page: oddPages + i for Odd[i],
// NoPage, the last, for poison.
const oddPages PageID = 1<<32 - 16

// Pages is Page for each page of a list.
func (c *Codec) Pages(list []PageID, at Place, tagged bool) {
	if len(list) > 0 {
		c.somePages(list, at, tagged)
	}
}

func (c *Codec) somePages(list []PageID, at Place, tagged bool) {
	if c.reading {
		c.readPages(list, at, tagged)
		return
	}
	c.writePages(list, at, tagged)
}

// writePages writes pages that are all in one place. Nearly all of them are in the first
// region, mentioned for the first time and as the place lets expect: for those, it does
// at once what writePage does.
func (c *Codec) writePages(list []PageID, at Place, tagged bool) {
	m, pages, buf, n := c.module, c.pages, c.buf, c.at
	flags, mark, first := usualFlags(at), mentioned(at), c.roster.firstRegion
	for _, id := range list {
		if id < first && pages[id] == 0 && m.place[id] == uint8(at) && m.pages[id].plain(flags) {
			c.next[0]++
			pages[id] = mark | codedPage(c.next[0])
			buf[n] = uint8(m.pages[id].refs)
			n++
			if tagged {
				buf[n] = c.Tags[id] - c.TagBase
				n++
			}
			continue
		}
		c.at = n
		c.writePage(id, at, tagged)
		n = c.at
	}
	c.at = n
}

// plain says whether what a page is can be told by its references alone.
func (p *page) plain(flags uint8) bool {
	return uint32(p.flags^flags)|uint32(p.queue)|p.tx|p.refs>>2 == 0
}

// readPages reads what writePages has written.
func (c *Codec) readPages(list []PageID, at Place, tagged bool) {
	m, buf, n := c.module, c.buf, c.at
	flags, first := usualFlags(at), c.roster.regions[0].first
	plain := int64(0)
	for i := range list {
		b := buf[n]
		n++
		if b > 3 {
			c.at = n
			list[i] = c.readPage(b, at, tagged)
			n = c.at
			continue
		}
		id := first + PageID(c.next[0])
		c.next[0]++
		list[i] = id
		m.pages[id].refs, m.pages[id].flags = uint32(b), flags
		m.place[id] = uint8(at)
		plain++
		tag := c.TagBase
		if tagged {
			tag += buf[n]
			n++
		}
		c.Tags[id] = tag
	}
	c.at = n
	m.counts[at] += plain
}

// Page writes or reads a page that is in place at. With tagged, the page's content
// matters there and its tag goes with it.
func (c *Codec) Page(id *PageID, at Place, tagged bool) {
	if c.reading {
		b := c.get()
		*id = c.readPage(b, at, tagged)
		return
	}
	c.writePage(*id, at, tagged)
}

// Pointer is Page for something that points at a page without having it. Pointers
// come after the places.
func (c *Codec) Pointer(id *PageID) {
	if c.reading {
		c.Page(id, App, true)
		return
	}
	if p := c.pages[*id]; p != 0 {
		c.repeat(p, c.roster.regionOf(*id))
		return
	}
	c.writePage(*id, App, true)
	c.pages[*id] |= codedPointer
	c.pointers = true
}

// repeat writes a page that has been mentioned.
func (c *Codec) repeat(p codedPage, region int) {
	c.put(codeRepeated | uint8(p.number()))
	if len(c.next) > 1 {
		c.put(uint8(region))
	}
}

func (c *Codec) writePage(id PageID, at Place, tagged bool) {
	if id >= oddPages {
		c.put(codeSpecial | uint8(id-oddPages))
		return
	}
	p := &c.pages[id]
	mark := mentioned(at)
	region := c.roster.regionOf(id)
	if *p != 0 {
		if *p&mark&codedKernel != 0 && c.census.Twice == NoPage {
			c.fault().Twice = id
		}
		if c.census.Shared == NoPage {
			c.fault().Shared = id
		}
		*p |= mark
		c.repeat(*p, region)
		return
	}
	c.name(id, region, mark)
	c.writeAttributes(id, region, at, tagged)
}

// name gives a page the next number of its region.
func (c *Codec) name(id PageID, region int, mark codedPage) {
	c.next[region]++
	c.pages[id] = mark | codedPage(c.next[region])
}

// writeAttributes writes what there is to know of a page beside its place.
func (c *Codec) writeAttributes(id PageID, region int, at Place, tagged bool) {
	m := c.module
	pg := &m.pages[id]
	more := c.more(id, at)
	refs := pg.refs - pg.tx
	b := uint8(refs&3) | uint8(pg.tx&3)<<2 | uint8(region)<<4
	if more {
		b |= codeMore
	}
	c.put(b)
	if more {
		queue := int32(0)
		if c.queueMatters(id, at) {
			queue = pg.queue
		}
		for _, b := range [...]uint8{pg.flags | uint8(queue+1)<<4, m.place[id], uint8(refs), uint8(pg.tx)} {
			c.put(b)
		}
	}
	if tagged || pg.tx > 0 {
		c.put(c.Tags[id] - c.TagBase)
	}
}

// more says whether a page differs from what its place lets expect.
func (c *Codec) more(id PageID, at Place) bool {
	m := c.module
	pg := &m.pages[id]
	return m.place[id] != uint8(at) || pg.flags != usualFlags(at) || pg.queue != 0 && c.queueMatters(id, at) ||
		pg.refs-pg.tx > 3 || pg.tx > 3
}

// queueMatters says whether anybody will ask which queue a page came through that is
// in this place, or in the ledger's.
func (c *Codec) queueMatters(id PageID, at Place) bool {
	if at.heldByKernel() || at == RxRing {
		return true
	}
	at = c.module.Place(id)
	return at.heldByKernel() || at == RxRing
}

func usualFlags(at Place) uint8 {
	if at.heldByKernel() {
		return pageHeld
	}
	return 0
}

func (c *Codec) readPage(b uint8, at Place, tagged bool) PageID {
	if b&codeRepeated != 0 {
		region := uint8(0)
		if len(c.next) > 1 {
			c.Byte(&region)
		}
		return c.roster.regions[region].first + PageID(b&^codeRepeated)
	}
	if b&(codeSpecial|codeMore) == codeSpecial {
		return oddPages + PageID(b&15)
	}
	region := b >> 4 & 3
	id := c.roster.regions[region].first + PageID(c.next[region])
	c.next[region]++
	c.readAttributes(id, b, at, tagged)
	return id
}

func (c *Codec) readAttributes(id PageID, b uint8, at Place, tagged bool) {
	m := c.module
	pg := &m.pages[id]
	pg.tx = uint32(b >> 2 & 3)
	pg.refs = uint32(b&3) + pg.tx
	pg.flags = usualFlags(at)
	place := uint8(at)
	if b&codeMore != 0 {
		first := c.get()
		pg.flags, pg.queue = first&15, int32(first>>4)-1
		place = c.get()
		pg.refs = uint32(c.get())
		pg.tx = uint32(c.get())
		pg.refs += pg.tx
	}
	c.Tags[id] = c.TagBase
	if tagged || pg.tx > 0 {
		c.Tags[id] += c.get()
	}
	m.place[id] = place
	m.counts[place&placeMask]++
}

// entry is the page that a ring entry names, or what stands for a value that the caller
// has announced in Odd; anything else is poison.
func (c *Codec) entry(v uint64) PageID {
	if id := c.roster.pageAt(v); id != NoPage {
		return id
	}
	for i, odd := range c.Odd {
		if odd == v {
			return oddPages + PageID(i)
		}
	}
	return NoPage
}

// value is the ring entry that entry makes a page of.
func (c *Codec) value(id PageID) uint64 {
	switch {
	case id < oddPages:
		return c.roster.address(id)
	case id == NoPage:
		return poisonAddress
	}
	return c.Odd[id-oddPages]
}

// looseAttr is a page of the application that is not like the others.
type looseAttr struct {
	id  PageID
	key uint32
}

// writeRest writes the pages of a region that no structure has mentioned, those that
// are not like any other in an order that does not depend on their numbers. It
// returns the first that the application does not have.
func (c *Codec) writeRest(region int, r *region) PageID {
	if c.next[region] == r.pages && !c.pointers {
		c.put(0)
		return NoPage
	}
	lost := NoPage
	c.loose = c.loose[:0]
	m := c.module
	for i := range PageID(r.pages) {
		id := r.first + i
		p := c.pages[id]
		if p != 0 && p&codedPointer == 0 {
			continue
		}
		at := Place(m.place[id] & placeMask)
		if at != App && at != Unregistered && lost == NoPage {
			lost = id
		}
		if p != 0 {
			continue
		}
		if m.pages[id].refs != 0 || m.place[id] != uint8(App) || m.pages[id].flags != 0 {
			pg := &m.pages[id]
			c.loose = append(c.loose, looseAttr{id, uint32(m.place[id])<<24 | pg.refs<<20 | pg.tx<<16 | uint32(pg.flags)<<8 | uint32(c.Tags[id]-c.TagBase)})
		}
	}
	for i := 1; i < len(c.loose); i++ {
		for k := i; k > 0 && c.loose[k].key < c.loose[k-1].key; k-- {
			c.loose[k], c.loose[k-1] = c.loose[k-1], c.loose[k]
		}
	}
	c.count(len(c.loose))
	for _, l := range c.loose {
		c.name(l.id, region, 0)
		c.writeAttributes(l.id, region, App, false)
	}
	// The others are alike. Their numbers are only for those who follow a page from
	// state to state.
	for i := range PageID(r.pages) {
		if id := r.first + i; c.pages[id] == 0 {
			c.name(id, region, 0)
		}
	}
	return lost
}

func (c *Codec) readRest(region int, r *region) {
	for range c.count(0) {
		b := c.get()
		c.readPage(b, App, false)
	}
	m := c.module
	for ; c.next[region] < r.pages; c.next[region]++ {
		id := r.first + PageID(c.next[region])
		c.Tags[id] = c.TagBase
		m.place[id] = uint8(App)
		m.counts[App]++
	}
}

// Number is the number within its region that the state written last gives a page:
// what the page is called after that state has been read.
func (c *Codec) Number(id PageID) PageID {
	r := c.roster.regions[c.roster.regionOf(id)]
	return r.first + PageID(c.pages[id].number())
}
