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
}

// fillPublished publishes what the kernel took from the fill ring, once per bulk.
func (q *rxQueue) fillPublished(now sim.Time) {
	q.ifq.FillComplete()
	if q.trace != nil {
		q.trace.completed(trace.Kernel, q.trace.cons)
	}
	q.fill.Set(now, int64(q.ifq.Fill().Occupancy()))
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
