package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// maxWQEBlocks is the largest send WQE in basic blocks (16: MLX5_SEND_WQE_MAX_WQEBBS).
const maxWQEBlocks = 16

// socket is one end of a connection: the TCP endpoint, what lies in its receive
// queue, and the threads that wait for it.
type socket struct {
	host *Host
	flow uint32
	ep   *tcp.Endpoint
	ch   *channel
	skq  *netgpu.Socket // nil for an ordinary receive path
	rx   *rxQueue       // its netgpu queue: whose fill ring the application recycles into
	ring sim.Gauge      // occupancy of the rx ring
	tx   txBuffer
	// nil: no protocol trace, or no netgpu
	trace *ringTrace `snapshot:"-"`

	timer    tcpTimer
	now      sim.Time // of the last call of ep
	txTarget pcie.Target
	header   uint16 // bytes before TCP options: Ethernet, VLAN, IP, TCP
	kicked   bool   // on a channel's kick list
	waiting  bool   // on a channel's waiting list

	// Receive queue: in-order payload that has not gone to the rx ring or the
	// application.
	queue  sim.FIFO[chunk]
	queued int64 // bytes in it
	efault bool  // delivery met a non-zero-copy skb and stopped (patch 10)
	ended  ending

	sender   *thread
	receiver *thread

	Received  int64  // bytes that the application has taken
	expect    uint64 // stream offset that it takes next
	Corrupt   int64  // iovecs whose bytes were not the ones expected
	firstBad  sim.Time
	RxBlocked int64 // times the rx ring had no slot

	RTT sim.Histogram
}

// chunk is in-order payload of an skb: what is left of it from fragment next on,
// of which the first skip bytes are done with.
type chunk struct {
	handle uint32
	next   uint32
	skip   uint32
	len    uint32
	offset uint64
}

// time is the endpoint's clock: that of the core at work, but never behind the last
// call. Two cores serve a socket, and one may be ahead of the other within its item.
func (s *socket) time(c *Core) sim.Time {
	s.now = max(s.now, c.cursor)
	return s.now
}

// input is tcp_v6_rcv for a segment or a GRO bundle, in softirq: acknowledgements,
// data into the receive queue, data-ready, then whatever may be sent now.
func (s *socket) input(c *Core, seg *tcp.Segment) {
	h := s.host
	if s.ended != 0 || seg.Flags.Has(tcp.RST) {
		s.refuse(c, seg)
		return
	}
	s.ep.Input(s.time(c), seg)
	s.tx.acknowledged(c, s.ep.Acked())
	if rtt, ok := s.ep.LastRTT(); ok {
		s.RTT.Record(rtt)
	}
	fresh := false
	for {
		d, ok := s.ep.NextDelivery()
		if !ok {
			break
		}
		if d.Len == 0 {
			h.freeUndelivered(d.Handle)
			continue
		}
		s.enqueue(d)
		fresh = true
	}
	if seg.Len == 0 {
		h.skbs.release(seg.Handle)
	}
	if fresh {
		s.dataReady(c)
	}
	s.output(c)
	if s.sender != nil && s.sender.asleep && s.sender.mayGoOn() {
		s.sender.wakeUp(c)
	}
}

func (s *socket) enqueue(d tcp.Delivery) {
	s.queue.Push(chunk{handle: d.Handle, skip: d.Skip, len: d.Len, offset: d.Offset})
	s.queued += int64(d.Len)
	if s.skq == nil {
		return
	}
	b := &s.host.skbs.skbs[d.Handle]
	for i := range b.frags {
		if p := b.frags[i].page; p != noPage {
			s.skq.Queue(p)
			if s.trace != nil {
				s.trace.page(trace.Queue, p)
			}
		}
	}
}

// dataReady is sk_data_ready. A netgpu socket moves what it can into the rx ring
// here and now; what finds no slot waits for the next data-ready, whatever the
// application does meanwhile (patch 10), or for its poll (RxRekick). An ordinary
// socket wakes its reader.
func (s *socket) dataReady(c *Core) {
	if (s.skq == nil || s.deliver(c)) && s.receiver.asleep {
		s.receiver.wakeUp(c)
	}
}

// deliver moves the receive queue into the rx ring as far as there is room, and
// publishes it. It says whether there is news for the application.
//
// Rearm looks for room once more after delivery has said that it stopped. Of two
// cores, the application's may have made room between the full ring and that, and
// polled too early to see it; in the engine the two looks are one moment.
func (s *socket) deliver(c *Core) (news bool) {
	for {
		if moved := s.drain(c); moved > 0 {
			news = true
			s.publish(c, moved)
		}
		if !s.skq.Rearm() {
			break
		}
	}
	if s.skq.Failed() && s.ended == 0 {
		s.fail(c)
		news = true
	}
	return news
}

// publish lets the application see what was posted. Moved counts as read.
func (s *socket) publish(c *Core, moved int64) {
	s.skq.Submit()
	if s.trace != nil {
		s.trace.submitted(trace.Kernel, s.trace.prod)
	}
	s.ring.Set(c.cursor, int64(s.skq.Rx().Occupancy()))
	s.ep.Consumed(s.time(c), int(moved))
}

// poll is the kernel's part of the application's poll: it resumes delivery that met a
// full ring and has room now (RxRekick). The window may open by that.
func (s *socket) poll(c *Core) {
	if s.skq.Kick() {
		s.deliver(c)
		s.output(c)
	}
}

// drain is netgpu_recv_skb over the receive queue: one iovec per fragment. It
// returns the payload bytes posted.
func (s *socket) drain(c *Core) (moved int64) {
	h := s.host
	for s.queue.Len() > 0 && !s.efault {
		ck := s.queue.Front()
		b := &h.skbs.skbs[ck.handle]
		if b.nonZC {
			s.skq.DeliverLinear(ck.len)
			if s.trace != nil && !s.skq.Failed() { // else it does not stay where it is
				s.trace.linear(ck.len)
			}
			s.efault = true
			break
		}
		n, full := s.post(c, b, ck)
		moved += n
		if full {
			s.RxBlocked++
			break
		}
		h.skbs.release(ck.handle)
		s.queue.Pop()
	}
	s.queued -= moved
	return moved
}

// post puts an skb's remaining fragments into the rx ring until it is full.
func (s *socket) post(c *Core, b *skb, ck *chunk) (moved int64, full bool) {
	for int(ck.next) < len(b.frags) {
		f := &b.frags[ck.next]
		length, skip := uint32(f.len), min(ck.skip, uint32(f.len))
		length -= skip
		if length == 0 || ck.len == 0 {
			// Nothing of this page is wanted: a duplicate's front, or its tail.
			s.host.dropFragment(f.page)
		} else {
			take := min(length, ck.len)
			ok := s.skq.Deliver(f.page, uint32(f.off)+skip, take)
			if s.trace != nil {
				s.trace.delivered(f.page, uint32(f.off)+skip, take, ok)
			}
			if !ok {
				return moved, true
			}
			c.charge(FnDeliver, s.host.spec.CPU.Deliver)
			ck.len -= take
			moved += int64(take)
		}
		ck.skip -= skip
		ck.next++
	}
	return moved, false
}

// output sends whatever TCP allows: data as TSO segments, retransmissions,
// acknowledgements.
func (s *socket) output(c *Core) {
	if s.ended != 0 {
		return
	}
	spec := &s.host.spec.CPU
	var seg tcp.Segment
	for s.ch.mayTransmit(s) {
		frags, ok := s.ep.Output(s.time(c), &seg)
		if !ok {
			break
		}
		w := nic.TxWQE{Seg: seg, Flow: s.flow, Header: s.header + uint16(seg.OptLen), Target: s.txTarget}
		if seg.Len == 0 {
			c.charge(FnSendAck, spec.ACKTransmit)
		} else {
			w.Frags = uint8(frags)
			c.charge(FnTCPTransmit, spec.TCPTransmit)
			c.charge(FnXmit, spec.NICTransmit+sim.Time(frags)*spec.NICSegment+spec.Doorbell)
		}
		s.ch.sq.PostTx(c.cursor, &w)
	}
	s.timer.set(s.ep.Deadline())
}

// tcpTimer joins the endpoint's earliest deadline to the event queue.
type tcpTimer struct {
	timer sim.Timer
	sock  *socket
}

func (t *tcpTimer) set(at sim.Time) {
	e := t.sock.host.world.engine
	if at < e.Now() {
		at = e.Now()
	}
	t.timer.Set(e, at)
}

// fired hands the expiry to the core that runs the socket's softirqs.
func (t *tcpTimer) fired(now sim.Time) {
	if t.timer.Due(t.sock.host.world.engine) {
		c := t.sock.ch.core
		c.timers = append(c.timers, t.sock)
		c.wake(now)
	}
}

func (t *tcpTimer) expire(c *Core) {
	if t.sock.ended != 0 {
		return
	}
	t.sock.ep.Timer(t.sock.time(c))
	t.sock.output(c)
}
