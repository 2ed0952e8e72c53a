package pcie

import (
	"testing"

	"netgpusim/sim"
)

// Whatever the tree, ATS and ACS included, and more than there are tags and credits for:
// on the fast engine too every byte comes once and every tag and place comes home.
func TestThePortOfTheFastEngineLosesNothing(t *testing.T) {
	r := sim.NewRand(1, "port")
	starved := 0
	for range 150 {
		s, peer, outstanding := anySpec(&r)
		s.Engine = EngineFast
		var jobs []job
		var now sim.Time
		for range 300 {
			now += sim.Time(r.Intn(300)) * sim.Nanosecond
			jobs = append(jobs, job{now, r.Intn(2) == 0, Target(r.Intn(2)), int64(r.Intn(9000))})
		}
		b := newBatch(t, &s, outstanding, peer, jobs)
		b.run()
		b.outcome(t)
		p := b.port.(*fastPort)
		if p.untagged.Len() != 0 || p.tagged.Len() != 0 || p.answers[HostMemory].n != 0 || p.answers[PeerGPU].n != 0 {
			t.Fatalf("something waits still: %+v", s)
		}
		for _, home := range []*slots{p.tags, p.memory.reads, p.nic.credits[0].nonPosted, p.gpu.credits[1].nonPosted,
			p.targets[HostMemory].places(), p.targets[PeerGPU].places()} {
			if home == nil {
				continue
			}
			if home.forget(sim.Never); home.held != 0 || home.open != 0 || home.n != 0 {
				t.Fatalf("%d of %d places are taken, %d for ever: %+v", home.held, home.limit, home.open, s)
			}
		}
		if p.tags.limit <= 32 {
			starved++
		}
	}
	if starved == 0 {
		t.Error("tags were always plenty")
	}
}

// A read of nothing is one request, and its arrival is told.
func TestReadsOfNothingArrive(t *testing.T) {
	for _, engine := range []string{EngineFast, EngineExact} {
		s := testSpec()
		s.Engine = engine
		b := newBatch(t, &s, 4, testPeer, []job{{0, true, HostMemory, 0}, {0, true, PeerGPU, 0}, {0, false, PeerGPU, 0}})
		b.run()
		for i, done := range b.done {
			if done < 300*sim.Nanosecond || b.left[i] != 0 {
				t.Errorf("%s: job %d is done at %v", engine, i, done)
			}
		}
	}
}

// told keeps when what was asked for under a notice could be seen.
type told map[Notice]sim.Time

func (t told) Arrived(about Notice, _ int64, _, last sim.Time) { t[about] = last }
func (t told) Sent(Notice, sim.Time)                           {}
func (t told) Visible(about Notice, at sim.Time)               { t[about] = at }

// An interrupt stays behind the CQE that was written before it, also where that waits for
// a translation, and needs none itself.
func TestAnInterruptIsBehindWhatWasWrittenAndIsNotTranslated(t *testing.T) {
	for _, engine := range []string{EngineFast, EngineExact} {
		var alone [3]sim.Time
		for i, change := range []func(*Spec){
			func(*Spec) {},
			func(s *Spec) { s.IOMMU = true },
			func(s *Spec) { s.IOMMU, s.ATS = true, true },
		} {
			s := testSpec()
			s.HostWindow, s.LLCReach, s.IOMMUPage, s.IOTLBEntries, s.ATSEntries = sim.GiB, sim.GiB, 4*sim.KiB, 32, 32
			s.IOMMUWalkers, s.IOMMUWalk, s.Engine = 4, 5*sim.Microsecond, engine
			change(&s)
			run := func(with func(Port)) told {
				e, seen := sim.NewEngine(), told{}
				p, err := Open(e, "test", &s, 64, testPeer)
				if err != nil {
					t.Fatal(err)
				}
				p.Listen(seen)
				with(p)
				e.Run(sim.Never)
				return seen
			}
			alone[i] = run(func(p Port) { p.Interrupt(0, 1) })[1]
			both := run(func(p Port) {
				p.Write(0, HostMemory, 64, 2)
				p.Interrupt(0, 1)
			})
			if both[1] < both[2] || both[2] == 0 || s.IOMMU != (both[2] > s.IOMMUWalk) {
				t.Errorf("%s, %d: the interrupt is there at %v, what was written before it at %v", engine, i, both[1], both[2])
			}
		}
		if alone[0] == 0 || alone[1] != alone[0] || alone[2] != alone[0] {
			t.Errorf("%s: an interrupt alone takes %v without an IOMMU, %v with, %v with ATS", engine, alone[0], alone[1], alone[2])
		}
	}
}

func TestNoticesNeedAListener(t *testing.T) {
	s := testSpec()
	x, err := NewExact(sim.NewEngine(), "test", &s, 64, testPeer, ExactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Submit(0, Request{From: AtNIC, To: AtHost, Bytes: 64, About: 1}); err == nil {
		t.Error("a notice is taken although nobody listens")
	}
}

func TestPartsLeaveATargetInTheOrderInWhichTheyAreReady(t *testing.T) {
	var m metered
	r := sim.NewRand(1, "parts")
	for range 50 {
		m.push(served{ready: newBurst(1, sim.Time(r.Intn(1000)))})
	}
	m.at(0).begun = true
	first := m.at(0).ready.first
	m.push(served{ready: newBurst(1, 0)})
	if m.at(0).ready.first != first || m.at(1).ready.first != 0 {
		t.Error("a part goes before one that has begun to leave, or waits for others than that")
	}
	m.pop()
	for before := sim.Time(0); m.n > 0; m.pop() {
		if ready := m.at(0).ready.first; ready < before {
			t.Fatalf("%d after %d", ready, before)
		} else {
			before = ready
		}
	}
}

func TestSlotsSayWhenAPlaceIsFreeAndHowManyAreSure(t *testing.T) {
	s := newSlots(4)
	admit := func(n int64, now sim.Time) burst {
		b := newBurst(n, now)
		s.admit(&b, now)
		return b
	}
	admit(3, 0)
	if s.next(0) != 0 || s.most(4) != 1 {
		t.Errorf("next %v, most %d with three places taken for ever", s.next(0), s.most(4))
	}
	admit(1, 0)
	if s.next(0) != sim.Never || s.most(4) != 0 {
		t.Errorf("next %v, most %d with all taken for ever", s.next(0), s.most(4))
	}
	s.give(3, 100, 300) // at 100, 200 and 300
	if s.next(0) != 100 || s.most(4) != 3 || s.most(2) != 2 {
		t.Errorf("next %v, most %d and %d with three places known", s.next(0), s.most(4), s.most(2))
	}
	if s.next(200) != 200 || s.most(1) != 2 {
		t.Errorf("at 200 next is %v, most %d; two are back", s.next(200), s.most(1))
	}
	if b := admit(3, 200); b.first != 200 || b.last != 300 {
		t.Errorf("three at 200 come from %v to %v", b.first, b.last)
	}
}
