package tcp

// ring is a queue in a circular buffer whose size is a power of two. It allocates
// only to grow. Positions count from the front; the zero ring is empty.
type ring[T any] struct {
	buf  []T
	head uint32
	n    uint32
}

func (r *ring[T]) len() int { return int(r.n) }

// at returns element i, 0 <= i < len.
func (r *ring[T]) at(i int) *T {
	return &r.buf[(r.head+uint32(i))&uint32(len(r.buf)-1)]
}

func (r *ring[T]) front() *T { return r.at(0) }

func (r *ring[T]) back() *T { return r.at(int(r.n) - 1) }

func (r *ring[T]) pushBack(v T) {
	r.reserve()
	r.buf[(r.head+r.n)&uint32(len(r.buf)-1)] = v
	r.n++
}

func (r *ring[T]) popFront() {
	r.head++
	r.n--
}

func (r *ring[T]) popBack() { r.n-- }

// insert makes v element i and moves the shorter side out of its way.
func (r *ring[T]) insert(i int, v T) {
	r.reserve()
	if i < int(r.n)/2 {
		r.head--
		r.n++
		for j := range i {
			*r.at(j) = *r.at(j + 1)
		}
	} else {
		r.n++
		for j := int(r.n) - 1; j > i; j-- {
			*r.at(j) = *r.at(j - 1)
		}
	}
	*r.at(i) = v
}

// remove takes out k elements from i on and closes the gap from the shorter side.
func (r *ring[T]) remove(i, k int) {
	if i < int(r.n)-i-k {
		for j := i - 1; j >= 0; j-- {
			*r.at(j + k) = *r.at(j)
		}
		r.head += uint32(k)
	} else {
		for j := i + k; j < int(r.n); j++ {
			*r.at(j - k) = *r.at(j)
		}
	}
	r.n -= uint32(k)
}

// reserve makes room for one more element.
func (r *ring[T]) reserve() {
	if int(r.n) < len(r.buf) {
		return
	}
	r.grow()
}

func (r *ring[T]) grow() {
	grown := make([]T, max(16, 2*len(r.buf)))
	for i := range int(r.n) {
		grown[i] = *r.at(i)
	}
	r.buf, r.head = grown, 0
}
