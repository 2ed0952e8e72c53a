package sim

import "testing"

func TestFIFOReturnsWhatASliceWould(t *testing.T) {
	for _, start := range []uint32{0, 1<<32 - 20} { // the counters may wrap
		r := NewRand(uint64(start), "fifo")
		q := FIFO[int]{head: start, tail: start}
		var twin []int
		for step := range 20_000 {
			if r.Chance(0.5) || len(twin) == 0 {
				if got := q.Push(step); *got != step {
					t.Fatalf("Push returned %d, want %d", *got, step)
				}
				twin = append(twin, step)
			} else {
				if got := *q.Front(); got != twin[0] {
					t.Fatalf("step %d: front is %d, want %d", step, got, twin[0])
				}
				q.Pop()
				twin = twin[1:]
			}
			if q.Len() != len(twin) {
				t.Fatalf("step %d: length %d, want %d", step, q.Len(), len(twin))
			}
		}
	}
}

func TestFIFOAllocatesNothingBelowItsLongestBacklog(t *testing.T) {
	const backlog = 1000
	var q FIFO[[4]uint64]
	turn := func() {
		for i := range uint64(backlog) {
			q.Push([4]uint64{i})
		}
		for q.Len() > 0 {
			q.Pop()
		}
	}
	turn()
	if n := testing.AllocsPerRun(10, turn); n != 0 {
		t.Errorf("%g allocations in a queue that has held as many before", n)
	}
}

func TestFIFOElementsStayInPlaceUntilTheNextPush(t *testing.T) {
	var q FIFO[int]
	for i := range 8 { // a full ring
		*q.Push(-1) = i // through the pointer
	}
	front := q.Front()
	q.Pop()
	if *front != 0 {
		t.Errorf("the element popped reads %d, want 0", *front)
	}
	for want := 1; q.Len() > 0; want++ {
		if got := *q.Front(); got != want {
			t.Errorf("front is %d, want %d", got, want)
		}
		q.Pop()
	}
}
