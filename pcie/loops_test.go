package pcie

import (
	"testing"

	"netgpusim/sim"
)

// dmaEngine is an engine of a device that keeps so many transactions under way: each
// that is done makes room for the next, gap later.
type dmaEngine struct {
	read   bool
	target Target
	bytes  int64
	depth  int
	gap    sim.Time // on average, half to one and a half times
}

// loops runs DMA engines on either engine, by events.
type loops struct {
	sim     *sim.Engine
	id      sim.ActorID
	engines []dmaEngine
	rand    []sim.Rand // of the engines: constant gaps would lock them to each other
	until   sim.Time

	tree  *Tree  // the fast engine, or
	exact *Exact // the exact one
	from  addresses

	begun   []sim.Time // of the exact engine's transactions
	owner   []int
	bytes   int64 // done by until
	latency float64
	done    int
}

const (
	loopIssue = iota // A: engine
	loopSent
	loopDone // A: transaction of the exact engine
)

// Handle implements sim.Actor.
func (l *loops) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case loopIssue:
		if now < l.until {
			l.issue(now, int(ev.A))
		}
	case loopDone:
		l.finish(now, l.owner[ev.A], l.begun[ev.A])
	}
}

func (l *loops) issue(now sim.Time, engine int) {
	d := &l.engines[engine]
	if l.tree != nil {
		var done sim.Time
		if d.read {
			_, done = l.tree.Read(now, d.target, d.bytes)
		} else {
			_, done = l.tree.Write(now, d.target, d.bytes)
		}
		l.finish(done, engine, now)
		return
	}
	r := Request{From: AtNIC, To: AtGPU, Bytes: d.bytes}
	if d.target == HostMemory {
		r.To, r.Address = AtHost, l.from.next(d.bytes)
	}
	if d.read {
		r.Kind = ReadRequest
	}
	if _, err := l.exact.Submit(now, r); err != nil {
		panic(err)
	}
	l.begun, l.owner = append(l.begun, now), append(l.owner, engine)
}

// finish counts a transaction that is done, and plans the next.
func (l *loops) finish(done sim.Time, engine int, begun sim.Time) {
	d := &l.engines[engine]
	if done > l.until/4 && done <= l.until { // after the start
		l.bytes += d.bytes
		l.latency += (done - begun).Nanoseconds()
		l.done++
	}
	gap := d.gap/2 + sim.Time(float64(d.gap)*l.rand[engine].Float64())
	l.sim.Schedule(done+gap, sim.Event{Actor: l.id, Kind: loopIssue, A: uint32(engine)})
}

func runLoops(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, engines []dmaEngine, exact bool) outcome {
	l := &loops{sim: sim.NewEngine(), engines: engines, until: 2 * sim.Millisecond, from: newAddresses(s)}
	l.id = l.sim.Register("loops", l)
	var err error
	if exact {
		if l.exact, err = NewExact(l.sim, "test", s, outstanding, peer, ExactOptions{}); err == nil {
			l.exact.Tell(l.id, loopSent, loopDone)
		}
	} else {
		l.tree, err = New("test", s, outstanding, peer)
	}
	if err != nil {
		tb.Fatal(err)
	}
	for i, d := range engines {
		l.rand = append(l.rand, sim.NewRand(uint64(i), "gap"))
		for k := range d.depth {
			l.sim.Schedule(sim.Time(k)*sim.Nanosecond, sim.Event{Actor: l.id, Kind: loopIssue, A: uint32(i)})
		}
	}
	l.sim.Run(sim.Never)
	if exact {
		if err := l.exact.Audit(); err != nil {
			tb.Fatal(err)
		}
	}
	return outcome{float64(8*l.bytes) / (l.until * 3 / 4).Seconds() / 1e9, l.latency / float64(l.done)}
}

// anyEngines draws one or two engines for each kind of transaction. Together they
// ask for no more reads than there are tags and credits for, or, starved, for twice as
// many.
func anyEngines(r *sim.Rand, s *Spec, outstanding int, starved bool) []dmaEngine {
	var engines []dmaEngine
	tags := usableTags(s, outstanding)
	if s.NonPostedHeaderCredits > 0 {
		tags = min(tags, s.NonPostedHeaderCredits)
	}
	for _, read := range []bool{false, true} {
		for range 1 + r.Intn(2) {
			d := dmaEngine{
				read: read, target: Target(r.Intn(2)),
				bytes: [...]int64{64, 256, 512, 1420, 4096}[r.Intn(5)],
				depth: 1 + r.Intn(12),
				gap:   sim.Time(r.Intn(2000)) * sim.Nanosecond,
			}
			if read {
				requests := (int(d.bytes) + int(s.MaxReadRequest) - 1) / int(s.MaxReadRequest)
				if starved {
					d.depth = max(1, 2*tags/requests)
				} else if d.depth = min(d.depth, tags/requests); d.depth == 0 {
					continue
				} else {
					tags -= d.depth * requests
				}
			}
			engines = append(engines, d)
		}
	}
	return engines
}
