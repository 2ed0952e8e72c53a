package pcie

import (
	"fmt"

	"netgpusim/sim"
)

// Device is one end of a transaction of the exact engine.
type Device uint8

const (
	// AtHost is host memory and the cores, behind the root complex.
	AtHost Device = iota
	// AtGPU is the GPU and its memory.
	AtGPU
	// AtNIC is the NIC and its registers.
	AtNIC

	devices = iota
)

// String returns the device in words.
func (d Device) String() string { return [...]string{"host", "GPU", "NIC"}[min(d, AtNIC)] }

// RequestKind says what a transaction does.
type RequestKind uint8

const (
	// WriteRequest is posted memory writes (MWr).
	WriteRequest RequestKind = iota
	// ReadRequest is memory reads (MRd), answered by completions with data.
	ReadRequest
	// AtomicRequest is a FetchAdd: a non-posted request with data, of 8 bytes.
	AtomicRequest
)

// Request is a transaction for the exact engine.
type Request struct {
	From, To Device
	Kind     RequestKind
	Address  int64 // at the target; TLPs are split at its real boundaries
	Bytes    int64 // 0: zero-length, one DW without a byte enabled

	Interrupt bool   // an MSI-X message, a write to the interrupt controller: not translated
	About     Notice // what Listen's requester is told that it is about
}

// ExactOptions are what the exact engine can do besides what Spec describes.
type ExactOptions struct {
	// ExplicitDLLPs sends every ACK and UpdateFC as a DLLP on the link back, by the
	// timers of the PCIe base specification, at the raw rate less SKP ordered sets.
	// Otherwise Spec.DLLPTax stands for them, and credits travel without them.
	ExplicitDLLPs bool
	// Trace keeps every arrival of a TLP where it was going.
	Trace bool
}

// Exact is the tree of a Spec TLP by TLP: an actor of an engine to which every TLP
// is a value that waits in queues for its turn, for credits and for what it may not
// pass. It is the reference that Tree, the engine of most runs, is compared with; it
// knows more (any device as requester, atomics, real addresses, explicit DLLPs) and is
// many times slower.
//
// How to use it: make one with NewExact, Submit transactions, Run the engine, ask for
// Results. Audit then says whether everything has come home. Or use it as the Port of a
// NIC.
type Exact struct {
	engine *sim.Engine `snapshot:"ref"`
	id     sim.ActorID
	spec   Spec
	opt    ExactOptions

	channels []channel // 2 per link: up, down
	tlps     []packet  // all there have ever been at once
	free     []int32
	ready    uint64 // TLPs that have become ready for a link so far

	root       rootComplex
	sinks      [devices]sink
	requesters [devices]requester
	requests   []request // reads in flight, by tag
	freeTags   []int32

	transactions []transaction
	arrivals     []Arrival
	requester    Requester `snapshot:"ref"` // nil: results are kept instead
	over         []int32   // transactions that are done, to be used again: nobody asks for results
}

// Result is what came of a transaction.
type Result struct {
	Sent  sim.Time // the last byte of its requests has left the requester
	First sim.Time // reads: the first completion has arrived; writes: as Last
	Last  sim.Time // reads: the last completion has arrived; writes: the last byte is visible
	Done  bool
}

// transaction is a Result in the making.
type transaction struct {
	request Request
	result  Result
	left    int64 // bytes that have not arrived, or not come back
	unsent  int64 // bytes of requests that have not left
}

// Arrival is a TLP that has come where it was going.
type Arrival struct {
	At          sim.Time
	Transaction int
	From, To    Device
	Class       Class
	Address     int64
	Bytes       int64
}

// Kinds of the engine's events. A is a TLP, a channel or a transaction, by kind.
const (
	evSubmit     uint16 = iota // A: transaction
	evStored                   // A: transaction of a core, at the first link
	evSent                     // A: TLP; B: channel it has left through, and the place it had before
	evEnter                    // A: TLP has come to a switch or root complex
	evReady                    // A: TLP may go on from there
	evArrive                   // A: TLP has come where it was going
	evCredit                   // A: channel; B: class, headers, units
	evSunk                     // A: TLP of a write has been taken by the memory behind
	evServed                   // A: TLP of a request whose data are there
	evAnswer                   // A: TLP of a request whose data can leave
	evWalked                   // B: page whose walk is done
	evWalkerFree               // a walker of the IOMMU can take the next page
	evDone                     // A: transaction of a write is visible
	evDLLPSent                 // A: channel that a DLLP has left through
	evDLLPDue                  // A: channel; B: class whose credits are to be returned, or ACK
)

// NewExact makes the exact engine of the tree that New(host, spec, outstandingReads,
// peer) makes the fast one of, as an actor of an engine. outstandingReads holds for
// the NIC and the GPU as requesters; a core waits for each of its loads. Errors are
// those of New.
func NewExact(engine *sim.Engine, host string, spec *Spec, outstandingReads int, peer TargetSpec, options ExactOptions) (*Exact, error) {
	t, err := New(host, spec, outstandingReads, peer)
	if err != nil {
		return nil, err
	}
	x := &Exact{engine: engine, spec: *spec, opt: options}
	x.id = engine.Register(host+".pcie.exact", x)
	x.lay(t)
	x.sinks[AtHost] = sink{service: t.targets[HostMemory].service, visible: t.targets[HostMemory].visible}
	x.sinks[AtGPU] = sink{
		service: peer.ReadService, visible: peer.WriteVisible,
		writes: pacer{pace: peer.WriteLimit.Pace()}, reads: pacer{pace: peer.ReadLimit.Pace()},
	}
	x.root = newRootComplex(spec, t.mmio)
	tags := usableTags(spec, outstandingReads)
	for d := range x.requesters {
		x.requesters[d] = requester{tags: tags}
	}
	x.requesters[AtHost].tags = 1
	if spec.IOMMU && spec.ATS {
		x.requesters[AtNIC].ats = newPageCache(spec.ATSEntries)
		x.requesters[AtNIC].asks = true
	}
	return x, nil
}

// Submit begins a transaction at a time that is not past, and returns its number, which
// is good for Result if nobody listens.
// The error says what cannot be asked for: a device as both ends, bytes below zero or
// above 1 GiB, an atomic that is not 8 bytes, an address below zero, a notice although
// nobody listens.
func (x *Exact) Submit(at sim.Time, r Request) (int, error) {
	switch {
	case r.From >= devices || r.To >= devices || r.From == r.To:
		return 0, fmt.Errorf("pcie: request from %v to %v: two different devices are needed", r.From, r.To)
	case r.Bytes < 0 || r.Bytes > int64(sim.GiB) || r.Address < 0:
		return 0, fmt.Errorf("pcie: request of %d bytes at %d: 0 to 1 GiB at an address from 0 are allowed", r.Bytes, r.Address)
	case r.Kind > AtomicRequest || r.Kind == AtomicRequest && (r.Bytes != atomicBytes || r.Address%atomicBytes != 0):
		return 0, fmt.Errorf("pcie: request kind %d of %d bytes: an atomic is %d bytes on their boundary", r.Kind, r.Bytes, atomicBytes)
	case r.About != Unnoticed && x.requester == nil:
		return 0, fmt.Errorf("pcie: request with notice %d: nobody listens", r.About)
	case at < x.engine.Now():
		return 0, fmt.Errorf("pcie: request at %v, it is %v already", at, x.engine.Now())
	}
	return x.begin(at, r), nil
}

// begin is Submit without its checks.
func (x *Exact) begin(at sim.Time, r Request) int {
	i := len(x.transactions)
	if n := len(x.over); n > 0 {
		i = int(x.over[n-1])
		x.over = x.over[:n-1]
	} else {
		x.transactions = append(x.transactions, transaction{})
	}
	// A zero-length transaction is done when its one TLP is, which stands for a byte.
	n := max(r.Bytes, 1)
	x.transactions[i] = transaction{request: r, left: n, unsent: n, result: Result{First: sim.Never}}
	x.engine.Schedule(at, sim.Event{Actor: x.id, Kind: evSubmit, A: uint32(i)})
	return i
}

// Result is what has come of a transaction so far.
func (x *Exact) Result(i int) Result { return x.transactions[i].result }

// Arrivals are all TLPs that have arrived, in order; with ExactOptions.Trace.
func (x *Exact) Arrivals() []Arrival { return x.arrivals }

// Handle implements sim.Actor.
func (x *Exact) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evSubmit:
		x.submit(now, int32(ev.A))
	case evStored:
		x.issue(now, int32(ev.A))
	case evSent:
		x.sent(now, int32(ev.A), int(ev.B&0xff), int(ev.B>>8&0xff), uint32(ev.B>>16))
	case evEnter:
		x.enter(now, int32(ev.A))
	case evReady:
		x.forward(now, int32(ev.A))
	case evArrive:
		x.arrive(now, int32(ev.A))
	case evCredit:
		x.credit(now, int(ev.A), ev.B)
	case evSunk:
		x.sunk(now, int32(ev.A))
	case evServed:
		x.served(now, int32(ev.A))
	case evAnswer:
		x.answer(now, int32(ev.A))
	case evWalked:
		x.walked(now, int64(ev.B))
	case evWalkerFree:
		x.walkerFree(now)
	case evDone:
		x.progress(now, int32(ev.A), int64(ev.B))
	case evDLLPSent:
		x.dllpSent(now, int(ev.A))
	case evDLLPDue:
		x.dllpDue(now, int(ev.A), int(ev.B))
	}
}

func (x *Exact) schedule(at sim.Time, kind uint16, a int, b uint64) {
	x.engine.Schedule(at, sim.Event{Actor: x.id, Kind: kind, A: uint32(a), B: b})
}
