package host

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/sim"
)

// txBuffer is the registered memory that a zero-copy sender sends from over and over,
// one buffer after the other, with the references that TCP holds on its pages. The
// zero txBuffer is that of a copying sender: it does nothing.
type txBuffer struct {
	zeroCopy bool
	sock     *netgpu.Socket
	base     uint64     // address of the first buffer
	stride   uint64     // from one to the next: whole pages, since pages belong to one send
	trace    *ringTrace `snapshot:"-"` // nil: no protocol trace

	held sim.FIFO[heldFragment]
	ends uint64 // stream offset behind the newest fragment
	turn sendTurn
}

// heldFragment is a transmit fragment until TCP has seen its last byte acknowledged.
type heldFragment struct {
	page netgpu.PageID
	end  uint64 // stream offset behind it
}

// allocate registers count buffers of size bytes in a context.
func (b *txBuffer) allocate(h *Host, ctx *appContext, size sim.Bytes, count int) (err error) {
	b.turn.init(count, h.repairs.Has(netgpu.TxCompletion))
	if size == 0 {
		return nil
	}
	b.stride = (uint64(size) + netgpu.PageSize - 1) &^ (netgpu.PageSize - 1)
	b.base, err = h.register([]*appContext{ctx}, sim.Bytes(b.stride)*sim.Bytes(count-1)+size)
	return err
}

// attach is the zero-copy part of sendmsg: n bytes from offset in the present buffer
// become fragments that hold their pages (patches 12 and 15).
func (b *txBuffer) attach(offset, n int64) {
	if !b.zeroCopy {
		return
	}
	at := b.address() + uint64(offset)
	var fragments [netgpu.MaxFragments]netgpu.TxFragment
	for n > 0 {
		count, bytes, errno := b.sock.AttachPages(netgpu.Iovec{Base: at, Len: uint64(n)}, fragments[:])
		if errno != netgpu.OK {
			// The buffers are registered whole: no input can cause this.
			panic(fmt.Sprintf("host: sendmsg of %d bytes at %#x in a registered buffer: %v", n, at, errno))
		}
		if b.trace != nil {
			b.trace.attached(at, bytes)
		}
		for _, f := range fragments[:count] {
			b.ends += uint64(f.Len)
			b.held.Push(heldFragment{f.Page, b.ends})
		}
		at += bytes
		n -= int64(bytes)
	}
}

// address is where the present buffer begins.
func (b *txBuffer) address() uint64 { return b.base + uint64(b.turn.present)*b.stride }

// modify is the application, or its code on the GPU, writing the present buffer.
func (b *txBuffer) modify(m *netgpu.Module, size sim.Bytes) {
	if size == 0 {
		return
	}
	at := b.address()
	for va := at; va < at+uint64(size); va += netgpu.PageSize {
		if id, ok := b.sock.Context().Page(va); ok {
			m.AppWrite(id)
		}
	}
	if b.trace != nil {
		b.trace.written(at, uint64(size))
	}
}

// acknowledged drops the references of fragments below stream offset una. The
// application hears of it only where the kernel posts completions (TxCompletion).
func (b *txBuffer) acknowledged(c *Core, una uint64) {
	if b.held.Len() == 0 || b.held.Front().end > una {
		return
	}
	before := b.posted()
	for b.held.Len() > 0 && b.held.Front().end <= una {
		b.sock.ReleaseTx(b.held.Front().page)
		if b.trace != nil {
			b.trace.page(trace.Release, b.held.Front().page)
		}
		b.held.Pop()
	}
	// No profile has the cost of posting a completion: it is taken for that of an
	// iovec, which is as much work.
	c.charge(FnTxComplete, sim.Time(b.posted()-before)*c.host.spec.CPU.Deliver)
}

// posted counts the completions that the kernel has posted, modulo 2^32.
func (b *txBuffer) posted() uint32 {
	if !b.turn.completions {
		return 0
	}
	prod, _ := b.sock.Completions().Shared()
	return prod
}
