package host

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/nic"
	"netgpusim/sim"
)

// What the tests outside of this package need to see of its inside. They stand
// outside because a world is made from a scenario, and scenarios imports host.

// InFlight is the number of frames that have been sent and have not arrived.
func (w *Wire) InFlight() int64 {
	return int64(w.flying.Len() + len(w.held) - len(w.vacant))
}

// CoreBusy is the time that a core has worked until now: of the present item only
// the part that is over.
func (w *World) CoreBusy(host, core int) sim.Time {
	c := w.Hosts[host].cores[core]
	return c.Busy() - c.ahead(w.engine.Now())
}

// Ksoftirqd says whether ksoftirqd has taken over on a core.
func (w *World) Ksoftirqd(host, core int) bool { return w.Hosts[host].cores[core].ksoftirqd }

// Polled is the number of receive completions that a host's driver has taken,
// counted by what they cost.
func (h *Host) Polled() int64 {
	var spent sim.Time
	for _, c := range h.cores {
		spent += c.Spent[FnPollRx]
	}
	return int64(spent / h.perPacket)
}

// Unpolled is the number of completions that wait for the driver.
func (h *Host) Unpolled() int64 {
	var n int64
	for _, q := range h.nic.RQs() {
		n += int64(q.Unpolled())
	}
	return n
}

// Spent is what all cores of a host have spent on a function.
func (h *Host) Spent(f Func) sim.Time {
	var sum sim.Time
	for _, c := range h.cores {
		sum += c.Spent[f]
	}
	return sum
}

// Whereabouts counts a host's pages by looking into every ring and queue that can
// hold one, as far as the host owns it: a second opinion on the ledger, which only
// hears of moves.
func (h *Host) Whereabouts() map[netgpu.Place]int64 {
	at := map[netgpu.Place]int64{}
	for _, ch := range h.channels {
		q := ch.rx[0]
		if q == nil {
			continue
		}
		at[netgpu.FillRing] += int64(q.ifq.Fill().Occupancy())
		at[netgpu.WQE] += (q.rq.Posted.Level() + int64(q.rq.Unpolled())) * int64(q.pages)
	}
	waiting := map[uint32]bool{} // skbs in a receive queue
	for _, s := range h.sockets {
		if s == nil || s.skq == nil {
			continue
		}
		at[netgpu.RxRing] += int64(s.skq.Rx().Occupancy())
		if s.receiver != nil && !h.repairs.Has(netgpu.CompleteAfterRead) { // else its slots are still occupied
			at[netgpu.RxRing] += int64(s.receiver.batch)
		}
		for n := s.queue.Len(); n > 0; n-- {
			ck := *s.queue.Front()
			s.queue.Pop()
			s.queue.Push(ck) // once round
			waiting[ck.handle] = true
			at[netgpu.ReceiveQueue] += pagesOf(h.skbs.skbs[ck.handle].frags[ck.next:])
		}
	}
	idle := map[uint32]bool{}
	for _, handle := range h.skbs.free {
		idle[handle] = true
	}
	for i := range h.skbs.skbs {
		if handle := uint32(i); !waiting[handle] && !idle[handle] {
			at[netgpu.SKB] += pagesOf(h.skbs.skbs[i].frags)
		}
	}
	return at
}

func pagesOf(frags []frag) (n int64) {
	for i := range frags {
		if frags[i].page != noPage {
			n++
		}
	}
	return n
}

// SKBsInUse is the number of received packets and bundles that have not been freed.
func (h *Host) SKBsInUse() int { return len(h.skbs.skbs) - len(h.skbs.free) }

// Written is what the application has handed to TCP on a connection, in bytes.
func (c *Conn) Written() int64 {
	return c.tx.sender.Calls*int64(c.From.spec.App.SendSize) - c.tx.sender.remaining
}

// Calls is the number of sends that the application has begun.
func (c *Conn) Calls() int64 { return c.tx.sender.Calls }

// Received is what the application has taken, in bytes.
func (c *Conn) Received() int64 { return c.rx.Received }

// Queued is what waits in the receive queue, in bytes.
func (c *Conn) Queued() int64 { return c.rx.queued }

// RxBlocked is how often delivery found the rx ring full.
func (c *Conn) RxBlocked() int64 { return c.rx.RxBlocked }

// Ended says whether both ends of a connection know that it has ended.
func (c *Conn) Ended() bool { return c.tx.ended != 0 && c.rx.ended != 0 }

// HeldFragments is the number of transmit fragments whose pages TCP still holds.
func (c *Conn) HeldFragments() int { return c.tx.tx.held.Len() }

// TxReferences is the number of transmit references on all pages of a host.
func (h *Host) TxReferences() (n int) {
	for i := range h.module.Registered() {
		n += h.module.InFlight(netgpu.PageID(i))
	}
	return n
}

// ACKs is the number of ACKs that the receiving end of a connection has sent,
// counted by what they cost.
func (c *Conn) ACKs() int64 { return int64(c.To.Spent(FnSendAck) / c.To.spec.CPU.ACKTransmit) }

// Bundles is the number of GRO bundles with data that went up on a host, counted
// by what they cost.
func (h *Host) Bundles() int64 { return int64(h.Spent(FnTCPReceive) / h.spec.CPU.TCPReceive) }

// Wake-ups of a host's threads, counted by what they cost.
func (h *Host) Wakeups() int64 { return int64(h.Spent(FnWakeup) / h.spec.CPU.Wakeup) }

// String says what a connection is doing, for failed tests.
func (c *Conn) String() string {
	st := c.tx.ep.Stats()
	return fmt.Sprintf("flow %s: written %d, received %d, queued %d, unacked %d, unsent %d, timeouts %d, sender asleep %v",
		c.Name, c.Written(), c.rx.Received, c.rx.queued, st.Unacked, st.Unsent, st.Timeouts, c.tx.sender.asleep)
}

// NICTotals are the NIC's counters since the start.
func (h *Host) NICTotals() nic.Counters { return h.nic.Counters }

// Overlap moves the payload of all frames under way back by so many bytes of the
// stream, as a sender with another segmentation would retransmit it.
func (w *Wire) Overlap(bytes uint32) (frames int) {
	for n := w.flying.Len(); n > 0; n-- {
		f := *w.flying.Front()
		w.flying.Pop()
		if seg := &f.frame.Seg; seg.Len > bytes && seg.Offset > uint64(bytes) {
			seg.Seq -= bytes
			seg.Offset -= uint64(bytes)
			frames++
		}
		w.flying.Push(f) // once round
	}
	return frames
}
