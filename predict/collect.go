package predict

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"netgpusim/host"
	"netgpusim/netgpu"
	"netgpusim/nic"
	"netgpusim/pcie"
	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// collect reads a finished world into a result.
func collect(s *scenarios.Scenario, w *host.World) *reports.Result {
	e := w.Engine()
	span := w.Span().Seconds()
	r := &reports.Result{
		Schema: reports.ResultSchema, Kind: reports.KindTransfer, Scenario: s.Name, Title: s.Title, Seed: s.Seed, Version: Version,
		SimulatedS: e.Now().Seconds(), WarmupS: w.Baseline.At.Seconds(),
		Events: e.Events(), Packets: uint64(w.Wires[0].Frames + w.Wires[1].Frames),
		Drops: map[string]int64{}, Warnings: s.Warnings,
	}
	for _, a := range s.Assumptions {
		r.Assumptions = append(r.Assumptions, reports.Assumption{Key: a.Key, Value: a.Value, Why: a.Why})
	}
	for i := range w.Conns {
		r.PerFlow = append(r.PerFlow, flow(w, i, span))
		r.GoodputGbps += r.PerFlow[i].GoodputGbps
	}
	idleFlows(r)
	endedFlows(r)
	confidence(r, &w.Batches)
	r.Series = []reports.Series{series("goodput_gbps", &w.Goodput), series("cwnd_bytes", &w.Cwnd)}
	for i := range w.Wires {
		r.Links = append(r.Links, wire(s, w, i, span))
	}
	for i, h := range w.Hosts {
		for _, l := range h.PCIe() {
			r.PCIe.Links = append(r.PCIe.Links, pcieLink(h.Name, &l, span))
		}
		r.PCIe.HostPath = append(r.PCIe.HostPath, hostPath(h, span))
		for _, u := range w.CoreUses(i) {
			r.CPU.Cores = append(r.CPU.Cores, core(h.Name, &u, span))
		}
		for _, g := range w.RingUses(i) {
			r.Rings = append(r.Rings, reports.Ring{Host: h.Name, Name: g.Name, Entries: g.Entries,
				Occupancy: reports.Occupancy{Min: float64(g.Min), Mean: g.Mean, Max: float64(g.Max)},
				EmptyS:    g.Empty.Seconds(), FullS: g.Full.Seconds()})
		}
		count := w.NICCounters(i)
		r.NICs = append(r.NICs, nicCounters(h, &count))
		addDrops(r.Drops, &count, w.WireTraffic(i), h)
		addPages(&r.Pages, h)
		for _, v := range h.Violations() {
			r.Violations = append(r.Violations, reports.Violation{Invariant: v.Invariant, TimeS: v.At.Seconds(), Host: h.Name, What: v.What, Count: v.Count})
		}
	}
	r.PCIe.HostPath = gpuPaths(r.PCIe.HostPath)
	if w.Stall != nil {
		r.Stall = &reports.Stall{SinceS: w.Stall.Since.Seconds(), Cause: w.Stall.Cause, What: w.Stall.What}
	}
	r.Digest = digest(w, r)
	r.Limit, r.Ladder = limits(r)
	return r
}

// idleFlows warns of connections that delivered nothing beside others that did: the
// run as a whole has not stalled, and its goodput hides them.
func idleFlows(r *reports.Result) {
	var idle []string
	for _, f := range r.PerFlow {
		if f.Bytes == 0 {
			idle = append(idle, f.ID)
		}
	}
	if len(idle) > 0 && len(idle) < len(r.PerFlow) {
		r.Warnings = append(slices.Clip(r.Warnings), fmt.Sprintf("%d of %d flows delivered nothing after the warm-up: %s", len(idle), len(r.PerFlow), strings.Join(idle[:min(len(idle), 5)], ", ")))
	}
}

// endedFlows warns of connections that have ended with an error.
func endedFlows(r *reports.Result) {
	var ended []string
	for _, f := range r.PerFlow {
		if f.Error != "" {
			ended = append(ended, fmt.Sprintf("%s (%s)", f.ID, f.Error))
		}
	}
	if len(ended) > 0 {
		r.Warnings = append(slices.Clip(r.Warnings), fmt.Sprintf("%d of %d flows ended with an error: %s", len(ended), len(r.PerFlow), strings.Join(ended[:min(len(ended), 5)], ", ")))
	}
}

// confidence gives the goodput its interval and warns where that means little.
func confidence(r *reports.Result, b *sim.Batches) {
	if b.N() < 2 {
		r.Warnings = append(slices.Clip(r.Warnings), "the run ended before two batches of the measurement: no confidence interval")
		return
	}
	r.GoodputCI95Gbps = b.CI95()
	if a := b.Autocorrelation(); a > correlated && r.GoodputCI95Gbps > 0.01*r.GoodputGbps {
		r.Warnings = append(slices.Clip(r.Warnings), fmt.Sprintf("goodput of successive batches is correlated (%.2f): the confidence interval is too narrow; a longer run.duration helps", a))
	}
}

// correlated is the lag-1 autocorrelation of batch means from which on batch means
// are no longer taken for independent (Law, section 9.5.3).
const correlated = 0.4

func series(name string, s *sim.Series) reports.Series {
	out := reports.Series{Name: name}
	for _, p := range s.Points() {
		out.TimeS = append(out.TimeS, p.To.Seconds())
		out.Mean = append(out.Mean, p.Mean())
		out.Min = append(out.Min, p.Min)
		out.Max = append(out.Max, p.Max)
	}
	return out
}

func flow(w *host.World, i int, span float64) reports.Flow {
	c, u := w.Conns[i], w.ConnUse(i)
	f := reports.Flow{ID: c.Name, Direction: c.From.Name + "->" + c.To.Name,
		TxPath: path(u.ZCTx), RxPath: path(u.ZCRx), TxMemory: memory(u.TxGPU), Memory: memory(u.RxGPU),
		MSSBytes: int64(u.MSS), Bytes: u.Received, Retransmits: u.Retransmits, Timeouts: u.Timeouts,
		CwndBytesMax:    int64(u.Stats.CwndMax),
		LimitedByWindow: u.Stats.RwndLimited, LimitedByCwnd: u.Stats.CwndLimited, LimitedByBuffer: u.Stats.BufferLimited, LimitedByApp: u.Stats.AppLimited,
		LimitedByCompletions: u.CompletionLimited, CompletionUs: u.CompletionTime.Microseconds(), Error: c.Error()}
	if span > 0 {
		f.GoodputGbps = float64(u.Received) * 8 / span / 1e9
	}
	if u.RTT.Count() > 0 {
		f.RTTUs = reports.RTT{Min: u.RTT.Min().Microseconds(), Mean: u.RTT.Mean().Microseconds(), P99: u.RTT.Quantile(0.99).Microseconds()}
	}
	return f
}

func path(zeroCopy bool) string {
	if zeroCopy {
		return "netgpu"
	}
	return "copy"
}

func memory(gpu bool) string {
	if gpu {
		return "gpu"
	}
	return "host"
}

func wire(s *scenarios.Scenario, w *host.World, i int, span float64) reports.WireLink {
	t := w.WireTraffic(i)
	l := reports.WireLink{From: w.Hosts[i].Name, To: w.Hosts[1-i].Name, RateGbps: s.Link.Rate.Gbps(), Frames: t.Frames, Bytes: t.Bytes}
	if span > 0 {
		l.Utilisation = t.Busy.Seconds() / span
	}
	return l
}

func pcieLink(hostName string, l *pcie.LinkReport, span float64) reports.PCIeLink {
	direction := func(d pcie.DirectionReport) reports.PCIeDirection {
		out := reports.PCIeDirection{PayloadBytes: d.PayloadBytes, TotalBytes: d.TotalBytes}
		if span > 0 {
			out.Utilisation = d.Busy.Seconds() / span
		}
		return out
	}
	return reports.PCIeLink{Host: hostName, Name: l.Name, From: l.From, To: l.To, Gen: l.Gen, Lanes: l.Lanes,
		Up: direction(l.Up), Down: direction(l.Down)}
}

// hostPath says how much of a host's traffic passes its root complex. Without a
// switch all of it does: every link ends at a root port.
func hostPath(h *host.Host, span float64) reports.HostPath {
	var root, gpu, nic int64
	switched := false
	for _, l := range h.PCIe() {
		payload := l.Up.PayloadBytes + l.Down.PayloadBytes
		switch l.Name {
		case "root":
			root, switched = payload, true
		case "gpu":
			gpu = payload
		case "nic":
			nic = payload
		}
	}
	if !switched {
		root = nic
	}
	p := reports.HostPath{Host: h.Name}
	if span > 0 {
		rate := func(bytes int64) float64 { return float64(bytes) * 8 / span / 1e9 }
		p.RootGbps, p.GPUGbps, p.NICGbps = rate(root), rate(gpu), rate(nic)
	}
	switch {
	case gpu > 0:
		p.Share = float64(root) / float64(gpu)
	case nic > 0:
		p.Share = float64(root) / float64(nic)
	}
	return p
}

// gpuPaths leaves the hosts whose GPU carries payload, if there are any: what passes
// the root port of their peers is not the question then.
func gpuPaths(all []reports.HostPath) []reports.HostPath {
	var gpu []reports.HostPath
	for _, p := range all {
		if p.GPUGbps > 0 {
			gpu = append(gpu, p)
		}
	}
	if len(gpu) > 0 {
		return gpu
	}
	return all
}

func core(hostName string, u *host.CoreUse, span float64) reports.Core {
	c := reports.Core{Host: hostName, Core: u.Index, Role: u.Role, Interrupts: u.Interrupts, Polls: u.Polls, NsByFunc: map[string]int64{}}
	if span > 0 {
		c.Busy = u.Busy.Seconds() / span
	}
	for f, d := range u.Spent {
		if d > 0 {
			c.NsByFunc[host.Func(f).String()] = int64(d.Nanoseconds())
		}
	}
	return c
}

func nicCounters(h *host.Host, c *nic.Counters) reports.NIC {
	return reports.NIC{Host: h.Name, Counters: map[string]int64{
		"rx_packets_phy": c.RxPackets, "rx_bytes_phy": c.RxBytes, "rx_out_of_buffer": c.RxOutOfBuffer,
		"rx_discards_phy": c.RxDiscards, "rx_oversize_pkts_phy": c.RxOversize, "rx_interrupts": c.RxInterrupts,
		"tx_packets_phy": c.TxPackets, "tx_bytes_phy": c.TxBytes, "tx_wqes": c.TxWQEs,
		"tx_tso_packets": c.TxTSOPackets, "tx_interrupts": c.TxInterrupts,
		"payload_lag_max_ns":      int64(c.LagMax.Nanoseconds()),
		"split_payload_in_header": h.Split.PayloadInHeader,
		"split_header_in_payload": h.Split.HeaderInPayload,
		"netgpu_refill_starved":   h.RefillsStarved(),
	}}
}

// addDrops counts lost packets by cause. A cause that did not occur has no entry.
func addDrops(drops map[string]int64, c *nic.Counters, t host.WireCounters, h *host.Host) {
	for cause, n := range map[string]int64{
		"rx_out_of_buffer": c.RxOutOfBuffer, "pcie_backpressure": c.RxDiscards, "rx_oversize": c.RxOversize,
		"bad_hd_split": h.Split.Dropped, "link_loss": t.Lost,
	} {
		if n > 0 {
			drops[cause] += n
		}
	}
}

func addPages(p *reports.Pages, h *host.Host) {
	ledger := h.Ledger()
	if p.InPlace == nil {
		p.InPlace = map[string]int64{}
	}
	for place, n := range ledger.Counts() {
		if n > 0 && netgpu.Place(place) != netgpu.Unregistered {
			p.InPlace[netgpu.Place(place).String()] += n
		}
	}
	p.Total += ledger.Registered()
	p.Lost += ledger.Lost()
	p.Duplicated += ledger.Duplicated()
}

// ceiling is the payload rate of the link at the sender's MTU: what is left when
// headers, padding, preamble and gap are paid.
func ceiling(s *scenarios.Scenario) float64 {
	spec := &s.Sender.TCP
	mss := tcp.MSS(spec, min(s.Sender.NIC.MTU, s.Receiver.NIC.MTU))
	frame := tcp.HeaderLen(spec) + tcp.OptionLen(spec, 0) + mss
	return s.Link.Rate.Gbps() * float64(mss) / float64(tcp.WireBytes(int64(frame)))
}

// digest hashes what the run did: the engine's running hash over every event, and
// the outcome.
func digest(w *host.World, r *reports.Result) string {
	sum := sha256.New()
	e := w.Engine()
	for _, v := range []uint64{e.Digest(), e.Events(), uint64(e.Now()), uint64(w.Received())} {
		_ = binary.Write(sum, binary.LittleEndian, v) // a hash never fails to write
	}
	flows, repaired := settled(r.PerFlow)
	fmt.Fprint(sum, r.Scenario, r.Seed, r.Version, flows, r.Links, r.PCIe, r.CPU, r.Rings, r.NICs, r.Drops, r.Pages, r.Violations)
	fmt.Fprint(sum, repaired...)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// settledFlow is the part of a flow's row that digests have had from the beginning.
type settledFlow struct {
	ID, Direction, TxPath, RxPath, TxMemory, Memory string
	MSSBytes                                        int64
	GoodputGbps                                     float64
	Bytes, Retransmits, Timeouts                    int64
	RTTUs                                           reports.RTT
	CwndBytesMax                                    int64
	LimitedByWindow, LimitedByCwnd                  float64
	LimitedByBuffer, LimitedByApp                   float64
}

// settled splits flows for the digest. What only repaired variants have is hashed
// where there is any of it, so that all other runs keep the digests that they had.
func settled(flows []reports.Flow) (rows []settledFlow, repaired []any) {
	for _, f := range flows {
		rows = append(rows, settledFlow{f.ID, f.Direction, f.TxPath, f.RxPath, f.TxMemory, f.Memory, f.MSSBytes, f.GoodputGbps,
			f.Bytes, f.Retransmits, f.Timeouts, f.RTTUs, f.CwndBytesMax, f.LimitedByWindow, f.LimitedByCwnd, f.LimitedByBuffer, f.LimitedByApp})
		if f.LimitedByCompletions != 0 || f.CompletionUs != 0 || f.Error != "" {
			repaired = append(repaired, f.ID, f.LimitedByCompletions, f.CompletionUs, f.Error)
		}
	}
	return rows, repaired
}
