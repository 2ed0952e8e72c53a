package explore

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// Sign is how a violation shows when only the structures of a state are looked at:
// it knows nothing of faults. It names a violation if the model has no diagnosis.
type Sign uint8

// The signs.
const (
	PageLost          Sign = iota // a page is in no structure
	PagePostedTwice               // a page is in two structures of kernel or NIC
	PageShared                    // a page is with the application and with the kernel
	RingOverrun                   // ring indices are out of order, or more entries than slots
	StaleEntry                    // a slot was read that nobody has written or published
	WrongData                     // the application got other data than was due
	ChangedInFlight               // memory changed while TCP may still send from it
	Stuck                         // data that arrived, or the NIC, waits for something that nobody will do
	Livelock                      // the actors go on and on, and what waits is not done
	Starved                       // the NIC has no buffers although the kernel has
	CacheMiscounted               // chunks or pages of a page cache do not add up
	OutsideRegion                 // the kernel used memory outside the application's regions
	NeighbourAffected             // another application noticed
	NotReturned                   // everything is closed and something is left
	DMAIntoFreed                  // the NIC wrote memory that had been freed
	signCount
)

var signs = [signCount]struct {
	name      string
	invariant netgpu.Invariant
}{
	PageLost:          {"page-lost", netgpu.Conservation},
	PagePostedTwice:   {"page-held-twice", netgpu.ExclusiveDMA},
	PageShared:        {"page-shared", netgpu.ExclusiveDMA},
	RingOverrun:       {"ring-overrun", netgpu.RingSafety},
	StaleEntry:        {"stale-entry", netgpu.RingSafety},
	WrongData:         {"wrong-data", netgpu.Delivery},
	ChangedInFlight:   {"changed-in-flight", netgpu.TxStability},
	Stuck:             {"stuck", netgpu.Progress},
	Livelock:          {"livelock", netgpu.Progress},
	Starved:           {"refill-starved", netgpu.Progress},
	CacheMiscounted:   {"cache-miscounted", netgpu.Conservation},
	OutsideRegion:     {"outside-region", netgpu.Robustness},
	NeighbourAffected: {"neighbour-affected", netgpu.Robustness},
	NotReturned:       {"not-returned", netgpu.Teardown},
	DMAIntoFreed:      {"dma-into-freed-memory", netgpu.Teardown},
}

// String returns the short stable name that results use.
func (s Sign) String() string { return signs[s].name }

// Invariant is the rule that is broken.
func (s Sign) Invariant() netgpu.Invariant { return signs[s].invariant }

// verdict is the first thing that is wrong with a state, or with the step that led
// to it.
type verdict struct {
	broken bool
	sign   Sign
	page   netgpu.PageID
	what   string
}

// report records what is wrong, unless something was before, or it is the
// application's own affair (see ownAffair).
func (w *World) report(s Sign, page netgpu.PageID, what string) {
	if !w.verdict.broken && !w.ownAffair(s) {
		w.verdict = verdict{true, s, page, what}
	}
}

// ownAffair says whether a sign is what an application that does not keep to the
// protocol does to itself: to its own data, its own rings, its own pages.
func (w *World) ownAffair(s Sign) bool {
	c := &w.config
	switch s {
	case StaleEntry, RingOverrun, PageLost, Stuck, Livelock, Starved:
		return c.Hostile > 0
	case WrongData, PageShared:
		return c.Hostile > 0 || c.Impatient || c.SharedArea
	case ChangedInFlight:
		return c.Hostile > 0 || c.Impatient
	}
	return false
}

// Codes of violations: those that the model has a diagnosis for, then those that
// only show.
const signCode search.Code = 128

// violation is what a search calls what is wrong with the present state; 0 if all is
// well. The model's diagnosis comes first: it names the root cause of what shows.
func (w *World) violation() search.Code {
	cause, diagnosed := w.module.FirstCause()
	if diagnosed && !w.blind && w.counts(cause) {
		return search.Code(cause) + 1
	}
	if w.verdict.broken {
		return signCode + search.Code(w.verdict.sign)
	}
	return 0
}

// counts says whether a diagnosis is a violation here, as ownAffair does for signs.
func (w *World) counts(cause netgpu.Cause) bool {
	c := &w.config
	switch cause {
	case netgpu.BatchOverwritten, netgpu.RecycleThroughNull, netgpu.NoRekick:
		return c.Hostile == 0
	case netgpu.TxModified, netgpu.TxRecycled:
		return c.Hostile == 0 && !c.Impatient
	case netgpu.RecycledTwice, netgpu.DeliveredTwice, netgpu.Misplaced, netgpu.AppWhilePosted:
		return c.Hostile == 0 && !c.SharedArea
	case netgpu.PostedTwice, netgpu.PostedOverData:
		return c.Hostile == 0 && !c.SharedArea || w.verdict.broken // the structures show it, too
	}
	return true
}

// judge looks at the structures of the present state, of which encode has made a census.
func (w *World) judge(c *netgpu.Census) {
	if w.verdict.broken {
		return
	}
	switch {
	case c == nil:
	case c.Twice != netgpu.NoPage:
		w.report(PagePostedTwice, c.Twice, "a page is in two structures of kernel or NIC")
	case c.Shared != netgpu.NoPage:
		w.report(PageShared, c.Shared, "a page is with the application and in a structure of kernel or NIC")
	case c.Lost != netgpu.NoPage:
		w.report(PageLost, c.Lost, "a page is in no structure, and the application does not have it")
	case c.Cache != "":
		w.report(CacheMiscounted, netgpu.NoPage, c.Cache)
	default:
		w.report(RingOverrun, netgpu.NoPage, fmt.Sprintf("the indices of the %v ring are out of order, or it has more entries than slots", c.Overrun))
	}
	if id := w.changedInFlight(); id != netgpu.NoPage {
		w.report(ChangedInFlight, id, "a page that TCP may send again is not what it was when it was sent")
	}
	if w.allClosed() {
		w.judgeTeardown()
	}
}

// judgeTeardown looks at what is left when everything of the application is closed.
func (w *World) judgeTeardown() {
	left := w.module.Registered()
	if w.neighbour != nil {
		left-- // its page
	}
	regions, queues, sockets := w.module.Objects()
	files := w.codec.Files()
	if w.neighbour != nil {
		regions, queues, sockets, files = regions-1, queues-1, sockets-1, files-4
	}
	if left > 0 || w.account.LockedPages != 0 || regions+queues+sockets+files > 0 {
		w.report(NotReturned, netgpu.NoPage, fmt.Sprintf("everything is closed; %d pages are still registered, %d locked; %d regions, %d queues, %d sockets and %d files are left",
			left, w.account.LockedPages, regions, queues, sockets, files))
	}
}

// pending says whether there is something that must go on without new packets: data
// that has arrived, an actor in the middle of something, or a receive queue without
// buffers.
func (w *World) pending() bool {
	s := &w.state
	if s.closing || s.revoking || s.revoked || w.socket.Failed() {
		return len(s.freeing) > 0 || s.irq.at != irqIdle || s.revoking && !s.closing
	}
	return w.config.Sends && s.send.at != sendIdle || len(s.cq)+len(s.queue)+len(s.freeing) > 0 || s.irq.at != irqIdle || s.app.at != appIdle ||
		w.socket.Readable() || len(s.rq) == 0 && w.queueOpen()
}
