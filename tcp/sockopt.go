package tcp

import "netgpusim/sim"

// Socket options of the receiving side, as setsockopt of Linux 5.8 takes them. Those of
// the sending side are in nagle.go and sndbuf.go.

// SetReceiveBuffer sets the receive buffer (SO_RCVBUF): twice the given bytes, as half is
// for overhead, at most twice Spec.ReceiveMax. Tuning ends.
func (e *Endpoint) SetReceiveBuffer(n int) {
	m := &e.rcv.memory
	m.locked = true
	m.buffer = max(2*clampBuffer(n, e.spec.ReceiveMax), rcvBufferMin)
	e.rewindow()
}

// rewindow chooses the window of a SYN anew that has not been sent.
func (e *Endpoint) rewindow() {
	if e.state < Established && e.handshake.due && e.handshake.resent == 0 {
		e.firstWindow()
	}
}

// ReceiveBuffer is SO_RCVBUF.
func (e *Endpoint) ReceiveBuffer() int { return int(e.rcv.memory.buffer) }

// SetWindowClamp bounds the advertised window (TCP_WINDOW_CLAMP). Of an established
// connection it holds growth back; a window that is larger already stays.
func (e *Endpoint) SetWindowClamp(n int) {
	e.rcv.win.clamp = max(int64(n), rcvBufferMin/2)
	e.rewindow()
}

// WindowClamp is TCP_WINDOW_CLAMP.
func (e *Endpoint) WindowClamp() int { return int(e.rcv.win.clamp) }

// SetReceiveLowat sets the bytes that wake a reader (SO_RCVLOWAT): ACKs for less do not
// wait for the read. The receive buffer grows to twice of it (tcp_set_rcvlowat).
func (e *Endpoint) SetReceiveLowat(n int) {
	r := &e.rcv
	most := int64(e.spec.ReceiveBuffer)
	if r.memory.locked {
		most = r.memory.buffer
	}
	least := min(max(int64(n), 0), most>>1)
	r.lowat = uint64(max(least, 1))
	if !r.memory.locked && 2*least > r.memory.buffer {
		r.memory.buffer = 2 * least
		r.win.clamp = e.spec.winFromSpace(2 * least)
	}
}

// ReceiveLowat is SO_RCVLOWAT.
func (e *Endpoint) ReceiveLowat() int { return int(e.rcv.lowat) }

// ReadReady says whether a reader that waits should be woken (tcp_stream_is_readable):
// there is as much as it wants, or its buffer is nearly full of skbs that hold less.
func (e *Endpoint) ReadReady() bool {
	n, m := e.unread(), &e.rcv.memory
	return n >= e.rcv.lowat || n > 0 && m.charged > m.buffer-m.buffer>>3
}

// InQueue is the bytes that are received in order and not read (SIOCINQ, TCP_INQ).
func (e *Endpoint) InQueue() int { return int(e.unread()) }

// SetQuickAck is TCP_QUICKACK: 0 lets ACKs wait for data that carry them; any other value
// ends that and sends an ACK that is waiting, and an even one does so only once
// (tcp_sock_set_quickack). Call Output afterwards.
func (e *Endpoint) SetQuickAck(now sim.Time, value int) {
	e.advance(now)
	a := &e.rcv.ack
	if value == 0 {
		a.enterInteractive()
		return
	}
	a.pingpong = 0
	if a.scheduled {
		a.pushed = true
		e.ackAfterRead()
		if value&1 == 0 {
			a.enterInteractive()
		}
	}
}

// QuickAck is TCP_QUICKACK: whether ACKs do not wait for data.
func (e *Endpoint) QuickAck() bool { return !e.rcv.ack.interactive() }
