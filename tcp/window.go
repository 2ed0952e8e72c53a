package tcp

import "netgpusim/sim"

// windowState decides what window to advertise. Sizes are bytes of the stream, of which
// memory holds fewer (winFromSpace).
type windowState struct {
	clamp     int64  // no window is larger (window_clamp); 0 before the handshake for no bound
	threshold int64  // largest window to advertise at present (rcv_ssthresh)
	grain     uint64 // windows travel in units of this
	scale     uint8  // offered in the SYN
	space     int64  // bytes that the reader took in the last measured round trip (rcvq_space)
	spaceFrom uint64 // where the present measurement began
	spaceAt   sim.Time

	rtt8     sim.Time // 8 * the receiver's estimate of the round trip, 0 if none (rcv_rtt_est)
	rttEcho  uint32   // echo that was measured last
	rttFrom  uint64   // when this has arrived, a window has been filled
	rttSince sim.Time // since then; 0 before the first data
}

// firstWindow chooses the window of a SYN or SYN-ACK and the scale that goes with it: whole
// segments in the receive buffer, at most 65535 (tcp_select_initial_window).
func (e *Endpoint) firstWindow() {
	r, w := &e.rcv, &e.rcv.win
	mss := int64(e.ownMSS())
	if e.state != SynSent {
		mss = int64(e.segmentOffered())
	}
	full := max(e.spec.winFromSpace(r.memory.buffer), 0)
	clamp := w.clampOr(maxUnscaledWindow << maxWindowScale)
	if r.memory.locked {
		clamp = min(clamp, full) // the application's buffer bounds the scale, too
	}
	space := min(clamp, full)
	if space > mss {
		space -= space % mss
	}
	r.wnd = uint64(min(space, maxUnscaledWindow))
	w.scale = windowScaleFor(min(clamp, max(int64(e.spec.ReceiveBuffer), int64(e.spec.ReceiveMax), space)))
	if e.opt.scaling {
		e.opt.rcvScale = w.scale
	}
	w.grain = 1 << e.opt.rcvScale
}

// startWindow sets the bounds of the windows that follow (tcp_init_buffer_space).
func (e *Endpoint) startWindow() {
	r, w := &e.rcv, &e.rcv.win
	mss := int64(r.advMSS)
	w.grain = 1 << e.opt.rcvScale
	w.space, w.spaceFrom, w.spaceAt = min(int64(r.wnd), 10*mss), r.copied, e.now
	most := int64(maxUnscaledWindow) << e.opt.rcvScale
	full := e.spec.winFromSpace(r.memory.buffer)
	if w.clamp = min(w.clampOr(most), full); w.clamp > 2*mss && w.clamp+mss > full {
		w.clamp = max(2*mss, full-mss) // one segment is reserved
	}
	w.threshold = min(int64(r.wnd), w.clamp)
}

// clampOr is the application's bound of the window, at most the given one.
func (w *windowState) clampOr(most int64) int64 {
	if w.clamp > 0 {
		return min(w.clamp, most)
	}
	return most
}

// advertise returns the window for the segment that goes now and remembers it
// (tcp_select_window): never below what was promised before (RFC 9293 section 3.8.6).
func (e *Endpoint) advertise() uint32 {
	r := &e.rcv
	old := r.wnd
	w := uint64(e.wantWindow())
	if room := r.room(); w < room {
		if w == 0 {
			e.mib.TCPWantZeroWindowAdv++
		}
		w = (room + r.win.grain - 1) &^ (r.win.grain - 1)
	}
	r.wnd, r.wup = w, r.nxt
	w = min(w, maxUnscaledWindow*r.win.grain) &^ (r.win.grain - 1)
	switch {
	case w == 0 && old != 0:
		e.mib.TCPToZeroWindowAdv++
	case w != 0 && old == 0:
		e.mib.TCPFromZeroWindowAdv++
	}
	return uint32(w)
}

// wantWindow is the window that the buffer's fill level allows, in whole grains; 0
// where it would be a silly one (__tcp_select_window, RFC 9293 section 3.8.6.2.2).
func (e *Endpoint) wantWindow() int64 {
	r := &e.rcv
	w := &r.win
	allowed := e.spec.winFromSpace(r.memory.buffer)
	full := min(w.clamp, allowed)
	mss := min(int64(r.ack.mss), full)
	if mss <= 0 {
		return 0
	}
	free := e.rcvSpace()
	grain := int64(w.grain)
	if free < full>>1 {
		r.ack.quick = 0
		free = free &^ (grain - 1)
		if free < allowed>>4 || free < mss {
			return 0
		}
	}
	free = min(free, w.threshold)
	if grain > 1 {
		return (free + grain - 1) &^ (grain - 1)
	}
	// Without scaling: whole segments, and no change for less.
	now := int64(r.wnd)
	switch {
	case now <= free-mss || now > free:
		return free - free%mss
	case mss == full && free > now+full>>1:
		return free
	}
	return now
}

// growWindow raises the largest window by twice what has arrived, if skbs like this one
// leave room for it in the buffer (tcp_grow_window). One that holds less than it costs
// counts only while the window is small: netgpu's, 4864 bytes for 1420, up to a quarter
// of the largest buffer.
func (e *Endpoint) growWindow(n uint32, c charge) {
	r := &e.rcv
	w := &r.win
	room := min(w.clamp, e.rcvSpace()) - w.threshold
	if room <= 0 {
		return
	}
	worth := e.spec.winFromSpace(int64(c.truesize))
	grow := 2 * int64(r.advMSS)
	if worth > int64(n) {
		grow = e.growBloated(worth, int64(n))
	}
	if grow > 0 {
		w.threshold += min(room, max(grow, 2*int64(n)))
		r.ack.quick |= 1
	}
}

// growBloated is by how much an skb of n bytes that is charged worth bytes of window may
// raise the window, 0 if not at all (__tcp_grow_window).
func (e *Endpoint) growBloated(worth, n int64) int64 {
	r := &e.rcv
	worth >>= 1
	for most := e.spec.winFromSpace(int64(e.spec.ReceiveBuffer)) >> 1; r.win.threshold <= most; most >>= 1 {
		if worth <= n {
			return 2 * int64(r.ack.mss)
		}
		worth >>= 1
	}
	return 0
}

// adjustSpace is dynamic right-sizing (tcp_rcv_space_adjust): once per round trip, a
// reader that takes more than ever before gets a buffer for twice as much, and more
// while its rate is still rising.
func (e *Endpoint) adjustSpace(now sim.Time) {
	r := &e.rcv
	w, m := &r.win, &r.memory
	if w.rtt8 == 0 || now-w.spaceAt < w.rtt8>>3 {
		return
	}
	if took := int64(r.copied - w.spaceFrom); took > w.space {
		if e.spec.ModerateReceive && !m.locked {
			mss := int64(r.advMSS)
			want := 2*took + 16*mss
			want += 2 * int64(min(mulDiv(uint64(want), uint64(took-w.space), uint64(max(w.space, 1))), spaceMost))
			if memory := min(want/mss*e.spec.rcvMemoryOf(mss), int64(e.spec.ReceiveBuffer)); memory > m.buffer {
				m.buffer = memory
				w.clamp = e.spec.winFromSpace(memory)
			}
		}
		w.space = took
	}
	w.spaceFrom, w.spaceAt = r.copied, now
}

// spaceMost is more than any receive buffer.
const spaceMost = 1 << 40

// measureEcho measures the receiver's own idea of the round trip by echoed timestamps, of
// segments that are full (tcp_rcv_rtt_measure_ts).
func (e *Endpoint) measureEcho(now sim.Time, seg *Segment) {
	w := &e.rcv.win
	if !e.opt.timestamps || seg.TSEcr == w.rttEcho {
		return
	}
	w.rttEcho = seg.TSEcr
	if seg.Len < uint32(e.rcv.ack.mss) {
		return
	}
	if ticks := int32(timestamp(now) - seg.TSEcr); ticks >= 0 {
		took := max(sim.Time(ticks), 1) * sim.Millisecond
		if w.rtt8 == 0 {
			w.rtt8 = 8 * took
		} else {
			w.rtt8 += took - w.rtt8>>3
		}
	}
}

// measureWindow measures it by the time in which a window is filled, if that is less
// (tcp_rcv_rtt_measure).
func (r *receiver) measureWindow(now sim.Time) {
	w := &r.win
	if w.rttSince != 0 {
		if r.nxt < w.rttFrom {
			return
		}
		if took := 8 * max(now-w.rttSince, sim.Microsecond); w.rtt8 == 0 || took < w.rtt8 {
			w.rtt8 = took
		}
	}
	w.rttFrom, w.rttSince = r.nxt+r.wnd, max(now, 1)
}
