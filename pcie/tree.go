package pcie

import (
	"fmt"

	"netgpusim/sim"
)

// Target says where a transaction of the NIC goes.
type Target uint8

const (
	// HostMemory is memory behind the host's root complex.
	HostMemory Target = iota
	// PeerGPU is the GPU's memory, reached through its BAR.
	PeerGPU

	targets = iota
)

// String returns the target in words.
func (t Target) String() string {
	if t == PeerGPU {
		return "GPU memory"
	}
	return "host memory"
}

// TargetSpec is what the device behind the last link does with transactions.
type TargetSpec struct {
	ReadService  sim.Time      // from a read request's arrival to its first completion's departure
	WriteVisible sim.Time      // from a posted write's arrival until software there can see it
	WriteLimit   sim.Bandwidth // payload rate at which it takes writes; 0: no limit
	ReadLimit    sim.Bandwidth // payload rate at which it answers reads; 0: no limit
}

// SpecError says which parameter of a Spec cannot work together with the others.
type SpecError struct {
	Host    string
	Key     string // scenario key within the host's section: pcie.max_payload
	Given   string
	Allowed string
}

// Error names host, key, what was given and what is allowed.
func (e *SpecError) Error() string {
	return fmt.Sprintf("%s.%s: given %s; allowed: %s", e.Host, e.Key, e.Given, e.Allowed)
}

// Tree is the PCIe tree around one host's NIC and GPU. Its methods are not safe
// for concurrent use.
type Tree struct {
	host  string
	clock *clock

	payloadShift    uint // log2 of MPS
	requestShift    uint // log2 of MRRS
	completionShift uint // log2 of the completion size, at most MRRS

	nic, gpu, uplink *link // uplink is nil without a switch

	targets     [targets]target
	postedBurst int64    // most bytes of a write that are booked in one go
	readBurst   int64    // the same of a read
	mmio        sim.Time // a core's store until it enters the first link

	tags      *window
	requested order // read requests on the NIC's link
}

// link is a full-duplex link; up is towards the root.
type link struct {
	name, from, to string // from is the device side
	gen, lanes     int
	up, down       *direction
	credits        [2]*window // posted credits of the receiver: at the upper end, at the lower end
}

// target is the way from the NIC to a destination and back, and what is there.
type target struct {
	// The way there, after the NIC's own link; nil if that is all.
	out       *direction
	outCredit *window
	// The way back before the NIC's own link; nil if that is all.
	back *direction

	turn       sim.Time // through the switch or the root complex between two links
	peerWrites *limit   // what the root complex does to peer writes, nil: nothing
	peerReads  *limit

	service, visible sim.Time
	writes, reads    *limit // the destination's own limits, nil: none

	// Reads: requests on out, completions on back, and on the NIC's own link.
	forwarded, answered, arrived order
}

// New builds the tree of a host. outstandingReads is how many read requests the NIC
// keeps in flight (tags), peer is the device behind the GPU's link. The error is a
// *SpecError: a parameter out of its bounds, a completion larger than max_payload,
// posted data credits that cannot hold a TLP, or a latency smaller than the links
// it is measured over.
func New(host string, spec *Spec, outstandingReads int, peer TargetSpec) (*Tree, error) {
	if err := check(host, spec, outstandingReads, peer); err != nil {
		return nil, err
	}
	t := &Tree{
		host:            host,
		clock:           newClock(),
		payloadShift:    shiftOf(spec.MaxPayload),
		requestShift:    shiftOf(spec.MaxReadRequest),
		completionShift: shiftOf(min(spec.CompletionSize, spec.MaxReadRequest)),
		tags:            newWindow(int64(outstandingReads), 0, 0),
	}
	meet := "root"
	if spec.Topology == TopologySwitch {
		meet = "switch"
	}
	t.nic = t.newLink(spec, "nic", "nic", meet, spec.NICGen, spec.NICLanes)
	t.gpu = t.newLink(spec, "gpu", "gpu", meet, spec.GPUGen, spec.GPULanes)
	t.postedBurst = t.nic.credits[0].burstMax() * int64(spec.MaxPayload)
	t.readBurst = t.tags.burstMax() * int64(spec.MaxReadRequest)

	root := t.nic
	memory := &t.targets[HostMemory]
	gpu := &t.targets[PeerGPU]
	if spec.Topology == TopologySwitch {
		t.uplink = t.newLink(spec, "root", "switch", "root", spec.UplinkGen, spec.UplinkLanes)
		root = t.uplink
		*memory = target{out: root.up, outCredit: root.credits[0], back: root.down, turn: spec.SwitchHop}
		gpu.turn = spec.SwitchHop
	} else {
		gpu.turn = spec.PeerViaRoot
		gpu.peerWrites = newLimit(spec.PeerWriteLimit, t.nic.up)
		gpu.peerReads = newLimit(spec.PeerReadLimit, t.gpu.up)
	}
	gpu.out, gpu.outCredit, gpu.back = t.gpu.down, t.gpu.credits[1], t.gpu.up
	gpu.service, gpu.visible = peer.ReadService, peer.WriteVisible
	gpu.writes = newLimit(peer.WriteLimit, t.gpu.down)
	gpu.reads = newLimit(peer.ReadLimit, t.gpu.up)
	if err := t.decompose(spec, root, memory); err != nil {
		return nil, err
	}
	return t, nil
}

// decompose derives what the root complex and memory take from the latencies of
// the specification, which are end to end for a device directly under the root
// port: the rest after the links. Anything behind a switch then adds exactly the
// switch and its links.
func (t *Tree) decompose(spec *Spec, root *link, memory *target) error {
	wire := func(d *direction, n int64) sim.Time { return d.pace.Time(n) + d.latency }
	for _, part := range []struct {
		key   string
		given sim.Time
		links sim.Time
		rest  *sim.Time
	}{
		{"pcie.host_read_rtt", spec.HostReadRTT,
			wire(root.up, requestBytes) + wire(root.down, referenceRead+completionOverhead), &memory.service},
		{"pcie.host_write", spec.HostWrite, wire(root.up, referenceWrite+writeOverhead), &memory.visible},
		{"pcie.mmio_write", spec.MMIOWrite, wire(root.down, referenceDoorbell+writeOverhead), &t.mmio},
	} {
		*part.rest = part.given - part.links
		if *part.rest < 0 {
			return &SpecError{t.host, part.key, part.given.String(),
				fmt.Sprintf("at least %v, which the link at the root port takes alone", part.links)}
		}
	}
	return nil
}

func (t *Tree) newLink(spec *Spec, name, from, to string, gen, lanes int) *link {
	newDirection := func() *direction {
		rate := effectiveRate(gen, lanes, spec.DLLPTax)
		return &direction{pace: rate.Pace(), rate: rate, latency: spec.LinkLatency, ledger: newLedger(t.clock)}
	}
	newCredits := func() *window {
		return newWindow(int64(spec.PostedHeaderCredits), int64(spec.PostedDataCredits), int64(spec.MaxPayload/creditBytes))
	}
	return &link{
		name: name, from: from, to: to, gen: gen, lanes: lanes,
		up: newDirection(), down: newDirection(),
		credits: [2]*window{newCredits(), newCredits()},
	}
}
