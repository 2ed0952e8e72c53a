package nic

import (
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// The benchmarks include the engine, the PCIe bookings and the driver's part: polling,
// posting, arming. ns/op is per frame.

func BenchmarkReceiveSplit1420(b *testing.B) { benchReceive(b, 1500, 1420, true) }
func BenchmarkReceiveSplit8920(b *testing.B) { benchReceive(b, 9000, 8920, true) }
func BenchmarkReceiveWhole1420(b *testing.B) { benchReceive(b, 1500, 1420, false) }

// receiver is a rig with a receive queue that step feeds at 100 Gbit/s.
func receiver(t testing.TB, mtu sim.Bytes, payload int, split bool) (step func()) {
	spec := testSpec()
	spec.MTU = mtu
	r := newRig(t, spec, 100*sim.Gbps)
	r.interrupts = make([]interrupt, 0, 1)
	q := r.nic.AddRQ(57, 0, split, pcie.PeerGPU)
	r.nic.Steer(0, q)
	r.post(q)
	q.ArmRx(0)
	f := dataFrame(0, payload)
	gap := (100 * sim.Gbps).Pace().Time(f.Length() + 24)
	return func() {
		now := r.until(r.engine.Now() + gap)
		r.nic.Receive(now, f)
		if len(r.interrupts) > 0 {
			r.interrupts = r.interrupts[:0]
			r.poll(q, 1024)
			r.post(q)
			q.ArmRx(now)
		}
	}
}

func benchReceive(b *testing.B, mtu sim.Bytes, payload int, split bool) {
	step := receiver(b, mtu, payload, split)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// sender is a rig with a send queue that step keeps busy at 100 Gbit/s, one WQE at a
// time.
func sender(t testing.TB, payload uint32) (step func()) {
	r := newRig(t, testSpec(), 100*sim.Gbps)
	r.interrupts = make([]interrupt, 0, 1)
	r.wire.silent = true
	q := r.nic.AddSQ(0)
	w := skb(1, 1, payload)
	return func() {
		for tries := 0; !q.HasRoom(w.BasicBlocks()); tries++ {
			if tries == 1000 {
				t.Fatal("completions free no room")
			}
			now := r.until(r.engine.Now() + us)
			for _, ok := q.NextTx(now); ok; _, ok = q.NextTx(now) {
			}
		}
		q.PostTx(r.engine.Now(), &w)
	}
}

func BenchmarkTransmitTSO(b *testing.B) {
	step := sender(b, 45*1420)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%45 == 0 {
			step()
		}
	}
}

func BenchmarkTransmitACK(b *testing.B) {
	step := sender(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for name, step := range map[string]func(){
		"receive, split":        receiver(t, 1500, 1420, true),
		"receive, three pages":  receiver(t, 9000, 8920, true),
		"receive, whole":        receiver(t, 1500, 1420, false),
		"transmit, TSO":         sender(t, 45*1420),
		"transmit, single ACKs": sender(t, 0),
	} {
		for range 20000 {
			step()
		}
		if allocs := testing.AllocsPerRun(20000, step); allocs > 0 {
			t.Errorf("%s: %g allocations per step", name, allocs)
		}
	}
}
