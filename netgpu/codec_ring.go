package netgpu

// queue writes or reads an interface queue: the fill ring and the page cache.
func (c *Codec) queue(i int, q *IfQueue) {
	if c.Lifetimes && !c.open(i, q) {
		return
	}
	base := codeIndices(c, FillQueue, q.fill, &q.producer, &q.consumer, 0)
	n := uint32(c.count(int(min(q.producer.cachedProd-base, q.fill.Entries()))))
	for k := range n {
		c.address(q.fill.Slot(base+k), FillRing, false)
	}
	if c.reading {
		for k := n; k < q.fill.Entries(); k++ {
			*q.fill.Slot(base + k) = poisonAddress
		}
	}
	c.cache(&q.cache)
}

// socket writes or reads the rings of a socket and what its sends wait for.
func (c *Codec) socket(s *Socket) {
	flags := uint8(0)
	if s.stopped {
		flags |= 1
	}
	if s.failed {
		flags |= 2
	}
	c.Byte(&flags)
	s.stopped, s.failed = flags&1 != 0, flags&2 != 0
	c.Uint(&s.unread)
	base := codeIndices(c, RxQueue, s.rx, &s.producer, &s.consumer, s.unread)
	first := base - s.unread // slots of a batch are read after the consumer has gone over them
	if c.reading {
		s.next = first
	}
	n := uint32(c.count(int(min(s.producer.cachedProd-first, s.rx.Entries()))))
	for k := range n {
		c.address(&s.rx.Slot(first+k).Base, RxRing, true)
	}
	if c.reading {
		for k := n; k < s.rx.Entries(); k++ {
			s.rx.Slot(first + k).Base = poisonAddress
		}
	}
	c.completion(s)
}

// completion writes or reads the completion ring. Without TxCompletion nothing is
// ever in it.
func (c *Codec) completion(s *Socket) {
	if !s.module.repaired(TxCompletion) {
		return
	}
	q := &s.completion
	base := codeIndices(c, CompletionQueue, s.completions, &q.producer, &q.consumer, 0)
	n := uint32(c.count(int(min(q.producer.cachedProd-base, s.completions.Entries()))))
	for k := range n {
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
// consumer stands, and returns where that is. unread are slots that the consumer has
// gone over but not read.
func codeIndices[T any](c *Codec, kind RingKind, r *Ring[T], p *Producer[T], k *Consumer[T], unread uint32) uint32 {
	if c.reading {
		k.cachedCons = CodecIndex
	}
	base := k.cachedCons
	prod, cons := r.Shared()
	known := k.cachedProd - base     // entries that the consumer knows of
	published := prod - base         // entries published
	written := p.cachedProd - base   // entries written
	unpublished := base - cons       // slots gone over and not given back
	unnoticed := base - p.cachedCons // slots that the producer takes for used
	packed := known | published<<2 | written<<4
	if !c.reading {
		n := r.Entries()
		if known > published || published > written || written+unnoticed > n || written+unread > n || unpublished > unnoticed {
			c.overrun = kind
		}
		if max(known, published, written) < 4 && max(unpublished, unnoticed) < 8 {
			c.put(uint8(packed))
			c.put(uint8(unpublished | unnoticed<<3))
			return base
		}
		c.put(codeRepeated)
	} else if b := c.get(); b&codeRepeated == 0 {
		k.cachedProd = base + uint32(b&3)
		r.StoreProd(base + uint32(b>>2&3))
		p.cachedProd = base + uint32(b>>4&3)
		b = c.get()
		r.StoreCons(base - uint32(b&7))
		p.cachedCons = base - uint32(b>>3)
		return base
	}
	for _, v := range [...]*uint32{&known, &published, &written, &unpublished, &unnoticed} {
		c.Uint(v)
	}
	if c.reading {
		k.cachedProd, p.cachedProd, p.cachedCons = base+known, base+written, base-unnoticed
		r.StoreProd(base + published)
		r.StoreCons(base - unpublished)
	}
	return base
}

// cache writes or reads a page cache. Chunks get numbers in the order in which they
// are met: those of the napi part, those of the any part, the spare.
func (c *Codec) cache(p *pageCache) {
	if c.reading {
		c.readCache(p)
		return
	}
	c.chunks = append(c.chunks[:0], make([]uint8, len(p.chunks))...)
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
	c.put(uint8(n))
	for id := p.overflow; id != NoPage; id = c.module.pages[id].next {
		c.writePage(id, AnyCache, false)
	}
}

// writeChunks writes a list of chunks, n pages in the first of them, and returns how
// many chunks have numbers now.
func (c *Codec) writeChunks(p *pageCache, i, n int32, at Place, named uint8) uint8 {
	for ; i != noChunk && c.chunks[i] == 0; i, n = p.chunks[i].next, p.slots {
		named++
		c.chunks[i] = named
		c.put(1)
		for k := range max(n, 0) {
			id := p.chunks[i].slot[k]
			if id == NoPage {
				c.put(codePoison)
				continue
			}
			c.writePage(id, at, false)
		}
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
		for k := range max(n, 0) {
			if c.buf[c.at] == codePoison {
				c.at++
				continue
			}
			c.Page(&p.chunks[i].slot[k], at, false)
			p.total++
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
	p.freeList = noChunk
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
