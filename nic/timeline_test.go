package nic

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
)

// The figures that docs/models/nic.md gives for one frame in and one WQE out are
// those of the model.
func TestDocumentedTimelinesAreThoseOfTheModel(t *testing.T) {
	text, err := os.ReadFile("../docs/models/nic.md")
	if err != nil {
		t.Fatal(err)
	}
	ns := func(at sim.Time) string { return fmt.Sprintf("%.0f ns", at.Nanoseconds()) }
	row := func(cells ...string) {
		t.Helper()
		if line := strings.ReplaceAll("| "+strings.Join(cells, " | ")+" |", "|  |", "| |"); !strings.Contains(string(text), line+"\n") {
			t.Errorf("the documentation lacks %q", line)
		}
	}

	r := newRig(t, testSpec(), 25*sim.Gbps)
	r.spec.RxCoalesceFrames = 1
	q := r.nic.AddRQ(57, 0, true, pcie.PeerGPU)
	r.nic.Steer(0, q)
	r.post(q)
	q.ArmRx(0)
	start := r.until(100 * us)
	r.nic.Receive(start, dataFrame(0, 1420))
	r.idle()
	// The same transactions one by one.
	tree, ready := testTree(t, gpuVisible), r.spec.RxPipeline
	headerSent, header := tree.Write(ready, pcie.HostMemory, 94)
	payloadSent, payload := tree.Write(ready, pcie.PeerGPU, 1420)
	cqeSent, cqe := tree.Write(ready, pcie.HostMemory, 64)
	eqeSent, eqe := tree.Write(cqeSent, pcie.HostMemory, 64)
	row("header, 94 B, to the host", ns(headerSent), ns(header))
	row("payload, 1420 B, to the GPU", ns(payloadSent), ns(payload))
	row("CQE, 64 B, to the host", ns(cqeSent), ns(q.cqe(0).Visible-start))
	row("EQE, if moderation says so now", ns(eqeSent), ns(eqe))
	row("MSI-X: the interrupt handler may start", "", ns(r.interrupts[0].at-start))
	if lag := "visible " + ns(payload-cqe) + " before its payload"; !strings.Contains(string(text), lag) || r.nic.Counters.LagMax != payload-cqe {
		t.Errorf("the documentation does not say %q, or the NIC counts another lag: %v", lag, r.nic.Counters.LagMax)
	}

	send := func(w TxWQE) (first, last sent, visible sim.Time) {
		r := newRig(t, testSpec(), 25*sim.Gbps)
		q := r.nic.AddSQ(0)
		q.PostTx(0, &w)
		r.idle()
		return r.wire.frames[0], r.wire.frames[len(r.wire.frames)-1], q.cqes[0].Visible
	}
	read := func(w TxWQE) (fetched, first, last sim.Time) {
		p := newPeeker(t, pcie.EngineFast)
		p.wait(p.store(0, 8) + r.spec.TxPipeline)
		fetched = p.read(pcie.HostMemory, int64(w.BasicBlocks())*64).last()
		p.wait(fetched)
		target, n := pcie.HostMemory, int64(w.Header)
		if w.Seg.Len > 0 {
			target, n = w.Target, int64(w.Seg.Len)
		}
		got := p.read(target, n)
		return fetched, got.first(), got.last()
	}
	big, ack := skb(1, 0, 63900), skb(1, 0, 0)
	bigFirst, bigLast, bigCQE := send(big)
	ackFrame, _, ackCQE := send(ack)
	bigFetched, bigHead, bigIn := read(big)
	ackFetched, ackIn, _ := read(ack)
	doorbell := testTree(t, 0).MMIOWrite(0, 8)
	row("the doorbell has arrived", ns(doorbell), ns(doorbell))
	row("the WQE is read", ns(bigFetched), ns(ackFetched))
	row("the first payload TLP, or the header, is in", ns(bigHead), ns(ackIn))
	row("all payload is in", ns(bigIn), "")
	row("the first frame has left", ns(bigFirst.departed), ns(ackFrame.departed))
	row("the last frame has left", ns(bigLast.departed), ns(ackFrame.departed))
	row("the CQE is visible", ns(bigCQE), ns(ackCQE))
}
