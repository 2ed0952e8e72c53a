package tcp

import (
	"math/bits"

	"netgpusim/sim"
)

// What an skb costs beyond its payload: Linux 5.8 on x86-64 (SKB_TRUESIZE), bytes.
const (
	skbStruct    = 256 // sizeof(struct sk_buff), in cache lines
	skbShared    = 320 // sizeof(struct skb_shared_info), in cache lines
	skbPad       = 64  // NET_SKB_PAD: headroom of a received frame
	cacheLine    = 64
	maxTCPHeader = 320 // MAX_TCP_HEADER
	kmallocMin   = 512 // no head with its shared info is smaller
	splitHead    = 192 // napi_alloc_skb(96): head of a header-split frame, less its shared info
	chainedSKB   = 255 // fragments of an skb that others hang on (frag_list): nothing joins it
)

// Buffers is how a driver keeps received frames: what memory they are charged, and
// what is saved where frames share an skb.
type Buffers uint8

// Kinds of receive buffers.
const (
	// BuffersLinear is alloc_skb with headers and payload in one kmalloc'ed head (TUN,
	// most virtual devices).
	BuffersLinear Buffers = iota
	// BuffersBuilt is build_skb around a piece of a page that holds the whole frame
	// (mlx5's usual receive queue at an MTU of 1500).
	BuffersBuilt
	// BuffersSplit is a head for headers and whole pages for payload: netgpu, 4096
	// bytes for 1420. The CPU cannot read them, so that they are never collapsed.
	BuffersSplit
)

// charge is what an skb costs its receiver.
type charge struct {
	truesize uint32
	head     uint32 // of it, what is freed if its fragments move into another skb
	tailroom uint16 // bytes that may be copied in behind its payload
	frags    uint8  // fragments, or chainedSKB
}

// of returns what a received frame or GRO bundle with header bytes before its payload
// (IP, TCP and options) is charged (skb_gro_receive, __napi_alloc_skb, build_skb).
func (b Buffers) of(seg *Segment, header uint32) charge {
	frames, payload := max(uint32(seg.Segs), 1), seg.Len
	if frames > 1 {
		payload = uint32(seg.MSS)
	}
	switch b {
	case BuffersBuilt:
		used := skbPad + ethernetHeader + header + payload
		size := (used + cacheLine - 1) &^ (cacheLine - 1)
		return bundle(charge{truesize: skbStruct + size + skbShared, head: skbStruct, tailroom: uint16(size - used), frags: 1}, frames, uint32(b.fragsMost()))
	case BuffersSplit:
		frags := (payload + pageBytes - 1) / pageBytes
		c := charge{truesize: skbStruct + splitHead + skbShared, head: skbStruct + splitHead + skbShared, frags: uint8(frags)}
		c.truesize += frags * pageBytes
		return bundle(c, frames, uint32(b.fragsMost())/max(frags, 1))
	}
	used := skbPad + header + payload
	size := kmallocSize(used)
	return bundle(charge{truesize: skbStruct + size, tailroom: uint16(min(size-skbShared-used, 65535)), frags: chainedSKB}, frames, 1)
}

// fragsMost is how many fragments an skb of this kind holds. A head that has payload counts
// as one: it becomes one where it joins another skb, and is none where it is the first.
func (b Buffers) fragsMost() int {
	if b == BuffersBuilt {
		return maxFrags + 1
	}
	return maxFrags
}

// kmallocSize is what the allocator hands out for a head of n bytes and its shared info.
func kmallocSize(n uint32) uint32 {
	n = (n+cacheLine-1)&^(cacheLine-1) + skbShared
	return max(uint32(1)<<bits.Len32(n-1), kmallocMin)
}

// bundle returns the charge of so many frames, perSKB of which share an skb; where
// one is full the next is chained to it.
func bundle(c charge, frames, perSKB uint32) charge {
	if frames == 1 {
		return c
	}
	heads := (frames + perSKB - 1) / perSKB
	c.truesize = frames*(c.truesize-c.head) + heads*c.head
	c.tailroom = 0
	if heads > 1 || c.frags == chainedSKB {
		c.frags = chainedSKB
	} else {
		c.frags *= uint8(frames)
	}
	return c
}

// rcvMemory is the receive buffer's book (sk_rmem_alloc, sk_rcvbuf).
type rcvMemory struct {
	kind    Buffers
	charged int64        // of all that is queued, in order or not
	buffer  int64        // up to here it is accepted
	locked  bool         // by SO_RCVBUF: buffer stays (SOCK_RCVBUF_LOCK)
	queue   ring[rcvSKB] // in order and not read
	from    uint64       // where the first of queue begins

	last       shape // of the segment that came last,
	lastCharge charge
}

// rcvSKB is an skb of the receive queue. It begins where the one before ends.
type rcvSKB struct {
	end uint64
	charge
}

// winFromSpace is the window that so much memory is worth (tcp_win_from_space).
func (spec *Spec) winFromSpace(space int64) int64 {
	if s := spec.AdvWinScale; s <= 0 {
		return space >> -s
	}
	return space - space>>spec.AdvWinScale
}

// rcvSpace is the window that free memory is worth (tcp_space); negative if more is
// charged than there should be.
func (e *Endpoint) rcvSpace() int64 {
	return e.spec.winFromSpace(e.rcv.memory.buffer - e.rcv.memory.charged)
}

// shape is what the charge of a received segment follows from. One is mostly like the
// one before.
type shape struct {
	len       uint32
	mss, segs uint16
	optLen    uint8
}

// chargeOf is what a received segment with payload is charged.
func (e *Endpoint) chargeOf(seg *Segment) charge {
	m := &e.rcv.memory
	if is := (shape{seg.Len, seg.MSS, seg.Segs, seg.OptLen}); is != m.last {
		m.last, m.lastCharge = is, m.kind.of(seg, uint32(networkLen(e.spec)+tcpHeader)+uint32(seg.OptLen))
	}
	return m.lastCharge
}

// enqueue appends payload up to end to the receive queue, in the last skb if it can be
// joined (tcp_queue_rcv, tcp_try_coalesce), and charges it.
func (m *rcvMemory) enqueue(end uint64, n uint32, c charge) (joined bool) {
	if m.queue.len() > 0 {
		last := m.queue.back()
		if joined, cost := last.join(n, c, m.kind.fragsMost()); joined {
			m.charged += int64(cost)
			last.end = end
			return true
		}
	}
	m.queue.pushBack(rcvSKB{end: end, charge: c})
	m.charged += int64(c.truesize)
	return false
}

// join moves n bytes of another skb into this one, if it can hold them in most fragments,
// and returns what that adds to the charge.
func (c *charge) join(n uint32, from charge, most int) (ok bool, cost uint32) {
	if n <= uint32(c.tailroom) {
		c.tailroom -= uint16(n)
		return true, 0
	}
	if from.frags == chainedSKB || c.frags == chainedSKB || int(c.frags)+int(from.frags) > most {
		return false, 0
	}
	cost = from.truesize - from.head
	c.frags += from.frags
	c.truesize += cost
	c.tailroom = 0
	return true, cost
}

// read uncharges the skbs that have been read up to copied.
func (m *rcvMemory) read(copied uint64) {
	for m.queue.len() > 0 && m.queue.front().end <= copied {
		m.charged -= int64(m.queue.front().truesize)
		m.from = m.queue.front().end
		m.queue.popFront()
	}
}

// rcvMemoryOf is the memory that a window of one segment takes, as receive buffer tuning
// reckons it.
func (spec *Spec) rcvMemoryOf(mss int64) int64 {
	n := mss + maxTCPHeader + skbStruct + skbShared
	for spec.winFromSpace(n) < mss && n < int64(sim.GiB) {
		n += 128
	}
	return n
}
