package host

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/nic"
	"netgpusim/sim"
)

// rxQueue is the driver's side of a receive queue.
type rxQueue struct {
	rq     *nic.RQ
	ifq    *netgpu.IfQueue // nil for an ordinary queue
	gpu    bool            // payload pages are GPU memory
	pages  int             // netgpu pages per WQE
	starve int64           // refills that found no pages
	dim    dim
	count  dimSample  // packets and bytes polled
	fill   sim.Gauge  // occupancy of the fill ring
	trace  *ringTrace `snapshot:"-"` // nil: no protocol trace

	// Buffers that the application holds back because the fill ring had no room for
	// them, oldest first: at most those of its area. Their keeper also polls for room.
	kept   sim.FIFO[uint64]
	keeper *thread
}

// fillPublished publishes what the kernel took from the fill ring, once per bulk.
func (q *rxQueue) fillPublished(c *Core) {
	q.ifq.FillComplete()
	if q.trace != nil {
		q.trace.completed(trace.Kernel, q.trace.cons)
	}
	q.fill.Set(c.cursor, int64(q.ifq.Fill().Occupancy()))
	if q.kept.Len() > 0 && q.keeper != nil && q.keeper.asleep && q.ifq.Writable() {
		q.keeper.wakeUp(c)
	}
}

// recycle enters a buffer of the application into the fill ring, if there is room.
func (q *rxQueue) recycle(base uint64) bool {
	ok := q.ifq.Recycle(base)
	if q.trace != nil {
		q.trace.recycled(base, ok)
	}
	return ok
}

// putNapi puts a page back into the queue's cache.
func (q *rxQueue) putNapi(p netgpu.PageID) {
	q.ifq.PutNapi(p)
	if q.trace != nil {
		q.trace.page(trace.Put, p)
	}
}

// canRefill says whether a bulk of WQEs may be started.
func (q *rxQueue) canRefill(bulk int) bool {
	may := q.ifq.CanRefill(int32(bulk))
	if q.trace != nil {
		q.trace.mayRefill(bulk, may)
	}
	return may
}

// getPage takes a page for a WQE.
func (q *rxQueue) getPage() (netgpu.PageID, netgpu.Errno) {
	if q.trace != nil {
		return q.trace.getPage(q.ifq)
	}
	return q.ifq.GetPage()
}
