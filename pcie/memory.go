package pcie

import "netgpusim/sim"

// hostMemory is what the root complex does with the requests of devices to host
// memory, beyond the fixed times of the target: translation, the limits between
// sockets and of memory itself, and how many reads are served at once.
type hostMemory struct {
	addresses addresses
	iommu     *iommu // nil: addresses are taken as they are
	device    *translations
	issued    order // writes that wait for an ATS translation

	reads     *slots // of the root complex; nil: no limit
	llcMiss   sim.Time
	numa      [2]*limit // writes, reads; nil: local memory, or no limit
	memory    [2]*limit
	committed order // writes: a read does not pass them
	relaxed   bool  // the NIC's writes need no order
	plain     bool  // memory takes and gives at once: none of the above does anything
}

const (
	writing = iota
	reading
)

func newHostMemory(s *Spec, root *link) hostMemory {
	m := hostMemory{addresses: newAddresses(s), llcMiss: s.LLCMiss, relaxed: s.RelaxedOrdering}
	if s.IOMMU {
		m.iommu = newIOMMU(s, root.up.ledger.clock)
		if s.ATS {
			known := newTranslations(s.ATSEntries)
			m.device = &known
		}
	}
	if s.HostReads > 0 {
		m.reads = newSlots(int64(s.HostReads))
	}
	if s.RemoteMemory {
		m.numa = [2]*limit{newLimit(s.NUMALimit, root.up), newLimit(s.NUMALimit, root.down)}
	}
	if s.HostWindow > s.LLCReach {
		m.memory = [2]*limit{newLimit(s.MemoryLimit, root.up), newLimit(s.MemoryLimit, root.down)}
	}
	m.plain = m.iommu == nil && m.reads == nil && m.numa == [2]*limit{} && s.HostWindow == 0
	return m
}

// place is where a piece of a transaction lies in host memory.
type place struct {
	page   int64 // negative: an address that is not translated
	misses bool  // the LLC does not hold it
}

// untranslated stands for the address of an interrupt.
const untranslated = -1

// at is the place at an address.
func (m *hostMemory) at(address int64) place {
	if m.plain || address == untranslated {
		return place{page: -1}
	}
	return place{address / m.addresses.page, m.addresses.misses(address)}
}

// toPageEnd is how many bytes from an address on are on one page.
func (m *hostMemory) toPageEnd(address int64) int64 {
	return m.addresses.page - address%m.addresses.page
}

// commit makes posted writes that have arrived wait until memory has them.
func (m *hostMemory) commit(b *burst, body sizes, at place) {
	came := b.came()
	if m.iommu != nil && m.device == nil && at.page >= 0 {
		b.after(m.iommu.translate(b.first, at.page, 0))
	}
	if !m.relaxed {
		b.after(m.committed.until(came.first))
	}
	if m.numa[writing] != nil {
		m.numa[writing].receive(b, body)
	}
	if at.misses && m.memory[writing] != nil {
		m.memory[writing].receive(b, body)
	}
	m.committed.note(came, b.first, max(b.last, m.committed.until(came.first)))
}

// take makes read requests for data that have arrived, asked for at now, wait until the root
// complex begins to serve them: behind the writes before them, translated, and with
// a place.
func (m *hostMemory) take(now sim.Time, b *burst, asked sizes, at place) {
	ready := b.first
	b.after(m.committed.until(ready))
	if m.iommu != nil && m.device == nil {
		b.after(m.iommu.translate(ready, at.page, asked.largest()))
	}
	if m.reads != nil {
		m.reads.admit(b, now)
	}
}

// serve makes requests that have been taken wait until their data leave memory.
func (m *hostMemory) serve(b *burst, asked sizes, at place, service sim.Time) {
	if at.misses {
		service += m.llcMiss
	}
	b.delay(service)
	if at.misses && m.memory[reading] != nil {
		m.memory[reading].supply(b, asked)
	}
	if m.numa[reading] != nil {
		m.numa[reading].supply(b, asked)
	}
	if m.reads != nil {
		m.reads.hold(b.first, b.last)
	}
}
