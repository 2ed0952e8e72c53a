package tcp

import (
	"testing"

	"netgpusim/sim"
)

// TestAbortFreesWhatWasReceivedAndResetsThePeer: buffers behind holes come back once
// each, no timer is left, and the reset stands where the peer expects it.
func TestAbortFreesWhatWasReceivedAndResetsThePeer(t *testing.T) {
	e, err := New(testSpec(), Config{MTU: 1500, LocalISS: 100, RemoteISS: 1<<32 - 2000})
	if err != nil {
		t.Fatal(err)
	}
	e.Write(sim.Millisecond, 5000, 4096)
	var seg Segment
	for {
		if _, ok := e.Output(sim.Millisecond, &seg); !ok {
			break
		}
	}
	start := seqOf(1<<32-2000, 0)
	want := map[uint32]bool{}
	for i, off := range []uint32{2840, 5680, 7100, 11360} { // two holes and more
		e.Input(2*sim.Millisecond, &Segment{Handle: uint32(i + 1), Seq: start + off, Len: 1420, Ack: seqOf(100, 0),
			Window: 65535, Flags: ACK, Segs: 1, Opts: OptTimestamps, TSVal: 2, TSEcr: 1})
		want[uint32(i+1)] = true
	}
	if d, ok := e.NextDelivery(); ok {
		t.Fatalf("%+v was delivered across a hole", d)
	}
	e.Abort(3*sim.Millisecond, &seg)
	for {
		d, ok := e.NextDelivery()
		if !ok {
			break
		}
		if d.Len != 0 || !want[d.Handle] {
			t.Errorf("%+v: want each buffer freed once", d)
		}
		delete(want, d.Handle)
	}
	if len(want) != 0 {
		t.Errorf("buffers %v were not freed", want)
	}
	if e.Deadline() != sim.Never {
		t.Errorf("a timer is armed for %v", e.Deadline())
	}
	if !seg.Flags.Has(RST) || seg.Len != 0 || seg.NSACK != 0 || seg.Seq != seqOf(100, 5000) || seg.Ack != start {
		t.Errorf("the reset is %+v", seg)
	}
	if st := e.Stats(); st.OOOBytes != 0 {
		t.Errorf("%d bytes are still out of order", st.OOOBytes)
	}
	e.Abort(4*sim.Millisecond, &seg)
	if _, ok := e.NextDelivery(); ok || !seg.Flags.Has(RST) {
		t.Error("another Abort has to give another reset and nothing else")
	}
}
