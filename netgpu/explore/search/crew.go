package search

import (
	"sync"
	"sync/atomic"
)

// crew runs phases: tasks 0..n-1, each once, on any worker, all done before the
// phase ends. The caller is worker 0; a crew of one has no goroutine.
//
// A worker first takes the tasks of its own share, the same in every phase, so
// that it finds what it left in its caches; then it helps the others.
type crew struct {
	wake []chan struct{} // one per helper
	done sync.WaitGroup

	task   func(worker, i int) // of the running phase
	shares []share             // one per worker
}

// share is a range of tasks; next is the first that nobody has taken.
type share struct {
	next atomic.Int64
	end  int64
	_    [112]byte // shares must not share a cache line, nor a prefetched pair
}

func newCrew(workers int) *crew {
	c := &crew{shares: make([]share, workers)}
	for w := 1; w < workers; w++ {
		wake := make(chan struct{}, 1)
		c.wake = append(c.wake, wake)
		go func() {
			for range wake {
				c.work(w)
				c.done.Done()
			}
		}()
	}
	return c
}

// close ends the helpers.
func (c *crew) close() {
	for _, w := range c.wake {
		close(w)
	}
}

// each runs a phase. A small one (few items in all its tasks) is not worth waking
// anybody.
func (c *crew) each(n, items int, task func(worker, i int)) {
	const worthWaking = 512
	if len(c.wake) == 0 || n < 2 || items < worthWaking {
		for i := range n {
			task(0, i)
		}
		return
	}
	c.task = task
	for w := range c.shares {
		c.shares[w].next.Store(int64(w * n / len(c.shares)))
		c.shares[w].end = int64((w + 1) * n / len(c.shares))
	}
	c.done.Add(len(c.wake))
	for _, w := range c.wake {
		w <- struct{}{}
	}
	c.work(0)
	c.done.Wait()
}

func (c *crew) work(worker int) {
	for k := range c.shares {
		s := &c.shares[(worker+k)%len(c.shares)]
		for {
			i := s.next.Add(1) - 1
			if i >= s.end {
				break
			}
			c.task(worker, int(i))
		}
	}
}
