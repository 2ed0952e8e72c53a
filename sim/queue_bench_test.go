package sim

import (
	"fmt"
	"math"
	"testing"
)

// pendingSet is what the hold model exercises.
type pendingSet interface {
	Push(Time, Event)
	Pop() Event
	NextTime() (Time, bool)
}

var pendingSets = []struct {
	name string
	make func() pendingSet
}{
	{"Queue", func() pendingSet { return &Queue{} }},
	{"containerheap", func() pendingSet { return &boxedHeap{} }},
	{"calendar", func() pendingSet { return &calendarQueue{} }},
}

// increments are the distributions of the hold model: how far ahead of the popped
// event the next is pushed. All have a mean of about 1 µs.
var increments = []struct {
	name   string
	spread Time // over which the first events are laid out evenly
	draw   func(*Rand) Time
}{
	{"exponential", Microsecond, func(r *Rand) Time { return Time(-math.Log(1-r.Float64()) * float64(Microsecond)) }},
	// Packets every 0.1 µs and timers of 10 µs and more.
	{"bimodal", Microsecond, func(r *Rand) Time {
		if r.Chance(0.9) {
			return Time(r.Intn(int(200 * Nanosecond)))
		}
		return 5*Microsecond + Time(r.Intn(int(8*Microsecond)))
	}},
	// A pipe of constant delay: almost everything is pushed at the end.
	{"nearconstant", Microsecond, func(r *Rand) Time { return Microsecond + Time(r.Intn(16)) }},
	// The same pipe filled by one burst: many ties, then a gap.
	{"burst", 64, func(r *Rand) Time { return Microsecond + Time(r.Intn(16)) }},
}

// drawn returns increments to cycle through, so that drawing them costs the
// measurement a load.
func drawn(draw func(*Rand) Time) []Time {
	r := NewRand(1, "increments")
	table := make([]Time, 1<<16)
	for i := range table {
		table[i] = draw(&r)
	}
	return table
}

// BenchmarkHold is the hold model (Jones, CACM 29(4), 1986): pop the earliest
// event, push one later, at a constant number of pending events.
func BenchmarkHold(b *testing.B) {
	for _, increment := range increments {
		table := drawn(increment.draw)
		for _, pending := range []int{16, 256, 4096, 65536} {
			for _, set := range pendingSets {
				b.Run(fmt.Sprintf("%s/%d/%s", increment.name, pending, set.name), func(b *testing.B) {
					q := set.make()
					for i := range pending {
						q.Push(increment.spread*Time(i)/Time(pending), Event{})
					}
					for i := range 2 * pending { // settle
						hold(q, table[i&(len(table)-1)])
					}
					b.ReportAllocs()
					b.ResetTimer()
					for i := range b.N {
						hold(q, table[i&(len(table)-1)])
					}
				})
			}
		}
	}
}

func hold(q pendingSet, increment Time) {
	now, _ := q.NextTime()
	q.Push(now+increment, q.Pop())
}

func TestAllPendingSetsPopTheSameOrder(t *testing.T) {
	for _, increment := range increments {
		for _, pending := range []int{1, 2, 3, 17, 1000} {
			r := NewRand(uint64(pending), increment.name)
			sets := make([]pendingSet, len(pendingSets))
			for i := range sets {
				sets[i] = pendingSets[i].make()
			}
			push := func(at Time, n int) {
				for _, q := range sets {
					q.Push(at, Event{A: uint32(n)})
				}
			}
			n, held := 0, 0
			now := Time(0)
			for step := range 20 * pending {
				// The number of pending events swings, so that the calendar resizes.
				for held < 1 || (held < pending && r.Chance(0.5+0.4*math.Sin(float64(step)/float64(pending)))) {
					at := now + increment.draw(&r)/Nanosecond*Nanosecond // coarse: many ties
					push(at, n)
					n, held = n+1, held+1
				}
				at, _ := sets[0].NextTime()
				want := sets[0].Pop()
				if at < now {
					t.Fatalf("%s, %d pending: time went back from %v to %v", increment.name, pending, now, at)
				}
				now = at
				for i, q := range sets[1:] {
					gotAt, _ := q.NextTime()
					if got := q.Pop(); got != want || gotAt != at {
						t.Fatalf("%s, %d pending, step %d: Queue pops %d at %v, %s pops %d at %v",
							increment.name, pending, step, want.A, at, pendingSets[i+1].name, got.A, gotAt)
					}
				}
				held--
			}
		}
	}
}
