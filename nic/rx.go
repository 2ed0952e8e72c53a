package nic

import (
	"math/bits"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// MaxPages is the most netgpu pages one receive WQE can hold: the driver allows
// four scatter entries (MLX5E_MAX_RX_FRAGS, Linux 5.8) and the first is the header.
const MaxPages = 3

// pageBytes is the size of a netgpu page (patch 10).
const pageBytes = 4096

// RxWQE is a posted receive buffer: the header page is implied (the driver
// recycles it), the payload pages are named by number.
type RxWQE struct {
	Pages [MaxPages]uint32
	N     uint8
}

// Completion is a CQE together with what the DMA writes before it put into the
// buffers.
type Completion struct {
	Frame   Frame
	Visible sim.Time // when software can see the CQE; sim.Never until that is known
	WQE     RxWQE
	Used    uint8 // payload pages that received bytes, from the first on

	// How the fixed split met the packet's real header. At most one is non-zero;
	// both are zero for a packet that fits the split.
	PayloadInHeader uint16 // payload bytes that landed in the host page
	HeaderInPayload uint16 // header bytes that landed in the first netgpu page

	written sim.Time // when the CQE has left the NIC
	landed  sim.Time // when the payload in other memory is visible; sim.Never until that is known
}

// RQ is one receive queue with its completion queue: a netgpu queue (cyclic, fixed
// split, patches 17-20) or an ordinary one.
type RQ struct {
	ID      int // hardware queue id
	Channel int

	split  bool
	target pcie.Target
	nic    *NIC
	index  int

	wqes       []RxWQE
	cqes       []Completion
	head, tail uint32 // WQEs consumed by the NIC, posted by the driver
	cqHead     uint32 // completions polled; produced is head
	stride     int64  // bytes of a WQE
	capacity   int64  // bytes its buffers hold, header part included
	fetched    uint32 // WQEs that the NIC has read
	produced   uint32 // CQEs of which it is known when they leave the NIC
	mod        moderation
	Posted     sim.Gauge // WQEs the NIC can use
}

// PayloadPages is how many netgpu pages one receive WQE needs: entries of at most
// Fragment bytes until MTU + 22 bytes (Ethernet, VLAN tag, FCS) are covered, less
// the header part (patch 17).
func (s *Spec) PayloadPages() int {
	rest := s.bufferBytes() - int64(s.HeaderSplit)
	if rest <= 0 {
		return 1
	}
	return int((rest + int64(s.Fragment) - 1) / int64(s.Fragment))
}

func (s *Spec) bufferBytes() int64 { return int64(s.MTU) + 14 + 4 + 4 }

// AddRQ adds a receive queue on a channel. A split queue puts payload into the
// pages of its WQEs, which live in target; an ordinary one writes whole frames to
// host memory.
func (n *NIC) AddRQ(id, channel int, split bool, target pcie.Target) *RQ {
	pages := 0
	if split {
		pages = n.spec.PayloadPages()
	}
	q := &RQ{ID: id, Channel: channel, split: split, target: target, nic: n, index: len(n.rqs),
		wqes:     make([]RxWQE, n.spec.RQEntries),
		cqes:     make([]Completion, n.spec.CQEntries),
		stride:   16 << bits.Len(uint(pages)), // 16-byte scatter entries, rounded up to a power of two
		capacity: n.spec.bufferBytes(),
	}
	q.mod = moderation{period: n.spec.RxCoalesceTime, frames: n.spec.RxCoalesceFrames,
		fromCQE: n.spec.RxCoalesceMode == "cqe"}
	q.mod.timer.Init(sim.Event{Actor: n.id, Kind: evRxExpired, A: uint32(q.index)})
	q.Posted.Start(n.engine.Now(), 0, int64(n.spec.RQEntries))
	n.rqs = append(n.rqs, q)
	return q
}

// RQs are the receive queues in the order they were added.
func (n *NIC) RQs() []*RQ { return n.rqs }

// Missing is how many WQEs the driver may post.
func (q *RQ) Missing() int { return len(q.wqes) - int(q.tail-q.head) - q.Unpolled() }

// Unpolled is how many completions the driver has not taken. Their WQEs' slots
// are not free for posting.
func (q *RQ) Unpolled() int { return int(q.head - q.cqHead) }

// PostRx posts one WQE; the doorbell record in host memory that makes it count
// costs no PCIe write. Missing must be positive.
func (q *RQ) PostRx(now sim.Time, w RxWQE) {
	q.wqes[q.tail&uint32(len(q.wqes)-1)] = w
	q.tail++
	q.Posted.Set(now, int64(q.tail-q.head))
}

// NextRx is the oldest completion that the driver has not taken, if software can
// see it at time now. It stays valid until PopRx.
func (q *RQ) NextRx(now sim.Time) *Completion {
	if q.head == q.cqHead {
		return nil
	}
	c := q.cqe(q.cqHead)
	if c.Visible > now {
		return nil
	}
	return c
}

// PopRx takes the completion that NextRx showed.
func (q *RQ) PopRx() { q.cqHead++ }

// Moderate sets the interrupt moderation of the queue.
func (q *RQ) Moderate(period sim.Time, frames int) { q.mod.period, q.mod.frames = period, frames }

// Interrupts is how many the queue has raised.
func (q *RQ) Interrupts() int64 { return q.mod.raised }

// ArmRx asks for an interrupt at the next completion (or for those not polled
// yet): a doorbell record in host memory and 8 bytes of MMIO (Linux 5.8 mlx5 cq.h).
func (q *RQ) ArmRx(now sim.Time) {
	q.nic.port.Store(now, doorbellBytes, notice(aboutRxArm, q.index, q.cqHead))
}

// armed is the arrival of that doorbell, rung when so many completions had been polled.
func (q *RQ) armed(polled uint32, from sim.Time) {
	n := int(int32(q.produced - polled))
	var oldest, newest sim.Time
	if n > 0 {
		oldest = q.cqe(polled).written
		newest = q.cqe(polled + uint32(min(n, q.mod.frames)) - 1).written
	}
	if at, due := q.mod.arm(q.nic.engine, from, n, oldest, newest); due {
		q.interrupt(at)
	}
}

// cqe is the completion with this number.
func (q *RQ) cqe(number uint32) *Completion { return &q.cqes[number&uint32(len(q.cqes)-1)] }

func (q *RQ) interrupt(at sim.Time) {
	q.nic.Counters.RxInterrupts++
	q.nic.raise(at, q.Channel)
}

// Receive takes a frame from the wire, its last bit having arrived now: steering,
// the split at a fixed byte, the DMA writes in order (header, payload, CQE), and
// the completion.
func (n *NIC) Receive(now sim.Time, f *Frame) {
	length := f.Length()
	n.Counters.RxPackets++
	n.Counters.RxBytes += length
	q := n.steer[f.Flow]
	switch {
	case length > q.capacity-4: // the buffer has room for the FCS, which is stripped
		n.Counters.RxOversize++
		return
	case n.ingress.Occupancy(now)+n.draining+length > int64(n.spec.IngressBuffer):
		n.Counters.RxDiscards++
		return
	case q.tail == q.head:
		n.Counters.RxOutOfBuffer++
		return
	}
	if q.fetched == q.head {
		// Descriptors are read ahead in batches; their latency is hidden, their
		// bytes are not.
		batch := min(uint32(n.spec.WQEPrefetch), q.tail-q.head)
		n.port.Read(now, pcie.HostMemory, int64(batch)*q.stride, pcie.Unnoticed)
		q.fetched += batch
	}
	number := q.head
	c := q.cqe(number)
	c.Frame = *f
	c.Visible, c.landed = sim.Never, 0
	c.Used, c.PayloadInHeader, c.HeaderInPayload = 0, 0, 0
	c.WQE = q.wqes[q.head&uint32(len(q.wqes)-1)]
	q.head++
	q.Posted.Set(now, int64(q.tail-q.head))

	start := now + n.spec.RxPipeline
	n.draining += length
	if q.split {
		n.scatter(start, q, number, length)
	} else {
		n.port.Write(start, pcie.HostMemory, length, pcie.Unnoticed)
	}
	n.port.Write(start, pcie.HostMemory, int64(n.spec.CQEBytes), notice(aboutRxCQE, q.index, number))
}

// written says when the CQE with this number, and all before it, has left the NIC.
func (q *RQ) written(number uint32, at sim.Time) {
	n, c := q.nic, q.cqe(number)
	c.written = at
	q.produced = number + 1
	length := c.Frame.Length()
	n.draining -= length
	n.ingress.Admit(n.engine.Now(), length)
	n.ingress.Hold(length, at)
	if at, due := q.mod.completed(n.engine, at); due {
		q.interrupt(at)
	}
}

func (q *RQ) cqeVisible(number uint32, at sim.Time) {
	q.cqe(number).Visible = at
	q.lag(number)
}

func (q *RQ) payloadVisible(number uint32, at sim.Time) {
	if q.head-number > uint32(len(q.cqes)) {
		return // its CQE has been polled, and its place used again, long ago
	}
	q.cqe(number).landed = at
	q.lag(number)
}

// lag notes by how much payload is visible later than its CQE, when both are known.
func (q *RQ) lag(number uint32) {
	c := q.cqe(number)
	if c.Visible == sim.Never || c.landed == sim.Never {
		return
	}
	q.nic.Counters.LagMax = max(q.nic.Counters.LagMax, c.landed-c.Visible)
}

// scatter writes a frame into a WQE of the netgpu queue: the first HeaderSplit
// bytes into the host page, whatever they are, the rest into the payload pages.
func (n *NIC) scatter(start sim.Time, q *RQ, number uint32, length int64) {
	c := q.cqe(number)
	split := int64(n.spec.HeaderSplit)
	first := min(split, length)
	rest := length - first
	n.port.Write(start, pcie.HostMemory, first, pcie.Unnoticed)
	header := int64(c.Frame.Header)
	payload := uint64(c.Frame.Seg.Offset)
	lead := int64(0) // header bytes at the front of the payload pages
	if header < first {
		c.PayloadInHeader = uint16(first - header)
		payload += uint64(first - header)
	} else if header > split {
		lead = header - split
		c.HeaderInPayload = uint16(lead)
	}
	if rest == 0 {
		return
	}
	c.landed = sim.Never
	n.port.Write(start, q.target, rest, notice(aboutRxPayload, q.index, number))
	for rest > 0 {
		chunk := min(rest, int64(n.spec.Fragment))
		skip := min(lead, chunk)
		n.memory.Pages[c.WQE.Pages[c.Used]] = Extent{Offset: payload, Stream: c.Frame.Flow,
			Start: uint16(skip), Len: uint16(chunk - skip)}
		payload += uint64(chunk - skip)
		lead -= skip
		rest -= chunk
		c.Used++
	}
}
