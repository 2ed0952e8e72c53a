package explore

import (
	"bytes"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// enabled appends what can happen in the present state.
func (w *World) enabled(dst []search.Action) []search.Action {
	dst = w.softirqNext(dst)
	dst = w.appNext(dst)
	return w.othersEnabled(w.nicNext(dst))
}

// othersEnabled appends what is neither softirq's, nor the receive loop's, nor the
// NIC's.
func (w *World) othersEnabled(dst []search.Action) []search.Action {
	dst = w.sendersEnabled(dst)
	if w.hasProcesses {
		dst = w.processNext(dst)
	}
	if w.hasOthers {
		dst = w.hostileNext(dst)
		dst = w.othersNext(dst)
	}
	return dst
}

func (w *World) sendersEnabled(dst []search.Action) []search.Action {
	if w.config.Sends || w.config.Echo {
		dst = w.senderNext(dst)
	}
	return dst
}

// step carries out an action that is enabled.
func (w *World) step(a search.Action) {
	if w.count != nil {
		w.count[a]++
	}
	switch {
	case a < irqPollCQ:
		w.nicStep(a)
	case a < appPoll:
		w.softirqStep(a)
	case a < sendWrite:
		w.appStep(a)
	case a < procReset:
		w.senderStep(a)
	case a < hostileFillBad:
		w.processStep(a)
	case a < neighbourCycle:
		w.hostileStep(a)
	default:
		w.othersStep(a)
	}
}

// Expand implements search.System. It runs on a goroutine of the search, where a panic
// of the model would end the program: it is kept for visit to raise where somebody can
// handle it.
func (w *World) Expand(state []byte, out *search.Successors) {
	defer func() {
		if p := recover(); p != nil && w.crash == nil {
			w.crash = p
		}
	}()
	w.decode(state)
	pending := w.pending()
	w.actions = w.followed(w.actions[:0])
	moved := false
	for i, a := range w.actions {
		if w.expandOne(a, state, out, i > 0) && !environment(a) {
			moved = true
		}
	}
	if pending && !moved {
		if c := w.stuckCode(state); c != 0 {
			out.StateViolation(c)
		}
	}
	if !pending {
		out.Goal()
	}
}

// expandOne reports the successor by one action. It says whether there is one: an
// action that changes nothing leads nowhere.
func (w *World) expandOne(a search.Action, state []byte, out *search.Successors, restore bool) bool {
	if restore {
		w.decode(state)
	}
	w.verdict.broken = false
	w.step(a)
	next, census := w.encode(out.Buffer())
	w.judge(census)
	if c := w.violation(); c != 0 {
		out.Violation(a, c)
		return true
	}
	if bytes.Equal(next, state) {
		return false
	}
	out.Add(a, next)
	return true
}

// stuckCode is the violation of a state in which nothing goes on: the model's
// diagnosis if it has one.
func (w *World) stuckCode(state []byte) search.Code {
	w.decode(state)
	w.verdict.broken = false
	w.module.CheckQuiescent()
	if s := &w.state; len(s.rq)+len(s.cq)+len(s.queue) == 0 && s.irq.at == irqIdle {
		w.report(Starved, netgpu.NoPage, "no buffer is posted, and no refill will start although there are pages")
	}
	w.report(Stuck, netgpu.NoPage, "data that has arrived waits for something that nobody will do")
	return w.violation()
}
