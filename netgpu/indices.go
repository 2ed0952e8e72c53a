package netgpu

// Indices are the two shared words of a ring and the private copies of both sides.
type Indices struct {
	Prod, Cons                 uint32 // shared
	ProducerProd, ProducerCons uint32 // cached_prod and cached_cons of the producer
	ConsumerProd, ConsumerCons uint32 // ... and of the consumer
}

func indices[T any](r *Ring[T], p *Producer[T], c *Consumer[T]) (i Indices) {
	i.Prod, i.Cons = r.Shared()
	i.ProducerProd, i.ProducerCons = p.Cached()
	i.ConsumerProd, i.ConsumerCons = c.Cached()
	return i
}

// FillIndices is how the fill ring stands: the library produces, the kernel consumes.
func (q *IfQueue) FillIndices() Indices { return indices(q.fill, &q.producer, &q.consumer) }

// RxIndices is how the rx ring stands: the kernel produces, the library consumes. The
// socket must be attached.
func (s *Socket) RxIndices() Indices { return indices(s.rx, &s.producer, &s.consumer) }
