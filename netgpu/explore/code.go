package explore

import (
	"netgpusim/netgpu"
)

// code writes or reads the whole state.
func (w *World) code() {
	c := w.codec
	s := &w.state
	c.TagBase = s.due
	w.codeActors(c)
	c.Module()
	w.codeLists(c)
	if w.config.AllocFails > 0 {
		pending := w.module.Faults.ChunkAlloc != 0
		c.Byte(&s.allocFails)
		c.Bool(&pending)
		w.module.Faults.ChunkAlloc = 0
		if pending {
			w.module.Faults.ChunkAlloc = 1
		}
	}
	if w.config.Hostile+w.config.Bogus > 0 {
		c.Byte(&s.hostile)
	}
}

// codeActors writes or reads where the actors stand and how long their lists are, in one
// word. Longer lists than it has room for follow one by one.
func (w *World) codeActors(c *netgpu.Codec) {
	s := &w.state
	if s.irq.at == irqIdle {
		s.irq.kind, s.irq.used = 0, 0
	}
	word := uint64(s.sent-s.due) | uint64(s.locked)<<8 | uint64(s.irq.at)<<10 | uint64(s.app.at)<<14 |
		bitIf(s.app.asleep, 18) | bitIf(s.app.posted, 19) | bitIf(s.irq.posted, 20) |
		bitIf(s.blocked, 21) | bitIf(s.closing, 22) | bitIf(s.revoking, 23) | bitIf(s.revoked, 24) |
		uint64(s.irq.kind)<<25 | uint64(s.irq.used)<<28
	lengths := [...]int{len(s.rq), len(s.cq), len(s.queue), len(s.irq.pages), len(s.app.hand), len(s.freeing)}
	if lengths[0]|lengths[1]|lengths[2]|lengths[3]|lengths[4]|lengths[5] < longLists {
		word |= uint64(lengths[0]|lengths[1]<<4|lengths[2]<<8|lengths[3]<<12|lengths[4]<<16|lengths[5]<<20) << lengthShift
	} else {
		word |= longLists << lengthShift
	}
	read := c.Word(&word)
	if word>>lengthShift&15 == longLists {
		for i := range lengths {
			lengths[i] = c.Len(lengths[i])
		}
	} else if read {
		x := int(word >> lengthShift)
		lengths = [...]int{x & 15, x >> 4 & 15, x >> 8 & 15, x >> 12 & 15, x >> 16 & 15, x >> 20 & 15}
	}
	if !read {
		return
	}
	s.sent = s.due + uint8(word)
	s.locked, s.irq.at, s.app.at = uint8(word>>8&3), uint8(word>>10&15), uint8(word>>14&15)
	s.app.asleep, s.app.posted, s.irq.posted = word>>18&1 != 0, word>>19&1 != 0, word>>20&1 != 0
	s.blocked, s.closing, s.revoking, s.revoked = word>>21&1 != 0, word>>22&1 != 0, word>>23&1 != 0, word>>24&1 != 0
	s.irq.kind, s.irq.used = uint8(word>>25&7), uint8(word>>28&7)
	s.rq, s.cq, s.queue = resize(s.rq, lengths[0]), resize(s.cq, lengths[1]), resize(s.queue, lengths[2])
	s.irq.pages, s.app.hand, s.freeing = resize(s.irq.pages, lengths[3]), resize(s.app.hand, lengths[4]), resize(s.freeing, lengths[5])
}

// In the word of codeActors: where the lengths of six lists are, four bits each, and what
// is there of the first if one of them needs more.
const (
	lengthShift = 32
	longLists   = 15
)

func bitIf(b bool, bit uint) uint64 {
	v := uint64(0)
	if b {
		v = 1
	}
	return v << bit
}

// codeLists is what pages they hold.
func (w *World) codeLists(c *netgpu.Codec) {
	s := &w.state
	c.Pages(s.rq, netgpu.WQE, false)
	for i := range s.cq {
		w.codeCompletion(c, &s.cq[i])
	}
	c.Pages(s.queue, netgpu.ReceiveQueue, true)
	c.Pages(s.irq.pages, s.irq.place(), s.irq.at == irqGotPacket)
	c.Pages(s.app.hand, netgpu.App, false)
	c.Pages(s.freeing, netgpu.ReceiveQueue, false)
	if w.config.SharedArea {
		s.posted = resize(s.posted, c.Len(len(s.posted)))
		c.Pages(s.posted, netgpu.WQE, false)
	}
	if w.config.Sends || w.config.Echo {
		w.codeSender(c) // last: fragments point at pages
	}
}

func (w *World) codeCompletion(c *netgpu.Codec, x *completion) {
	packed := x.kind | x.used<<4
	c.Byte(&packed)
	x.kind, x.used = packed&15, packed>>4
	used := min(int(x.used), w.config.PerWQE)
	c.Pages(x.pages[:used], netgpu.WQE, true)
	c.Pages(x.pages[used:w.config.PerWQE], netgpu.WQE, false)
}

func (w *World) codeSender(c *netgpu.Codec) {
	s := &w.state
	if w.config.Sends {
		c.Page(&s.send.buffer, netgpu.App, false)
		packed := s.send.at | s.send.version<<4
		c.Byte(&packed)
		s.send.at, s.send.version = packed&15, packed>>4
	}
	s.app.echoed = resize(s.app.echoed, c.Len(len(s.app.echoed)))
	c.Pages(s.app.echoed, netgpu.App, false)
	s.flight = resize(s.flight, c.Len(len(s.flight)))
	for i := range s.flight {
		w.codeFragment(c, i)
	}
}

// codeFragment writes or reads a fragment in flight. A page that reception has freed
// meanwhile is in no other place.
func (w *World) codeFragment(c *netgpu.Codec, i int) {
	f := &w.state.flight[i]
	parked := w.module.Parked(f.page) && !w.inFlightBefore(i)
	packed := uint8(bitIf(f.own, 0) | bitIf(parked, 1))
	c.Byte(&packed)
	f.own = packed&1 != 0
	if packed>>1&1 != 0 {
		c.Page(&f.page, netgpu.SKB, true)
	} else {
		c.Pointer(&f.page)
	}
	want := f.want
	if !f.own {
		want -= w.state.due
	}
	c.Byte(&want)
	if f.want = want; !f.own {
		f.want += w.state.due
	}
}

func (w *World) inFlightBefore(i int) bool {
	for _, g := range w.state.flight[:i] {
		if g.page == w.state.flight[i].page {
			return true
		}
	}
	return false
}

// forgetNumbers gives the content of pages in flight numbers that do not grow old:
// all that matters is whether it is what was sent.
func (w *World) forgetNumbers() {
	s := &w.state
	tags := w.codec.Tags
	if w.config.Hostile > 0 {
		// Which data it gets is the application's own affair.
		s.sent = s.due
		for i := range tags {
			tags[i] = s.due
		}
	}
	if w.config.Sends {
		tags[s.send.buffer] = s.due
	}
	for i := range s.flight {
		f := &s.flight[i]
		switch tag := &tags[f.page]; {
		case f.own:
		case *tag == f.want:
			f.want = s.due - 1
			*tag = f.want
		default:
			f.want = s.due - 2
			if *tag-s.due >= s.sent-s.due { // it is not on its way to the application
				*tag = s.due - 3
			}
		}
	}
}

func resize[T any](s []T, n int) []T {
	for len(s) < n {
		var zero T
		s = append(s, zero)
	}
	return s[:n]
}

// encode appends the present state to dst, and returns what is wrong with its structures:
// nil if nothing is.
func (w *World) encode(dst []byte) ([]byte, *netgpu.Census) {
	if w.hasNumbers {
		w.forgetNumbers()
	}
	w.codec.Begin(dst)
	w.code()
	return w.codec.Finish()
}

// decode brings the World into an encoded state.
func (w *World) decode(state []byte) {
	w.state.due = 0
	w.codec.Open(state)
	w.code()
	w.codec.Finish()
}
