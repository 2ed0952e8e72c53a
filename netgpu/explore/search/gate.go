package search

import "sync/atomic"

// gate lets one goroutine wait until a count that others raise has reached a number.
// It looks at the count for a while before it sleeps: phases follow each other within
// microseconds, and waking a goroutine that sleeps takes longer than that.
type gate struct {
	count  atomic.Int64
	asleep atomic.Bool
	wake   chan struct{} // of capacity 1
	_      [104]byte     // gates must not share a cache line, nor a prefetched pair
}

func newGate() *gate { return &gate{wake: make(chan struct{}, 1)} }

// await returns when the count is n at least, after looks at it and sleep as needed.
func (g *gate) await(n int64, looks int) {
	for range looks {
		if g.count.Load() >= n {
			return
		}
	}
	for g.count.Load() < n {
		g.asleep.Store(true)
		if g.count.Load() >= n && g.asleep.CompareAndSwap(true, false) {
			return // nobody will send
		}
		<-g.wake
	}
}

// raise adds one to the count.
func (g *gate) raise() {
	g.count.Add(1)
	if g.asleep.CompareAndSwap(true, false) {
		g.wake <- struct{}{}
	}
}
