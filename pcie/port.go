package pcie

import "netgpusim/sim"

// Port is where the NIC's transactions enter the tree of a host, whichever engine
// simulates it. A transaction's fate is told to the port's Requester: at once, with
// times that lie ahead, or as it comes.
type Port interface {
	// Listen names who is told. It must be called before the first transaction.
	Listen(r Requester)
	// Read asks for n bytes of src with requests of at most MRRS, at a time that is the
	// present. Requester.Arrived tells of the bytes.
	Read(now sim.Time, src Target, n int64, about Notice)
	// Write posts n bytes to dst in TLPs of at most MPS. Requester.Sent and
	// Requester.Visible tell of it.
	Write(now sim.Time, dst Target, n int64, about Notice)
	// Store is a core storing n bytes to the NIC, a doorbell; Requester.Visible tells
	// when the NIC has them.
	Store(now sim.Time, n int64, about Notice)
	// Interrupt is the NIC signalling MSI-X: a posted write of one DW to the host behind
	// all earlier writes to host memory. Requester.Visible tells when the host has it.
	Interrupt(now sim.Time, about Notice)
	// Restart sets the counters of the links to zero: warm-up ends at now.
	Restart(now sim.Time)
	// Links reports all links, the root port's first if there is a switch, then the
	// NIC's and the GPU's.
	Links(now sim.Time) []LinkReport
}

// Notice is the requester's name for a transaction. Nobody is told of Unnoticed ones.
type Notice uint64

// Unnoticed is for transactions whose fate does not matter.
const Unnoticed Notice = 0

// Requester is told what becomes of the transactions of a Port. It may begin others
// meanwhile. Times are never past; with the exact engine they are the present.
type Requester interface {
	// Arrived says that n more bytes of a read come in evenly from first to last.
	Arrived(about Notice, n int64, first, last sim.Time)
	// Sent says when the last byte of a write leaves the NIC: its buffer is free.
	Sent(about Notice, at sim.Time)
	// Visible says when the last byte of a write can be seen at its destination, by the
	// NIC for a store, by a core for an interrupt.
	Visible(about Notice, at sim.Time)
}

// Values of Spec.Engine.
const (
	EngineAuto  = "auto"
	EngineFast  = "fast"
	EngineExact = "exact"
)

// BeyondFast says whether the fast engine is known to be off on the tree: writes wait for
// translations at the NIC, or requests and completions compete for the uplink.
func (s *Spec) BeyondFast() bool {
	return s.IOMMU && s.ATS || s.ACSRedirect && s.Topology == TopologySwitch
}

// Exactly says whether a port of the tree is on the exact engine. Left to itself that
// is so where the fast one is known to be off.
func (s *Spec) Exactly() bool {
	switch s.Engine {
	case EngineFast:
		return false
	case EngineExact:
		return true
	}
	return s.BeyondFast()
}

// Open builds the tree of a host on the engine that Spec.Engine says, and returns the
// NIC's port. See New for the arguments and errors.
func Open(e *sim.Engine, host string, spec *Spec, outstandingReads int, peer TargetSpec) (Port, error) {
	if spec.Exactly() {
		return NewExact(e, host, spec, outstandingReads, peer, ExactOptions{})
	}
	return newFastPort(e, host, spec, outstandingReads, peer)
}
