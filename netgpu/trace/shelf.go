package trace

import "netgpusim/netgpu"

// The page cache of an implementation that the model does not know may give out its
// pages in any order, but the model's gives out the last one that was put in. So where
// the order is free, each group of pages is cached in an interface queue of its own, a
// shelf, whose chunk holds the whole group. To take a page, all of its group that is
// cached is taken and the others are put back: what happens to the page is what
// happens in the model, and no list of chunks ever comes about, whose order and whose
// faults would be those of rfc-v2.

// shelfPages is the number of pages of a group: those of one chunk of the model's page
// cache (NETGPU_CACHE_COUNT, patch 10).
const shelfPages = 63

// shelf is an interface queue that caches the pages of one group.
type shelf struct {
	process *netgpu.Process
	fd      netgpu.FD
	queue   *netgpu.IfQueue
	index   uint32 // where its fill ring stands
	others  []netgpu.PageID
}

// shelves are the shelves of one queue of the trace, by PageID / shelfPages.
type shelves []*shelf

// shelfOf returns the shelf of a page, of the queue r; of its context if r has none.
// nil if the device has no receive queue left for it.
func (m *model) shelfOf(r *ring, id netgpu.PageID) *shelf {
	at := int(id) / shelfPages
	set := &m.scopes[r.contextID].shelves
	if r.kind == Fill {
		set = &r.shelves
	}
	for len(*set) <= at {
		*set = append(*set, nil)
	}
	if (*set)[at] == nil {
		(*set)[at] = m.newShelf(r.contextID)
	}
	return (*set)[at]
}

// newShelf binds a queue. A process has only so many files, so a process full of
// shelves hands the context on to another.
func (m *model) newShelf(contextID int) *shelf {
	s := &m.scopes[contextID]
	for range 2 {
		if s.keeper == nil {
			s.keeper = m.module.NewProcess(&netgpu.Account{}, true)
			s.keeperFD, _ = m.process.Pass(s.fd, s.keeper) // an empty process has room
		}
		b := netgpu.BindParams{QueueID: netgpu.AnyQueue, Fill: netgpu.QueueParams{ElementBytes: 8, Entries: 2}}
		fd, errno := s.keeper.BindQueue(s.keeperFD, &b)
		switch errno {
		case netgpu.OK:
			return &shelf{process: s.keeper, fd: fd, queue: s.keeper.IfQueueAt(fd)}
		case netgpu.EMFILE:
			s.keeper = nil
		default:
			return nil
		}
	}
	return nil
}

// cached says whether a page is in a cache as far as the model knows.
func (m *model) cached(id netgpu.PageID) bool {
	at := m.module.Place(id)
	return at == netgpu.NapiCache || at == netgpu.AnyCache
}

// takeCached takes a page out of the cache into the driver's hands; false if it is not
// on this shelf.
func (s *shelf) takeCached(id netgpu.PageID) bool {
	s.others = s.others[:0]
	found := false
	for range shelfPages + 2 { // with the two entries of the fill ring
		got, errno := s.queue.GetPage()
		if errno == netgpu.ENOMEM || errno == netgpu.EINVAL {
			break
		}
		if found = got == id && errno == netgpu.OK; found {
			break
		}
		if errno == netgpu.OK {
			s.others = append(s.others, got)
		}
	}
	for i := len(s.others) - 1; i >= 0; i-- {
		s.queue.PutNapi(s.others[i])
	}
	s.queue.FillComplete()
	return found
}

// take gives a page that is not cached to the driver, as if it were the next in a fill
// ring. An application may write a slot by hand.
func (s *shelf) take(id netgpu.PageID, va uint64) bool {
	fill := s.queue.Fill()
	*fill.Slot(s.index) = va
	s.index++
	fill.StoreProd(s.index)
	return s.takeCached(id)
}

// takeStray is takeCached for a page that was put back before its queue was known: it
// is on a shelf of a context.
func (m *model) takeStray(id netgpu.PageID) bool {
	at := int(id) / shelfPages
	for i := range m.scopes {
		if set := m.scopes[i].shelves; at < len(set) && set[at] != nil && set[at].takeCached(id) {
			return true
		}
	}
	return false
}

// close closes the queues of all shelves.
func (set shelves) close() {
	for _, s := range set {
		if s != nil {
			s.process.Close(s.fd)
		}
	}
}
