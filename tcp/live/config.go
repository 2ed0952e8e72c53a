package live

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"netgpusim/tcp"
)

// ErrUnavailable is what Open returns where there is no TUN device or no permission to
// make one.
var ErrUnavailable = errors.New("no TUN device in a network namespace of its own")

// Addresses of the two ends: from RFC 2544's block for benchmarks and from a unique
// local prefix (RFC 4193).
var (
	kernelV4 = netip.MustParsePrefix("198.18.0.1/24")
	kernelV6 = netip.MustParsePrefix("fd00:6e67:7075::1/64")
	modelV4  = netip.MustParseAddr("198.18.0.2")
	modelV6  = netip.MustParseAddr("fd00:6e67:7075::2")
)

// LinkConfig describes a link.
type LinkConfig struct {
	Spec   tcp.Spec // of the model's host; the kernel asks for ECN where this does
	MTU    int      // bytes, 1280 to 65535
	Seed   uint64
	Faults Faults // of each direction
}

func modelAddr(version int) netip.Addr {
	if version == 4 {
		return modelV4
	}
	return modelV6
}

func (c *LinkConfig) check() error {
	if c.MTU < 1280 || c.MTU > 65535 {
		return fmt.Errorf("MTU %d: 1280 to 65535 bytes", c.MTU)
	}
	for _, p := range []float64{c.Faults.Loss, c.Faults.Reorder, c.Faults.Duplicate, c.Faults.Mark} {
		if !(p >= 0 && p < 1) {
			return fmt.Errorf("fault probability %v: 0 to below 1", p)
		}
	}
	if c.Faults.Reorder > 0 && (c.Faults.Behind < 1 || c.Faults.Hold <= 0) {
		return errors.New("reordering needs a number of packets and a time to be held behind")
	}
	return nil
}

// Transfer is what one connection carries.
type Transfer struct {
	IPVersion  int
	Congestion string        // of the model, and of the kernel if it has it
	Out, In    int64         // bytes from the model to the kernel and back, at the same time
	Active     bool          // the model connects, else the kernel does
	Limit      time.Duration // after which it has failed
}

// Report is how a transfer went.
type Report struct {
	TimeOut, TimeIn  time.Duration // from the beginning to the end of the stream
	KernelCongestion string
	SentOut, GotOut  Digest // from the model to the kernel
	SentIn, GotIn    Digest // and back
	ToKernel         Counts // packets
	FromKernel       Counts
	Model            tcp.Stats
	ECN              bool  // it was negotiated
	KernelRetrans    int64 // segments
}

// Digest is the bytes of one direction as one end saw them.
type Digest struct {
	Bytes int64
	Hash  [16]byte // XXH3, 128 bits
}

// OK says whether both directions arrived as they were sent.
func (r *Report) OK() bool { return r.SentOut == r.GotOut && r.SentIn == r.GotIn }

// String is a line for people. Packets of a way are data and the other way's ACKs.
func (r *Report) String() string {
	way := func(d Digest, t time.Duration, c Counts, retransmitted int64) string {
		return fmt.Sprintf("%d bytes in %.1f s, %.0f Mbit/s, %d segments retransmitted (of %d packets %d lost, %d reordered, %d duplicated, %d marked)",
			d.Bytes, t.Seconds(), float64(d.Bytes)*8/1e6/t.Seconds(), retransmitted, c.Packets, c.Lost, c.Reordered, c.Duplicated, c.Marked)
	}
	return "to the kernel " + way(r.GotOut, r.TimeOut, r.ToKernel, r.Model.Retransmits) +
		"; from the kernel with " + r.KernelCongestion + " " + way(r.GotIn, r.TimeIn, r.FromKernel, r.KernelRetrans)
}
