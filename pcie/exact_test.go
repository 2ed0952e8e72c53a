package pcie

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"netgpusim/sim"
)

// storm submits random transactions between all devices, of all kinds, at random
// addresses, faster than the links can carry them.
func storm(tb testing.TB, r *sim.Rand, o ExactOptions, n int) (*sim.Engine, *Exact) {
	tb.Helper()
	s, peer, outstanding := anySpec(r)
	// Credits down to the least that a receiver may have.
	if r.Intn(2) == 0 {
		s.PostedHeaderCredits, s.PostedDataCredits = 1+r.Intn(4), int(s.MaxPayload/creditBytes)+r.Intn(4)
		s.NonPostedHeaderCredits, s.NonPostedDataCredits = 1+r.Intn(2), 1+r.Intn(2)
		s.CompletionHeaderCredits, s.CompletionDataCredits = 1+r.Intn(4), int(s.CompletionSize/creditBytes)+r.Intn(4)
		outstanding = 1 + r.Intn(8)
	}
	engine := sim.NewEngine()
	x, err := NewExact(engine, "test", &s, outstanding, peer, o)
	if err != nil {
		tb.Fatal(err)
	}
	for range n {
		q := Request{
			From: Device(r.Intn(devices)), Kind: RequestKind(r.Intn(3)),
			Address: int64(r.Intn(1 << 26)), Bytes: int64(r.Intn(6000)),
		}
		q.To = (q.From + 1 + Device(r.Intn(devices-1))) % devices
		if q.Kind == AtomicRequest {
			q.Bytes, q.Address = atomicBytes, q.Address&^(atomicBytes-1)
		}
		if _, err := x.Submit(sim.Time(r.Intn(n))*sim.Nanosecond*50, q); err != nil {
			tb.Fatal(err)
		}
	}
	return engine, x
}

// Run(Never) ends only when no event is left: a deadlock shows as a transaction that
// Audit finds undone, a leak as credits that are not home.
func TestUnderFullLoadBothWaysEverythingComesHome(t *testing.T) {
	for seed := range uint64(60) {
		r := sim.NewRand(seed, "storm")
		engine, x := storm(t, &r, ExactOptions{ExplicitDLLPs: seed%3 == 0}, 600)
		if engine.Run(sim.Never) != sim.Idle {
			t.Fatalf("seed %d: stopped", seed)
		}
		if err := x.Audit(); err != nil {
			t.Errorf("seed %d: %v\n%+v", seed, err, x.spec)
		}
	}
}

func TestEveryByteArrivesOnceAtItsAddress(t *testing.T) {
	for seed := range uint64(30) {
		r := sim.NewRand(seed, "bytes")
		engine, x := storm(t, &r, ExactOptions{Trace: true}, 300)
		engine.Run(sim.Never)
		type covered struct{ next, bytes int64 }
		var data, asked = map[int]covered{}, map[int]covered{}
		for _, a := range x.Arrivals() {
			q := x.transactions[a.Transaction].request
			into := data
			if a.Class == NonPosted {
				into = asked
			} else if (a.Class == Posted) != (q.Kind == WriteRequest) {
				t.Fatalf("seed %d: %v TLP for %+v", seed, a.Class, q)
			}
			c := into[a.Transaction]
			if a.Address < q.Address || a.Address+a.Bytes > q.Address+q.Bytes || a.Address/4096 != (a.Address+max(a.Bytes, 1)-1)/4096 {
				t.Fatalf("seed %d: TLP of %d bytes at %d for %+v", seed, a.Bytes, a.Address, q)
			}
			into[a.Transaction] = covered{a.Address + a.Bytes, c.bytes + a.Bytes}
		}
		for i := range x.transactions {
			q := x.transactions[i].request
			if data[i].bytes != q.Bytes {
				t.Errorf("seed %d: %d bytes arrived of %+v", seed, data[i].bytes, q)
			}
			if q.Kind != WriteRequest && asked[i].bytes != q.Bytes {
				t.Errorf("seed %d: %d bytes asked for of %+v", seed, asked[i].bytes, q)
			}
		}
	}
}

// Of one requester, to whichever device, without relaxed or ID-based ordering.
func TestNoReadAndNoWritePassesAPostedWriteUnderStrictOrdering(t *testing.T) {
	requests := 0
	for seed := range uint64(30) {
		r := sim.NewRand(seed, "strict")
		s, peer, outstanding := anySpec(&r)
		s.RelaxedOrdering, s.IDOrdering, s.ATS = false, false, false
		s.PostedHeaderCredits = 1 + r.Intn(8)
		engine := sim.NewEngine()
		x, err := NewExact(engine, "test", &s, outstanding, peer, ExactOptions{Trace: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 400 {
			q := Request{From: AtNIC, To: Device(r.Intn(2)), Kind: RequestKind(r.Intn(2)), Address: int64(r.Intn(1 << 20)), Bytes: int64(r.Intn(900))}
			if _, err := x.Submit(sim.Time(i)*30*sim.Nanosecond, q); err != nil {
				t.Fatal(err)
			}
		}
		engine.Run(sim.Never)
		// At each device, when a request of transaction i arrives, no posted write of
		// an earlier transaction may come any more.
		var latest [devices]int
		arrivals := x.Arrivals()
		for k := len(arrivals) - 1; k >= 0; k-- {
			a := arrivals[k]
			if a.Class == Completion {
				continue
			}
			requests++
			if k == len(arrivals)-1 || latest[a.To] == 0 {
				latest[a.To] = math.MaxInt
			}
			if a.Transaction > latest[a.To] {
				t.Fatalf("seed %d: %v of transaction %d reached the %v before a write of %d", seed, a.Class, a.Transaction, a.To, latest[a.To])
			}
			if a.Class == Posted {
				latest[a.To] = min(latest[a.To], a.Transaction)
			}
		}
		// And none is visible before an earlier one.
		var visible [devices]sim.Time
		for i := range x.transactions {
			tr := &x.transactions[i]
			if tr.request.Kind != WriteRequest {
				continue
			}
			if tr.result.Last < visible[tr.request.To] {
				t.Fatalf("seed %d: write %d visible at %v, an earlier one at %v", seed, i, tr.result.Last, visible[tr.request.To])
			}
			visible[tr.request.To] = tr.result.Last
		}
	}
	if requests < 10_000 {
		t.Errorf("only %d requests were looked at", requests)
	}
}

// A write whose page needs a walk holds up the one behind it, unless that has the
// relaxed-ordering attribute.
func TestRelaxedOrderingLetsAWritePassOneThatIsBeingTranslated(t *testing.T) {
	for _, relaxed := range []bool{false, true} {
		s := rootSpec()
		s.IOMMU, s.IOMMUPage, s.IOTLBEntries, s.IOMMUWalkers, s.IOMMUWalk = true, 4096, 64, 1, 300*sim.Nanosecond
		s.RelaxedOrdering = relaxed
		x := runRequests(t, &s,
			Request{From: AtNIC, To: AtHost, Address: 4096, Bytes: 64}, // brings the page in
			Request{From: AtNIC, To: AtHost, Address: 8192, Bytes: 64},
			Request{From: AtNIC, To: AtHost, Address: 4096, Bytes: 64},
		)
		if passed := x.Result(2).Last < x.Result(1).Last; passed != relaxed {
			t.Errorf("relaxed ordering %v: visible at %v, the one before at %v", relaxed, x.Result(2).Last, x.Result(1).Last)
		}
	}
}

// Doorbells that wait for credits hold up a completion to the NIC behind them, unless
// its read had the relaxed-ordering attribute, or it comes from another completer and
// has the ID-based one.
func TestCompletionsPassPostedWritesOnlyByAttribute(t *testing.T) {
	for _, c := range []struct {
		relaxed, byID bool
		from          Device
		passes        bool
	}{
		{false, false, AtHost, false},
		{true, false, AtHost, true},
		{false, true, AtHost, false}, // doorbell and completion have the same ID
	} {
		s := rootSpec()
		s.PostedHeaderCredits, s.LinkLatency = 1, sim.Microsecond
		s.HostReadRTT, s.MMIOWrite, s.HostWrite = 4*sim.Microsecond, 1100*sim.Nanosecond, 2*sim.Microsecond
		s.RelaxedOrdering, s.IDOrdering = c.relaxed, c.byID
		x := runRequests(t, &s,
			Request{From: AtNIC, To: c.from, Kind: ReadRequest, Bytes: 64},
			// One doorbell per credit round trip of 2 µs: the last waits for long.
			Request{From: AtHost, To: AtNIC, Bytes: 64 * 10},
		)
		if passed := x.Result(0).Last < x.Result(1).Last; passed != c.passes {
			t.Errorf("%+v: completion at %v, doorbells until %v", c, x.Result(0).Last, x.Result(1).Last)
		}
	}
}

func TestThePassingTableIsThatOfTheSpecification(t *testing.T) {
	write := packet{class: Posted, from: AtNIC}
	read := packet{class: NonPosted, kind: ReadRequest, from: AtNIC}
	atomic := packet{class: NonPosted, kind: AtomicRequest, from: AtNIC}
	answer := packet{class: Completion, from: AtNIC, tag: 1}
	with := func(p packet, relaxed, byID bool, from Device) packet {
		p.relaxed, p.byID, p.from = relaxed, byID, from
		return p
	}
	for _, c := range []struct {
		name string
		a, b packet
		may  bool
	}{
		{"A2a write, write", write, write, false},
		{"A2b write RO, write", with(write, true, false, AtNIC), write, true},
		{"A2b write IDO, write of another", with(write, false, true, AtGPU), write, true},
		{"A2b write IDO, write of the same", with(write, false, true, AtNIC), write, false},
		{"A3 write, read", write, read, true},
		{"A5 write, completion", write, answer, true},
		{"B2a read, write", read, write, false},
		{"B2a read RO, write", with(read, true, false, AtNIC), write, false},
		{"B2b read IDO, write of another", with(read, false, true, AtGPU), write, true},
		{"C2a atomic, write", atomic, write, false},
		{"C2b atomic RO, write", with(atomic, true, false, AtNIC), write, true},
		{"D2a completion, write", answer, write, false},
		{"D2b completion RO, write", with(answer, true, false, AtNIC), write, true},
		{"D2b completion IDO, write of another", with(answer, false, true, AtGPU), write, true},
		{"D3 completion, read", answer, read, true},
		{"D5a completion, another's", answer, packet{class: Completion, tag: 2}, true},
		{"D5b completion, its own", answer, answer, false},
	} {
		if got := mayPass(&c.a, &c.b); got != c.may {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// runRequests submits requests 1 ns apart, some time after the start, and runs them.
func runRequests(tb testing.TB, s *Spec, requests ...Request) *Exact {
	tb.Helper()
	engine := sim.NewEngine()
	x, err := NewExact(engine, "test", s, 64, testPeer, ExactOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	for i, q := range requests {
		if _, err := x.Submit(sim.Microsecond*sim.Time(min(i, 1))+sim.Time(i)*sim.Nanosecond, q); err != nil {
			tb.Fatal(err)
		}
	}
	engine.Run(sim.Never)
	if err := x.Audit(); err != nil {
		tb.Fatal(err)
	}
	return x
}

// A read of 64 bytes across a completion boundary, and one across MRRS and a page.
func TestReadsAndWritesAreSplitAtRealAddressBoundaries(t *testing.T) {
	s := rootSpec() // MPS 256, MRRS 512, completions of 256
	for _, c := range []struct {
		q           Request
		up, down    int64 // wire bytes on the NIC's link
		description string
	}{
		{Request{To: AtHost, Kind: ReadRequest, Address: 0, Bytes: 64}, 24, 20 + 64, "aligned"},
		{Request{To: AtHost, Kind: ReadRequest, Address: 224, Bytes: 64}, 24, 2*20 + 64, "across a completion boundary"},
		{Request{To: AtHost, Kind: ReadRequest, Address: 480, Bytes: 64}, 2 * 24, 2*20 + 64, "across MRRS"},
		{Request{To: AtHost, Kind: ReadRequest, Address: 2, Bytes: 5}, 24, 20 + 8, "DWs are whole"},
		{Request{To: AtHost, Address: 128, Bytes: 256}, 2*24 + 256, 0, "write across MPS"},
		{Request{To: AtHost, Address: 0, Bytes: 0}, 24 + 4, 0, "zero-length write"},
		{Request{To: AtHost, Kind: AtomicRequest, Address: 8, Bytes: 8}, 24 + 8, 20 + 8, "atomic"},
	} {
		c.q.From = AtNIC
		link := runRequests(t, &s, c.q).Links(sim.Never)[0]
		if link.Up.TotalBytes != c.up || link.Down.TotalBytes != c.down {
			t.Errorf("%s: %d bytes up, %d down, want %d and %d", c.description, link.Up.TotalBytes, link.Down.TotalBytes, c.up, c.down)
		}
	}
}

func TestACSSendsPeerTrafficThroughTheRootComplex(t *testing.T) {
	for _, redirect := range []bool{false, true} {
		s := testSpec()
		s.ACSRedirect = redirect
		links := runRequests(t, &s, Request{From: AtNIC, To: AtGPU, Bytes: 256}, Request{From: AtNIC, To: AtGPU, Kind: ReadRequest, Bytes: 64}).Links(sim.Never)
		if through := links[0].Up.TotalBytes > 0; links[0].Name != "root" || through != redirect {
			t.Errorf("redirect %v: %d bytes up the root port's link", redirect, links[0].Up.TotalBytes)
		}
		tree := newTree(t, s, 64)
		tree.Write(0, PeerGPU, 256)
		tree.Read(sim.Microsecond, PeerGPU, 64)
		if fast := tree.Links(0); fast[0].Up.TotalBytes != links[0].Up.TotalBytes || fast[0].Down.TotalBytes != links[0].Down.TotalBytes {
			t.Errorf("redirect %v: fast engine %+v, exact %+v", redirect, fast[0], links[0])
		}
	}
}

func TestCutThroughSavesTheTransmissionOfATLP(t *testing.T) {
	late := runOne(t, testSpec(), Request{From: AtNIC, To: AtGPU, Bytes: 256})
	s := testSpec()
	s.CutThrough = true
	early := runOne(t, s, Request{From: AtNIC, To: AtGPU, Bytes: 256})
	d := newTree(t, s, 64).nic.up
	if want := d.pace.Time(256+24) - d.pace.Time(24); late-early != want {
		t.Errorf("%v sooner, want %v: the TLP but for its header", late-early, want)
	}
}

func runOne(tb testing.TB, s Spec, q Request) sim.Time {
	return runRequests(tb, &s, q).Result(0).Last
}

func TestSubmitRefusesWhatCannotBe(t *testing.T) {
	s := rootSpec()
	engine := sim.NewEngine()
	x, err := NewExact(engine, "test", &s, 64, testPeer, ExactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []Request{
		{From: AtNIC, To: AtNIC, Bytes: 64}, {From: 9, To: AtNIC, Bytes: 64}, {From: AtNIC, To: AtHost, Bytes: -1},
		{From: AtNIC, To: AtHost, Bytes: 64, Address: -1}, {From: AtNIC, To: AtHost, Kind: AtomicRequest, Bytes: 16},
		{From: AtNIC, To: AtHost, Kind: 7},
	} {
		if _, err := x.Submit(0, q); err == nil {
			t.Errorf("%+v accepted", q)
		}
	}
	engine.Run(sim.Microsecond)
	if _, err := x.Submit(0, Request{From: AtNIC, To: AtHost, Bytes: 64}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a time that is past: %v", err)
	}
	s.MaxPayload = 1
	var wrong *SpecError
	if _, err := NewExact(engine, "test", &s, 64, testPeer, ExactOptions{}); !errors.As(err, &wrong) {
		t.Errorf("MPS 1: %v", err)
	}
}

// exactWorld is an engine with its actor, as a snapshot takes it.
type exactWorld struct {
	Engine *sim.Engine
	Exact  *Exact
}

func TestARestoredExactEngineGoesOnLikeTheOneThatWasSaved(t *testing.T) {
	make := func() exactWorld {
		r := sim.NewRand(4, "snapshot")
		engine, x := storm(t, &r, ExactOptions{Trace: true, ExplicitDLLPs: true}, 300)
		return exactWorld{engine, x}
	}
	a := make()
	a.Engine.Run(10 * sim.Microsecond)
	var saved bytes.Buffer
	if err := sim.Save(&saved, &a); err != nil {
		t.Fatal(err)
	}
	b := make()
	if err := sim.Restore(&saved, &b); err != nil {
		t.Fatal(err)
	}
	a.Engine.Run(sim.Never)
	b.Engine.Run(sim.Never)
	if a.Engine.Digest() != b.Engine.Digest() || len(a.Exact.Arrivals()) != len(b.Exact.Arrivals()) || b.Exact.Audit() != nil {
		t.Errorf("digest %x, restored %x; %v", a.Engine.Digest(), b.Engine.Digest(), b.Exact.Audit())
	}
}
