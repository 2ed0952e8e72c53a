package nic

import (
	"slices"
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// moderated is a rig with one ordinary queue, armed at time 0.
func moderated(t *testing.T, mode string, period sim.Time, frames int) (*rig, *RQ) {
	spec := testSpec()
	spec.RxCoalesceMode, spec.RxCoalesceTime, spec.RxCoalesceFrames = mode, period, frames
	r := newRig(t, spec, 25*sim.Gbps)
	q := r.nic.AddRQ(3, 3, false, pcie.HostMemory)
	r.nic.Steer(0, q)
	r.post(q)
	q.ArmRx(0)
	return r, q
}

// arrive delivers a frame at time at and returns when its CQE has left the NIC and
// when software sees it.
func (r *rig) arrive(q *RQ, at sim.Time) (written, visible sim.Time) {
	r.nic.Receive(r.until(at), dataFrame(0, 1420))
	c := q.cqe(q.head - 1)
	return c.written, c.Visible
}

// raisedFor is when an interrupt that falls due at time due reaches the host over
// an idle tree: an EQE and an MSI-X message.
func raisedFor(t *testing.T, due sim.Time) sim.Time {
	tree := testTree(t, 0)
	tree.Write(due, pcie.HostMemory, 64)
	return tree.Interrupt(due)
}

// raisedBehind is raisedFor the CQE of a frame that came at time received.
func raisedBehind(t *testing.T, received sim.Time) sim.Time {
	tree, spec := testTree(t, 0), testSpec()
	tree.Write(received+spec.RxPipeline, pcie.HostMemory, 1514)
	written, _ := tree.Write(received+spec.RxPipeline, pcie.HostMemory, 64)
	tree.Write(written, pcie.HostMemory, 64)
	return tree.Interrupt(written)
}

func (r *rig) wantInterrupts(t *testing.T, when string, at ...sim.Time) {
	t.Helper()
	var got []sim.Time
	for _, i := range r.interrupts {
		if i.channel != 3 {
			t.Errorf("%s: interrupt of channel %d", when, i.channel)
		}
		got = append(got, i.at)
	}
	if !slices.Equal(got, at) {
		t.Errorf("%s: interrupts at %v, want %v", when, got, at)
	}
	if n := r.nic.Counters.RxInterrupts; n != int64(len(at)) {
		t.Errorf("%s: rx_interrupts is %d, want %d", when, n, len(at))
	}
}

const us = sim.Microsecond

func TestTheNthCompletionRaisesTheInterrupt(t *testing.T) {
	for _, mode := range []string{"cqe", "eqe"} {
		r, q := moderated(t, mode, sim.Millisecond, 4)
		for i := range sim.Time(3) {
			r.arrive(q, (i+1)*us)
		}
		r.until(900 * us)
		r.wantInterrupts(t, mode+", three of four")
		_, visible := r.arrive(q, 900*us)
		r.idle()
		r.wantInterrupts(t, mode, raisedBehind(t, 900*us))
		if r.interrupts[0].at < visible {
			t.Errorf("%s: the interrupt comes at %v, its CQE is visible at %v", mode, r.interrupts[0].at, visible)
		}
	}
}

func TestEQEModeCountsThePeriodFromTheFirstCompletion(t *testing.T) {
	r, q := moderated(t, "eqe", 8*us, 100)
	first, _ := r.arrive(q, 10*us)
	r.arrive(q, 15*us)
	r.arrive(q, 17*us)
	r.idle()
	r.wantInterrupts(t, "eqe", raisedFor(t, first+8*us))
}

// Every completion restarts the period, so steady traffic is interrupted by number
// alone (Linux commit "net/mlx5e: CQE based moderation", June 2016).
func TestCQEModeCountsThePeriodFromTheLastCompletion(t *testing.T) {
	r, q := moderated(t, "cqe", 8*us, 100)
	var last sim.Time
	for i := range sim.Time(20) {
		last, _ = r.arrive(q, (10+7*i)*us)
	}
	r.idle()
	r.wantInterrupts(t, "cqe", raisedFor(t, last+8*us))
}

// A frame that is still in the pipeline when the period ends does not extend it.
func TestCompletionsNotYetWrittenDoNotExtendThePeriod(t *testing.T) {
	r, q := moderated(t, "cqe", 8*us, 100)
	first, _ := r.arrive(q, 10*us)
	r.arrive(q, first+8*us-100*sim.Nanosecond) // 300 ns before its CQE
	r.until(17*us + first)
	if len(r.interrupts) != 1 || r.interrupts[0].at > raisedFor(t, first+8*us)+200*sim.Nanosecond {
		t.Errorf("interrupts at %v, want one for %v", r.interrupts, first+8*us)
	}
}

func TestNoInterruptWhileDisarmed(t *testing.T) {
	r, q := moderated(t, "cqe", 8*us, 2)
	r.arrive(q, 1*us)
	r.arrive(q, 2*us)
	for i := range sim.Time(50) {
		r.arrive(q, (3+i)*us)
	}
	r.idle()
	r.wantInterrupts(t, "armed once", raisedBehind(t, 2*us))
}

func TestArmingWithUnpolledCompletionsRaisesTheInterrupt(t *testing.T) {
	for _, c := range []struct {
		what   string
		frames int
		left   int
		after  sim.Time // from the doorbell's arrival
	}{
		{"fewer than the number: after the period", 4, 3, 8 * us},
		{"the number: at once", 4, 4, 0},
		{"more than the number: at once", 4, 6, 0},
	} {
		r, q := moderated(t, "cqe", 8*us, c.frames)
		for i := range sim.Time(6) {
			r.arrive(q, (1+i)*us)
		}
		r.until(100 * us)
		r.interrupts, r.nic.Counters.RxInterrupts = nil, 0
		r.poll(q, 6-c.left)
		doorbell := testTree(t, 0).MMIOWrite(100*us, 8)
		q.ArmRx(100 * us)
		r.idle()
		r.wantInterrupts(t, c.what, raisedFor(t, doorbell+c.after))
	}
}

func TestAnInterruptNeverComesBeforeItsCQEIsVisible(t *testing.T) {
	for _, period := range []sim.Time{0, 10 * us} {
		r, q := moderated(t, "cqe", period, 1)
		r.spec.RxPipeline = 2 * us // the doorbell is faster
		r.arrive(q, us)
		r.idle()
		r.poll(q, 1)
		// Arm while the next frame is between wire and CQE.
		_, visible := r.arrive(q, 20*us)
		q.ArmRx(20 * us)
		r.idle()
		if len(r.interrupts) != 2 || r.interrupts[1].at < visible {
			t.Errorf("period %v: interrupts at %v, the CQE is visible at %v", period, r.interrupts, visible)
		}
	}
}

// A driver that another queue's interrupt made poll arms all its queues. The period
// of completions that it took on the way must not interrupt it again, nor shorten
// the next period.
func TestArmingAfterAPollForgetsTheOldPeriod(t *testing.T) {
	r, q := moderated(t, "eqe", 8*us, 100)
	r.arrive(q, 10*us)
	r.until(14 * us)
	if r.poll(q, 1) != 1 {
		t.Fatal("no completion")
	}
	q.ArmRx(14 * us)
	r.until(17 * us)
	written, _ := r.arrive(q, 17*us) // before the old period would have ended
	r.idle()
	r.wantInterrupts(t, "after a poll", raisedFor(t, written+8*us))
}

// schedule is moderation as a table: from the times at which the CQEs since arming
// are written it works out when the interrupt falls due, without timers.
type schedule struct {
	fromCQE bool
	period  sim.Time
	frames  int

	armed   bool
	from    sim.Time
	written []sim.Time // unpolled at arming, then all since
	due     []sim.Time // interrupts that fell due
}

// at is when the interrupt falls due if nothing else arrives, Never if it does not.
func (s *schedule) at() (due sim.Time, byNumber bool) {
	due = sim.Never
	for i, w := range s.written {
		w = max(w, s.from)
		if w > due {
			break
		}
		if i+1 >= s.frames || s.period == 0 {
			return w, true
		}
		if i == 0 || s.fromCQE {
			due = w + s.period
		}
	}
	return due, false
}

// settle notes an interrupt that is due by now, or that no later event can change.
func (s *schedule) settle(now sim.Time) {
	if !s.armed {
		return
	}
	if due, byNumber := s.at(); byNumber || due <= now {
		s.due = append(s.due, due)
		s.armed = false
	}
}

func TestInterruptsComeExactlyWhenRandomTrafficMakesThemDue(t *testing.T) {
	earliest, total := raisedFor(t, 0), 0
	for seed := range uint64(60) {
		rand := sim.NewRand(seed, "moderation")
		mode := []string{"eqe", "cqe"}[seed%2]
		period := []sim.Time{0, us, 8 * us, 30 * us}[rand.Intn(4)]
		frames := []int{1, 2, 8, 64}[rand.Intn(4)]
		frameShare := []float64{0.5, 0.8, 0.95}[rand.Intn(3)]
		r, q := moderated(t, mode, period, frames)
		r.spec.RxPipeline = []sim.Time{0, 300 * sim.Nanosecond, 3 * us}[rand.Intn(3)]
		s := schedule{fromCQE: mode == "cqe", period: period, frames: frames, armed: true, from: q.mod.from}
		for range 400 {
			now := r.until(r.engine.Now() + sim.Time(1+rand.Intn(int(4*us))))
			s.settle(now)
			if rand.Chance(frameShare) {
				if q.tail == q.head {
					r.post(q)
				}
				written, _ := r.arrive(q, now)
				if s.armed {
					s.written = append(s.written, written)
					s.settle(now)
				}
				continue
			}
			// A NAPI poll: all, some or none of the completions, then arm.
			r.poll(q, rand.Intn(3)*rand.Intn(40))
			r.post(q)
			q.ArmRx(now)
			s.armed, s.from, s.written = true, testTree(t, 0).MMIOWrite(now, 8), s.written[:0]
			for i := range q.Unpolled() {
				s.written = append(s.written, q.cqe(q.cqHead+uint32(i)).written)
			}
			s.settle(now)
		}
		r.idle()
		s.settle(sim.Never - 1)
		total += len(s.due)
		if len(r.interrupts) != len(s.due) || r.nic.Counters.RxInterrupts != int64(len(s.due)) {
			t.Fatalf("seed %d: %d interrupts, counted %d, due %d", seed, len(r.interrupts), r.nic.Counters.RxInterrupts, len(s.due))
		}
		// PCIe credits are given out in the order of the calls, so that an EQE waits
		// for frames that are booked ahead by the receive pipeline.
		latest := r.spec.RxPipeline + us
		for i, due := range s.due {
			if late := r.interrupts[i].at - due - earliest; late < 0 || late > latest {
				t.Errorf("seed %d: interrupt %d came at %v, due at %v: %v beyond the idle latency", seed, i, r.interrupts[i].at, due, late)
			}
		}
		if q.Unpolled() > 0 && q.mod.armed {
			t.Errorf("seed %d: %d completions wait and no interrupt comes", seed, q.Unpolled())
		}
	}
	if total < 1000 {
		t.Errorf("the traffic made only %d interrupts due", total)
	}
}
