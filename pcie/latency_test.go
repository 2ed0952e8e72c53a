package pcie

import (
	"errors"
	"testing"

	"netgpusim/sim"
)

// everyLink calls f for all generations and lanes, with latencies that the slowest
// link can keep.
func everyLink(f func(gen, lanes int, spec Spec)) {
	for gen := 1; gen <= 6; gen++ {
		for lanes := 1; lanes <= 16; lanes *= 2 {
			s := rootSpec()
			s.NICGen, s.NICLanes = gen, lanes
			s.HostReadRTT, s.HostWrite, s.MMIOWrite = 2*sim.Microsecond, sim.Microsecond, sim.Microsecond
			f(gen, lanes, s)
		}
	}
}

func TestIdleLatenciesUnderARootPortAreThoseOfTheSpecification(t *testing.T) {
	everyLink(func(gen, lanes int, spec Spec) {
		now := 7 * sim.Microsecond
		if first, last := newTree(t, spec, 64).Read(now, HostMemory, 64); first != last || last-now != spec.HostReadRTT {
			t.Errorf("Gen%d x%d: read of 64 B: %v to %v, want %v", gen, lanes, first-now, last-now, spec.HostReadRTT)
		}
		if _, visible := newTree(t, spec, 64).Write(now, HostMemory, 64); visible-now != spec.HostWrite {
			t.Errorf("Gen%d x%d: write of 64 B: %v, want %v", gen, lanes, visible-now, spec.HostWrite)
		}
		if arrives := newTree(t, spec, 64).MMIOWrite(now, 8); arrives-now != spec.MMIOWrite {
			t.Errorf("Gen%d x%d: doorbell: %v, want %v", gen, lanes, arrives-now, spec.MMIOWrite)
		}
	})
}

func TestASwitchAddsItsHopAndTheLinkBelowIt(t *testing.T) {
	s := testSpec()
	wire := func(n int64) sim.Time { return newTree(t, s, 64).nic.up.pace.Time(n) + s.LinkLatency }
	_, last := newTree(t, s, 64).Read(0, HostMemory, 64)
	if want := s.HostReadRTT + 2*s.SwitchHop + wire(24) + wire(84); last != want {
		t.Errorf("read %v, want %v", last, want)
	}
	_, visible := newTree(t, s, 64).Write(0, HostMemory, 64)
	if want := s.HostWrite + s.SwitchHop + wire(88); visible != want {
		t.Errorf("write %v, want %v", visible, want)
	}
	arrives := newTree(t, s, 64).MMIOWrite(0, 8)
	if want := s.MMIOWrite + s.SwitchHop + wire(32); arrives != want {
		t.Errorf("doorbell %v, want %v", arrives, want)
	}
	_, last = newTree(t, s, 64).Read(0, PeerGPU, 64)
	if want := testPeer.ReadService + 2*s.SwitchHop + 2*wire(24) + 2*wire(84); last != want {
		t.Errorf("peer read %v, want %v", last, want)
	}
	r := s
	r.Topology = TopologyRoot
	_, last = newTree(t, r, 64).Read(0, PeerGPU, 64)
	if want := testPeer.ReadService + 2*r.PeerViaRoot + 2*wire(24) + 2*wire(84); last != want {
		t.Errorf("peer read through the root complex %v, want %v", last, want)
	}
}

func TestAnInterruptComesBehindEarlierWritesToHostMemory(t *testing.T) {
	idle := newTree(t, testSpec(), 64).Interrupt(0)
	tree := newTree(t, testSpec(), 64)
	_, visible := tree.Write(0, HostMemory, 8192)
	if arrives := tree.Interrupt(0); arrives <= visible || arrives <= idle {
		t.Errorf("interrupt at %v, data visible at %v, idle interrupt %v", arrives, visible, idle)
	}
}

func TestAReadPushesPostedWritesAheadOfIt(t *testing.T) {
	for dst := range Target(targets) {
		for _, credits := range []int{1, 64} {
			s := testSpec()
			s.PostedHeaderCredits = credits
			tree := newTree(t, s, 64)
			idle, _ := newTree(t, s, 64).Read(0, dst, 0)
			sent, _ := tree.Write(0, dst, 4096)
			first, _ := tree.Read(0, dst, 0)
			if first < sent+idle {
				t.Errorf("%v, %d credits: zero-length read answered at %v; the write left at %v and an idle read takes %v",
					dst, credits, first, sent, idle)
			}
		}
	}
}

func TestACompletionDoesNotWaitForADoorbellThatComesLater(t *testing.T) {
	s := rootSpec()
	s.MMIOWrite = 2 * sim.Microsecond
	tree := newTree(t, s, 64)
	tree.MMIOWrite(0, 8)
	if _, last := tree.Read(0, HostMemory, 64); last != s.HostReadRTT {
		t.Errorf("read answered after %v, want %v", last, s.HostReadRTT)
	}
}

// A NIC books the payload read for when the WQE will be there, and the EQE for when
// the CQE is visible; what it does meanwhile must not queue behind that.
func TestBookingsAheadDoNotDelayWhatIsReadyBefore(t *testing.T) {
	tree := newTree(t, testSpec(), 64)
	idle, _ := newTree(t, testSpec(), 64).Write(0, HostMemory, 64)
	_, fetch := newTree(t, testSpec(), 64).Read(0, HostMemory, 64)
	slack := tree.nic.up.pace.Time(256) // other TLPs may be on the link
	var now sim.Time
	for i := range 2000 {
		now += 200 * sim.Nanosecond
		tree.Read(now+5*sim.Microsecond, PeerGPU, 256)
		tree.Write(now+2*sim.Microsecond, HostMemory, 64)
		if sent, _ := tree.Write(now, HostMemory, 64); sent-now > idle+slack {
			t.Fatalf("round %d: write sent after %v, on an idle tree %v", i, sent-now, idle)
		}
		if _, last := tree.Read(now, HostMemory, 64); last-now > fetch+4*slack {
			t.Fatalf("round %d: read answered after %v, on an idle tree %v", i, last-now, fetch)
		}
	}
}

func TestStoresBecomeTLPsOfAtMost64Bytes(t *testing.T) {
	tree := newTree(t, rootSpec(), 64)
	tree.MMIOWrite(0, 4096)
	if got := tree.Links(0)[0].Down.TotalBytes; got != 64*(64+24) {
		t.Errorf("%d bytes on the link, want 64 TLPs of 88", got)
	}
}

func TestADoorbellTakesAGapBeforeCompletionsBookedAhead(t *testing.T) {
	idle := newTree(t, testSpec(), 64).MMIOWrite(0, 8)
	tree := newTree(t, testSpec(), 64)
	first, _ := tree.Read(0, PeerGPU, 16384)
	if arrives := tree.MMIOWrite(sim.Nanosecond, 8); arrives != idle+sim.Nanosecond || arrives >= first {
		t.Errorf("doorbell arrives after %v, idle %v, first completion at %v", arrives, idle, first)
	}
}

func TestPostedWritesPassReadRequestsThatWaitForTags(t *testing.T) {
	tree := newTree(t, testSpec(), 1)
	_, last := tree.Read(0, PeerGPU, 4096)
	now := 500 * sim.Nanosecond
	sent, _ := tree.Write(now, PeerGPU, 256)
	idle, _ := newTree(t, testSpec(), 1).Write(now, PeerGPU, 256)
	if sent != idle || last < 7*sim.Microsecond {
		t.Errorf("sent at %v, on an idle tree %v; reads done at %v", sent, idle, last)
	}
}

func TestNewRefusesWhatCannotWorkAndNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		key  string
		make func(s *Spec)
	}{
		{"topology", func(s *Spec) { s.Topology = "ring" }},
		{"nic_gen", func(s *Spec) { s.NICGen = 7 }},
		{"gpu_gen", func(s *Spec) { s.GPUGen = 0 }},
		{"uplink_lanes", func(s *Spec) { s.UplinkLanes = 12 }},
		{"nic_lanes", func(s *Spec) { s.NICLanes = 0 }},
		{"max_payload", func(s *Spec) { s.MaxPayload = 200 }},
		{"max_read_request", func(s *Spec) { s.MaxReadRequest = 8192 }},
		{"completion_size", func(s *Spec) { s.CompletionSize = 512 }},
		{"completion_size", func(s *Spec) { s.CompletionSize = 0 }},
		{"dllp_tax", func(s *Spec) { s.DLLPTax = 1 }},
		{"posted_header_credits", func(s *Spec) { s.PostedHeaderCredits = 0 }},
		{"posted_data_credits", func(s *Spec) { s.PostedDataCredits = 15 }},
		{"link_latency", func(s *Spec) { s.LinkLatency = -1 }},
		{"switch_hop", func(s *Spec) { s.SwitchHop = -1 }},
		{"peer_via_root", func(s *Spec) { s.PeerViaRoot = -1 }},
		{"host_read_rtt", func(s *Spec) { s.HostReadRTT = 100 * sim.Nanosecond }},
		{"host_write", func(s *Spec) { s.HostWrite = 50 * sim.Nanosecond }},
		{"mmio_write", func(s *Spec) { s.MMIOWrite = 0 }},
	} {
		s := testSpec()
		c.make(&s)
		_, err := New("receiver", &s, 64, testPeer)
		var wrong *SpecError
		if !errors.As(err, &wrong) || wrong.Key != "pcie."+c.key || wrong.Host != "receiver" {
			t.Errorf("%s: %v", c.key, err)
		}
	}
	s := testSpec()
	for key, make := range map[string]func() (*Tree, error){
		"nic.outstanding_reads": func() (*Tree, error) { return New("receiver", &s, 0, testPeer) },
		"gpu.bar_read":          func() (*Tree, error) { return New("receiver", &s, 64, TargetSpec{ReadService: -1}) },
		"gpu.write_visibility":  func() (*Tree, error) { return New("receiver", &s, 64, TargetSpec{WriteVisible: -1}) },
	} {
		var wrong *SpecError
		if tree, err := make(); !errors.As(err, &wrong) || wrong.Key != key || tree != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
