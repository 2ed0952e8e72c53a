package pcie

import "netgpusim/sim"

// direction is one direction of a link: TLPs occupy it one after another.
type direction struct {
	pace    sim.Pace
	rate    sim.Bandwidth // what the DLLP tax leaves
	latency sim.Time      // PHYs and data link layers
	framing int64         // bytes around each TLP's header and data

	payload int64    // data bytes sent since Restart
	total   int64    // with TLP headers and framing
	booked  sim.Time // busy time since Restart, what is booked ahead included
	ledger  ledger
	turns   turns

	posted order // nothing that is ready later passes a posted write
}

// carryPosted sends a burst of posted writes and sets its times to when each has
// left. credits are those of the receiver at the other end, units the burst's data
// in credits; without a window the receiver never holds the link up.
func (d *direction) carryPosted(b *burst, z sizes, payload int64, credits *window, units int64) {
	came := b.came()
	b.after(d.posted.until(came.first))
	if credits != nil {
		credits.admit(b, units)
	}
	d.send(b, came, z, payload)
	d.posted.note(came, b.first, b.last)
}

// carryOther sends a burst of completions that came in some time and sets its times to
// when each has left. They wait for posted writes but hold none up. queue is the
// order among their own kind.
func (d *direction) carryOther(b *burst, came came, z sizes, payload int64, queue *order) {
	b.after(queue.until(came.first))
	if !queue.relaxed {
		b.after(d.posted.until(came.first))
	}
	d.send(b, came, z, payload)
	queue.note(came, b.first, b.last)
}

// carryAnswers is carryOther for the completions of a burst of read requests that
// have been served. The burst comes in request by request and goes out TLP by TLP.
func (d *direction) carryAnswers(b *burst, came came, a *answers, payload int64, queue *order) {
	w := a.on(d)
	d.carryOther(b, came, w.request, payload, queue)
	if a.tlps == 1 {
		return
	}
	// The times are when the last completion of each request has left.
	if a.perTail > 1 {
		b.prev = b.last - d.pace.Time(w.tlp.tail)
	}
	b.first -= d.pace.Time(w.afterFirst)
	b.pieces = a.tlps
}

// send books a burst that came in some time and sets its times to when each piece has
// left. Whatever came later goes after it.
func (d *direction) send(b *burst, came came, z sizes, payload int64) {
	d.payload += payload
	d.total += z.all
	all := d.pace.Time(z.all)
	d.booked += all
	start, end := d.ledger.book(b.first, all)
	if came.first > d.turns.latest {
		d.turns.append(came, all, end)
	} else {
		start, end = d.turns.take(came, b.first, all, start, end)
	}
	if b.pieces == 1 {
		b.first, b.prev, b.last = end, end, end
		return
	}
	full, tail := d.pace.Time(z.full), d.pace.Time(z.tail)
	b.spread(start, end, full, tail)
	b.first += full
	b.prev += full
	b.last += tail
}

// busy is how long the direction was busy from Restart until now.
func (d *direction) busy(now sim.Time) sim.Time { return d.booked - d.ledger.after(now) }

// restart begins a new measurement at now; what is booked ahead counts in it.
func (d *direction) restart(now sim.Time) {
	d.payload, d.total = 0, 0
	d.booked = d.ledger.after(now)
}
