package netgpu

import "fmt"

// Ledger says where every page is and what has gone wrong. It is the bookkeeper
// that the kernel does not have: nothing in the protocol reads it. One byte per
// page and one count per place make a move cost about a nanosecond.
type Ledger struct {
	// Stamp is copied into violations: the driver's time, or its step number.
	Stamp int64

	place  []uint8 // by PageID: a Place and flags
	counts [placeCount]int64

	duplicated int64 // pages that were found in two places
	lostBefore int64 // pages that were lost when their region went

	violations []Violation
	position   [causeCount]uint8 // 1 + index into violations; 0: has not occurred
}

// Flags beside the place in Ledger.place. A page with a flag misses the fast path
// of move.
const (
	placeMask     = 0x0f
	flagDuplicate = 0x40 // has been found in two places
	flagRevoked   = 0x80 // its region went while the kernel held the page
)

// Place returns where page is; Unregistered for a page that does not exist.
func (l *Ledger) Place(page PageID) Place {
	if int(page) >= len(l.place) {
		return Unregistered
	}
	return Place(l.place[page] & placeMask)
}

// Suspect says whether page has ever been found in two places, so that where it counts
// as being is the latest claim.
func (l *Ledger) Suspect(page PageID) bool {
	return int(page) < len(l.place) && l.place[page]&flagDuplicate != 0
}

// Counts returns the number of pages in each place, indexed by Place. Unregistered
// are PageIDs that are free at the moment.
func (l *Ledger) Counts() [PlaceCount]int64 { return l.counts }

// Registered is the number of pages of all regions.
func (l *Ledger) Registered() int64 {
	var n int64
	for p := App; p < placeCount; p++ {
		n += l.counts[p]
	}
	return n
}

// Lost is the number of pages that nobody has any more, those of regions that are
// gone included. 0 in a correct run.
func (l *Ledger) Lost() int64 { return l.counts[Lost] + l.lostBefore }

// Duplicated is the number of pages that were ever found in two places. 0 in a
// correct run.
func (l *Ledger) Duplicated() int64 { return l.duplicated }

// grow makes room for pages below n.
func (l *Ledger) grow(n int) {
	if more := n - len(l.place); more > 0 {
		l.place = append(l.place, make([]uint8, more)...)
		l.counts[Unregistered] += int64(more)
	}
}

// move records that page went from one place to another. If it was not at from,
// that is a violation by cause, and the page is marked as duplicated. Then it
// counts as being at to, the latest claim; only an entry in a fill ring is no
// claim against whoever has the page already. Once a page is marked, what can be a
// consequence of that is not reported.
func (l *Ledger) move(page PageID, from, to Place, cause Cause) {
	if int(page) < len(l.place) && l.place[page] == uint8(from) {
		l.place[page] = uint8(to)
		l.counts[from]--
		l.counts[to]++
		return
	}
	l.moveSlow(page, from, to, cause)
}

func (l *Ledger) moveSlow(page PageID, from, to Place, cause Cause) {
	if int(page) >= len(l.place) {
		if v := l.violate(UnknownPage, page); v != nil {
			v.What = fmt.Sprintf("page %d does not exist; meant to go from %v to %v", page, from, to)
		}
		return
	}
	flags := l.place[page] &^ placeMask
	at := Place(l.place[page] & placeMask)
	if at == Unregistered {
		if v := l.violate(UnknownPage, page); v != nil {
			v.What = fmt.Sprintf("page %d belongs to no region; meant to go from %v to %v", page, from, to)
		}
		return
	}
	if at != from && !l.harmless(at, from, to) {
		if flags&flagDuplicate == 0 || !cause.consequence() {
			if v := l.violate(cause, page); v != nil {
				v.What = fmt.Sprintf("page %d was in %v, not in %v, when it went to %v", page, at, from, to)
			}
		}
		if flags&flagDuplicate == 0 {
			flags |= flagDuplicate
			l.duplicated++
		}
		if to == FillRing {
			to = at
		}
	}
	if flags&flagRevoked != 0 && !to.heldByKernel() {
		// The last kernel pointer to a page without a region is gone.
		flags, to = 0, Unregistered
	}
	l.counts[at]--
	l.counts[to]++
	l.place[page] = uint8(to) | flags
}

// harmless says which moves from another place than expected break no rule: the
// application may write a fill ring slot by hand instead of through the library
// (then the ledger still has the page with the application when the kernel takes
// it), and it may put a lost buffer back into circulation.
func (l *Ledger) harmless(at, from, to Place) bool {
	return from == FillRing && to == Driver && (at == App || at == Lost) ||
		from == App && to == FillRing && at == Lost
}

// register puts page, which must be Unregistered, into the application's hands.
func (l *Ledger) register(page PageID) {
	l.place[page] = uint8(App)
	l.counts[Unregistered]--
	l.counts[App]++
}

// unregister takes page out of its region. A page that the kernel still holds
// keeps its place, marked, until the kernel lets go.
func (l *Ledger) unregister(page PageID) {
	at := Place(l.place[page] & placeMask)
	if at.heldByKernel() {
		l.place[page] |= flagRevoked
		return
	}
	if at == Lost {
		l.lostBefore++
	}
	l.counts[at]--
	l.counts[Unregistered]++
	l.place[page] = uint8(Unregistered)
}
