package netgpu

import (
	"fmt"
	"slices"
	"testing"
)

// scene is an application with one page in a place of interest, and what closes it.
type scene struct {
	module  *Module
	device  *Device
	account *Account
	opener  *Process // who opened everything
	process *Process // who has it now: the opener, or who it was passed to
	fds     map[string]FD
	queue   *IfQueue
	socket  *Socket
	place   spot
	memory  MemType
	page    PageID
	done    bool // the kernel has let go of the page
}

// spot is where the page is, and what the kernel does with it in the end.
type spot struct {
	name string
	put  func(*scene) // brings page 0 there, from the fill ring
	drop func(*scene) // lets go of it; nil: the kernel holds nothing
}

var sceneMemory = Iovec{1 << 32, 2 * GPUPageSize}

// spots are all places that a page can be in, and being sent from beside it.
var spots = []spot{
	{"app", func(s *scene) {}, nil},
	{"fill ring", func(s *scene) { s.queue.Recycle(s.va()); s.queue.SubmitFill() }, nil},
	{"fill ring, not submitted", func(s *scene) { s.queue.Recycle(s.va()) }, nil},
	{"driver", func(s *scene) { s.get() }, func(s *scene) { s.queue.PutNapi(s.page) }},
	{"wqe", func(s *scene) { s.get(); s.queue.Post(s.page) }, func(s *scene) { s.queue.PutNapi(s.page) }},
	{"napi cache", func(s *scene) { s.get(); s.queue.PutNapi(s.page) }, nil},
	{"any cache", func(s *scene) { s.receive(); s.module.DropFragment(s.page) }, nil},
	{"skb", func(s *scene) { s.receive() }, func(s *scene) { s.module.DropFragment(s.page) }},
	{"receive queue", func(s *scene) { s.receive(); s.socket.Queue(s.page) }, func(s *scene) { s.module.DropFragment(s.page) }},
	{"rx ring", func(s *scene) { s.deliver() }, nil},
	{"rx ring, not submitted", func(s *scene) { s.receive(); s.socket.Queue(s.page); s.socket.Deliver(s.page, 0, 1) }, nil},
	{"rx ring, batch not read", func(s *scene) { s.deliver(); s.socket.Batch(1) }, nil},
	{"app, received", func(s *scene) { s.deliver(); s.socket.Batch(1); s.socket.Take() }, nil},
	{"app, being sent", func(s *scene) { s.send() }, func(s *scene) { s.socket.ReleaseTx(s.page) }},
}

func (s *scene) va() uint64 { return sceneMemory.Base + uint64(s.page)<<PageShift }

func (s *scene) get() {
	s.queue.Recycle(s.va())
	s.queue.SubmitFill()
	s.queue.GetPage()
	s.queue.FillComplete()
}

func (s *scene) receive() {
	s.get()
	s.queue.Post(s.page)
	s.queue.Receive(s.page)
}

func (s *scene) deliver() {
	s.receive()
	s.socket.Queue(s.page)
	s.socket.Deliver(s.page, 0, 1)
	s.socket.Submit()
}

func (s *scene) send() {
	var fragments [1]TxFragment
	s.socket.StartSend(0)
	s.socket.AttachPages(Iovec{s.va(), PageSize}, fragments[:])
	s.socket.EndSend()
}

// newScene sets up a context, an area, a queue and two sockets, and brings one page to
// its place. If handOn, a second process has got every descriptor, too.
func newScene(t *testing.T, v Variant, memory MemType, where spot, handOn bool) *scene {
	t.Helper()
	m := NewModule(v)
	d, err := m.AddDevice(2, 1)
	check := func(err Errno) {
		if err != OK {
			t.Fatalf("%s: %v", where.name, err)
		}
	}
	check(err)
	check(m.LoadPlugin(CUDAMemory, true))
	s := &scene{module: m, device: d, account: &Account{LimitPages: 64}, fds: map[string]FD{}, place: where, memory: memory, done: where.drop == nil}
	p := m.NewProcess(s.account, false)
	s.opener, s.process = p, p
	open := func(name string, fd FD, err Errno) FD {
		check(err)
		s.fds[name] = fd
		return fd
	}
	if memory == CUDAMemory {
		check(p.CudaMalloc(sceneMemory.Base, sceneMemory.Len, 0))
	} else {
		check(p.MapHost(sceneMemory.Base, sceneMemory.Len))
	}
	fd, err := p.OpenContext()
	ctx := open("ctx", fd, err)
	check(p.AttachDev(ctx, 2))
	fd, err = p.OpenMemory()
	mem := open("mem", fd, err)
	index, err := p.AddRegion(mem, sceneMemory, memory)
	check(err)
	check(p.AttachRegion(ctx, mem, index))
	fd, err = p.BindQueue(ctx, &BindParams{QueueID: AnyQueue, Fill: QueueParams{8, 4}})
	s.queue = p.IfQueueAt(open("queue", fd, err))
	for _, name := range []string{"socket", "second"} {
		fd, err = p.Socket(TCP6)
		open(name, fd, err)
		check(p.SetZeroCopy(fd, true))
		check(p.AttachQueues(fd, &SocketParams{Rx: QueueParams{16, 2}, Completion: QueueParams{8, 2}, Context: ctx}))
	}
	s.socket = p.SocketAt(s.fds["socket"])
	where.put(s)
	if handOn {
		s.process = m.NewProcess(s.account, false)
		for _, name := range []string{"second", "queue", "mem", "socket", "ctx"} {
			fd, err := p.Pass(s.fds[name], s.process)
			open(name, fd, err)
		}
	}
	return s
}

// The events whose order is permuted.
const (
	kernelDone = "kernel" // driver or TCP let go of the page
	cudaFree   = "cudaFree"
)

var closings = []string{"ctx", "mem", "queue", "socket", "second", kernelDone}

// happen carries out one event.
func (s *scene) happen(event string) {
	switch event {
	case kernelDone:
		if s.place.drop != nil {
			s.place.drop(s)
		}
		s.done = true
	case cudaFree:
		s.opener.CudaFree(sceneMemory.Base)
	default:
		s.process.Close(s.fds[event])
	}
}

// left says what a scene has not given back when all is over, "" if nothing.
func (s *scene) left() string {
	m := s.module
	m.forgetRegions()
	switch {
	case m.Registered() != 0:
		return fmt.Sprintf("%d pages registered", m.Registered())
	case s.account.LockedPages != 0:
		return fmt.Sprintf("%d pages locked", s.account.LockedPages)
	case len(m.sockets) != 0 || s.device.sockets != 0:
		return fmt.Sprintf("%d sockets", len(m.sockets))
	case len(m.regions) != 0:
		return fmt.Sprintf("%d regions", len(m.regions))
	case s.socket.Context() != nil || s.socket.Delivers():
		return "the socket's context"
	case s.device.queues[0] != nil:
		return "the NIC's queue"
	}
	for id := range m.pages {
		if n := m.References(PageID(id)); n != 0 {
			return fmt.Sprintf("%d references on page %d", n, id)
		}
	}
	return ""
}

// faultsOf are the causes that docs/protocol.md lists for this order of events.
func faultsOf(where string, order []string) []Cause {
	at := func(event string) int { return slices.Index(order, event) }
	before := func(a, b string) bool { return at(a) < at(b) }
	freed := func(event string) bool { return at(cudaFree) >= 0 && before(cudaFree, event) }
	// The region is there until area and context are gone, and the context until all
	// that refers to it is.
	alive := slices.ContainsFunc(order[at(cudaFree)+1:], func(event string) bool { return event != kernelDone })
	var faults []Cause
	switch where {
	case "driver", "wqe": // what Process.Close asks of the driver has not been done
		if before("queue", kernelDone) {
			faults = append(faults, ClosedWhilePosted, OutlivesQueue)
		}
		if freed(kernelDone) && alive {
			faults = append(faults, RevokedWhilePosted)
		}
	case "skb", "receive queue":
		if before("queue", kernelDone) {
			faults = append(faults, OutlivesQueue)
		}
		if freed(kernelDone) && alive {
			faults = append(faults, RevokedWhileHeld)
		}
	case "rx ring", "rx ring, not submitted", "rx ring, batch not read":
		if !freed("socket") {
			faults = append(faults, NotReclaimed)
		}
	case "app, being sent":
		if freed(kernelDone) && alive {
			faults = append(faults, RevokedWhileSending)
		}
	}
	slices.Sort(faults)
	return faults
}

// permutations calls do with every order of the events.
func permutations(events []string, do func([]string)) {
	order := slices.Clone(events)
	var choose func(n int)
	choose = func(n int) {
		if n == len(order) {
			do(order)
			return
		}
		for i := n; i < len(order); i++ {
			order[n], order[i] = order[i], order[n]
			choose(n + 1)
			order[n], order[i] = order[i], order[n]
		}
	}
	choose(0)
}

func causesOf(m *Module) []Cause {
	var found []Cause
	for _, v := range m.Violations() {
		found = append(found, v.Cause)
	}
	slices.Sort(found)
	return found
}

// check plays one order of events to its end and holds the scene to what may be left
// and what may have gone wrong.
func (s *scene) check(t *testing.T, order []string, want []Cause) {
	t.Helper()
	for _, event := range order {
		s.happen(event)
	}
	if left, got := s.left(), causesOf(s.module); left != "" || !slices.Equal(got, want) {
		t.Fatalf("%s, %v memory, page in %s, order %v: left %q, violations %v, want %v",
			s.module.variant.Name, s.memory, s.place.name, order, left, got, want)
	}
}

// TestClosingInAnyOrderReturnsEverything closes context, area, queue and two sockets,
// and lets the kernel finish with the page, in every order, with the page in every
// place; by who opened them, and by a process that they were passed to.
func TestClosingInAnyOrderReturnsEverything(t *testing.T) {
	for _, where := range spots {
		for _, memory := range []MemType{HostMemory, CUDAMemory} {
			for _, handOn := range []bool{false, true} {
				permutations(closings, func(order []string) {
					s := newScene(t, RFCv2(), memory, where, handOn)
					if handOn {
						for fd := range s.opener.files {
							s.opener.Close(FD(fd))
						}
					}
					s.check(t, order, faultsOf(where.name, order))
				})
			}
		}
	}
}

// TestRevocationAtAnyPointReturnsEverything has cudaFree in every position, too.
func TestRevocationAtAnyPointReturnsEverything(t *testing.T) {
	for _, where := range spots {
		permutations(append([]string{cudaFree}, closings...), func(order []string) {
			newScene(t, RFCv2(), CUDAMemory, where, false).check(t, order, faultsOf(where.name, order))
		})
	}
}

// TestTheFixedVariantClosesWithoutFault: what is left is the driver's duty to flush its
// receive queue before it lets go of it. Its cudaFree may have to wait.
func TestTheFixedVariantClosesWithoutFault(t *testing.T) {
	for _, where := range spots {
		for _, memory := range []MemType{HostMemory, CUDAMemory} {
			events := closings
			if memory == CUDAMemory {
				events = append([]string{cudaFree}, closings...)
			}
			permutations(events, func(order []string) {
				want := slices.DeleteFunc(faultsOf(where.name, order), func(c Cause) bool { return c != ClosedWhilePosted })
				newScene(t, Fixed(), memory, where, false).check(t, order, want)
			})
		}
	}
}

// TestExitReturnsEverything ends the process instead, before or after the kernel has
// let go of the page, and before or after a process that has its descriptors, too.
func TestExitReturnsEverything(t *testing.T) {
	for _, where := range spots {
		for _, memory := range []MemType{HostMemory, CUDAMemory} {
			permutations([]string{"opener", "heir", kernelDone}, func(order []string) {
				s := newScene(t, RFCv2(), memory, where, true)
				for _, event := range order {
					switch event {
					case "opener":
						s.opener.Exit()
					case "heir":
						s.process.Exit()
					default:
						s.happen(event)
					}
				}
				if left := s.left(); left != "" {
					t.Fatalf("%v memory, page in %s, order %v: left %q", memory, where.name, order, left)
				}
			})
		}
	}
}
