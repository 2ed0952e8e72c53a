package tcp

import (
	"testing"

	"netgpusim/sim"
)

// Whatever segments arrive and in whatever order the calls come, the endpoint keeps
// its books, sends nothing beyond what was written, and takes nothing back.
func TestArbitraryCallsKeepTheBooks(t *testing.T) {
	for seed := range uint64(200) {
		random := sim.NewRand(seed, "hostile")
		spec := testSpec()
		spec.SACK = seed%3 != 0
		spec.Timestamps = seed%2 == 0
		spec.Congestion = CongestionControls[seed%uint64(len(CongestionControls))]
		spec.ECN = int(seed / 4 % 2) // each control with and without
		if seed%7 > 3 {
			spec.Recovery = "rfc6675"
		}
		if seed%5 == 0 {
			spec.ReceiveBuffer, spec.SendBuffer = 4*sim.KiB, 4*sim.KiB
		}
		buffers := Buffers(seed / 3 % 3)
		cfg := Config{Buffers: buffers, MTU: []sim.Bytes{1500, 108, 65535}[seed%3], LocalISS: uint32(random.Uint64()), RemoteISS: uint32(random.Uint64())}
		e, err := New(spec, cfg)
		if err != nil {
			t.Fatal(err)
		}
		now, handle, edge := sim.Time(0), uint32(0), uint64(0)
		unread := 0
		var seg Segment
		for step := range 600 {
			now += sim.Time(random.Intn(int(sim.Millisecond)))
			switch random.Intn(8) {
			case 0:
				e.Write(now, random.Intn(200_000), 1<<random.Intn(16))
			case 1:
				n := random.Intn(unread + 1)
				unread -= n
				e.Consumed(now, n)
			case 2:
				if random.Intn(40) == 0 {
					e.SetReceiveBuffer(random.Intn(100_000))
				}
				e.Sent(now, random.Intn(100_000))
			case 3:
				if e.Deadline() != sim.Never && random.Intn(2) == 0 {
					now = max(now, e.Deadline())
				}
				e.Timer(now)
			default:
				handle++
				in := hostileSegment(&random, e, now, handle)
				e.Input(now, &in)
			}
			for {
				d, ok := e.NextDelivery()
				if !ok {
					break
				}
				unread += int(d.Len)
			}
			for n := 0; ; n++ {
				frags, ok := e.Output(now, &seg)
				if !ok {
					break
				}
				if n > 100_000 {
					t.Fatalf("seed %d step %d: Output does not end", seed, step)
				}
				checkOutput(t, e, &seg, frags, &edge)
			}
			if err := verify(e); err != nil {
				t.Fatalf("seed %d step %d: %v", seed, step, err)
			}
		}
	}
}

// hostileSegment has fields near to what would be right, and far from it.
func hostileSegment(random *sim.Rand, e *Endpoint, now sim.Time, handle uint32) Segment {
	near := func(base uint64, spread int) uint64 {
		if random.Intn(20) == 0 {
			return random.Uint64()
		}
		return base + uint64(random.Intn(spread)) - uint64(spread/4)
	}
	seg := Segment{
		Seq:    seqOf(e.cfg.RemoteISS, near(e.rcv.nxt, 20_000)),
		Ack:    seqOf(e.cfg.LocalISS, near(e.snd.una, 20_000)),
		Window: uint32(random.Uint64() >> uint(32+random.Intn(32))),
		TSVal:  timestamp(now) - uint32(random.Intn(3)), TSEcr: timestamp(now) - uint32(random.Intn(3)),
		MSS: uint16(random.Intn(1 << 16)), Segs: uint16(random.Intn(50)), Flags: ACK, Handle: handle, Opts: OptTimestamps,
	}
	if random.Intn(3) == 0 {
		seg.Ack = seqOf(e.cfg.LocalISS, e.snd.nxt)
	}
	if random.Intn(2) == 0 {
		seg.Len = uint32(random.Intn(5000))
	}
	if random.Intn(10) == 0 {
		seg.Flags = Flags(random.Intn(256))
		if random.Intn(50) > 0 {
			seg.Flags &^= RST | FIN // the connection shall live for a while
		}
	}
	seg.ECN = ECN(random.Intn(4))
	if random.Intn(5) == 0 {
		seg.Flags |= []Flags{ECE, CWR}[random.Intn(2)]
	}
	if random.Intn(3) == 0 {
		seg.NSACK = uint8(random.Intn(6))
		for i := range seg.SACK {
			left := near(e.snd.una, 60_000)
			seg.SACK[i] = SACKBlock{seqOf(e.cfg.LocalISS, left), seqOf(e.cfg.LocalISS, left+uint64(random.Intn(20_000)))}
		}
	}
	return seg
}

func checkOutput(t *testing.T, e *Endpoint, seg *Segment, frags int, edge *uint64) {
	t.Helper()
	if seg.Flags.Has(RST) {
		return // it refuses a segment, and says nothing of this end's stream
	}
	if seg.Offset+uint64(seg.Len) > e.snd.end || seg.Len > 0 && (seg.Offset < e.snd.una || seg.Segs == 0) {
		t.Fatalf("%d bytes at %d are sent, unacknowledged is [%d,%d)", seg.Len, seg.Offset, e.snd.una, e.snd.end)
	}
	if (frags > 0) != (seg.Len > 0) || int(seg.Segs) != Frames(seg) || seg.MSS == 0 {
		t.Fatalf("%d fragments, %d segments: %+v", frags, seg.Segs, *seg)
	}
	if int(seg.OptLen) != OptionLen(e.spec, int(seg.NSACK)) {
		t.Fatalf("%d bytes of options with %d blocks", seg.OptLen, seg.NSACK)
	}
	right := e.rcv.nxt + uint64(seg.Window)
	if right < *edge {
		t.Fatalf("the window's right edge goes back from %d to %d", *edge, right)
	}
	*edge = right
}
