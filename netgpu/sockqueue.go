package netgpu

import (
	"fmt"
	"slices"
)

// Protocol is what a socket speaks, as far as netgpu distinguishes it.
type Protocol uint8

// The protocols. The four of TCP and UDP over IPv4 and IPv6 can be attached; only
// TCP delivers (patch 10).
const (
	TCP4 Protocol = iota
	TCP6
	UDP4
	UDP6
	// OtherProtocol: any other socket.
	OtherProtocol
	// TCPWithULP: a TCP socket whose operations an upper-layer protocol has
	// replaced (kernel TLS), so that they are not the ones netgpu would replace.
	TCPWithULP
)

// SocketParams is the argument of AttachQueues (struct netgpu_socket_param).
type SocketParams struct {
	Reserved   uint32
	Rx         QueueParams // Entries is replaced by the number given
	Completion QueueParams
	Context    FD
}

// Socket is a socket and, once attached, its queues: the rx ring, through which
// the kernel hands received fragments to the application, and the completion ring,
// to which nothing is posted unless repaired (TxCompletion, see completion.go).
type Socket struct {
	module   *Module
	protocol Protocol
	context  *Context
	device   *Device // the context's when the queues were attached; may be nil

	zeroCopy bool // SO_ZEROCOPY
	// ScatterGather says whether the route's device takes fragments
	// (NETIF_F_SG). The driver of the model sets it; true for a new socket.
	ScatterGather bool

	rx          *Ring[Iovec]
	completions *Ring[uint64]
	producer    Producer[Iovec] // kernel
	consumer    Consumer[Iovec] // library

	unread  uint32 // entries of batches that the application has not read
	next    uint32 // index of the first of them
	stopped bool   // delivery met a full rx ring and has not resumed
	failed  bool   // the connection has ended with an error (NonZCError)

	completion completionQueue
}

// Socket is socket(2). EMFILE.
func (p *Process) Socket(protocol Protocol) (FD, Errno) {
	s := &Socket{module: p.module, protocol: protocol, ScatterGather: true}
	return p.install(&file{kind: socketFile, socket: s})
}

// SetZeroCopy is setsockopt(SO_ZEROCOPY). EBADF; EOPNOTSUPP if fd is no socket.
func (p *Process) SetZeroCopy(fd FD, on bool) Errno {
	f, err := p.fileOf(fd, socketFile, EOPNOTSUPP)
	if err == OK {
		f.socket.zeroCopy = on
	}
	return err
}

// AttachQueues is SOCK_ATTACH_QUEUES: it gives the socket an rx and a completion
// ring and lets it use the context. EALREADY if it has them; EINVAL for a reserved
// field that is not zero, an rx element that is not 16 bytes, a completion element
// that is not 8, or no entries; EOVERFLOW, ENOMEM for the sizes; EOPNOTSUPP for a
// protocol that is not TCP or UDP; EPROTO if its operations are not the stock
// ones; EBADF, EOPNOTSUPP if Context is not an open context; EBUSY in a variant
// with one socket per device; EBADF, ENOTTY for the descriptor.
func (p *Process) AttachQueues(sock FD, a *SocketParams) Errno {
	f, err := p.fileOf(sock, socketFile, ENOTTY)
	if err != OK {
		return err
	}
	m, s := p.module, f.socket
	if s.attached() {
		return EALREADY
	}
	if a.Reserved != 0 {
		return EINVAL
	}
	rx, err := RingEntries(a.Rx.Entries, a.Rx.ElementBytes, rxElementBytes)
	if err != OK {
		return err
	}
	completion, err := RingEntries(a.Completion.Entries, a.Completion.ElementBytes, completionElementBytes)
	if err != OK {
		return err
	}
	switch s.protocol {
	case TCP4, TCP6, UDP4, UDP6:
	case TCPWithULP:
		return EPROTO
	default:
		return EOPNOTSUPP
	}
	g, err := p.fileOf(a.Context, contextFile, EOPNOTSUPP)
	if err != OK {
		return err
	}
	c := g.context
	if !m.variant.SocketsShareDevice && c.device != nil && c.device.sockets > 0 {
		return EBUSY
	}
	if ringAllocation(rx, rxElementBytes) > MaxRingBytes ||
		ringAllocation(completion, completionElementBytes) > MaxRingBytes || m.Faults.ObjectAlloc.hit() {
		return ENOMEM
	}
	s.context = c
	c.refs++
	s.device = c.device
	if s.device != nil {
		s.device.sockets++
	}
	s.rx, s.completions = NewRing[Iovec](rx), NewRing[uint64](completion)
	s.producer, s.consumer = NewProducer(s.rx), NewConsumer(s.rx)
	s.completion = completionQueue{producer: NewProducer(s.completions), consumer: NewConsumer(s.completions)}
	m.sockets = append(m.sockets, s)
	a.Rx.Entries, a.Completion.Entries = rx, completion
	return OK
}

func (s *Socket) attached() bool { return s.context != nil }

// release is netgpu_skq_destruct: the socket goes. Its driver must have freed what
// is in the receive queue (DropFragment). Buffers that the rx ring still describes
// are not reclaimed, unless repaired (ReclaimRxRing).
func (s *Socket) release() {
	if !s.attached() {
		return
	}
	m, c := s.module, s.context
	m.sockets = slices.DeleteFunc(m.sockets, func(x *Socket) bool { return x == s })
	index := s.consumer.cachedCons - s.unread
	for range min(s.producer.cachedProd-index, s.rx.Entries()) {
		if id, ok := c.Page(s.rx.Slot(index).Base); ok {
			s.abandon(id)
		}
		index++
	}
	if s.device != nil {
		s.device.sockets--
	}
	s.context = nil
	c.put()
}

// abandon is a buffer that the rx ring describes when the socket goes.
func (s *Socket) abandon(id PageID) {
	m := s.module
	if m.repaired(ReclaimRxRing) {
		switch pg := &m.pages[id]; {
		case pg.flags&pageHeld != 0: // the application has given it already
		case pg.queue < 0:
			m.letGo(id, m.Place(id))
		default:
			pg.flags |= pageHeld
			m.putBack(id, m.Place(id))
		}
		return
	}
	if m.Place(id) != RxRing {
		return
	}
	m.move(id, RxRing, Lost, Misplaced)
	if v := m.violate(NotReclaimed, id); v != nil {
		v.What = fmt.Sprintf("a socket was closed with page %d in its rx ring", id)
	}
}

// Rx is the shared rx ring, nil before the socket is attached. An application may
// write it as it likes.
func (s *Socket) Rx() *Ring[Iovec] { return s.rx }

// Completions is the shared completion ring, nil before the socket is attached.
func (s *Socket) Completions() *Ring[uint64] { return s.completions }

// Context is the context that the socket is attached to, nil if it is not.
func (s *Socket) Context() *Context { return s.context }

// Delivers says whether received data reaches the rx ring: the socket is attached
// and speaks TCP.
func (s *Socket) Delivers() bool { return s.attached() && (s.protocol == TCP4 || s.protocol == TCP6) }

// Stopped says whether delivery met a full rx ring: what is behind waits in the
// receive queue for the next data-ready callback, whatever the application does.
func (s *Socket) Stopped() bool { return s.stopped }

// Kernel side: TCP receive, in softirq.

// Queue records that a fragment's skb entered the receive queue, in order.
func (s *Socket) Queue(id PageID) { s.module.move(id, SKB, ReceiveQueue, Misplaced) }

// Deliver posts one fragment of the receive queue to the rx ring: length bytes
// from offset in its page. The kernel's reference is dropped; the page belongs to
// whoever reads the iovec. False if the ring is full: the fragment stays in the
// receive queue until the next data-ready callback; a caller whose variant has
// RxRekick looks again with Rearm. The application sees iovecs after Submit.
func (s *Socket) Deliver(id PageID, offset, length uint32) bool {
	if !s.Delivers() {
		return false
	}
	m := s.module
	va, ok := m.VA(id)
	if !ok {
		m.move(id, ReceiveQueue, RxRing, Misplaced)
		return true
	}
	slot := s.reserve()
	if slot == nil {
		s.stopped = true
		return false
	}
	s.stopped = false
	if old := s.producer.cachedProd - 1 - s.rx.Entries(); old-s.next < s.unread {
		s.reportOverwritten(old)
	}
	if n := s.producer.cachedSpace(); n >= s.rx.Entries() {
		s.reportIndex(n)
	}
	*slot = Iovec{Base: va + uint64(offset), Len: uint64(length)}
	pg := &m.pages[id]
	if pg.refs > pg.tx {
		pg.refs--
	}
	pg.flags &^= pageHeld
	m.move(id, ReceiveQueue, RxRing, Misplaced)
	return true
}

// reserve is Producer.Reserve. With IndexCheck, a ring with a cons that cannot be is
// full.
func (s *Socket) reserve() *Iovec {
	if s.module.repaired(IndexCheck) {
		if s.producer.cachedSpace() == 0 && s.loadCons() == 0 {
			return nil
		}
		return s.producer.GetPtr()
	}
	return s.producer.Reserve()
}

// loadCons looks at what the application has given back and returns the free slots.
func (s *Socket) loadCons() uint32 {
	p := &s.producer
	p.LoadCons()
	if p.cachedSpace() > s.rx.Entries() && s.module.repaired(IndexCheck) {
		p.cachedCons = p.cachedProd - s.rx.Entries()
	}
	return p.cachedSpace()
}

// Rearm is what delivery does after it has met a full ring and said so (Stopped):
// it looks once more, since the application may have made room and polled before it
// could see that delivery had stopped. True if there is room: the caller goes on
// delivering. Always false without RxRekick.
func (s *Socket) Rearm() bool {
	if !s.stopped || !s.module.repaired(RxRekick) {
		return false
	}
	s.stopped = s.loadCons() == 0
	return !s.stopped
}

// Kick is the part of the application's poll that resumes delivery: true if the
// caller, as the kernel, must deliver what is in the receive queue. Always false
// without RxRekick.
func (s *Socket) Kick() bool {
	return s.Delivers() && s.Rearm()
}

func (s *Socket) reportOverwritten(index uint32) {
	id, ok := s.context.Page(s.rx.Slot(index).Base)
	if !ok {
		id = NoPage
	}
	if v := s.module.violate(BatchOverwritten, id); v != nil {
		v.What = fmt.Sprintf("rx slot %d was overwritten: its batch had given it back before it was read", index&s.rx.mask)
	}
}

func (s *Socket) reportIndex(space uint32) {
	if v := s.module.violate(IndexOutOfRange, NoPage); v != nil {
		v.What = fmt.Sprintf("rx ring: the kernel counts %d free slots of %d beside the one it fills", space, s.rx.Entries())
	}
}

// DeliverLinear is what happens to an skb with payload in its linear part (the
// header buffer took bytes of it): EFAULT. The skb stays at the head of the receive
// queue, so nothing is ever delivered again (patch 10). With NonZCError the socket
// has failed: the caller resets the connection and frees what it has received.
func (s *Socket) DeliverLinear(length uint32) Errno {
	if s.module.repaired(NonZCError) {
		s.failed = true
		return EFAULT
	}
	if v := s.module.violate(PayloadInHeader, NoPage); v != nil {
		v.What = fmt.Sprintf("%d bytes of payload are in the header buffer: delivery stops", length)
	}
	return EFAULT
}

// Failed says whether the connection has ended with an error that the application's
// poll shows (NonZCError).
func (s *Socket) Failed() bool { return s.failed }

// Submit publishes the iovecs delivered since the last time, at the end of each
// skb.
func (s *Socket) Submit() {
	if s.attached() {
		s.producer.Submit()
	}
}

func (s *Socket) checkQuiescent() {
	if s.stopped && s.rx.Occupancy() < s.rx.Entries() {
		if v := s.module.violate(NoRekick, NoPage); v != nil {
			v.What = fmt.Sprintf("delivery stopped at a full rx ring; %d of %d slots are free now and nobody resumes it",
				s.rx.Entries()-s.rx.Occupancy(), s.rx.Entries())
		}
	}
}

// Application side: what the userspace library does with the rx ring.

// Readable is the poll condition: the rx ring is not empty, or the connection has
// failed.
func (s *Socket) Readable() bool { return s.attached() && (s.rx.Occupancy() != 0 || s.failed) }

// Batch takes up to n iovecs off the rx ring and returns how many. As in the
// library, their slots are given back to the kernel at once, before Take has read
// them; with CompleteAfterRead, when Take has read the last of them.
func (s *Socket) Batch(n uint32) uint32 {
	if !s.attached() {
		return 0
	}
	var first, count uint32
	if s.module.repaired(CompleteAfterRead) {
		first, count = s.consumer.PeekBatchAdvance(n)
	} else {
		first, count = s.consumer.Batch(n)
	}
	if s.unread == 0 {
		s.next = first
	}
	s.unread += count
	return count
}

// Take reads the next iovec of the batches taken, from its slot as it is now. The
// buffer is the application's from then on. False if all have been read.
func (s *Socket) Take() (Iovec, bool) {
	if s.unread == 0 || !s.attached() {
		return Iovec{}, false
	}
	iov := *s.rx.Slot(s.next)
	s.next++
	s.unread--
	if s.unread == 0 && s.module.repaired(CompleteAfterRead) {
		s.consumer.Complete()
	}
	s.own(iov.Base)
	return iov, true
}

// Unread is the number of iovecs of batches that Take has not read yet.
func (s *Socket) Unread() uint32 { return s.unread }

// KnownSpace is the number of rx slots that the kernel can fill without a look at
// what the application has given back.
func (s *Socket) KnownSpace() uint32 { return s.producer.cachedSpace() }

// PeekIovec returns the iovec at the head of the rx ring, false if there is none.
// It stays there until AdvanceIovec. This is the flavour without batches; while a
// batch is unread it sees what is behind the batch.
func (s *Socket) PeekIovec() (Iovec, bool) {
	if !s.attached() {
		return Iovec{}, false
	}
	slot := s.consumer.Peek()
	if slot == nil {
		return Iovec{}, false
	}
	return *slot, true
}

// AdvanceIovec steps over the iovec that PeekIovec showed; its buffer is the
// application's. What is left unread of batches is given up: the application has
// no way back to it. False if there is nothing to step over.
func (s *Socket) AdvanceIovec() bool {
	iov, ok := s.PeekIovec()
	if !ok {
		return false
	}
	s.own(iov.Base)
	s.consumer.Advance()
	s.unread = 0
	return true
}

// CompleteRx gives the slots stepped over back to the kernel.
func (s *Socket) CompleteRx() {
	if s.attached() {
		s.consumer.Complete()
	}
}

// own records that the application has read an iovec with this address.
func (s *Socket) own(va uint64) {
	if id, ok := s.context.Page(va); ok {
		s.module.move(id, RxRing, App, DeliveredTwice)
	}
}
