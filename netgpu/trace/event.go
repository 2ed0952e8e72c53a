package trace

import (
	"strings"

	"netgpusim/netgpu"
)

// Actor is who performs an operation.
type Actor uint8

// The actors of a trace. A header declares which of them it has the events of.
const (
	App    Actor = iota // the application and its library
	Kernel              // softirq, driver and system calls
	NIC                 // DMA
	actorCount
)

var actorNames = [actorCount]string{"app", "kernel", "nic"}

// String returns the name that traces use.
func (a Actor) String() string {
	if a < actorCount {
		return actorNames[a]
	}
	return "?"
}

// Kind is the kind of a ring, and so of the object that has it.
type Kind uint8

// The kinds of rings.
const (
	NoRing Kind = iota
	Fill        // of an interface queue: application to kernel, addresses
	Rx          // of a socket: kernel to application, iovecs
)

var kindNames = [...]string{"", "fill", "rx"}

// String returns the name that traces use.
func (k Kind) String() string { return kindNames[k] }

// Op is an operation.
type Op uint8

// The operations, in the order in which a page meets them. docs/trace.md says what
// each means and which keys it has.
const (
	Produce   Op = iota // app: a fill ring slot is written
	Submit              // prod of a ring is published (fill: app, rx: kernel)
	Complete            // cons of a ring is published (fill: kernel, rx: app)
	Refill              // kernel: asks whether a bulk of Len pages may be started
	Get                 // kernel: takes a page from the fill ring
	Skip                // kernel: consumes a fill ring entry and ignores it
	CacheGet            // kernel: takes a page from the page cache
	Post                // kernel: hands a page to the NIC
	Receive             // nic: has written a page; it is a fragment of an skb
	Put                 // kernel, softirq: puts a page into the napi cache
	Queue               // kernel: a fragment enters a socket's receive queue
	Deliver             // kernel: a fragment is written into an rx slot
	Linear              // kernel: refuses an skb with payload in its header buffer
	Drop                // kernel: frees a fragment undelivered; it goes to the any cache
	Batch               // app: takes Len rx entries and gives their slots back
	Take                // app: reads an rx slot
	Read                // app: reads memory
	Write               // app: writes memory
	CPU                 // kernel: reads or writes memory with the CPU
	Attach              // kernel: the pages of a send are referenced
	Release             // kernel: the reference of one transmit fragment is dropped
	Open                // kernel: a queue is bound or a socket attached
	Close               // kernel: it goes
	Region              // kernel: memory is registered and attached to a context
	Revoke              // kernel: the GPU driver takes a region away
	StoreProd           // app: writes the shared word directly
	StoreCons           // app: writes the shared word directly
	Quiescent           // kernel: nothing more will happen by itself
	Gap                 // events were lost here
	opCount
)

// OpCount is the number of operations.
const OpCount = int(opCount)

// The keys of an event, as a set.
type keys uint16

const (
	keyTime keys = 1 << iota
	keyActor
	keyRing
	keyOp
	keyIndex
	keyAddr
	keyLen
	keyErr
	keyContext
	keyEntries
	keyMemory
	keyKind
	keyLost
)

var keyNames = [...]string{"t", "actor", "ring", "op", "index", "addr", "len", "err", "context", "entries", "memory", "kind", "lost"}

// String lists the keys.
func (k keys) String() string {
	var names []string
	for i, name := range keyNames {
		if k>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// ops says of each operation who may perform it on what, and which keys it needs
// beside t, actor and op. An operation that failed (err) needs only those of failed;
// allowed lists the errors it may have.
var ops = [opCount]struct {
	name    string
	fill    Actor // who may, on a fill ring or without a ring
	rx      Actor // who may, on an rx ring
	on      [3]bool
	needs   keys
	failed  keys
	allowed []netgpu.Errno
}{
	Produce:   {"produce", App, 0, onFill, keyRing | keyIndex | keyAddr, keyRing | keyAddr, []netgpu.Errno{netgpu.ENOMEM}},
	Submit:    {"submit", App, Kernel, onEither, keyRing | keyIndex, 0, nil},
	Complete:  {"complete", Kernel, App, onEither, keyRing | keyIndex, 0, nil},
	Refill:    {"refill", Kernel, 0, onFill, keyRing | keyLen, keyRing | keyLen, []netgpu.Errno{netgpu.ENOMEM}},
	Get:       {"get", Kernel, 0, onFill, keyRing | keyIndex | keyAddr, keyRing, []netgpu.Errno{netgpu.ENOMEM, netgpu.EINVAL}},
	Skip:      {"skip", Kernel, 0, onFill, keyRing | keyIndex | keyAddr, 0, nil},
	CacheGet:  {"cache-get", Kernel, 0, onFill, keyRing | keyAddr, keyRing, []netgpu.Errno{netgpu.EFAULT}},
	Post:      {"post", Kernel, 0, onFill, keyRing | keyAddr, 0, nil},
	Receive:   {"receive", NIC, 0, onFill, keyRing | keyAddr, 0, nil},
	Put:       {"put", Kernel, 0, onFill, keyRing | keyAddr, 0, nil},
	Queue:     {"queue", 0, Kernel, onRx, keyRing | keyAddr, 0, nil},
	Deliver:   {"deliver", 0, Kernel, onRx, keyRing | keyIndex | keyAddr | keyLen, keyRing | keyAddr | keyLen, []netgpu.Errno{netgpu.ENOMEM}},
	Linear:    {"linear", 0, Kernel, onRx, keyRing | keyLen, 0, nil},
	Drop:      {"drop", Kernel, Kernel, onNone, keyAddr, 0, nil},
	Batch:     {"batch", 0, App, onRx, keyRing | keyIndex | keyLen, 0, nil},
	Take:      {"take", 0, App, onRx, keyRing | keyIndex | keyAddr | keyLen, 0, nil},
	Read:      {"read", App, App, onNone, keyAddr | keyLen, 0, nil},
	Write:     {"write", App, App, onNone, keyAddr | keyLen, 0, nil},
	CPU:       {"cpu", Kernel, Kernel, onNone, keyAddr | keyLen, 0, nil},
	Attach:    {"attach", 0, Kernel, onRx, keyRing | keyAddr | keyLen, keyRing | keyAddr | keyLen, []netgpu.Errno{netgpu.EFAULT}},
	Release:   {"release", Kernel, Kernel, onNone, keyAddr, 0, nil},
	Open:      {"open", Kernel, Kernel, onEither, keyRing | keyKind | keyContext | keyEntries, 0, nil},
	Close:     {"close", Kernel, Kernel, onEither, keyRing, 0, nil},
	Region:    {"region", Kernel, Kernel, onNone, keyAddr | keyLen | keyMemory | keyContext, 0, nil},
	Revoke:    {"revoke", Kernel, Kernel, onNone, keyAddr, 0, nil},
	StoreProd: {"store-prod", App, App, onEither, keyRing | keyIndex, 0, nil},
	StoreCons: {"store-cons", App, App, onEither, keyRing | keyIndex, 0, nil},
	Quiescent: {"quiescent", Kernel, Kernel, onNone, 0, 0, nil},
	Gap:       {"gap", 0, 0, onNone, 0, 0, nil},
}

// What an operation is performed on, by Kind.
var (
	onNone   = [3]bool{NoRing: true}
	onFill   = [3]bool{Fill: true}
	onRx     = [3]bool{Rx: true}
	onEither = [3]bool{Fill: true, Rx: true}
)

// String returns the name that traces use.
func (o Op) String() string {
	if o < opCount {
		return ops[o].name
	}
	return "?"
}

// actorOn is who performs the operation on a ring of kind k.
func (o Op) actorOn(k Kind) Actor {
	if k == Rx {
		return ops[o].rx
	}
	return ops[o].fill
}

var (
	opByName    = map[string]Op{}
	errnoByName = map[string]netgpu.Errno{}
)

func init() {
	for o := range opCount {
		opByName[ops[o].name] = o
	}
	for e := netgpu.OK; !strings.Contains(e.Error(), "("); e++ {
		errnoByName[e.Error()] = e
	}
}

// Event is one operation. Which fields count depends on Op, see docs/trace.md; the
// others are not written.
type Event struct {
	Time    int64 // ns, from any origin
	Actor   Actor
	Op      Op
	Ring    string       // name of the ring, as the header or Open gave it
	Index   uint32       // free-running ring index
	Addr    uint64       // address in the application's memory
	Len     uint64       // bytes; entries for Batch; pages for Refill
	Err     netgpu.Errno // why the operation failed
	Kind    Kind         // Open: what is opened
	Context int          // Open, Region
	Entries uint32       // Open: slots of the ring
	Memory  netgpu.MemType
	Lost    uint64 // Gap: events lost; 0 if nobody counted
}
