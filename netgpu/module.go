package netgpu

import "slices"

// Module is the netgpu kernel module with everything that exists through it. Use
// it from one goroutine only. The Ledger's methods are the Module's.
type Module struct {
	Ledger

	// Faults makes allocations and mappings fail, for tests and scenarios.
	Faults Faults

	variant Variant
	plugins [memTypeCount]bool
	devices []*Device
	queues  []*IfQueue // by IfQueue.id; nil: free slot
	sockets []*Socket  // attached ones

	pages   []page    // by PageID
	regions []*region // by first page
	// Copy of the region that VA answered for last: nearly always the next one too.
	hotFirst PageID
	hotPages uint32
	hotStart uint64

	nextPID int
}

// Faults are failures to inject.
type Faults struct {
	ChunkAlloc  Countdown // a chunk of a page cache (GFP_ATOMIC in softirq)
	ObjectAlloc Countdown // contexts, areas, regions, queues: ENOMEM to the caller
	DMAMap      Countdown // mapping a region for a device: ENXIO
}

// Countdown says which use of something fails: n > 0 the nth from now, once; 0
// none; negative every one.
type Countdown int32

// hit is one use; it says whether this one fails.
func (c *Countdown) hit() bool {
	if *c > 0 {
		*c--
		return *c == 0
	}
	return *c < 0
}

// NewModule loads the module. Host memory is built in; CUDA memory needs its
// plug-in, see LoadPlugin.
func NewModule(v Variant) *Module {
	m := &Module{variant: v}
	m.plugins[HostMemory] = true
	return m
}

// Variant returns the implementation that the module follows.
func (m *Module) Variant() Variant { return m.variant }

// repaired says whether the implementation lacks the fault that r repairs.
func (m *Module) repaired(r Repair) bool { return m.variant.Repairs.Has(r) }

// LoadPlugin loads or unloads the module that provides a memory type (patch 21
// provides CUDA). Regions that exist are not affected: each holds its plug-in. ENXIO
// for a memory type that nothing provides.
func (m *Module) LoadPlugin(t MemType, loaded bool) Errno {
	if t >= memTypeCount {
		return ENXIO
	}
	m.plugins[t] = loaded
	return OK
}

// Device is a network device whose driver supports netgpu (patches 16 to 20).
type Device struct {
	ifindex  int
	channels int
	queues   []*IfQueue // netgpu's queue of each channel; nil: none
	xsk      []bool     // AF_XDP has the channel's second queue
	nextIOVA uint64
	sockets  int // attached through contexts of this device
}

// firstIOVA is where a device's DMA addresses begin: any value but 0, so that an
// address that was never mapped does not look like one.
const firstIOVA = 1 << 32

// AddDevice adds a network device with n channels. The queue ids netgpu may use
// are n to 2n-1: the second ("shadow") queue of each channel. EEXIST if the
// interface index is taken, EINVAL unless both numbers are positive.
func (m *Module) AddDevice(ifindex, channels int) (*Device, Errno) {
	if ifindex <= 0 || channels <= 0 || channels > 1<<15 {
		return nil, EINVAL
	}
	if m.device(ifindex) != nil {
		return nil, EEXIST
	}
	d := &Device{
		ifindex:  ifindex,
		channels: channels,
		queues:   make([]*IfQueue, channels),
		xsk:      make([]bool, channels),
		nextIOVA: firstIOVA,
	}
	m.devices = append(m.devices, d)
	return d, OK
}

func (m *Module) device(ifindex int) *Device {
	for _, d := range m.devices {
		if d.ifindex == ifindex {
			return d
		}
	}
	return nil
}

// channelOf returns the channel of a queue id of the shadow group.
func (d *Device) channelOf(queueID int) (int, bool) {
	return queueID - d.channels, queueID >= d.channels && queueID < 2*d.channels
}

// SetXSK gives the second queue of a channel to AF_XDP or takes it back. EINVAL
// if queueID is not in the shadow group or netgpu has the queue: the two use the
// same slot and exclude each other (patches 18 and 19).
func (d *Device) SetXSK(queueID int, on bool) Errno {
	ch, ok := d.channelOf(queueID)
	if !ok || on && d.queues[ch] != nil {
		return EINVAL
	}
	d.xsk[ch] = on
	return OK
}

// open gives queueID to q and returns the id; -1 takes the first channel without
// a netgpu queue (patch 19). EINVAL if the id is not in the shadow group or AF_XDP
// has the queue, EBUSY if netgpu has it or no channel is left.
func (d *Device) open(q *IfQueue, queueID int) (int, Errno) {
	var ch int
	if queueID == AnyQueue {
		if ch = slices.Index(d.queues, nil); ch < 0 {
			return 0, EBUSY
		}
	} else {
		var ok bool
		if ch, ok = d.channelOf(queueID); !ok {
			return 0, EINVAL
		}
		if d.queues[ch] != nil {
			return 0, EBUSY
		}
	}
	if d.xsk[ch] {
		return 0, EINVAL
	}
	d.queues[ch] = q
	return d.channels + ch, OK
}

// Objects is the number of regions, interface queues and attached sockets that exist.
func (m *Module) Objects() (regions, queues, sockets int) {
	for _, r := range m.regions {
		if !r.gone {
			regions++
		}
	}
	for _, q := range m.queues {
		if q != nil && !q.closed {
			queues++
		}
	}
	return regions, queues, len(m.sockets)
}

// CheckQuiescent is called by a driver that knows that nothing more will happen
// by itself: no packet on its way, no timer, no poll outstanding. What is stuck
// then stays stuck, and is reported as a violation of Progress.
func (m *Module) CheckQuiescent() {
	for _, s := range m.sockets {
		s.checkQuiescent()
	}
}
