package trace

import (
	"fmt"

	"netgpusim/netgpu"
)

// What is known of a ring, and how it is learned again.
//
// The rings of the model always begin at index 0. After a gap those of the trace stand
// anywhere, and hold entries that nobody saw being written. The first index that the
// producer names from then on is the model's 0: entries from there on are known, those
// before it are leftovers, whose consumption is taken for true.

// position relates the indices of a trace to those of the model.
type position struct {
	base      uint32 // trace index of the model's index 0; valid if prodKnown
	prodKnown bool
	consKnown bool
	consNext  uint32 // trace index of the entry that is consumed (rx: read) next; valid if consKnown
	batchNext uint32 // rx: of the entry that is taken next; consNext is behind it by the unread ones
}

// gap is an event that says that events were lost here: where pages are and where
// rings stand is unknown until it is seen again. What the header, open and region
// have declared stays true.
func (c *checker) gap() error {
	c.report.Gaps++
	c.report.Lost += int64(min(c.ev.Lost, 1<<62-1))
	if c.lossy && !c.dirty {
		return nil
	}
	c.dirty = false
	return c.forget()
}

// forget makes the model anew and everything in it unknown.
func (c *checker) forget() error {
	c.lossy, c.exact = true, false
	if err := c.build(); err != nil {
		return c.wrong(fmt.Errorf("after a gap: %w", err))
	}
	for i := range c.pages {
		c.pages[i] = pageNote{unknown: true}
	}
	for _, r := range c.order {
		r.prodKnown, r.consKnown = false, false
	}
	return nil
}

// learned says that a page is known from now on and that this event could not be held
// against anything; if the page was unknown.
func (c *checker) learned(id netgpu.PageID) bool {
	if !c.pages[id].unknown {
		return false
	}
	c.pages[id].unknown = false
	c.report.Unverifiable++
	return true
}

// produced checks the index of an entry that is written; model is the model's.
func (c *checker) produced(r *ring, model uint32) error {
	if !r.prodKnown {
		return c.learnProd(r, c.ev.Index-model)
	}
	if want := r.base + model; c.ev.Index != want {
		return c.diverge(ringSafety, "index-mismatch", fmt.Sprintf("prod of ring %s at %d", r.name, want), fmt.Sprint(c.ev.Index))
	}
	return nil
}

// learnProd learns where the producer of a ring stands.
func (c *checker) learnProd(r *ring, base uint32) error {
	r.prodKnown, r.base = true, base
	c.report.Unverifiable++
	if n := base - r.consNext; r.consKnown && n > r.entries {
		return c.diverge(ringSafety, netgpu.IndexOutOfRange.String(),
			fmt.Sprintf("prod of ring %s at most %d before cons, which is at %d", r.name, r.entries, r.consNext), fmt.Sprint(base))
	}
	return nil
}

// consumed checks the index of the entry that is consumed and steps over it. It says
// whether the entry is a leftover.
func (c *checker) consumed(r *ring, index uint32) (leftover bool, err error) {
	if !r.consKnown {
		r.consKnown, r.consNext, r.batchNext = true, index, index
	}
	if index != r.consNext {
		return false, c.diverge(ringSafety, "index-mismatch", fmt.Sprintf("cons of ring %s at %d", r.name, r.consNext), fmt.Sprint(index))
	}
	r.consNext++
	return !r.prodKnown || int32(index-r.base) < 0, nil
}

// storeProd and storeCons are an application that writes a shared word as it likes.
func (r *ring) storeProd(index uint32) {
	if r.kind == Fill {
		r.queue.Fill().StoreProd(index - r.base)
	} else {
		r.socket.Rx().StoreProd(index - r.base)
	}
}

func (r *ring) storeCons(index uint32) {
	if r.kind == Fill {
		r.queue.Fill().StoreCons(index - r.base)
	} else {
		r.socket.Rx().StoreCons(index - r.base)
	}
}
