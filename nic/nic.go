package nic

import (
	"fmt"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// Driver is the software side that the NIC interrupts.
type Driver interface {
	// Interrupt is called when a channel's MSI-X message has reached the host.
	Interrupt(now sim.Time, channel int)
}

// Counters are the NIC's statistics, under ethtool's names where it has one.
type Counters struct {
	RxPackets     int64 // rx_packets_phy
	RxBytes       int64 // rx_bytes_phy, FCS left out
	RxOutOfBuffer int64 // rx_out_of_buffer: no WQE posted
	RxDiscards    int64 // rx_discards_phy: ingress buffer full because PCIe does not drain it
	RxOversize    int64 // rx_oversize_pkts_phy: longer than the WQE's buffers
	RxInterrupts  int64 // interrupts raised by receive completions
	TxPackets     int64 // tx_packets_phy
	TxBytes       int64 // tx_bytes_phy, FCS left out
	TxWQEs        int64
	TxTSOPackets  int64 // tx_tso_packets: WQEs that became more than one frame
	TxInterrupts  int64
	LagMax        sim.Time // longest time a CQE was visible before its payload was
}

// Sub returns what was counted since base. LagMax is a maximum and is kept.
func (c Counters) Sub(base Counters) Counters {
	c.RxPackets -= base.RxPackets
	c.RxBytes -= base.RxBytes
	c.RxOutOfBuffer -= base.RxOutOfBuffer
	c.RxDiscards -= base.RxDiscards
	c.RxOversize -= base.RxOversize
	c.RxInterrupts -= base.RxInterrupts
	c.TxPackets -= base.TxPackets
	c.TxBytes -= base.TxBytes
	c.TxWQEs -= base.TxWQEs
	c.TxTSOPackets -= base.TxTSOPackets
	c.TxInterrupts -= base.TxInterrupts
	return c
}

// NIC is one mlx5 port. It is an actor: doorbells, the send engine, moderation
// timers and interrupts in flight are its events.
type NIC struct {
	Counters Counters

	spec   *Spec
	engine *sim.Engine
	id     sim.ActorID
	port   pcie.Port
	memory *Memory
	wire   Wire
	driver Driver

	rqs   []*RQ
	sqs   []*SQ
	steer []*RQ // by flow

	ingress  sim.Window // bytes received and not yet drained over PCIe, as far as it is known when they will be
	draining int64      // and those of which that is not known

	nextSQ   int  // round robin of the send engine
	sending  bool // the send engine is at work
	resume   sim.Timer
	ahead    sim.Time
	pace     sim.Pace // of the wire
	trains   sim.FIFO[trainRef]
	fetching int64 // bytes of frames taken from send queues whose payload is not known to come
	frame    Frame // being sent
}

// Event kinds of the NIC.
const (
	evDoorbell  uint16 = iota // A: send queue, B: producer index
	evFetched                 // A: send queue, B: WQE that the NIC has read
	evSend                    // the wire has caught up: the send engine goes on
	evSent                    // A: send queue, the last frame of its oldest WQE has left
	evRxExpired               // A: receive queue, moderation timer
	evTxExpired               // A: send queue, moderation timer
	evInterrupt               // A: channel, MSI-X has arrived
)

// New makes a NIC that sends on wire, writes payload into memory, and is what listens
// at the port of a PCIe tree. The link rate sets how far ahead of the wire the send
// engine may fetch. The error names the parameter of spec that does not fit the
// others.
func New(e *sim.Engine, name string, spec *Spec, port pcie.Port, memory *Memory, wire Wire, rate sim.Bandwidth, driver Driver) (*NIC, error) {
	switch {
	case spec.CQEntries < spec.RQEntries:
		return nil, fmt.Errorf("nic.cq_entries: given %d; allowed: at least nic.rq_entries, %d: mlx5 sizes the CQ to hold a completion of every WQE", spec.CQEntries, spec.RQEntries)
	case spec.Fragment > pageBytes:
		return nil, fmt.Errorf("nic.fragment: given %d; allowed: at most %d bytes, one netgpu page", spec.Fragment, pageBytes)
	case spec.PayloadPages() > MaxPages:
		return nil, fmt.Errorf("nic.fragment: given %d, which at nic.mtu %d takes %d payload entries; allowed: at most %d", spec.Fragment, spec.MTU, spec.PayloadPages(), MaxPages)
	}
	n := &NIC{spec: spec, engine: e, port: port, memory: memory, wire: wire, driver: driver,
		ingress: sim.NewWindow(int64(spec.IngressBuffer)),
		ahead:   rate.Pace().Time(int64(spec.TxLookahead)), pace: rate.Pace()}
	n.id = e.Register(name, n)
	n.resume.Init(sim.Event{Actor: n.id, Kind: evSend})
	port.Listen(n)
	return n, nil
}

// Steer sends a flow's frames to a receive queue (an ntuple rule). Every flow whose
// frames may arrive needs one.
func (n *NIC) Steer(flow uint32, q *RQ) {
	for len(n.steer) <= int(flow) {
		n.steer = append(n.steer, nil)
	}
	n.steer[flow] = q
}

// Handle is the NIC's part of the event loop.
func (n *NIC) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evDoorbell:
		n.doorbell(now, n.sqs[ev.A], uint32(ev.B))
	case evFetched:
		n.fetched(now, n.sqs[ev.A], uint32(ev.B))
	case evSend:
		if n.resume.Due(n.engine) {
			n.send(now)
		}
	case evSent:
		n.complete(now, n.sqs[ev.A])
	case evRxExpired:
		if q := n.rqs[ev.A]; q.mod.expired(n.engine) {
			q.interrupt(now)
		}
	case evTxExpired:
		if q := n.sqs[ev.A]; q.mod.expired(n.engine) {
			q.interrupt(now)
		}
	case evInterrupt:
		n.driver.Interrupt(now, int(ev.A))
	}
}

// raise writes the EQE of a completion queue and the MSI-X message of its channel,
// which PCIe's ordering keeps behind the CQE.
func (n *NIC) raise(at sim.Time, channel int) {
	n.port.Write(at, pcie.HostMemory, int64(n.spec.EQEBytes), pcie.Unnoticed)
	n.port.Interrupt(at, notice(aboutInterrupt, channel, 0))
}
