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
	dsack   span // got twice, to be reported; right is 0 if nothing is
	ack     ackState
	win     windowState

	tsRecent   uint32   // to be echoed (RFC 7323 section 4.3)
	tsRecentAt sim.Time // when it came
	mss        uint16   // largest segment seen: what a full one is (Linux: rcv_mss)
}

func (r *receiver) init(spec *Spec, mss uint16) {
	r.ack.delayedAt, r.ack.compressedAt = sim.Never, sim.Never
	r.mss = min(536, mss) // TCP_MSS_DEFAULT: a guess until the first segment comes
	r.win.init(spec, mss)
	r.wnd = r.win.threshold
}

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
	if seg.Len == 0 && !seg.Flags.Has(FIN) {
		return
	}
	r := &e.rcv
	e.measureRTT(now, seg)
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
		r.unwanted(seg)
	case d >= int64(r.room()) && (seg.Len > 0 || r.room() > 0):
		r.unwanted(seg) // it comes although the window is closed
	case d <= 0:
		e.setDSACK(r.nxt+uint64(d), r.nxt)
		if seg.Len > 0 {
			e.dataArrived(now, seg)
		}
		if data > 0 {
			r.deliver(seg.Handle, uint32(-d), uint32(data))
		} else {
			r.drop(seg)
		}
		if end > data {
			e.noteFIN(r.nxt)
		}
		e.takeOutOfOrder()
		e.takeFIN(now)
		e.growWindow(seg)
	default:
		if end > data {
			e.noteFIN(r.nxt + uint64(data))
		}
		if seg.Len == 0 {
			r.ack.now = true // it says that something before it is missing
			return
		}
		e.dataArrived(now, seg)
		e.stats.outOfOrder++
		e.queueOutOfOrder(seg, r.nxt+uint64(d), r.nxt+uint64(data))
	}
}

// unwanted frees a segment that brings nothing and tells the peer at once: it does not
// know how far this end is.
func (r *receiver) unwanted(seg *Segment) {
	r.quickACKs(maxQuickACKs)
	r.ack.now = true
	r.drop(seg)
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
	r.copied = min(r.copied+uint64(n), r.nxt)
	r.win.adjust(now, r.copied, e.spec, uint64(e.mss))
	e.ackAfterRead()
}
