package netgpu

import (
	"math/bits"
	"sync/atomic"
)

// The shared queue of patch 5 (misc/shqueue.h): one producer, one consumer, one
// mapping shared by kernel and application. Indices run freely through 32 bits;
// the slot of an index is index & mask. Each side works on private copies of both
// indices and touches the shared words only where the operation says so. That is
// what makes the queue fast, and what its faults come from.

// Layout of the mapping (patch 5): each word and the data on a 64-byte line.
const (
	ProdOffset = 0   // bytes
	ConsOffset = 64  // bytes
	DataOffset = 128 // bytes
)

// MaxRingBytes bounds the allocation behind a ring: patch 10 takes it from the
// page allocator in one piece, whose largest block is 2^10 pages (MAX_ORDER 11,
// Linux 5.8 on x86).
const MaxRingBytes = 4 << 20

// RingEntries checks what an application asks for and returns the number of slots
// it gets: entries rounded up to a power of two (patch 10). EINVAL for an element
// size other than wantBytes or for no entries; EOVERFLOW when the mapping would
// need more than 32 bits of size.
func RingEntries(entries, eltBytes, wantBytes uint32) (uint32, Errno) {
	if eltBytes != wantBytes || entries == 0 {
		return 0, EINVAL
	}
	slots := uint64(1) << bits.Len32(entries-1)
	if DataOffset+slots*uint64(eltBytes) > 1<<32-1 {
		return 0, EOVERFLOW
	}
	return uint32(slots), OK
}

// ringAllocation is the size of the allocation that holds a ring, in bytes: whole
// pages, their number a power of two. An mmap may be as large as this.
func ringAllocation(slots, eltBytes uint32) uint64 {
	pages := (DataOffset + uint64(slots)*uint64(eltBytes) + PageSize - 1) >> PageShift
	return PageSize << bits.Len64(pages-1)
}

// RingHeader is what a mapping holds before the data, byte for byte: the shared
// words, at ProdOffset and ConsOffset.
type RingHeader struct {
	prod uint32
	_    [ConsOffset - ProdOffset - 4]byte
	cons uint32
	_    [DataOffset - ConsOffset - 4]byte
}

// Ring is the shared part: what both sides and, by accident or malice, the whole
// application can write. Entries are a power of two.
//
// It is the same over private memory (NewRing) and over memory that somebody else
// has, too (RingOver): any program that keeps to patch 5 can be the other side. So
// the shared words are touched atomically, and only by the operations that name
// them. Go's atomics are sequentially consistent, which is at least what the barriers
// of patch 5 ask for; each operation says what it needs. Slots are plain memory: the
// words order them.
type Ring[T any] struct {
	shared *RingHeader
	live   bool // somebody else may look at it while we do
	mask   uint32
	data   []T
}

// NewRing returns an empty ring of slots entries in private memory, both sides of
// which are worked by one goroutine; slots must be a power of two, as RingEntries
// returns it.
func NewRing[T any](slots uint32) *Ring[T] {
	return &Ring[T]{shared: new(RingHeader), mask: slots - 1, data: make([]T, slots)}
}

// RingOver returns a ring over memory that is there already, with the indices and
// entries that stand in it. Each side may be worked by another goroutine or another
// process. The number of slots must be a power of two.
func RingOver[T any](shared *RingHeader, slots []T) *Ring[T] {
	return &Ring[T]{shared: shared, live: true, mask: uint32(len(slots)) - 1, data: slots}
}

// store writes a shared word. The sequentially consistent store is a locked
// instruction on x86, several times the cost of an operation of the model; a ring
// that nobody else looks at does without.
func (r *Ring[T]) store(word *uint32, v uint32) {
	if r.live {
		atomic.StoreUint32(word, v)
	} else {
		*word = v
	}
}

// Entries is the number of slots.
func (r *Ring[T]) Entries() uint32 { return r.mask + 1 }

// Occupancy is prod - cons as both stand in shared memory: entries published and
// not yet released. More than Entries if an application has spoilt an index.
func (r *Ring[T]) Occupancy() uint32 {
	prod, cons := r.Shared()
	return prod - cons
}

// Shared returns the two shared words.
func (r *Ring[T]) Shared() (prod, cons uint32) {
	return atomic.LoadUint32(&r.shared.prod), atomic.LoadUint32(&r.shared.cons)
}

// Slot is the slot of a free-running index.
func (r *Ring[T]) Slot(index uint32) *T { return &r.data[index&r.mask] }

// StoreProd and StoreCons write a shared word directly. The mapping is writable
// in full, so an application can do this to either word of its own rings.
func (r *Ring[T]) StoreProd(v uint32) { r.store(&r.shared.prod, v) }

// StoreCons: see StoreProd.
func (r *Ring[T]) StoreCons(v uint32) { r.store(&r.shared.cons, v) }

// Producer is the producer's private side of a ring.
type Producer[T any] struct {
	ring       *Ring[T]
	cachedProd uint32
	cachedCons uint32
}

// NewProducer returns the producer of a ring as it stands: the next slot it fills
// is the one at prod.
func NewProducer[T any](r *Ring[T]) Producer[T] {
	prod, cons := r.Shared()
	return Producer[T]{ring: r, cachedProd: prod, cachedCons: cons}
}

// Cached returns the private copies of the two indices.
func (p *Producer[T]) Cached() (prod, cons uint32) { return p.cachedProd, p.cachedCons }

// LoadCons is load-acquire cons: cached_cons := *cons. Patch 5 relies on the
// control dependency that the stores to slots have on the result; the atomic load
// orders them, too, and needs no barrier.
func (p *Producer[T]) LoadCons() { p.cachedCons = atomic.LoadUint32(&p.ring.shared.cons) }

// Submit is store-release prod: write barrier, then *prod := cached_prod. It
// publishes every slot reserved so far. The atomic store is the write barrier: the
// stores to these slots come before it.
func (p *Producer[T]) Submit() { p.ring.store(&p.ring.shared.prod, p.cachedProd) }

// cachedSpace is entries - (cached_prod - cached_cons), modulo 2^32.
func (p *Producer[T]) cachedSpace() uint32 {
	return p.ring.mask + 1 - (p.cachedProd - p.cachedCons)
}

// Space is the number of free slots as far as the producer knows; it looks at the
// shared cons only when it knows of none. The answer may be too small by what the
// consumer has released since.
func (p *Producer[T]) Space() uint32 {
	n := p.cachedSpace()
	if n == 0 {
		p.LoadCons()
		n = p.cachedSpace()
	}
	return n
}

// Avail says whether n slots are free; it looks at the shared cons when fewer are
// known to be.
func (p *Producer[T]) Avail(n uint32) bool {
	if n <= p.cachedSpace() {
		return true
	}
	p.LoadCons()
	return n <= p.cachedSpace()
}

// Reserve returns the next slot to write, nil if there is no space. The consumer
// sees the slot after Submit.
func (p *Producer[T]) Reserve() *T {
	if p.Space() == 0 {
		return nil
	}
	return p.GetPtr()
}

// GetPtr returns the next slot with no check for space: for use after Avail.
func (p *Producer[T]) GetPtr() *T {
	slot := &p.ring.data[p.cachedProd&p.ring.mask]
	p.cachedProd++
	return slot
}

// Consumer is the consumer's private side of a ring.
type Consumer[T any] struct {
	ring       *Ring[T]
	cachedProd uint32
	cachedCons uint32
}

// NewConsumer returns the consumer of a ring as it stands: the next entry it takes
// is the one at cons, once it has looked whether there is one.
func NewConsumer[T any](r *Ring[T]) Consumer[T] {
	_, cons := r.Shared()
	return Consumer[T]{ring: r, cachedProd: cons, cachedCons: cons}
}

// Cached returns the private copies of the two indices.
func (c *Consumer[T]) Cached() (prod, cons uint32) { return c.cachedProd, c.cachedCons }

// LoadProd is load-acquire prod: cached_prod := *prod, then a read barrier. The
// atomic load is the read barrier: the loads of slots come after it.
func (c *Consumer[T]) LoadProd() { c.cachedProd = atomic.LoadUint32(&c.ring.shared.prod) }

// Complete is store-release cons: full barrier, then *cons := cached_cons. It
// gives every slot advanced over back to the producer. The atomic store is the
// barrier: the loads of these slots come before it.
func (c *Consumer[T]) Complete() { c.ring.store(&c.ring.shared.cons, c.cachedCons) }

// Ready is the number of entries known to be published; it looks at the shared
// prod only when it knows of none. The answer may be too small.
func (c *Consumer[T]) Ready() uint32 {
	if c.cachedProd == c.cachedCons {
		c.LoadProd()
	}
	return c.cachedProd - c.cachedCons
}

// Avail says whether n entries are published; it looks at the shared prod when
// fewer are known to be.
func (c *Consumer[T]) Avail(n uint32) bool {
	if n <= c.cachedProd-c.cachedCons {
		return true
	}
	c.LoadProd()
	return n <= c.cachedProd-c.cachedCons
}

// Peek returns the next entry without advancing over it, nil if there is none.
// Before it looks at the shared prod it publishes cons.
func (c *Consumer[T]) Peek() *T {
	if c.cachedProd == c.cachedCons {
		c.Complete()
		c.LoadProd()
		if c.cachedProd == c.cachedCons {
			return nil
		}
	}
	return &c.ring.data[c.cachedCons&c.ring.mask]
}

// Advance steps over the entry that Peek showed. The producer learns of it at the
// next Complete, or at a Peek that has to refresh.
func (c *Consumer[T]) Advance() { c.cachedCons++ }

// PeekBatch returns the index of the first of min(n, Ready) entries and their
// number. This is the library's copy: it does not advance.
func (c *Consumer[T]) PeekBatch(n uint32) (first, count uint32) {
	return c.cachedCons, min(n, c.Ready())
}

// PeekBatchAdvance is the kernel's copy of PeekBatch: it advances over the entries
// and does not publish that.
func (c *Consumer[T]) PeekBatchAdvance(n uint32) (first, count uint32) {
	first, count = c.PeekBatch(n)
	c.cachedCons += count
	return first, count
}

// Batch advances over min(n, Ready) entries and publishes cons at once: before
// the caller has read a single slot. From here on the producer may overwrite
// them (a fault of patch 5 that the ring-safety invariant watches).
func (c *Consumer[T]) Batch(n uint32) (first, count uint32) {
	first, count = c.PeekBatchAdvance(n)
	if count > 0 {
		c.Complete()
	}
	return first, count
}

// Slot is the slot of a free-running index, as a batch returns it.
func (c *Consumer[T]) Slot(index uint32) *T { return c.ring.Slot(index) }
