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
func busyRig(t testing.TB, seed uint64) *rig {
	spec := testSpec()
	spec.RQEntries, spec.CQEntries, spec.SQEntries = 64, 64, 64
	spec.IngressBuffer = 16 * sim.KiB
	spec.RxCoalesceFrames, spec.TxCoalesceFrames = 6, 3
	r := newRig(t, spec, 40*sim.Gbps)
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
	case !slices.Equal(r.tree.Links(r.engine.Now()), other.tree.Links(other.engine.Now())):
		return "PCIe traffic"
	}
	return ""
}

func TestTheSameTrafficGivesTheSameRun(t *testing.T) {
	a, b, other := busyRig(t, 1), busyRig(t, 1), busyRig(t, 2)
	for range 3000 {
		a.step()
		b.step()
		other.step()
	}
	if what := a.differs(b); what != "" {
		t.Errorf("%s differ between two runs", what)
	}
	if a.differs(other) == "" {
		t.Error("another seed gives the same run: the comparison sees nothing")
	}
	if c := a.nic.Counters; c.RxPackets == 0 || c.RxOutOfBuffer == 0 || c.RxDiscards == 0 || c.TxTSOPackets == 0 || c.RxInterrupts == 0 || c.TxInterrupts == 0 {
		t.Errorf("the traffic does not exercise everything: %+v", c)
	}
}

func TestARestoredNICGoesOnLikeTheOneThatWasSaved(t *testing.T) {
	for seed := range uint64(12) {
		a := busyRig(t, seed)
		for range 200 + 31*seed {
			a.step()
		}
		if seed == 0 && (a.engine.Pending() == 0 || a.nic.ingress.Occupancy(a.engine.Now()) == 0 && !a.nic.waiting) {
			t.Error("nothing is under way when the state is saved")
		}
		var saved bytes.Buffer
		if err := sim.Save(&saved, a); err != nil {
			t.Fatal(err)
		}
		b := busyRig(t, seed)
		if err := sim.Restore(&saved, b); err != nil {
			t.Fatal(err)
		}
		for i := range 600 {
			a.step()
			b.step()
			if what := a.differs(b); what != "" {
				t.Fatalf("seed %d: %s differ after %d steps", seed, what, i+1)
			}
		}
		if a.idle(); b.idle() != a.engine.Now() || a.differs(b) != "" {
			t.Errorf("seed %d: the end differs", seed)
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
