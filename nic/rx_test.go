package nic

import (
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

func TestEveryDropHasItsCauseAndTakesNoWQE(t *testing.T) {
	spec := testSpec()
	spec.IngressBuffer = 16 * sim.KiB
	r := newRig(t, spec, 100*sim.Gbps)
	q := r.nic.AddRQ(57, 0, true, pcie.PeerGPU)
	r.nic.Steer(0, q)
	full, c := dataFrame(0, 1420), &r.nic.Counters
	expect := func(when string, oversize, discards, outOfBuffer int64, unpolled int) {
		t.Helper()
		if c.RxOversize != oversize || c.RxDiscards != discards || c.RxOutOfBuffer != outOfBuffer || q.Unpolled() != unpolled {
			t.Fatalf("%s: %+v, %d completions", when, *c, q.Unpolled())
		}
	}

	r.nic.Receive(0, full)
	expect("no WQE is posted", 0, 0, 1, 0)
	r.post(q)
	r.nic.Receive(0, dataFrame(0, 1425))
	expect("1519 bytes at MTU 1500", 1, 0, 1, 0)
	fits := 16 * 1024 / 1514
	for range fits {
		r.nic.Receive(0, full)
	}
	expect("the ingress buffer holds as many", 1, 0, 1, fits)
	r.nic.Receive(0, full)
	expect("the ingress buffer is full", 1, 1, 1, fits)
	if q.Posted.Level() != int64(spec.RQEntries-fits) {
		t.Errorf("%d WQEs are posted, want %d: drops take none", q.Posted.Level(), spec.RQEntries-fits)
	}
	// The first frame leaves the buffer with its CQE.
	r.nic.Receive(r.until(q.cqe(0).written-1), full)
	expect("the first CQE has not left", 1, 2, 1, fits)
	r.nic.Receive(r.until(q.cqe(0).written), full)
	expect("the first CQE has left", 1, 2, 1, fits+1)
	for q.tail != q.head {
		r.until(r.engine.Now() + sim.Microsecond)
		r.nic.Receive(r.engine.Now(), full)
	}
	r.nic.Receive(r.engine.Now(), full)
	expect("all WQEs are used", 1, 2, 2, spec.RQEntries)
	if want := int64(spec.RQEntries + 5); c.RxPackets != want || c.RxBytes != want*1514+5 {
		t.Errorf("%d packets of %d bytes reached the port, want %d", c.RxPackets, c.RxBytes, want)
	}
	if q.Missing() != 0 {
		t.Errorf("%d WQEs may be posted although no completion was polled", q.Missing())
	}
	r.until(r.engine.Now() + sim.Microsecond)
	if r.poll(q, 5); q.Missing() != 5 {
		t.Errorf("%d WQEs may be posted after 5 polled completions", q.Missing())
	}
}

// A frame leaves the ingress buffer when its CQE has left the NIC: what PCIe does
// not take piles up, whatever the link rate.
func TestIngressBufferOverflowsOnlyIfPCIeIsSlowerThanTheWire(t *testing.T) {
	for _, c := range []struct {
		rate    sim.Bandwidth
		discard bool
	}{{80 * sim.Gbps, false}, {130 * sim.Gbps, true}} {
		spec := testSpec()
		spec.IngressBuffer = 64 * sim.KiB
		r := newRig(t, spec, c.rate)
		q := r.nic.AddRQ(57, 0, true, pcie.PeerGPU)
		r.nic.Steer(0, q)
		gap := c.rate.Pace().Time(1538)
		for i := range sim.Time(5000) {
			now := r.until(i * gap)
			r.poll(q, 64)
			r.post(q)
			r.nic.Receive(now, dataFrame(0, 1420))
		}
		if dropped := r.nic.Counters.RxDiscards; (dropped > 0) != c.discard || r.nic.Counters.RxOutOfBuffer != 0 {
			t.Errorf("%v Gbit/s: %d frames discarded, %d found no WQE", c.rate.Gbps(), dropped, r.nic.Counters.RxOutOfBuffer)
		}
	}
}

func TestCompletionsAreVisibleInOrderAndNotBeforeTheirDMA(t *testing.T) {
	for _, target := range []pcie.Target{pcie.HostMemory, pcie.PeerGPU} {
		r := newRig(t, testSpec(), 100*sim.Gbps)
		q := r.nic.AddRQ(57, 0, true, target)
		r.nic.Steer(0, q)
		r.post(q)
		twin := testTree(t, gpuVisible) // sees the same transactions
		var lag, before sim.Time
		now := sim.Time(0)
		for i := range 1000 {
			now = r.until(now + sim.Time(r.rand.Intn(int(400*sim.Nanosecond))))
			payload := 1 + min(i, r.rand.Intn(1420)) // the lag has to grow
			f := dataFrame(0, payload)
			f.Seg.Seq = uint32(i)
			r.nic.Receive(now, f)
			if i%r.spec.WQEPrefetch == 0 {
				twin.Read(now, pcie.HostMemory, int64(r.spec.WQEPrefetch)*32)
			}
			start := now + r.spec.RxPipeline
			_, header := twin.Write(start, pcie.HostMemory, 94)
			_, body := twin.Write(start, target, int64(payload))
			_, cqe := twin.Write(start, pcie.HostMemory, 64)
			c := q.cqe(q.cqHead + uint32(i))
			if c.Visible != cqe || c.Visible < header || c.Visible < before || c.Visible < now+r.spec.RxPipeline+250*sim.Nanosecond {
				t.Fatalf("%v, frame %d: visible at %v, the frame before at %v, the twin's header at %v and CQE at %v", target, i, c.Visible, before, header, cqe)
			}
			if target == pcie.HostMemory && c.Visible < body {
				t.Fatalf("frame %d: visible at %v, its payload at %v", i, c.Visible, body)
			}
			before, lag = c.Visible, max(lag, body-cqe)
		}
		if got := r.nic.Counters.LagMax; got != lag || (lag > 0) != (target == pcie.PeerGPU) {
			t.Errorf("%v: payload at most %v behind its CQE, the twin says %v", target, got, lag)
		}
		r.until(now + 300*sim.Nanosecond)
		for i := uint32(0); q.Unpolled() > 0; i++ {
			c := q.NextRx(r.engine.Now())
			if c == nil {
				if hidden := q.cqe(q.cqHead).Visible; hidden <= r.engine.Now() {
					t.Fatalf("%v: completion %d is hidden at %v, visible since %v", target, i, r.engine.Now(), hidden)
				}
				r.until(q.cqe(q.cqHead).Visible)
				c = q.NextRx(r.engine.Now())
			}
			if c.Visible > r.engine.Now() || c.Frame.Seg.Seq != i {
				t.Fatalf("%v: frame %d is shown as number %d, at %v instead of %v", target, c.Frame.Seg.Seq, i, r.engine.Now(), c.Visible)
			}
			q.PopRx()
		}
	}
}

func TestFramesGoToTheQueueTheirFlowIsSteeredTo(t *testing.T) {
	r := newRig(t, testSpec(), 25*sim.Gbps)
	split, plain := r.nic.AddRQ(57, 0, true, pcie.PeerGPU), r.nic.AddRQ(1, 1, false, pcie.HostMemory)
	r.nic.Steer(7, split)
	r.nic.Steer(2, plain)
	r.post(split)
	r.post(plain)
	r.nic.Receive(0, dataFrame(2, 1420))
	r.nic.Receive(0, dataFrame(7, 1420))
	r.nic.Receive(0, dataFrame(2, 1420))
	if split.Unpolled() != 1 || plain.Unpolled() != 2 || split.cqe(0).Used != 1 || plain.cqe(0).Used != 0 {
		t.Errorf("%d and %d frames arrived, %d and %d pages used", split.Unpolled(), plain.Unpolled(), split.cqe(0).Used, plain.cqe(0).Used)
	}
	if rqs := r.nic.RQs(); len(rqs) != 2 || rqs[0] != split || rqs[1] != plain {
		t.Error("RQs are not those added, in order")
	}
}

// bytesOn is what each link of a tree with a switch has carried, up and down.
func bytesOn(port pcie.Port) (nicUp, nicDown, gpuUp, gpuDown, rootUp, rootDown int64) {
	links := port.Links(0)
	root, nic, gpu := links[0], links[1], links[2]
	return nic.Up.TotalBytes, nic.Down.TotalBytes, gpu.Up.TotalBytes, gpu.Down.TotalBytes, root.Up.TotalBytes, root.Down.TotalBytes
}

// The bytes of docs/models/pcie.md, packet by packet: 24 bytes of overhead per
// write and read request, 20 per completion, data in whole DWs.
func TestReceivedPacketsTakeTheirBytesOfPCIe(t *testing.T) {
	const n = 64 // packets: 16 prefetches of 4 WQEs
	for _, c := range []struct {
		what          string
		mtu           sim.Bytes
		split         bool
		payload       int
		host, gpu     int64 // bytes up the root port's and down the GPU's link, per packet
		wqe, wqeReads int64 // bytes of a prefetch down, and read requests
	}{
		{"MTU 1500", 1500, true, 1420, 94 + 2 + 24 + 88, 1420 + 6*24, 4*32 + 20, 1},
		{"MTU 9000", 9000, true, 8920, 94 + 2 + 24 + 88, 8920 + 35*24, 4*64 + 20, 1},
		{"acknowledgement", 1500, true, 0, 94 + 2 + 24 + 88, 0, 4*32 + 20, 1},
		{"ordinary queue", 1500, false, 1420, 1514 + 2 + 6*24 + 88, 0, 4*16 + 20, 1},
	} {
		spec := testSpec()
		spec.MTU = c.mtu
		r := newRig(t, spec, 25*sim.Gbps)
		q := r.nic.AddRQ(57, 0, c.split, pcie.PeerGPU)
		r.nic.Steer(0, q)
		r.post(q)
		for i := range sim.Time(n) {
			r.nic.Receive(r.until(i*3*sim.Microsecond), dataFrame(0, c.payload))
		}
		nicUp, nicDown, _, gpuDown, rootUp, rootDown := bytesOn(r.port)
		up, down := n*c.host+n/4*c.wqeReads*24, n/4*c.wqe
		if nicUp != up+n*c.gpu || rootUp != up || gpuDown != n*c.gpu || nicDown != down || rootDown != down {
			t.Errorf("%s: NIC up %d and down %d, GPU down %d, root up %d and down %d; want %d, %d, %d, %d, %d",
				c.what, nicUp, nicDown, gpuDown, rootUp, rootDown, up+n*c.gpu, down, n*c.gpu, up, down)
		}
	}
}

// An interrupt is an EQE and an MSI-X message up; to arm a queue is a doorbell down.
func TestInterruptsAndDoorbellsTakeTheirBytesOfPCIe(t *testing.T) {
	spec := testSpec()
	spec.RxCoalesceFrames = 1
	r := newRig(t, spec, 25*sim.Gbps)
	q := r.nic.AddRQ(0, 0, false, pcie.HostMemory)
	r.nic.Steer(0, q)
	r.post(q)
	r.nic.Receive(0, dataFrame(0, 1420))
	r.until(20 * sim.Microsecond)
	up, down, _, _, _, _ := bytesOn(r.port)
	q.ArmRx(r.engine.Now())
	r.idle()
	if len(r.interrupts) != 1 {
		t.Fatalf("%d interrupts", len(r.interrupts))
	}
	up2, down2, _, _, _, _ := bytesOn(r.port)
	if up2-up != 64+24+4+24 || down2-down != 8+24 {
		t.Errorf("%d bytes up and %d down, want 116 and 32", up2-up, down2-down)
	}
}
