package tcp

import "netgpusim/sim"

// Receive buffer tuning (Linux 5.8). A buffer of B bytes of memory is worth B/2 of
// window (tcp_adv_win_scale 1): the other half pays for what skbs cost beyond their
// payload.
const (
	rmemInitial   = 131072 // tcp_rmem[1]
	windowInitial = maxUnscaledWindow
)

// windowState decides what window to advertise.
type windowState struct {
	buffer    uint64 // receive buffer at present, up to Spec.ReceiveBuffer
	threshold uint64 // largest window to advertise (Linux: rcv_ssthresh)
	grain     uint64 // windows travel in units of this
	space     uint64 // bytes that the reader took in the last measured round trip
	spaceFrom uint64 // where the present measurement began
	spaceAt   sim.Time

	rtt8     sim.Time // 8 * the receiver's estimate of the round trip, 0 if none
	rttEcho  uint32   // echo that was measured last
	rttFrom  uint64   // without timestamps: a window further is one round trip
	rttSince sim.Time
}

func (w *windowState) init(spec *Spec, mss uint16) {
	w.buffer = min(rmemInitial, uint64(spec.ReceiveBuffer))
	w.grain = 1 << WindowScale(spec)
	w.threshold = min(windowInitial, w.buffer/2)
	w.space = min(w.threshold, 10*uint64(mss))
}

// advertise returns the window for the segment that goes now and remembers it (Linux
// tcp_select_window): never below what was promised before (RFC 9293 section 3.8.6),
// never above a quarter of the largest receive buffer once it has grown there.
func (e *Endpoint) advertise() uint32 {
	r := &e.rcv
	w := max(r.wantWindow(), r.room())
	w = min((w+r.win.grain-1)/r.win.grain*r.win.grain, 65535*r.win.grain)
	r.wnd, r.wup = max(w, r.room()), r.nxt
	return uint32(r.wnd)
}

// wantWindow is the window that the buffer's fill level allows, in whole grains; 0
// where it would be a silly one (__tcp_select_window, RFC 9293 section 3.8.6.2.2).
func (r *receiver) wantWindow() uint64 {
	w := &r.win
	full := w.buffer / 2
	used := r.nxt - r.copied + r.ooo.bytes
	free := full - min(full, used)
	mss := min(uint64(r.mss), full)
	if free < full/2 {
		r.ack.quick = 0
		free -= free % w.grain
		if free < full/16 || free < mss {
			return 0
		}
	}
	free = min(free, w.threshold)
	if w.grain > 1 {
		return free
	}
	// Without scaling: whole segments, and no change for less.
	switch {
	case r.wnd+mss <= free || r.wnd > free:
		return free - free%mss
	case mss == full && free > r.wnd+full/2:
		return free
	}
	return r.wnd
}

// growWindow raises the largest window by twice what has arrived in order, up to a
// quarter of the largest receive buffer: there Linux's __tcp_grow_window ends for
// segments in half-empty pages, as netgpu's are.
func (e *Endpoint) growWindow(seg *Segment) {
	r := &e.rcv
	w := &r.win
	full := w.buffer / 2
	used := r.nxt - r.copied + r.ooo.bytes
	most := min(full-min(full, used), uint64(e.spec.ReceiveBuffer)/4)
	if w.threshold >= most {
		return
	}
	w.threshold = min(w.threshold+2*max(uint64(seg.Len), uint64(r.mss)), most)
	r.ack.quick |= 1
}

// adjust is dynamic right-sizing (tcp_rcv_space_adjust): once per round trip, a reader
// that takes more than ever before gets a buffer for twice as much, and more while its
// rate is still rising. The factor two at the end turns window into memory.
func (w *windowState) adjust(now sim.Time, copied uint64, spec *Spec, mss uint64) {
	if w.rtt8 == 0 || now-w.spaceAt < w.rtt8>>3 {
		return
	}
	if took := min(copied-w.spaceFrom, 1<<30); took > w.space {
		want := 2*took + 16*mss
		want += 2 * (want * (took - w.space) / w.space)
		want = min(2*want, uint64(spec.ReceiveBuffer))
		w.buffer = max(w.buffer, want)
		w.space = took
	}
	w.spaceFrom, w.spaceAt = copied, now
}

// measureRTT keeps the receiver's own idea of the round trip, for adjust and for ACK
// compression: by echoed timestamps, else by the time in which a window is filled
// (tcp_rcv_rtt_measure_ts, tcp_rcv_rtt_measure).
func (e *Endpoint) measureRTT(now sim.Time, seg *Segment) {
	r := &e.rcv
	w := &r.win
	if e.opt.timestamps {
		if seg.TSEcr == w.rttEcho || seg.TSEcr == 0 || seg.Len < uint32(r.mss) {
			return
		}
		w.rttEcho = seg.TSEcr
		if ticks := int32(timestamp(now) - seg.TSEcr); ticks >= 0 {
			took := max(sim.Time(ticks), 1) * sim.Millisecond
			if w.rtt8 == 0 {
				w.rtt8 = 8 * took
			} else {
				w.rtt8 += took - w.rtt8>>3
			}
		}
		return
	}
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
