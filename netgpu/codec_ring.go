package netgpu

// queue writes or reads an interface queue: the fill ring and the page cache.
func (c *Codec) queue(i int, q *IfQueue) {
	if c.Lifetimes && !c.open(i, q) {
		return
	}
	base := codeIndices(c, FillQueue, q.fill, &q.producer, &q.consumer, 0)
	n := min(q.producer.cachedProd-base, q.fill.Entries())
	list := c.ring(n)
	if !c.reading {
		for k := range list {
			list[k] = c.entry(*q.fill.Slot(base + uint32(k)))
		}
	}
	c.Pages(list, FillRing, false)
	if c.reading {
		for k, id := range list {
			*q.fill.Slot(base + uint32(k)) = c.value(id)
		}
		for k := n; k < q.fill.Entries(); k++ {
			*q.fill.Slot(base + k) = poisonAddress
		}
	}
	c.cache(&q.cache)
}

// ring returns scratch for n entries of a ring.
func (c *Codec) ring(n uint32) []PageID {
	if int(n) > len(c.entries) {
		c.entries = make([]PageID, n)
	}
	return c.entries[:n]
}

// Flags of a socket in a state; above them is the number of unread slots, or manyUnread
// and the number behind it.
const (
	socketStopped = 1 << iota
	socketFailed
	socketCompleting // something is to say of the completion ring
	unreadShift      = 3
	manyUnread       = 255 >> unreadShift
)

// socket writes or reads the rings of a socket and what its sends wait for.
func (c *Codec) socket(s *Socket) {
	flags := c.socketFlags(s)
	base := codeIndices(c, RxQueue, s.rx, &s.producer, &s.consumer, s.unread)
	first := base - s.unread // slots of a batch are read after the consumer has gone over them
	if c.reading {
		s.next = first
	}
	if !c.reading && s.unread > 0 && s.next != first {
		c.fault().Overrun = RxQueue
	}
	n := min(s.producer.cachedProd-first, s.rx.Entries())
	list := c.ring(n)
	if !c.reading {
		for k := range list {
			list[k] = c.entry(s.rx.Slot(first + uint32(k)).Base)
		}
	}
	c.Pages(list, RxRing, true)
	if c.reading {
		for k, id := range list {
			s.rx.Slot(first + uint32(k)).Base = c.value(id)
		}
		for k := n; k < s.rx.Entries(); k++ {
			s.rx.Slot(first + k).Base = poisonAddress
		}
	}
	switch {
	case flags&socketCompleting != 0:
		c.completion(s)
	case c.reading && !s.completion.idle(s.completions):
		s.completion.reset(s.completions)
	}
}

func (c *Codec) socketFlags(s *Socket) uint8 {
	flags := uint8(min(s.unread, manyUnread)) << unreadShift
	if s.stopped {
		flags |= socketStopped
	}
	if s.failed {
		flags |= socketFailed
	}
	if !c.reading && !s.completion.idle(s.completions) {
		flags |= socketCompleting
	}
	c.Byte(&flags)
	if c.reading {
		s.stopped, s.failed = flags&socketStopped != 0, flags&socketFailed != 0
		s.unread = uint32(flags >> unreadShift)
	}
	if flags>>unreadShift == manyUnread {
		c.Uint(&s.unread)
	}
	return flags
}

// idle says whether nothing is in the completion ring or on its way there, and all
// know that.
func (q *completionQueue) idle(r *Ring[uint64]) bool {
	prod, cons := r.Shared()
	p, k := &q.producer, &q.consumer
	return len(q.sends) == 0 && prod == cons && p.cachedProd == prod && p.cachedCons == prod &&
		k.cachedProd == prod && k.cachedCons == prod
}

// reset makes it so.
func (q *completionQueue) reset(r *Ring[uint64]) {
	q.sends = q.sends[:0]
	r.StoreProd(CodecIndex)
	r.StoreCons(CodecIndex)
	q.producer.cachedProd, q.producer.cachedCons = CodecIndex, CodecIndex
	q.consumer.cachedProd, q.consumer.cachedCons = CodecIndex, CodecIndex
}

// completion writes or reads the completion ring.
func (c *Codec) completion(s *Socket) {
	q := &s.completion
	base := codeIndices(c, CompletionQueue, s.completions, &q.producer, &q.consumer, 0)
	for k := range min(q.producer.cachedProd-base, s.completions.Entries()) {
		token := uint32(*s.completions.Slot(base + k))
		c.Uint(&token)
		*s.completions.Slot(base + k) = uint64(token)
	}
	sends := c.count(len(q.sends))
	if c.reading {
		q.sends = q.sends[:0]
		for range sends {
			q.sends = append(q.sends, send{})
		}
	}
	for i := range q.sends {
		token := uint32(q.sends[i].token)
		c.Uint(&token)
		q.sends[i].token = uint64(token)
		c.Uint(&q.sends[i].fragments)
		c.Bool(&q.sends[i].open)
	}
}

// codeIndices writes or reads the six indices of a ring, relative to where the
// consumer stands, and returns where that is: in three bytes if all are small, as they
// are in small rings that nobody has spoilt. unread are slots that the consumer has
// gone over but not read.
func codeIndices[T any](c *Codec, kind RingKind, r *Ring[T], p *Producer[T], k *Consumer[T], unread uint32) uint32 {
	if c.reading {
		readIndices(c, r, p, k)
		return CodecIndex
	}
	base := k.cachedCons
	prod, cons := r.Shared()
	known := k.cachedProd - base     // entries that the consumer knows of
	published := prod - base         // entries published
	written := p.cachedProd - base   // entries written
	unpublished := base - cons       // slots gone over and not given back
	unnoticed := base - p.cachedCons // slots that the producer takes for used
	n := r.Entries()
	if known > published || published > written || written+unnoticed > n || written+unread > n || unpublished > unnoticed {
		c.fault().Overrun = kind
	}
	if known|published|written|unpublished|unnoticed < 16 {
		b := c.buf[c.at : c.at+3]
		b[0], b[1], b[2] = uint8(unnoticed), uint8(known|published<<4), uint8(written|unpublished<<4)
		c.at += 3
		return base
	}
	c.put(largeIndices)
	for _, v := range [...]uint32{known, published, written, unpublished, unnoticed} {
		c.Uint(&v)
	}
	return base
}

// largeIndices is what five numbers follow instead of three bytes.
const largeIndices = 0xff

func readIndices[T any](c *Codec, r *Ring[T], p *Producer[T], k *Consumer[T]) {
	var known, published, written, unpublished, unnoticed uint32
	if b := c.buf[c.at : c.at+3]; b[0] != largeIndices {
		x, y := uint32(b[1]), uint32(b[2])
		known, published, written, unpublished, unnoticed = x&15, x>>4, y&15, y>>4, uint32(b[0])
		c.at += 3
	} else {
		c.at++
		for _, v := range [...]*uint32{&known, &published, &written, &unpublished, &unnoticed} {
			c.Uint(v)
		}
	}
	k.cachedCons, k.cachedProd = CodecIndex, CodecIndex+known
	p.cachedProd, p.cachedCons = CodecIndex+written, CodecIndex-unnoticed
	// An atomic store costs more than looking whether it is needed.
	prod, cons := r.Shared()
	if at := CodecIndex + published; prod != at {
		r.StoreProd(at)
	}
	if at := CodecIndex - unpublished; cons != at {
		r.StoreCons(at)
	}
}

// cache writes or reads a page cache. Chunks get numbers in the order in which they
// are met: those of the napi part, those of the any part, the spare.
func (c *Codec) cache(p *pageCache) {
	if c.reading {
		c.readCache(p)
		return
	}
	c.chunks = append(c.chunks[:0], make([]uint8, len(p.chunks))...)
	c.cached = 0
	c.put(uint8(p.napiCount))
	named := c.writeChunks(p, p.napi, p.napiCount, NapiCache, 0)
	c.put(uint8(p.anyCount))
	named = c.writeChunks(p, p.any, p.anyCount, AnyCache, named)
	switch {
	case p.spare == noChunk:
		c.put(0)
	case p.chunks[p.spare].next == noChunk || c.module.repaired(SpareNext):
		c.put(1)
	default:
		c.put(2 + c.chunks[p.chunks[p.spare].next]) // 2: a chunk that has been freed
	}
	n := 0
	for id := p.overflow; id != NoPage; id = c.module.pages[id].next {
		n++
	}
	c.cached += n
	c.addUp(p, named)
	c.put(uint8(n))
	for id := p.overflow; id != NoPage; id = c.module.pages[id].next {
		c.writePage(id, AnyCache, false)
	}
}

// addUp notes what is wrong with the chunks of a cache that has been walked: every
// chunk is in one of the two lists, the spare, or free.
func (c *Codec) addUp(p *pageCache, named uint8) {
	if int(p.total) != c.cached && c.module.repaired(RefillCountsAll) {
		c.fault().Cache = "the page cache counts other pages than it has"
	}
	inUse := named
	if p.spare != noChunk {
		inUse++
		if c.chunks[p.spare] != 0 {
			c.fault().Cache = "a chunk of the page cache is in a list and the spare"
		}
	}
	if int(inUse)+int(p.freeCount) != len(p.chunks) {
		c.fault().Cache = "the chunks of the page cache that are in use and those that are free are not all there are"
	}
}

// writeChunks writes a list of chunks, n pages in the first of them, and returns how
// many chunks have numbers now.
func (c *Codec) writeChunks(p *pageCache, i, n int32, at Place, named uint8) uint8 {
	for ; i != noChunk && c.chunks[i] == 0; i, n = p.chunks[i].next, p.slots {
		named++
		c.chunks[i] = named
		c.put(1)
		slots := p.chunks[i].slot[:max(n, 0)]
		c.cached += len(slots)
		c.writePages(slots, at, false)
	}
	if i != noChunk { // the list runs into another, or into itself
		c.put(2 + c.chunks[i])
		return named
	}
	c.put(0)
	return named
}

func (c *Codec) readCache(p *pageCache) {
	used := int32(0)
	p.total = 0
	p.napiCount = int32(int8(c.get()))
	p.napi = c.readChunks(p, p.napiCount, NapiCache, &used)
	p.anyCount = int32(int8(c.get()))
	p.any = c.readChunks(p, p.anyCount, AnyCache, &used)
	b := c.get()
	p.spare = noChunk
	if b > 0 {
		p.spare = p.fresh(&used)
	}
	p.freeRest(used)
	if b == 1 {
		p.chunks[p.spare].next = noChunk
	} else if b == 2 {
		p.chunks[p.spare].next = p.freed()
	} else if b > 2 {
		p.chunks[p.spare].next = int32(b) - 3
	}
	n := int(c.get())
	p.overflow = NoPage
	tail := &p.overflow
	for range n {
		c.Page(tail, AnyCache, false)
		p.total++
		tail = &c.module.pages[*tail].next
		*tail = NoPage
	}
}

// readChunks reads a list of chunks and returns its first.
func (c *Codec) readChunks(p *pageCache, n int32, at Place, used *int32) int32 {
	first, last := noChunk, noChunk
	for {
		b := c.get()
		if b != 1 {
			if b > 1 && last != noChunk {
				p.chunks[last].next = int32(b) - 3
			} else if b > 1 {
				first = int32(b) - 3
			}
			return first
		}
		i := p.fresh(used)
		p.chunks[i].next = noChunk
		if last == noChunk {
			first = i
		} else {
			p.chunks[last].next = i
		}
		last = i
		slots := p.chunks[i].slot[:max(n, 0)]
		c.readPages(slots, at, false)
		for _, id := range slots {
			if id != NoPage {
				p.total++
			}
		}
		n = p.slots
	}
}

// fresh returns the next chunk of the first *used, with poison in it.
func (p *pageCache) fresh(used *int32) int32 {
	i := *used
	*used++
	if int(i) == len(p.chunks) {
		p.chunks = append(p.chunks, chunk{})
	}
	p.chunks[i].free = false
	p.poison(i)
	return i
}

func (p *pageCache) poison(i int32) {
	slot := p.chunks[i].slot[:p.slots]
	for k := range slot {
		slot[k] = NoPage
	}
}

// freeRest frees the chunks from number used on.
func (p *pageCache) freeRest(used int32) {
	p.freeList, p.freeCount = noChunk, 0
	for i := int32(len(p.chunks)) - 1; i >= used; i-- {
		p.poison(i)
		p.release(i)
	}
}

// freed returns a chunk that has been freed.
func (p *pageCache) freed() int32 {
	if p.freeList == noChunk {
		p.chunks = append(p.chunks, chunk{})
		i := int32(len(p.chunks) - 1)
		p.poison(i)
		p.release(i)
	}
	return p.freeList
}
