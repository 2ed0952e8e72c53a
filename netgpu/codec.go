package netgpu

import "encoding/binary"

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
	entries  []PageID // of the ring at hand
	pointers bool     // some page is mentioned by pointers only
	census   Census
	faulty   bool // there is something in census
	loose    []looseAttr
}

// Census is what is wrong with a written state: the first page of each kind, NoPage if
// there is none. It is found by walking the structures and does not
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

// fault returns the census to enter in what is wrong.
func (c *Codec) fault() *Census {
	c.faulty = true
	return &c.census
}

// CodecIndex is where the consumer of a ring stands in a state that has been read:
// shortly before the indices wrap, so that every state is followed by the wrap.
const CodecIndex uint32 = 1<<32 - 2

// poisonAddress is what a ring slot holds that nobody may read.
const poisonAddress = 1<<64 - 1

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
	c.faulty = true // the census is not that of a sound state yet
	return c
}

// Begin starts to write a state to dst.
func (c *Codec) Begin(dst []byte) {
	c.reading, c.at = false, len(dst)
	if need := len(dst) + c.room; cap(dst) < need {
		dst = append(make([]byte, 0, need), dst...)
	}
	c.buf = dst[:cap(dst)]
	clear(c.pages)
	c.pointers = false
	if c.faulty {
		c.census = Census{Twice: NoPage, Shared: NoPage, Lost: NoPage}
		c.faulty = false
	}
	clear(c.next)
}

// Open starts to read a state into the Module: one that Finish has returned.
func (c *Codec) Open(state []byte) {
	c.reading, c.buf, c.at = true, state, 0
	clear(c.next)
	m := c.module
	clear(m.pages)
	m.counts = [placeCount]int64{}
	m.duplicated, m.lostBefore = 0, 0
	m.ForgetViolations()
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

// Word writes or reads 64 bits at once, and says whether it has read: what a caller
// packs into words costs it neither calls nor branches.
func (c *Codec) Word(v *uint64) bool {
	b := c.buf[c.at:]
	c.at += 8
	if c.reading {
		*v = binary.LittleEndian.Uint64(b)
		return true
	}
	binary.LittleEndian.PutUint64(b, *v)
	return false
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
// application. It returns the state and what writing has shown to be wrong with it, nil
// if nothing is; the census is good until the next session. After reading, nothing.
func (c *Codec) Finish() ([]byte, *Census) {
	if c.reading {
		for i, r := range c.roster.regions {
			c.readRest(i, r)
		}
		return nil, nil
	}
	for i, r := range c.roster.regions {
		if id := c.writeRest(i, r); id != NoPage && c.census.Lost == NoPage {
			c.fault().Lost = id
		}
	}
	if c.faulty {
		return c.buf[:c.at], &c.census
	}
	return c.buf[:c.at], nil
}
