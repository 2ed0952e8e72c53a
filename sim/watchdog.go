package sim

// Progress is what a Watchdog watches.
type Progress interface {
	// Progress returns a counter that moves whenever the run gets anywhere, such as
	// bytes delivered. The watchdog calls it when it is made and once per interval.
	Progress() uint64
	// Stalled is called once per stall: at time now the counter stands where it
	// stood at time since. It may record what it finds and stop the engine.
	Stalled(now, since Time)
}

// Watchdog is an actor that notices a run that goes on without getting anywhere: a
// deadlock kept alive by timers, or a livelock. An engine with a watchdog is never
// Idle, so a world in which nothing is left to happen is noticed as well.
type Watchdog struct {
	engine   *Engine
	progress Progress
	id       ActorID
	interval Time
	patience int

	seen    uint64
	since   Time // when the counter was last seen to have moved
	silent  int  // checks since then
	stalled bool // this stall has been reported
}

// NewWatchdog registers a watchdog that reads progress every interval, for the
// first time one interval from now, and reports a stall after patience checks in a
// row (at least 1) that found the counter unmoved. An interval of 0 or less never
// checks.
func NewWatchdog(e *Engine, interval Time, patience int, progress Progress) *Watchdog {
	w := &Watchdog{
		engine:   e,
		progress: progress,
		interval: interval,
		patience: max(patience, 1),
		seen:     progress.Progress(),
		since:    e.Now(),
	}
	w.id = e.Register("watchdog", w)
	if interval > 0 {
		e.Schedule(e.Now()+interval, Event{Actor: w.id})
	}
	return w
}

// Handle checks the counter and asks to be called again.
func (w *Watchdog) Handle(now Time, _ Event) {
	w.engine.Schedule(now+w.interval, Event{Actor: w.id})
	if count := w.progress.Progress(); count != w.seen {
		w.seen, w.since, w.silent, w.stalled = count, now, 0, false
		return
	}
	w.silent++
	if w.silent >= w.patience && !w.stalled {
		w.stalled = true
		w.progress.Stalled(now, w.since)
	}
}
