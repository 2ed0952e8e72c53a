package sim

// FIFO is a first-in first-out queue in a ring that grows by doubling and never
// shrinks: once it has seen its longest backlog it allocates no more. The zero FIFO
// is empty.
type FIFO[T any] struct {
	ring []T // a power of two long
	head uint32
	tail uint32
}

// Len is the number of elements.
func (q *FIFO[T]) Len() int { return int(q.tail - q.head) }

// Push adds an element at the end and returns it in place: valid until the next
// Push.
func (q *FIFO[T]) Push(v T) *T {
	if q.Len() == len(q.ring) {
		q.grow()
	}
	slot := &q.ring[q.tail&uint32(len(q.ring)-1)]
	*slot = v
	q.tail++
	return slot
}

// Front is the oldest element in place; the queue must not be empty.
func (q *FIFO[T]) Front() *T { return &q.ring[q.head&uint32(len(q.ring)-1)] }

// Pop removes the oldest element; the queue must not be empty. What Front returned
// stays readable until the next Push.
func (q *FIFO[T]) Pop() { q.head++ }

func (q *FIFO[T]) grow() {
	ring := make([]T, max(8, 2*len(q.ring)))
	for i := q.head; i != q.tail; i++ {
		ring[i&uint32(len(ring)-1)] = q.ring[i&uint32(len(q.ring)-1)]
	}
	q.ring = ring
}
