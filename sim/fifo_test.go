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
