package pcie

import (
	"math"
	"testing"

	"netgpusim/sim"
)

// writeRate is the payload rate in Gbit/s at which a saturated NIC sends writes of n
// bytes, each when the one before has left.
func writeRate(t *Tree, dst Target, n int64, writes int) float64 {
	var from, now sim.Time
	for i := range writes {
		if i == writes/4 {
			from = now
		}
		now, _ = t.Write(now, dst, n)
	}
	return float64(8*n*int64(writes-writes/4)) / (now - from).Seconds() / 1e9
}

// readRate is the same for reads, all asked for at once.
func readRate(t *Tree, src Target, n int64, reads int) float64 {
	var from, last sim.Time
	for i := range reads {
		if i == reads/4 {
			from = last
		}
		_, last = t.Read(0, src, n)
	}
	return float64(8*n*int64(reads-reads/4)) / (last - from).Seconds() / 1e9
}

// roundedRate is how far a rate may be off: bookings are rounded down to a picosecond,
// and a TLP of 64 bytes on Gen6 x16 takes 677 of them.
func roundedRate(gen int) float64 {
	if gen >= 6 {
		return 0.002
	}
	return 0.001
}

// taxOf is what DLLPs take: in FLITs nothing beyond the bytes that are theirs.
func taxOf(gen int, tax float64) float64 {
	if gen >= 6 {
		return 0
	}
	return tax
}

// efficiency is the closed form of docs/models/pcie.md.
func efficiency(raw sim.Bandwidth, tax float64, size, piece, overhead int64) float64 {
	pieces := math.Ceil(float64(size) / float64(piece))
	return raw.Gbps() * (1 - tax) * float64(size) / (float64(size) + pieces*float64(overhead))
}

func TestSaturatedWritesHaveTheEfficiencyOfTheFormula(t *testing.T) {
	everyLink(func(gen, lanes int, s Spec) {
		s.PostedHeaderCredits, s.PostedDataCredits = 1024, 65536
		s.CompletionSize = 64
		for _, s.MaxPayload = range []sim.Bytes{128, 256, 512, 1024} {
			for _, n := range []int64{64, 256, 1420, 4096} {
				got := writeRate(newTree(t, s, 64), HostMemory, n, 2000)
				want := efficiency(rawRate(gen, lanes), taxOf(gen, s.DLLPTax), n, int64(s.MaxPayload), framing(gen)+16)
				if math.Abs(got/want-1) > roundedRate(gen) {
					t.Errorf("Gen%d x%d MPS %d, %d B: %.3f Gbit/s, formula %.3f", gen, lanes, s.MaxPayload, n, got, want)
				}
			}
		}
	})
}

func TestSaturatedReadsHaveTheEfficiencyOfTheFormula(t *testing.T) {
	everyLink(func(gen, lanes int, s Spec) {
		for _, s.CompletionSize = range []sim.Bytes{64, 128, 256} {
			for _, n := range []int64{64, 512, 4096} {
				got := readRate(newTree(t, s, 4096), HostMemory, n, 4000)
				want := efficiency(rawRate(gen, lanes), taxOf(gen, s.DLLPTax), n, int64(s.CompletionSize), framing(gen)+12)
				if math.Abs(got/want-1) > roundedRate(gen) {
					t.Errorf("Gen%d x%d completions of %d, %d B: %.3f Gbit/s, formula %.3f", gen, lanes, s.CompletionSize, n, got, want)
				}
			}
		}
	})
}

func TestRawRatesAreThoseOfTheSpecification(t *testing.T) {
	for gen, want := range map[int]float64{1: 32, 2: 64, 3: 126.03, 4: 252.06, 5: 504.12, 6: 944} {
		if got := rawRate(gen, 16).Gbps(); math.Abs(got-want) > 0.005 {
			t.Errorf("Gen%d x16: %.3f Gbit/s, want %.2f", gen, got, want)
		}
	}
}

// TestPCIeBenchLargeTransfersWithinFourPercent compares with the measurements of Neugebauer et al., SIGCOMM 2018
// (NFP-6000, Gen3 x8, MPS 256, MRRS 512, Xeon E5-2630v4) without fitting. The
// model does not explain the rows below 512 B; docs/models/pcie.md has them.
func TestPCIeBenchLargeTransfersWithinFourPercent(t *testing.T) {
	s := rootSpec()
	s.NICLanes = 8
	duplex := func(n int64) float64 {
		tree := newTree(t, s, 64)
		var now, from sim.Time
		const pairs = 4000
		for i := range pairs {
			if i == pairs/4 {
				from = now
			}
			// The write engine paces the loop; reads follow at the same rate.
			tree.Read(now, HostMemory, n)
			now, _ = tree.Write(now, HostMemory, n)
		}
		return float64(8*n*(pairs-pairs/4)) / (now - from).Seconds() / 1e9
	}
	for _, c := range []struct {
		name     string
		got      float64
		measured float64
	}{
		{"write 512", writeRate(newTree(t, s, 64), HostMemory, 512, 4000), 53.01},
		{"write 2048", writeRate(newTree(t, s, 64), HostMemory, 2048, 4000), 53.01},
		{"read 512", readRate(newTree(t, s, 64), HostMemory, 512, 4000), 55.03},
		{"read 2048", readRate(newTree(t, s, 64), HostMemory, 2048, 4000), 55.58},
		{"read and write 2048", duplex(2048), 52.00},
	} {
		t.Logf("%s: %.2f Gbit/s, measured %.2f (%+.1f %%)", c.name, c.got, c.measured, 100*(c.got/c.measured-1))
		if math.Abs(c.got/c.measured-1) > 0.04 {
			t.Errorf("%s: %.2f Gbit/s, measured %.2f", c.name, c.got, c.measured)
		}
	}
}

// TestConnectX5PacketRateCeiling: 64-byte frames on Gen3 x16 bound PCIe at
// 86.6 Mpps (Høiland-Jørgensen et al., CoNEXT 2018): 60 bytes of frame without FCS
// and a 64-byte CQE are two TLPs.
func TestConnectX5PacketRateCeiling(t *testing.T) {
	tree := newTree(t, rootSpec(), 64)
	var now sim.Time
	const frames = 20_000
	for range frames {
		tree.Write(now, HostMemory, 60)
		now, _ = tree.Write(now, HostMemory, 64)
	}
	mpps := frames / now.Seconds() / 1e6
	if mpps < 86 || mpps > 87 {
		t.Errorf("%.2f Mpps, measured 86.6", mpps)
	}
}

// This is the budget of docs/models/pcie.md: header and CQE to
// the host, payload to the GPU. 94 header bytes occupy 24 DWs, 96 bytes.
func TestBytesOfANetgpuPacket(t *testing.T) {
	for _, c := range []struct {
		mtu            int
		payload        []int64 // by netgpu page
		nic, gpu, root int64   // bytes up the NIC link, down the GPU link, up the root link
	}{
		{1500, []int64{1420}, 1770 + 2, 1564, 206 + 2},
		{9000, []int64{4096, 4096, 728}, 9966 + 2, 9760, 206 + 2},
	} {
		tree := newTree(t, testSpec(), 64)
		tree.Write(0, HostMemory, 94)
		var payload int64
		for _, n := range c.payload {
			tree.Write(0, PeerGPU, n)
			payload += n
		}
		tree.Write(0, HostMemory, 64)
		links := tree.Links(0)
		for i, want := range []struct {
			name           string
			got            DirectionReport
			payload, total int64
		}{
			{"root", links[0].Up, 94 + 64, c.root},
			{"nic", links[1].Up, payload + 94 + 64, c.nic},
			{"gpu", links[2].Down, payload, c.gpu},
		} {
			if links[i].Name != want.name || want.got.PayloadBytes != want.payload || want.got.TotalBytes != want.total {
				t.Errorf("MTU %d: link %s: %+v, want %+v", c.mtu, links[i].Name, want.got, want)
			}
		}
	}
}

func TestASlowerLinkBehindTheSwitchHoldsTheNICBack(t *testing.T) {
	s := testSpec()
	s.GPULanes = 4
	got := writeRate(newTree(t, s, 64), PeerGPU, 1420, 4000)
	want := efficiency(rawRate(3, 4), s.DLLPTax, 1420, 256, 24)
	if math.Abs(got/want-1) > 0.001 {
		t.Errorf("%.3f Gbit/s, the GPU's link takes %.3f", got, want)
	}
}

func TestRootComplexLimitsPeerTraffic(t *testing.T) {
	s := rootSpec()
	s.PeerWriteLimit, s.PeerReadLimit = 56*sim.Gbps, 24*sim.Gbps
	if got := writeRate(newTree(t, s, 64), PeerGPU, 4096, 4000); math.Abs(got/56-1) > 0.001 {
		t.Errorf("writes: %.3f Gbit/s, limit 56", got)
	}
	if got := readRate(newTree(t, s, 64), PeerGPU, 4096, 4000); math.Abs(got/24-1) > 0.001 {
		t.Errorf("reads: %.3f Gbit/s, limit 24", got)
	}
	if got, want := writeRate(newTree(t, s, 64), HostMemory, 4096, 4000), efficiency(rawRate(3, 16), s.DLLPTax, 4096, 256, 24); math.Abs(got/want-1) > 0.001 {
		t.Errorf("writes to host memory: %.3f Gbit/s, want %.3f: the limit is for peers", got, want)
	}
}

// With a single posted header credit every TLP waits for the one
// before to arrive and for its credit to come back.
func TestOneHeaderCreditMeansOneTLPPerCreditRoundTrip(t *testing.T) {
	s := rootSpec()
	s.PostedHeaderCredits = 1
	tree := newTree(t, s, 64)
	tlp := tree.nic.up.pace.Time(256 + 24)
	var now sim.Time
	for i := range sim.Time(50) {
		now, _ = tree.Write(now, HostMemory, 256)
		if want := i*(tlp+2*s.LinkLatency) + tlp; now != want {
			t.Fatalf("write %d sent at %v, want %v", i, now, want)
		}
	}
}

func TestReadRateIsBoundByTagsOverLatency(t *testing.T) {
	s := rootSpec()
	for _, tags := range []int{1, 2, 4} {
		tree := newTree(t, s, tags)
		var last sim.Time
		const rounds = 50
		for range rounds * tags {
			_, last = tree.Read(0, HostMemory, 64)
		}
		got := float64(rounds*tags) / last.Seconds()
		want := float64(tags) / s.HostReadRTT.Seconds()
		if got > want || got < 0.98*want {
			t.Errorf("%d tags: %.4g reads/s, tags/latency is %.4g", tags, got, want)
		}
	}
}
