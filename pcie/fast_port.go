package pcie

import "netgpusim/sim"

// fastPort is a Port on the fast engine. Writes, stores and interrupts are booked when
// they are asked for. A read is booked, part by part, when it has tags and the credits
// of the next receiver: what is asked for while it waits may go before it, and would
// not if its place had been booked ahead. Tags are given in the order of the reads, and
// those that have tags get credits in the same order.
//
// The completions are booked in the same manner: when the data can leave the target and
// the first credit is there.
type fastPort struct {
	*Tree
	engine    *sim.Engine `snapshot:"ref"`
	id        sim.ActorID
	requester Requester `snapshot:"ref"`

	untagged sim.FIFO[wanted] // reads
	tagged   sim.FIFO[wanted] // parts of reads
	resume   sim.Timer        // when a tag or a credit comes home

	answers [targets]metered
	busy    [targets]sim.Time // until when completions come that are booked
}

// wanted is a read, or a part of one, that is not booked yet.
type wanted struct {
	address int64
	left    int64 // bytes
	about   Notice
	source  Target

	// With tags: when its requests get them, the next of those, and when the writes have
	// left that it may not pass.
	ready  burst
	next   int64
	behind sim.Time
}

func newFastPort(e *sim.Engine, host string, spec *Spec, outstandingReads int, peer TargetSpec) (*fastPort, error) {
	t, err := New(host, spec, outstandingReads, peer)
	if err != nil {
		return nil, err
	}
	p := &fastPort{Tree: t, engine: e}
	p.id = e.Register(host+"/pcie", p)
	p.resume.Init(sim.Event{Actor: p.id, Kind: evResume})
	for i := range p.answers {
		p.answers[i].resume.Init(sim.Event{Actor: p.id, Kind: evAnswers, A: uint32(i)})
	}
	return p, nil
}

// Kinds of the port's events.
const (
	evResume  uint16 = iota
	evAnswers        // A: target
)

// Listen implements Port.
func (p *fastPort) Listen(r Requester) { p.requester = r }

// Handle implements sim.Actor.
func (p *fastPort) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evResume:
		if p.resume.Due(p.engine) {
			p.advance(now)
		}
	case evAnswers:
		if p.answers[ev.A].resume.Due(p.engine) {
			p.answer(now, Target(ev.A))
		}
	}
}

// Write implements Port.
func (p *fastPort) Write(now sim.Time, dst Target, n int64, about Notice) {
	sent, visible := p.Tree.Write(now, dst, n)
	if about != Unnoticed {
		p.requester.Sent(about, sent)
	}
	p.visible(about, visible)
}

// Store implements Port.
func (p *fastPort) Store(now sim.Time, n int64, about Notice) {
	p.visible(about, p.MMIOWrite(now, n))
}

// Interrupt implements Port.
func (p *fastPort) Interrupt(now sim.Time, about Notice) {
	p.visible(about, p.Tree.Interrupt(now))
}

func (p *fastPort) visible(about Notice, at sim.Time) {
	if about != Unnoticed {
		p.requester.Visible(about, at)
	}
}

// Read implements Port.
func (p *fastPort) Read(now sim.Time, src Target, n int64, about Notice) {
	p.clock.tick(now)
	p.untagged.Push(wanted{address: p.address(src, n), left: n, about: about, source: src})
	p.advance(now)
}

// advance gives tags and credits to the reads that wait for them, as far as they go.
func (p *fastPort) advance(now sim.Time) {
	p.book(now)
	for p.untagged.Len() > 0 && p.tags.next(now) <= now {
		p.tag(now)
		p.book(now)
	}
	at := sim.Never
	if p.tagged.Len() > 0 {
		at = p.creditAt(now)
	}
	if p.untagged.Len() > 0 {
		at = min(at, p.tags.next(now))
	}
	p.resume.Set(p.engine, at)
}

// loneShare is the part of the tags that a read may get in one go which has to wait for
// some of them and has no company, 1/4.
const loneShare = 4

// tag gives tags to as much as may be booked in one go of the read that has waited
// longest: those that are free, or a few that will be soon.
func (p *fastPort) tag(now sim.Time) {
	w := p.untagged.Front()
	few := p.tags.burstMax()
	if p.untagged.Len() == 1 && p.alone(now, w.source, 0) {
		few = max(few, p.tags.limit/loneShare)
	}
	part := min(w.left, p.tags.most(few)<<p.requestShift)
	if p.memory.reads != nil {
		part = min(part, p.readBurst)
	}
	part = p.onPage(w.source, w.address, part)
	requests, _ := split(dataBytes(part), p.requestShift)
	tagged := *w
	tagged.left, tagged.ready, tagged.behind = part, newBurst(requests, now), p.nic.up.posted.until(now)
	p.tags.admit(&tagged.ready, now)
	p.tagged.Push(tagged)
	w.address += part
	if w.left -= part; w.left <= 0 {
		p.untagged.Pop()
	}
}

// creditAt is when the next request with a tag finds a credit.
func (p *fastPort) creditAt(now sim.Time) sim.Time {
	if credits := p.nic.credits[0].nonPosted; credits != nil {
		return credits.next(now)
	}
	return now
}

// book books the parts with tags for which there are credits.
func (p *fastPort) book(now sim.Time) {
	for p.tagged.Len() > 0 && p.creditAt(now) <= now {
		w := p.tagged.Front()
		part := w.left
		if credits := p.nic.credits[0].nonPosted; credits != nil {
			part = min(part, credits.most(credits.burstMax())<<p.requestShift)
		}
		requests, asked := split(dataBytes(part), p.requestShift)
		b := w.ready.part(w.next, requests)
		since, behind := b.came(), w.behind
		b.after(now)
		if known := p.ask(b.first, w.source, p.memory.at(w.address).page, false); known > b.first {
			// Translated only then: the writes before it are other ones.
			b.after(known)
			since, behind = b.came(), p.nic.up.posted.until(known)
		}
		about, source, address := w.about, w.source, w.address
		w.next += requests
		w.address += part
		if w.left -= part; w.left <= 0 {
			p.tagged.Pop()
		}
		if p.alone(now, source, asked.all) {
			first, last := p.fetch(now, b, behind, since, source, address, part)
			p.busy[source] = max(p.busy[source], last)
			if about != Unnoticed {
				p.requester.Arrived(about, part, first, last)
			}
			continue
		}
		p.serve(now, &b, behind, since, source, address, asked)
		p.meter(now, source, b, asked.all, part, about)
	}
}

// alone says whether what comes from a target meets nothing else on its way, and waits
// for no credits but evenly.
func (p *fastPort) alone(now sim.Time, source Target, bytes int64) bool {
	for i := range p.answers {
		if p.answers[i].n > 0 || p.busy[i] > now && Target(i) != source {
			return false
		}
	}
	from := &p.targets[source]
	places := from.places()
	if places == nil || from.flows() {
		return true
	}
	completions, _ := split(bytes, p.completionShift)
	return places.next(now) <= now && places.limit-places.held >= completions
}

// flows says whether completions leave the first receiver on their way as fast as they
// come.
func (t *target) flows() bool {
	next := &t.home
	if len(t.back) > 1 {
		next = &t.back[1]
	}
	return next.peer == nil && next.link.rate >= t.back[0].link.rate
}
