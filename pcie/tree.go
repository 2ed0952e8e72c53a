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
	memory      hostMemory
	postedBurst int64    // most bytes of a write that are booked in one go
	readBurst   int64    // the same of a read
	narrow      bool     // other windows than that of the tags bound it
	mmio        sim.Time // a core's store until it enters the first link

	tags      *slots
	requested order // read requests on the NIC's link
}

// link is a full-duplex link; up is towards the root.
type link struct {
	name, from, to string // from is the device side
	gen, lanes     int
	up, down       *direction
	credits        [2]receiver // at the upper end, at the lower end
}

// receiver is the credits that one end of a link gives the other for requests.
type receiver struct {
	posted    *window
	nonPosted *slots // nil: more than the NIC's tags can use
}

// target is the way from the NIC to a destination and back, and what is there.
type target struct {
	out  []hop // the way there, after the NIC's own link
	back []hop // the way back, without the NIC's own link
	home hop   // the last hop back: the NIC's own link

	service, visible sim.Time
	writes, reads    *limit // the destination's own limits, nil: none
}

// hop is one link of a way and what lies before it.
type hop struct {
	turn       sim.Time // through the switch or root complex from the link before
	peer       *limit   // what the root complex does to peer traffic, nil: nothing
	passed     order    // peer writes: when they have passed the limit
	cutThrough bool     // the link before need not have brought the whole TLP

	link        *direction
	credits     receiver           // of the receiver at the end: requests
	completions *completionCredits // and completions; nil: they never bind
	queue       order              // read requests, or completions, of the target on this link
}

// New builds the tree of a host. outstandingReads is how many read requests the NIC
// keeps in flight, at most what the tags of Spec.TagBits allow; peer is the device
// behind the GPU's link. The error is a *SpecError: a parameter out of its bounds, a
// completion larger than max_payload, data credits that cannot hold a TLP, ATS
// without an IOMMU, or a latency smaller than the links it is measured over.
func New(host string, spec *Spec, outstandingReads int, peer TargetSpec) (*Tree, error) {
	if err := check(host, spec, outstandingReads, peer); err != nil {
		return nil, err
	}
	tags := usableTags(spec, outstandingReads)
	t := &Tree{
		host:            host,
		clock:           newClock(),
		payloadShift:    shiftOf(spec.MaxPayload),
		requestShift:    shiftOf(spec.MaxReadRequest),
		completionShift: shiftOf(min(spec.CompletionSize, spec.MaxReadRequest)),
		tags:            newSlots(int64(tags)),
	}
	meet := "root"
	if spec.Topology == TopologySwitch {
		meet = "switch"
	}
	t.nic = t.newLink(spec, "nic", "nic", meet, spec.NICGen, spec.NICLanes)
	t.gpu = t.newLink(spec, "gpu", "gpu", meet, spec.GPUGen, spec.GPULanes)
	root := t.nic
	if spec.Topology == TopologySwitch {
		t.uplink = t.newLink(spec, "root", "switch", "root", spec.UplinkGen, spec.UplinkLanes)
		root = t.uplink
	}
	t.route(spec)
	t.memory = newHostMemory(spec, root)
	t.postedBurst = t.nic.credits[0].posted.burstMax() * int64(spec.MaxPayload)
	if spec.IOMMU {
		// What waits for a walk is released together, what comes after it one by one:
		// that is not the even spacing that credits assume within a burst.
		t.postedBurst = max(t.postedBurst/translatedShare, int64(spec.MaxPayload))
	}
	t.readBurst = t.burstOfReads() * int64(spec.MaxReadRequest)
	t.narrow = t.burstOfReads() < t.tags.burstMax() || t.memory.reads != nil || t.nic.credits[0].nonPosted != nil

	gpu := &t.targets[PeerGPU]
	gpu.service, gpu.visible = peer.ReadService, peer.WriteVisible
	gpu.writes = newLimit(peer.WriteLimit, t.gpu.down)
	gpu.reads = newLimit(peer.ReadLimit, t.gpu.up)
	if err := t.decompose(spec, root); err != nil {
		return nil, err
	}
	return t, nil
}

// translatedShare is how many times shorter bursts of writes are that an IOMMU may
// hold up.
const translatedShare = 4

// burstOfReads is the most requests that are booked in one go: what the smallest of
// the windows that they go through allows.
func (t *Tree) burstOfReads() int64 {
	n := t.tags.burstMax()
	narrower := func(s *slots) {
		if s != nil {
			n = min(n, s.burstMax())
		}
	}
	narrower(t.memory.reads)
	narrower(t.nic.credits[0].nonPosted)
	narrower(t.gpu.credits[1].nonPosted)
	if t.uplink != nil {
		narrower(t.uplink.credits[0].nonPosted)
		narrower(t.uplink.credits[1].nonPosted)
	}
	return n
}

// decompose derives what the root complex and memory take from the latencies of
// the specification, which are end to end for a device directly under the root
// port: the rest after the links. Anything behind a switch then adds exactly the
// switch and its links, and memory of the other socket the way there.
func (t *Tree) decompose(spec *Spec, root *link) error {
	memory := &t.targets[HostMemory]
	wire := func(d *direction, header, n int64) sim.Time { return d.pace.Time(d.framing+header+n) + d.latency }
	for _, part := range []struct {
		key   string
		given sim.Time
		links sim.Time
		rest  *sim.Time
	}{
		{"pcie.host_read_rtt", spec.HostReadRTT,
			wire(root.up, requestHeader, 0) + wire(root.down, completionHeader, referenceRead), &memory.service},
		{"pcie.host_write", spec.HostWrite, wire(root.up, writeHeader, referenceWrite), &memory.visible},
		{"pcie.mmio_write", spec.MMIOWrite, wire(root.down, writeHeader, referenceDoorbell), &t.mmio},
	} {
		*part.rest = part.given - part.links
		if *part.rest < 0 {
			return &SpecError{t.host, part.key, part.given.String(),
				fmt.Sprintf("at least %v, which the link at the root port takes alone", part.links)}
		}
	}
	if spec.RemoteMemory {
		memory.service += 2 * spec.NUMAHop
		memory.visible += spec.NUMAHop
	}
	return nil
}

func (t *Tree) newLink(spec *Spec, name, from, to string, gen, lanes int) *link {
	newDirection := func() *direction {
		rate := effectiveRate(gen, lanes, spec.DLLPTax)
		return &direction{pace: rate.Pace(), rate: rate, latency: spec.LinkLatency, framing: framing(gen), ledger: newLedger(t.clock)}
	}
	newReceiver := func() receiver {
		r := receiver{posted: newWindow(int64(spec.PostedHeaderCredits), int64(spec.PostedDataCredits), int64(spec.MaxPayload/creditBytes))}
		if n := spec.NonPostedHeaderCredits; n > 0 {
			r.nonPosted = newPlaces(int64(n))
		}
		return r
	}
	return &link{
		name: name, from: from, to: to, gen: gen, lanes: lanes,
		up: newDirection(), down: newDirection(),
		credits: [2]receiver{newReceiver(), newReceiver()},
	}
}
