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
	Visible sim.Time // sim.Never until that is known
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

	wqes       []TxWQE // one slot per WQE; at most one WQE per basic block
	unread     []int64 // by slot: bytes of the WQE that the NIC has not read
	trains     []train // by slot
	cqes       []TxCompletion
	head, tail uint32   // WQEs taken by the NIC, posted by the driver
	rung       uint32   // producer index of the last doorbell that arrived
	read       uint32   // WQEs that the NIC has read
	rings      sim.Time // when the last doorbell was rung
	sent       uint32   // WQEs whose last frame has left
	produced   uint32   // completions of which it is known when they leave the NIC
	polled     uint32   // completions taken by the driver
	blocks     int      // basic blocks in use
	mod        moderation
}

// AddSQ adds a send queue on a channel.
func (n *NIC) AddSQ(channel int) *SQ {
	q := &SQ{Channel: channel, nic: n, index: len(n.sqs),
		wqes:   make([]TxWQE, n.spec.SQEntries),
		unread: make([]int64, n.spec.SQEntries),
		trains: make([]train, n.spec.SQEntries),
		cqes:   make([]TxCompletion, n.spec.SQEntries)}
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
	q.rings = max(q.rings, now)
	q.nic.port.Store(q.rings, doorbellBytes, notice(aboutDoorbell, q.index, q.tail))
}

// doorbellSeen is a doorbell's arrival at the NIC.
func (q *SQ) doorbellSeen(producer uint32, at sim.Time) {
	n := q.nic
	n.engine.Schedule(at+n.spec.TxPipeline, sim.Event{Actor: n.id, Kind: evDoorbell, A: uint32(q.index), B: uint64(producer)})
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
	q.nic.port.Store(now, doorbellBytes, notice(aboutTxArm, q.index, q.polled))
}

// armed is the arrival of that doorbell, rung when so many completions had been polled.
func (q *SQ) armed(polled uint32, from sim.Time) {
	// The CQEs not polled were handed to PCIe before, so the EQE stays behind.
	if at, due := q.mod.arm(q.nic.engine, from, int(int32(q.produced-polled)), from, from); due {
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
	for int32(producer-q.rung) > 0 {
		number := q.rung
		slot := number & uint32(len(q.wqes)-1)
		q.rung++
		q.unread[slot] = int64(q.wqes[slot].BasicBlocks()) * bbBytes
		n.port.Read(now, pcie.HostMemory, q.unread[slot], notice(aboutWQE, q.index, number))
	}
}

// wqeArrived is more of a WQE's coming. It counts as read when it is there whole.
func (q *SQ) wqeArrived(number uint32, bytes int64, last sim.Time) {
	unread := &q.unread[number&uint32(len(q.wqes)-1)]
	if *unread -= bytes; *unread == 0 {
		*unread = coming
		q.nic.engine.Schedule(last, sim.Event{Actor: q.nic.id, Kind: evFetched, A: uint32(q.index), B: uint64(number)})
	}
}

// coming stands for the bytes of a WQE that will be there at a time that is known.
const coming = -1

// fetched is a WQE's being there. A queue's WQEs are taken in order.
func (n *NIC) fetched(now sim.Time, q *SQ, number uint32) {
	q.unread[number&uint32(len(q.wqes)-1)] = 0
	for q.read != q.rung && q.unread[q.read&uint32(len(q.wqes)-1)] == 0 {
		q.read++
	}
	n.send(now)
}

// send takes WQEs from the send queues in turn for as long as the payload fetched
// stays within TxLookahead of the wire, and comes back when the wire has caught up.
// WQEs are the unit of arbitration: frames of one WQE leave in one train.
func (n *NIC) send(now sim.Time) {
	if n.sending {
		return
	}
	n.sending = true
	again := sim.Never
	for q := n.turnOf(); q != nil; q = n.turnOf() {
		if at := n.catchUp(now); at > now {
			again = at
			break
		}
		n.nextSQ = q.index + 1
		n.transmit(now, q)
	}
	n.resume.Set(n.engine, again)
	n.sending = false
}

// catchUp is when the wire will be near enough to what has been fetched.
func (n *NIC) catchUp(now sim.Time) sim.Time {
	free := n.wire.FreeAt()
	if n.fetching > 0 {
		free = max(free, now) + n.pace.Time(n.fetching)
	}
	return free - n.ahead
}

// turnOf is the send queue whose turn it is, nil if none has anything to send.
func (n *NIC) turnOf() *SQ {
	for i := range n.sqs {
		if q := n.sqs[(n.nextSQ+i)%len(n.sqs)]; q.head != q.read {
			return q
		}
	}
	return nil
}

// complete writes the CQE of the oldest WQE under way: its last frame has left.
func (n *NIC) complete(now sim.Time, q *SQ) {
	number := q.sent
	q.sent++
	n.port.Write(now, pcie.HostMemory, int64(n.spec.CQEBytes), notice(aboutTxCQE, q.index, number))
}

// written says when the CQE with this number, and all before it, has left the NIC.
func (q *SQ) written(number uint32, at sim.Time) {
	q.produced = number + 1
	if at, due := q.mod.completed(q.nic.engine, at); due {
		q.interrupt(at)
	}
}

func (q *SQ) cqeVisible(number uint32, at sim.Time) {
	q.cqes[number&uint32(len(q.cqes)-1)].Visible = at
}
