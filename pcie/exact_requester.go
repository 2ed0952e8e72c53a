package pcie

import "netgpusim/sim"

// requester is a device's side of its transactions: reads wait for tags, and with
// ATS everything for host memory waits for translations.
type requester struct {
	tags    int // reads that it can have in flight
	used    int
	waiting queue // read requests without a tag, as TLPs in the making

	asks   bool // has a TLB of its own
	ats    pageCache
	chunks []chunk // wait for translations, oldest first
}

// chunk is the part of a transaction that lies on one page.
type chunk struct {
	transaction    int32
	address, bytes int64
	page           int64
	write, known   bool
}

// request is a read request in flight, by its tag.
type request struct {
	from Device
	left int64 // bytes that have not come back
}

// submit begins a transaction. What a core does takes its time to the first link.
func (x *Exact) submit(now sim.Time, i int32) {
	if x.transactions[i].request.From == AtHost {
		x.schedule(now+x.root.mmio, evStored, int(i), 0)
		return
	}
	x.issue(now, i)
}

// issue makes a transaction's TLPs, or has their translations asked for.
func (x *Exact) issue(now sim.Time, i int32) {
	r := &x.transactions[i].request
	q := &x.requesters[r.From]
	if r.Interrupt && q.asks {
		// It stays behind writes that wait.
		q.chunks = append(q.chunks, chunk{transaction: i, bytes: r.Bytes, page: untranslated, write: true, known: true})
		x.release(now, r.From)
		return
	}
	if !q.asks || r.To != AtHost {
		x.emit(now, i, r.Address, r.Bytes)
		return
	}
	address, left := r.Address, r.Bytes
	for {
		n := piece(address, left, int64(x.spec.IOMMUPage))
		page := address / int64(x.spec.IOMMUPage)
		known, asked := q.ats.find(page)
		q.chunks = append(q.chunks, chunk{i, address, n, page, r.Kind == WriteRequest, known})
		if !known && !asked {
			q.ats.expect(page)
			x.enqueue(now, x.newTLP(packet{
				class: NonPosted, kind: ReadRequest, translate: true, from: r.From, to: AtHost,
				address: address, asked: translationBytes, transaction: i,
			}), x.next(node(r.From), noChannel, AtHost), inside)
		}
		address += n
		if left -= n; left <= 0 {
			break
		}
	}
	x.release(now, r.From)
}

// release emits the chunks whose translations are there. A write does not go before
// an older one that waits, unless it has the relaxed-ordering attribute.
func (x *Exact) release(now sim.Time, from Device) {
	q := &x.requesters[from]
	kept, held := q.chunks[:0], false
	for _, c := range q.chunks {
		if !c.known || c.write && held && !x.spec.RelaxedOrdering {
			held = held || c.write
			kept = append(kept, c)
			continue
		}
		x.emit(now, c.transaction, c.address, c.bytes)
	}
	q.chunks = kept
}

// translated is the answer to a translation request.
func (x *Exact) translated(now sim.Time, p packet) {
	q := &x.requesters[p.to]
	page := p.address / int64(x.spec.IOMMUPage)
	q.ats.arrived(page)
	for i := range q.chunks {
		q.chunks[i].known = q.chunks[i].known || q.chunks[i].page == page
	}
	x.release(now, p.to)
}

// emit splits n bytes of a transaction into requests at the boundaries of MPS or
// MRRS; a core's stores and loads at those of a cache line.
func (x *Exact) emit(now sim.Time, i int32, address, n int64) {
	r := x.transactions[i].request
	p := packet{kind: r.Kind, from: r.From, to: r.To, transaction: i, interrupt: r.Interrupt}
	p.relaxed = x.spec.RelaxedOrdering && r.From == AtNIC
	p.byID = x.spec.IDOrdering && r.From != AtHost
	size := int64(x.spec.MaxReadRequest)
	if r.Kind == WriteRequest {
		size = int64(x.spec.MaxPayload)
	}
	if r.From == AtHost {
		size = 1 << storeShift
	}
	for {
		part := piece(address, n, size)
		p.address = address
		switch r.Kind {
		case WriteRequest:
			p.bytes, p.data = part, dataField(address, part)
			x.enqueue(now, x.newTLP(p), x.next(node(r.From), noChannel, r.To), inside)
		default:
			p.class, p.asked = NonPosted, part
			if r.Kind == AtomicRequest {
				p.bytes, p.data = part, part
			}
			x.requesters[r.From].waiting.push(x.newTLP(p))
		}
		address += part
		if n -= part; n <= 0 {
			break
		}
	}
	x.tag(now, r.From)
}

// tag sends the read requests for which there are tags.
func (x *Exact) tag(now sim.Time, from Device) {
	q := &x.requesters[from]
	for q.waiting.n > 0 && q.used < q.tags {
		tlp := q.waiting.pop()
		p := &x.tlps[tlp]
		q.used++
		if len(x.freeTags) == 0 {
			x.freeTags = append(x.freeTags, int32(len(x.requests)))
			x.requests = append(x.requests, request{})
		}
		last := len(x.freeTags) - 1
		p.tag = x.freeTags[last]
		x.freeTags = x.freeTags[:last]
		x.requests[p.tag] = request{from, max(1, p.asked)}
		x.enqueue(now, tlp, x.next(node(from), noChannel, p.to), inside)
	}
}

// left notes that a request TLP has left its requester.
func (x *Exact) left(now sim.Time, p *packet) {
	t := &x.transactions[p.transaction]
	n := p.bytes
	if p.class == NonPosted {
		n = p.asked
	}
	if t.unsent -= max(1, n); t.unsent == 0 {
		t.result.Sent = now
		if about := t.request.About; about != Unnoticed && p.class == Posted {
			x.requester.Sent(about, now)
		}
	}
}

// completed is a completion's arrival at the requester.
func (x *Exact) completed(now sim.Time, tlp int32) {
	p := x.tlps[tlp]
	x.leave(now, p.held, Completion, p.place)
	x.free = append(x.free, tlp)
	if p.translate {
		x.translated(now, p)
		return
	}
	n := max(1, p.bytes)
	r := &x.requests[p.tag]
	if r.left -= n; r.left == 0 {
		x.freeTags = append(x.freeTags, p.tag)
		x.requesters[r.from].used--
		x.tag(now, r.from)
	}
	x.progress(now, p.transaction, n)
}

// progress notes that n bytes of a transaction are done.
func (x *Exact) progress(now sim.Time, i int32, n int64) {
	t := &x.transactions[i]
	write, bytes, about := t.request.Kind == WriteRequest, t.request.Bytes, t.request.About
	t.result.First = min(t.result.First, now)
	t.left -= n
	if t.left == 0 {
		t.result.Last, t.result.Done = now, true
		if write {
			t.result.First = now
		}
		if x.requester != nil {
			x.over = append(x.over, i)
		}
	}
	switch {
	case about == Unnoticed:
	case !write:
		x.requester.Arrived(about, min(n, bytes), now, now)
	case t.left == 0:
		x.requester.Visible(about, now)
	}
}
