package netgpu

import (
	"fmt"
	"slices"
)

// CudaFree frees the GPU memory that was allocated at start. The GPU driver then
// revokes what netgpu has pinned of it: every region of it is detached from all
// contexts at once, whatever the NIC is doing (patch 21). EINVAL if no allocation
// starts there.
//
// With RevokeWaits, EAGAIN as long as kernel or NIC hold pages of it. The first
// call has seen to it that they take no new ones; the caller, as the kernel, must
// flush the receive queues and end the connections that hold pages, and call again.
func (p *Process) CudaFree(start uint64) Errno {
	i := slices.IndexFunc(p.mappings, func(o mapping) bool { return o.memType == CUDAMemory && o.start == start })
	if i < 0 {
		return EINVAL
	}
	m, gone, busy := p.module, p.mappings[i], false
	for _, r := range slices.Clone(m.regions) {
		if r.gone || r.owner != p || r.memType != CUDAMemory ||
			r.start < gone.start || r.start >= gone.start+gone.size {
			continue
		}
		if m.repaired(RevokeWaits) && !m.quiesce(r) {
			busy = true
		} else {
			m.revoke(r)
		}
	}
	if busy {
		return EAGAIN
	}
	p.mappings = slices.Delete(p.mappings, i, i+1)
	return OK
}

// quiesce takes a region out of use without freeing it, and says whether nobody in
// the kernel holds a page of it any more. Its pages can still be found, but neither
// refill nor sendmsg takes them.
func (m *Module) quiesce(r *region) bool {
	for i := range PageID(r.pages) {
		m.pages[r.first+i].flags |= pageDying
	}
	for _, q := range m.queues {
		if q != nil && !q.closed && slices.Contains(r.contexts, q.context) {
			q.cache.purge(m)
		}
	}
	for i := range PageID(r.pages) {
		if id := r.first + i; m.Place(id).heldByKernel() || m.pages[id].tx > 0 {
			return false
		}
	}
	return true
}

// dying says whether a region is being revoked.
func (m *Module) dying(r *region) bool {
	return r.pages > 0 && m.pages[r.first].flags&pageDying != 0
}

// purge takes the pages of dying regions out of the cache. The driver keeps softirq
// away meanwhile.
func (c *pageCache) purge(m *Module) {
	var keep []PageID
	for range m.pages { // a bound: a list that a stale next has made a circle has no end
		id := c.get(m)
		if id == NoPage {
			break
		}
		if m.pages[id].flags&pageDying != 0 {
			m.letGo(id, Driver)
		} else {
			keep = append(keep, id)
		}
	}
	for _, id := range keep {
		c.putNapi(m, id, Driver)
	}
}

// revoke is netgpu_detach_region: the GPU driver takes a region away.
func (m *Module) revoke(r *region) {
	for i := range PageID(r.pages) {
		id := r.first + i
		switch at := m.Place(id); at {
		case WQE, Driver:
			if v := m.violate(RevokedWhilePosted, id); v != nil {
				v.What = fmt.Sprintf("page %d was taken away while it was in %v", id, at)
			}
		case SKB, ReceiveQueue:
			if v := m.violate(RevokedWhileHeld, id); v != nil {
				v.What = fmt.Sprintf("page %d was taken away while it was in %v", id, at)
			}
		}
		if m.pages[id].tx > 0 {
			if v := m.violate(RevokedWhileSending, id); v != nil {
				v.What = fmt.Sprintf("page %d was taken away while %d fragments were in flight", id, m.pages[id].tx)
			}
		}
	}
	r.area.regions = slices.DeleteFunc(r.area.regions, func(x *region) bool { return x == r })
	for _, c := range slices.Clone(r.contexts) {
		c.forget(r)
		r.detach(c)
	}
	m.freeRegion(r)
}
