package sim

import (
	"container/heap"
	"math/bits"
	"slices"
)

// The two pending-event sets that Queue is measured against. Both order events as
// Queue does: by time, then by the order of Push.

// boxedHeap is a binary heap as container/heap makes one of a typed slice: Push and
// Pop go through an interface, which boxes every event.
type boxedHeap struct {
	items boxedItems
	seq   uint64
}

type boxedItem struct {
	at  Time
	seq uint64
	ev  Event
}

type boxedItems []boxedItem

func (h boxedItems) Len() int { return len(h) }
func (h boxedItems) Less(i, j int) bool {
	return h[i].at < h[j].at || (h[i].at == h[j].at && h[i].seq < h[j].seq)
}
func (h boxedItems) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *boxedItems) Push(x any)   { *h = append(*h, x.(boxedItem)) }
func (h *boxedItems) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func (q *boxedHeap) Push(at Time, ev Event) {
	heap.Push(&q.items, boxedItem{at, q.seq, ev})
	q.seq++
}

func (q *boxedHeap) Pop() Event { return heap.Pop(&q.items).(boxedItem).ev }

func (q *boxedHeap) NextTime() (Time, bool) { return q.items[0].at, true }

// calendarQueue is Brown's calendar queue (CACM 31(10), 1988): days are buckets of
// one width (a power of two here, so that a day is a shift), a year is all buckets,
// and a bucket holds the events of its day in every year, sorted. It doubles and
// halves with the number of events, and takes the width from the gaps between the
// events at the front.
type calendarQueue struct {
	days  [][]boxedItem // sorted, latest first, so that the earliest is cut off the end
	shift uint          // base-2 logarithm of the width of a day, in ps
	n     int
	seq   uint64
	day   Time // number of the day in which the search goes on, counted from time 0
}

func (q *calendarQueue) Push(at Time, ev Event) {
	if q.days == nil {
		q.days, q.shift = make([][]boxedItem, 2), 10
	}
	q.insert(boxedItem{at, q.seq, ev})
	q.seq++
	if q.n > 2*len(q.days) {
		q.resize(2 * len(q.days))
	}
}

func (q *calendarQueue) insert(item boxedItem) {
	day := item.at >> q.shift
	if q.n == 0 || day < q.day {
		q.day = day
	}
	bucket := &q.days[int(day)&(len(q.days)-1)]
	items := append(*bucket, item)
	i := len(items) - 1
	for i > 0 && (items[i-1].at < item.at || (items[i-1].at == item.at && items[i-1].seq < item.seq)) {
		items[i] = items[i-1]
		i--
	}
	items[i] = item
	*bucket = items
	q.n++
}

// seek moves day to that of the earliest event and returns its bucket.
func (q *calendarQueue) seek() *[]boxedItem {
	for range q.days {
		bucket := &q.days[int(q.day)&(len(q.days)-1)]
		if n := len(*bucket); n > 0 && (*bucket)[n-1].at>>q.shift == q.day {
			return bucket
		}
		q.day++
	}
	// A year without events: look at the first of every bucket.
	var best *[]boxedItem
	for i := range q.days {
		bucket := &q.days[i]
		if n := len(*bucket); n > 0 && (best == nil || (*bucket)[n-1].at < (*best)[len(*best)-1].at) {
			best = bucket
		}
	}
	q.day = (*best)[len(*best)-1].at >> q.shift
	return best
}

func (q *calendarQueue) NextTime() (Time, bool) {
	bucket := *q.seek()
	return bucket[len(bucket)-1].at, true
}

func (q *calendarQueue) Pop() Event {
	bucket := q.seek()
	last := len(*bucket) - 1
	item := (*bucket)[last]
	*bucket = (*bucket)[:last]
	q.n--
	if q.n < len(q.days)/2 && len(q.days) > 2 {
		q.resize(len(q.days) / 2)
	}
	return item.ev
}

// resize rebuilds the calendar with the given number of days. Their width is three
// times the mean gap between the 25 earliest events, as Brown has it, gaps of more
// than twice that mean left out.
func (q *calendarQueue) resize(days int) {
	var all []boxedItem
	for _, bucket := range q.days {
		all = append(all, bucket...)
	}
	slices.SortFunc(all, func(a, b boxedItem) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return int(min(max(int64(a.seq)-int64(b.seq), -1), 1))
	})
	front := all[:min(len(all), 25)]
	if len(front) > 1 {
		mean := (front[len(front)-1].at - front[0].at) / Time(len(front)-1)
		sum, kept := Time(0), Time(0)
		for i := 1; i < len(front); i++ {
			if gap := front[i].at - front[i-1].at; gap <= 2*mean {
				sum, kept = sum+gap, kept+1
			}
		}
		q.shift = uint(bits.Len64(uint64(3 * sum / max(kept, 1))))
	}
	if q.shift == 0 {
		q.shift = 10
	}
	q.days = make([][]boxedItem, days)
	q.n, q.day = 0, 0
	for i := len(all) - 1; i >= 0; i-- {
		q.insert(all[i])
	}
}
