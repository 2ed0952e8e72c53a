package sim

// Timer is a one-shot timer that is cheap to move: setting it later leaves the
// pending event where it is, and the event re-schedules itself when it finds that
// it came too early. A TCP retransmission timer that every ACK pushes back costs
// one event per expiry of the old deadline, not one per ACK.
//
// The owner embeds a Timer, gives it the event to deliver with Init, and calls Due
// first thing when that event arrives.
type Timer struct {
	ev       Event
	deadline Time
	pending  Time // when the earliest outstanding event fires; Never if none
	next     Time // when a later outstanding event fires; Never if none is known
}

// Init names the event that the timer delivers; the timer is stopped.
func (t *Timer) Init(ev Event) {
	*t = Timer{ev: ev, deadline: Never, pending: Never, next: Never}
}

// Deadline is when the timer is due, Never if it is stopped.
func (t *Timer) Deadline() Time { return t.deadline }

// Set arms the timer for time at, whatever it was set to before. Never stops it.
func (t *Timer) Set(e *Engine, at Time) {
	t.deadline = at
	t.cover(e)
}

// cover sees to it that an event fires at the deadline or before. An event that is
// outstanding for later stays, and next remembers it: a timer that moves to and fro
// between a short and a long span (a tail loss probe and a retransmission timeout)
// would otherwise leave one event of the long span behind each time. Of several the
// latest is remembered; those before it are soon gone by themselves.
func (t *Timer) cover(e *Engine) {
	if t.deadline < t.pending {
		if t.next == Never {
			t.next = t.pending
		}
		t.pending = t.deadline
		e.Schedule(t.deadline, t.ev)
	}
}

// Stop disarms the timer.
func (t *Timer) Stop() { t.deadline = Never }

// Due is called when the timer's event arrives. It says whether the timer really
// is due (and disarms it); if the deadline has moved, it arranges for a new event.
func (t *Timer) Due(e *Engine) bool {
	now := e.Now()
	if now >= t.pending {
		t.pending, t.next = t.next, Never
	}
	if t.deadline == Never {
		return false
	}
	if now >= t.deadline {
		t.deadline = Never
		return true
	}
	t.cover(e)
	return false
}
