package host

import (
	"netgpusim/netgpu"
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
	skq  *netgpu.SockQueue // nil for an ordinary receive path

	timer    tcpTimer
	txTarget pcie.Target
	zcTx     bool
	header   uint16 // bytes before TCP options: Ethernet, VLAN, IP, TCP
	kicked   bool   // on a channel's kick list
	stopped  bool   // no room in the send queue: wait for completions

	// Receive queue: in-order payload that has not gone to the rx ring or the
	// application. A ring of chunks, a power of two.
	queue      []chunk
	head, tail uint32
	queued     int64 // bytes in it
	efault     bool  // delivery met a non-zero-copy skb and stopped (patch 10)

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

// input is tcp_v6_rcv for a segment or a GRO bundle, in softirq: acknowledgements,
// data into the receive queue, data-ready, then whatever may be sent now.
func (s *socket) input(c *Core, seg *tcp.Segment) {
	h := s.host
	s.ep.Input(c.cursor, seg)
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
	if s.sender != nil && s.sender.asleep && s.ep.WriteReady() {
		s.sender.wakeUp(c)
	}
}

func (s *socket) enqueue(d tcp.Delivery) {
	if int(s.tail-s.head) == len(s.queue) {
		grown := make([]chunk, max(16, 2*len(s.queue)))
		for i := s.head; i != s.tail; i++ {
			grown[i&uint32(len(grown)-1)] = s.queue[i&uint32(len(s.queue)-1)]
		}
		s.queue = grown
	}
	s.queue[s.tail&uint32(len(s.queue)-1)] = chunk{handle: d.Handle, skip: d.Skip, len: d.Len, offset: d.Offset}
	s.tail++
	s.queued += int64(d.Len)
	if s.skq == nil {
		return
	}
	b := &s.host.skbs.skbs[d.Handle]
	for i := range b.frags {
		if p := b.frags[i].page; p != noPage {
			s.skq.Queue(p)
		}
	}
}

// dataReady is sk_data_ready. A netgpu socket moves what it can into the rx ring
// here and now; what finds no slot waits for the next data-ready, whatever the
// application does meanwhile (patch 10). An ordinary one wakes its reader.
func (s *socket) dataReady(c *Core) {
	if s.skq == nil {
		if s.receiver.asleep {
			s.receiver.wakeUp(c)
		}
		return
	}
	moved := s.drain(c)
	if moved == 0 {
		return
	}
	s.skq.Submit()
	s.ep.Consumed(c.cursor, int(moved))
	if s.receiver.asleep {
		s.receiver.wakeUp(c)
	}
}

// drain is netgpu_recv_skb over the receive queue: one iovec per fragment. It
// returns the payload bytes posted.
func (s *socket) drain(c *Core) (moved int64) {
	h := s.host
	for s.head != s.tail && !s.efault {
		ck := &s.queue[s.head&uint32(len(s.queue)-1)]
		b := &h.skbs.skbs[ck.handle]
		if b.nonZC {
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
		s.head++
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
			b.queue.ifq.Undeliver(f.page)
		} else {
			take := min(length, ck.len)
			if !s.skq.Deliver(f.page, uint32(f.off)+skip, take) {
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
	spec := &s.host.spec.CPU
	sq := s.ch.sq
	var seg tcp.Segment
	s.stopped = false
	for {
		if !sq.HasRoom(maxWQEBlocks) {
			s.stopped = true
			break
		}
		frags, ok := s.ep.Output(c.cursor, &seg)
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
		sq.PostTx(c.cursor, &w)
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
	t.sock.ep.Timer(c.cursor)
	t.sock.output(c)
}
