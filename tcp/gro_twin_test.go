package tcp

import (
	"slices"
	"testing"

	"netgpusim/sim"
)

// listGRO is GRO told as the kernel's functions tell it, with lists: the twin that
// GRO is compared with.
type listGRO struct {
	lists [8][]listBundle // youngest first
	up    []groBundle
	ip    int
}

type listBundle struct {
	groBundle
	size uint32 // gso_size
	age  sim.Time
}

func (g *listGRO) receive(now sim.Time, flow uint32, seg Segment) (into uint32) {
	list := &g.lists[groHash(flow)%8]
	flush := seg.Segs > 1 // skb_is_gso
	found := slices.IndexFunc(*list, func(b listBundle) bool { return b.flow == flow })
	merged, mss, done := false, uint32(1), -1
	if found >= 0 {
		p := &(*list)[found]
		differs := flush || seg.Flags&CWR != 0 || (seg.Flags^p.seg.Flags)&^(CWR|FIN|PSH) != 0 ||
			seg.OptLen != p.seg.OptLen || seg.Window != p.seg.Window || seg.Ack != p.seg.Ack ||
			seg.TSVal != p.seg.TSVal || seg.TSEcr != p.seg.TSEcr || seg.NSACK != p.seg.NSACK ||
			!slices.Equal(seg.SACK[:seg.NSACK], p.seg.SACK[:p.seg.NSACK])
		differs = differs || seg.Len-1 >= p.size // unsigned: also without payload
		differs = differs || p.seg.Seq+p.seg.Len != seg.Seq
		length := g.ip + 20 + int(p.seg.OptLen) + int(p.seg.Len)
		if merged = !differs && length+int(seg.Len) < 65536; merged {
			mss = p.size
			into = p.seg.Handle
			p.seg.Len += seg.Len
			p.seg.Segs++
			p.seg.Flags |= seg.Flags & (FIN | PSH)
		}
	}
	last := seg.Len < mss || seg.Flags&(URG|PSH|RST|SYN|FIN) != 0
	if found >= 0 && (!merged || last) {
		done = found
	}
	if done >= 0 {
		g.up = append(g.up, (*list)[done].groBundle)
		*list = slices.Delete(*list, done, done+1)
	}
	switch {
	case merged:
		return into
	case flush || last:
		g.up = append(g.up, groBundle{seg, flow})
		return seg.Handle
	}
	if len(*list) >= 8 {
		g.up = append(g.up, (*list)[7].groBundle)
		*list = (*list)[:7]
	}
	size := seg.Len
	seg.MSS, seg.Segs = uint16(size), 1
	*list = slices.Insert(*list, 0, listBundle{groBundle{seg, flow}, size, now})
	return seg.Handle
}

func (g *listGRO) flush(before sim.Time) {
	for i := range g.lists {
		list := &g.lists[i]
		for n := len(*list); n > 0 && (*list)[n-1].age < before; n-- {
			g.up = append(g.up, (*list)[n-1].groBundle)
			*list = (*list)[:n-1]
		}
	}
}

// TestGROAgreesWithItsTwin offers random frames of many flows, most of them in
// sequence, to both, and checks that every frame comes up exactly once and in order
// within its flow.
func TestGROAgreesWithItsTwin(t *testing.T) {
	for seed := range uint64(20) {
		random := sim.NewRand(seed, "gro")
		spec := Spec{IPVersion: 6, VLAN: seed%3 == 0}
		ip := 40
		if seed%2 == 0 {
			spec.IPVersion, ip = 4, 20
		}
		if spec.VLAN {
			ip += 4
		}
		g, twin := NewGRO(&spec), listGRO{ip: ip}
		flows := make([]Segment, 1+random.Intn(150))
		order := make([][]Segment, len(flows)) // what was offered and has not come up
		now := sim.Time(0)
		for i := range flows {
			flows[i] = Segment{Seq: -uint32(random.Intn(1 << 20)), Flags: ACK, OptLen: 20, Segs: 1,
				MSS: uint16(1 + random.Intn(9000))}
		}
		check := func() {
			for i := 0; ; i++ {
				flow, seg, ok := g.Pop()
				if ok != (i < len(twin.up)) {
					t.Fatalf("seed %d: %d segments up, twin has %d", seed, i, len(twin.up))
				}
				if !ok {
					break
				}
				if want := twin.up[i]; want.flow != flow || want.seg != seg {
					t.Fatalf("seed %d: flow %d: %+v, twin has flow %d: %+v", seed, flow, seg, want.flow, want.seg)
				}
				first := order[flow][0]
				if seg.Handle != first.Handle || seg.Seq != first.Seq {
					t.Fatalf("seed %d: flow %d: %d came up at seq %d, expected %d at seq %d",
						seed, flow, seg.Handle, seg.Seq, first.Handle, first.Seq)
				}
				for sum := uint32(0); ; {
					sum += order[flow][0].Len
					order[flow] = order[flow][1:]
					if sum == seg.Len {
						break
					}
				}
			}
			twin.up = twin.up[:0]
		}
		// From packets that take turns, which overflow the buckets, to whole TSO bursts.
		burst, longest, flow := 0, 1+int(seed*seed), uint32(0)
		for handle := range uint32(20000) {
			now += sim.Time(random.Intn(int(10 * sim.Microsecond)))
			if burst--; burst < 0 {
				burst, flow = random.Intn(longest), uint32(random.Intn(len(flows)))
			}
			next := &flows[flow]
			seg := *next
			seg.Handle = handle + 1
			seg.Len = uint32(seg.MSS)
			switch random.Intn(200) {
			case 0:
				seg.Len = uint32(random.Intn(9000))
			case 1:
				seg.Flags |= PSH
			case 2:
				seg.Flags |= Flags(random.Intn(256))
			case 3:
				next.Ack++
				seg.Ack = next.Ack
			case 4:
				next.TSVal++
				seg.TSVal = next.TSVal
			case 5:
				seg.Seq += uint32(random.Intn(3000))
			case 6:
				seg.Window = 5
			case 7:
				seg.NSACK, seg.OptLen = 1, 24
				seg.SACK[0].Left = uint32(random.Intn(2))
			case 8:
				seg.Len, seg.Segs = seg.Len*2, 2
			case 9:
				seg.Len = 0
			case 10:
				next.MSS = uint16(1 + random.Intn(9000))
			case 13:
				next.TSEcr++
				seg.TSEcr = next.TSEcr
			case 14:
				seg.OptLen = 24
			case 15:
				seg.NSACK = 1 // in place of padding
			case 11:
				g.FlushAll()
				twin.flush(sim.Never)
				check()
			case 12:
				before := now - sim.Time(random.Intn(int(sim.Millisecond)))
				g.FlushOlder(before)
				twin.flush(before)
				check()
			}
			next.Seq = seg.Seq + seg.Len
			order[flow] = append(order[flow], seg)
			if got, want := g.Offer(now, flow, &seg), twin.receive(now, flow, seg); got != want {
				t.Fatalf("seed %d: frame %+v went into %d, twin put it into %d", seed, seg, got, want)
			}
			check()
		}
		g.FlushAll()
		twin.flush(sim.Never)
		check()
		for flow := range order {
			if len(order[flow]) > 0 {
				t.Fatalf("seed %d: flow %d: %d frames never came up", seed, flow, len(order[flow]))
			}
		}
	}
}
