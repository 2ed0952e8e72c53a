package gpu

import (
	"math/bits"
	"slices"

	"netgpusim/sim"
)

// Mapping is device memory that peers can reach: pinned GPU pages with their
// window in BAR1. Pages and windows are contiguous, so a mapping is one range.
type Mapping struct {
	start     Addr
	length    sim.Bytes
	pageShift uint    // log2 of the GPU page
	bus       BusAddr // of the first GPU page
	revoked   bool    // or unpinned
	unpinned  bool
}

// Pin makes the n bytes at addr reachable for peers (nvidia_p2p_get_pages and
// nvidia_p2p_dma_map_pages, patch 21). The start is rounded down and the end up to
// whole GPU pages. Every pin takes its own window of BAR1, also of memory that is
// pinned already. Errors: EINVAL if the range is not within one allocation, ENOMEM
// if BAR1 has no window of that size.
func (d *Device) Pin(addr Addr, n sim.Bytes) (*Mapping, error) {
	offset := sim.Bytes(addr - virtualBase)
	a, ok := d.memory.find(offset)
	if !ok || n <= 0 || n > a.offset+a.length-offset {
		return nil, &Error{Errno: EINVAL, Op: "pin", Why: "range is not within one allocation", Given: n}
	}
	start := offset &^ (d.spec.PageSize - 1)
	length := d.roundUp(offset + n - start)
	window, largest, ok := d.aperture.take(length)
	if !ok {
		return nil, &Error{Errno: ENOMEM, Op: "pin", Why: "BAR1, largest free window", Given: length, Allowed: largest}
	}
	m := &Mapping{
		start:     virtualBase + Addr(start),
		length:    length,
		pageShift: uint(bits.TrailingZeros64(uint64(d.spec.PageSize))),
		bus:       busBase + BusAddr(window),
	}
	d.mappings = append(d.mappings, m)
	return m, nil
}

// Unpin gives the pages back (nvidia_p2p_put_pages); of a revoked mapping it only
// frees the page table. Error: EINVAL if it was unpinned before.
func (d *Device) Unpin(m *Mapping) error {
	if m.unpinned {
		return &Error{Errno: EINVAL, Op: "unpin", Why: "already unpinned"}
	}
	m.unpinned = true
	if !m.revoked {
		d.release(m)
	}
	return nil
}

// Revoke is the GPU driver taking the pages of one mapping back, as it may at any
// time: DMA addresses of packets in flight are stale from here on. Error: EINVAL if
// the mapping is gone already.
func (d *Device) Revoke(m *Mapping) error {
	if m.revoked {
		return &Error{Errno: EINVAL, Op: "revoke", Why: "already revoked or unpinned"}
	}
	d.release(m)
	return nil
}

// release returns the mapping's window.
func (d *Device) release(m *Mapping) {
	m.revoked = true
	d.aperture.give(sim.Bytes(m.bus - busBase))
	d.mappings = slices.DeleteFunc(d.mappings, func(o *Mapping) bool { return o == m })
}

// Reached is the mapping that a peer's access to a bus address meets when it arrives;
// nil if no window is there: a write is dropped and a read is answered as an
// unsupported request. DMA that was on its way when its pages were revoked meets
// nothing, or whatever has been pinned at the same place of BAR1 since.
func (d *Device) Reached(bus BusAddr) *Mapping {
	for _, m := range d.mappings {
		if bus >= m.bus && bus < m.bus+BusAddr(m.length) {
			return m
		}
	}
	return nil
}

// Start is the address of the first GPU page.
func (m *Mapping) Start() Addr { return m.start }

// Length is the size in bytes, a whole number of GPU pages.
func (m *Mapping) Length() sim.Bytes { return m.length }

// HostPages is the number of 4 KiB pages the mapping is presented as.
func (m *Mapping) HostPages() int { return int(m.length / HostPage) }

// Valid says whether peers can still reach the pages.
func (m *Mapping) Valid() bool { return !m.revoked }

// DMA translates n bytes at addr: base[(addr-start)>>page_shift] plus the offset
// within the GPU page (patch 21). A range that goes beyond the mapping ends short:
// got is how much of it is contiguous from bus on. Errors: EINVAL if addr is
// outside or n is not positive, EFAULT if the mapping has been revoked or unpinned.
func (m *Mapping) DMA(addr Addr, n sim.Bytes) (bus BusAddr, got sim.Bytes, err error) {
	if m.revoked {
		return 0, 0, &Error{Errno: EFAULT, Op: "dma", Why: "pages are not pinned any more"}
	}
	if n <= 0 || addr < m.start || addr >= m.start+Addr(m.length) {
		return 0, 0, &Error{Errno: EINVAL, Op: "dma", Why: "address is outside the mapping or size is not positive", Given: n}
	}
	offset := addr - m.start
	within := offset & (1<<m.pageShift - 1)
	return m.base(offset>>m.pageShift) + BusAddr(within), min(n, m.length-sim.Bytes(offset)), nil
}

// base is the bus address of a GPU page; windows are contiguous.
func (m *Mapping) base(page Addr) BusAddr { return m.bus + BusAddr(page)<<m.pageShift }
