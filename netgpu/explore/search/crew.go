package search

import (
	"runtime"
	"sync/atomic"
)

// crew runs phases: tasks 0..n-1, each once, on any worker, all done before the
// phase ends. The caller is worker 0; a crew of one has no goroutine.
//
// A worker first takes the tasks of its own share, the same in every phase, so
// that it finds what it left in its caches; then it helps the others.
//
// For the same reason workers should stay on their cores. A goroutine that has run for
// 10 ms is made to queue, and when several are at the same time, they swap cores. So each
// queues by itself in every phase, when the others do not: worker 0 before, helpers after.
type crew struct {
	begun  []*gate      // one per helper: phases begun, then one more when the crew is dismissed
	done   *gate        // helpers that have ended a phase, in all phases
	phases int64        // begun
	looks  int          // see gate.await
	over   bool         // dismissed
	met    atomic.Int64 // workers that have come to meet

	do     func(worker int) // what the running phase does
	shares []share          // one per worker
}

// share is a range of tasks; next is the first that nobody has taken.
type share struct {
	next atomic.Int64
	end  int64
	_    [112]byte // shares must not share a cache line, nor a prefetched pair
}

// looks is how often a worker looks for the next phase before it sleeps: some 250 µs, for
// one that has slept begins late, and perhaps on another core.
const looks = 1_000_000

func newCrew(workers int) *crew {
	c := &crew{shares: make([]share, workers), done: newGate()}
	if workers <= runtime.GOMAXPROCS(0) { // else looking would keep others from working
		c.looks = looks
	}
	for w := 1; w < workers; w++ {
		begun := newGate()
		c.begun = append(c.begun, begun)
		go c.help(w, begun)
	}
	return c
}

// help is what a helper does.
func (c *crew) help(worker int, begun *gate) {
	for phase := int64(1); ; phase++ {
		begun.await(phase, c.looks)
		if c.over {
			return
		}
		c.do(worker)
		c.done.raise()
		runtime.Gosched()
	}
}

// close ends the helpers.
func (c *crew) close() {
	c.over = true
	for _, g := range c.begun {
		g.raise()
	}
}

// each runs a phase. A small one (few items in all its tasks) is not worth waking
// anybody.
func (c *crew) each(n, items int, task func(worker, i int)) {
	const worthWaking = 512
	if len(c.begun) == 0 || items < worthWaking {
		for i := range n {
			task(0, i)
		}
		return
	}
	for w := range c.shares {
		c.shares[w].next.Store(int64(w * n / len(c.shares)))
		c.shares[w].end = int64((w + 1) * n / len(c.shares))
	}
	c.all(func(worker int) { c.work(worker, task) })
}

// all runs a phase in which every worker does something once.
func (c *crew) all(do func(worker int)) {
	c.do = do
	runtime.Gosched()
	c.phases++
	for _, g := range c.begun {
		g.raise()
	}
	do(0)
	c.done.await(c.phases*int64(len(c.begun)), c.looks)
}

// meet lets a worker wait until all have come to it, once in the life of a crew. Since
// nobody sleeps meanwhile, each is then on a core of its own. It gives up where that takes
// longer than starting a thread does.
func (c *crew) meet() {
	c.met.Add(1)
	for range 32 * c.looks {
		if c.met.Load() == int64(len(c.shares)) {
			return
		}
	}
}

func (c *crew) work(worker int, task func(worker, i int)) {
	for k := range c.shares {
		s := &c.shares[(worker+k)%len(c.shares)]
		for {
			i := s.next.Add(1) - 1
			if i >= s.end {
				break
			}
			task(worker, int(i))
		}
	}
}
