package host

import (
	"netgpusim/netgpu"
	"netgpusim/sim"
)

// sendTurn says from which of its buffers a zero-copy sender sends next, and whether
// it may. In the patches nothing tells: it goes round and sends. With TxCompletion a
// buffer that has been sent from is the kernel's until its completion is taken off the
// completion ring. Completions come in the order of the sends, so the buffer whose
// turn it is has been waiting longest.
type sendTurn struct {
	completions bool
	buffers     int
	present     int        // the buffer of the present send, or of the last one
	busy        int        // sends begun whose completion has not been taken
	began       []sim.Time // of the last send from each buffer

	waiting bool     // for a completion
	since   sim.Time // it waits
	uses    completionUse
}

// completionUse is what completions did to a sender, since the start.
type completionUse struct {
	taken  int64
	held   sim.Time // from the begin of a send until its completion was taken, summed
	waited sim.Time // with nothing to do but wait for one
}

// sub is what came after base.
func (u completionUse) sub(base completionUse) completionUse {
	return completionUse{u.taken - base.taken, u.held - base.held, u.waited - base.waited}
}

func (t *sendTurn) init(buffers int, completions bool) {
	t.buffers, t.present, t.completions = buffers, buffers-1, completions
	if completions {
		t.began = make([]sim.Time, buffers)
	}
}

// until is the use with what is not over yet at time now.
func (t *sendTurn) until(now sim.Time) completionUse {
	u := t.uses
	if t.waiting {
		u.waited += max(now-t.since, 0)
	}
	return u
}

// startSend is the begin of a sendmsg: the next buffer, new data in it if it is to be
// modified. False if the buffer is still the kernel's, or the completion ring has no
// room for another completion (EAGAIN); then the sender waits for a completion. In
// both cases a send is under way, so one will come.
func (t *thread) startSend(c *Core) bool {
	b := &t.sock.tx
	if !b.zeroCopy {
		return true
	}
	turn := &b.turn
	next := (turn.present + 1) % turn.buffers
	if turn.completions {
		t.takeCompletions(c)
		if turn.busy == turn.buffers || b.sock.StartSend(uint64(next)) != netgpu.OK {
			if !turn.waiting {
				turn.waiting, turn.since = true, c.cursor
			}
			return false
		}
		turn.busy++
		turn.began[next] = c.cursor
	}
	turn.present = next
	if spec := &t.sock.host.spec.App; spec.Modify {
		b.modify(t.sock.host.module, spec.SendSize)
	}
	return true
}

// takeCompletions takes what is in the completion ring. The application maps it, so
// that looking is free; a sender that had to wait has been in poll.
func (t *thread) takeCompletions(c *Core) {
	turn, spec := &t.sock.tx.turn, &t.sock.host.spec.CPU
	for {
		buffer, ok := t.sock.tx.sock.TakeCompletion()
		if !ok {
			return
		}
		if turn.waiting {
			turn.waiting = false
			turn.uses.waited += c.cursor - turn.since
			c.charge(FnPollCall, spec.Poll)
		}
		c.charge(FnApp, spec.AppIovec)
		turn.uses.taken++
		turn.uses.held += c.cursor - turn.began[buffer]
		turn.busy--
	}
}

// mayGoOn says whether a sender that sleeps, or is about to, has what it waits for.
func (t *thread) mayGoOn() bool {
	if t.sock.tx.turn.waiting {
		return t.sock.tx.sock.Completions().Occupancy() > 0
	}
	return t.remaining == 0 || t.sock.ep.WriteReady()
}
