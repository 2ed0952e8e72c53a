package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// channel is an mlx5e channel: one interrupt and one NAPI instance for a send
// queue, an ordinary receive queue and, if a context has bound it, a netgpu
// receive queue (patch 20).
type channel struct {
	host  *Host
	index int
	core  *Core
	sq    *nic.SQ
	rx    [2]*rxQueue // in poll order: netgpu (may be nil), ordinary
	gro   tcp.GRO

	scheduled bool // on its core's poll list, interrupt disarmed
	phase     phase
	work      int  // packets of the present poll
	starved   bool // the last refill failed: keep polling (patch 20)
	txBusy    bool // the budget for send completions was used up
	again     bool // the present poll ends by polling again
	up        []bundle
	kick      []*socket // sockets that the tasklet lets go on
	txDIM     dim
	sent      dimSample // packets and bytes completed
	waiting   []*socket // sockets that found the send queue full, in order
	serving   *socket   // the one of them whose turn it is
}

// bundle is what GRO passes up the stack.
type bundle struct {
	seg  tcp.Segment
	flow uint32
}

// phase is the next step of a NAPI poll: mlx5e_napi_poll's order.
type phase uint8

const (
	phaseTx     phase = iota
	phaseRx           // until a bundle is ready or nothing is left
	phaseRefill       // refilled, and bundles flushed
	phaseArm          // complete
)

// txBudget bounds the send completions of a poll (MLX5E_TX_CQ_POLL_BUDGET).
const txBudget = 128

// schedule is napi_schedule from the interrupt handler.
func (ch *channel) schedule(c *Core) {
	if ch.scheduled {
		return
	}
	ch.scheduled = true
	ch.phase = phaseTx
	ch.work = 0
	c.polls = append(c.polls, ch)
}

// begin runs the poll up to its next outcome: a bundle for TCP, or the end of the
// poll.
func (ch *channel) begin(c *Core) {
	if ch.phase == phaseTx {
		c.charge(FnNAPI, ch.host.spec.CPU.NAPIPoll)
		ch.pollTx(c)
		ch.phase = phaseRx
	}
	if ch.phase == phaseRx {
		if ch.pollRx(c) {
			return
		}
		ch.phase = phaseRefill
		ch.refill(c)
		ch.again = ch.starved || ch.txBusy || ch.work >= ch.host.spec.CPU.NAPIBudget
		if ch.starved && ch.work == 0 {
			c.rebook(FnNAPI, FnStarved, ch.host.spec.CPU.NAPIPoll)
		}
		ch.flush(c)
		if len(ch.up) > 0 || ch.again {
			return
		}
		ch.phase = phaseArm
	}
	c.charge(FnNAPIComplete, ch.host.spec.CPU.NAPIComplete)
}

// end publishes what begin found, at the time it was done.
func (ch *channel) end(c *Core) {
	switch ch.phase {
	case phaseRx:
		ch.passUp(c)
	case phaseRefill:
		ch.passUp(c)
		if ch.again {
			ch.tasklet(c)
			used := ch.work
			if ch.starved || ch.txBusy {
				used = ch.host.spec.CPU.NAPIBudget // what the driver reports
			}
			c.pollDone(used, true)
			ch.phase = phaseTx
			ch.work = 0
			return
		}
		ch.phase = phaseArm
	case phaseArm:
		// napi_complete_done, then arm: what arrived meanwhile raises the next
		// interrupt through the NIC's moderation.
		ch.scheduled = false
		ch.tasklet(c)
		c.pollDone(ch.work, false)
		ch.moderate(c.cursor)
		ch.sq.ArmTx(c.cursor)
		for _, q := range ch.rx {
			if q != nil {
				q.rq.ArmRx(c.cursor)
			}
		}
	}
}

// moderate is mlx5e_handle_tx_dim and mlx5e_handle_rx_dim: at the end of a poll the
// counters go to DIM, whose decision takes effect at once (Linux: in a work item).
func (ch *channel) moderate(now sim.Time) {
	spec := ch.host.nicSpec()
	if spec.TxDIM {
		ch.sent.at, ch.sent.events = now, ch.sq.Interrupts()
		if ch.txDIM.sample(ch.sent) {
			s := ch.txDIM.setting()
			ch.sq.Moderate(s.period, s.frames)
		}
	}
	for _, q := range ch.rx {
		if q == nil || !spec.RxDIM {
			continue
		}
		q.count.at, q.count.events = now, q.rq.Interrupts()
		if q.dim.sample(q.count) {
			s := q.dim.setting()
			q.rq.Moderate(s.period, s.frames)
		}
	}
}

// tasklet lets sockets go on for which the send queue has room again
// (netif_tx_wake_queue), then those whose skbs have been sent: TCP's small queue
// tasklet runs after the network softirq.
func (ch *channel) tasklet(c *Core) {
	for len(ch.waiting) > 0 && ch.sq.HasRoom(maxWQEBlocks) {
		ch.serving, ch.waiting = popFront(ch.waiting)
		ch.serving.waiting = false
		ch.serving.output(c)
	}
	ch.serving = nil
	for _, s := range ch.kick {
		s.kicked = false
		s.output(c)
	}
	ch.kick = ch.kick[:0]
}

// pollTx takes send completions: the skb is freed, TSQ may let its socket go on.
func (ch *channel) pollTx(c *Core) {
	spec := &ch.host.spec.CPU
	ch.txBusy = false
	for n := 0; ; n++ {
		if n == txBudget {
			ch.txBusy = true // mlx5e_poll_tx_cq: poll again
			return
		}
		done, ok := ch.sq.NextTx(c.cursor)
		if !ok {
			return
		}
		c.charge(FnPollTx, spec.TxCQE+sim.Time(done.Frags)*spec.TxFragment)
		ch.sent.packets++
		ch.sent.bytes += int64(done.Bytes)
		s := ch.host.sockets[done.Flow]
		s.ep.Sent(s.time(c), int(done.Bytes))
		if !s.kicked {
			s.kicked = true
			ch.kick = append(ch.kick, s)
		}
	}
}

// mayTransmit says whether the send queue has room for a socket's next segment. If
// not, or if others have waited longer, the socket joins those that wait, as in a
// qdisc's FIFO.
func (ch *channel) mayTransmit(s *socket) bool {
	if ch.sq.HasRoom(maxWQEBlocks) && (len(ch.waiting) == 0 || ch.serving == s) {
		return true
	}
	if !s.waiting {
		s.waiting = true
		ch.waiting = append(ch.waiting, s)
	}
	return false
}

// pollRx takes receive completions, the netgpu queue first, until there is nothing
// to see, the budget is used, or a bundle is ready. It returns false if it did
// nothing.
func (ch *channel) pollRx(c *Core) bool {
	worked := false
	for ch.work < ch.host.spec.CPU.NAPIBudget && len(ch.up) == 0 {
		var done *nic.Completion
		var q *rxQueue
		for _, q = range ch.rx {
			if q == nil {
				continue
			}
			if done = q.rq.NextRx(c.cursor); done != nil {
				break
			}
		}
		if done == nil {
			break
		}
		ch.receive(c, q, done)
		q.rq.PopRx()
		ch.work++
		worked = true
		ch.collect(c)
	}
	return worked
}

// receive is mlx5e_handle_rx_cqe: an skb for one completion, into GRO.
func (ch *channel) receive(c *Core, q *rxQueue, done *nic.Completion) {
	h := ch.host
	c.charge(FnPollRx, h.perPacket)
	q.count.packets++
	q.count.bytes += done.Frame.Length()
	seg := done.Frame.Seg
	var first frag
	nonZC := false
	if q.ifq == nil {
		first = frag{page: noPage, len: uint16(seg.Len)}
	} else {
		for i := int(done.Used); i < int(done.WQE.N); i++ {
			q.putNapi(netgpu.PageID(done.WQE.Pages[i])) // the packet did not use it
		}
		for i := range int(done.Used) {
			p := netgpu.PageID(done.WQE.Pages[i])
			q.ifq.Receive(p)
			if q.trace != nil {
				q.trace.page(trace.Receive, p)
			}
		}
		if done.HeaderInPayload > 0 {
			h.Split.HeaderInPayload++
			if q.gpu {
				h.dropBadSplit(done)
				return
			}
		}
		if done.PayloadInHeader > 0 {
			h.Split.PayloadInHeader++
			nonZC = true
		}
		if done.Used > 0 {
			first = ch.pageFrag(done, 0)
		}
	}

	handle, s := h.skbs.alloc()
	s.nonZC = nonZC
	if nonZC {
		// The linear part holds payload now: it comes before the pages.
		s.frags = append(s.frags, frag{page: noPage, len: done.PayloadInHeader})
	}
	seg.Handle = handle
	if seg.Len > 0 {
		c.charge(FnGRO, h.spec.CPU.GROMerge)
	}
	into := ch.gro.Offer(c.cursor, done.Frame.Flow, &seg)
	if into != handle {
		h.skbs.release(handle)
		s = &h.skbs.skbs[into]
		s.nonZC = s.nonZC || nonZC
		if nonZC {
			s.frags = append(s.frags, frag{page: noPage, len: done.PayloadInHeader})
		}
	}
	if q.ifq == nil {
		s.frags = append(s.frags, first)
		return
	}
	if done.Used == 0 {
		return
	}
	if first.len > 0 {
		s.frags = append(s.frags, first)
	} else {
		h.dropFragment(first.page) // only header bytes: pulled, nothing left
	}
	for i := 1; i < int(done.Used); i++ {
		s.frags = append(s.frags, ch.pageFrag(done, i))
	}
}

// pageFrag is the payload in the i-th page of a completion.
func (ch *channel) pageFrag(done *nic.Completion, i int) frag {
	p := done.WQE.Pages[i]
	e := &ch.host.memory.Pages[p]
	return frag{page: netgpu.PageID(p), off: e.Start, len: e.Len}
}

// dropBadSplit is a packet whose TCP header reaches into GPU memory: the CPU
// cannot read it there, so the packet cannot be parsed.
func (h *Host) dropBadSplit(done *nic.Completion) {
	h.Split.Dropped++
	for i := range int(done.Used) {
		p := netgpu.PageID(done.WQE.Pages[i])
		if i == 0 {
			h.module.CPUAccess(p)
			if h.trace != nil {
				h.trace.page(trace.CPU, p)
			}
		}
		h.dropFragment(p)
	}
}

// collect takes from GRO what is ready and charges for its way up.
func (ch *channel) collect(c *Core) {
	spec := &ch.host.spec.CPU
	for {
		var b bundle
		var ok bool
		if b.flow, b.seg, ok = ch.gro.Pop(); !ok {
			return
		}
		if b.seg.Len == 0 {
			c.charge(FnTCPAck, spec.TCPAck)
		} else {
			c.charge(FnTCPReceive, spec.TCPReceive)
		}
		ch.up = append(ch.up, b)
	}
}

// passUp gives collected bundles to their sockets.
func (ch *channel) passUp(c *Core) {
	for i := range ch.up {
		b := &ch.up[i]
		ch.host.sockets[b.flow].input(c, &b.seg)
	}
	ch.up = ch.up[:0]
}

// flush lets GRO bundles go: all of them when the poll completes, those of earlier
// ticks when it goes on (Linux 5.8 net/core/dev.c: napi_gro_flush).
func (ch *channel) flush(c *Core) {
	if ch.again && ch.host.spec.CPU.TickHz >= 1000 {
		ch.gro.FlushOlder(c.cursor - c.cursor%(sim.Second/sim.Time(ch.host.spec.CPU.TickHz)))
	} else {
		ch.gro.FlushAll()
	}
	ch.collect(c)
}
