package pcie

import (
	"testing"

	"netgpusim/sim"
)

// traffic is a random mix of everything a NIC and a core do, over a tree with every
// kind of limit.
type traffic struct {
	tree *Tree
	rand sim.Rand
	now  sim.Time

	written, read  [targets]int64 // data bytes
	writes, reads  [targets]int64 // wire bytes, counted TLP by TLP
	asked          [targets]int64 // wire bytes of read requests
	stored, stores int64          // MMIO data and wire bytes
}

func newTraffic(tb testing.TB, seed uint64) *traffic {
	x := &traffic{rand: sim.NewRand(seed, "traffic")}
	s := testSpec()
	if x.rand.Intn(2) == 0 {
		s = rootSpec()
		s.PeerWriteLimit, s.PeerReadLimit = 56*sim.Gbps, 24*sim.Gbps
	}
	s.NICLanes, s.GPULanes = 8<<x.rand.Intn(2), 4<<x.rand.Intn(3)
	s.PostedHeaderCredits = 1 + x.rand.Intn(64)
	x.tree = newTree(tb, s, 1+x.rand.Intn(64))
	return x
}

// wire counts the bytes of data in pieces of at most size with so much overhead.
func wire(n, size, overhead int64) (total int64) {
	for n = max(1, (n+3)/4) * 4; n > 0; n -= size {
		total += min(n, size) + overhead
	}
	return total
}

// step does one random thing and returns when it was done at the earliest and what
// it returned: what left the NIC or came first, and what came last.
func (x *traffic) step() (kind string, target Target, first, last sim.Time) {
	r := &x.rand
	x.now += sim.Time(r.Intn(400_000))
	n := int64(r.Intn(5000))
	target = Target(r.Intn(targets))
	switch r.Intn(5) {
	case 0, 1:
		first, last = x.tree.Write(x.now, target, n)
		x.written[target] += n
		x.writes[target] += wire(n, 256, 24)
		return "write", target, first, last
	case 2:
		first, last = x.tree.Read(x.now, target, n)
		x.read[target] += n
		x.reads[target] += wire(n, 256, 20)
		x.asked[target] += wire(n, 512, 24) - wire(n, 512, 0)
		return "read", target, first, last
	case 3:
		last = x.tree.MMIOWrite(x.now, 8)
		x.stored += 8
		x.stores += 32
		return "doorbell", target, last, last
	}
	last = x.tree.Interrupt(x.now)
	x.written[HostMemory] += 4
	x.writes[HostMemory] += 28
	return "interrupt", HostMemory, last, last
}

func TestEveryByteCrossesTheLinksOfItsPathOnce(t *testing.T) {
	for seed := range uint64(40) {
		x := newTraffic(t, seed)
		for range 500 {
			x.step()
		}
		links := map[string]LinkReport{}
		for _, l := range x.tree.Links(x.now) {
			links[l.Name] = l
		}
		const h, g = HostMemory, PeerGPU
		check := func(name string, got DirectionReport, payload, total int64) {
			if got.PayloadBytes != payload || got.TotalBytes != total {
				t.Errorf("seed %d: %s: %d of %d bytes, want %d of %d", seed, name, got.PayloadBytes, got.TotalBytes, payload, total)
			}
		}
		check("nic up", links["nic"].Up, x.written[h]+x.written[g], x.writes[h]+x.writes[g]+x.asked[h]+x.asked[g])
		check("nic down", links["nic"].Down, x.read[h]+x.read[g]+x.stored, x.reads[h]+x.reads[g]+x.stores)
		check("gpu down", links["gpu"].Down, x.written[g], x.writes[g]+x.asked[g])
		check("gpu up", links["gpu"].Up, x.read[g], x.reads[g])
		if root, ok := links["root"]; ok {
			check("root up", root.Up, x.written[h], x.writes[h]+x.asked[h])
			check("root down", root.Down, x.read[h]+x.stored, x.reads[h]+x.stores)
		}
	}
}

func TestTimesGoForwardAndVisibilityIsInOrderForEachTarget(t *testing.T) {
	for seed := range uint64(40) {
		x := newTraffic(t, seed)
		var sent, doorbell sim.Time
		var visible [targets]sim.Time
		for i := range 1000 {
			kind, target, first, last := x.step()
			if first <= x.now || last < first {
				t.Fatalf("seed %d, step %d: %s at %v: first %v, last %v", seed, i, kind, x.now, first, last)
			}
			switch kind {
			case "write":
				if first <= sent {
					t.Fatalf("seed %d, step %d: left at %v, the write before at %v", seed, i, first, sent)
				}
				sent = first
				fallthrough
			case "interrupt":
				if last <= visible[target] {
					t.Fatalf("seed %d, step %d: %v visible at %v, the one before at %v", seed, i, target, last, visible[target])
				}
				visible[target] = last
			case "doorbell":
				if last <= doorbell {
					t.Fatalf("seed %d, step %d: doorbell at %v, the one before at %v", seed, i, last, doorbell)
				}
				doorbell = last
			}
		}
	}
}

func TestNoLinkIsBusyForMoreThanTheTimeThatPassed(t *testing.T) {
	for seed := range uint64(40) {
		x := newTraffic(t, seed)
		var restarted sim.Time
		most := 0.0
		for i := range 1000 {
			x.step()
			if x.rand.Intn(50) == 0 {
				x.tree.Restart(x.now)
				restarted = x.now
			}
			for _, l := range x.tree.Links(x.now) {
				for _, d := range []DirectionReport{l.Up, l.Down} {
					if d.Busy < 0 || d.Busy > x.now-restarted {
						t.Fatalf("seed %d, step %d: %s busy for %v of %v", seed, i, l.Name, d.Busy, x.now-restarted)
					}
					if i > 900 {
						most = max(most, d.Busy.Seconds()/(x.now-restarted+1).Seconds())
					}
				}
			}
		}
		if most < 0.3 {
			t.Errorf("seed %d: the busiest link was busy for %.2f of the time: this traffic tests little", seed, most)
		}
	}
}

// TestWritesNeverExceedTheLinkRate: between any two writes' last bytes, everything
// that left in between took at least its time on the link.
func TestWritesNeverExceedTheLinkRate(t *testing.T) {
	x := newTraffic(t, 3)
	type left struct {
		at    sim.Time
		total int64 // wire bytes up to and including this write
	}
	var all []left
	var total int64
	for range 1500 {
		n := int64(x.rand.Intn(3000))
		x.now += sim.Time(x.rand.Intn(300_000))
		total += wire(n, 256, 24)
		x.tree.Read(x.now, PeerGPU, int64(x.rand.Intn(2000)))
		sent, _ := x.tree.Write(x.now, Target(x.rand.Intn(targets)), n)
		all = append(all, left{sent, total})
	}
	rate := float64(x.tree.nic.up.rate)
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			bytes := all[j].total - all[i].total
			// A booking is rounded down to a picosecond.
			if need := float64(8*bytes)/rate*1e12 - float64(2*(j-i)); float64(all[j].at-all[i].at) < need {
				t.Fatalf("%d bytes in %v: more than %.2f Gbit/s", bytes, all[j].at-all[i].at, rate/1e9)
			}
		}
	}
}

func TestTransactionsDoNotAllocate(t *testing.T) {
	x := newTraffic(t, 1)
	if n := testing.AllocsPerRun(2000, func() { x.step() }); n != 0 {
		t.Errorf("%.2f allocations per transaction", n)
	}
}

func TestTheStateOfATreeDoesNotGrowWithTheRun(t *testing.T) {
	x := newTraffic(t, 2)
	for range 20_000 {
		_, _, _, last := x.step()
		x.now = max(x.now, last-10*sim.Microsecond) // a NIC that reads so far ahead
	}
	for _, l := range x.tree.links() {
		for _, d := range []*direction{l.up, l.down} {
			if len(d.ledger.spans) > 8*ledgerSpans {
				t.Errorf("%s: %d spans", l.name, len(d.ledger.spans))
			}
		}
	}
}

func TestTimesOutOfOrderAreBookedWithoutExceedingTheLink(t *testing.T) {
	x := newTraffic(t, 5)
	end := 200 * sim.Microsecond
	for range 3000 {
		x.now = sim.Time(x.rand.Intn(int(end)))
		if kind, _, first, last := x.step(); first <= x.now || last < first {
			t.Fatalf("%s at %v: first %v, last %v", kind, x.now, first, last)
		}
	}
	late := sim.Second
	for _, l := range x.tree.Links(late) {
		for _, d := range []DirectionReport{l.Up, l.Down} {
			if need := float64(8*d.TotalBytes) / float64(d.Rate); d.Busy.Seconds() < need*0.999 {
				t.Errorf("%s carried %d bytes in %v", l.Name, d.TotalBytes, d.Busy)
			}
		}
	}
}
