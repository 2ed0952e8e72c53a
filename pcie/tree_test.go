package pcie

import (
	"testing"

	"netgpusim/sim"
)

// testSpec is a Gen3 x16 server of 2020 with NIC and GPU under one switch. The
// values are the defaults of docs/models/pcie.md.
func testSpec() Spec {
	return Spec{
		Topology: TopologySwitch,
		NICGen:   3, NICLanes: 16,
		GPUGen: 3, GPULanes: 16,
		UplinkGen: 3, UplinkLanes: 16,
		MaxPayload:          256,
		MaxReadRequest:      512,
		CompletionSize:      256,
		DLLPTax:             0.055,
		PostedHeaderCredits: 64,
		PostedDataCredits:   1024,
		LinkLatency:         50 * sim.Nanosecond,
		SwitchHop:           120 * sim.Nanosecond,
		HostReadRTT:         480 * sim.Nanosecond,
		HostWrite:           250 * sim.Nanosecond,
		MMIOWrite:           250 * sim.Nanosecond,
		PeerViaRoot:         250 * sim.Nanosecond,
	}
}

// testPeer is a V100 as gpu.Device.Target describes it.
var testPeer = TargetSpec{
	ReadService:  500 * sim.Nanosecond,
	WriteVisible: 300 * sim.Nanosecond,
	WriteLimit:   7200 * sim.Gbps,
	ReadLimit:    7200 * sim.Gbps,
}

// rootSpec is testSpec with NIC and GPU under root ports of their own.
func rootSpec() Spec {
	s := testSpec()
	s.Topology = TopologyRoot
	return s
}

func newTree(tb testing.TB, spec Spec, outstanding int) *Tree {
	tb.Helper()
	t, err := New("test", &spec, outstanding, testPeer)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}
