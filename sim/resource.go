package sim

// Server is a resource that serves one job at a time in the order of booking: a
// link's serialiser, a core, a DMA engine. Nothing can overtake, so the end of a
// job is known when it is booked and the server needs no event of its own
// (Lindley's recursion, Proc. Cambridge Phil. Soc. 48, 1952: start = max(now, end
// of the job before)). The zero Server is idle.
type Server struct {
	freeAt Time
	busy   Time
}

// Book reserves the server for a job of length d that arrives at now, and returns
// when it runs. A negative d counts as 0; an end past Never is Never.
func (s *Server) Book(now, d Time) (start, end Time) {
	d = max(d, 0)
	start = max(now, s.freeAt)
	end = start + d
	if end < start {
		end = Never
	}
	s.freeAt = end
	s.busy += end - start
	return start, end
}

// FreeAt is when the last job booked ends; the server is idle from then on.
func (s *Server) FreeAt() Time { return s.freeAt }

// Busy is the length of all jobs booked since Restart, those still ahead included:
// at the end of a run it exceeds the elapsed busy time by at most the backlog.
func (s *Server) Busy() Time { return s.busy }

// Restart begins to count Busy afresh and keeps the bookings.
func (s *Server) Restart() { s.busy = 0 }

// Window is a bounded number of units (flow-control credits, tags, buffers) that
// are held from an admission until a release whose time is known when the units
// are taken. Admissions and releases are first in, first out, as they are for PCIe
// credits and for buffers that drain in order; that is what makes the earliest
// admission computable without events. Amortised O(1) per admission; memory is
// reused once the window has been full.
type Window struct {
	limit   int64
	last    Time   // last admission
	taken   uint64 // units held ever
	freed   uint64 // of these, units released by the time last
	ring    []holding
	head, n int // occupied part of ring; its length is a power of two
}

// holding is a batch of units with a common release.
type holding struct {
	until Time
	taken uint64 // Window.taken just after these units: a prefix sum
}

// NewWindow returns an empty window of limit units. A limit of 0 or less admits
// one holding at a time.
func NewWindow(limit int64) Window { return Window{limit: limit} }

// Admit returns the earliest time, at or after at, when n units fit; more units
// than the limit fit when the window is empty. It is also the time of this
// admission: a later call is never admitted earlier, even with an earlier at. Units
// released at a time are free at that time. Call Hold with the same units next.
func (w *Window) Admit(at Time, n int64) Time {
	at = max(at, w.last)
	for w.n > 0 {
		h := &w.ring[w.head]
		if h.until > at {
			if n <= w.limit-int64(w.taken-w.freed) {
				break
			}
			at = h.until
		}
		w.freed = h.taken
		w.head = (w.head + 1) & (len(w.ring) - 1)
		w.n--
	}
	w.last = at
	return at
}

// Hold takes n units from the last admission until the given time. A release
// before the one booked last is moved up to it: units leave in the order in which
// they came. n <= 0 takes nothing, and so does a release before the admission.
func (w *Window) Hold(n int64, until Time) {
	if n <= 0 {
		return
	}
	w.taken += uint64(n)
	if w.n > 0 {
		tail := &w.ring[(w.head+w.n-1)&(len(w.ring)-1)]
		if until <= tail.until {
			tail.taken = w.taken
			return
		}
	}
	if w.n == len(w.ring) {
		w.grow()
	}
	w.ring[(w.head+w.n)&(len(w.ring)-1)] = holding{until, w.taken}
	w.n++
}

// grow doubles the ring and moves its head to the front.
func (w *Window) grow() {
	ring := make([]holding, max(8, 2*len(w.ring)))
	copied := copy(ring, w.ring[w.head:])
	copy(ring[copied:], w.ring[:w.head])
	w.ring, w.head = ring, 0
}

// Occupancy is the number of units held at time now, or at the time of the last
// admission if that is later. It changes nothing. O(log of the holdings).
func (w *Window) Occupancy(now Time) int64 {
	now = max(now, w.last)
	freed := w.freed
	low, high := 0, w.n
	for low < high {
		middle := (low + high) / 2
		h := w.ring[(w.head+middle)&(len(w.ring)-1)]
		if h.until <= now {
			freed, low = h.taken, middle+1
		} else {
			high = middle
		}
	}
	return int64(w.taken - freed)
}
