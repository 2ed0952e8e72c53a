package nic

import (
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// train is the frames of one WQE on their way: its payload is read, and a frame leaves
// when as many bytes are there as it and those before it have. Which bytes these are does
// not count: completions of requests that overtake each other would, by a few frames.
type train struct {
	frames int
	gone   int   // frames that have left, or will at a time that is known
	end    int64 // payload bytes in those

	header   int64    // bytes of a header in host memory that have not come
	headerAt sim.Time // when it is there

	come        int64    // payload bytes that have come, or will at a time that is known
	before      int64    // of these, the ones before the last arrival
	first, last sim.Time // when that began and ends
}

// trainRef names a train: a send queue and a WQE in it.
type trainRef struct{ queue, number uint32 }

// transmit takes one WQE and has its payload read.
func (n *NIC) transmit(now sim.Time, q *SQ) {
	number := q.head
	q.head++
	slot := number & uint32(len(q.wqes)-1)
	w, t := &q.wqes[slot], &q.trains[slot]
	*t = train{frames: tcp.Frames(&w.Seg), first: now, last: now}
	n.Counters.TxWQEs++
	n.fetching += int64(t.frames)*int64(w.Header) + int64(w.Seg.Len)
	n.trains.Push(trainRef{uint32(q.index), number})
	if t.frames > 1 {
		n.Counters.TxTSOPackets++
	} else {
		t.header = int64(w.Header)
		n.port.Read(now, pcie.HostMemory, t.header, notice(aboutTxHeader, q.index, number))
	}
	if w.Seg.Len > 0 {
		n.port.Read(now, w.Target, int64(w.Seg.Len), notice(aboutTxPayload, q.index, number))
	}
}

func (n *NIC) headerArrived(q *SQ, number uint32, bytes int64, last sim.Time) {
	t := &q.trains[number&uint32(len(q.wqes)-1)]
	t.header -= bytes
	t.headerAt = max(t.headerAt, last)
	n.depart()
}

func (n *NIC) payloadArrived(q *SQ, number uint32, bytes int64, first, last sim.Time) {
	t := &q.trains[number&uint32(len(q.wqes)-1)]
	t.before = t.come
	t.come += bytes
	t.first, t.last = first, last
	n.depart()
}

// depart puts the frames on the wire whose bytes are there or on their way. Trains leave
// in the order in which they were taken.
func (n *NIC) depart() {
	for n.trains.Len() > 0 {
		ref := *n.trains.Front()
		q := n.sqs[ref.queue]
		slot := ref.number & uint32(len(q.wqes)-1)
		departed, all := n.frames(&q.wqes[slot], &q.trains[slot])
		if !all {
			break
		}
		n.trains.Pop()
		w := &q.wqes[slot]
		q.cqes[slot] = TxCompletion{Visible: sim.Never, Token: w.Token, Flow: w.Flow,
			Bytes: w.Seg.Len, Frags: w.Frags, blocks: uint8(w.BasicBlocks())}
		n.engine.Schedule(departed, sim.Event{Actor: n.id, Kind: evSent, A: ref.queue})
	}
	n.send(n.engine.Now())
}

// frames sends the frames of a train that can leave. It says when the last leaves, and
// whether that was the last of all.
func (n *NIC) frames(w *TxWQE, t *train) (departed sim.Time, all bool) {
	frame := &n.frame // not on the stack: it would escape to the heap through Wire
	frame.Flow, frame.Header = w.Flow, w.Header
	for ; t.gone < t.frames; t.gone++ {
		tcp.Frame(&frame.Seg, &w.Seg, t.gone)
		end := t.end + int64(frame.Seg.Len)
		if t.header > 0 || end > t.come {
			return 0, false
		}
		t.end = end
		departed = n.wire.Send(max(t.there(end), t.headerAt), frame)
		n.fetching -= frame.Length()
		n.Counters.TxPackets++
		n.Counters.TxBytes += frame.Length()
	}
	return departed, true
}

// there is when so many bytes of the payload have come.
func (t *train) there(bytes int64) sim.Time {
	if bytes <= t.before {
		return t.first // before the last arrival began
	}
	return t.last - (t.last-t.first)*sim.Time(t.come-bytes)/sim.Time(t.come-t.before)
}
