package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// sendState is where a thread of the application stands that sends from one buffer
// of its own, over and over, as iperf3 does.
type sendState struct {
	at      uint8
	version uint8 // of the buffer's content: 0 or 1
	buffer  netgpu.PageID
}

// Where the sender can stand.
const (
	sendIdle    = iota // it may change the buffer
	sendWritten        // it may send it
	sendSent           // it waits for the completion
)

// flightMax bounds the fragments in flight: two sends show all that more would.
const flightMax = 2

func (w *World) senderNext(dst []search.Action) []search.Action {
	s := &w.state
	if len(s.flight) > 0 {
		dst = append(dst, tcpAck)
	}
	if !w.config.Sends || s.closing || s.revoking || s.revoked {
		return dst
	}
	switch s.send.at {
	case sendIdle:
		dst = append(dst, sendWrite)
	case sendWritten:
		if len(s.flight) < flightMax {
			dst = append(dst, sendSend)
		}
	case sendSent:
		dst = append(dst, sendCompletion)
	}
	if w.config.Overdraw && len(s.flight) == 0 {
		dst = append(dst, sendOverdraw)
	}
	return dst
}

func (w *World) senderStep(a search.Action) {
	s := &w.state
	switch a {
	case sendWrite:
		w.module.AppWrite(s.send.buffer)
		s.send.version ^= 1
		s.send.at = sendWritten
	case sendSend:
		if w.sendPage(s.send.buffer, true) {
			s.send.at = sendIdle
			if w.completions {
				s.send.at = sendSent
			}
		}
	case sendCompletion:
		if _, ok := w.socket.TakeCompletion(); ok {
			s.send.at = sendIdle
		}
	case sendOverdraw:
		var fragments [netgpu.MaxFragments]netgpu.TxFragment
		last := w.first + netgpu.PageID(w.totalPages()-1)
		n, _, e := w.socket.AttachPages(netgpu.Iovec{Base: w.address(last), Len: 2 * netgpu.PageSize}, fragments[:])
		if e == netgpu.OK {
			w.report(OutsideRegion, last, "sendmsg accepted addresses behind the region")
		}
		for _, f := range fragments[:n] {
			w.socket.ReleaseTx(f.Page)
		}
	case tcpAck:
		f := s.flight[0]
		s.flight = s.flight[:copy(s.flight, s.flight[1:])]
		w.socket.ReleaseTx(f.page)
	}
}

// sendPage is one sendmsg of one page; false if it was not accepted.
func (w *World) sendPage(id netgpu.PageID, own bool) bool {
	s := &w.state
	if len(s.flight) >= flightMax || w.socket.StartSend(0) != netgpu.OK {
		return false
	}
	var fragments [1]netgpu.TxFragment
	n, _, e := w.socket.AttachPages(netgpu.Iovec{Base: w.address(id), Len: netgpu.PageSize}, fragments[:])
	w.socket.EndSend()
	if e != netgpu.OK || n != 1 {
		return false
	}
	want := w.codec.Tags[id]
	if own {
		want = s.send.version
	}
	s.flight = append(s.flight, fragment{page: id, own: own, want: want})
	return true
}

// changedInFlight says whether what TCP may have to send again is still what was
// sent: the first fragment that is not, NoPage if all are.
func (w *World) changedInFlight() netgpu.PageID {
	for _, f := range w.state.flight {
		got := w.codec.Tags[f.page]
		if f.own {
			got = w.state.send.version
		}
		if got != f.want {
			return f.page
		}
	}
	return netgpu.NoPage
}
