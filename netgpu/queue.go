package netgpu

import "math/bits"

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

// Ring is the shared part: what both sides and, by accident or malice, the whole
// application can write. Entries are a power of two.
type Ring[T any] struct {
	prod uint32
	cons uint32
	mask uint32
	data []T
}

// NewRing returns an empty ring of slots entries; slots must be a power of two,
// as RingEntries returns it.
func NewRing[T any](slots uint32) *Ring[T] {
	return &Ring[T]{mask: slots - 1, data: make([]T, slots)}
}

// Entries is the number of slots.
func (r *Ring[T]) Entries() uint32 { return r.mask + 1 }

// Occupancy is prod - cons as both stand in shared memory: entries published and
// not yet released. More than Entries if an application has spoilt an index.
func (r *Ring[T]) Occupancy() uint32 { return r.prod - r.cons }

// Shared returns the two shared words.
func (r *Ring[T]) Shared() (prod, cons uint32) { return r.prod, r.cons }

// Slot is the slot of a free-running index.
func (r *Ring[T]) Slot(index uint32) *T { return &r.data[index&r.mask] }

// StoreProd and StoreCons write a shared word directly. The mapping is writable
// in full, so an application can do this to either word of its own rings.
func (r *Ring[T]) StoreProd(v uint32) { r.prod = v }

// StoreCons: see StoreProd.
func (r *Ring[T]) StoreCons(v uint32) { r.cons = v }

// Producer is the producer's private side of a ring.
type Producer[T any] struct {
	ring       *Ring[T]
	cachedProd uint32
	cachedCons uint32
}

// NewProducer returns the producer of an empty ring.
func NewProducer[T any](r *Ring[T]) Producer[T] { return Producer[T]{ring: r} }

// Cached returns the private copies of the two indices.
func (p *Producer[T]) Cached() (prod, cons uint32) { return p.cachedProd, p.cachedCons }

// LoadCons is load-acquire cons: cached_cons := *cons. Patch 5 relies on the
// control dependency; there is no barrier.
func (p *Producer[T]) LoadCons() { p.cachedCons = p.ring.cons }

// Submit is store-release prod: write barrier, then *prod := cached_prod. It
// publishes every slot reserved so far.
func (p *Producer[T]) Submit() { p.ring.prod = p.cachedProd }

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

// NewConsumer returns the consumer of an empty ring.
func NewConsumer[T any](r *Ring[T]) Consumer[T] { return Consumer[T]{ring: r} }

// Cached returns the private copies of the two indices.
func (c *Consumer[T]) Cached() (prod, cons uint32) { return c.cachedProd, c.cachedCons }

// LoadProd is load-acquire prod: cached_prod := *prod, then a read barrier.
func (c *Consumer[T]) LoadProd() { c.cachedProd = c.ring.prod }

// Complete is store-release cons: full barrier, then *cons := cached_cons. It
// gives every slot advanced over back to the producer.
func (c *Consumer[T]) Complete() { c.ring.cons = c.cachedCons }

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
