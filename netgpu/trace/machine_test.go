package trace

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"netgpusim/netgpu"
)

// machine is a small host: it drives a netgpu module at random and writes its trace.
// It breaks no rule, so its trace is clean.
type machine struct {
	t      testing.TB
	rand   *rand.Rand
	out    *Writer
	now    int64
	module *netgpu.Module
	queue  *netgpu.IfQueue
	socks  [2]machineSocket

	owned            []uint64 // buffers of the application
	posted, received []netgpu.PageID
	sent             []netgpu.PageID
	fillProd         uint32
	fillCons         uint32
}

type machineSocket struct {
	name       string
	socket     *netgpu.Socket
	waiting    []netgpu.PageID
	prod, cons uint32
}

const (
	machineBase  = 0x100000
	machinePages = 48 // fewer than a chunk of the page cache, whose faults are not wanted
	machineSend  = 0x900000
)

// machineTrace runs a machine for so many steps and returns its trace.
func machineTrace(t testing.TB, seed uint64, steps int) []byte {
	t.Helper()
	var b bytes.Buffer
	m := newMachine(t, seed, &b)
	for range steps {
		m.step()
	}
	if err := m.out.Flush(); err != nil {
		t.Fatal(err)
	}
	if vs := m.module.Violations(); vs != nil {
		t.Fatalf("the machine broke a rule: %v", vs)
	}
	return b.Bytes()
}

func newMachine(t testing.TB, seed uint64, out *bytes.Buffer) *machine {
	h := Header{Producer: "machine", Variant: "rfc-v2", Actors: actorNames[:], Contexts: 1,
		Regions: []RegionSpec{
			{Addr: machineBase, Len: machinePages * netgpu.PageSize, Memory: "host", Contexts: []int{0}},
			{Addr: machineSend, Len: 64 * netgpu.PageSize, Memory: "host", Contexts: []int{0}}},
		Rings: []RingSpec{{"fill/9", "fill", 0, 32}, {"rx/0", "rx", 0, 8}, {"rx/1", "rx", 0, 4}}}
	m := &machine{t: t, rand: rand.New(rand.NewPCG(seed, 1))}
	var err error
	if m.out, err = NewWriter(out, h); err != nil {
		t.Fatal(err)
	}
	world, err := newModel(&h, netgpu.RFCv2(), DefaultMaxPages)
	if err != nil {
		t.Fatal(err)
	}
	m.module = world.module
	m.queue = world.rings["fill/9"].queue
	for i, name := range []string{"rx/0", "rx/1"} {
		m.socks[i] = machineSocket{name: name, socket: world.rings[name].socket}
	}
	for i := range uint64(machinePages) {
		m.owned = append(m.owned, machineBase+i*netgpu.PageSize)
	}
	return m
}

func (m *machine) event(e Event) {
	m.now += 50
	e.Time = m.now
	m.out.Event(&e)
}

func (m *machine) page(op Op, actor Actor, ring string, id netgpu.PageID) {
	va, _ := m.module.VA(id)
	m.event(Event{Op: op, Actor: actor, Ring: ring, Addr: va, Len: 1})
}

func (m *machine) step() {
	switch m.rand.IntN(8) {
	case 0:
		m.recycle()
	case 1:
		m.refill()
	case 2, 3:
		m.arrive()
	case 4:
		m.enqueue()
	case 5:
		m.deliver(&m.socks[m.rand.IntN(2)])
	case 6:
		m.take(&m.socks[m.rand.IntN(2)])
	case 7:
		m.send()
	}
}

func (m *machine) recycle() {
	for range m.rand.IntN(8) {
		if len(m.owned) == 0 || m.queue.FillSpace() == 0 {
			break
		}
		i := m.rand.IntN(len(m.owned))
		va := m.owned[i]
		m.owned = append(m.owned[:i], m.owned[i+1:]...)
		m.queue.Recycle(va)
		m.event(Event{Op: Produce, Ring: "fill/9", Index: m.fillProd, Addr: va})
		m.fillProd++
	}
	m.queue.SubmitFill()
	m.event(Event{Op: Submit, Ring: "fill/9", Index: m.fillProd})
}

func (m *machine) refill() {
	const bulk = 4
	may := m.queue.CanRefill(bulk)
	e := Event{Op: Refill, Actor: Kernel, Ring: "fill/9", Len: bulk}
	if !may {
		e.Err = netgpu.ENOMEM
	}
	m.event(e)
	if !may {
		return
	}
	for range bulk {
		napi, any := m.queue.Cached()
		id, errno := m.queue.GetPage()
		if errno != netgpu.OK {
			m.event(Event{Op: Get, Actor: Kernel, Ring: "fill/9", Err: errno})
			break
		}
		va, _ := m.module.VA(id)
		if n, a := m.queue.Cached(); n != napi || a != any {
			m.event(Event{Op: CacheGet, Actor: Kernel, Ring: "fill/9", Addr: va})
		} else {
			m.event(Event{Op: Get, Actor: Kernel, Ring: "fill/9", Index: m.fillCons, Addr: va})
			m.fillCons++
		}
		m.queue.Post(id)
		m.page(Post, Kernel, "fill/9", id)
		m.posted = append(m.posted, id)
	}
	m.queue.FillComplete()
	m.event(Event{Op: Complete, Actor: Kernel, Ring: "fill/9", Index: m.fillCons})
}

// arrive is a packet for the oldest WQE; some need no payload page.
func (m *machine) arrive() {
	if len(m.posted) == 0 {
		return
	}
	id := m.posted[0]
	m.posted = m.posted[1:]
	if m.rand.IntN(4) == 0 {
		m.queue.PutNapi(id)
		m.page(Put, Kernel, "fill/9", id)
		return
	}
	m.queue.Receive(id)
	m.page(Receive, NIC, "fill/9", id)
	m.received = append(m.received, id)
}

// enqueue puts what was received into receive queues; some is dropped.
func (m *machine) enqueue() {
	for _, id := range m.received {
		if m.rand.IntN(8) == 0 {
			m.module.DropFragment(id)
			m.page(Drop, Kernel, "", id)
			continue
		}
		s := &m.socks[m.rand.IntN(2)]
		s.socket.Queue(id)
		m.page(Queue, Kernel, s.name, id)
		s.waiting = append(s.waiting, id)
	}
	m.received = nil
}

func (m *machine) deliver(s *machineSocket) {
	for len(s.waiting) > 0 {
		id := s.waiting[0]
		va, _ := m.module.VA(id)
		e := Event{Op: Deliver, Actor: Kernel, Ring: s.name, Index: s.prod, Addr: va + 64, Len: 1000 + uint64(m.rand.IntN(1000))}
		if !s.socket.Deliver(id, 64, uint32(e.Len)) {
			e.Err = netgpu.ENOMEM
			m.event(e)
			break
		}
		m.event(e)
		s.prod++
		s.waiting = s.waiting[1:]
	}
	s.socket.Submit()
	m.event(Event{Op: Submit, Actor: Kernel, Ring: s.name, Index: s.prod})
}

func (m *machine) take(s *machineSocket) {
	n := s.socket.Batch(uint32(1 + m.rand.IntN(4)))
	if n == 0 {
		return
	}
	m.event(Event{Op: Batch, Ring: s.name, Index: s.cons, Len: uint64(n)})
	for range n {
		v, _ := s.socket.Take()
		m.event(Event{Op: Take, Ring: s.name, Index: s.cons, Addr: v.Base, Len: v.Len})
		s.cons++
		m.owned = append(m.owned, v.Base&^(netgpu.PageSize-1))
	}
}

// send attaches pages that are never received into, or releases the oldest.
func (m *machine) send() {
	if len(m.sent) > 0 && m.rand.IntN(2) == 0 {
		id := m.sent[0]
		m.sent = m.sent[1:]
		m.module.ReleaseTx(id)
		m.page(Release, Kernel, "", id)
		return
	}
	var fragments [netgpu.MaxFragments]netgpu.TxFragment
	at := uint64(machineSend + m.rand.IntN(40)*netgpu.PageSize)
	n, bytes, _ := m.socks[0].socket.AttachPages(netgpu.Iovec{Base: at, Len: 6000}, fragments[:])
	m.event(Event{Op: Attach, Actor: Kernel, Ring: "rx/0", Addr: at, Len: bytes})
	for _, f := range fragments[:n] {
		m.sent = append(m.sent, f.Page)
	}
}
