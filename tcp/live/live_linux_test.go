package live

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// faults are those of the long test; the short one has the same.
var faults = Faults{Loss: 0.01, Reorder: 0.01, Duplicate: 0.001, Behind: 5, Hold: 2 * sim.Millisecond}

// open opens a link, or skips the test where there is none.
func open(t *testing.T, cfg LinkConfig) *Link {
	t.Helper()
	l, err := Open(cfg)
	if errors.Is(err, ErrUnavailable) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// exchange moves so much each way and compares the hashes.
func exchange(t *testing.T, version int, congestion string, bytes int64, active bool, limit time.Duration) {
	t.Helper()
	spec, faults := stack.DefaultSpec(), faults
	if congestion == "dctcp" {
		// DCTCP needs ECN, which the kernel asks for in its own SYN; to a SYN that is itself
		// ECN-capable it grants it only if it has DCTCP, too.
		spec.ECN, faults.Mark, active = 1, 0.001, false
	}
	l := open(t, LinkConfig{Spec: spec, MTU: 1500, Seed: 1, Faults: faults})
	report, err := l.Exchange(Transfer{IPVersion: version, Congestion: congestion, Out: bytes, In: bytes, Active: active, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %v", congestion, &report)
	if congestion == "dctcp" && (!report.ECN || report.ToKernel.Marked == 0) {
		t.Errorf("DCTCP ran as Reno: ECN is %v, %d packets were marked", report.ECN, report.ToKernel.Marked)
	}
	if !report.OK() || report.GotOut.Bytes != bytes || report.GotIn.Bytes != bytes {
		t.Errorf("the bytes differ: the model sent %v, the kernel got %v; the kernel sent %v, the model got %v",
			report.SentOut, report.GotOut, report.SentIn, report.GotIn)
	}
	if report.ToKernel.Lost == 0 || report.FromKernel.Lost == 0 || report.ToKernel.Reordered == 0 || report.FromKernel.Reordered == 0 {
		t.Errorf("nothing was lost or reordered: %+v %+v", report.ToKernel, report.FromKernel)
	}
}

func TestTheKernelAndTheModelExchangeBytes(t *testing.T) {
	for i, congestion := range tcp.CongestionControls {
		t.Run(congestion, func(t *testing.T) {
			exchange(t, 4+2*(i%2), congestion, 8<<20, i%2 == 0, time.Minute)
		})
	}
}

// What one end does not offer the other must do without; netgpu's padding must not
// disturb a peer that has none.
func TestTheKernelTakesEveryVariant(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*tcp.Spec)
		mtu    int
	}{
		{"no SACK", func(s *tcp.Spec) { s.SACK = false }, 1500},
		{"no timestamps", func(s *tcp.Spec) { s.Timestamps = false }, 1500},
		{"no window scaling", func(s *tcp.Spec) { s.NoScaling = true }, 1500},
		{"neither", func(s *tcp.Spec) { s.SACK, s.Timestamps, s.NoScaling = false, false, true }, 1500},
		{"padded", func(s *tcp.Spec) { s.PadOptions = 20 }, 1500},
		{"plain recovery", func(s *tcp.Spec) { s.Recovery = "rfc6675" }, 1500},
		{"FreeBSD's acknowledgements", func(s *tcp.Spec) { s.ACKPolicy = "freebsd" }, 1500},
		{"small buffers", func(s *tcp.Spec) {
			s.ReceiveInitial, s.ReceiveBuffer, s.SendInitial, s.SendBuffer = 8*sim.KiB, 16*sim.KiB, 8*sim.KiB, 16*sim.KiB
		}, 1500},
		{"jumbo frames", func(*tcp.Spec) {}, 9000},
		{"least MTU", func(*tcp.Spec) {}, 1280},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := stack.DefaultSpec()
			c.change(&spec)
			l := open(t, LinkConfig{Spec: spec, MTU: c.mtu, Seed: 2, Faults: faults})
			for i, version := range []int{4, 6} {
				const bytes = 256 << 10
				report, err := l.Exchange(Transfer{IPVersion: version, Congestion: "cubic", Out: bytes, In: bytes, Active: i == 0, Limit: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				if !report.OK() || report.GotOut.Bytes != bytes || report.GotIn.Bytes != bytes {
					t.Errorf("IPv%d: the bytes differ: %v", version, &report)
				}
			}
		})
	}
}

// With ECN the kernel grants what the model asks for, and both slow down for marks instead
// of losses: nothing is sent again.
func TestMarksInPlaceOfLosses(t *testing.T) {
	spec := stack.DefaultSpec()
	spec.ECN = 1
	l := open(t, LinkConfig{Spec: spec, MTU: 1500, Seed: 1, Faults: Faults{Mark: 0.01}})
	const bytes = 8 << 20
	report, err := l.Exchange(Transfer{IPVersion: 4, Congestion: "cubic", Out: bytes, In: bytes, Active: true, Limit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(&report)
	if !report.OK() || report.ToKernel.Marked == 0 || report.FromKernel.Marked == 0 {
		t.Errorf("bytes the same: %v; marked %d and %d packets", report.OK(), report.ToKernel.Marked, report.FromKernel.Marked)
	}
	if n := report.Model.Retransmits; n > 20 {
		t.Errorf("%d segments were sent again although none was lost", n)
	}
	if report.Model.Ssthresh == 0 {
		t.Error("marks have not taken the model out of slow start")
	}
}

// A link leaves nothing behind: the device is in a namespace of its own.
func TestALinkLeavesNoDevice(t *testing.T) {
	before, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Skip(err)
	}
	l := open(t, LinkConfig{Spec: stack.DefaultSpec(), MTU: 1500})
	during, err := os.ReadDir("/sys/class/net")
	if err != nil || len(during) != len(before) {
		t.Errorf("%d devices before, %d while a link is open (%v)", len(before), len(during), err)
	}
	if _, err := unix.FcntlInt(uintptr(l.tun.fd), unix.F_GETFD, 0); err != nil {
		t.Error(err)
	}
}
