package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// appState is where the application's receive loop stands.
type appState struct {
	at     uint8
	asleep bool            // its last poll found nothing
	posted bool            // by the delivery that its poll has resumed
	hand   []netgpu.PageID // buffers taken and not yet recycled
	echoed []netgpu.PageID // buffers that it waits for the completion of
}

// Where the application can stand.
const (
	appIdle = iota
	appTaking
	appRecycling
	appSubmitting
	appKicked     // its poll delivers
	appKickedFull // ... and met a full ring
	appKickedStop // ... and has published what it could
)

// appNext is what the application may do next.
func (w *World) appNext(dst []search.Action) []search.Action {
	s := &w.state
	switch s.app.at {
	case appIdle:
		if s.closing {
			break
		}
		if (w.socket.Readable() && !w.socket.Failed() || !s.app.asleep) && w.rxInOrder() {
			dst = append(dst, appPoll)
		}
		if len(s.app.echoed) > 0 && w.completions {
			dst = append(dst, appCompletion)
		}
		if _, ok := w.freePage(); ok && w.queueOpen() && w.queue.Writable() && w.fillInOrder() {
			dst = append(dst, appGive)
		}
	case appTaking:
		dst = append(dst, appTake)
	case appRecycling:
		dst = append(dst, appRecycle)
	case appSubmitting:
		dst = append(dst, appSubmit)
	case appKicked:
		dst = append(dst, w.deliverNext(appDeliver, appKickSubmit))
	case appKickedFull:
		dst = append(dst, appKickSubmit)
	case appKickedStop:
		dst = append(dst, appKickRearm)
	}
	return dst
}

// appStep carries out a step of the application.
func (w *World) appStep(a search.Action) {
	s := &w.state
	switch a {
	case appPoll:
		w.poll()
	case appDeliver, appKickSubmit, appKickRearm:
		w.delivery(&s.app.at, &s.app.posted, a-appDeliver, appKicked, appIdle)
	case appTake:
		w.take()
	case appRecycle:
		w.recycle()
	case appSubmit:
		w.queue.SubmitFill()
		s.app.at, s.app.asleep = appIdle, false
	case appGive:
		id, _ := w.freePage()
		w.queue.Recycle(w.address(id))
		w.queue.SubmitFill()
	case appCompletion:
		if _, ok := w.socket.TakeCompletion(); ok {
			s.app.hand = append(s.app.hand, s.app.echoed[0])
			s.app.echoed = pop(s.app.echoed)
			s.app.at = appRecycling
		}
	}
}

// poll is the poll of the receive loop, and the library's batch call if it says that
// there is something.
func (w *World) poll() {
	s := &w.state
	switch {
	case s.locked == unlocked && w.socket.Kick():
		s.app.at, s.locked = appKicked, lockedBySyscall
	case !w.socket.Readable():
		s.app.asleep = true
	case w.socket.Batch(uint32(w.config.Batch)) > 0:
		s.app.at = appTaking
	default:
		s.app.asleep = true
	}
	if !w.rekicks && s.app.at == appIdle {
		s.app.asleep = true
	}
}

// take reads one iovec of the batch and checks that it is the data that is due.
func (w *World) take() {
	s := &w.state
	iov, ok := w.socket.Take()
	id, known := w.pageAt(iov.Base)
	if !ok || !known {
		w.report(StaleEntry, netgpu.NoPage, "the application read a slot of the rx ring that holds no buffer of its own")
	} else {
		w.accept(id)
	}
	if w.socket.Unread() == 0 {
		s.app.at = appRecycling
		if len(s.app.hand) == 0 {
			s.app.at, s.app.asleep = appIdle, false
		}
	}
}

// accept is a buffer with data, which the application checks, and perhaps sends back.
func (w *World) accept(id netgpu.PageID) {
	s := &w.state
	w.module.AppRead(id)
	if w.codec.Tags[id] != s.due {
		w.report(WrongData, id, "the application got the data of another fragment than the one that was due")
	}
	s.due++
	if !w.config.Echo || !w.echo(id) {
		s.app.hand = append(s.app.hand, id)
	}
}

// echo sends from a buffer that has just been received. It says whether the buffer
// must be kept until the send is completed.
func (w *World) echo(id netgpu.PageID) bool {
	if !w.sendPage(id, false) {
		return false
	}
	if !w.completions || w.config.Impatient {
		return false // nothing tells it
	}
	w.state.app.echoed = append(w.state.app.echoed, id)
	return true
}

// recycle gives the first buffer in hand back.
func (w *World) recycle() {
	s := &w.state
	if w.queueOpen() && w.fillInOrder() && (w.config.Overfill || w.queue.FillSpace() > 0) {
		w.queue.Recycle(w.address(s.app.hand[0]))
	}
	s.app.hand = pop(s.app.hand) // without a slot it stays the application's: appGive
	if len(s.app.hand) == 0 {
		s.app.at = appSubmitting
	}
}

// freePage is the buffer that the application gives next: one that it has, that is
// not on its way through the receive loop and, as far as it can know, no longer
// being sent.
func (w *World) freePage() (netgpu.PageID, bool) {
	if w.state.revoking || w.state.revoked || len(w.state.app.hand) > 0 {
		return 0, false
	}
	// Of pages that differ, the choice must not depend on their numbers.
	best, bestKey := netgpu.NoPage, 0
	for id := w.first; id < w.first+netgpu.PageID(w.totalPages()); id++ {
		if w.module.Place(id) != netgpu.App || w.reserved(id) {
			continue
		}
		key := 2 * w.module.InFlight(id)
		if w.module.Suspect(id) {
			key++
		}
		if best == netgpu.NoPage || key < bestKey {
			best, bestKey = id, key
		}
	}
	return best, best != netgpu.NoPage
}

// reserved says whether the application has other plans with a page of its own.
func (w *World) reserved(id netgpu.PageID) bool {
	if w.config.Sends && id == w.state.send.buffer {
		return true
	}
	for _, e := range w.state.app.echoed {
		if e == id {
			return true
		}
	}
	return false
}

// totalPages includes the sender's own buffer.
func (w *World) totalPages() int {
	if w.config.Sends {
		return w.config.Pages + 1
	}
	return w.config.Pages
}

func (w *World) address(id netgpu.PageID) uint64 {
	return regionBase + uint64(id-w.first)*netgpu.PageSize
}

func (w *World) pageAt(va uint64) (netgpu.PageID, bool) {
	n := (va - regionBase) / netgpu.PageSize
	return w.first + netgpu.PageID(n), n < uint64(w.totalPages())
}
