package pcie

import "netgpusim/sim"

// burst is where the pieces of one transaction (TLPs, or the requests of a read)
// are in time: when the first, the last but one and the last are ready for the
// next stage. With one piece all three are equal. The last but one is kept because
// the last may be shorter: at a slower stage it then catches up with its
// predecessor and has to wait for it.
type burst struct {
	pieces            int64
	first, prev, last sim.Time
}

// newBurst is n pieces that are all ready now.
func newBurst(pieces int64, now sim.Time) burst { return burst{pieces, now, now, now} }

// delay moves every piece by d.
func (b *burst) delay(d sim.Time) {
	b.first += d
	b.prev += d
	b.last += d
}

// after makes every piece wait until t.
func (b *burst) after(t sim.Time) {
	b.first = max(b.first, t)
	b.prev = max(b.prev, t)
	b.last = max(b.last, t)
}

// stage is something that pieces occupy one after another, each for a time in
// proportion to its size: a link direction, or a limit on the payload rate.
type stage struct {
	pace   sim.Pace
	booked sim.Time // all busy time ever booked
	ledger ledger
}

// serve books the burst and sets its times to when the pieces start being served.
// It returns the service times of every piece but the last, and of the last.
//
// In a tandem, piece i starts at max over j <= i of (ready of j + service of j to
// i-1). The ready times are convex in j and the service is linear, so the maximum
// is at the first piece, or at i itself; for the last, at the last but one too.
func (s *stage) serve(b *burst, z sizes) (full, tail sim.Time) {
	all := s.pace.Time(z.all)
	s.booked += all
	start, end := s.ledger.book(b.first, all)
	if b.pieces == 1 {
		b.first, b.prev, b.last = start, start, start
		return all, all
	}
	full, tail = s.pace.Time(z.full), s.pace.Time(z.tail)
	b.first = start
	b.prev = max(b.prev, end-tail-full)
	b.last = max(b.last, b.prev+full)
	return full, tail
}

// direction is one direction of a link.
type direction struct {
	stage   stage
	rate    sim.Bandwidth // what the DLLP tax leaves
	latency sim.Time      // PHYs and data link layers
	payload int64         // data bytes sent since Restart
	total   int64         // with TLP headers and framing
	booked  sim.Time      // stage.booked less what was done by Restart

	// The youngest posted write: when it was ready for this link, and when it had
	// left. Nothing that is ready later passes it.
	postedReady, postedLeft sim.Time
}

// carryPosted sends a burst of posted writes and sets its times to when each has
// left. credits are those of the receiver at the other end, units the burst's data
// in credits; without a window the receiver never holds the link up.
func (d *direction) carryPosted(b *burst, z sizes, payload int64, credits *window, units int64) {
	d.postedReady = max(d.postedReady, b.first)
	b.after(d.postedLeft)
	if credits != nil {
		credits.admit(b, units)
	}
	d.send(b, z, payload)
	d.postedLeft = b.last
}

// carryOther does the same for read requests and completions, which wait for
// posted writes but hold none up.
func (d *direction) carryOther(b *burst, z sizes, payload int64) {
	d.behindPosted(b)
	d.send(b, z, payload)
}

// carryAnswers sends the completions of a burst of read requests that have been
// served. The burst comes in request by request and goes out TLP by TLP.
func (d *direction) carryAnswers(b *burst, a *answers, payload int64) {
	d.behindPosted(b)
	d.count(payload, a.request.all)
	full, tail := d.stage.serve(b, a.request)
	b.pieces = a.tlps
	b.first += d.stage.pace.Time(a.first)
	b.prev += full
	b.last += tail
	if a.perTail > 1 {
		b.prev = b.last - d.stage.pace.Time(a.tlp.tail)
	}
}

// behindPosted makes the burst wait for posted writes that were ready before it.
func (d *direction) behindPosted(b *burst) {
	if b.first >= d.postedReady {
		b.after(d.postedLeft)
	}
}

func (d *direction) send(b *burst, z sizes, payload int64) {
	d.count(payload, z.all)
	full, tail := d.stage.serve(b, z)
	if b.pieces == 1 {
		b.delay(tail)
		return
	}
	b.first += full
	b.prev += full
	b.last += tail
}

func (d *direction) count(payload, total int64) {
	d.payload += payload
	d.total += total
}

// busy is how long the direction was busy from Restart until now.
func (d *direction) busy(now sim.Time) sim.Time {
	return d.stage.booked - d.booked - d.stage.ledger.after(now)
}

// restart begins a new measurement at now: time booked ahead counts in it.
func (d *direction) restart(now sim.Time) {
	d.payload, d.total = 0, 0
	d.booked = d.stage.booked - d.stage.ledger.after(now)
}
