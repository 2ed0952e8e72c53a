package host

import (
	"testing"

	"netgpusim/sim"
)

// drive feeds a dim with 64 interrupts at a time, whose rates rate gives for the
// setting in force, and returns the rungs it stood on.
func drive(d *dim, turns int, rate func(dimSetting) (bytesPerMs, packetsPerMs, interruptsPerMs int64)) []int {
	var rungs []int
	s := dimSample{}
	for range turns {
		bytes, packets, interrupts := rate(d.setting())
		span := sim.Time(dimEvents) * sim.Millisecond / sim.Time(interrupts)
		s.at += span
		s.events += dimEvents
		s.bytes += bytes * int64(span) / int64(sim.Millisecond)
		s.packets += packets * int64(span) / int64(sim.Millisecond)
		d.sample(s)
		rungs = append(rungs, d.rung)
	}
	return rungs
}

func TestDIMClimbsAsLongAsInterruptsFall(t *testing.T) {
	d := newDIM(dimRxCQE)
	rungs := drive(&d, 40, func(s dimSetting) (int64, int64, int64) {
		return 3_000_000, 2000, int64(sim.Millisecond / s.period)
	})
	if got := rungs[len(rungs)-1]; got != dimRungs-1 {
		t.Errorf("steady load: rung %d (%v), want the top", got, rungs)
	}
}

func TestDIMLeavesASettingThatCostsThroughput(t *testing.T) {
	d := newDIM(dimRxCQE)
	rungs := drive(&d, 200, func(s dimSetting) (int64, int64, int64) {
		bytes := int64(3_000_000)
		if s.period > 16*sim.Microsecond {
			bytes /= 2 // a window that waits for its acknowledgements
		}
		return bytes, bytes / 1500, int64(sim.Millisecond / s.period)
	})
	high := 0
	for _, r := range rungs[20:] {
		if r > 2 {
			high++
		}
	}
	if high > len(rungs)/2 {
		t.Errorf("%d of %d turns above 16 us although throughput halves there: %v", high, len(rungs), rungs)
	}
}

func TestDIMWaitsFor64Interrupts(t *testing.T) {
	d := newDIM(dimTxEQE)
	d.sample(dimSample{})
	for i := range int64(dimEvents - 1) {
		if d.sample(dimSample{at: sim.Time(i+1) * sim.Millisecond, events: i + 1, packets: i * 1000, bytes: i * 1e6}) {
			t.Fatalf("changed after %d interrupts", i+1)
		}
	}
	if !d.sample(dimSample{at: 64 * sim.Millisecond, events: dimEvents, packets: 1e5, bytes: 1e8}) || d.rung != dimStart+1 {
		t.Errorf("after 64 interrupts with traffic: rung %d, want %d", d.rung, dimStart+1)
	}
}

func TestDIMStaysOnTheLadder(t *testing.T) {
	random := sim.NewRand(1, t.Name())
	d := newDIM(dimRxEQE)
	drive(&d, 10_000, func(dimSetting) (int64, int64, int64) {
		return int64(random.Intn(1 << 20)), int64(random.Intn(1 << 10)), int64(1 + random.Intn(1000))
	})
	if d.rung < 0 || d.rung >= dimRungs {
		t.Errorf("rung %d", d.rung)
	}
}
