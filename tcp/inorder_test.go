package tcp

import (
	"reflect"
	"testing"

	"netgpusim/sim"
)

// longWay is Input of a segment in ESTABLISHED without the short way.
func longWay(e *Endpoint, now sim.Time, seg *Segment) {
	e.advance(now)
	e.rttNew = 0
	e.snd.letGo()
	e.stats.arrived(seg)
	if seg.Len > 0 && e.predicted(seg) {
		e.mib.TCPHPHits++
	}
	if !e.valid(now, seg) || !e.acknowledge(now, seg) {
		e.rcv.drop(seg)
		return
	}
	e.receive(now, seg)
}

// The twin of an endpoint takes the long way with every segment: both must always be in
// the same state and send the same.
func TestShortWayIsTheLongWay(t *testing.T) {
	random := sim.NewRand(1, "inorder")
	short := 0
	for round := range 150 {
		spec := testSpec()
		spec.Timestamps = round%3 > 0
		spec.ReceiveBuffer, spec.ReceiveInitial = 30_000, 30_000
		e, _ := pair(t, spec, 1500)
		twin, _ := pair(t, spec, 1500)
		now := sim.Time(0)
		for k := range 200 {
			now += sim.Time(random.Intn(3)) * sim.Millisecond / 2
			seg := anySegment(&random, e, now)
			if e.state == Established && e.bringsNext(&seg) {
				short++
			}
			if e.state != Established {
				break
			}
			e.Input(now, &seg)
			longWay(twin, now, &seg)
			for (k > 100 || round%4 > 0) && random.Intn(3) > 0 { // some readers sleep at first
				d, ok := e.NextDelivery()
				if other, also := twin.NextDelivery(); d != other || ok != also {
					t.Fatalf("round %d: delivery %+v, the twin's %+v", round, d, other)
				}
				if !ok {
					break
				}
				e.Consumed(now, int(d.Len))
				twin.Consumed(now, int(d.Len))
			}
			if random.Intn(20) == 0 {
				e.Write(now, 3000, 4096)
				twin.Write(now, 3000, 4096)
			}
			for {
				var out, other Segment
				_, ok := e.Output(now, &out)
				if _, also := twin.Output(now, &other); ok != also || out != other {
					t.Fatalf("round %d: sends %+v, the twin %+v", round, out, other)
				}
				if !ok {
					break
				}
			}
			if !reflect.DeepEqual(e, twin) {
				t.Fatalf("round %d: after %+v\n%+v\nthe twin\n%+v", round, seg, e, twin)
			}
		}
	}
	if short < 400 {
		t.Errorf("only %d segments took the short way", short)
	}
}

// anySegment is a segment that mostly brings what is expected next.
func anySegment(random *sim.Rand, e *Endpoint, now sim.Time) Segment {
	r := &e.rcv
	seg := Segment{Seq: seqOf(e.cfg.RemoteISS, r.nxt), Ack: seqOf(e.cfg.LocalISS, e.snd.nxt), Len: uint32(1 + random.Intn(1448)),
		Window: 65536, Segs: 1, Flags: ACK, OptLen: e.opt.optionLens[0], Handle: 1}
	if e.opt.timestamps {
		seg.Opts, seg.TSVal, seg.TSEcr = OptTimestamps, timestamp(now), 1
	}
	for random.Intn(3) == 0 {
		switch random.Intn(10) {
		case 0:
			seg.Seq += uint32(random.Intn(3000) - 1500)
		case 1:
			seg.Ack -= uint32(random.Intn(2000))
		case 2:
			seg.Flags |= Flags(1<<random.Intn(8)) &^ (RST | SYN)
			seg.Urgent = uint16(random.Intn(2000))
		case 3:
			seg.TSVal -= uint32(random.Intn(4))
		case 4:
			seg.Window = uint32(random.Intn(70000))
		case 5:
			seg.Opts = 0
		case 6:
			seg.Len = 0
		case 7:
			seg.NSACK = 1
			seg.SACK[0] = SACKBlock{seg.Ack - uint32(random.Intn(2000)), seg.Ack}
		case 8:
			seg.ECN = ECN(random.Intn(4))
		default:
			seg.OptLen += 4
		}
	}
	return seg
}
