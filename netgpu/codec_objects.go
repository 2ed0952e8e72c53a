package netgpu

import "slices"

// roster is the objects of a Module that a Codec knows, in an order that stays.
type roster struct {
	processes []*Process
	accounts  []*Account
	files     []*file // every file that a descriptor or an area names
	contexts  []*Context
	areas     []*area
	regions   []*region // by first page
	queues    []*IfQueue
	sockets   []*Socket
	devices   []*Device

	descriptors [][]*file      // by process
	mappings    [][]mapping    // by process
	pageMaps    [][]attachment // by context
	maps        [][]dmaMap     // by region
	firstRegion PageID         // pages below are in the first region
	tomb        *IfQueue       // what stands for a closed queue that pages may come back to
}

// callRoster lists what exists.
func callRoster(m *Module, processes []*Process) roster {
	r := roster{processes: processes, devices: m.devices, regions: slices.Clone(m.regions),
		tomb: &IfQueue{closed: true}}
	r.firstRegion = oddPages
	if len(r.regions) > 1 {
		r.firstRegion = r.regions[1].first
	}
	for _, g := range r.regions {
		r.maps = append(r.maps, slices.Clone(g.maps))
	}
	add := func(f *file) {
		if f == nil || slices.Contains(r.files, f) {
			return
		}
		r.files = append(r.files, f)
		switch f.kind {
		case contextFile:
			r.contexts = append(r.contexts, f.context)
			if f.context.own != nil {
				r.areas = append(r.areas, f.context.own)
			}
			r.pageMaps = append(r.pageMaps, slices.Clone(f.context.pageMap))
		case memoryFile:
			r.areas = append(r.areas, f.area)
		case queueFile:
			r.queues = append(r.queues, f.queue)
		case socketFile:
			r.sockets = append(r.sockets, f.socket)
		}
	}
	for _, p := range processes {
		r.descriptors = append(r.descriptors, slices.Clone(p.files))
		r.mappings = append(r.mappings, slices.Clone(p.mappings))
		if !slices.Contains(r.accounts, p.account) {
			r.accounts = append(r.accounts, p.account)
		}
		for _, f := range p.files {
			add(f)
		}
	}
	return r
}

// room bounds the bytes of a state: what the objects take, what can be said of each
// entry of a ring, and of each page in every list that it may be in.
func (r *roster) room(pages int) int {
	n := 512 + 64*(len(r.files)+len(r.regions)) + 64*pages
	for _, q := range r.queues {
		n += 16 * int(q.fill.Entries())
	}
	for _, s := range r.sockets {
		if s.attached() {
			n += 16 * int(s.rx.Entries()+s.completions.Entries())
		}
	}
	return n
}

func (r *roster) regionOf(id PageID) int {
	for i := len(r.regions) - 1; i > 0; i-- {
		if id >= r.regions[i].first {
			return i
		}
	}
	return 0
}

// pageAt returns the page that starts at an address, NoPage if none does.
func (r *roster) pageAt(va uint64) PageID {
	if va&pageMask != 0 {
		return NoPage
	}
	for _, g := range r.regions {
		if n := (va - g.start) >> PageShift; n < uint64(g.pages) {
			return g.first + PageID(n)
		}
	}
	return NoPage
}

// address is where a page starts.
func (r *roster) address(id PageID) uint64 {
	g := r.regions[r.regionOf(id)]
	return g.start + uint64(id-g.first)<<PageShift
}

// small writes or reads a number below 256 of whatever type it is kept in.
func small[T ~int | ~int32 | ~int64 | ~uint32](c *Codec, v *T) {
	b := uint8(*v)
	c.Byte(&b)
	*v = T(b)
}

// members writes or reads which of all are in a list, and gives the list back in the
// order of all.
func members[T comparable](c *Codec, list *[]T, all []T) {
	var mask uint8
	for i, x := range all {
		if slices.Contains(*list, x) {
			mask |= 1 << i
		}
	}
	c.Byte(&mask)
	if !c.reading {
		return
	}
	*list = (*list)[:0]
	for i, x := range all {
		if mask>>i&1 != 0 {
			*list = append(*list, x)
		}
	}
}

// kept is members for values: those that were in the list at first, in their order.
func kept[T any](c *Codec, list *[]T, all []T, same func(a, b T) bool) {
	var mask uint8
	for i, x := range all {
		if slices.ContainsFunc(*list, func(y T) bool { return same(x, y) }) {
			mask |= 1 << i
		}
	}
	c.Byte(&mask)
	if !c.reading {
		return
	}
	*list = (*list)[:0]
	for i, x := range all {
		if mask>>i&1 != 0 {
			*list = append(*list, x)
		}
	}
}

// Files is the number of files that something refers to: a descriptor, or a context
// that has a region of an area.
func (c *Codec) Files() int {
	n := 0
	for _, f := range c.roster.files {
		if f.refs > 0 {
			n++
		}
	}
	return n
}

// objects writes or reads which objects there are and what refers to what.
func (c *Codec) objects() {
	m, r := c.module, &c.roster
	for i, p := range r.processes {
		for fd := range p.files {
			open := p.files[fd] != nil
			c.Bool(&open)
			p.files[fd] = nil
			if open {
				p.files[fd] = r.descriptors[i][fd]
			}
		}
		kept(c, &p.mappings, r.mappings[i], func(a, b mapping) bool { return a.start == b.start })
	}
	for _, a := range r.accounts {
		small(c, &a.LockedPages)
	}
	for _, f := range r.files {
		small(c, &f.refs)
	}
	for i, x := range r.contexts {
		small(c, &x.refs)
		members(c, &x.queues, r.queues)
		kept(c, &x.pageMap, r.pageMaps[i], func(a, b attachment) bool { return a.region == b.region })
		x.hotSize, x.hotPages = 0, 0 // what it was of has changed
	}
	for _, a := range r.areas {
		members(c, &a.regions, r.regions)
	}
	members(c, &m.regions, r.regions)
	m.hotPages = 0
	for i, g := range r.regions {
		c.Bool(&g.gone)
		members(c, &g.contexts, r.contexts)
		kept(c, &g.maps, r.maps[i], func(a, b dmaMap) bool { return a.device == b.device })
		for k := range g.maps {
			small(c, &g.maps[k].refs)
		}
	}
	for _, s := range r.sockets {
		c.attachment(s)
	}
	members(c, &m.sockets, r.sockets)
	for _, d := range r.devices {
		small(c, &d.sockets)
	}
}

// attachment writes or reads whether a socket is attached, and to which context.
func (c *Codec) attachment(s *Socket) {
	context := uint8(slices.Index(c.roster.contexts, s.context) + 1)
	c.Byte(&context)
	c.Bool(&s.zeroCopy)
	if !c.reading {
		return
	}
	s.context = nil
	if context > 0 {
		s.context = c.roster.contexts[context-1]
	}
}

// States of an interface queue.
const (
	queueOpen   = iota
	queueGone   // nothing is left of it
	queueTombed // pages may come back to it
)

// open writes or reads whether queue i is open.
func (c *Codec) open(i int, q *IfQueue) bool {
	m := c.module
	var state uint8
	switch m.queues[q.id] {
	case q:
	case nil:
		state = queueGone
	default:
		state = queueTombed
	}
	c.Byte(&state)
	if !c.reading {
		return state == queueOpen
	}
	d := c.roster.devices[0]
	for _, x := range c.roster.devices {
		if x == q.context.device {
			d = x
		}
	}
	q.closed = state != queueOpen
	ch := q.queueID - d.channels
	switch state {
	case queueOpen:
		m.queues[q.id], d.queues[ch] = q, q
	case queueGone:
		m.queues[q.id], d.queues[ch] = nil, nil
	default:
		m.queues[q.id], d.queues[ch] = c.roster.tomb, nil
	}
	return !q.closed
}
