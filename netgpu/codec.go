package netgpu

// Codec turns the state of a Module into a short string of bytes and back, for a
// checker that visits millions of states. Two states that differ only in what
// nothing can tell apart have the same string:
//
//   - pages of a region are interchangeable: they are numbered in the order in which
//     the structures mention them;
//   - ring indices count relative to the consumer, and chunks of a page cache have
//     no addresses;
//   - what nobody may read is left out: slots outside the published part of a ring,
//     slots behind the count of a chunk. Reading a state back puts poison there,
//     which leads whoever reads it into a violation.
//
// The objects (processes, descriptors, contexts, areas, regions, queues, sockets)
// are those that exist when NewCodec is called. They may go afterwards, and come
// back with a state that is read; new ones must not be made.
//
// One session writes or reads one state: Begin or Open, Module, then what the caller
// has of its own (Byte, Uint, Page), then Finish. The same calls write and read.
type Codec struct {
	// Tags is what the caller knows of the content of each page, by PageID. It is
	// kept for pages whose content matters, relative to TagBase, so that a caller can
	// number packets without end.
	Tags    []uint8
	TagBase uint8

	// Odd are values other than page addresses that ring entries may have: at most 14.
	Odd []uint64

	// Lifetimes includes the objects; without it they are taken to stay as they are.
	Lifetimes bool

	module   *Module
	roster   roster
	reading  bool
	buf      []byte // the state
	at       int    // in it
	room     int    // bytes that a state may take
	pages    []codedPage
	next     []uint32 // per region: how many of its pages have a number
	cached   int      // pages that the cache at hand has been seen to hold
	chunks   []uint8  // of the cache at hand: 1 + number, 0: none yet
	pointers bool     // some page is mentioned by pointers only
	twice    PageID
	shared   PageID
	overrun  RingKind
	miscount string
	loose    []looseAttr
}

// codedPage is what a session knows of a page.
type codedPage struct {
	number  int32 // within its region; -1: not mentioned yet
	kernel  bool  // mentioned by a structure that kernel or NIC read
	pointer bool  // mentioned by pointers only
}

// Census is what a written state says of where pages are: the first page of each
// kind, NoPage if there is none. It is found by walking the structures and does not
// rely on the Ledger, except that a page in no structure may be with the application.
type Census struct {
	Twice  PageID // in two structures of kernel or NIC
	Shared PageID // in two structures, one of them of the application
	Lost   PageID // in no structure, and the application does not have it

	// Overrun is a ring whose indices are not in order, or with more entries between
	// reader and writer than it has slots.
	Overrun RingKind

	// Cache says what does not add up in a page cache: "" if nothing.
	Cache string
}

// RingKind names one of the three rings, NoRing none.
type RingKind uint8

// The rings.
const (
	NoRing RingKind = iota
	FillQueue
	RxQueue
	CompletionQueue
)

// String returns "fill", "rx" or "completion".
func (k RingKind) String() string {
	return [...]string{"no", "fill", "rx", "completion"}[k]
}

// noCensus is that of a state with nothing wrong.
var noCensus = Census{NoPage, NoPage, NoPage, NoRing, ""}

// OK says whether every page is in exactly one place and the rings are in order.
func (c Census) OK() bool { return c == noCensus }

// CodecIndex is where the consumer of a ring stands in a state that has been read:
// shortly before the indices wrap, so that every state is followed by the wrap.
const CodecIndex uint32 = 1<<32 - 2

// poisonAddress is what a ring slot holds that nobody may read.
const poisonAddress = 1<<64 - 1

// Bytes that stand for a page or an address. A page that has been mentioned is
// 0x80 | number, with the region in a second byte if there are several. Otherwise
// bits 0-1 are references beside those of transmission, 2-3 transmit references,
// 4-5 the region, 6 says that more follows.
const (
	codeRepeated = 0x80
	codeMore     = 0x40
	codeSpecial  = 0x30 // | index into Odd
	codePoison   = 0x3f
	maxRegions   = 3
)

// NewCodec returns a Codec for the objects that the processes have now. It panics if
// there are more than three regions: a checker has no use for more.
func NewCodec(m *Module, processes ...*Process) *Codec {
	c := &Codec{module: m, Tags: make([]uint8, len(m.pages)), pages: make([]codedPage, len(m.pages))}
	c.roster = callRoster(m, processes)
	if len(c.roster.regions) > maxRegions {
		panic("netgpu: a Codec knows at most three regions")
	}
	c.next = make([]uint32, len(c.roster.regions))
	c.room = c.roster.room(len(m.pages))
	return c
}

// Begin starts to write a state to dst.
func (c *Codec) Begin(dst []byte) {
	c.reading, c.at = false, len(dst)
	if need := len(dst) + c.room; cap(dst) < need {
		dst = append(make([]byte, 0, need), dst...)
	}
	c.buf = dst[:cap(dst)]
	c.start()
}

// Open starts to read a state into the Module: one that Finish has returned.
func (c *Codec) Open(state []byte) {
	c.reading, c.buf, c.at = true, state, 0
	c.start()
	m := c.module
	for i := range m.pages {
		m.pages[i] = page{}
	}
	m.counts = [placeCount]int64{}
	m.duplicated, m.lostBefore = 0, 0
	m.ForgetViolations()
}

func (c *Codec) start() {
	for i := range c.pages {
		c.pages[i] = codedPage{number: -1}
	}
	clear(c.next)
	c.pointers = false
	c.twice, c.shared, c.overrun, c.miscount = NoPage, NoPage, NoRing, ""
}

func (c *Codec) put(b uint8) {
	c.buf[c.at] = b
	c.at++
}

func (c *Codec) get() uint8 {
	b := c.buf[c.at]
	c.at++
	return b
}

// Byte writes or reads one byte.
func (c *Codec) Byte(v *uint8) {
	if c.reading {
		*v = c.get()
		return
	}
	c.put(*v)
}

// Bool writes or reads a truth value.
func (c *Codec) Bool(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	c.Byte(&b)
	*v = b != 0
}

// Uint writes or reads a number that is mostly small: one byte up to 254, else five.
func (c *Codec) Uint(v *uint32) {
	b := uint8(min(*v, 255))
	c.Byte(&b)
	if !c.reading && b < 255 {
		return
	}
	if b < 255 {
		*v = uint32(b)
		return
	}
	for shift := 0; shift < 32; shift += 8 {
		part := uint8(*v >> shift)
		c.Byte(&part)
		*v = *v&^(0xff<<shift) | uint32(part)<<shift
	}
}

// count writes or reads the length of something that follows.
func (c *Codec) count(n int) int {
	if !c.reading && n < 255 {
		c.put(uint8(n))
		return n
	}
	v := uint32(n)
	c.Uint(&v)
	return int(v)
}

// Len writes or reads the length of a list of the caller's.
func (c *Codec) Len(n int) int { return c.count(n) }

// Page writes or reads a page that is in place at, NoPage not being one. With
// tagged, the page's content matters there and its tag goes with it.
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
	if p := &c.pages[*id]; p.number >= 0 {
		c.repeat(p, c.roster.regionOf(*id))
		return
	}
	c.writePage(*id, App, true)
	c.pages[*id].pointer, c.pointers = true, true
}

// repeat writes a page that has been mentioned.
func (c *Codec) repeat(p *codedPage, region int) {
	c.put(codeRepeated | uint8(p.number))
	if len(c.next) > 1 {
		c.put(uint8(region))
	}
}

func (c *Codec) writePage(id PageID, at Place, tagged bool) {
	p := &c.pages[id]
	kernel := at.heldByKernel()
	region := c.roster.regionOf(id)
	if p.number >= 0 {
		if p.kernel && kernel && c.twice == NoPage {
			c.twice = id
		}
		if c.shared == NoPage {
			c.shared = id
		}
		p.kernel = p.kernel || kernel
		c.repeat(p, region)
		return
	}
	p.number, p.kernel = int32(c.next[region]), kernel
	c.next[region]++
	c.writeAttributes(id, region, at, tagged)
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
	region := b >> 4 & 3
	id := c.roster.regions[region].first + PageID(c.next[region])
	c.pages[id].number = int32(c.next[region])
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

// address writes or reads a ring entry: the address of a page, or another value that
// the caller has announced in Odd; anything else is poison.
func (c *Codec) address(v *uint64, at Place, tagged bool) {
	if !c.reading {
		if id := c.roster.pageAt(*v); id != NoPage {
			c.writePage(id, at, tagged)
			return
		}
		b := uint8(codePoison)
		for i, odd := range c.Odd {
			if odd == *v {
				b = codeSpecial | uint8(i)
			}
		}
		c.put(b)
		return
	}
	b := c.get()
	switch {
	case b == codePoison:
		*v = poisonAddress
	case b&codeRepeated == 0 && b&(codeSpecial|codeMore) == codeSpecial:
		*v = c.Odd[b&15]
	default:
		*v = c.roster.address(c.readPage(b, at, tagged))
	}
}

// Module writes or reads the state of the Module.
func (c *Codec) Module() {
	if c.Lifetimes {
		c.objects()
	}
	for i, q := range c.roster.queues {
		c.queue(i, q)
	}
	for _, s := range c.roster.sockets {
		if s.attached() {
			c.socket(s)
		}
	}
}

// Finish ends a session with the pages that nobody has mentioned: those of the
// application. It returns the state and what writing has shown of the pages; after
// reading, nothing.
func (c *Codec) Finish() ([]byte, Census) {
	census := Census{Twice: c.twice, Shared: c.shared, Lost: NoPage, Overrun: c.overrun, Cache: c.miscount}
	for i, r := range c.roster.regions {
		if c.reading {
			c.readRest(i, r)
		} else if id := c.writeRest(i, r); census.Lost == NoPage {
			census.Lost = id
		}
	}
	if c.reading {
		return nil, noCensus
	}
	return c.buf[:c.at], census
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
		p := &c.pages[id]
		if p.number >= 0 && !p.pointer {
			continue
		}
		at := Place(m.place[id] & placeMask)
		if at != App && at != Unregistered && lost == NoPage {
			lost = id
		}
		if p.pointer {
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
		c.pages[l.id].number = int32(c.next[region])
		c.next[region]++
		c.writeAttributes(l.id, region, App, false)
	}
	// The others are alike. Their numbers are only for those who follow a page from
	// state to state.
	for i := range PageID(r.pages) {
		if id := r.first + i; c.pages[id].number < 0 {
			c.pages[id].number = int32(c.next[region])
			c.next[region]++
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
	return r.first + PageID(c.pages[id].number)
}
