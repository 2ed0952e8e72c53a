package nic

import "netgpusim/sim"

// moderation decides when a completion queue raises its interrupt: after so many
// completions, or some time after a completion, whichever comes first, and only
// while the driver has armed the queue. Linux 5.8 mlx5 sets the pair per CQ; DIM
// would move it at run time, which this model leaves at the profile's values.
type moderation struct {
	timer   sim.Timer
	period  sim.Time
	frames  int
	fromCQE bool // MLX5_CQ_PERIOD_MODE_START_FROM_CQE: every completion restarts the period
	armed   bool
	count   int
	channel int
	raised  int64 // interrupts asked for
}

// completed tells of a completion that software can see at time visible. It
// returns true when the interrupt is due right then.
func (m *moderation) completed(e *sim.Engine, visible sim.Time) bool {
	if !m.armed {
		return false
	}
	m.count++
	if m.count >= m.frames || m.period == 0 {
		m.disarm()
		return true
	}
	if m.fromCQE || m.timer.Deadline() == sim.Never {
		m.timer.Set(e, visible+m.period)
	}
	return false
}

// arm is the driver's request for the next interrupt. Completions that it has not
// polled count as if they came now.
func (m *moderation) arm(e *sim.Engine, now sim.Time, unpolled int) bool {
	m.armed = true
	m.count = unpolled
	if unpolled == 0 {
		return false
	}
	if unpolled >= m.frames || m.period == 0 {
		m.disarm()
		return true
	}
	m.timer.Set(e, now+m.period)
	return false
}

// expired handles the timer's event: true when the interrupt is due.
func (m *moderation) expired(e *sim.Engine) bool {
	if !m.timer.Due(e) || !m.armed {
		return false
	}
	m.disarm()
	return true
}

func (m *moderation) disarm() {
	m.armed = false
	m.count = 0
	m.timer.Stop()
	m.raised++
}
