package netgpu

// Page geometry (patch 10): every receive buffer is one page.
const (
	PageShift = 12
	PageSize  = 1 << PageShift // bytes
	pageMask  = PageSize - 1
)

// GPUPageSize is the granularity in which the GPU driver pins device memory for
// peers, in bytes; each GPU page is presented as sixteen ordinary ones (patch 21).
const GPUPageSize = 64 << 10

// MaxPages bounds the pages that may be registered with one Module at a time
// (256 GiB). It is a bound of this model, not of the kernel: AddRegion answers
// ENOMEM beyond it.
const MaxPages = 1 << 26

// PageID names a registered page within its Module. The pages of a region have
// consecutive IDs; after the region is gone they may be given to another.
type PageID uint32

// NoPage is not a page.
const NoPage PageID = 1<<32 - 1

// BaseReferences is the number of page references that exist as long as a page is
// registered: one of the memory itself and one of netgpu's pin; the GPU plug-in
// sets the same count (patches 10 and 21). References below are counted on top.
const BaseReferences = 2

// page is what the kernel knows of a page apart from its place.
type page struct {
	refs  uint32 // references above BaseReferences: from get_page to drop or delivery, and per transmit fragment
	tx    uint32 // those of refs that transmit fragments hold
	queue int32  // the interface queue that took it last; -1 before the first time
	next  PageID // behind it in the overflow list of a page cache
	flags uint8
}

// Flags of a page that only repairs read and write.
const (
	pageHeld   = 1 << iota // the kernel or the NIC has it (OwnerCheck)
	pageParked             // freed by reception while a transmission refers to it (LastReference)
	pageDying              // its region is being revoked (RevokeWaits)
)

// Place is where a page is. A registered page is in exactly one place.
type Place uint8

// The places, in the order in which a page visits them.
const (
	Unregistered Place = iota // belongs to no region
	App                       // the application may read and write it
	FillRing                  // written into a fill ring, not yet taken by the kernel
	NapiCache                 // softirq-only part of a page cache
	AnyCache                  // locked part of a page cache
	Driver                    // taken by a refill whose doorbell has not been rung
	WQE                       // posted to the NIC, which may write it at any time
	SKB                       // fragment of a packet on its way through the stack
	ReceiveQueue              // fragment in a socket's receive queue
	RxRing                    // described by an iovec that the application has not taken
	Lost                      // nobody has it and nobody knows of it
	placeCount
)

// PlaceCount is the number of places.
const PlaceCount = int(placeCount)

var placeNames = [placeCount]string{
	"unregistered", "app", "fill_ring", "napi_cache", "any_cache", "driver", "wqe", "skb", "receive_queue", "rx_ring", "lost",
}

// String returns the name that results use.
func (p Place) String() string {
	if p < placeCount {
		return placeNames[p]
	}
	return "?"
}

// heldByKernel says whether kernel or NIC hold a pointer to a page in this place,
// as opposed to an address that they look up when they need it.
func (p Place) heldByKernel() bool { return p >= NapiCache && p <= ReceiveQueue }
