package live

import (
	"fmt"

	"netgpusim/netgpu"
)

// The two ends of a ring in Go. testdata/peer.c has the same in C.

// entry is what entry number n holds: no two neighbours share a word, so an old, a
// new or a half-written entry is none that is due.
func entry[T Element](n uint64) T {
	const odd = 0x9E3779B97F4A7C15
	var e T
	switch e := any(&e).(type) {
	case *uint64:
		*e = (n + 1) * odd
	case *netgpu.Iovec:
		*e = netgpu.Iovec{Base: (n + 1) * odd, Len: (^n + 1) * odd}
	}
	return e
}

// workload is what goes through a ring in one direction.
type workload struct {
	entries uint32 // of the ring
	batch   uint32 // at most entries; 1: operations on single entries
	count   uint64
}

func (w workload) String() string {
	return fmt.Sprintf("%d entries in batches of %d over %d slots", w.count, w.batch, w.entries)
}

// produce fills the ring with count entries. idle is called whenever there is no
// space; what it returns ends the production.
func produce[T Element](r *netgpu.Ring[T], w workload, idle func() error) error {
	p := netgpu.NewProducer(r)
	for n := uint64(0); n < w.count; {
		if w.batch == 1 {
			if slot := p.Reserve(); slot != nil {
				*slot = entry[T](n)
				n++
				p.Submit()
				continue
			}
		} else if some := uint32(min(uint64(w.batch), w.count-n)); p.Avail(some) {
			for range some {
				*p.GetPtr() = entry[T](n)
				n++
			}
			p.Submit()
			continue
		}
		if err := idle(); err != nil {
			return fmt.Errorf("%d entries produced of %d: %w", n, w.count, err)
		}
	}
	return nil
}

// consume takes count entries off the ring and checks each, reading before it
// publishes. idle is called whenever there is none; what it returns ends it.
func consume[T Element](r *netgpu.Ring[T], w workload, idle func() error) error {
	c := netgpu.NewConsumer(r)
	for n := uint64(0); n < w.count; {
		if w.batch == 1 {
			if slot := c.Peek(); slot != nil {
				if *slot != entry[T](n) {
					return fmt.Errorf("entry %d: found %x, want %x", n, *slot, entry[T](n))
				}
				n++
				c.Advance()
				c.Complete()
				continue
			}
		} else if first, count := c.PeekBatchAdvance(w.batch); count > 0 {
			for i := range count {
				if got := *c.Slot(first + i); got != entry[T](n) {
					return fmt.Errorf("entry %d: found %x, want %x", n, got, entry[T](n))
				}
				n++
			}
			c.Complete()
			continue
		}
		if err := idle(); err != nil {
			return fmt.Errorf("%d entries consumed of %d: %w", n, w.count, err)
		}
	}
	return nil
}

// start makes an empty ring whose indices stand at, close to their wrap.
func start[T Element](r *netgpu.Ring[T], at uint32) {
	r.StoreProd(at)
	r.StoreCons(at)
}
