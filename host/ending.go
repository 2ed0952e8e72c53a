package host

import (
	"netgpusim/nic"
	"netgpusim/tcp"
)

// ending is how a connection has come to an end before its time, as the application at
// one end of it is told. The zero ending is none: the connection lives.
type ending uint8

const (
	endedEFAULT ending = iota + 1 // payload in the header buffer (NonZCError)
	endedReset                    // the peer has reset the connection
)

var endingErrors = [...]string{"", "EFAULT: payload in the header buffer", "ECONNRESET: the peer has reset the connection"}

// Error is what has ended the connection, as poll shows it to the application at the
// end where it began: errno and reason, "" if the connection lives.
func (c *Conn) Error() string {
	if c.rx.ended == endedEFAULT || c.tx.ended == 0 {
		return endingErrors[c.rx.ended]
	}
	return endingErrors[c.tx.ended]
}

// fail ends the connection because delivery has met an skb that is not zero-copy: what
// was received and not delivered is freed, the peer gets a reset, and poll shows the
// error.
func (s *socket) fail(c *Core) {
	s.end(c, endedEFAULT)
	s.reset(c)
}

// refuse is a segment that finds the connection ended, or ends it.
func (s *socket) refuse(c *Core, seg *tcp.Segment) {
	if seg.Len > 0 {
		s.host.freeUndelivered(seg.Handle)
	} else {
		s.host.skbs.release(seg.Handle)
	}
	switch {
	case !seg.Flags.Has(tcp.RST):
		s.reset(c) // an earlier one may have been lost
	case s.ended == 0:
		s.end(c, endedReset)
		if s.receiver != nil && s.receiver.asleep {
			s.receiver.wakeUp(c)
		}
		if s.sender != nil && s.sender.asleep {
			s.sender.wakeUp(c)
		}
	}
}

// reset sends an RST. TCP is through with the connection by that.
func (s *socket) reset(c *Core) {
	var seg tcp.Segment
	s.ep.Abort(s.time(c), &seg)
	s.timer.set(s.ep.Deadline())
	if s.ch.sq.HasRoom(maxWQEBlocks) { // else it is dropped, as any packet may be
		c.charge(FnSendAck, s.host.spec.CPU.ACKTransmit)
		s.ch.sq.PostTx(c.cursor, &nic.TxWQE{Seg: seg, Flow: s.flow, Header: s.header + uint16(seg.OptLen), Target: s.txTarget})
	}
}

// end purges the connection's queues: received data that nobody will get, transmit
// fragments that nobody will acknowledge.
func (s *socket) end(c *Core, how ending) {
	s.ended = how
	var unsent tcp.Segment
	s.ep.Abort(s.time(c), &unsent)
	s.timer.set(s.ep.Deadline())
	for {
		d, ok := s.ep.NextDelivery()
		if !ok {
			break
		}
		s.host.freeUndelivered(d.Handle)
	}
	for s.queue.Len() > 0 {
		ck := s.queue.Front()
		s.host.freeRest(ck.handle, int(ck.next))
		s.queue.Pop()
	}
	s.queued = 0
	s.tx.acknowledged(c, s.tx.ends)
}
