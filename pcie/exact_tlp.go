package pcie

// Class is the class of a TLP for flow control and ordering.
type Class uint8

const (
	Posted     Class = iota // memory writes and messages
	NonPosted               // reads and atomics
	Completion              // answers to those

	classes = iota
)

// String returns the class in words.
func (c Class) String() string {
	return [...]string{"posted", "non-posted", "completion"}[min(c, Completion)]
}

// packet is a TLP on its way.
type packet struct {
	class     Class
	relaxed   bool   // attribute: relaxed ordering
	byID      bool   // attribute: ID-based ordering
	translate bool   // an ATS translation request, or its answer
	interrupt bool   // an MSI-X message
	from, to  Device // where it comes from, and goes to
	kind      RequestKind

	header int64 // bytes
	data   int64 // bytes in its data field: whole DWs
	bytes  int64 // of these, of the transaction
	units  int64 // data credits

	address     int64
	asked       int64 // non-posted: bytes it asks for
	transaction int32
	tag         int32

	held  int    // channel whose receiver's buffer it is in; noChannel: none
	place uint32 // in that buffer
	ready uint64 // order in which it became ready for the next link
}

// readsHost is how many bytes of host memory a request reads.
func (p *packet) readsHost() int64 {
	if p.translate || p.class == Posted {
		return 0
	}
	return max(1, p.asked)
}

const (
	noChannel   = 0xff
	atomicBytes = 8
)

// mayPass says whether TLP a may overtake TLP b that became ready before it for the
// same link, from the same port (PCIe base specification, table "Ordering Rules
// Summary"). Entries that the table leaves open are: completions of one requester
// stay in order, reads may pass reads.
func mayPass(a, b *packet) bool {
	otherID := a.byID && a.from != b.from
	switch b.class {
	case Posted:
		switch {
		case a.class == NonPosted && a.kind == ReadRequest:
			return otherID // B2: relaxed ordering does not help a read
		default:
			return a.relaxed || otherID // A2, C2, D2
		}
	case Completion:
		return a.class != Completion || a.tag != b.tag
	}
	return true // A3, A4, D3, D4: what is not posted never holds up what is
}

// take returns a place for a TLP.
func (x *Exact) take() int32 {
	if n := len(x.free); n > 0 {
		i := x.free[n-1]
		x.free = x.free[:n-1]
		return i
	}
	x.tlps = append(x.tlps, packet{})
	return int32(len(x.tlps) - 1)
}

// newTLP makes a TLP of a requester or completer and gives its number.
func (x *Exact) newTLP(p packet) int32 {
	if p.class == Completion {
		p.header = completionHeader
	} else {
		p.header = requestHeader
	}
	p.units = (p.data + creditBytes - 1) / creditBytes
	p.held = noChannel
	i := x.take()
	x.tlps[i] = p
	return i
}

// dataField is the bytes that n bytes at an address occupy in a data field: whole
// DWs, and one DW for no bytes.
func dataField(address, n int64) int64 { return max(4, (address+n+3)&^3-address&^3) }

// piece is how many of n bytes at an address lie before the next boundary of a size.
func piece(address, n, size int64) int64 { return min(n, size-address%size) }

// queue is a first-in first-out queue of TLPs that can be looked through.
type queue struct {
	ring []int32 // a power of two
	head uint32
	n    int
}

func (q *queue) at(i int) int32 { return q.ring[(q.head+uint32(i))&uint32(len(q.ring)-1)] }

func (q *queue) push(tlp int32) {
	if q.n == len(q.ring) {
		ring := make([]int32, max(8, 2*len(q.ring)))
		for i := range q.n {
			ring[i] = q.at(i)
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+uint32(q.n))&uint32(len(q.ring)-1)] = tlp
	q.n++
}

func (q *queue) pop() int32 {
	tlp := q.at(0)
	q.head++
	q.n--
	return tlp
}
