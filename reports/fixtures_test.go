package reports

import "fmt"

// The results below are hand-built: they look like results, at the scale of the
// RFC's runs, and exercise every section. No test takes them for predictions.

func ptr[T any](v T) *T { return &v }

// gpuReceive is a correct run of a GPU receive at 25 Gbit/s with everything that
// a scenario about a publication has.
func gpuReceive() Result {
	core := Limit{
		Resource: "receiver core 0", Utilisation: 0.794, CapacityGbps: 30.98, HeadroomGbps: 6.38,
		Why: "softirq on the channel's interrupt core", Advice: "a larger MTU or a second channel spreads the per-packet work",
	}
	wire := Limit{
		Resource: "link sender->receiver", Utilisation: 0.9981, CapacityGbps: 24.65, HeadroomGbps: 0.05,
		Why: "8920 of 9038 bytes of each frame are payload", Advice: "a faster link",
	}
	limit := wire
	limit.Next = &core
	return Result{
		Schema: ResultSchema, Scenario: "rfc-v2-gpu-rx", Title: "RFC v2: iperf3 receives into GPU memory over 25 Gbit/s",
		Seed: 1, Version: "0.1.0", Digest: "9f31c0d2a4e85b76",
		SimulatedS: 1.05, WarmupS: 0.05, WallS: 0.842, Events: 12_345_678, Packets: 413_220,
		GoodputGbps: 24.603, GoodputCI95Gbps: 0.094,
		PerFlow: []Flow{{
			ID: "bulk/0", Direction: "sender->receiver", TxPath: "netgpu", RxPath: "netgpu", TxMemory: "host", Memory: "gpu",
			MSSBytes: 8920, GoodputGbps: 24.603, Bytes: 3_075_375_000, RTTUs: RTT{Min: 14.2, Mean: 412.7, P99: 498.1},
			CwndBytesMax: 1_498_560, LimitedByWindow: 0.621, LimitedByCwnd: 0.021, LimitedByApp: 0.004,
		}},
		Links: []WireLink{
			{From: "sender", To: "receiver", RateGbps: 25, Frames: 344_773, Bytes: 3_116_058_374, Utilisation: 0.9971},
			{From: "receiver", To: "sender", RateGbps: 25, Frames: 49_270, Bytes: 6_503_640, Utilisation: 0.0021},
		},
		PCIe: PCIe{Links: []PCIeLink{
			{Host: "receiver", Name: "nic", From: "nic", To: "switch", Gen: 3, Lanes: 16,
				Up:   PCIeDirection{PayloadBytes: 3_129_849_294, TotalBytes: 3_442_834_223, Utilisation: 0.2312},
				Down: PCIeDirection{PayloadBytes: 22_065_472, TotalBytes: 30_236_100, Utilisation: 0.0020}},
			{Host: "receiver", Name: "gpu", From: "gpu", To: "switch", Gen: 3, Lanes: 16,
				Down: PCIeDirection{PayloadBytes: 3_075_375_160, TotalBytes: 3_372_845_000, Utilisation: 0.2265}},
			{Host: "receiver", Name: "root", From: "switch", To: "root port", Gen: 3, Lanes: 16,
				Up:   PCIeDirection{PayloadBytes: 54_474_134, TotalBytes: 70_989_223, Utilisation: 0.0048},
				Down: PCIeDirection{PayloadBytes: 22_065_472, TotalBytes: 30_236_100, Utilisation: 0.0020}},
			{Host: "sender", Name: "root", From: "switch", To: "root port", Gen: 3, Lanes: 16,
				Up:   PCIeDirection{PayloadBytes: 20_400_000, TotalBytes: 176_000_000, Utilisation: 0.012},
				Down: PCIeDirection{PayloadBytes: 3_110_000_000, TotalBytes: 3_355_000_000, Utilisation: 0.225}},
			{Host: "sender", Name: "nic", From: "nic", To: "switch", Gen: 3, Lanes: 16,
				Up:   PCIeDirection{PayloadBytes: 20_400_000, TotalBytes: 176_000_000, Utilisation: 0.012},
				Down: PCIeDirection{PayloadBytes: 3_110_000_000, TotalBytes: 3_355_000_000, Utilisation: 0.225}},
			{Host: "sender", Name: "gpu", From: "gpu", To: "switch", Gen: 3, Lanes: 16},
		}, HostPath: []HostPath{{Host: "receiver", RootGbps: 0.612, GPUGbps: 24.603, Share: 0.0249}}},
		CPU: CPU{Cores: []Core{
			{Host: "receiver", Core: 0, Role: "irq", Busy: 0.794, Interrupts: 49_270, Polls: 61_204, NsByFunc: map[string]int64{
				"tcp_receive": 258_580_000, "gro_merge": 142_134_000, "rx_skb": 114_134_000, "page_refill": 95_858_000,
				"rx_cqe": 73_790_000, "ack_transmit": 49_416_000, "interrupt": 29_562_000, "deliver": 30_526_000}},
			{Host: "receiver", Core: 1, Role: "app", Busy: 0.026, NsByFunc: map[string]int64{"app_iovec": 18_000_000, "poll": 8_000_000}},
			{Host: "sender", Core: 0, Role: "irq+app", Busy: 0.412, Interrupts: 12_300, Polls: 15_800, NsByFunc: map[string]int64{
				"send_page": 160_000_000, "tcp_transmit": 120_000_000, "tcp_ack": 80_000_000, "doorbell": 52_000_000}},
		}},
		Rings: []Ring{
			{Host: "receiver", Name: "fill/57", Entries: 16384, Occupancy: Occupancy{Min: 6_021, Mean: 6_144.4, Max: 7_168}},
			{Host: "receiver", Name: "rx/0", Entries: 1024, Occupancy: Occupancy{Min: 0, Mean: 24.31, Max: 138}, EmptyS: 0.4120},
			{Host: "receiver", Name: "rq/57", Entries: 1024, Occupancy: Occupancy{Min: 951, Mean: 1009.2, Max: 1024}, FullS: 0.0312},
		},
		NICs: []NIC{
			{Host: "receiver", Counters: map[string]int64{"rx_packets": 344_773, "rx_bytes": 3_102_957_000, "tx_packets": 49_270}},
			{Host: "sender", Counters: map[string]int64{"rx_packets": 49_270, "tx_packets": 344_773, "tx_tso_packets": 48_001}},
		},
		Drops:  map[string]int64{},
		Pages:  Pages{Total: 10_240, InPlace: map[string]int64{"app": 32, "fill_ring": 6_136, "napi_cache": 40, "wqe": 4_032}},
		Series: []Series{{Name: "goodput_gbps", TimeS: []float64{0.05, 1.05}, Mean: []float64{18.2, 24.6}, Min: []float64{0, 24.1}, Max: []float64{24.7, 24.7}}},
		Limit:  limit,
		Ladder: []Limit{wire, core,
			{Resource: "sender core 0", Utilisation: 0.412, CapacityGbps: 59.7, HeadroomGbps: 35.1},
			{Resource: "receiver PCIe nic up", Utilisation: 0.2312, CapacityGbps: 106.4, HeadroomGbps: 81.8},
			{Resource: "receiver PCIe gpu down", Utilisation: 0.2265, CapacityGbps: 108.6, HeadroomGbps: 84.0},
			{Resource: "receiver core 1", Utilisation: 0.026, CapacityGbps: 946.3, HeadroomGbps: 921.7},
			{Resource: "receiver PCIe root up", Utilisation: 0.0048, CapacityGbps: 5125, HeadroomGbps: 5101},
		},
		Assumptions: []Assumption{
			{Key: "nic.mtu", Value: "9000", Why: "conventional jumbo frames; at 1500 the ceiling of a 25 Gbit/s link is 23.08 Gbit/s, below what was measured"},
			{Key: "receiver.pcie.topology", Value: "switch", Why: "the host's PCIe bus was seen mostly idle"},
			{Key: "receiver.cpu.profile", Value: "xeon-2020", Why: "not stated"},
		},
		Measured: []Measured{{
			Metric: "goodput_gbps", Unit: "Gbit/s", Value: 23.4, Predicted: 24.603, Error: SymmetricError(24.603, 23.4),
			Source:   "RFC PATCH v2 00/21 netgpu, 27 Jul 2020",
			Unstated: []string{"CPU", "NIC model", "GPU model", "MTU", "PCIe topology", "IOMMU", "streams"},
			Note:     "the author gives one figure, without spread",
		}},
		Band: mtuBand(),
		Expect: []Expect{
			{Name: "near the publication", Wanted: "goodput_gbps within 6 % of measured", Got: "24.6, +5.0 % from measured 23.4", OK: true},
			{Name: "pages.lost", Wanted: "pages.lost = 0", Got: "0", OK: true},
		},
	}
}

// mtuBand is a grid of 4 MTUs and 3 processors on one link.
func mtuBand() *Band {
	b := &Band{Metric: "goodput_gbps", Low: 15.9, High: 24.6}
	ceilings := map[string]float64{"1500": 23.08, "2048": 23.59, "4096": 24.28, "9000": 24.67}
	goodput := map[string][3]float64{"1500": {15.9, 23.06, 23.07}, "2048": {20.4, 23.57, 23.58}, "4096": {24.26, 24.27, 24.27}, "9000": {24.60, 24.60, 24.60}}
	for _, mtu := range []string{"1500", "2048", "4096", "9000"} {
		for i, cpu := range []string{"xeon-2020-slow", "xeon-2020", "xeon-2020-fast"} {
			point := BandPoint{Set: map[string]string{"nic.mtu": mtu, "link.rate": "25Gbps", "cpu.profile": cpu},
				GoodputGbps: goodput[mtu][i], CeilingGbps: ceilings[mtu], Limit: "link sender->receiver"}
			if goodput[mtu][i] < 22 {
				point.Limit = "cpu receiver core 0 (irq)"
			}
			point.Consistent = ptr(point.CeilingGbps >= 23.4 && point.Limit == "link sender->receiver")
			if mtu == "9000" && cpu == "xeon-2020" {
				point.Note = "the scenario itself"
			}
			b.Points = append(b.Points, point)
		}
	}
	return b
}

// copyReceive is the baseline: ordinary sockets, no netgpu pages, bound by a core.
func copyReceive() Result {
	wire := Limit{Resource: "link sender->receiver", Utilisation: 0.781, CapacityGbps: 24.67, HeadroomGbps: 5.4}
	core := Limit{Resource: "receiver core 1", Utilisation: 0.9997, CapacityGbps: 19.27, HeadroomGbps: 0.0058, Why: "user copy takes 71 % of it", Advice: "netgpu receive avoids the copy"}
	limit := core
	limit.Next = &wire
	return Result{
		Schema: ResultSchema, Scenario: "copy-rx", Title: "ordinary sockets on the same hardware", Seed: 1, Version: "0.1.0", Digest: "01b7e2c94d5f6a38",
		SimulatedS: 1.05, WarmupS: 0.05, WallS: 0.611, Events: 8_100_000, Packets: 322_000,
		GoodputGbps: 19.264, GoodputCI95Gbps: 0.31,
		PerFlow: []Flow{{
			ID: "bulk/0", Direction: "sender->receiver", TxPath: "copy", RxPath: "copy", TxMemory: "host", Memory: "host",
			MSSBytes: 8948, GoodputGbps: 19.264, Bytes: 2_408_000_000, RTTUs: RTT{Min: 15, Mean: 640, P99: 1210}, CwndBytesMax: 2_100_000, LimitedByWindow: 0.98,
		}},
		Links: []WireLink{{From: "sender", To: "receiver", RateGbps: 25, Frames: 269_110, Bytes: 2_432_000_000, Utilisation: 0.781}},
		PCIe: PCIe{Links: []PCIeLink{
			{Host: "receiver", Name: "root", From: "switch", To: "root port", Gen: 3, Lanes: 16,
				Up: PCIeDirection{PayloadBytes: 2_451_000_000, TotalBytes: 2_696_000_000, Utilisation: 0.181}},
		}},
		CPU: CPU{Cores: []Core{
			{Host: "receiver", Core: 0, Role: "irq", Busy: 0.55, Interrupts: 61_000, Polls: 70_000, NsByFunc: map[string]int64{"tcp_receive": 550_000_000}},
			{Host: "receiver", Core: 1, Role: "app", Busy: 0.9997, NsByFunc: map[string]int64{"copy": 710_000_000, "recv_call": 289_700_000}},
		}},
		Drops: map[string]int64{}, Limit: limit, Ladder: []Limit{core, wire},
	}
}

// waiting is a run that no resource with a rate held back.
func waiting() Result {
	r := copyReceive()
	r.Scenario, r.Title, r.Digest = "loss", "one frame in a hundred is lost", "77aa55aa55aa55aa"
	next := r.Ladder[1]
	r.Limit = Limit{Resource: "congestion window (loss)", Utilisation: 0.298, CapacityGbps: 19.264, Next: &next,
		Why: "1204 retransmissions kept the congestion window small", Advice: "fewer losses"}
	r.Ladder = r.Ladder[1:]
	r.Drops = map[string]int64{"link_loss": 1204}
	return r
}

// stalled is a run whose application stopped.
func stalled() Result {
	return Result{
		Schema: ResultSchema, Scenario: "fault-app-stopped", Title: "the application stops taking data after 400 ms", Seed: 7, Version: "0.1.0", Digest: "55aa55aa55aa55aa",
		SimulatedS: 0.912, WarmupS: 0.05, WallS: 0.3, Events: 4_000_000, Packets: 150_000, GoodputGbps: 9.987,
		PerFlow: []Flow{{
			ID: "bulk/0", Direction: "sender->receiver", TxPath: "netgpu", RxPath: "netgpu", TxMemory: "gpu", Memory: "gpu",
			MSSBytes: 8920, GoodputGbps: 9.987, Bytes: 1_076_000_000, Retransmits: 3, Timeouts: 2, RTTUs: RTT{Min: 14, Mean: 300, P99: 210_000}, CwndBytesMax: 1_400_000, LimitedByWindow: 0.57,
		}},
		Rings: []Ring{{Host: "receiver", Name: "rx/0", Entries: 1024, Occupancy: Occupancy{Max: 1024, Mean: 583.2}, EmptyS: 0.2, FullS: 0.5113}},
		Pages: Pages{Total: 10_240, InPlace: map[string]int64{"app": 32, "rx_ring": 1024, "receive_queue": 512, "fill_ring": 8_672}},
		Stall: &Stall{SinceS: 0.4123, Cause: "app-stopped", What: "the rx ring is full and the application takes nothing; nothing wakes delivery when slots become free (patch 10)"},
		Limit: Limit{Resource: "stall"},
		Expect: []Expect{
			{Name: "it stalls", Wanted: "stall.cause = app-stopped", Got: "app-stopped", OK: true},
		},
	}
}

// broken is a run with everything that can be wrong with one.
func broken() Result {
	r := gpuReceive()
	r.Scenario, r.Title, r.Digest = "fault-no-recycle", "", "00000000000000ff"
	r.Assumptions, r.Measured, r.Band = nil, nil, nil
	r.GoodputGbps, r.GoodputCI95Gbps = 0.0123, 0
	r.PerFlow[0].GoodputGbps, r.PerFlow[0].Retransmits, r.PerFlow[0].Timeouts = 0.0123, 1_204, 17
	r.Drops = map[string]int64{"rx_out_of_buffer": 1_203, "bad_hd_split": 4, "link_loss": 12, "strange_cause": 1}
	r.Pages = Pages{Total: 10_240, InPlace: map[string]int64{"app": 10_237, "lost": 3}, Lost: 3, Duplicated: 1}
	r.Violations = []Violation{
		{Invariant: "conservation", TimeS: 0.0512, Host: "receiver", What: "page 4711 left the fill ring while the ledger has it in wqe", Count: 16},
		{Invariant: "exclusive-dma", TimeS: 0.912, Host: "receiver", What: "page 12 posted twice", Count: 1},
	}
	r.Warnings = []string{
		"goodput is 0.05 % of what the link carries: look at the limits before using this figure",
		"MTU 576 is below the IPv6 minimum of 1280 (RFC 8200 section 5)",
	}
	r.Expect = append(r.Expect, Evaluate(&r, ExpectSpec{Name: "no page is lost on the way", Metric: "pages.lost", Max: ptr(0.0)}))
	return r
}

// manyFlows is 64 connections on two paths, with the widest counters.
func manyFlows() Result {
	r := gpuReceive()
	r.Scenario, r.Title = "many-sockets", "64 connections, 48 of them into GPU memory"
	r.Assumptions, r.Measured, r.Band, r.Expect = nil, nil, nil, nil
	f := r.PerFlow[0]
	r.PerFlow = nil
	for i := range 64 {
		f.ID = fmt.Sprintf("bulk/%d", i)
		f.GoodputGbps = 0.38 + 0.001*float64(i*i%17)
		f.Memory, f.RxPath = "gpu", "netgpu"
		if i%4 == 3 {
			f.Memory, f.RxPath = "host", "copy"
			f.ID = fmt.Sprintf("plain/%d", i)
		}
		f.Retransmits = int64(i % 3)
		r.PerFlow = append(r.PerFlow, f)
	}
	for i := range 12 {
		r.CPU.Cores = append(r.CPU.Cores, Core{Host: "sender", Core: i + 1, Role: "app", Busy: 0.01 * float64(i), NsByFunc: map[string]int64{"send_call": int64(i) * 1e6}})
		r.Rings = append(r.Rings, Ring{Host: "receiver", Name: fmt.Sprintf("rx/%d", i+1), Entries: 1024, Occupancy: Occupancy{Mean: float64(i)}})
		r.Ladder = append(r.Ladder, Limit{Resource: fmt.Sprintf("sender core %d", i+1), Utilisation: 0.01 * float64(i), CapacityGbps: 1000, HeadroomGbps: 976})
	}
	return r
}
