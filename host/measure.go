package host

import (
	"netgpusim/netgpu"
	"netgpusim/nic"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// SplitCounters say how packets met the fixed header split of the netgpu queue.
type SplitCounters struct {
	PayloadInHeader int64 // packets with payload bytes in the host page
	HeaderInPayload int64 // packets with header bytes in a netgpu page
	Dropped         int64 // of the latter, those whose header lay in GPU memory
}

// Baseline holds the cumulative counters as they stood when the warm-up ended.
type Baseline struct {
	At    sim.Time
	Wires [2]WireCounters
	Hosts [2]hostBaseline
	Conns []connBaseline
}

// WireCounters are the cumulative counters of a Wire.
type WireCounters struct {
	Frames, Bytes, Lost, Duplicated, Reordered int64
	Busy                                       sim.Time // spent sending
}

type hostBaseline struct {
	nic   nic.Counters
	cores []coreBaseline
}

type coreBaseline struct {
	spent      [numFuncs]sim.Time
	busy       sim.Time
	interrupts int64
	polls      int64
}

type connBaseline struct {
	received              int64
	retransmits, timeouts int64
	completions           completionUse
}

// counters reads the wire at time now. Frames and bytes count when they are
// booked, Busy as it passes.
func (w *Wire) counters(now sim.Time) WireCounters {
	ahead := max(w.line.FreeAt()-now, 0)
	return WireCounters{w.Frames, w.Bytes, w.Lost, w.Duplicated, w.Reordered, w.line.Busy() - ahead}
}

// restart begins the measurement: everything cumulative is noted, everything
// averaged starts anew.
func (w *World) restart(now sim.Time) {
	b := &w.Baseline
	b.At = now
	for i, wire := range w.Wires {
		b.Wires[i] = wire.counters(now)
	}
	for i, h := range w.Hosts {
		hb := &b.Hosts[i]
		hb.nic = h.nic.Counters
		hb.cores = hb.cores[:0]
		for _, c := range h.cores {
			hb.cores = append(hb.cores, coreBaseline{c.Spent, c.Busy() - c.ahead(now), c.Interrupts, c.Polls})
		}
		h.port.Restart(now)
		for _, r := range h.rings() {
			r.gauge.Restart(now)
		}
	}
	b.Conns = b.Conns[:0]
	for _, c := range w.Conns {
		st := c.tx.ep.Stats()
		b.Conns = append(b.Conns, connBaseline{c.rx.Received, st.Retransmits, st.Timeouts, c.tx.tx.turn.until(now)})
		c.tx.ep.RestartStats(now)
		c.tx.RTT.Reset()
	}
}

// Span is the time measured so far.
func (w *World) Span() sim.Time { return w.engine.Now() - w.Baseline.At }

// WireTraffic is what one direction of the link carried since the warm-up.
func (w *World) WireTraffic(i int) WireCounters {
	now, base := w.Wires[i].counters(w.engine.Now()), w.Baseline.Wires[i]
	return WireCounters{now.Frames - base.Frames, now.Bytes - base.Bytes, now.Lost - base.Lost,
		now.Duplicated - base.Duplicated, now.Reordered - base.Reordered, now.Busy - base.Busy}
}

// CoreUse is what one core did since the warm-up.
type CoreUse struct {
	Index      int
	Role       string
	Spent      [numFuncs]sim.Time
	Busy       sim.Time
	Interrupts int64
	Polls      int64
}

// CoreUses lists the cores that have a role, in order.
func (w *World) CoreUses(host int) []CoreUse {
	var uses []CoreUse
	for i, c := range w.Hosts[host].cores {
		u := CoreUse{Index: c.index, Spent: c.Spent, Interrupts: c.Interrupts, Polls: c.Polls}
		switch {
		case c.HasIRQ && c.HasApp:
			u.Role = "irq+app"
		case c.HasIRQ:
			u.Role = "irq"
		case c.HasApp:
			u.Role = "app"
		default:
			continue
		}
		u.Busy = c.Busy() - c.ahead(w.engine.Now())
		if i < len(w.Baseline.Hosts[host].cores) {
			base := &w.Baseline.Hosts[host].cores[i]
			for f := range u.Spent {
				u.Spent[f] -= base.spent[f]
			}
			u.Interrupts -= base.interrupts
			u.Polls -= base.polls
			u.Busy -= base.busy
		}
		uses = append(uses, u)
	}
	return uses
}

// NICCounters are one host's NIC counters since the warm-up.
func (w *World) NICCounters(host int) nic.Counters {
	return w.Hosts[host].nic.Counters.Sub(w.Baseline.Hosts[host].nic)
}

// ConnUse is what one connection did since the warm-up.
type ConnUse struct {
	Received              int64
	Retransmits, Timeouts int64
	Stats                 tcp.Stats
	MSS                   int
	RTT                   *sim.Histogram
	TxGPU, RxGPU          bool
	ZCTx, ZCRx            bool
	RxBlocked             int64

	// Of a sender whose kernel posts completions (TxCompletion).
	Completions       int64    // taken
	CompletionTime    sim.Time // mean, from the begin of a send until its completion was taken
	CompletionLimited float64  // share of the time in which it waited for one
}

// ConnUse measures connection i.
func (w *World) ConnUse(i int) ConnUse {
	c := w.Conns[i]
	st := c.tx.ep.Stats()
	u := ConnUse{Received: c.rx.Received, Retransmits: st.Retransmits, Timeouts: st.Timeouts, Stats: st,
		MSS: c.tx.ep.MSS(), RTT: &c.tx.RTT, ZCTx: c.tx.tx.zeroCopy, ZCRx: c.rx.skq != nil, RxBlocked: c.rx.RxBlocked}
	u.TxGPU = u.ZCTx && c.From.usesGPU()
	u.RxGPU = u.ZCRx && c.To.usesGPU()
	if i < len(w.Baseline.Conns) {
		base := w.Baseline.Conns[i]
		u.Received -= base.received
		u.Retransmits -= base.retransmits
		u.Timeouts -= base.timeouts
		u.completions(c.tx.tx.turn.until(w.engine.Now()).sub(base.completions), w.Span())
	}
	return u
}

// completions adds what completions did to the sender within a span of time.
func (u *ConnUse) completions(use completionUse, span sim.Time) {
	u.Completions = use.taken
	if use.taken > 0 {
		u.CompletionTime = use.held / sim.Time(use.taken)
	}
	if span > 0 {
		u.CompletionLimited = min(use.waited.Seconds()/span.Seconds(), 1)
	}
}

// namedGauge is a ring whose occupancy is kept.
type namedGauge struct {
	name    string
	entries int
	gauge   *sim.Gauge
}

// RingUse is a ring's occupancy since the warm-up.
type RingUse struct {
	Name     string
	Entries  int
	Min, Max int64
	Mean     float64
	Empty    sim.Time
	Full     sim.Time
}

// RingUses lists a host's rings.
func (w *World) RingUses(host int) []RingUse {
	now := w.engine.Now()
	var uses []RingUse
	for _, r := range w.Hosts[host].rings() {
		g := r.gauge
		uses = append(uses, RingUse{r.name, r.entries, g.Min(), g.Max(), g.Mean(now), g.Empty(now), g.Full(now)})
	}
	return uses
}

// Violation is a broken invariant, as the ledger or the delivery check saw it.
type Violation struct {
	Invariant string
	At        sim.Time
	What      string
	Count     int64
}

// Violations lists what a host's ledger and its sockets' delivery checks found.
func (h *Host) Violations() []Violation {
	var vs []Violation
	for _, v := range h.module.Violations() {
		vs = append(vs, Violation{v.Cause.Invariant().String(), sim.Time(v.Stamp), v.Cause.String() + ": " + v.What, v.Count})
	}
	for _, s := range h.sockets {
		if s != nil && s.Corrupt > 0 {
			vs = append(vs, Violation{"delivery", s.firstBad, "bytes delivered to the application are not the ones sent", s.Corrupt})
		}
	}
	return vs
}

// RefillsStarved counts the refills that found too few pages, since the start.
func (h *Host) RefillsStarved() int64 {
	var n int64
	for _, ch := range h.channels {
		if q := ch.rx[0]; q != nil {
			n += q.starve
		}
	}
	return n
}

// Ledger is the page ledger of a host.
func (h *Host) Ledger() *netgpu.Ledger { return &h.module.Ledger }
