package tcp

import (
	"testing"

	"netgpusim/sim"
)

// FuzzStates lets a script of bytes drive an endpoint from any beginning through calls,
// timers, ICMP errors and segments near to what would be right and far from it. Nothing
// panics, the books balance, Output ends, nothing runs once the connection is over, and
// every buffer comes back once.
func FuzzStates(f *testing.F) {
	random := sim.NewRand(4, "states")
	for range 40 {
		script := make([]byte, 20+random.Intn(400))
		for i := range script {
			script[i] = byte(random.Uint64())
		}
		f.Add(uint64(random.Intn(1000)), script)
	}
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		d := newStateDriver(t, seed)
		for _, b := range script[:min(len(script), 2000)] {
			d.step(b)
			d.check()
		}
	})
}

// stateDriver is an endpoint and what the driver has to remember of it.
type stateDriver struct {
	t      *testing.T
	random sim.Rand
	e      *Endpoint
	now    sim.Time
	unread int
	handle uint32
	held   map[uint32]bool // buffers that the endpoint has
}

func newStateDriver(t *testing.T, seed uint64) *stateDriver {
	d := &stateDriver{t: t, random: sim.NewRand(seed, "driver"), held: map[uint32]bool{}}
	spec := testSpec()
	spec.IPVersion = 4 + 2*int(seed&1)
	spec.SACK, spec.Timestamps, spec.RFC1337 = seed%5 != 0, seed%4 != 1, seed%7 == 0
	spec.ECN = int(seed % 3)
	spec.MTUProbing = int(seed / 3 % 3)
	if seed%11 == 0 {
		spec.ACKPolicy = policyFreeBSD
	}
	cfg := Config{MTU: 1500, Buffers: Buffers(seed / 2 % 3), LocalISS: uint32(d.random.Uint64()), RemoteISS: uint32(d.random.Uint64())}
	var err error
	switch seed % 4 {
	case 0:
		d.e, err = New(spec, cfg)
	case 1, 2:
		if d.e, err = Connect(spec, cfg, 0); err == nil && seed%3 == 0 {
			d.e.SetFastOpen(Cookie{Len: uint8(seed % 17)}, seed%5 == 0)
		}
	default:
		syn := Segment{Flags: SYN, Seq: cfg.RemoteISS, Window: 65535, Segs: 1, Opts: OptionSet(d.random.Intn(16)), MSS: uint16(d.random.Intn(2000)), Scale: uint8(d.random.Intn(20))}
		if seed%3 == 0 {
			syn.Len, d.held[0] = uint32(1+seed%1400), true
			d.e, err = AcceptFastOpen(spec, cfg, 0, &syn)
			break
		}
		d.e, err = Accept(spec, cfg, 0, &syn)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// step makes one call.
func (d *stateDriver) step(b byte) {
	e, r := d.e, &d.random
	d.now += sim.Time(r.Intn(int(sim.Millisecond)))
	switch b % 32 {
	case 0:
		e.WriteMsg(d.now, r.Intn(20_000), 1<<r.Intn(16), WriteFlags(r.Intn(8)))
	case 1:
		n := r.Intn(d.unread + 1)
		d.unread -= n
		e.Consumed(d.now, n)
	case 2:
		e.Sent(d.now, r.Intn(20_000))
	case 3, 4, 5:
		if at := e.Deadline(); at != sim.Never {
			d.now = max(d.now, at)
		}
		e.Timer(d.now)
	case 6:
		e.Shutdown(d.now)
	case 7:
		if b > 128 {
			e.Close(d.now)
		}
	case 8:
		e.ShutdownRead()
	case 9:
		e.SetKeepAlive(d.now, b > 128)
		e.SetKeepIdle(d.now, sim.Time(r.Intn(20))*sim.Second)
	case 10:
		e.SetUserTimeout(sim.Time(r.Intn(30)) * sim.Second)
	case 11:
		e.SetLinger2(sim.Time(r.Intn(3)-1) * sim.Second)
		e.SetDeferAccept(r.Intn(3))
	case 12:
		e.InputICMP(d.now, ICMP{Type: uint8(r.Intn(13)), Code: uint8(r.Intn(18)), MTU: sim.Bytes(r.Intn(2000)), Seq: seqOf(e.cfg.LocalISS, e.snd.una) - uint32(r.Intn(2))})
	case 13:
		e.TakeUrgent()
		e.TakeErr()
		e.SetRecvErr(b > 128)
	case 14:
		d.option(b >> 5)
	default:
		d.input(b)
	}
}

// option sets one of the options of buffers, windows and ACKs.
func (d *stateDriver) option(which byte) {
	e, r := d.e, &d.random
	switch which {
	case 0:
		e.SetReceiveBuffer(r.Intn(100_000))
	case 1:
		e.SetSendBuffer(r.Intn(100_000))
	case 2:
		e.SetWindowClamp(r.Intn(100_000))
	case 3:
		e.SetReceiveLowat(r.Intn(50_000))
	case 4:
		e.SetQuickAck(d.now, r.Intn(3))
	case 5:
		e.SetNoDelay(d.now, r.Intn(2) == 0)
	case 6:
		e.SetCork(d.now, r.Intn(2) == 0)
	default:
		e.SetNotSentLowat(uint32(r.Intn(20_000)))
	}
}

// input gives the endpoint a segment: in half of the cases the one that a peer might send
// that has everything.
func (d *stateDriver) input(b byte) {
	d.handle++
	e := d.e
	seg := hostileSegment(&d.random, e, d.now, d.handle)
	seg.Urgent = uint16(d.random.Intn(3000))
	if b&1 == 0 {
		seg.NSACK = 0
		seg.Seq, seg.Ack = seqOf(e.cfg.RemoteISS, e.rcv.nxt), seqOf(e.cfg.LocalISS, e.snd.nxt)
		seg.TSVal, seg.TSEcr = timestamp(d.now), timestamp(d.now)
		seg.Flags = ACK
		switch b >> 5 {
		case 0:
			seg.Flags |= FIN
		case 1:
			seg.Flags |= RST
		}
	}
	if e.state < Established && b&2 == 0 {
		seg.Seq, seg.Len = e.cfg.RemoteISS, 0
		seg.Flags = seg.Flags&ACK | SYN
		seg.Opts = OptionSet(d.random.Intn(16))
	}
	if seg.Len > 0 {
		d.held[seg.Handle] = true
	}
	e.Input(d.now, &seg)
}

// check takes what there is to take and holds it against what must be.
func (d *stateDriver) check() {
	d.t.Helper()
	var seg Segment
	for n := 0; ; n++ {
		if _, ok := d.e.Output(d.now, &seg); !ok {
			break
		}
		if n > 10_000 {
			d.t.Fatalf("%v: Output does not end", d.e.State())
		}
		if seg.Offset+uint64(seg.Len) > d.e.snd.end {
			d.t.Fatalf("%d bytes at %d are sent, written is %d", seg.Len, seg.Offset, d.e.snd.end)
		}
	}
	for {
		v, ok := d.e.NextDelivery()
		if !ok {
			break
		}
		if !d.held[v.Handle] {
			d.t.Fatalf("buffer %d comes back twice or was never given", v.Handle)
		}
		delete(d.held, v.Handle)
		d.unread += int(v.Len)
	}
	if err := verify(d.e); err != nil {
		d.t.Fatalf("%v: %v", d.e.State(), err)
	}
	if d.e.State() == Closed && (d.e.Deadline() != sim.Never || len(d.held) > 0) {
		d.t.Fatalf("the connection is over, but a timer runs (%v) or %d buffers are kept", d.e.Deadline(), len(d.held))
	}
}
