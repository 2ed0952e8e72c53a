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
	for _, latency := range []struct {
		key   string
		given sim.Time
	}{
		{"link_latency", s.LinkLatency},
		{"switch_hop", s.SwitchHop},
		{"peer_via_root", s.PeerViaRoot},
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

// outstandingMax is the number of tags of 14 bits less the 8-bit values that the
// PCIe base specification excludes from wider tags; it bounds the window's memory.
const outstandingMax = 1<<14 - 1<<8
