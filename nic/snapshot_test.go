package nic

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// busyRig is a NIC with two channels, split and ordinary queues, and work for all.
func busyRig(t testing.TB, engine string, seed uint64) *rig {
	spec := testSpec()
	spec.RQEntries, spec.CQEntries, spec.SQEntries = 64, 64, 64
	spec.IngressBuffer = 16 * sim.KiB
	spec.RxCoalesceFrames, spec.TxCoalesceFrames = 6, 3
	r := newRigOn(t, engine, spec, 40*sim.Gbps)
	r.rand = sim.NewRand(seed, "busy")
	for channel := range 2 {
		r.nic.AddSQ(channel).ArmTx(0)
		for i, q := range []*RQ{r.nic.AddRQ(4+channel, channel, true, pcie.PeerGPU), r.nic.AddRQ(channel, channel, false, pcie.HostMemory)} {
			r.nic.Steer(uint32(2*channel+i), q)
			r.post(q)
			q.ArmRx(0)
		}
	}
	return r
}

// step lets a random time pass and does one random thing.
func (r *rig) step() {
	now := r.until(r.engine.Now() + sim.Time(r.rand.Intn(int(2*us))))
	flow := uint32(r.rand.Intn(4))
	q, sq := r.nic.steer[flow], r.nic.sqs[flow/2]
	switch r.rand.Intn(8) {
	case 0, 1, 2, 3:
		f := dataFrame(flow, r.rand.Intn(1430))
		f.Seg.Offset = r.rand.Uint64() >> 8
		f.Header = uint16(74 + 4*r.rand.Intn(8))
		for range 1 + r.rand.Intn(8) {
			r.nic.Receive(now, f)
		}
	case 4, 5:
		w := skb(flow, uint32(r.rand.Uint64()), uint32(r.rand.Intn(64000)))
		if sq.HasRoom(w.BasicBlocks()) {
			sq.PostTx(now+sim.Time(r.rand.Intn(int(us))), &w)
		}
	case 6:
		r.engine.Mix(uint64(r.poll(q, 1+r.rand.Intn(64))))
		r.post(q)
		q.ArmRx(now)
	case 7:
		for {
			done, ok := sq.NextTx(now)
			if !ok {
				break
			}
			r.engine.Mix(uint64(done.Token))
		}
		sq.ArmTx(now)
	}
}

// differs says in what two rigs differ, "" if in nothing.
func (r *rig) differs(other *rig) string {
	switch {
	case r.engine.Digest() != other.engine.Digest() || r.engine.Events() != other.engine.Events():
		return "events"
	case r.nic.Counters != other.nic.Counters:
		return "counters"
	case !slices.Equal(r.memory.Pages, other.memory.Pages):
		return "memory"
	case !slices.Equal(r.interrupts, other.interrupts):
		return "interrupts"
	case !slices.Equal(r.wire.frames, other.wire.frames):
		return "frames on the cable"
	case !slices.Equal(r.port.Links(r.engine.Now()), other.port.Links(other.engine.Now())):
		return "PCIe traffic"
	}
	return ""
}

// enginesOfPCIe are what a NIC's port may be on.
var enginesOfPCIe = []string{pcie.EngineFast, pcie.EngineExact}

func TestTheSameTrafficGivesTheSameRun(t *testing.T) {
	for _, engine := range enginesOfPCIe {
		a, b, other := busyRig(t, engine, 1), busyRig(t, engine, 1), busyRig(t, engine, 2)
		for range 3000 {
			a.step()
			b.step()
			other.step()
		}
		if what := a.differs(b); what != "" {
			t.Errorf("%s: %s differ between two runs", engine, what)
		}
		if a.differs(other) == "" {
			t.Errorf("%s: another seed gives the same run: the comparison sees nothing", engine)
		}
		if c := a.nic.Counters; c.RxPackets == 0 || c.RxOutOfBuffer == 0 || c.RxDiscards == 0 || c.TxTSOPackets == 0 || c.RxInterrupts == 0 || c.TxInterrupts == 0 {
			t.Errorf("%s: the traffic does not exercise everything: %+v", engine, c)
		}
	}
}

func TestARestoredNICGoesOnLikeTheOneThatWasSaved(t *testing.T) {
	for _, engine := range enginesOfPCIe {
		underWay := false
		for seed := range uint64(12) {
			a := busyRig(t, engine, seed)
			for range 200 + 31*seed {
				a.step()
			}
			underWay = underWay || a.engine.Pending() > 0 && a.nic.ingress.Occupancy(a.engine.Now())+a.nic.draining > 0 && a.nic.trains.Len() > 0
			var saved bytes.Buffer
			if err := sim.Save(&saved, a); err != nil {
				t.Fatal(err)
			}
			b := busyRig(t, engine, seed)
			if err := sim.Restore(&saved, b); err != nil {
				t.Fatal(err)
			}
			for i := range 600 {
				a.step()
				b.step()
				if what := a.differs(b); what != "" {
					t.Fatalf("%s, seed %d: %s differ after %d steps", engine, seed, what, i+1)
				}
			}
			if a.idle(); b.idle() != a.engine.Now() || a.differs(b) != "" {
				t.Errorf("%s, seed %d: the end differs", engine, seed)
			}
		}
		if !underWay {
			t.Errorf("%s: nothing is under way when a state is saved", engine)
		}
	}
}

// Frames, WQEs and doorbells that a random driver has under way on either engine all end:
// nothing is left to come, and what the NIC counts is what went in and out.
func TestNothingIsLeftUnderWay(t *testing.T) {
	for _, engine := range enginesOfPCIe {
		for seed := range uint64(5) {
			r := busyRig(t, engine, 100+seed)
			for range 2000 {
				r.step()
			}
			r.idle()
			n := r.nic
			if n.draining != 0 || n.fetching != 0 || n.trains.Len() != 0 {
				t.Errorf("%s, seed %d: %d bytes not drained, %d not fetched, %d trains", engine, seed, n.draining, n.fetching, n.trains.Len())
			}
			for _, q := range n.rqs {
				if q.produced != q.head {
					t.Errorf("%s, seed %d: %d of %d CQEs written", engine, seed, q.produced, q.head)
				}
			}
			for _, q := range n.sqs {
				if q.tail != q.rung || q.rung != q.read || q.read != q.head || q.head != q.sent || q.sent != q.produced {
					t.Errorf("%s, seed %d: of %d WQEs %d rung, %d read, %d taken, %d sent, %d completed", engine, seed, q.tail, q.rung, q.read, q.head, q.sent, q.produced)
				}
			}
			if x, exact := r.port.(*pcie.Exact); exact {
				if err := x.Audit(); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		}
	}
}

// Measuring from a baseline leaves out what was before.
func TestCountersSubtractEverythingButTheMaximum(t *testing.T) {
	var base Counters
	fields := reflect.ValueOf(&base).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetInt(int64(100 + i))
	}
	if zero := base.Sub(base); zero != (Counters{LagMax: base.LagMax}) {
		t.Errorf("a counter minus itself is %+v", zero)
	}
	if same := base.Sub(Counters{}); same != base {
		t.Errorf("a counter minus nothing is %+v, not %+v", same, base)
	}
}
