package nic

import "netgpusim/sim"

// moderation decides when a completion queue raises its interrupt: after so many
// completions, or some time after a completion, whichever comes first, and only
// while the driver has armed the queue. Linux 5.8 mlx5 sets the pair per CQ, and its
// DIM moves it at run time (RQ.Moderate, SQ.Moderate).
type moderation struct {
	timer   sim.Timer
	period  sim.Time
	frames  int
	fromCQE bool // MLX5_CQ_PERIOD_MODE_START_FROM_CQE: every completion restarts the period
	armed   bool
	from    sim.Time // when the doorbell that armed the queue reached the NIC
	count   int
	raised  int64 // interrupts so far
}

// completed tells of a CQE that has left the NIC at time written. If the interrupt
// is due right then, it returns when.
func (m *moderation) completed(e *sim.Engine, written sim.Time) (at sim.Time, due bool) {
	if !m.armed {
		return 0, false
	}
	at = max(written, m.from)
	if at > m.timer.Deadline() {
		return 0, false // the period ends before this CQE is written
	}
	m.count++
	if m.count >= m.frames || m.period == 0 {
		m.disarm()
		return at, true
	}
	if m.fromCQE || m.timer.Deadline() == sim.Never {
		m.timer.Set(e, at+m.period)
	}
	return 0, false
}

// arm is the driver's request for the next interrupt, which reaches the NIC at time
// from. Completions that it has not polled count as if they came then, or when
// their CQEs are written if that is still ahead: oldest is when the first of them
// has left, newest the last, or the one that makes the number full. If the
// interrupt is due without a further completion, it returns when.
func (m *moderation) arm(e *sim.Engine, from sim.Time, unpolled int, oldest, newest sim.Time) (at sim.Time, due bool) {
	m.armed, m.from, m.count = true, from, unpolled
	if unpolled == 0 {
		// A period that began with completions polled meanwhile is over.
		m.timer.Stop()
		return 0, false
	}
	if unpolled >= m.frames || m.period == 0 {
		m.disarm()
		return max(from, newest), true
	}
	start := oldest
	if m.fromCQE {
		start = newest
	}
	m.timer.Set(e, max(from, start)+m.period)
	return 0, false
}

// expired handles the timer's event: true when the interrupt is due.
func (m *moderation) expired(e *sim.Engine) bool {
	if !m.timer.Due(e) {
		return false
	}
	m.disarm()
	return true
}

// disarm follows the interrupt: the driver has to ask for the next one.
func (m *moderation) disarm() {
	m.raised++
	m.armed = false
	m.count = 0
	m.timer.Stop()
}
