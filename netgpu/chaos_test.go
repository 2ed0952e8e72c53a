package netgpu

import (
	"slices"
	"testing"
)

// roundTrip takes one page of a queue all the way round and says where it got
// stuck; "" if it came back into the fill ring.
func roundTrip(q *IfQueue, s *Socket) string {
	if !q.CanRefill(1) {
		return "refill"
	}
	id, err := q.GetPage()
	if err != OK {
		return "get: " + err.Error()
	}
	q.Post(id)
	q.FillComplete()
	q.Receive(id)
	s.Queue(id)
	if !s.Deliver(id, 0, 1420) {
		return "deliver"
	}
	s.Submit()
	if s.Batch(1) != 1 {
		return "batch"
	}
	iov, ok := s.Take()
	if !ok || iov.Len != 1420 {
		return "take"
	}
	if !q.Recycle(iov.Base) {
		return "recycle"
	}
	q.SubmitFill()
	return ""
}

// attack lets attackers of several seeds make a number of calls in all, next to an
// application that keeps the rules, on the same device. A twin of that application
// does the same in a module of its own. Nothing may panic, every answer must be one
// that the operation promises, and the two must not differ: in nothing that the
// application sees, and in nothing that the kernel has of it. What was answered and
// what went wrong is counted.
func attack(t *testing.T, v Variant, seeds, calls int, answered map[outcome]int, caused map[Cause]bool) {
	t.Helper()
	for seed := range uint64(seeds) {
		a := chaos(t, v, seed, calls/seeds+1)
		for o, n := range a.answered {
			answered[o] += n
		}
		for _, x := range a.module.Violations() {
			caused[x.Cause] = true
		}
	}
}

// TestNoCallBreaksAnotherContext makes a million calls, right and wrong, on rfc-v2, and
// some on each of the other variants.
func TestNoCallBreaksAnotherContext(t *testing.T) {
	answered := map[outcome]int{}
	caused := map[Cause]bool{}
	attack(t, RFCv2(), 4, 1_000_000, answered, caused)
	attack(t, RFCv1(), 4, 500_000, answered, map[Cause]bool{})
	attack(t, Fixed(), 4, 200_000, answered, map[Cause]bool{})
	// An application that can do no harm at all, or gets nothing right, shows nothing.
	for _, c := range [...]Cause{RecycledTwice, PostedTwice, StaleNext, StillReferenced, BatchOverwritten,
		IndexOutOfRange, BadFillEntry, RecycleThroughNull, CachedPageRevoked, TxPastRegion, ClosedWhilePosted, OutlivesQueue, NotReclaimed,
		RevokedWhilePosted, DMAAfterUnmap, ChunkFreedTwice, ChunkAllocFailed} {
		if !caused[c] {
			t.Errorf("no seed of rfc-v2 reached %v", c)
		}
	}
	for operation, errnos := range promised {
		for _, e := range append([]Errno{OK}, errnos...) {
			if answered[outcome{operation, e}] == 0 && !unheard(operation, e) {
				t.Errorf("%s never answered %v", operation, e)
			}
		}
	}
}

// unheard says which answers the attacker does not get: a device is never added to
// it, ring sizes are checked inside of other calls, and DeliverLinear never succeeds.
func unheard(operation string, e Errno) bool {
	switch operation {
	case "AddDevice", "DeliverLinear":
		return e == OK
	}
	return operation == "RingEntries"
}

// chaos lets an attacker of one seed make a number of calls.
func chaos(t *testing.T, v Variant, seed uint64, calls int) *attacker {
	t.Helper()
	m, devices := chaosModule(t, v)
	alone, _ := chaosModule(t, v)
	n, err := newNeighbour(m, seed)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := newNeighbour(alone, seed)
	if err != nil {
		t.Fatal(err)
	}
	a := newAttacker(m, devices, seed)
	epoch := 200 << (seed % 4) // steps between two proper set-ups
	for step := 0; a.calls < calls; step++ {
		if step%epoch == 0 {
			a.setUp()
		}
		a.step()
		if step%10 == 0 {
			if saw, alone := n.step(), twin.step(); saw != alone {
				t.Fatalf("%s, seed %d, step %d: the neighbour saw %q, alone it sees %q", v.Name, seed, step, saw, alone)
			}
		}
		if step%200 == 0 {
			if where := n.unlike(twin); where != "" {
				t.Fatalf("%s, seed %d, step %d: the neighbour and its twin differ: %s", v.Name, seed, step, where)
			}
		}
		if len(m.regions) > 1000 || len(m.pages) > 1<<16 || len(m.queues) > 1000 {
			t.Fatalf("%s, seed %d, step %d: %d regions, %d pages, %d queues", v.Name, seed, step, len(m.regions), len(m.pages), len(m.queues))
		}
	}
	a.finish()
	if where := n.unlike(twin); where != "" {
		t.Errorf("%s, seed %d: after the end, the neighbour and its twin differ: %s", v.Name, seed, where)
	}
	if v := alone.Violations(); len(v) > 0 {
		t.Errorf("seed %d: the neighbour breaks the rules itself: %+v", seed, v)
	}
	checkNothingLeft(t, a)
	return a
}

func chaosModule(t *testing.T, v Variant) (*Module, []*Device) {
	t.Helper()
	m := NewModule(v)
	if err := m.LoadPlugin(CUDAMemory, true); err != OK {
		t.Fatal(err)
	}
	var devices []*Device
	for ifindex, channels := range map[int]int{2: 4, 3: 1} {
		d, err := m.AddDevice(ifindex, channels)
		if err != OK {
			t.Fatal(err)
		}
		devices = append(devices, d)
	}
	slices.SortFunc(devices, func(a, b *Device) int { return a.ifindex - b.ifindex })
	return m, devices
}

// checkNothingLeft holds what a module has after its attacker's end against what the
// neighbour alone needs.
func checkNothingLeft(t *testing.T, a *attacker) {
	t.Helper()
	m := a.module
	m.forgetRegions()
	if a.account.LockedPages != 0 || len(m.sockets) != 1 || len(m.regions) != 2 || m.Registered() != neighbourPages {
		t.Errorf("%s: after exit, %d pages locked, %d sockets, %d regions, %d pages registered",
			m.variant.Name, a.account.LockedPages, len(m.sockets), len(m.regions), m.Registered())
	}
	for id := PageID(neighbourPages); int(id) < len(m.pages); id++ {
		if m.References(id) != 0 {
			t.Errorf("%s: page %d has %d references", m.variant.Name, id, m.References(id))
			break
		}
	}
	var total int64
	for place, n := range m.Counts() {
		total += n
		if n < 0 {
			t.Errorf("%s: %d pages in %v", m.variant.Name, n, Place(place))
		}
	}
	if total != int64(len(m.pages)) {
		t.Errorf("%s: %d of %d pages counted", m.variant.Name, total, len(m.pages))
	}
	for o, n := range a.answered {
		if o.errno != OK && !slices.Contains(promised[o.operation], o.errno) {
			t.Errorf("%s: %s answered %v, which it does not promise, %d times", m.variant.Name, o.operation, o.errno, n)
		}
	}
	for _, v := range m.Violations() {
		if v.What == "" || v.Count < 1 || v.Cause.String() == "?" {
			t.Errorf("%s: unexplained violation %+v", m.variant.Name, v)
		}
	}
}
