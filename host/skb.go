package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
)

// noPage marks a fragment in ordinary host memory.
const noPage = ^netgpu.PageID(0)

// frag is a piece of payload: Len bytes from Off on in a netgpu page, or somewhere
// in ordinary memory.
type frag struct {
	page netgpu.PageID
	off  uint16
	len  uint16
}

// skb is a received packet, or a GRO bundle of several: only its payload, the
// header being the tcp.Segment that travels with the handle.
type skb struct {
	frags []frag
	// payload bytes were copied out of the header buffer, so that not all of the
	// payload lies in netgpu pages
	nonZC bool
}

// skbPool hands out skbs by number. Fragment arrays are kept for reuse.
type skbPool struct {
	skbs []skb
	free []uint32
}

func (p *skbPool) alloc() (uint32, *skb) {
	if n := len(p.free); n > 0 {
		h := p.free[n-1]
		p.free = p.free[:n-1]
		return h, &p.skbs[h]
	}
	p.skbs = append(p.skbs, skb{})
	return uint32(len(p.skbs) - 1), &p.skbs[len(p.skbs)-1]
}

func (p *skbPool) release(h uint32) {
	s := &p.skbs[h]
	s.frags = s.frags[:0]
	s.nonZC = false
	p.free = append(p.free, h)
}

// dropFragment frees a fragment that nobody received.
func (h *Host) dropFragment(p netgpu.PageID) {
	h.module.DropFragment(p)
	if h.trace != nil {
		h.trace.page(trace.Drop, p)
	}
}

// freeUndelivered is kfree_skb of a packet that nobody received: its netgpu pages
// go to the any cache (patch 11).
func (h *Host) freeUndelivered(handle uint32) { h.freeRest(handle, 0) }

// freeRest is kfree_skb of a packet whose first fragments have been delivered.
func (h *Host) freeRest(handle uint32, delivered int) {
	frags := h.skbs.skbs[handle].frags[delivered:]
	for i := range frags {
		if p := frags[i].page; p != noPage {
			h.dropFragment(p)
		}
	}
	h.skbs.release(handle)
}
