package netgpu

// Invariant is one of the rules that a model, a run or a trace is held against.
type Invariant uint8

// The invariants.
const (
	Conservation Invariant = iota // each registered page is in exactly one place: none lost, none twice
	ExclusiveDMA                  // a page posted to the NIC is the NIC's alone, and posted once
	RingSafety                    // a slot is written only when free and read only when published
	Delivery                      // bytes reach the application in order, once, unchanged, apart from headers
	TxStability                   // a buffer is not modified while TCP may still (re)transmit from it
	Progress                      // every byte sent is delivered in the end if the application does its part
	Robustness                    // nothing that an application does crashes the kernel or touches what is not its own
	Teardown                      // closing in any order returns everything; no DMA into memory that is gone
)

var invariantNames = [...]string{
	"conservation", "exclusive-dma", "ring-safety", "delivery", "tx-stability", "progress", "robustness", "teardown",
}

// String returns the name that results use.
func (i Invariant) String() string {
	if int(i) < len(invariantNames) {
		return invariantNames[i]
	}
	return "?"
}

// Cause is the root cause of a violation: what went wrong, where in the protocol.
// There are few, so that what a run keeps of its violations is bounded.
type Cause uint8

// The causes.
const (
	// UnknownPage: an operation named a page that belongs to no region.
	UnknownPage Cause = iota
	// Misplaced: a page was handed on by somebody who did not have it.
	Misplaced
	// RecycledTwice: the application put a buffer into the fill ring that it did
	// not own. The kernel does not check (patch 10).
	RecycledTwice
	// StaleNext: a spare chunk was put in front of the napi cache although its next
	// pointed elsewhere; the chunk that was in front is lost with its pages
	// (patch 10: the spare's next is not set).
	StaleNext
	// StaleSlot: the page cache gave out a page that was not in it, from a chunk
	// reached through a stale next (patch 10).
	StaleSlot
	// ChunkAllocFailed: no memory for a cache chunk; the page is lost (patch 10).
	ChunkAllocFailed
	// StillReferenced: a page freed undelivered was referenced by a transmission,
	// so it was not put back, and the transmission's end does not do so either
	// (patch 11).
	StillReferenced

	// PostedTwice: a page was taken for the NIC while the NIC, or another taker of
	// buffers, had it already (patch 10 does not check).
	PostedTwice
	// PostedOverData: a page was taken for the NIC while it held received data that
	// the application had not got yet (patch 10 does not check).
	PostedOverData
	// AppWhilePosted: the application touched a page that is posted to the NIC.
	AppWhilePosted

	// BatchOverwritten: the kernel overwrote an rx slot that the library's batch
	// had given back before the application read it (patch 5).
	BatchOverwritten
	// IndexOutOfRange: prod - cons exceeds the entries: an application has written
	// an index that makes no sense. The kernel does not check (patch 5).
	IndexOutOfRange

	// DeliveredTwice: the application was given a buffer that it had (a consequence
	// of BatchOverwritten, or of indices that an application has spoilt).
	DeliveredTwice
	// PayloadInHeader: payload in the header buffer makes an skb not zero-copy;
	// delivery stops with EFAULT at it, for good (patch 10).
	PayloadInHeader

	// TxModified: the application wrote a buffer that TCP may still send from.
	TxModified
	// TxRecycled: a buffer went to the NIC for reception while TCP may still send
	// from it; v2 tells nobody when a transmission is over (cover letter).
	TxRecycled

	// BadFillEntry: an entry of the fill ring that is no address of the context
	// stays at the ring's head and blocks what is behind it (patch 10).
	BadFillEntry
	// NoRekick: delivery stopped at a full rx ring, the application has made room,
	// and nothing delivers the rest until more data arrives (patch 10).
	NoRekick

	// RecycleThroughNull: the library's single recycle does not check that there
	// was a free slot and writes through a null pointer (userspace library).
	RecycleThroughNull
	// CPUTouchedGPU: the CPU read or wrote a page of GPU memory, which is not
	// mapped for it (patches 3 and 21).
	CPUTouchedGPU
	// ChunkFreedTwice: closing a queue freed a chunk of its page cache twice (patch
	// 10, a consequence of StaleNext).
	ChunkFreedTwice
	// CachedPageRevoked: a cached page is of a region that is detached: its DMA
	// address is looked up and the missing answer is used unchecked (patch 10).
	CachedPageRevoked
	// TxPastRegion: a send that runs past the end of a host region reads one entry
	// past the region's page array (patch 10: one too many is counted).
	TxPastRegion

	// ClosedWhilePosted: a queue was closed while the NIC had pages of it.
	ClosedWhilePosted
	// OutlivesQueue: a page was given back to a queue that is closed: nothing
	// keeps the queue while packets refer to it (patches 10 and 11).
	OutlivesQueue
	// NotReclaimed: a socket went while its rx ring held data; the buffers are not
	// reclaimed (patch 10, marked as open in the source).
	NotReclaimed
	// RevokedWhilePosted: memory went while the NIC could still write it.
	RevokedWhilePosted
	// RevokedWhileSending: memory went while TCP may still send from it.
	RevokedWhileSending
	// RevokedWhileHeld: memory went while received packets refer to it.
	RevokedWhileHeld
	// DMAAfterUnmap: the NIC wrote a page whose region is gone.
	DMAAfterUnmap

	causeCount
)

var causes = [causeCount]struct {
	name      string
	invariant Invariant
}{
	UnknownPage:         {"unknown-page", Conservation},
	Misplaced:           {"misplaced", Conservation},
	RecycledTwice:       {"recycled-twice", Conservation},
	StaleNext:           {"cache-stale-next", Conservation},
	StaleSlot:           {"cache-stale-slot", Conservation},
	ChunkAllocFailed:    {"cache-chunk-alloc-failed", Conservation},
	StillReferenced:     {"undelivered-still-referenced", Conservation},
	PostedTwice:         {"posted-twice", ExclusiveDMA},
	PostedOverData:      {"posted-over-data", ExclusiveDMA},
	AppWhilePosted:      {"app-access-while-posted", ExclusiveDMA},
	BatchOverwritten:    {"batch-overwritten", RingSafety},
	IndexOutOfRange:     {"index-out-of-range", RingSafety},
	DeliveredTwice:      {"delivered-twice", Delivery},
	PayloadInHeader:     {"payload-in-header-buffer", Delivery},
	TxModified:          {"modified-in-flight", TxStability},
	TxRecycled:          {"recycled-in-flight", TxStability},
	BadFillEntry:        {"bad-fill-entry", Progress},
	NoRekick:            {"rx-ring-no-rekick", Progress},
	RecycleThroughNull:  {"recycle-through-null", Robustness},
	CPUTouchedGPU:       {"cpu-access-to-gpu", Robustness},
	ChunkFreedTwice:     {"cache-chunk-freed-twice", Robustness},
	CachedPageRevoked:   {"cached-page-revoked", Robustness},
	TxPastRegion:        {"tx-past-region", Robustness},
	ClosedWhilePosted:   {"closed-while-posted", Teardown},
	OutlivesQueue:       {"page-outlives-queue", Teardown},
	NotReclaimed:        {"socket-close-not-reclaimed", Teardown},
	RevokedWhilePosted:  {"revoked-while-posted", Teardown},
	RevokedWhileSending: {"revoked-while-sending", Teardown},
	RevokedWhileHeld:    {"revoked-while-held", Teardown},
	DMAAfterUnmap:       {"dma-after-unmap", Teardown},
}

// String returns the short stable name that results use ("bad-fill-entry").
func (c Cause) String() string {
	if c < causeCount {
		return causes[c].name
	}
	return "?"
}

// Invariant is the rule that the cause breaks.
func (c Cause) Invariant() Invariant {
	if c < causeCount {
		return causes[c].invariant
	}
	return Robustness
}

// consequence says whether a page that is known to be in two places is enough to
// explain this.
func (c Cause) consequence() bool {
	return c == Misplaced || c == StaleSlot || c == DeliveredTwice
}

// Violation is a broken invariant: one per cause, with what happened the first
// time and how often it happened in all.
type Violation struct {
	Cause Cause
	Page  PageID // of the first time; NoPage if it is not about a page
	What  string // of the first time, in words
	Stamp int64  // Ledger.Stamp of the first time
	Count int64
}

// Violations returns what went wrong, in the order of first occurrence. The slice
// is the caller's.
func (l *Ledger) Violations() []Violation {
	return append([]Violation(nil), l.violations...)
}

// violate counts a violation. It returns non-nil the first time the cause occurs:
// the caller then fills in What.
func (l *Ledger) violate(cause Cause, page PageID) *Violation {
	if at := l.position[cause]; at != 0 {
		l.violations[at-1].Count++
		return nil
	}
	l.violations = append(l.violations, Violation{Cause: cause, Page: page, Stamp: l.Stamp, Count: 1})
	l.position[cause] = uint8(len(l.violations))
	return &l.violations[len(l.violations)-1]
}

// ForgetViolations makes room for those to come: a checker looks at each step by itself.
func (l *Ledger) ForgetViolations() {
	if len(l.violations) > 0 {
		l.violations = l.violations[:0]
		l.position = [causeCount]uint8{}
	}
}

// FirstCause is the cause of the violation that occurred first, and whether there is
// one.
func (l *Ledger) FirstCause() (Cause, bool) {
	if len(l.violations) == 0 {
		return 0, false
	}
	return l.violations[0].Cause, true
}
