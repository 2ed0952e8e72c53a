package pcie

import "netgpusim/sim"

// rootComplex is the way from a root port into host memory.
type rootComplex struct {
	mmio sim.Time // a core's store or load until it reaches the first link

	translates bool
	page       int64
	iotlb      pageCache
	walk, line sim.Time
	walkers    int
	walking    int
	walks      []walk // that wait for a walker

	inbox [ports][]waiting // requests that have arrived, by port, oldest first

	slots, reading int // reads served at once; no slots: no limit
	queued         queue

	addresses    addresses
	llcMiss      sim.Time
	numa, memory [2]pacer
}

// waiting is a request that has arrived at the root complex.
type waiting struct {
	tlp        int32
	known      bool // translated
	committing bool // a write on its way into memory
}

// walk is a page that has to be walked for, and the bytes that the TLP which needs it reads.
type walk struct{ page, bytes int64 }

// pageCache is a TLB and the pages that are on their way into it.
type pageCache struct {
	tlb     tlb
	pending []int64
}

func newPageCache(entries int) pageCache { return pageCache{tlb: newTLB(entries)} }

// find says whether a page is there, or else whether it has been asked for.
func (c *pageCache) find(page int64) (known, asked bool) {
	if c.tlb.find(page) {
		return true, true
	}
	for _, p := range c.pending {
		asked = asked || p == page
	}
	return false, asked
}

func (c *pageCache) expect(page int64) { c.pending = append(c.pending, page) }

// arrived moves a page from those asked for into the TLB.
func (c *pageCache) arrived(page int64) {
	c.tlb.insert(page)
	for i, p := range c.pending {
		if p == page {
			c.pending = append(c.pending[:i], c.pending[i+1:]...)
			return
		}
	}
}

func newRootComplex(s *Spec, mmio sim.Time) rootComplex {
	r := rootComplex{
		mmio: mmio, translates: s.IOMMU, page: int64(s.IOMMUPage), walk: s.IOMMUWalk, line: s.IOMMULine, walkers: s.IOMMUWalkers,
		slots: s.HostReads, addresses: newAddresses(s), llcMiss: s.LLCMiss,
	}
	if s.IOMMU {
		r.iotlb = newPageCache(s.IOTLBEntries)
	}
	for i := range r.memory {
		r.memory[i].pace = s.MemoryLimit.Pace()
		if s.RemoteMemory {
			r.numa[i].pace = s.NUMALimit.Pace()
		}
	}
	return r
}

// reachRoot is the arrival of a request for host memory. The IOMMU translates the
// addresses of devices that do not ask for translations themselves.
func (x *Exact) reachRoot(now sim.Time, tlp int32) {
	p := &x.tlps[tlp]
	port := p.held / 2
	known := !x.root.translates || x.requesters[p.from].asks && !p.translate || p.interrupt
	if !known {
		page := p.address / x.root.page
		var asked bool
		if known, asked = x.root.iotlb.find(page); !known && !asked {
			x.root.iotlb.expect(page)
			x.root.walks = append(x.root.walks, walk{page, p.readsHost()})
			x.startWalks(now)
		}
	}
	x.root.inbox[port] = append(x.root.inbox[port], waiting{tlp: tlp, known: known})
	x.drain(now, port)
}

// startWalks gives waiting pages to idle walkers.
func (x *Exact) startWalks(now sim.Time) {
	r := &x.root
	for len(r.walks) > 0 && r.walking < r.walkers {
		next := r.walks[0]
		r.walks = r.walks[:copy(r.walks, r.walks[1:])]
		r.walking++
		x.schedule(now+r.walk, evWalked, 0, uint64(next.page))
		x.schedule(now+r.walk+replay(r.line, next.bytes), evWalkerFree, 0, 0)
	}
}

// walked is the end of a page walk.
func (x *Exact) walked(now sim.Time, page int64) {
	r := &x.root
	r.iotlb.arrived(page)
	for port := range r.inbox {
		for i := range r.inbox[port] {
			w := &r.inbox[port][i]
			w.known = w.known || x.tlps[w.tlp].address/r.page == page
		}
		x.drain(now, port)
	}
}

// walkerFree is a walker's having done with a walk and what needed it.
func (x *Exact) walkerFree(now sim.Time) {
	x.root.walking--
	x.startWalks(now)
}

// drain takes the requests of a port that may go: translated, and with no write
// before them that they may not pass.
func (x *Exact) drain(now sim.Time, port int) {
	r := &x.root
	kept := r.inbox[port][:0]
	for _, w := range r.inbox[port] {
		p := &x.tlps[w.tlp]
		switch {
		case !w.known || w.committing || x.held(p, kept):
			kept = append(kept, w)
		case p.class == Posted:
			at := r.numa[writing].receive(now, p.data)
			if !p.interrupt && r.addresses.misses(p.address) {
				at = r.memory[writing].receive(at, p.data)
			}
			w.committing = true
			kept = append(kept, w)
			x.schedule(at, evSunk, int(w.tlp), 0)
		default:
			x.serve(now, w.tlp)
		}
	}
	r.inbox[port] = kept
}

// held says whether a request has to wait for one of those before it.
func (x *Exact) held(p *packet, before []waiting) bool {
	for _, w := range before {
		if b := &x.tlps[w.tlp]; b.class == Posted && !mayPass(p, b) {
			return true
		}
	}
	return false
}

// committed is a write's arrival in memory: what waited for it may go on.
func (x *Exact) committed(now sim.Time, tlp int32, port int) {
	inbox := x.root.inbox[port]
	for i, w := range inbox {
		if w.tlp == tlp {
			x.root.inbox[port] = append(inbox[:i], inbox[i+1:]...)
			break
		}
	}
	x.drain(now, port)
}

// serve begins a read, or makes it wait for one of the root complex's places.
func (x *Exact) serve(now sim.Time, tlp int32) {
	r := &x.root
	p := &x.tlps[tlp]
	if p.translate {
		x.leave(now, p.held, NonPosted, p.place)
		x.answer(now, tlp)
		return
	}
	if r.slots > 0 && r.reading == r.slots {
		r.queued.push(tlp)
		return
	}
	r.reading++
	x.leave(now, p.held, NonPosted, p.place)
	service := x.sinks[AtHost].service
	if r.addresses.misses(p.address) {
		service += r.llcMiss
	}
	x.schedule(now+service, evServed, int(tlp), 0)
}

// supply is when the data of a read leave memory.
func (r *rootComplex) supply(now sim.Time, p *packet) sim.Time {
	if r.addresses.misses(p.address) {
		now = r.memory[reading].supply(now, p.asked)
	}
	return r.numa[reading].supply(now, p.asked)
}

// readDone frees a place for the read that has waited longest.
func (x *Exact) readDone(now sim.Time) {
	x.root.reading--
	if x.root.queued.n > 0 {
		x.serve(now, x.root.queued.pop())
	}
}
