package host

import (
	"fmt"

	"netgpusim/gpu"
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Host is one machine of a World.
type Host struct {
	Name  string
	Split SplitCounters

	spec    *Spec            `snapshot:"-"`
	repairs netgpu.RepairSet `snapshot:"-"`
	world   *World
	id      sim.ActorID
	port    pcie.Port
	gpu     *gpu.Device // nil without one
	nic     *nic.NIC
	memory  *nic.Memory
	module  *netgpu.Module
	netgpu  *application // nil if no socket uses netgpu
	trace   *ringTrace   `snapshot:"-"` // nil: no protocol trace

	cores    []*Core
	channels []*channel
	sockets  []*socket // by flow
	skbs     skbPool
	stopped  bool // the application has stopped for good (fault)
	crashed  bool // ... because it wrote through a null pointer

	perPacket sim.Time // what every received packet costs before GRO
	copyPace  sim.Pace
}

// application is the process that uses netgpu: what the library sets up, in its
// order, before the first socket.
type application struct {
	process  *netgpu.Process
	contexts []*appContext
	next     int                // context of the next socket that leaves the choice open
	regions  []trace.RegionSpec `snapshot:"-"` // registered, for a protocol trace
	cursor   uint64
}

// appContext is one context of the application with the slots that are its own.
type appContext struct {
	fd    netgpu.FD
	base  uint64 // first receive buffer
	slots uint32
	queue *rxQueue // nil until a socket receives through the context
	index int
}

// ifindex is the network device: a host has one.
const ifindex = 1

// Events of a host.
const (
	evThread uint16 = iota // A: flow, B: thread kind: a woken thread may run
	evTimer                // A: flow: a TCP timer
	evStop                 // the application stops
)

// startDelay lets the receiving ends fill their queues before data is sent.
const startDelay = 100 * sim.Microsecond

// hostBase is where host memory of the application begins: any address does.
const hostBase = 0x10_0000_0000

func newHost(w *World, name string, spec *Spec, wire *Wire, rate sim.Bandwidth) (*Host, error) {
	h := &Host{Name: name, spec: spec, world: w, memory: &nic.Memory{}, copyPace: spec.CPU.CopyRate.Pace()}
	c := &spec.CPU
	h.perPacket = c.RxCQE + c.RxSKB + c.RxMisses + c.RxHeaderPage
	h.id = w.engine.Register(name, h)
	var peer pcie.TargetSpec
	if spec.GPU.Memory > 0 {
		var err error
		if h.gpu, err = gpu.New(&spec.GPU); err != nil {
			return nil, err
		}
		peer = h.gpu.Target()
	}
	var err error
	if h.port, err = pcie.Open(w.engine, name, &spec.PCIe, spec.NIC.OutstandingRead, peer); err != nil {
		return nil, err
	}
	if h.nic, err = nic.New(w.engine, name+"/nic", &spec.NIC, h.port, h.memory, wire, rate, h); err != nil {
		return nil, err
	}
	variant, ok := netgpu.VariantByName(spec.Netgpu.Variant)
	if !ok {
		return nil, fmt.Errorf("netgpu.variant %q is not known", spec.Netgpu.Variant)
	}
	h.module, h.repairs = netgpu.NewModule(variant), variant.Repairs
	h.module.LoadPlugin(netgpu.CUDAMemory, h.gpu != nil)
	if _, errno := h.module.AddDevice(ifindex, spec.NIC.Channels); errno != netgpu.OK {
		return nil, fmt.Errorf("netgpu device: %w", errno)
	}
	for i := range c.Cores {
		h.cores = append(h.cores, newCore(h, i))
	}
	return h, nil
}

func (h *Host) usesGPU() bool { return h.spec.Netgpu.Memory == "gpu" }

// memType is the type of the memory that the application registers, and where the
// NIC finds it.
func (h *Host) memType() (netgpu.MemType, pcie.Target) {
	if h.usesGPU() {
		return netgpu.CUDAMemory, pcie.PeerGPU
	}
	return netgpu.HostMemory, pcie.HostMemory
}

// channelAt returns a channel of the NIC, made when it is first used. Channels take
// the cores from irq_core on, in the order of first use.
func (h *Host) channelAt(index int) *channel {
	for _, ch := range h.channels {
		if ch.index == index {
			return ch
		}
	}
	core := h.cores[(h.spec.CPU.IRQCore+len(h.channels))%len(h.cores)]
	core.HasIRQ = true
	ch := &channel{host: h, index: index, core: core, gro: tcp.NewGRO(&h.spec.TCP), sq: h.nic.AddSQ(len(h.channels))}
	if h.spec.NIC.TxDIM {
		ch.txDIM = newDIM(dimTxEQE)
		s := ch.txDIM.setting()
		ch.sq.Moderate(s.period, s.frames)
	}
	ch.rx[1] = &rxQueue{rq: h.nic.AddRQ(index, len(h.channels), false, pcie.HostMemory)}
	ch.rx[1].startDIM(&h.spec.NIC)
	h.channels = append(h.channels, ch)
	return ch
}

// Interrupt implements nic.Driver: the hard interrupt of a channel.
func (h *Host) Interrupt(now sim.Time, channel int) {
	ch := h.channels[channel]
	ch.core.irqs = append(ch.core.irqs, ch)
	ch.core.wake(now)
}

// schedule asks for an event of the host.
func (h *Host) schedule(at sim.Time, kind uint16, flow uint32, b uint64) {
	h.world.engine.Schedule(at, sim.Event{Actor: h.id, Kind: kind, A: flow, B: b})
}

// Handle serves the host's events.
func (h *Host) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evThread:
		s := h.sockets[ev.A]
		t := s.receiver
		if threadKind(ev.B) == threadSend {
			t = s.sender
		}
		t.core.runnable(t)
		t.core.wake(now)
	case evTimer:
		h.sockets[ev.A].timer.fired(now)
	case evStop:
		h.stopped = true
	}
}

// start posts the first receive WQEs, lets the senders go and arms the faults.
func (h *Host) start() {
	h.memory.Pages = make([]nic.Extent, h.module.Registered())
	for _, ch := range h.channels {
		ch.schedule(ch.core)
	}
	for _, c := range h.cores {
		c.wake(0)
	}
	for _, s := range h.sockets {
		if s != nil && s.sender != nil {
			h.schedule(startDelay, evThread, s.flow, uint64(threadSend))
		}
	}
	if at := h.spec.App.StopAfter; at > 0 {
		h.schedule(at, evStop, 0, 0)
	}
}

// crash is the end of the application: it has written through a null pointer.
func (h *Host) crash() { h.stopped, h.crashed = true, true }

// nicSpec is the NIC's description.
func (h *Host) nicSpec() *nic.Spec { return &h.spec.NIC }

// PCIe is the traffic on the host's PCIe links since the warm-up.
func (h *Host) PCIe() []pcie.LinkReport { return h.port.Links(h.world.engine.Now()) }

// rings lists what has an occupancy.
func (h *Host) rings() []namedGauge {
	var all []namedGauge
	for _, ch := range h.channels {
		if q := ch.rx[0]; q != nil {
			all = append(all,
				namedGauge{fmt.Sprintf("fill/%d", q.rq.ID), int(q.ifq.Fill().Entries()), &q.fill},
				namedGauge{fmt.Sprintf("rq/%d", q.rq.ID), h.spec.NIC.RQEntries, &q.rq.Posted})
		}
	}
	for _, s := range h.sockets {
		if s != nil && s.skq != nil {
			all = append(all, namedGauge{fmt.Sprintf("rx/%d", s.flow), int(s.skq.Rx().Entries()), &s.ring})
		}
	}
	return all
}

// SetTap makes a tap see every frame from now on.
func (w *World) SetTap(t Tap) {
	for _, wire := range w.Wires {
		wire.tap = t
	}
}
