package pcie

import (
	"fmt"
	"strconv"

	"netgpusim/sim"
)

// check refuses specifications that the tree could not be built from. The loader
// holds scenario files to the bounds in Spec's tags; this covers callers of the
// package and what no single bound can say.
func check(host string, s *Spec, outstandingReads int, peer TargetSpec) error {
	refuse := func(key string, given any, allowed string) error {
		return &SpecError{host, "pcie." + key, fmt.Sprint(given), allowed}
	}
	if s.Topology != TopologySwitch && s.Topology != TopologyRoot {
		return refuse("topology", strconv.Quote(s.Topology), TopologySwitch+" or "+TopologyRoot)
	}
	links := []struct {
		name       string
		gen, lanes int
	}{{"nic", s.NICGen, s.NICLanes}, {"gpu", s.GPUGen, s.GPULanes}}
	if s.Topology == TopologySwitch {
		links = append(links, struct {
			name       string
			gen, lanes int
		}{"uplink", s.UplinkGen, s.UplinkLanes})
	}
	for _, l := range links {
		if l.gen < 1 || l.gen >= len(laneRate) {
			return refuse(l.name+"_gen", l.gen, "1 to "+strconv.Itoa(len(laneRate)-1))
		}
		if l.lanes < 1 || l.lanes > 16 || l.lanes&(l.lanes-1) != 0 {
			return refuse(l.name+"_lanes", l.lanes, "a power of two from 1 to 16")
		}
	}
	for _, size := range []struct {
		key        string
		given, min sim.Bytes
	}{
		{"max_payload", s.MaxPayload, 128},
		{"max_read_request", s.MaxReadRequest, 128},
		{"completion_size", s.CompletionSize, 64},
	} {
		if size.given < size.min || size.given > 4096 || size.given&(size.given-1) != 0 {
			return refuse(size.key, size.given, fmt.Sprintf("a power of two from %d to 4096 bytes", size.min))
		}
	}
	if s.CompletionSize > s.MaxPayload {
		return refuse("completion_size", s.CompletionSize, fmt.Sprintf("at most max_payload, %d bytes", s.MaxPayload))
	}
	if !(s.DLLPTax >= 0 && s.DLLPTax <= 0.5) { // so written, NaN is refused too
		return refuse("dllp_tax", s.DLLPTax, "0 to 0.5")
	}
	if s.PostedHeaderCredits < 1 || s.PostedHeaderCredits > 4096 {
		return refuse("posted_header_credits", s.PostedHeaderCredits, "1 to 4096")
	}
	if need := int(s.MaxPayload / creditBytes); s.PostedDataCredits < need || s.PostedDataCredits > 65536 {
		return refuse("posted_data_credits", s.PostedDataCredits,
			fmt.Sprintf("%d to 65536: a receiver must take one TLP of max_payload", need))
	}
	for _, credits := range []struct {
		key         string
		given, need int
		max         int
	}{
		{"nonposted_header_credits", s.NonPostedHeaderCredits, 1, 4096},
		{"nonposted_data_credits", s.NonPostedDataCredits, 1, 65536},
		{"completion_header_credits", s.CompletionHeaderCredits, 1, 4096},
		{"completion_data_credits", s.CompletionDataCredits, int(s.CompletionSize / creditBytes), 65536},
	} {
		if credits.given != 0 && (credits.given < credits.need || credits.given > credits.max) {
			return refuse(credits.key, credits.given, fmt.Sprintf("0, or %d to %d: a receiver must take one TLP", credits.need, credits.max))
		}
	}
	if _, ok := tagsOf(s.TagBits); !ok {
		return refuse("tag_bits", s.TagBits, "0, 5, 8, 10 or 14")
	}
	if err := checkMemory(s, refuse); err != nil {
		return err
	}
	for _, latency := range []struct {
		key   string
		given sim.Time
	}{
		{"link_latency", s.LinkLatency},
		{"switch_hop", s.SwitchHop},
		{"peer_via_root", s.PeerViaRoot},
		{"numa_hop", s.NUMAHop},
		{"llc_miss", s.LLCMiss},
		{"iommu_walk", s.IOMMUWalk},
		{"iommu_line", s.IOMMULine},
	} {
		if latency.given < 0 {
			return refuse(latency.key, latency.given, "0 or more")
		}
	}
	if peer.ReadService < 0 {
		return &SpecError{host, "gpu.bar_read", peer.ReadService.String(), "0 or more"}
	}
	if peer.WriteVisible < 0 {
		return &SpecError{host, "gpu.write_visibility", peer.WriteVisible.String(), "0 or more"}
	}
	if outstandingReads < 1 || outstandingReads > outstandingMax {
		return &SpecError{host, "nic.outstanding_reads", strconv.Itoa(outstandingReads), "1 to " + strconv.Itoa(outstandingMax)}
	}
	return nil
}

// checkMemory is check for host memory and its translation.
func checkMemory(s *Spec, refuse func(key string, given any, allowed string) error) error {
	if s.HostReads < 0 || s.HostReads > 4096 {
		return refuse("host_reads", s.HostReads, "0 to 4096")
	}
	for _, size := range []struct {
		key   string
		given sim.Bytes
	}{{"host_window", s.HostWindow}, {"llc_reach", s.LLCReach}} {
		if size.given < 0 || size.given > 1<<40 {
			return refuse(size.key, size.given, "0 to 1 TiB")
		}
	}
	if s.ATS && !s.IOMMU {
		return refuse("ats", true, "false without iommu: there is nothing to translate")
	}
	if !s.IOMMU {
		return nil
	}
	if s.IOMMUPage < addressAlignMax || s.IOMMUPage > sim.GiB || s.IOMMUPage&(s.IOMMUPage-1) != 0 {
		return refuse("iommu_page", s.IOMMUPage, "a power of two from 4 KiB to 1 GiB")
	}
	for _, n := range []struct {
		key        string
		given, max int
	}{
		{"iotlb_entries", s.IOTLBEntries, 1 << 20},
		{"iommu_walkers", s.IOMMUWalkers, 1024},
		{"ats_entries", s.ATSEntries, 1 << 20},
	} {
		if (n.given < 1 || n.given > n.max) && (n.key != "ats_entries" || s.ATS) {
			return refuse(n.key, n.given, fmt.Sprintf("1 to %d", n.max))
		}
	}
	return nil
}

// outstandingMax is the number of tags of 14 bits; it bounds the window's memory.
const outstandingMax = 1<<14 - 1<<10

// tagsOf is how many reads tags of a width tell apart: wider tags than 8 bits leave
// out those whose upper bits are zero (PCIe base specification 6.0, 2.2.6.2). No bits
// mean no limit of tags.
func tagsOf(bits int) (tags int, ok bool) {
	switch bits {
	case 0:
		return outstandingMax, true
	case 5, 8:
		return 1 << bits, true
	case 10:
		return 1<<10 - 1<<8, true
	case 14:
		return outstandingMax, true
	}
	return 0, false
}

// usableTags is how many of the NIC's reads can be in flight.
func usableTags(s *Spec, outstandingReads int) int {
	tags, _ := tagsOf(s.TagBits)
	return min(tags, outstandingReads)
}
