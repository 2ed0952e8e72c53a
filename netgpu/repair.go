package netgpu

// Repair is one change that takes a fault out of rfc-v2. Each is a switch of its
// own, so that a checker can show that every one of them is needed.
type Repair uint8

// The repairs of the variant fixed.
const (
	// SpareNext: a spare chunk that is put in front of the napi list points at the
	// chunk it is put in front of.
	SpareNext Repair = iota
	// CacheOverflow: a page whose chunk cannot be allocated goes to a list that is
	// threaded through the pages themselves and needs no memory.
	CacheOverflow
	// RefillCountsAll: whether a refill may start is decided by all pages in the
	// cache, not by those in the first chunk of its napi part.
	RefillCountsAll
	// SkipBadEntry: a fill ring entry that is no address of the context is consumed.
	SkipBadEntry
	// OwnerCheck: a page remembers whether the kernel has it; a fill ring entry for
	// one that it has is consumed and ignored.
	OwnerCheck
	// IndexCheck: an index from the application that cannot be is not acted upon: a
	// fill ring counts as empty, an rx ring as full.
	IndexCheck
	// RxRekick: the poll of an application that has made room in its rx ring resumes
	// delivery, and delivery looks once more for room after it has said that it
	// stopped.
	RxRekick
	// CompleteAfterRead: the library gives the slots of a batch back when it has
	// read them, not before.
	CompleteAfterRead
	// RecycleCheck: the library's single recycle fails when the fill ring has no
	// free slot.
	RecycleCheck
	// NonZCError: an skb with payload in its header buffer ends the connection with
	// an error that the application sees.
	NonZCError
	// LastReference: whoever drops the last reference on a received page puts it
	// back, transmission included.
	LastReference
	// TxRegionEnd: the look-up of pages for a send ends with the region.
	TxRegionEnd
	// RevokeWaits: the GPU driver's revocation takes the pages out of the caches,
	// lets nobody take new ones, and waits until NIC and stack have let go.
	RevokeWaits
	// QueueOutlivesPackets: what is left of a closed queue stays until the last
	// packet that it received is freed; such a page is the application's again.
	QueueOutlivesPackets
	// ReclaimRxRing: a socket that goes puts the buffers that its rx ring still
	// describes back into the cache.
	ReclaimRxRing
	// TxCompletion: one entry in the completion ring per completed send, as the
	// cover letter plans; a send for whose entry there is no room is refused.
	TxCompletion

	repairCount
)

var repairs = [repairCount]struct {
	name   string
	patch  int // of v2; 0: the userspace library
	reason string
}{
	SpareNext:            {"spare-next", 10, "the spare's next is what it was when the chunk was last used: the chunks in front are lost and others are reached twice"},
	CacheOverflow:        {"cache-overflow", 10, "GFP_ATOMIC allocations fail, and nobody else knows of the page"},
	RefillCountsAll:      {"refill-counts-all", 19, "pages in the any part and in chunks behind the first are not counted: with no others the receive queue stays empty for good"},
	SkipBadEntry:         {"skip-bad-entry", 10, "an entry that is not consumed is met again by every refill and blocks those behind it"},
	OwnerCheck:           {"owner-check", 10, "a buffer entered twice is posted twice, whoever has it"},
	IndexCheck:           {"index-check", 5, "both words of a ring are writable by the application"},
	RxRekick:             {"rx-rekick", 10, "delivery that met a full ring is resumed by new data only"},
	CompleteAfterRead:    {"complete-after-read", 5, "slots that are given back before they are read may be overwritten"},
	RecycleCheck:         {"recycle-check", 0, "the slot is written without asking whether there is one"},
	NonZCError:           {"non-zc-error", 10, "delivery ends with EFAULT in softirq, where nobody hears of it"},
	LastReference:        {"last-reference", 11, "a page freed undelivered while a transmission refers to it is not put back by the transmission's end"},
	TxRegionEnd:          {"tx-region-end", 10, "the host plug-in counts one page too many at the end of a region"},
	RevokeWaits:          {"revoke-waits", 21, "memory is unmapped under a NIC that may write it, a cache that holds it and packets that read it"},
	QueueOutlivesPackets: {"queue-outlives-packets", 11, "a packet holds no reference on the queue whose cache its pages go back to"},
	ReclaimRxRing:        {"reclaim-rx-ring", 10, "marked as open in the source"},
	TxCompletion:         {"tx-completion", 15, "an application cannot know when it may change what it sent"},
}

// String returns the name that options and reports use ("spare-next").
func (r Repair) String() string {
	if r < repairCount {
		return repairs[r].name
	}
	return "?"
}

// Patch is the v2 patch that has the fault; 0 stands for the userspace library.
func (r Repair) Patch() int { return repairs[r].patch }

// Reason says what goes wrong without the repair.
func (r Repair) Reason() string { return repairs[r].reason }

// Repairs lists all repairs.
func Repairs() []Repair {
	all := make([]Repair, repairCount)
	for r := range all {
		all[r] = Repair(r)
	}
	return all
}

// RepairByName returns the repair that options call name, and whether there is one.
func RepairByName(name string) (Repair, bool) {
	for r := range repairCount {
		if r.String() == name {
			return r, true
		}
	}
	return 0, false
}

// RepairSet is a set of repairs.
type RepairSet uint32

// Has says whether r is in the set.
func (s RepairSet) Has(r Repair) bool { return s>>r&1 != 0 }

// With returns the set with r.
func (s RepairSet) With(r Repair) RepairSet { return s | 1<<r }

// Without returns the set without r.
func (s RepairSet) Without(r Repair) RepairSet { return s &^ (1 << r) }
