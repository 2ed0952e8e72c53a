package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// Partial-order reduction: in some states the search follows the steps of some actors
// only (a persistent set), because whatever the others do before these steps they can
// do after them, with the same outcome.
//
//   - A private step neither reads what another actor may write nor writes what
//     another may read: it is taken alone.
//   - In the middle of softirq's poll, nothing that softirq, the application or a
//     process can do next makes a difference to the NIC, nor the other way round: the
//     NIC appends to a CQ from which softirq has taken what it needs, and takes from
//     an RQ to which softirq appends. Packets can wait until softirq is idle.
//   - Likewise a process that frees sockets can wait while softirq is busy with rings
//     and posted buffers, unless the application's poll is about to look at the socket.
//
// Two more things are needed:
//
//   - no invariant becomes true again by a step that is taken first, so what the
//     others break is broken afterwards as well;
//   - nobody is put off for ever: the loop of every actor has a step at which all are
//     followed. Softirq's is where it is idle; a private step is never all of a loop.
//
// What is argued here is tested in TestReductionFindsWhatTheFullSearchFinds.

// reducible says whether that holds at all: not where anybody may write rings or take
// memory away behind the others' back.
func (c *Config) reducible() bool {
	return c.Hostile == 0 && c.Bogus == 0 && !c.Revoke && !c.Teardown && !c.SharedArea && !c.Linear
}

// prepare notes what of the configuration and the variant the steps depend on.
func (w *World) prepare(v netgpu.Variant) {
	c := &w.config
	w.lateComplete = v.Repairs.Has(netgpu.CompleteAfterRead)
	w.hasProcesses = c.Reset || c.Teardown || c.Revoke || c.Linear
	w.hasNumbers = c.Sends || c.Echo || c.Hostile > 0
	w.hasOthers = c.Hostile > 0 || c.Bogus > 0 || c.Neighbour || c.SharedArea || c.AllocFails > 0
}

// followed appends the steps that the search follows in the present state: all that
// are enabled, or a part of them that is enough.
func (w *World) followed(dst []search.Action) []search.Action {
	if !w.reduce || w.state.irq.at == irqIdle {
		dst = w.softirqNext(dst)
		dst = w.appNext(dst)
		if w.reduce {
			if one, ok := w.privateStep(dst); ok {
				return one
			}
		}
		return w.othersEnabled(w.nicNext(dst))
	}
	dst = w.softirqNext(dst)
	if len(dst) == 1 && w.privateSoftirq(dst[0]) {
		return dst
	}
	softirq := len(dst)
	dst = w.appNext(dst)
	if apps := dst[softirq:]; len(apps) == 1 && w.privateApp(apps[0]) {
		dst[0] = apps[0]
		return dst[:1]
	}
	if w.hasProcesses && softirq == 1 && w.onRings(dst[0]) && !w.looksAtSocket(dst[softirq:]) {
		return w.sendersEnabled(dst)
	}
	if softirq == 0 { // softirq waits for the socket
		dst = w.nicNext(dst)
	}
	return w.othersEnabled(dst)
}

// privateStep picks from the steps of softirq and of the application, in this order,
// the only one that its actor can take, if that is private.
func (w *World) privateStep(steps []search.Action) ([]search.Action, bool) {
	n := 0
	for n < len(steps) && steps[n] < appPoll {
		n++
	}
	if n == 1 && w.privateSoftirq(steps[0]) {
		return steps[:1], true
	}
	if len(steps) == n+1 && w.privateApp(steps[n]) {
		steps[0] = steps[n]
		return steps[:1], true
	}
	return nil, false
}

func (w *World) privateSoftirq(a search.Action) bool {
	c := &w.config
	switch a {
	case irqPollCQ:
		// The NIC appends to the other end of the CQ; unused pages go to the napi part
		// of the cache, which is softirq's own.
		return c.AllocFails == 0
	case irqGet:
		napi, _ := w.queue.Cached()
		return napi > 0
	case irqGiveBack:
		return c.AllocFails == 0
	case irqDrop:
		// The any part is shared with whoever else frees fragments.
		return !w.hasProcesses && c.AllocFails == 0 && !c.Echo
	case irqInput:
		// Resets and the application's poll look at the receive queue.
		return !w.hasProcesses && !w.rekicks
	case irqDeliver:
		// A slot that is not published, if batches are read before they are given back.
		return w.lateComplete && w.socket.KnownSpace() > 0
	}
	return false
}

func (w *World) privateApp(a search.Action) bool {
	switch a {
	case appTake:
		return w.lateComplete && w.socket.Unread() > 1 && !w.config.Echo
	case appRecycle:
		return w.queue.KnownFillSpace() > 0
	}
	return false
}

// onRings says whether a step of softirq touches nothing but rings, what it has in
// hand and posted buffers.
func (w *World) onRings(a search.Action) bool {
	switch a {
	case irqDeliver, irqSubmit, irqRearm, irqComplete, irqPost:
		return true
	case irqGet:
		napi, _ := w.queue.Cached()
		return napi > 0
	}
	return false
}

// looksAtSocket says whether one of the application's steps may resume delivery.
func (w *World) looksAtSocket(steps []search.Action) bool {
	for _, a := range steps {
		if a == appPoll && w.rekicks || a == appDeliver || a == appKickSubmit || a == appKickRearm {
			return true
		}
	}
	return false
}
