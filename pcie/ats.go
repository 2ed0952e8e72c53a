package pcie

import "netgpusim/sim"

// ask is what address translation services (PCIe base specification 10.2) add before
// a transaction with host memory: the NIC looks into its own TLB, and what that does
// not hold it asks the IOMMU for, with a request of no data up and a completion of
// one entry down, which both take their time on the links. ask returns when the NIC
// can go on. A write does not go before an earlier one that waits.
func (t *Tree) ask(now sim.Time, target Target, page int64, write bool) sim.Time {
	m := &t.memory
	if m.device == nil || target != HostMemory {
		return now
	}
	ready, ok := now, true
	if page >= 0 {
		ready, ok = m.device.find(now, page)
	}
	if !ok {
		ready = t.requestTranslation(now, page)
		m.device.expect(page, ready)
	}
	if write && !m.relaxed {
		asked := now
		ready = max(ready, m.issued.until(asked))
		m.issued.note(came{asked, asked}, ready, ready)
	}
	return ready
}

// requestTranslation books a translation request and returns when it is answered. It
// takes no tag of the NIC's reads.
func (t *Tree) requestTranslation(now sim.Time, page int64) sim.Time {
	memory := &t.targets[HostMemory]
	b := newBurst(1, now)
	credits, latency := t.request(now, &b, memory, t.nic.up.posted.until(now), b.came())
	b.after(t.memory.iommu.translate(b.first, page, 0))
	if credits != nil {
		credits.hold(b.first+latency, b.last+latency)
	}
	entry := sizes{full: translationBytes, tail: translationBytes, all: translationBytes}
	c := t.completions(1, entry)
	t.respond(now, &b, &c, 0, memory)
	return b.last
}
