package tcp

import "netgpusim/sim"

// Dimensions of Linux 5.8 GRO.
const (
	groBuckets  = 8     // GRO_HASH_BUCKETS; must be a power of two
	groPerChain = 8     // MAX_GRO_SKBS: flows held per bucket
	groMaxBytes = 65536 // skb_gro_receive: the IP packet stays shorter than this
)

// groEnds are the flags that end a bundle, and with which no bundle begins
// (tcp_gro_receive).
const groEnds = URG | PSH | RST | SYN | FIN

// GRO bundles the consecutive frames of a flow into one large segment before they
// go up the stack, as Linux 5.8 does in each NAPI instance (napi_gro_receive,
// tcp_gro_receive, skb_gro_receive). Frames come in through Offer; what is ready to
// go up comes out of Pop, in order.
//
// A bundle takes the next frame if that continues its sequence numbers, has the
// same acknowledgement number, window, flags and option bytes (a tick of the
// timestamp clock ends a bundle), is not longer than the first one, and if IP and
// TCP headers and all payload stay below 65536 bytes: 46 frames of 1420 bytes, 7 of
// 8920. A shorter frame or PSH completes it. The 17 fragments of an skb are no
// limit; Linux chains skbs (frag_list).
//
// The zero value is ready for IPv6 without VLAN tags; NewGRO serves the others.
type GRO struct {
	chains [groBuckets]groChain
	ready  []groBundle // from head on, oldest first
	head   int
	extra  int32 // network header bytes beyond IPv6's
}

// groChain is a hash bucket: held bundles of distinct flows, oldest first.
type groChain struct {
	flows [groPerChain]uint32 // of held, kept apart: the search touches one line
	held  [groPerChain]groBundle
	began [groPerChain]sim.Time
	n     int
}

// groBundle is a bundle or a frame on its own.
type groBundle struct {
	seg  Segment
	flow uint32
}

// NewGRO returns an empty GRO for frames of the given kind: the length limit
// counts the IP header and a VLAN tag that the NIC did not strip.
func NewGRO(spec *Spec) GRO {
	extra := networkLen(spec) - ipv6Header
	if spec.VLAN {
		extra += vlanTag
	}
	return GRO{extra: int32(extra)}
}

// Offer hands a received frame of a flow to GRO at time now and returns the handle
// of the buffer that the frame's payload belongs to from now on: that of the bundle
// it was merged into, or its own if it is held as a new bundle or goes up alone.
// Each call makes at most two segments ready.
//
// In a bundle, Handle and all header fields are those of the first frame, MSS is
// the first frame's payload (Linux's gso_size), Len and Segs are sums, PSH and FIN
// are those of the last.
func (g *GRO) Offer(now sim.Time, flow uint32, seg *Segment) uint32 {
	c := &g.chains[groHash(flow)&(groBuckets-1)]
	for i := range c.n {
		if c.flows[i] != flow {
			continue
		}
		p := &c.held[i].seg
		if !g.extends(p, seg) {
			g.complete(c, i) // order within the flow: the older goes up first
			break
		}
		p.Len += seg.Len
		p.Segs++
		p.Flags |= seg.Flags & (PSH | FIN)
		into := p.Handle
		if seg.Len < uint32(p.MSS) || seg.Flags&groEnds != 0 {
			g.complete(c, i)
		}
		return into
	}
	if !g.begins(seg) {
		g.push(flow, seg)
		return seg.Handle
	}
	if c.n == groPerChain {
		g.complete(c, 0) // gro_flush_oldest
	}
	p := &c.held[c.n]
	p.flow, p.seg = flow, *seg
	p.seg.MSS, p.seg.Segs = uint16(seg.Len), 1
	c.flows[c.n], c.began[c.n] = flow, now
	c.n++
	return seg.Handle
}

// begins says whether a bundle may begin with seg. What is a bundle already (large
// receive offload) is passed by.
func (g *GRO) begins(seg *Segment) bool {
	return seg.Len != 0 && seg.Segs <= 1 && seg.Flags&groEnds == 0 &&
		g.packetLen(seg) < groMaxBytes
}

// extends says whether seg may be merged into the bundle p.
func (g *GRO) extends(p, seg *Segment) bool {
	if seg.Seq != p.Seq+p.Len || seg.Len == 0 || seg.Len > uint32(p.MSS) || seg.Segs > 1 {
		return false
	}
	// The word that Linux compares holds data offset, flags and window.
	if seg.Ack != p.Ack || seg.Window != p.Window || seg.OptLen != p.OptLen ||
		(seg.Flags^p.Flags)&^(CWR|PSH|FIN) != 0 || seg.Flags&CWR != 0 || seg.ECN != p.ECN {
		return false
	}
	if seg.TSVal != p.TSVal || seg.TSEcr != p.TSEcr || seg.NSACK != p.NSACK {
		return false
	}
	for i := range min(int(seg.NSACK), MaxSACKBlocks) {
		if seg.SACK[i] != p.SACK[i] {
			return false
		}
	}
	return g.packetLen(p)+int64(seg.Len) < groMaxBytes
}

// packetLen is the length of seg from its IP header (or VLAN tag) on.
func (g *GRO) packetLen(seg *Segment) int64 {
	return ipv6Header + int64(g.extra) + tcpHeader + int64(seg.OptLen) + int64(seg.Len)
}

// Pop returns the next segment that is ready to go up, with its flow; ok is false
// when there is none.
func (g *GRO) Pop() (flow uint32, seg Segment, ok bool) {
	if g.head == len(g.ready) {
		return 0, Segment{}, false
	}
	b := &g.ready[g.head]
	g.head++
	if g.head == len(g.ready) {
		g.ready, g.head = g.ready[:0], 0 // b stays in place until the next push
	}
	return b.flow, b.seg, true
}

// FlushAll completes every bundle, as the end of a NAPI poll does
// (napi_complete_done without gro_flush_timeout): bucket by bucket, oldest first.
func (g *GRO) FlushAll() { g.FlushOlder(sim.Never) }

// FlushOlder completes the bundles that began before the given time. A NAPI poll
// that used up its budget keeps the bundles of the present jiffy (napi_poll, HZ >=
// 1000): pass the time at which that jiffy began.
func (g *GRO) FlushOlder(before sim.Time) {
	for i := range g.chains {
		c := &g.chains[i]
		n := 0
		for n < c.n && c.began[n] < before {
			g.push(c.held[n].flow, &c.held[n].seg)
			n++
		}
		c.remove(0, n)
	}
}

// complete makes the i-th bundle of a chain ready.
func (g *GRO) complete(c *groChain, i int) {
	g.push(c.flows[i], &c.held[i].seg)
	c.remove(i, 1)
}

func (g *GRO) push(flow uint32, seg *Segment) {
	g.ready = append(g.ready, groBundle{seg: *seg, flow: flow})
}

// remove takes n bundles from the i-th on out of the chain.
func (c *groChain) remove(i, n int) {
	if n == 0 {
		return
	}
	copy(c.flows[i:], c.flows[i+n:c.n])
	copy(c.held[i:], c.held[i+n:c.n])
	copy(c.began[i:], c.began[i+n:c.n])
	c.n -= n
}

// groHash spreads flows over the buckets as unevenly as a NIC's Toeplitz hash does
// (the finaliser of MurmurHash3).
func groHash(flow uint32) uint32 {
	flow ^= flow >> 16
	flow *= 0x85EBCA6B
	flow ^= flow >> 13
	flow *= 0xC2B2AE35
	return flow ^ flow>>16
}
