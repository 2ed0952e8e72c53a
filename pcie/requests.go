package pcie

import "netgpusim/sim"

// request takes read requests, asked for at now, from the NIC to a target. They had
// tags at since, and may not pass writes that have left at behind. It returns the
// credits that they hold at the target, nil if those cannot bind, and how long these
// take to come home.
func (t *Tree) request(now sim.Time, b *burst, to *target, behind sim.Time, since came) (credits *slots, latency sim.Time) {
	d := t.nic.up
	credits = t.nic.credits[0].nonPosted
	d.carryRequests(b, credits, now, behind, since, &t.requested)
	b.delay(d.latency)
	for i := range to.out {
		h := &to.out[i]
		h.enter(b, d, sizes{}, requestHeader)
		b.after(h.passed.until(b.first))
		h.link.carryRequests(b, h.credits.nonPosted, now, h.link.posted.until(b.first), b.came(), &h.queue)
		if credits != nil {
			credits.hold(b.first+d.latency, b.last+d.latency)
		}
		d, credits = h.link, h.credits.nonPosted
		b.delay(d.latency)
	}
	return credits, d.latency
}

// carryRequests is carryOther for read requests, asked for at now, that have been at the
// link since then and may not pass the writes that have left at behind. Without
// credits the receiver has room for as many as there are tags.
//
// What had to wait goes before the writes that became ready later, though these are
// booked.
func (d *direction) carryRequests(b *burst, credits *slots, now, behind sim.Time, since came, queue *order) {
	if credits != nil {
		credits.admit(b, now)
	}
	ready := b.came()
	b.after(queue.until(ready.first))
	b.after(behind)
	d.send(b, since, d.framed(sizes{}, b.pieces, requestHeader), 0)
	queue.note(ready, b.first, b.last)
}
