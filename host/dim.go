package host

import (
	"netgpusim/nic"
	"netgpusim/sim"
)

// Dynamic interrupt moderation, as Linux 5.8 lib/dim does it for net drivers
// (net_dim.c, dim.c; mlx5 uses it for both directions by default). After every 64
// interrupts the rates of bytes, packets and interrupts are compared with those of
// the setting before; the setting walks up or down a ladder of five as long as that
// helps, and parks where neither way does.

// dimSetting is a rung of the ladder.
type dimSetting struct {
	period sim.Time
	frames int
}

// The ladders (net_dim.c): receive with the period restarted by every completion,
// receive with the period from the event, and transmit.
var (
	dimRxCQE = [dimRungs]dimSetting{{2 * sim.Microsecond, 256}, {8 * sim.Microsecond, 128}, {16 * sim.Microsecond, 64}, {32 * sim.Microsecond, 64}, {64 * sim.Microsecond, 64}}
	dimRxEQE = [dimRungs]dimSetting{{1 * sim.Microsecond, 256}, {8 * sim.Microsecond, 256}, {64 * sim.Microsecond, 256}, {128 * sim.Microsecond, 256}, {256 * sim.Microsecond, 256}}
	dimTxEQE = [dimRungs]dimSetting{{1 * sim.Microsecond, 128}, {8 * sim.Microsecond, 128}, {32 * sim.Microsecond, 128}, {64 * sim.Microsecond, 128}, {128 * sim.Microsecond, 128}}
)

const (
	dimRungs       = 5
	dimStart       = 1  // NET_DIM_DEF_PROFILE_*
	dimEvents      = 64 // DIM_NEVENTS
	dimSignificant = 10 // percent
	dimTired       = 2 * dimRungs
)

// dimTune is which way the setting is walking.
type dimTune uint8

const (
	dimParkedOnTop dimTune = iota
	dimParkedTired
	dimGoingRight
	dimGoingLeft
)

// dimSample is what the driver has counted so far.
type dimSample struct {
	at                     sim.Time
	events, packets, bytes int64
}

// dimRates are rates per millisecond.
type dimRates struct{ bytes, packets, events int64 }

// dim is the state of one queue's moderation.
type dim struct {
	ladder                       [dimRungs]dimSetting
	rung                         int
	tune                         dimTune
	stepsLeft, stepsRight, tired int
	measuring                    bool
	start                        dimSample
	before                       dimRates
}

func newDIM(ladder [dimRungs]dimSetting) dim {
	return dim{ladder: ladder, rung: dimStart, tune: dimGoingRight}
}

// startDIM puts a receive queue under DIM, if the driver is set so.
func (q *rxQueue) startDIM(spec *nic.Spec) {
	if !spec.RxDIM {
		return
	}
	q.dim = newDIM(dimRxEQE)
	if spec.RxCoalesceMode == "cqe" {
		q.dim = newDIM(dimRxCQE)
	}
	s := q.dim.setting()
	q.rq.Moderate(s.period, s.frames)
}

// setting is the rung in force.
func (d *dim) setting() dimSetting { return d.ladder[d.rung] }

// sample is net_dim: it takes the counters at the end of a NAPI poll and says
// whether the setting has changed.
func (d *dim) sample(s dimSample) (changed bool) {
	if d.measuring {
		if s.events-d.start.events < dimEvents {
			return false
		}
		if rates, ok := d.rates(s); ok && d.decide(rates) {
			changed = true
		}
	}
	d.start, d.measuring = s, true
	return changed
}

// rates is dim_calc_stats.
func (d *dim) rates(s dimSample) (dimRates, bool) {
	us := int64((s.at - d.start.at) / sim.Microsecond)
	if us <= 0 {
		return dimRates{}, false
	}
	perMs := func(n int64) int64 { return (n*1000 + us - 1) / us }
	return dimRates{perMs(s.bytes - d.start.bytes), perMs(s.packets - d.start.packets), perMs(dimEvents)}, true
}

// better is net_dim_stats_compare: more bytes, else more packets, else fewer
// interrupts are better (1) if they differ by more than 10 %; 0 means the same.
func (r dimRates) better(before dimRates) int {
	sign := func(now, then int64) int {
		switch {
		case then == 0 && now == 0, then != 0 && 100*max(now-then, then-now)/then <= dimSignificant:
			return 0
		case now > then:
			return 1
		}
		return -1
	}
	if c := sign(r.bytes, before.bytes); c != 0 {
		return c
	}
	if c := sign(r.packets, before.packets); c != 0 {
		return c
	}
	if before.events == 0 {
		return 0
	}
	return -sign(r.events, before.events)
}

// decide is net_dim_decision.
func (d *dim) decide(r dimRates) (changed bool) {
	tune, rung := d.tune, d.rung
	switch d.tune {
	case dimParkedOnTop:
		if r.better(d.before) != 0 {
			d.leave()
		}
	case dimParkedTired:
		if d.tired--; d.tired == 0 {
			d.leave()
		}
	default:
		if r.better(d.before) <= 0 {
			d.turn()
		}
		if d.onTop() {
			d.park(dimParkedOnTop)
			break
		}
		d.step()
	}
	if tune != dimParkedOnTop || d.tune != dimParkedOnTop {
		d.before = r
	}
	return d.rung != rung
}

// step walks on, or parks at an end of the ladder or when tired.
func (d *dim) step() {
	switch {
	case d.tired == dimTired:
		d.park(dimParkedTired)
		return
	case d.tune == dimGoingRight && d.rung == dimRungs-1, d.tune == dimGoingLeft && d.rung == 0:
		d.park(dimParkedOnTop)
		return
	case d.tune == dimGoingRight:
		d.rung++
		d.stepsRight++
	default:
		d.rung--
		d.stepsLeft++
	}
	d.tired++
}

func (d *dim) turn() {
	if d.tune == dimGoingRight {
		d.tune, d.stepsLeft = dimGoingLeft, 0
	} else {
		d.tune, d.stepsRight = dimGoingRight, 0
	}
}

// onTop says that the walk has just turned round at a summit.
func (d *dim) onTop() bool {
	if d.tune == dimGoingRight {
		return d.stepsLeft > 1 && d.stepsRight == 1
	}
	return d.stepsRight > 1 && d.stepsLeft == 1
}

func (d *dim) park(where dimTune) {
	d.tune, d.stepsLeft, d.stepsRight = where, 0, 0
	if where == dimParkedOnTop {
		d.tired = 0
	}
}

// leave is dim_exit_parking: walk again, to the left if there is room.
func (d *dim) leave() {
	d.tune = dimGoingRight
	if d.rung > 0 {
		d.tune = dimGoingLeft
	}
	d.step()
}
