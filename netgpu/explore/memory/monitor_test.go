package memory

import (
	"slices"
	"testing"

	"netgpusim/netgpu/explore/search"
)

func TestASlotIsJudgedByWhatItsEntryPutThere(t *testing.T) {
	for _, c := range []struct {
		words []uint32 // read for entry 2, whose value is 3
		want  cause
	}{
		{[]uint32{3}, fine},
		{[]uint32{3, 3}, fine},
		{[]uint32{0}, slotReadUnpublished},
		{[]uint32{1, 1}, slotReadUnpublished}, // left from the lap before
		{[]uint32{4}, slotWrittenUnread},
		{[]uint32{5, 5}, slotWrittenUnread},
		{[]uint32{3, 0}, tornRead},
		{[]uint32{0, 3}, tornRead},
		{[]uint32{3, 5}, tornRead},
		{[]uint32{5, 3}, tornRead},
		{[]uint32{1, 5}, tornRead},
	} {
		if got := judge(2, c.words...); got != c.want {
			t.Errorf("entry 2 read as %v: %q, want %q", c.words, got, c.want)
		}
	}
}

func TestAProducerThatDoesNotWaitForConsOverrunsTheRing(t *testing.T) {
	p, err := ProgramByName("rx-single")
	if err != nil {
		t.Fatal(err)
	}
	p.Entries = 3
	r := mustCheck(t, p, Weak, Without(loadConsControl), search.Options{Workers: 1})
	for _, want := range []cause{indexOutOfRange, slotWrittenUnread, tornRead} {
		if !slices.Contains(r.Causes, want.String()) {
			t.Errorf("found %q, not %s", r.Causes, want)
		}
	}
}

// A consumer that waits for an entry that is never submitted. No wake-up is lost:
// nobody sleeps.
func TestAThreadThatPollsInVainIsStuck(t *testing.T) {
	p, err := ProgramByName("fill-single")
	if err != nil {
		t.Fatal(err)
	}
	p.produce = func(s *side) {
		s.begin("reserve")
		s.avail(1, "reserved")
		s.label("reserved")
		s.write() // and never submits
		s.end()
	}
	r := mustCheck(t, p, SC, BarrierSet{}, search.Options{Workers: 1})
	if r.Violation == nil || r.Violation.Cause != "stuck" {
		t.Errorf("got %+v, want stuck", r.Violation)
	}
}
