package microbench

import (
	"fmt"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// saturated is the share from which a resource counts as what bound a stream.
const saturated = 0.97

// linkLimit names the busiest link direction if it is saturated; "" if none is.
func (b *bench) linkLimit(tree *pcie.Tree, m *meter) string {
	if name, share := b.busiest(tree, m); share >= saturated {
		return name
	}
	return ""
}

// busiest is the busiest link direction, and the share of time that it was busy.
func (b *bench) busiest(tree *pcie.Tree, m *meter) (name string, busiest float64) {
	for _, l := range tree.Links(m.to) {
		owner := l.Name
		switch {
		case l.Name == "root":
			owner = "root port"
		case l.Name == "gpu" || b.gpuSide:
			owner = "GPU"
		case l.Name == "nic":
			owner = "device"
		}
		for _, d := range []struct {
			way  string
			busy sim.Time
		}{{"up", l.Up.Busy}, {"down", l.Down.Busy}} {
			if share := d.busy.Seconds() / m.span().Seconds(); share > busiest {
				busiest = share
				name = fmt.Sprintf("PCIe Gen%d x%d link of the %s, %s", l.Gen, l.Lanes, owner, d.way)
			}
		}
	}
	return name, busiest
}

// dmaLimit names what bound a stream of a DMA engine.
func (b *bench) dmaLimit(tree *pcie.Tree, e *engine, m *meter) string {
	if name := b.linkLimit(tree, m); name != "" {
		return name
	}
	each := m.span() / sim.Time(m.items)
	reached := func(busy sim.Time) bool { return float64(busy) >= saturated*float64(each) }
	rate := 8 * m.bytesPerSecond()
	for _, l := range []struct {
		name  string
		binds bool
	}{
		{"device's DMA engine, reads and writes together: shared_rate", e.shared && reached(e.both)},
		{"device's DMA engine: read_setup and read_rate", e.reads > 0 && reached(e.readBusy)},
		{"device's DMA engine: write_setup and write_rate", e.writes > 0 && reached(e.writeBusy)},
		{"root complex: peer_write_limit", b.throughRoot(e) && e.writes > 0 && atLimit(rate, b.pcie.PeerWriteLimit)},
		{"root complex: peer_read_limit", b.throughRoot(e) && e.reads > 0 && atLimit(rate, b.pcie.PeerReadLimit)},
		{"between the sockets: numa_limit", e.target == pcie.HostMemory && b.pcie.RemoteMemory && atLimit(rate, b.pcie.NUMALimit)},
		{"host memory: memory_limit", e.target == pcie.HostMemory && atLimit(rate, b.pcie.MemoryLimit)},
		{fmt.Sprintf("IOMMU: %d page walks at once", b.pcie.IOMMUWalkers), e.target == pcie.HostMemory && b.missesIOTLB()},
		{"posted credits over their round trip", e.reads == 0},
	} {
		if l.binds {
			return l.name
		}
	}
	return fmt.Sprintf("%d reads in flight over their latency", pcie.ReadsInFlight(&b.pcie, b.spec.Device.Outstanding))
}

// throughRoot says whether the engine's traffic is peer traffic of the root complex.
func (b *bench) throughRoot(e *engine) bool {
	return e.target == pcie.PeerGPU && (b.pcie.Topology == pcie.TopologyRoot || b.pcie.ACSRedirect)
}

// atLimit says whether a rate in bit/s has reached a limit; 0 is none.
func atLimit(rate float64, limit sim.Bandwidth) bool {
	return limit > 0 && rate >= saturated*float64(limit)
}

// missesIOTLB says whether the IOMMU has to walk for accesses at random.
func (b *bench) missesIOTLB() bool {
	return b.pcie.IOMMU && !b.pcie.ATS && b.pcie.HostWindow > sim.Bytes(b.pcie.IOTLBEntries)*b.pcie.IOMMUPage
}

// limit names what bound the loads of a kernel.
func (k *kernel) limit(parallel int) string {
	b := k.bench
	if name := b.linkLimit(k.tree, &k.m); name != "" {
		return name
	}
	own := b.gpu.OutstandingReads()
	tags := pcie.ReadsInFlight(&b.pcie, own)
	switch {
	case tags < own && k.most >= tags:
		return fmt.Sprintf("%d tags of %d bits over their round trip", tags, b.pcie.TagBits)
	// Loads waited for more than a twentieth of the time they could have been out.
	case k.path.Waited() > k.m.span()/20*sim.Time(min(parallel, own)):
		return fmt.Sprintf("%d outstanding reads of the GPU, %d slices of %d, over their round trip", own, b.device.ReadSlices, b.device.SliceReads)
	case b.missesIOTLB():
		return "round trip with page walks of the IOMMU"
	case parallel > 1:
		return "round trip of the last load of a warp instruction"
	}
	return "round trip"
}
