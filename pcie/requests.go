package pcie

import "netgpusim/sim"

// request takes read requests, asked for at now, from the NIC to a target. It returns
// the credits that they hold there, nil if those cannot bind, and how long these take
// to come home.
func (t *Tree) request(now sim.Time, b *burst, to *target) (credits *slots, latency sim.Time) {
	d := t.nic.up
	credits = t.nic.credits[0].nonPosted
	waited := t.carryRequests(d, b, credits, now, b.first-now, &t.requested)
	b.delay(d.latency)
	for i := range to.out {
		h := &to.out[i]
		h.enter(b, d, sizes{}, requestHeader)
		b.after(h.passed.until(b.first))
		waited = t.carryRequests(h.link, b, h.credits.nonPosted, now, waited, &h.queue)
		if credits != nil {
			credits.hold(b.first+d.latency, b.last+d.latency)
		}
		d, credits = h.link, h.credits.nonPosted
		b.delay(d.latency)
	}
	return credits, d.latency
}

// carryRequests is direction.carryOther for read requests that have waited so long for
// tags and credits. Without credits the receiver has room for as many as there are
// tags. It returns how long they have waited then.
//
// What waits is booked before the writes that will come meanwhile. It is taken to have
// as many writes before it as it would have had, had it not waited. With ATS those
// writes may themselves be booked for later, and say nothing.
func (t *Tree) carryRequests(d *direction, b *burst, credits *slots, now, waited sim.Time, queue *order) sim.Time {
	if credits != nil {
		ready := b.first
		credits.admit(b, now)
		waited += b.first - ready
	}
	if waited > 0 && t.memory.device == nil {
		then := b.first - waited
		b.delay(max(0, d.posted.until(then)-then))
	}
	d.carryOther(b, d.framed(sizes{}, b.pieces, requestHeader), 0, queue)
	return waited
}
