package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// hostileNext is what an application may write into its own rings, as often as the
// configuration allows, between the steps of its loop.
func (w *World) hostileNext(dst []search.Action) []search.Action {
	if w.state.hostile == 0 || w.state.closing {
		return dst
	}
	for a := hostileFillBad; a <= hostileRxSlot; a++ {
		switch {
		case a > hostileFillBad && w.config.Bogus > 0:

		case a == hostileFillOther && w.neighbour == nil:
		case a <= hostileFillOther && !w.fillHasRoom():
		case a == hostileFillPage && w.foreignPage() == netgpu.NoPage:
		default:
			dst = append(dst, a)
		}
	}
	return dst
}

func (w *World) hostileStep(a search.Action) {
	w.state.hostile--
	fill, rx := w.queue.Fill(), w.socket.Rx()
	prod, cons := fill.Shared()
	rxProd, rxCons := rx.Shared()
	switch a {
	case hostileFillBad:
		w.enter(badAddress)
	case hostileFillPage:
		w.enter(w.address(w.foreignPage()))
	case hostileFillOther:
		w.enter(neighbourBase)
	case hostileFillProdAhead:
		fill.StoreProd(cons + fill.Entries() + 1)
	case hostileFillProdBack:
		fill.StoreProd(prod - 1)
	case hostileFillCons:
		fill.StoreCons(prod + 1)
	case hostileRxCons:
		rx.StoreCons(rxProd + 1)
	case hostileRxProd:
		rx.StoreProd(rxCons + rx.Entries() + 1)
	case hostileRxSlot:
		rx.Slot(rxCons).Base = badAddress
	}
}

// enter puts any address into the fill ring.
func (w *World) enter(va uint64) {
	w.queue.Recycle(va)
	w.queue.SubmitFill()
}

// foreignPage is a page that the application does not have: the NIC's if there is one,
// NoPage if there is none.
func (w *World) foreignPage() netgpu.PageID {
	s := &w.state
	switch {
	case len(s.rq) > 0:
		return s.rq[0]
	case len(s.queue) > 0:
		return s.queue[0]
	case len(s.irq.pages) > 0:
		return s.irq.pages[0]
	case len(s.cq) > 0:
		return s.cq[0].pages[0]
	}
	return netgpu.NoPage
}

// othersNext is what the neighbour and the second context do.
func (w *World) othersNext(dst []search.Action) []search.Action {
	s := &w.state
	if w.neighbour != nil {
		dst = append(dst, neighbourCycle)
	}
	if w.config.SharedArea {
		if len(s.app.hand) > 0 && w.other.Writable() {
			dst = append(dst, otherGive)
		}
		if len(s.posted) == 0 {
			dst = append(dst, otherRefill)
		} else {
			dst = append(dst, otherReturn)
		}
	}
	if s.allocFails > 0 && w.module.Faults.ChunkAlloc == 0 {
		dst = append(dst, failAllocation)
	}
	return dst
}

func (w *World) othersStep(a search.Action) {
	s := &w.state
	switch a {
	case neighbourCycle:
		if stuck := w.neighbour.roundTrip(); stuck != "" {
			w.report(NeighbourAffected, w.neighbour.page, "the other application's page got stuck at "+stuck)
		}
	case otherGive:
		w.other.Recycle(w.address(s.app.hand[0]))
		w.other.SubmitFill()
	case otherRefill:
		if id, e := w.other.GetPage(); e == netgpu.OK {
			w.other.Post(id)
			s.posted = append(s.posted, id)
		}
		w.other.FillComplete()
	case otherReturn:
		w.other.PutNapi(s.posted[0])
		s.posted = pop(s.posted)
	case failAllocation:
		s.allocFails--
		w.module.Faults.ChunkAlloc = 1
	}
}

// roundTrip takes the page from the fill ring to the application and back. It says
// where the page got stuck, "" if it did not.
func (n *party) roundTrip() string {
	if !n.queue.CanRefill(1) {
		return "refill"
	}
	id, e := n.queue.GetPage()
	if e != netgpu.OK || id != n.page {
		return "get-page"
	}
	n.queue.Post(id)
	n.queue.FillComplete()
	n.queue.Receive(id)
	n.socket.Queue(id)
	if !n.socket.Deliver(id, 0, 1) {
		return "deliver"
	}
	n.socket.Submit()
	if n.socket.Batch(1) != 1 {
		return "batch"
	}
	iov, ok := n.socket.Take()
	if !ok || iov.Base != neighbourBase {
		return "take"
	}
	if !n.queue.Recycle(iov.Base) {
		return "recycle"
	}
	n.queue.SubmitFill()
	return ""
}

// rxInOrder and fillInOrder say whether the application can still use a ring whose
// indices it may have spoilt. The library would go on for ever with one that it
// cannot, which is its own affair and has no end.
func (w *World) rxInOrder() bool {
	if w.config.Hostile == 0 {
		return true
	}
	i := w.socket.RxIndices()
	return i.Prod-i.ConsumerCons <= w.socket.Rx().Entries()
}

// fillHasRoom says whether the application can enter something into the fill ring, as
// it would see if it looked.
func (w *World) fillHasRoom() bool {
	i := w.queue.FillIndices()
	return i.ProducerProd-i.Cons < w.queue.Fill().Entries()
}

func (w *World) fillInOrder() bool {
	if w.config.Hostile == 0 {
		return true
	}
	i := w.queue.FillIndices()
	return i.ProducerProd-i.Cons <= w.queue.Fill().Entries()
}
