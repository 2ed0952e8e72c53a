package netgpu

import "fmt"

// maxChunkSlots is the number of pages in a chunk of the page cache as patch 10 has
// it (NETGPU_CACHE_COUNT). Variant.ChunkSlots may ask for fewer.
const maxChunkSlots = 63

// noChunk is the null pointer.
const noChunk int32 = -1

// chunk is a block of pages in a singly linked list. Chunks behind the first of a
// list are full. Their memory is not cleared when it is allocated, nor when a page
// is taken out: what a slot holds stays there, which matters as soon as a chunk is
// reached in a way it should not be.
type chunk struct {
	next int32
	free bool // on the free list
	mark bool // scratch of unlinked, false otherwise
	slot [maxChunkSlots]PageID
}

// pageCache holds the pages that the kernel has and the NIC does not (patch 10):
// a napi part used by softirq alone, an any part under a spinlock that every
// context may put into, and one spare chunk. It is kept exactly as it was
// written: chunks are named by index instead of by pointer, everything else
// follows the source, in particular
//
//   - the count of the any part starts at -1 and is compared as unsigned, so that
//     the missing chunk counts as full;
//   - a spare chunk is put in front with the next it happens to have.
//
// Repairs: SpareNext, CacheOverflow, RefillCountsAll.
type pageCache struct {
	chunks    []chunk
	freeList  int32
	freeCount int32 // chunks in it
	napi      int32 // first chunk of the napi part; there always is one
	any       int32
	spare     int32

	napiCount int32 // pages in the first chunk
	anyCount  int32
	slots     int32 // of a chunk

	overflow PageID // first page of the list that needs no chunks (CacheOverflow)
	total    int32  // pages in all of the above (RefillCountsAll)
}

// init gives the napi part its first chunk, as the kernel does when it creates an
// interface queue.
func (c *pageCache) init(slots int) {
	*c = pageCache{freeList: noChunk, any: noChunk, spare: noChunk, anyCount: -1, slots: int32(slots), overflow: NoPage}
	c.napi = c.take()
	c.chunks[c.napi].next = noChunk
}

// take returns a chunk with undefined content. In steady state it comes from the
// free list.
func (c *pageCache) take() int32 {
	if i := c.freeList; i != noChunk {
		c.freeList = c.chunks[i].next
		c.chunks[i].free = false
		c.freeCount--
		return i
	}
	c.chunks = append(c.chunks, chunk{})
	i := int32(len(c.chunks) - 1)
	c.poison(i)
	return i
}

// alloc is kmalloc: take, unless the fault injection says no.
func (c *pageCache) alloc(m *Module) int32 {
	if m.Faults.ChunkAlloc.hit() {
		return noChunk
	}
	return c.take()
}

// release is kfree: nothing happens to noChunk.
func (c *pageCache) release(i int32) {
	if i == noChunk {
		return
	}
	c.chunks[i].free = true
	c.freeCount++
	c.chunks[i].next = c.freeList
	c.freeList = i
}

// putNapi is __netgpu_put_page_napi: page comes from place from, in softirq.
func (c *pageCache) putNapi(m *Module, page PageID, from Place) {
	c.total++
	if uint32(c.napiCount) < uint32(c.slots) {
		c.chunks[c.napi].slot[c.napiCount] = page
		c.napiCount++
		m.move(page, from, NapiCache, Misplaced)
		return
	}
	front := c.spare
	if front != noChunk {
		c.spare = noChunk
		if m.repaired(SpareNext) {
			c.chunks[front].next = c.napi
		}
	} else {
		front = c.alloc(m)
		if front == noChunk {
			c.overflowed(m, page, from)
			return
		}
		c.chunks[front].next = c.napi
	}
	c.chunks[front].slot[0] = page
	behind := c.napi
	c.napi, c.napiCount = front, 1
	m.move(page, from, NapiCache, Misplaced)
	if c.chunks[front].next != behind {
		c.unlinked(m, behind)
	}
}

// putAny is netgpu_put_page_any: page comes from place from, in any context,
// under the cache's lock.
func (c *pageCache) putAny(m *Module, page PageID, from Place) {
	c.total++
	if uint32(c.anyCount) < uint32(c.slots) {
		c.chunks[c.any].slot[c.anyCount] = page
		c.anyCount++
		m.move(page, from, AnyCache, Misplaced)
		return
	}
	front := c.alloc(m)
	if front == noChunk {
		c.overflowed(m, page, from)
		return
	}
	c.chunks[front].next = c.any
	c.chunks[front].slot[0] = page
	c.any, c.anyCount = front, 1
	m.move(page, from, AnyCache, Misplaced)
}

// overflowed is a put whose chunk could not be allocated: the page is lost, unless
// there is the list that needs none.
func (c *pageCache) overflowed(m *Module, page PageID, from Place) {
	if m.repaired(CacheOverflow) {
		m.pages[page].next = c.overflow
		c.overflow = page
		m.move(page, from, AnyCache, Misplaced)
		return
	}
	c.total--
	m.move(page, from, Lost, Misplaced)
	if v := m.violate(ChunkAllocFailed, page); v != nil {
		v.What = fmt.Sprintf("no memory for a chunk to put page %d in; the page is lost", page)
	}
}

// get is netgpu_get_cached_page: it takes a page out of the cache, in softirq, and
// leaves it in the driver's hands. NoPage if nothing is cached.
func (c *pageCache) get(m *Module) PageID {
	if c.napiCount == 0 && !c.turn(m) {
		return c.takeOverflow(m)
	}
	c.napiCount--
	c.total--
	page := c.chunks[c.napi].slot[c.napiCount]
	m.move(page, NapiCache, Driver, StaleSlot)
	return page
}

// takeOverflow takes from the list that needs no chunks. NoPage if it is empty.
func (c *pageCache) takeOverflow(m *Module) PageID {
	page := c.overflow
	if page != NoPage {
		c.overflow = m.pages[page].next
		c.total--
		m.move(page, AnyCache, Driver, Misplaced)
	}
	return page
}

// turn finds the next chunk when the first one of the napi part is empty: the one
// behind it, else the any part's, else none.
func (c *pageCache) turn(m *Module) bool {
	if next := c.chunks[c.napi].next; next != noChunk {
		c.release(c.spare)
		c.spare = c.napi
		c.napi, c.napiCount = next, c.slots
		return true
	}
	if c.anyCount <= 0 { // the kernel reads it without the lock: a put may be missed until next time
		return false
	}
	empty := c.napi
	c.napi, c.napiCount = c.any, c.anyCount
	c.any, c.anyCount = empty, 0
	c.relabel(m, c.napi, c.napiCount)
	return true
}

// discard is netgpu_free_cache: it frees the spare and the chunks of both lists.
// The pages in them keep only their base references. A chunk that has come to be in
// both lists is freed twice; the walk ends there, as its next is no longer its own.
func (c *pageCache) discard(m *Module) {
	c.release(c.spare)
	for _, i := range [...]int32{c.napi, c.any} {
		for i != noChunk {
			if c.chunks[i].free {
				if v := m.violate(ChunkFreedTwice, NoPage); v != nil {
					v.What = "closing a queue freed a chunk of its page cache twice: it was in both lists"
				}
				break
			}
			next := c.chunks[i].next
			c.release(i)
			i = next
		}
	}
}

// relabel tells the ledger that a list of chunks now belongs to the napi part. n
// is the number of pages in the first chunk. The bound on the walk is for a list
// that has become a circle.
func (c *pageCache) relabel(m *Module, i, n int32) {
	for range c.chunks {
		for _, page := range c.chunks[i].slot[:n] {
			if m.Place(page) == AnyCache {
				m.move(page, AnyCache, NapiCache, Misplaced)
			}
		}
		i, n = c.chunks[i].next, c.slots
		if i == noChunk {
			return
		}
	}
}

// unlinked records what is lost when the full napi list that starts at chunk i
// has been replaced by one that does not lead to it.
func (c *pageCache) unlinked(m *Module, i int32) {
	for _, reached := range [...]int32{c.napi, c.any} {
		for reached != noChunk && !c.chunks[reached].mark {
			c.chunks[reached].mark = true
			reached = c.chunks[reached].next
		}
	}
	var first, lost = NoPage, 0
	for i != noChunk && !c.chunks[i].mark {
		c.chunks[i].mark = true
		for _, page := range c.chunks[i].slot[:c.slots] {
			if m.Place(page) == NapiCache {
				m.move(page, NapiCache, Lost, Misplaced)
				if first == NoPage {
					first = page
				}
				lost++
			}
		}
		i = c.chunks[i].next
	}
	for k := range c.chunks {
		c.chunks[k].mark = false
	}
	if v := m.violate(StaleNext, first); v != nil {
		v.What = fmt.Sprintf("a spare chunk with a stale next replaced the napi list: %d pages lost", lost)
	}
}
