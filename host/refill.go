package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/sim"
)

// refill posts receive WQEs, once per poll: the ordinary queue first.
func (ch *channel) refill(c *Core) {
	ch.starved = false
	ch.refillOrdinary(c, ch.rx[1])
	if q := ch.rx[0]; q != nil {
		ch.refillNetgpu(c, q)
	}
}

func (ch *channel) refillOrdinary(c *Core, q *rxQueue) {
	n := q.rq.Missing()
	c.charge(FnRefill, sim.Time(n)*ch.host.spec.CPU.PagePool)
	for range n {
		q.rq.PostRx(c.cursor, nic.RxWQE{})
	}
}

// refillNetgpu is mlx5e_post_rx_wqes over netgpu_get_pages (patches 19, 20): a
// bulk starts only if eight *pages* are at hand, however many a WQE needs; a bulk
// that fails midway gives its pages back and makes the poll report busy.
func (ch *channel) refillNetgpu(c *Core, q *rxQueue) {
	bulk := ch.host.nicSpec().WQEBulk
	for q.rq.Missing() >= bulk {
		if !q.canRefill(bulk) || !ch.refillBulk(c, q, bulk) {
			q.starve++
			ch.starved = true
			return
		}
	}
}

func (ch *channel) refillBulk(c *Core, q *rxQueue, bulk int) bool {
	var wqes [64]nic.RxWQE
	for i := range bulk {
		for range q.pages {
			p, errno := q.getPage()
			if errno != 0 {
				ch.giveBack(q, wqes[:i+1])
				q.fillPublished(c)
				return false
			}
			w := &wqes[i]
			w.Pages[w.N] = uint32(p)
			w.N++
		}
	}
	c.charge(FnRefill, sim.Time(bulk*q.pages)*ch.host.spec.CPU.PageRefill)
	for i := range bulk {
		for _, p := range wqes[i].Pages[:wqes[i].N] {
			q.ifq.Post(netgpu.PageID(p))
			if q.trace != nil {
				q.trace.page(trace.Post, netgpu.PageID(p))
			}
		}
		q.rq.PostRx(c.cursor, wqes[i])
	}
	q.fillPublished(c)
	return true
}

func (ch *channel) giveBack(q *rxQueue, wqes []nic.RxWQE) {
	for i := range wqes {
		for _, p := range wqes[i].Pages[:wqes[i].N] {
			q.putNapi(netgpu.PageID(p))
		}
	}
}
