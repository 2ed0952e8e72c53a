package netgpu

import (
	"fmt"
	"reflect"
)

// neighbour is an application that keeps the rules, with the driver and the TCP that
// serve it. It draws what it does from its own stream and from its own state alone:
// two of them with one seed, in two modules, must go the same way whatever else
// happens in those modules.
type neighbour struct {
	random  random
	module  *Module
	process *Process
	ctx     FD
	queueFD FD
	queue   *IfQueue
	socket  *Socket

	posted  []PageID // with the NIC
	queued  []PageID // in the receive queue
	held    []PageID // with the application
	sending []PageID // with the application and TCP
}

// A neighbour has half its pages in host memory, half in a GPU's.
const (
	neighbourBase  = 1 << 40
	neighbourPages = 64
	neighbourHalf  = neighbourPages / 2 * PageSize
)

// newNeighbour sets an application up on device 2. It must be the first of its module,
// so that its pages are numbers 0 to neighbourPages-1.
func newNeighbour(m *Module, seed uint64) (*neighbour, error) {
	n := &neighbour{random: random(seed), module: m, process: m.NewProcess(&Account{LimitPages: neighbourPages}, false)}
	p := n.process
	var failed error
	check := func(what string, err Errno) {
		if err != OK && failed == nil {
			failed = fmt.Errorf("%s: %w", what, err)
		}
	}
	var err Errno
	check("map", p.MapHost(neighbourBase, neighbourHalf))
	check("cudaMalloc", p.CudaMalloc(neighbourBase+neighbourHalf, neighbourHalf, GPUPageSize))
	n.ctx, err = p.OpenContext()
	check("open context", err)
	check("attach device", p.AttachDev(n.ctx, 2))
	check("add memory", n.addMemory())
	n.queueFD, err = p.BindQueue(n.ctx, &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, neighbourPages}})
	check("bind", err)
	s, err := p.Socket(TCP6)
	check("socket", err)
	check("zero copy", p.SetZeroCopy(s, true))
	check("attach", p.AttachQueues(s, &SocketParams{Rx: QueueParams{16, 8}, Completion: QueueParams{8, 8}, Context: n.ctx}))
	if failed != nil {
		return nil, failed
	}
	n.queue, n.socket = p.IfQueueAt(n.queueFD), p.SocketAt(s)
	if !n.queue.Populate(neighbourBase, neighbourPages) {
		return nil, fmt.Errorf("no room for %d pages", neighbourPages)
	}
	return n, nil
}

// addMemory registers both halves in the way that the variant has.
func (n *neighbour) addMemory() Errno {
	p := n.process
	if !n.module.variant.MemoryObjects {
		if _, err := p.AddContextRegion(n.ctx, Iovec{neighbourBase, neighbourHalf}, HostMemory); err != OK {
			return err
		}
		_, err := p.AddContextRegion(n.ctx, Iovec{neighbourBase + neighbourHalf, neighbourHalf}, CUDAMemory)
		return err
	}
	mem, err := p.OpenMemory()
	for t := HostMemory; t <= CUDAMemory && err == OK; t++ {
		var index int
		if index, err = p.AddRegion(mem, Iovec{neighbourBase + uint64(t)*neighbourHalf, neighbourHalf}, t); err == OK {
			err = p.AttachRegion(n.ctx, mem, index)
		}
	}
	return err
}

// va is the address of a page of the neighbour's.
func (n *neighbour) va(id PageID) uint64 { return neighbourBase + uint64(id)<<PageShift }

// take removes a random element of a list of pages.
func (n *neighbour) take(list *[]PageID) PageID {
	i := n.random.below(len(*list))
	id := (*list)[i]
	*list = append((*list)[:i], (*list)[i+1:]...)
	return id
}

// step does one thing and returns what the application saw of it.
func (n *neighbour) step() string {
	switch n.random.below(9) {
	case 0, 1:
		return n.refill()
	case 2, 3:
		return n.receive()
	case 4:
		return n.deliver()
	case 5:
		return n.read()
	case 6:
		return n.recycle()
	case 7:
		return n.transmit()
	}
	return n.call()
}

func (n *neighbour) refill() string {
	if !n.queue.CanRefill(8) {
		return "no refill"
	}
	for range 8 {
		id, err := n.queue.GetPage()
		if err != OK {
			return "get: " + err.Error()
		}
		n.queue.Post(id)
		n.posted = append(n.posted, id)
	}
	n.queue.FillComplete()
	return "refill"
}

// receive is a completed WQE: payload, a control packet, or payload that is dropped.
func (n *neighbour) receive() string {
	if len(n.posted) == 0 {
		return "nothing posted"
	}
	id := n.take(&n.posted)
	switch n.random.below(6) {
	case 0:
		n.queue.PutNapi(id)
		return "put napi"
	case 1:
		n.queue.Receive(id)
		n.module.DropFragment(id)
		return "drop"
	}
	n.queue.Receive(id)
	n.socket.Queue(id)
	n.queued = append(n.queued, id)
	return "queue"
}

func (n *neighbour) deliver() string {
	done := 0
	for len(n.queued) > 0 && n.socket.Deliver(n.queued[0], 0, 1420) {
		n.queued = n.queued[1:]
		done++
	}
	n.socket.Submit()
	return fmt.Sprint("delivered ", done)
}

// read takes a batch and reads all of it before the kernel can deliver more.
func (n *neighbour) read() string {
	count := n.socket.Batch(4)
	seen := fmt.Sprint("batch ", count)
	for range count {
		iov, _ := n.socket.Take()
		seen += fmt.Sprintf(" %#x+%d", iov.Base, iov.Len)
		id, ok := n.process.ContextAt(n.ctx).Page(iov.Base)
		if !ok {
			return seen + " is no page"
		}
		n.held = append(n.held, id)
	}
	return seen
}

func (n *neighbour) recycle() string {
	if len(n.held) == 0 {
		return "nothing to recycle"
	}
	done := n.queue.Recycle(n.va(n.take(&n.held)))
	n.queue.SubmitFill()
	return fmt.Sprint("recycled ", done)
}

// transmit sends from a page that the application has, or ends such a send.
func (n *neighbour) transmit() string {
	if len(n.sending) > 0 && n.random.below(2) == 0 {
		id := n.take(&n.sending)
		n.module.ReleaseTx(id)
		n.held = append(n.held, id)
		return "released"
	}
	if len(n.held) == 0 {
		return "nothing to send"
	}
	id := n.take(&n.held)
	var fragments [1]TxFragment
	count, bytes, err := n.socket.AttachPages(Iovec{n.va(id), 1420}, fragments[:])
	n.sending = append(n.sending, id)
	return fmt.Sprint("sent ", count, bytes, err, fragments)
}

// call makes a system call, right or wrong, whose answer is the neighbour's affair
// alone.
func (n *neighbour) call() string {
	p := n.process
	switch n.random.below(8) {
	case 0:
		return fmt.Sprint(p.Poll(n.queueFD))
	case 1:
		return fmt.Sprint(n.socket.Readable(), n.queue.Writable(), n.queue.FillSpace())
	case 2:
		return p.Mmap(n.queueFD, MapFill, 4096).Error()
	case 3:
		return p.AttachDev(n.ctx, 2).Error() + p.AttachDev(n.ctx, 9).Error()
	case 4:
		_, err := p.BindQueue(n.ctx, &BindParams{QueueID: int32(n.queue.QueueID()), Fill: QueueParams{8, 8}})
		return err.Error()
	case 5:
		return p.Close(99).Error()
	case 6:
		fd, err := p.Pass(n.queueFD, p)
		return fmt.Sprint(fd, err, p.Close(fd))
	}
	fd, err := p.Socket(TCP4)
	a := SocketParams{Rx: QueueParams{16, 2}, Completion: QueueParams{8, 2}, Context: n.ctx}
	return fmt.Sprint(fd, err, p.AttachQueues(fd, &a), n.process.ContextAt(n.ctx).References(), p.Close(fd))
}

// unlike says where the states of two neighbours differ, "" if nowhere: all that is
// reachable from their processes (descriptors, page maps, DMA addresses, rings,
// private indices, caches, sockets) and what the modules know of their pages.
func (n *neighbour) unlike(twin *neighbour) string {
	var c comparison
	if !c.same(reflect.ValueOf(n.process), reflect.ValueOf(twin.process)) {
		return "process" + c.where
	}
	for id := range PageID(neighbourPages) {
		if a, b := n.module.pages[id], twin.module.pages[id]; a != b {
			return fmt.Sprintf("page %d: %+v and %+v", id, a, b)
		}
		if a, b := n.module.place[id], twin.module.place[id]; a != b {
			return fmt.Sprintf("page %d: place %#x and %#x", id, a, b)
		}
		a, okA := n.process.ContextAt(n.ctx).DMA(id)
		b, okB := twin.process.ContextAt(twin.ctx).DMA(id)
		if a != b || !okA || !okB {
			return fmt.Sprintf("page %d: DMA address %#x, %v and %#x, %v", id, a, okA, b, okB)
		}
	}
	return ""
}

// comparison walks two values at once, unexported fields included, so that no field
// can be forgotten. Modules and devices are shared with others; they are not entered.
type comparison struct {
	entered map[[2]uintptr]bool
	where   string
}

func (c *comparison) same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		return c.samePointer(a, b)
	case reflect.Struct:
		for i := range a.NumField() {
			if !c.same(a.Field(i), b.Field(i)) {
				c.where = "." + a.Type().Field(i).Name + c.where
				return false
			}
		}
		return true
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			c.where = fmt.Sprintf(": %d and %d elements", a.Len(), b.Len())
			return false
		}
		for i := range a.Len() {
			if !c.same(a.Index(i), b.Index(i)) {
				c.where = fmt.Sprintf("[%d]%s", i, c.where)
				return false
			}
		}
		return true
	}
	if !a.Equal(b) {
		c.where = fmt.Sprintf(": %v and %v", a, b)
		return false
	}
	return true
}

func (c *comparison) samePointer(a, b reflect.Value) bool {
	if a.IsNil() || b.IsNil() {
		c.where = ": one is nil"
		return a.IsNil() && b.IsNil()
	}
	switch a.Type() {
	case reflect.TypeFor[*Module](), reflect.TypeFor[*Device]():
		return true
	}
	pair := [2]uintptr{a.Pointer(), b.Pointer()}
	if c.entered[pair] {
		return true
	}
	if c.entered == nil {
		c.entered = map[[2]uintptr]bool{}
	}
	c.entered[pair] = true
	return c.same(a.Elem(), b.Elem())
}
