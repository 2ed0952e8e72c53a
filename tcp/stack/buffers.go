package stack

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// rxBuffer is what a received segment's handle stands for.
type rxBuffer struct {
	data   []byte // with Config.Bytes
	offset uint64 // else the bytes are those of stream from here on
	stream uint32
	at     sim.Time // of arrival
}

// rxPool holds received payload by handle. Handle 0 is not used.
type rxPool struct {
	buffers []rxBuffer
	free    []uint32
}

// hold keeps a packet's payload and returns its handle.
func (p *rxPool) hold(pk *Packet, now sim.Time) uint32 {
	if len(p.free) == 0 {
		if len(p.buffers) == 0 {
			p.buffers = append(p.buffers, rxBuffer{})
		}
		p.free = append(p.free, uint32(len(p.buffers)))
		p.buffers = append(p.buffers, rxBuffer{})
	}
	handle := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	b := &p.buffers[handle]
	b.data = append(b.data[:0], pk.Data...)
	b.offset, b.stream, b.at = pk.Seg.Offset, pk.Stream, now
	return handle
}

// release frees a buffer; its memory is used again.
func (p *rxPool) release(handle uint32) { p.free = append(p.free, handle) }

// chunk is a piece of a receive queue: len bytes from skip on of a buffer.
type chunk struct {
	offset    uint64 // in the stream
	handle    uint32
	skip, len uint32
}

// rxQueue is what has been received in order and not read.
type rxQueue struct {
	chunks fifo[chunk]
	bytes  int
}

func (q *rxQueue) push(d tcp.Delivery) {
	q.chunks.push(chunk{offset: d.Offset, handle: d.Handle, skip: d.Skip, len: d.Len})
	q.bytes += int(d.Len)
}

// peek copies up to len(dst) bytes, beginning skip bytes into the queue.
func (q *rxQueue) peek(p *rxPool, dst []byte, skip int) {
	for i := 0; i < q.chunks.len() && len(dst) > 0; i++ {
		c := *q.chunks.at(i)
		if skip >= int(c.len) {
			skip -= int(c.len)
			continue
		}
		n := min(len(dst), int(c.len)-skip)
		p.read(dst[:n], c.handle, int(c.skip)+skip)
		dst, skip = dst[n:], 0
	}
}

// read copies from a buffer.
func (p *rxPool) read(dst []byte, handle uint32, from int) {
	b := &p.buffers[handle]
	if len(b.data) > 0 {
		copy(dst, b.data[from:])
		return
	}
	tcp.Payload(dst, b.stream, b.offset+uint64(from))
}

// take removes the first n bytes and returns when the last of them came.
func (q *rxQueue) take(p *rxPool, n int) (at sim.Time) {
	q.bytes -= n
	for n > 0 {
		c := q.chunks.at(0)
		at = p.buffers[c.handle].at
		if int(c.len) > n {
			c.skip += uint32(n)
			c.len -= uint32(n)
			c.offset += uint64(n)
			return at
		}
		n -= int(c.len)
		p.release(q.chunks.pop().handle)
	}
	return at
}

// clear frees everything.
func (q *rxQueue) clear(p *rxPool) {
	for q.chunks.len() > 0 {
		p.release(q.chunks.pop().handle)
	}
	q.bytes = 0
}

// txStore holds real bytes that were written and not acknowledged.
type txStore struct {
	buf  []byte
	base uint64 // stream offset of buf[0]
}

// append adds what a write took.
func (t *txStore) append(b Buf, n int) {
	if b.mem != nil {
		t.buf = append(t.buf, b.mem[:n]...)
		return
	}
	old := len(t.buf)
	t.buf = append(t.buf, make([]byte, n)...)
	clear(t.buf[old:])
}

// at returns n bytes from a stream offset on.
func (t *txStore) at(offset uint64, n uint32) []byte {
	return t.buf[offset-t.base:][:n]
}

// release forgets what is before a stream offset. It moves the rest only once that
// is the smaller part, so that a byte is moved once on average.
func (t *txStore) release(una uint64) {
	gone := min(una-t.base, uint64(len(t.buf)))
	if gone == 0 || gone < uint64(len(t.buf))/2 {
		return
	}
	n := copy(t.buf, t.buf[gone:])
	t.buf = t.buf[:n]
	t.base += gone
}
