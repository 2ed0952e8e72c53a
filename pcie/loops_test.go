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

// loops runs DMA engines on either engine. A transaction's Notice is its number and the
// engine's.
type loops struct {
	sim     *sim.Engine
	id      sim.ActorID
	port    Port
	engines []dmaEngine
	rand    []sim.Rand // of the engines: constant gaps would lock them to each other
	until   sim.Time

	begun   []sim.Time // by transaction
	left    []int64    // of a read
	bytes   int64      // done by until
	latency float64
	done    int
}

const notices = 16 // more than there are engines

// Handle implements sim.Actor: it is time for the next transaction of engine ev.A.
func (l *loops) Handle(now sim.Time, ev sim.Event) {
	if now >= l.until {
		return
	}
	d := &l.engines[ev.A]
	l.begun, l.left = append(l.begun, now), append(l.left, d.bytes)
	about := Notice(len(l.begun)*notices) + Notice(ev.A)
	if d.read {
		l.port.Read(now, d.target, d.bytes, about)
	} else {
		l.port.Write(now, d.target, d.bytes, about)
	}
}

// Arrived implements Requester.
func (l *loops) Arrived(about Notice, n int64, _, last sim.Time) {
	left := &l.left[about/notices-1]
	if *left -= n; *left == 0 {
		l.finish(about, last)
	}
}

// Sent implements Requester.
func (l *loops) Sent(Notice, sim.Time) {}

// Visible implements Requester.
func (l *loops) Visible(about Notice, at sim.Time) { l.finish(about, at) }

// finish counts a transaction that is done, and plans the next.
func (l *loops) finish(about Notice, done sim.Time) {
	engine := about % notices
	d := &l.engines[engine]
	if done > l.until/4 && done <= l.until { // after the start
		l.bytes += d.bytes
		l.latency += (done - l.begun[about/notices-1]).Nanoseconds()
		l.done++
	}
	gap := d.gap/2 + sim.Time(float64(d.gap)*l.rand[engine].Float64())
	l.sim.Schedule(done+gap, sim.Event{Actor: l.id, A: uint32(engine)})
}

func runLoops(tb testing.TB, s *Spec, outstanding int, peer TargetSpec, engines []dmaEngine, engine string) outcome {
	l := &loops{sim: sim.NewEngine(), engines: engines, until: 2 * sim.Millisecond}
	l.id = l.sim.Register("loops", l)
	spec := *s
	spec.Engine = engine
	var err error
	if l.port, err = Open(l.sim, "test", &spec, outstanding, peer); err != nil {
		tb.Fatal(err)
	}
	l.port.Listen(l)
	for i, d := range engines {
		l.rand = append(l.rand, sim.NewRand(uint64(i), "gap"))
		for k := range d.depth {
			l.sim.Schedule(sim.Time(k)*sim.Nanosecond, sim.Event{Actor: l.id, A: uint32(i)})
		}
	}
	l.sim.Run(sim.Never)
	if x, exact := l.port.(*Exact); exact {
		if err := x.Audit(); err != nil {
			tb.Fatal(err)
		}
	}
	if len(l.begun) == 0 || l.done == 0 {
		tb.Fatal("nothing was done")
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
