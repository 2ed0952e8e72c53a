package memory

import "netgpusim/netgpu"

// Locations of the shared words; the slots follow.
const (
	locProd location = iota
	locCons
	locSlots
)

// ringView lets the real queue of package netgpu decide: the machine gives it the
// indices that a thread has, and asks the thread's own side. Its slots hold their
// locations. The view's shared words tell a side nothing that it does not know, so
// what it answers rests on the private copies alone, as if it had not looked.
type ringView struct {
	ring  *netgpu.Ring[location]
	words location // per slot: 1 for an address (fill ring), 2 for an iovec (rx ring)
}

func newRingView(slots uint32, words location) *ringView {
	v := &ringView{ring: netgpu.NewRing[location](slots), words: words}
	for i := range slots {
		*v.ring.Slot(i) = locSlots + location(i)*words
	}
	return v
}

func (v *ringView) slots() uint32 { return v.ring.Entries() }

func (v *ringView) set(prod, cons uint32) {
	v.ring.StoreProd(prod)
	v.ring.StoreCons(cons)
}

// occupancy is prod - cons.
func (v *ringView) occupancy(prod, cons uint32) uint32 {
	v.set(prod, cons)
	return v.ring.Occupancy()
}

func (v *ringView) producer(r *registers) netgpu.Producer[location] {
	v.set(r[rProd], r[rCons])
	return netgpu.NewProducer(v.ring)
}

func (v *ringView) consumer(r *registers) netgpu.Consumer[location] {
	v.set(r[rProd], r[rCons])
	c := netgpu.NewConsumer(v.ring)
	c.LoadProd()
	return c
}

// The questions that the micro-programs branch on.

func (v *ringView) hasSpace(n uint32) func(*registers) bool {
	return func(r *registers) bool {
		p := v.producer(r)
		return p.Avail(n)
	}
}

func (v *ringView) hasEntries(n uint32) func(*registers) bool {
	return func(r *registers) bool {
		c := v.consumer(r)
		return c.Avail(n)
	}
}

// getPtr takes the next slot: rSlot is its location.
func (v *ringView) getPtr(r *registers) {
	p := v.producer(r)
	r[rSlot] = uint32(*p.GetPtr())
	r[rProd], _ = p.Cached()
}

// slotAt puts the location of the slot of rFirst + rDone into rSlot.
func (v *ringView) slotAt(r *registers) {
	c := v.consumer(r)
	r[rSlot] = uint32(*c.Slot(r[rFirst] + r[rDone]))
}

// peekBatch puts the number of entries of a batch of up to n into rCount.
func (v *ringView) peekBatch(n uint32) func(*registers) {
	return func(r *registers) {
		c := v.consumer(r)
		_, r[rCount] = c.PeekBatch(n)
	}
}

// advance steps cached_cons over rCount entries.
func (v *ringView) advance(r *registers) {
	c := v.consumer(r)
	for range r[rCount] {
		c.Advance()
	}
	_, r[rCons] = c.Cached()
}

// advanceOne steps cached_cons over one entry.
func (v *ringView) advanceOne(r *registers) {
	c := v.consumer(r)
	c.Advance()
	_, r[rCons] = c.Cached()
}
