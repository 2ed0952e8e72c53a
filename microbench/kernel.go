package microbench

import (
	"netgpusim/gpu"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// pattern gives the requests of instruction number i of a warp, appended to buf.
type pattern func(buf []access, i, warp int) []access

// A row of loads is roundsMin instructions of every warp at least, and the first in
// warmShare of them does not count.
const (
	roundsMin = 16
	warmShare = 4
)

// Events of a row of loads.
const (
	evIssue  uint16 = iota // A: warp: its next request is at a slice
	evReturn               // A: warp, B: slice: the data of a request are at the PCIe interface
)

// warp is a warp whose threads wait for all loads of an instruction before the next.
type warp struct {
	requests    []access
	issued      int // of these
	outstanding int // of those
	rounds      int
}

// kernel is many warps loading host memory.
type kernel struct {
	bench  *bench
	tree   *pcie.Tree
	path   *gpu.HostAccess
	next   pattern
	warps  []warp
	events sim.Queue
	there  sim.Time // from an SM to a slice
	back   sim.Time // from the PCIe interface to the SM

	m meter

	outstanding, most int // requests on PCIe
}

// loads runs a row of loads and returns the meter and what bound the loads.
func (b *bench) loads(parallel int, next pattern) (*meter, string, error) {
	tree, err := b.gpuTree()
	if err != nil {
		return nil, "", err
	}
	k := &kernel{
		bench: b, tree: tree, path: b.gpu.NewHostAccess(tree), next: next,
		warps: make([]warp, warps(parallel)),
		there: b.device.HostFabric / 2, back: b.device.HostFabric - b.device.HostFabric/2,
	}
	for i := range k.warps {
		k.warps[i].requests = next(nil, 0, i)
		k.events.Push(k.there, sim.Event{Kind: evIssue, A: uint32(i)})
	}
	instructions := max(roundsMin*len(k.warps), min(b.spec.Operations*len(k.warps), requestsMax/len(k.warps[0].requests)))
	k.run(instructions)
	return &k.m, k.limit(parallel), nil
}

// run goes on until so many instructions are done. The meter leaves out those of the
// start.
func (k *kernel) run(instructions int) {
	for seen := 0; seen < instructions; {
		now, _ := k.events.NextTime()
		ev := k.events.Pop()
		w := &k.warps[ev.A]
		if ev.Kind == evIssue {
			k.issue(now, ev.A, w)
			continue
		}
		if s, ok := k.path.Returned(now, uint32(ev.B)); ok {
			k.started(s)
		}
		k.outstanding--
		w.outstanding--
		if w.outstanding > 0 || w.issued < len(w.requests) {
			continue
		}
		k.m.to = now
		for _, a := range w.requests {
			k.m.bytes += a.useful
			k.m.items++
		}
		w.rounds++
		w.requests, w.issued = k.next(w.requests[:0], w.rounds, int(ev.A)), 0
		k.events.Push(now+k.back+k.there, sim.Event{Kind: evIssue, A: ev.A})
		if seen++; seen == instructions/warmShare {
			k.tree.Restart(now)
			k.m = meter{from: now}
		}
	}
}

// issue sends the next request of a warp to its slice.
func (k *kernel) issue(now sim.Time, id uint32, w *warp) {
	a := w.requests[w.issued]
	w.issued++
	w.outstanding++
	if s, ok := k.path.Load(now, a.line, a.bytes, id); ok {
		k.started(s)
	}
	if w.issued < len(w.requests) {
		k.events.Push(now+k.bench.device.LineInterval, sim.Event{Kind: evIssue, A: id})
	}
}

func (k *kernel) started(s gpu.Started) {
	k.outstanding++
	k.most = max(k.most, k.outstanding)
	k.events.Push(s.Back, sim.Event{Kind: evReturn, A: s.Owner, B: uint64(s.Slice)})
}
