package gpu

import (
	"fmt"
	"strconv"

	"netgpusim/sim"
)

// check refuses specifications that no device can have. The loader holds scenario files
// to the bounds in Spec's tags; this covers callers of the package and what no single
// bound can say.
func check(s *Spec) error {
	refuse := func(key string, given any, allowed string) error {
		return &SpecError{"gpu." + key, fmt.Sprint(given), allowed}
	}
	if p := s.PageSize; p < HostPage || p&(p-1) != 0 {
		return refuse("page_size", int64(p), "a power of two from 4096")
	}
	for _, size := range []struct {
		key   string
		given sim.Bytes
	}{{"memory", s.Memory}, {"bar1", s.BAR1}} {
		if size.given < s.PageSize {
			return refuse(size.key, int64(size.given), "at least page_size")
		}
	}
	for _, rate := range []struct {
		key   string
		given sim.Bandwidth
	}{{"memory_bandwidth", s.MemoryBandwidth}, {"copy_ramp_rate", s.CopyRampRate}} {
		if rate.given <= 0 {
			return refuse(rate.key, int64(rate.given), "more than 0")
		}
	}
	for _, latency := range []struct {
		key   string
		given sim.Time
	}{
		{"memory_latency", s.MemoryLatency},
		{"bar_read", s.BARRead},
		{"write_visibility", s.WriteVisibility},
		{"flush", s.Flush},
		{"pin_time", s.PinTime},
		{"unpin_time", s.UnpinTime},
		{"copy_setup", s.CopySetup},
		{"copy_fetch", s.CopyFetch},
		{"host_fabric", s.HostFabric},
		{"line_interval", s.LineInterval},
		{"store_interval", s.StoreInterval},
	} {
		if latency.given < 0 {
			return refuse(latency.key, latency.given, "0 or more")
		}
	}
	if !(s.MemoryShare > 0 && s.MemoryShare <= 1) { // so written, NaN is refused too
		return refuse("memory_share", s.MemoryShare, "more than 0, at most 1")
	}
	if s.CopyRamp < 0 {
		return refuse("copy_ramp", int64(s.CopyRamp), "0 or more")
	}
	if s.ReadSlices < 1 || s.ReadSlices > readSlicesMax {
		return refuse("read_slices", s.ReadSlices, "1 to "+strconv.Itoa(readSlicesMax))
	}
	if s.SliceReads < 1 || s.ReadSlices*s.SliceReads > outstandingMax {
		return refuse("slice_reads", s.SliceReads,
			fmt.Sprintf("1 to %d: %d slices keep at most %d reads outstanding", outstandingMax/s.ReadSlices, s.ReadSlices, outstandingMax))
	}
	return nil
}

const (
	readSlicesMax  = 4096
	outstandingMax = 15360 // usable tags of 14 bits (PCIe base specification 2.2.6.2)
)
