package nic

import (
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// testSpec is a ConnectX-5 as the RFC's driver sets it up.
func testSpec() Spec {
	return Spec{
		MTU: 1500, Channels: 4, HeaderSplit: 94, Fragment: 4096,
		RQEntries: 1024, CQEntries: 1024, SQEntries: 1024, WQEBulk: 8, CQEBytes: 64, EQEBytes: 64,
		RxCoalesceTime: 8 * sim.Microsecond, RxCoalesceFrames: 128, RxCoalesceMode: "cqe",
		TxCoalesceTime: 8 * sim.Microsecond, TxCoalesceFrames: 128,
		RxPipeline: 300 * sim.Nanosecond, TxPipeline: 150 * sim.Nanosecond,
		IngressBuffer: 512 * sim.KiB, OutstandingRead: 64, WQEPrefetch: 4, TxLookahead: 64 * sim.KiB,
	}
}

// testPCIe is a Gen3 x16 tree with a switch.
func testPCIe() *pcie.Spec {
	return &pcie.Spec{
		Topology: pcie.TopologySwitch, NICGen: 3, NICLanes: 16, GPUGen: 3, GPULanes: 16, UplinkGen: 3, UplinkLanes: 16,
		MaxPayload: 256, MaxReadRequest: 512, CompletionSize: 256, DLLPTax: 0.055,
		PostedHeaderCredits: 64, PostedDataCredits: 1024, LinkLatency: 50 * sim.Nanosecond, SwitchHop: 120 * sim.Nanosecond,
		HostReadRTT: 480 * sim.Nanosecond, HostWrite: 250 * sim.Nanosecond, MMIOWrite: 250 * sim.Nanosecond,
	}
}

// testGPU shows writes visible after they arrive.
func testGPU(visible sim.Time) pcie.TargetSpec {
	return pcie.TargetSpec{ReadService: 500 * sim.Nanosecond, WriteVisible: visible}
}

// testTree is that tree, without a NIC.
func testTree(t testing.TB, visible sim.Time) *pcie.Tree {
	t.Helper()
	tree, err := pcie.New("host", testPCIe(), 64, testGPU(visible))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// gpuVisible is how long the GPU of a rig takes to show a write.
const gpuVisible = 300 * sim.Nanosecond

// interrupt is an MSI-X message that reached the host.
type interrupt struct {
	at      sim.Time
	channel int
}

// rig is a NIC with everything around it. It is plain data, so that it can be saved.
type rig struct {
	engine *sim.Engine
	port   pcie.Port
	memory Memory
	wire   cable
	nic    *NIC
	spec   *Spec `snapshot:"-"`
	rand   sim.Rand

	interrupts []interrupt
}

// Interrupt implements Driver.
func (r *rig) Interrupt(now sim.Time, channel int) {
	r.interrupts = append(r.interrupts, interrupt{now, channel})
}

const rigPages = 1 << 14

func newRig(t testing.TB, spec Spec, rate sim.Bandwidth) *rig {
	t.Helper()
	return newRigOn(t, pcie.EngineFast, spec, rate)
}

// newRigOn is newRig with a PCIe engine.
func newRigOn(t testing.TB, engine string, spec Spec, rate sim.Bandwidth) *rig {
	t.Helper()
	r := &rig{engine: sim.NewEngine(), spec: &spec, rand: sim.NewRand(1, t.Name())}
	tree := testPCIe()
	tree.Engine = engine
	r.memory.Pages = make([]Extent, rigPages)
	r.wire = cable{engine: r.engine, pace: rate.Pace()}
	var err error
	if r.port, err = pcie.Open(r.engine, "host", tree, 64, testGPU(gpuVisible)); err != nil {
		t.Fatal(err)
	}
	if r.nic, err = New(r.engine, "nic", r.spec, r.port, &r.memory, &r.wire, rate, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// until runs the engine and returns the time.
func (r *rig) until(at sim.Time) sim.Time {
	r.engine.Run(at)
	return r.engine.Now()
}

// idle runs until nothing is left to happen.
func (r *rig) idle() sim.Time { return r.until(sim.Never) }

// post posts as many receive WQEs as fit, each with pages of its own.
func (r *rig) post(q *RQ) {
	pages := 0
	if q.split {
		pages = r.spec.PayloadPages()
	}
	for range q.Missing() {
		var w RxWQE
		for range pages {
			w.Pages[w.N] = (q.tail*MaxPages + uint32(w.N)) % rigPages
			w.N++
		}
		q.PostRx(r.engine.Now(), w)
	}
}

// poll takes up to n completions that software can see.
func (r *rig) poll(q *RQ, n int) (taken int) {
	for taken < n && q.NextRx(r.engine.Now()) != nil {
		q.PopRx()
		taken++
	}
	return taken
}

// dataFrame is a data segment with the padded header of 94 bytes.
func dataFrame(flow uint32, payload int) *Frame {
	return &Frame{Flow: flow, Header: 94, Seg: tcp.Segment{Len: uint32(payload), MSS: 1420, OptLen: 20}}
}

// cable is a wire that remembers what was sent.
type cable struct {
	engine *sim.Engine
	pace   sim.Pace
	free   sim.Time
	silent bool // remember nothing
	frames []sent
}

// sent is a frame on the cable: when it was complete, how long the cable was still
// busy when Send was called, and when its last bit had left.
type sent struct {
	ready, backlog, departed sim.Time
	frame                    Frame
}

func (c *cable) FreeAt() sim.Time { return c.free }

func (c *cable) Send(ready sim.Time, f *Frame) sim.Time {
	backlog := c.free - c.engine.Now()
	c.free = max(c.free, ready) + c.pace.Time(tcp.WireBytes(f.Length()))
	if !c.silent {
		c.frames = append(c.frames, sent{ready, backlog, c.free, *f})
	}
	return c.free
}

// peeker does single transactions on the tree of a rig.
type peeker struct {
	engine  *sim.Engine
	port    pcie.Port
	visible sim.Time
	got     arrivals
	left    int64 // bytes of a read
}

// arrivals is how the bytes of a read came in.
type arrivals []arrival

type arrival struct {
	bytes       int64
	first, last sim.Time
}

func newPeeker(t testing.TB, engine string) *peeker {
	t.Helper()
	p := &peeker{engine: sim.NewEngine()}
	tree := testPCIe()
	tree.Engine = engine
	var err error
	if p.port, err = pcie.Open(p.engine, "host", tree, 64, testGPU(gpuVisible)); err != nil {
		t.Fatal(err)
	}
	p.port.Listen(p)
	return p
}

func (p *peeker) Arrived(_ pcie.Notice, n int64, first, last sim.Time) {
	p.got = append(p.got, arrival{n, first, last})
	if p.left -= n; p.left == 0 {
		p.engine.Stop()
	}
}

func (p *peeker) Sent(pcie.Notice, sim.Time) {}

func (p *peeker) Visible(_ pcie.Notice, at sim.Time) {
	p.visible = at
	p.engine.Stop()
}

func (p *peeker) wait(until sim.Time) { p.engine.Run(until) }

// store is when a core's store has come to the NIC.
func (p *peeker) store(now sim.Time, n int64) sim.Time {
	p.port.Store(now, n, 1)
	p.engine.Run(sim.Never)
	return p.visible
}

// read is a read now, to its end.
func (p *peeker) read(target pcie.Target, n int64) arrivals {
	p.got, p.left = nil, n
	p.port.Read(p.engine.Now(), target, n, 1)
	p.engine.Run(sim.Never)
	return p.got
}

func (a arrivals) first() sim.Time { return a[0].first }
func (a arrivals) last() sim.Time  { return a[len(a)-1].last }

// until is when so many bytes are in.
func (a arrivals) until(bytes int64) sim.Time {
	for _, x := range a {
		if bytes <= x.bytes {
			return x.last - (x.last-x.first)*sim.Time(x.bytes-bytes)/sim.Time(x.bytes)
		}
		bytes -= x.bytes
	}
	return sim.Never
}
