package pcie

import "netgpusim/sim"

// metered is the parts of reads whose data leave a target when they are ready and, where
// credits for completions may bind, when these are there: in the order in which they are
// ready, which is not always that of the requests.
type metered struct {
	parts  []served // a ring, a power of two
	head   int
	n      int
	resume sim.Timer // when the next can go
}

// served is part of a read that its target has served.
type served struct {
	ready burst // when the data can leave, by request
	next  int64 // the request whose data leave next, counted from 0
	rest  int64 // data bytes of that
	left  int64 // and of all
	bytes int64 // that the requester has not been told of
	about Notice
	begun bool // some have left
}

func (m *metered) at(i int) *served { return &m.parts[(m.head+i)&(len(m.parts)-1)] }

// push adds a part, behind those that are ready no later and that which has begun to leave.
func (m *metered) push(s served) {
	if m.n == len(m.parts) {
		parts := make([]served, max(8, 2*m.n))
		for i := range m.n {
			parts[i] = *m.at(i)
		}
		m.parts, m.head = parts, 0
	}
	i := m.n
	m.n++
	for ; i > 0; i-- {
		before := m.at(i - 1)
		if before.ready.first <= s.ready.first || before.begun {
			break
		}
		*m.at(i) = *before
	}
	*m.at(i) = s
}

func (m *metered) pop() {
	m.head = (m.head + 1) & (len(m.parts) - 1)
	m.n--
}

const (
	// meteredShare is the part of the receiver's room that completions may take which are
	// booked in one go and have to wait for some of it, 1/4.
	meteredShare = 4
	// meteredMost is how many are booked in one go where there is always room.
	meteredMost = 64
)

// meter makes the data of a part of a read leave their target when they are ready and
// there are credits.
func (p *fastPort) meter(now sim.Time, source Target, ready burst, data, bytes int64, about Notice) {
	p.answers[source].push(served{ready: ready, rest: min(data, 1<<p.requestShift), left: data, bytes: bytes, about: about})
	p.answer(now, source)
}

// answer books the completions of a target that can go.
func (p *fastPort) answer(now sim.Time, source Target) {
	m := &p.answers[source]
	places := p.targets[source].places()
	at, booked := sim.Never, false
	for m.n > 0 {
		s := m.at(0)
		at = s.ready.piece(s.next)
		most := int64(meteredMost)
		if places != nil {
			at = max(at, places.next(now))
			most = max(1, places.limit/meteredShare, places.limit-places.held)
		}
		if at > now {
			break
		}
		at, booked = sim.Never, true
		p.some(now, source, s, most)
	}
	m.resume.Set(p.engine, at)
	if booked {
		p.advance(now)
	}
}

// places is the room for completions where those of a target come first; nil: no limit.
func (t *target) places() *slots {
	if len(t.back) == 0 || t.back[0].completions == nil {
		return nil
	}
	return t.back[0].completions.places
}

// some books at most so many completions of the part that is ready first, and at least
// one: those of several requests, or some of one.
func (p *fastPort) some(now sim.Time, source Target, s *served, most int64) {
	full := int64(1) << p.requestShift
	n, requests := s.rest, int64(1)
	b := newBurst(1, now)
	if most <<= p.completionShift; n > most {
		n = most
	} else if more := min((most-n)>>p.requestShift, (s.left-n+full-1)>>p.requestShift); more > 0 && n == full {
		n, requests = min(s.left, n+more<<p.requestShift), 1+more
		b = s.ready.part(s.next, requests)
		b.after(now)
	}
	tail := n - (requests-1)<<p.requestShift
	bytes, about := min(n, s.bytes), s.about
	c := p.completions(requests, sizes{full, tail, n})
	p.respond(now, &b, &c, bytes, &p.targets[source])
	p.busy[source] = max(p.busy[source], b.last)
	s.begun = true
	s.bytes -= bytes
	s.left -= n
	if s.rest -= tail; requests > 1 || s.rest == 0 {
		p.giveTags(&b, &c)
		s.next += requests
		if s.rest = min(s.left, full); s.left == 0 {
			p.answers[source].pop()
		}
	}
	if about != Unnoticed {
		p.requester.Arrived(about, bytes, b.first, b.last)
	}
}
