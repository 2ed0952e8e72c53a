package host

import (
	"errors"
	"fmt"
	"io"

	"netgpusim/netgpu"
	"netgpusim/netgpu/trace"
	"netgpusim/sim"
)

// TraceSpec asks for the protocol trace of a host: every operation on its netgpu
// module, in the order of their effects (see docs/trace.md). A trace is about one
// kernel module, so two hosts are two traces.
type TraceSpec struct {
	Out      io.Writer // nil: no trace
	Producer string    // what the trace says has written it
}

// startTraces begins the traces that the configuration asks for, before anything has
// happened but the library's set-up.
func (w *World) startTraces() error {
	for i, h := range w.Hosts {
		if w.config.Trace[i].Out == nil {
			continue
		}
		if err := h.startTrace(&w.config.Trace[i]); err != nil {
			return fmt.Errorf("protocol trace of the %s: %w", h.Name, err)
		}
	}
	return nil
}

func (h *Host) startTrace(spec *TraceSpec) (err error) {
	if h.netgpu == nil {
		return errors.New("it has no flow that uses netgpu")
	}
	t := &tracer{host: h}
	header := trace.Header{
		Producer: spec.Producer, Host: h.Name, Variant: h.module.Variant().Name,
		Actors:   []string{trace.App.String(), trace.Kernel.String(), trace.NIC.String()},
		Contexts: len(h.netgpu.contexts), Regions: h.netgpu.regions, Rings: t.rings(),
	}
	if t.out, err = trace.NewWriter(spec.Out, header); err != nil {
		return err
	}
	h.trace = &ringTrace{tracer: t}
	for _, q := range t.queues {
		q.trace.populated(q.ifq)
	}
	return nil
}

// ResumeTraces is called after the world's state has been replaced by one that was
// saved: what led there is a gap in the traces.
func (w *World) ResumeTraces() {
	for _, h := range w.Hosts {
		if h.trace == nil {
			continue
		}
		h.trace.event(trace.Event{Op: trace.Gap})
		for _, q := range h.trace.queues {
			q.trace.prod, q.trace.cons = q.ifq.Fill().Shared()
		}
		for _, s := range h.sockets {
			if sock := s.netgpu(); sock != nil {
				s.trace.prod, s.trace.cons = sock.Rx().Shared()
			}
		}
	}
}

// FlushTraces writes what is buffered and returns the first error of the traces. Call
// it when the run is over.
func (w *World) FlushTraces() error {
	for _, h := range w.Hosts {
		if h.trace == nil {
			continue
		}
		if err := h.trace.out.Flush(); err != nil {
			return fmt.Errorf("protocol trace of the %s: %w", h.Name, err)
		}
	}
	return nil
}

// tracer writes the protocol trace of a host.
type tracer struct {
	host   *Host
	out    *trace.Writer
	queues []*rxQueue
}

// ringTrace writes the events of one ring and its object; one without a name those of
// no ring. It counts the indices that the model keeps private.
type ringTrace struct {
	*tracer
	name       string
	prod, cons uint32
}

// rings gives every queue and socket its ringTrace and describes their rings.
func (t *tracer) rings() []trace.RingSpec {
	var specs []trace.RingSpec
	h := t.host
	for _, ctx := range h.netgpu.contexts {
		if q := ctx.queue; q != nil {
			q.trace = &ringTrace{tracer: t, name: fmt.Sprintf("fill/%d", q.rq.ID)}
			q.trace.prod, q.trace.cons = q.ifq.Fill().Shared()
			t.queues = append(t.queues, q)
			specs = append(specs, trace.RingSpec{Name: q.trace.name, Kind: trace.Fill.String(), Context: ctx.index, Entries: q.ifq.Fill().Entries()})
		}
	}
	for _, s := range h.sockets {
		sock := s.netgpu()
		if sock == nil {
			continue
		}
		s.trace = &ringTrace{tracer: t, name: fmt.Sprintf("rx/%d", s.flow)}
		s.trace.prod, s.trace.cons = sock.Rx().Shared()
		s.tx.trace = s.trace
		for _, ctx := range h.netgpu.contexts {
			if h.netgpu.process.ContextAt(ctx.fd) == sock.Context() {
				specs = append(specs, trace.RingSpec{Name: s.trace.name, Kind: trace.Rx.String(), Context: ctx.index, Entries: sock.Rx().Entries()})
			}
		}
	}
	return specs
}

// netgpu is the socket's netgpu side, nil if it has none.
func (s *socket) netgpu() *netgpu.Socket {
	switch {
	case s == nil:
		return nil
	case s.skq != nil:
		return s.skq
	}
	return s.tx.sock
}

// event writes e with its ring, its time and the actor app, kernel or NIC.
func (r *ringTrace) event(e trace.Event) {
	e.Time = r.host.module.Stamp / int64(sim.Nanosecond)
	e.Ring = r.name
	r.out.Event(&e)
}

// page writes what happens to a page in the hands of kernel or NIC.
func (r *ringTrace) page(op trace.Op, id netgpu.PageID) {
	actor := trace.Kernel
	if op == trace.Receive {
		actor = trace.NIC
	}
	va, _ := r.host.module.VA(id)
	r.event(trace.Event{Op: op, Actor: actor, Addr: va, Len: 1})
}

// populated writes what the library has entered into a fill ring before the trace.
func (r *ringTrace) populated(q *netgpu.IfQueue) {
	prod := r.prod
	for r.prod = r.cons; r.prod != prod; {
		r.recycled(*q.Fill().Slot(r.prod), true)
	}
	r.submitted(trace.App, prod)
}

// getPage is GetPage with its event. Where the page came from shows in the counts of
// the cache, which change if and only if it came from there.
func (r *ringTrace) getPage(q *netgpu.IfQueue) (netgpu.PageID, netgpu.Errno) {
	napi, any := q.Cached()
	id, errno := q.GetPage()
	e := trace.Event{Op: trace.Get, Actor: trace.Kernel, Index: r.cons, Err: errno}
	napiNow, anyNow := q.Cached()
	switch {
	case napi != napiNow || any != anyNow:
		e.Op = trace.CacheGet
	case errno != netgpu.ENOMEM:
		e.Addr = *q.Fill().Slot(r.cons)
	}
	if errno == netgpu.OK {
		e.Addr, _ = r.host.module.VA(id)
		if e.Op == trace.Get {
			r.cons++
		}
	}
	r.event(e)
	return id, errno
}

// mayRefill writes the answer to whether a bulk of n pages may be started.
func (r *ringTrace) mayRefill(n int, may bool) {
	e := trace.Event{Op: trace.Refill, Actor: trace.Kernel, Len: uint64(n)}
	if !may {
		e.Err = netgpu.ENOMEM
	}
	r.event(e)
}

// recycled writes an entry of the fill ring, or that there was no room for it.
func (r *ringTrace) recycled(base uint64, ok bool) {
	e := trace.Event{Op: trace.Produce, Actor: trace.App, Index: r.prod, Addr: base &^ (netgpu.PageSize - 1)}
	if ok {
		r.prod++
	} else {
		e.Err = netgpu.ENOMEM
	}
	r.event(e)
}

// submitted and completed write that an index was published.
func (r *ringTrace) submitted(by trace.Actor, prod uint32) {
	r.event(trace.Event{Op: trace.Submit, Actor: by, Index: prod})
}

func (r *ringTrace) completed(by trace.Actor, cons uint32) {
	r.event(trace.Event{Op: trace.Complete, Actor: by, Index: cons})
}

// delivered writes an rx slot, or that there was none.
func (r *ringTrace) delivered(id netgpu.PageID, offset, length uint32, ok bool) {
	va, _ := r.host.module.VA(id)
	e := trace.Event{Op: trace.Deliver, Actor: trace.Kernel, Index: r.prod, Addr: va + uint64(offset), Len: uint64(length)}
	if ok {
		r.prod++
	} else {
		e.Err = netgpu.ENOMEM
	}
	r.event(e)
}

// batched and taken write what the application takes from the rx ring.
func (r *ringTrace) batched(n uint32) {
	if n > 0 {
		r.event(trace.Event{Op: trace.Batch, Actor: trace.App, Index: r.cons, Len: uint64(n)})
	}
}

func (r *ringTrace) taken(v netgpu.Iovec) {
	r.event(trace.Event{Op: trace.Take, Actor: trace.App, Index: r.cons, Addr: v.Base, Len: v.Len})
	r.cons++
}

// attached writes that one skb's worth of a send was attached.
func (r *ringTrace) attached(base, length uint64) {
	r.event(trace.Event{Op: trace.Attach, Actor: trace.Kernel, Addr: base, Len: length})
}

// written writes that the application changed memory that it sends from.
func (r *ringTrace) written(base, length uint64) {
	r.event(trace.Event{Op: trace.Write, Actor: trace.App, Addr: base, Len: length})
}

// linear writes an skb that delivery refuses.
func (r *ringTrace) linear(length uint32) {
	r.event(trace.Event{Op: trace.Linear, Actor: trace.Kernel, Len: uint64(length)})
}

// quiescent writes that nothing more will happen by itself.
func (r *ringTrace) quiescent() {
	r.event(trace.Event{Op: trace.Quiescent, Actor: trace.Kernel})
}
