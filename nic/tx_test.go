package nic

import (
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// skb is a send WQE of so many payload bytes in netgpu pages.
func skb(flow, token, payload uint32) TxWQE {
	return TxWQE{Flow: flow, Token: token, Header: 94, Frags: uint8((payload + 4095) / 4096), Target: pcie.PeerGPU,
		Seg: tcp.Segment{Len: payload, MSS: 1420, OptLen: 20, Flags: tcp.ACK | tcp.PSH}}
}

// order is the tokens of the WQEs on the cable, in order; each must leave in one
// train of frames that tile it.
func (r *rig) order(t *testing.T, posted []TxWQE) (tokens []uint32) {
	t.Helper()
	byStart := map[[2]uint64]TxWQE{}
	for _, w := range posted {
		byStart[[2]uint64{uint64(w.Flow), w.Seg.Offset}] = w
	}
	frames := r.wire.frames
	for len(frames) > 0 {
		first := frames[0].frame
		w, ok := byStart[[2]uint64{uint64(first.Flow), first.Seg.Offset}]
		if !ok {
			t.Fatalf("flow %d, offset %d is not the start of a WQE", first.Flow, first.Seg.Offset)
		}
		delete(byStart, [2]uint64{uint64(w.Flow), w.Seg.Offset})
		offset, seq, left := w.Seg.Offset, w.Seg.Seq, w.Seg.Len
		for n := 0; n == 0 || left > 0; n++ {
			if len(frames) == 0 {
				t.Fatalf("WQE %d: %d bytes were not sent", w.Token, left)
			}
			f, length := frames[0].frame, min(left, uint32(w.Seg.MSS))
			if f.Flow != w.Flow || f.Header != w.Header || f.Seg.Offset != offset || f.Seg.Seq != seq || f.Seg.Len != length {
				t.Fatalf("WQE %d: frame %+v, want offset %d, %d bytes", w.Token, f, offset, length)
			}
			if last := left == length; f.Seg.Flags.Has(tcp.PSH) != last {
				t.Fatalf("WQE %d: PSH on frame %+v", w.Token, f)
			}
			offset, seq, left, frames = offset+uint64(length), seq+length, left-length, frames[1:]
		}
		tokens = append(tokens, w.Token)
	}
	return tokens
}

func TestWQEsOfOneQueueLeaveInOrderAsTrainsThatTileThem(t *testing.T) {
	r := newRig(t, testSpec(), 25*sim.Gbps)
	q := r.nic.AddSQ(0)
	var posted []TxWQE
	var offset uint64
	var packets, bytes, tso int64
	for i := range uint32(300) {
		payload := []uint32{0, 1, 1419, 1420, 1421, 2840, uint32(r.rand.Intn(64000)), 63900}[r.rand.Intn(8)]
		w := skb(1, i, payload)
		w.Seg.Offset, w.Seg.Seq = offset, uint32(offset)-100
		offset += uint64(payload) + 1 // acknowledgements too start somewhere of their own
		for range 1000 {
			if q.HasRoom(w.BasicBlocks()) {
				break
			}
			q.NextTx(r.until(r.engine.Now() + 10*us))
		}
		if !q.HasRoom(w.BasicBlocks()) {
			t.Fatal("completions free no room")
		}
		q.PostTx(r.engine.Now(), &w)
		posted = append(posted, w)
		n := int64(tcp.Frames(&w.Seg))
		packets, bytes = packets+n, bytes+n*94+int64(payload)
		if n > 1 {
			tso++
		}
	}
	r.idle()
	for i, token := range r.order(t, posted) {
		if token != uint32(i) {
			t.Fatalf("WQE %d leaves as number %d", token, i)
		}
	}
	if c := r.nic.Counters; c.TxPackets != packets || c.TxBytes != bytes || c.TxWQEs != 300 || c.TxTSOPackets != tso {
		t.Errorf("counted %+v, want %d packets of %d bytes, %d of 300 WQEs cut", c, packets, bytes, tso)
	}
}

func TestQueuesTakeTurnsWQEByWQE(t *testing.T) {
	r := newRig(t, testSpec(), 25*sim.Gbps)
	var sqs []*SQ
	for i := range 3 {
		sqs = append(sqs, r.nic.AddSQ(i))
	}
	var posted []TxWQE
	post := func(queue, n int) {
		for i := range n {
			w := skb(uint32(queue), uint32(queue*100+i), 63900)
			w.Seg.Offset = uint64(i) * 63900
			sqs[queue].PostTx(r.engine.Now(), &w)
			posted = append(posted, w)
		}
	}
	// Queue 0 has a head start of more than the look-ahead; all doorbells are in
	// before the send engine goes on.
	post(0, 6)
	r.until(5 * us)
	started := r.nic.sqs[0].head
	post(1, 4)
	post(2, 2)
	r.idle()
	tokens := r.order(t, posted)
	if started == 0 || started > 3 {
		t.Fatalf("queue 0 has sent %d WQEs before the others came", started)
	}
	next := [3]int{int(started)}
	total := [3]int{6, 4, 2}
	turn := 1
	for _, token := range tokens[started:] {
		for next[turn] == total[turn] {
			turn = (turn + 1) % 3
		}
		if want := uint32(turn*100 + next[turn]); token != want {
			t.Fatalf("order %v: %d where it is the turn of %d", tokens, token, want)
		}
		next[turn]++
		turn = (turn + 1) % 3
	}
	if next != total {
		t.Errorf("order %v: not all WQEs", tokens)
	}
}

// The send engine fetches a WQE only when the cable has at most TxLookahead to send,
// and that is enough to keep the cable busy.
func TestLookAheadBoundsWhatIsFetchedAndKeepsTheCableBusy(t *testing.T) {
	for _, ahead := range []sim.Bytes{16 * sim.KiB, 64 * sim.KiB, 256 * sim.KiB} {
		spec := testSpec()
		spec.TxLookahead = ahead
		rate := 25 * sim.Gbps
		r := newRig(t, spec, rate)
		q := r.nic.AddSQ(0)
		var offset uint64
		starts := map[uint64]bool{}
		for q.HasRoom(16) {
			w := skb(1, 0, uint32(1+r.rand.Intn(30000)))
			w.Seg.Offset = offset
			starts[offset] = true
			offset += uint64(w.Seg.Len)
			q.PostTx(0, &w)
		}
		r.idle()
		// A frame is on the cable when its payload is known to come.
		limit := rate.Pace().Time(int64(ahead))
		known := newPeeker(t, pcie.EngineFast).read(pcie.PeerGPU, 64).first()
		var most sim.Time
		var before *sent
		gaps := 0
		for i := range r.wire.frames {
			f := &r.wire.frames[i]
			if starts[f.frame.Seg.Offset] {
				most = max(most, f.backlog)
			}
			if before != nil && f.ready > before.departed {
				gaps++
			}
			before = f
		}
		if most > limit || most < limit-limit/100-known {
			t.Errorf("look-ahead of %d bytes: a WQE was fetched with %v on the cable, the bound is %v", ahead, most, limit)
		}
		if gaps > len(r.wire.frames)/200 {
			t.Errorf("look-ahead of %d bytes: the cable stood idle before %d of %d frames", ahead, gaps, len(r.wire.frames))
		}
	}
}

// PCIe slower than the cable: frames leave as their bytes arrive, in order, and no
// frame before its last byte.
func TestFramesLeaveWhenTheirPayloadHasArrived(t *testing.T) {
	for _, engine := range []string{pcie.EngineFast, pcie.EngineExact} {
		r := newRigOn(t, engine, testSpec(), 400*sim.Gbps)
		q := r.nic.AddSQ(0)
		w := skb(1, 0, 63900)
		q.PostTx(0, &w)
		r.idle()
		// The same transactions one by one.
		p := newPeeker(t, engine)
		p.wait(p.store(0, 8) + r.spec.TxPipeline)
		p.wait(p.read(pcie.HostMemory, 384).last())
		payload := p.read(pcie.PeerGPU, 63900)
		end := int64(0)
		for i, f := range r.wire.frames {
			end += int64(f.frame.Seg.Len)
			if there := payload.until(end); f.ready != there {
				t.Errorf("%s: frame %d is ready at %v, its bytes are in at %v", engine, i, f.ready, there)
			}
			if f.departed < f.ready {
				t.Errorf("%s: frame %d leaves before it is ready", engine, i)
			}
		}
		if end != 63900 {
			t.Errorf("%s: %d bytes have left", engine, end)
		}
	}
}

func TestSendCompletionsComeInOrderAfterTheLastFrame(t *testing.T) {
	r := newRig(t, testSpec(), 25*sim.Gbps)
	sqs := []*SQ{r.nic.AddSQ(0), r.nic.AddSQ(1)}
	var next, taken [2]uint32
	departed := map[[2]uint32]sim.Time{} // of the last frame, by queue and token
	seen := 0
	for step := range 4000 {
		now := r.until(r.engine.Now() + sim.Time(r.rand.Intn(int(8*us))))
		i := r.rand.Intn(2)
		q := sqs[i]
		w := skb(uint32(i), next[i], []uint32{0, 1420, uint32(r.rand.Intn(64000))}[r.rand.Intn(3)])
		w.Seg.Seq = next[i] << 16
		if step < 3000 && q.HasRoom(w.BasicBlocks()) {
			room := q.Room()
			q.PostTx(now, &w)
			next[i]++
			if q.Room() != room-w.BasicBlocks() {
				t.Fatalf("%d blocks free after a WQE of %d, %d before", q.Room(), w.BasicBlocks(), room)
			}
		}
		for ; seen < len(r.wire.frames); seen++ {
			f := &r.wire.frames[seen]
			departed[[2]uint32{f.frame.Flow, f.frame.Seg.Seq >> 16}] = f.departed
		}
		for i, q := range sqs {
			for range r.rand.Intn(4) {
				done, ok := q.NextTx(now)
				if !ok {
					break
				}
				if done.Token != taken[i] || done.Flow != uint32(i) {
					t.Fatalf("queue %d: completion of WQE %d of flow %d, want %d", i, done.Token, done.Flow, taken[i])
				}
				left := departed[[2]uint32{uint32(i), done.Token}]
				if left == 0 || done.Visible <= left || done.Visible > now {
					t.Fatalf("queue %d: completion %d is visible at %v, its last frame left at %v", i, done.Token, done.Visible, left)
				}
				taken[i]++
			}
		}
	}
	now := r.idle()
	for i, q := range sqs {
		for {
			if _, ok := q.NextTx(now); !ok {
				break
			}
			taken[i]++
		}
		if taken[i] != next[i] || next[i] < 500 || q.Room() != r.spec.SQEntries {
			t.Errorf("queue %d: %d of %d WQEs completed, %d of %d blocks free", i, taken[i], next[i], q.Room(), r.spec.SQEntries)
		}
	}
}

// Several cores post to one queue, and one may be behind the other within its work:
// its WQE comes after, and so does its doorbell.
func TestADoorbellNeverOvertakesThatOfAnEarlierWQE(t *testing.T) {
	r := newRig(t, testSpec(), 25*sim.Gbps)
	q := r.nic.AddSQ(0)
	var posted []TxWQE
	for i := range uint32(200) {
		w := skb(1, i, 1420)
		w.Seg.Offset = uint64(i) * 1420
		q.PostTx(r.engine.Now()+sim.Time(r.rand.Intn(int(3*us))), &w)
		posted = append(posted, w)
		r.until(r.engine.Now() + sim.Time(r.rand.Intn(int(us))))
	}
	r.until(r.engine.Now() + sim.Millisecond)
	tokens := r.order(t, posted)
	if len(tokens) != len(posted) || q.head != q.tail || r.engine.Pending() != 0 {
		t.Fatalf("%d of %d WQEs were sent", len(tokens), len(posted))
	}
	for i, token := range tokens {
		if token != uint32(i) {
			t.Fatalf("WQE %d leaves as number %d", token, i)
		}
	}
}

func TestSendInterruptsAreModerated(t *testing.T) {
	for _, c := range []struct {
		frames, skbs int
		interrupts   int64
	}{{1, 1, 1}, {4, 3, 1}, {4, 4, 1}, {2, 9, 1}} {
		spec := testSpec()
		spec.TxCoalesceFrames = c.frames
		r := newRig(t, spec, 25*sim.Gbps)
		q := r.nic.AddSQ(2)
		q.ArmTx(0)
		for i := range c.skbs {
			w := skb(1, uint32(i), 0)
			q.PostTx(0, &w)
		}
		now := r.idle()
		if got := int64(len(r.interrupts)); got != c.interrupts || r.nic.Counters.TxInterrupts != got {
			t.Fatalf("%d completions of %d: %d interrupts, counted %d", c.skbs, c.frames, got, r.nic.Counters.TxInterrupts)
		}
		at, visible := r.interrupts[0], q.cqes[min(c.frames, c.skbs)-1].Visible
		byNumber := c.skbs >= c.frames
		if early := at.at < visible; early || at.channel != 2 || byNumber != (at.at < visible+spec.TxCoalesceTime/2) {
			t.Errorf("%d completions of %d: interrupt of channel %d at %v, the last of them visible at %v", c.skbs, c.frames, at.channel, at.at, visible)
		}
		// Not polled: to arm again brings another, at once or after the period.
		q.ArmTx(now)
		r.idle()
		if len(r.interrupts) != 2 || byNumber != (r.interrupts[1].at < now+spec.TxCoalesceTime) {
			t.Errorf("%d completions of %d, armed again at %v: interrupts %v", c.skbs, c.frames, now, r.interrupts)
		}
	}
}

// Doorbell 8 + 24; a request is 24 up and a completion 20 beside its data down; the
// CQE is 64 + 24 up.
func TestSentPacketsTakeTheirBytesOfPCIe(t *testing.T) {
	for _, c := range []struct {
		what               string
		payload            uint32
		up, down, gpu, req int64 // root port's link up and down, GPU's up (data) and down (requests)
	}{
		{"64 KB from the GPU", 63900, 24 + 88, 32 + 384 + 2*20, 63900 + 250*20, 125 * 24},
		{"one frame from the GPU", 1420, 2*24 + 88, 32 + 64 + 20 + 96 + 20, 1420 + 6*20, 3 * 24},
		{"acknowledgement", 0, 2*24 + 88, 32 + 64 + 20 + 96 + 20, 0, 0},
	} {
		r := newRig(t, testSpec(), 25*sim.Gbps)
		q := r.nic.AddSQ(0)
		const n = 10
		for i := range uint32(n) {
			w := skb(1, i, c.payload)
			q.PostTx(r.engine.Now(), &w)
			r.idle()
		}
		nicUp, nicDown, gpuUp, gpuDown, rootUp, rootDown := bytesOn(r.port)
		if rootUp != n*c.up || rootDown != n*c.down || gpuUp != n*c.gpu || gpuDown != n*c.req || nicUp != n*(c.up+c.req) || nicDown != n*(c.down+c.gpu) {
			t.Errorf("%s: root up %d down %d, GPU up %d down %d, NIC up %d down %d; want %d %d, %d %d, %d %d", c.what,
				rootUp, rootDown, gpuUp, gpuDown, nicUp, nicDown, n*c.up, n*c.down, n*c.gpu, n*c.req, n*(c.up+c.req), n*(c.down+c.gpu))
		}
	}
}
