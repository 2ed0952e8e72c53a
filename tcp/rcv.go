package tcp

import "netgpusim/sim"

// Delivery is what is to be done with the buffer of a received segment: if Len > 0,
// queue Len bytes of its payload behind what was delivered before, beginning Skip
// bytes into it, which are the stream's bytes from Offset on; if Len is 0, free it.
type Delivery struct {
	Offset uint64
	Handle uint32
	Skip   uint32
	Len    uint32
}

// receiver is the receiving half. Positions are stream offsets.
type receiver struct {
	nxt     uint64 // next byte expected
	copied  uint64 // up to here the reader has taken
	wup     uint64 // nxt when the window was last advertised
	wnd     uint64 // window advertised then: the right edge is wup + wnd
	out     ring[Delivery]
	ooo     outOfOrder
	recent  [MaxSACKBlocks]span // for SACK, latest first
	nrecent uint8
	memory  rcvMemory
	dsack   span // got twice, to be reported; right is 0 if nothing is
	ack     ackState
	win     windowState
	urgent  urgent
	drops   int64  // segments dropped (sk_drops)
	lowat   uint64 // bytes that wake a reader (SO_RCVLOWAT)

	tsRecent   uint32   // to be echoed (RFC 7323 section 4.3)
	tsRecentAt sim.Time // when it came
	advMSS     uint16   // what the peer was offered as MSS, less timestamps (advmss)
}

// initReceiver makes the receiver ready for a handshake.
func (e *Endpoint) initReceiver() {
	r := &e.rcv
	r.ack.delayedAt, r.ack.compressedAt = sim.Never, sim.Never
	r.ack.mss = rcvMSSGuess
	r.ack.halfLeast = half(e.spec.DelayedACK)
	r.lowat = 1
	r.memory.kind = e.cfg.Buffers
	r.memory.buffer = min(int64(e.spec.ReceiveInitial), int64(e.spec.ReceiveBuffer))
	e.firstWindow()
}

// startReceiving makes it ready for data (tcp_init_buffer_space, tcp_initialize_rcv_mss).
func (e *Endpoint) startReceiving() {
	r := &e.rcv
	r.advMSS = e.segmentOffered()
	e.startWindow()
	// A guess until the first segment comes.
	r.ack.mss = max(min(r.advMSS, e.mss, uint16(r.wnd/2), rcvMSSGuess), segmentMin-tcpHeader)
}

// segmentOffered is the payload of a full segment of the peer's, as far as this end knows
// (Linux: advmss).
func (e *Endpoint) segmentOffered() uint16 {
	return e.ownMSS() - uint16(bareOptionLen(e.opt.timestamps, 0))
}

// rcvMSSGuess is TCP_MSS_DEFAULT.
const rcvMSSGuess = defaultMSS

// offsetOf returns the stream offset that a received sequence number stands for, the
// one nearest to what is expected.
func (r *receiver) offsetOf(iss, seq uint32) uint64 {
	return r.nxt + uint64(seqDistance(seqOf(iss, r.nxt), seq))
}

// room is how much of the advertised window is left.
func (r *receiver) room() uint64 {
	end := r.wup + r.wnd
	return end - min(end, r.nxt)
}

// drop frees the buffer of a segment that is not wanted.
func (r *receiver) drop(seg *Segment) {
	if seg.Len > 0 {
		r.drops++
		r.out.pushBack(Delivery{Handle: seg.Handle})
	}
}

// NextDelivery returns the next buffer to deliver or to free, in stream order.
func (e *Endpoint) NextDelivery() (Delivery, bool) {
	q := &e.rcv.out
	if q.len() == 0 {
		return Delivery{}, false
	}
	d := *q.front()
	q.popFront()
	return d, true
}

// receive takes payload and FIN of an acceptable segment (tcp_data_queue).
func (e *Endpoint) receive(now sim.Time, seg *Segment) {
	if seg.Flags&URG != 0 || e.rcv.urgent.state == UrgentAwaited {
		e.urgentArrived(seg)
	}
	if seg.Len == 0 && !seg.Flags.Has(FIN) {
		return
	}
	r := &e.rcv
	e.measureEcho(now, seg)
	e.cwrArrived(seg)
	d := seqDistance(seqOf(e.cfg.RemoteISS, r.nxt), seg.Seq)
	data := d + int64(seg.Len)
	end := data
	if seg.Flags.Has(FIN) {
		end++
	}
	switch {
	case end <= 0:
		e.stats.duplicates++
		e.setDSACK(r.nxt+uint64(d), r.nxt+uint64(end))
		e.unwanted(seg)
	case d >= int64(r.room()) && (seg.Len > 0 || r.room() > 0):
		if d == 0 {
			e.mib.TCPZeroWindowDrop++
		}
		e.unwanted(seg) // it comes although the window is closed
	case d <= 0:
		e.setDSACK(r.nxt+uint64(d), r.nxt)
		if data > 0 && r.memory.queue.len() > 0 && !e.admit() {
			e.mib.TCPRcvQDrop++
			r.drop(seg)
			return
		}
		if end > data {
			e.noteFIN(r.nxt + uint64(data))
		}
		if data > 0 {
			e.takeInOrder(now, seg, uint32(-d), uint32(data))
		} else {
			r.drop(seg)
		}
		e.takeFIN(now)
	default:
		if seg.Len > 0 && !e.admit() {
			e.mib.TCPOFODrop++
			r.drop(seg)
			return
		}
		if end > data {
			e.noteFIN(r.nxt + uint64(data))
		}
		if seg.Len == 0 {
			e.reportFIN()
			return
		}
		r.ack.scheduled, r.ack.check = true, true
		e.markArrived(seg)
		e.stats.outOfOrder += int64(max(seg.Segs, 1))
		e.queueOutOfOrder(seg, r.nxt+uint64(d), r.nxt+uint64(data))
	}
}

// takeInOrder queues n bytes of a segment's payload behind skip that are known.
func (e *Endpoint) takeInOrder(now sim.Time, seg *Segment, skip, n uint32) {
	r := &e.rcv
	c := e.chargeOf(seg)
	r.deliver(seg.Handle, skip, n)
	if r.memory.enqueue(r.nxt, n, c) {
		e.mib.TCPRcvCoalesce++
	}
	e.dataArrived(now, seg)
	r.measureWindow(now)
	if seg.Len >= growLeast {
		e.growWindow(seg.Len, c)
	}
	if r.ooo.ranges.len() > 0 {
		e.takeOutOfOrder()
	}
}

// growLeast is the payload below which a segment does not raise the window.
const growLeast = 128

// unwanted frees a segment that brings nothing and tells the peer at once: it does not
// know how far this end is.
func (e *Endpoint) unwanted(seg *Segment) {
	e.enterQuickACK(maxQuickACKs)
	e.rcv.ack.now = true
	e.rcv.drop(seg)
}

// deliver moves the receive queue's end on by n bytes of a buffer.
func (r *receiver) deliver(handle, skip, n uint32) {
	r.out.pushBack(Delivery{Offset: r.nxt, Handle: handle, Skip: skip, Len: n})
	r.nxt += uint64(n)
	r.ack.scheduled = true
}

// Consumed says that the reader has taken n in-order bytes: the window may open, and
// an ACK may be due (tcp_rcv_space_adjust, tcp_cleanup_rbuf).
func (e *Endpoint) Consumed(now sim.Time, n int) {
	e.advance(now)
	if n <= 0 {
		return
	}
	r := &e.rcv
	r.copied += min(uint64(n), e.unread())
	r.memory.read(r.copied)
	if r.urgent.state != UrgentNone {
		r.urgent.readTo(r.copied)
	}
	e.adjustSpace(now)
	e.ackAfterRead()
}
