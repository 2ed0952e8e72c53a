package trace

import (
	"fmt"
	"slices"

	"netgpusim/netgpu"
)

// Objects that come and go during a trace.

func (c *checker) object(r *ring) error {
	var err error
	switch c.ev.Op {
	case Open:
		err = c.openRing()
	case Close:
		return c.closeRing(r)
	case Region:
		err = c.addRegion()
	case Revoke:
		err = c.revoke()
	}
	if err != nil {
		return c.wrong(err)
	}
	return nil
}

// openRing binds a queue or attaches a socket. After a gap, one that is open may be
// opened again: its close may be lost.
func (c *checker) openRing() error {
	ev := &c.ev
	name := string(ev.ring)
	if name == "" || len(name) > 64 {
		return fmt.Errorf("open: a ring's name has 1 to 64 bytes, not %d", len(name))
	}
	r := c.rings[name]
	switch {
	case r == nil:
		if len(c.order) >= MaxRings {
			return fmt.Errorf("open %q: there are %d rings, the limit", name, MaxRings)
		}
		r = c.declare(name, ev.Kind, ev.Context, ev.Entries)
	case r.open && !c.lossy:
		return fmt.Errorf("open %q: it is open", name)
	case r.kind != ev.Kind:
		return fmt.Errorf("open %q: it was of kind %v", name, r.kind)
	case r.open:
		c.shut(r)
	}
	r.contextID, r.entries = ev.Context, ev.Entries
	return c.bind(r)
}

// reopen is for an event on a ring that is closed: after a gap it may be open again.
func (c *checker) reopen(r *ring) error {
	if !c.lossy {
		return c.diverge(teardown, "used-after-close", fmt.Sprintf("ring %s to be left alone: it is closed", r.name), c.ev.Op.String())
	}
	c.report.Unverifiable++
	if err := c.bind(r); err != nil {
		return c.wrong(err)
	}
	r.prodKnown, r.consKnown = false, false
	return nil
}

// closeRing closes a queue or a socket.
func (c *checker) closeRing(r *ring) error {
	if !r.open {
		if c.lossy {
			return nil
		}
		return c.diverge(teardown, "closed-twice", fmt.Sprintf("ring %s to be open", r.name), "closed again")
	}
	c.shut(r)
	return nil
}

func (m *model) shut(r *ring) {
	m.process.Close(r.fd)
	r.shelves.close()
	r.shelves, r.open = nil, false
}

// addRegion registers memory, or attaches registered memory to one more context.
func (c *checker) addRegion() error {
	ev := &c.ev
	spec := region{RegionSpec: RegionSpec{Addr: ev.Addr, Len: ev.Len, Memory: ev.Memory.String(), Contexts: []int{ev.Context}}}
	i := slices.IndexFunc(c.regions, func(r region) bool { return r.Addr == spec.Addr })
	if i < 0 {
		if err := c.register(&spec); err != nil {
			return err
		}
		c.regions = append(c.regions, spec)
		return nil
	}
	r := &c.regions[i]
	if r.Len != spec.Len || r.Memory != spec.Memory {
		return fmt.Errorf("region at %#x: it has %d bytes of %s memory", r.Addr, r.Len, r.Memory)
	}
	if slices.Contains(r.Contexts, ev.Context) {
		if c.lossy {
			return nil
		}
		return fmt.Errorf("region at %#x: it is attached to context %d", r.Addr, ev.Context)
	}
	if ev.Context >= len(c.scopes) {
		return fmt.Errorf("context %d: there are %d", ev.Context, len(c.scopes))
	}
	if !c.variant.MemoryObjects {
		return fmt.Errorf("region at %#x: it belongs to another context; rfc-v1 does not share regions", r.Addr)
	}
	if errno := c.process.AttachRegion(c.scopes[ev.Context].fd, c.memory, r.index); errno != netgpu.OK {
		return fmt.Errorf("attach region at %#x to context %d: %w", r.Addr, ev.Context, errno)
	}
	r.Contexts = append(slices.Clone(r.Contexts), ev.Context)
	return nil
}

// revoke is the GPU driver taking memory away.
func (c *checker) revoke() error {
	i := slices.IndexFunc(c.regions, func(r region) bool { return r.Addr == c.ev.Addr })
	if i < 0 {
		if c.lossy {
			return nil
		}
		return fmt.Errorf("revoke: no region begins at %#x", c.ev.Addr)
	}
	r := c.regions[i]
	if r.Memory != netgpu.CUDAMemory.String() {
		return fmt.Errorf("revoke: the region at %#x is of %s memory, which nobody takes away", r.Addr, r.Memory)
	}
	start := r.Addr &^ (netgpu.GPUPageSize - 1)
	if id, ok := c.page(nil, start); ok {
		size := (r.Addr - start + r.Len + netgpu.GPUPageSize - 1) &^ (netgpu.GPUPageSize - 1)
		if len(c.gone) == revokedMax {
			c.gone = slices.Delete(c.gone, 0, 1)
		}
		c.gone = append(c.gone, revoked{start, size, id})
	}
	c.process.CudaFree(start)
	c.regions = slices.Delete(slices.Clone(c.regions), i, i+1)
	return nil
}
