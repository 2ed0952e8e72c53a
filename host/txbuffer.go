package host

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/sim"
)

// txBuffer is the fixed registered buffer that a zero-copy sender sends from over
// and over, with the references that TCP holds on its pages. The zero txBuffer is
// that of a copying sender: it does nothing.
type txBuffer struct {
	zeroCopy bool
	sock     *netgpu.Socket
	base     uint64     // address of the buffer
	trace    *ringTrace `snapshot:"-"` // nil: no protocol trace

	held sim.FIFO[heldFragment]
	ends uint64 // stream offset behind the newest fragment
}

// heldFragment is a transmit fragment until TCP has seen its last byte acknowledged.
type heldFragment struct {
	page netgpu.PageID
	end  uint64 // stream offset behind it
}

// attach is the zero-copy part of sendmsg: n bytes from offset in the buffer become
// fragments that hold their pages (patches 12 and 15).
func (b *txBuffer) attach(offset, n int64) {
	if !b.zeroCopy {
		return
	}
	var fragments [netgpu.MaxFragments]netgpu.TxFragment
	for n > 0 {
		count, bytes, errno := b.sock.AttachPages(netgpu.Iovec{Base: b.base + uint64(offset), Len: uint64(n)}, fragments[:])
		if errno != netgpu.OK {
			// The buffer is registered whole: no input can cause this.
			panic(fmt.Sprintf("host: sendmsg of %d bytes at offset %d of a registered buffer: %v", n, offset, errno))
		}
		if b.trace != nil {
			b.trace.attached(b.base+uint64(offset), bytes)
		}
		for _, f := range fragments[:count] {
			b.ends += uint64(f.Len)
			b.held.Push(heldFragment{f.Page, b.ends})
		}
		offset += int64(bytes)
		n -= int64(bytes)
	}
}

// acknowledged drops the references of fragments below stream offset una. The
// application hears nothing of it (no completion notification in v2).
func (b *txBuffer) acknowledged(m *netgpu.Module, una uint64) {
	for b.held.Len() > 0 && b.held.Front().end <= una {
		m.ReleaseTx(b.held.Front().page)
		if b.trace != nil {
			b.trace.page(trace.Release, b.held.Front().page)
		}
		b.held.Pop()
	}
}
