package nic

import (
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Sizes of a send WQE (Linux 5.8 mlx5 en_tx.c): 16-byte data segments in 64-byte
// basic blocks; control and Ethernet segment take one data segment each, the
// latter with the first 2 bytes of an inlined header. A doorbell, of a send queue
// or to arm a completion queue, is one store of 8 bytes.
const (
	dsBytes       = 16
	bbBytes       = 64
	doorbellBytes = 8
)

// TxWQE describes one skb to send: a segment of up to 64 KiB that the NIC cuts
// into frames, its payload in Frags fragments of memory. Where there is something
// to cut, the header is inlined in the WQE; a single frame's is one more fragment,
// in host memory (mlx5e_sq_xmit with inline mode none, as on ConnectX-5).
type TxWQE struct {
	Seg    tcp.Segment
	Flow   uint32
	Header uint16
	Frags  uint8
	Target pcie.Target // where the payload lies
	Token  uint32      // the driver's name for the skb
}

// bytes is the size of the WQE before rounding to basic blocks.
func (w *TxWQE) bytes() int64 {
	ds := 2 + int64(w.Frags)
	if tcp.Frames(&w.Seg) > 1 {
		ds += (int64(w.Header) - 2 + dsBytes - 1) / dsBytes
	} else {
		ds++
	}
	return ds * dsBytes
}

// BasicBlocks is how much of the send queue the WQE takes.
func (w *TxWQE) BasicBlocks() int { return int((w.bytes() + bbBytes - 1) / bbBytes) }

// TxCompletion tells the driver that an skb's payload has been read.
type TxCompletion struct {
	Visible sim.Time
	Token   uint32
	Flow    uint32
	Bytes   uint32
	Frags   uint8
	blocks  uint8
}

// SQ is one send queue with its completion queue.
type SQ struct {
	Channel int

	nic   *NIC
	index int

	wqes       []TxWQE    // one slot per WQE; at most one WQE per basic block
	fetched    []sim.Time // by slot: when the NIC has read the WQE
	cqes       []TxCompletion
	head, tail uint32   // WQEs taken by the NIC, posted by the driver
	rung       uint32   // producer index of the last doorbell that arrived
	rings      sim.Time // when the last doorbell on its way takes effect
	sent       uint32   // WQEs whose last frame has left: completions written
	polled     uint32   // completions taken by the driver
	blocks     int      // basic blocks in use
	mod        moderation
}

// AddSQ adds a send queue on a channel.
func (n *NIC) AddSQ(channel int) *SQ {
	q := &SQ{Channel: channel, nic: n, index: len(n.sqs),
		wqes:    make([]TxWQE, n.spec.SQEntries),
		fetched: make([]sim.Time, n.spec.SQEntries),
		cqes:    make([]TxCompletion, n.spec.SQEntries)}
	q.mod = moderation{period: n.spec.TxCoalesceTime, frames: n.spec.TxCoalesceFrames}
	q.mod.timer.Init(sim.Event{Actor: n.id, Kind: evTxExpired, A: uint32(q.index)})
	n.sqs = append(n.sqs, q)
	return q
}

// HasRoom says whether a WQE of so many basic blocks fits.
func (q *SQ) HasRoom(blocks int) bool { return blocks <= q.Room() }

// Room is the number of free basic blocks.
func (q *SQ) Room() int { return len(q.wqes) - q.blocks }

// PostTx writes a WQE and rings the doorbell at time now: 8 bytes of MMIO that the
// NIC sees after their way over PCIe. Cores that share the queue take turns under
// its lock: a doorbell never overtakes that of an earlier WQE, even if the caller's
// clock is behind that of the core before. HasRoom must hold.
func (q *SQ) PostTx(now sim.Time, w *TxWQE) {
	q.wqes[q.tail&uint32(len(q.wqes)-1)] = *w
	q.tail++
	q.blocks += w.BasicBlocks()
	n := q.nic
	q.rings = max(q.rings, n.tree.MMIOWrite(now, doorbellBytes)+n.spec.TxPipeline)
	n.engine.Schedule(q.rings, sim.Event{Actor: n.id, Kind: evDoorbell, A: uint32(q.index), B: uint64(q.tail)})
}

// NextTx takes the oldest completion that software can see at time now.
func (q *SQ) NextTx(now sim.Time) (TxCompletion, bool) {
	if q.sent == q.polled {
		return TxCompletion{}, false
	}
	c := q.cqes[q.polled&uint32(len(q.cqes)-1)]
	if c.Visible > now {
		return TxCompletion{}, false
	}
	q.polled++
	q.blocks -= int(c.blocks)
	return c, true
}

// Moderate sets the interrupt moderation of the queue.
func (q *SQ) Moderate(period sim.Time, frames int) { q.mod.period, q.mod.frames = period, frames }

// Interrupts is how many the queue has raised.
func (q *SQ) Interrupts() int64 { return q.mod.raised }

// ArmTx asks for an interrupt at the next completion (or for those not polled yet).
func (q *SQ) ArmTx(now sim.Time) {
	from := q.nic.tree.MMIOWrite(now, doorbellBytes)
	// The CQEs not polled were handed to PCIe before now, so the EQE stays behind.
	if at, due := q.mod.arm(q.nic.engine, from, int(q.sent-q.polled), from, from); due {
		q.interrupt(at)
	}
}

func (q *SQ) interrupt(at sim.Time) {
	q.nic.Counters.TxInterrupts++
	q.nic.raise(at, q.Channel)
}

// doorbell is a doorbell that has come through the NIC's pipeline: the new WQEs are
// read at once, however long their turn will take to come.
func (n *NIC) doorbell(now sim.Time, q *SQ, producer uint32) {
	for ; q.rung != producer; q.rung++ {
		slot := q.rung & uint32(len(q.wqes)-1)
		_, q.fetched[slot] = n.tree.Read(now, pcie.HostMemory, int64(q.wqes[slot].BasicBlocks())*bbBytes)
	}
	if !n.waiting {
		n.send(now)
	}
}

// send takes WQEs from the send queues in turn for as long as the payload fetched
// stays within TxLookahead of the wire, and comes back when the wire has caught up.
// WQEs are the unit of arbitration: frames of one WQE leave in one train.
func (n *NIC) send(now sim.Time) {
	for {
		q := n.turnOf()
		if q == nil {
			n.waiting = false
			return
		}
		if catchUp := n.wire.FreeAt() - n.ahead; catchUp > now {
			n.waiting = true
			n.engine.Schedule(catchUp, sim.Event{Actor: n.id, Kind: evSend})
			return
		}
		n.transmit(now, q)
		n.nextSQ = q.index + 1
	}
}

// turnOf is the send queue whose turn it is, nil if none has anything to send.
func (n *NIC) turnOf() *SQ {
	for i := range n.sqs {
		if q := n.sqs[(n.nextSQ+i)%len(n.sqs)]; q.head != q.rung {
			return q
		}
	}
	return nil
}

// transmit fetches the payload of one WQE and puts its frames on the wire as their
// bytes arrive.
func (n *NIC) transmit(now sim.Time, q *SQ) {
	slot := q.head & uint32(len(q.wqes)-1)
	w := &q.wqes[slot]
	q.head++
	n.Counters.TxWQEs++
	fetched := max(now, q.fetched[slot])
	frames := tcp.Frames(&w.Seg)
	header := fetched // when the header is there
	if frames > 1 {
		n.Counters.TxTSOPackets++
	} else {
		_, header = n.tree.Read(fetched, pcie.HostMemory, int64(w.Header))
	}
	first, last := header, header
	if w.Seg.Len > 0 {
		first, last = n.tree.Read(fetched, w.Target, int64(w.Seg.Len))
		last = max(last, header)
	}
	frame := &n.frame // not on the stack: it would escape to the heap through Wire
	frame.Flow, frame.Header = w.Flow, w.Header
	var departed sim.Time
	for i := range frames {
		tcp.Frame(&frame.Seg, &w.Seg, i)
		ready := last
		if i+1 < frames {
			ready = first + sim.Time(int64(last-first)/int64(frames)*int64(i+1))
		}
		departed = n.wire.Send(ready, frame)
		n.Counters.TxPackets++
		n.Counters.TxBytes += frame.Length()
	}
	q.cqes[(q.head-1)&uint32(len(q.cqes)-1)] = TxCompletion{Token: w.Token, Flow: w.Flow,
		Bytes: w.Seg.Len, Frags: w.Frags, blocks: uint8(w.BasicBlocks())}
	n.engine.Schedule(departed, sim.Event{Actor: n.id, Kind: evSent, A: uint32(q.index)})
}

// complete writes the CQE of the oldest WQE under way: its last frame has left.
func (n *NIC) complete(now sim.Time, q *SQ) {
	written, visible := n.tree.Write(now, pcie.HostMemory, int64(n.spec.CQEBytes))
	q.cqes[q.sent&uint32(len(q.cqes)-1)].Visible = visible
	q.sent++
	if at, due := q.mod.completed(n.engine, written); due {
		q.interrupt(at)
	}
}
