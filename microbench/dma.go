package microbench

import (
	"slices"

	"netgpusim/pcie"
	"netgpusim/sim"
)

func (b *bench) dmaRead(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.HostMemory, size, parallel, true, false)
}

func (b *bench) dmaWrite(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.HostMemory, size, parallel, false, true)
}

func (b *bench) dmaReadWrite(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.HostMemory, size, parallel, true, true)
}

func (b *bench) p2pRead(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.PeerGPU, size, parallel, true, false)
}

func (b *bench) p2pWrite(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.PeerGPU, size, parallel, false, true)
}

func (b *bench) p2pBoth(size int64, parallel int) ([]Row, error) {
	return b.stream(pcie.PeerGPU, size, parallel, true, true)
}

// deviceTree is the platform with the device at the requester's link.
func (b *bench) deviceTree() (*pcie.Tree, error) {
	return pcie.New("bench", &b.pcie, b.spec.Device.Outstanding, b.gpu.Target())
}

// volumeMax bounds the bytes of one row: what a few milliseconds of real time book.
const volumeMax = int64(sim.GiB)

// operations is how many accesses of so many bytes a row makes: what the spec says, but
// no more than volumeMax of data and at least four, of which the first warms up.
func (b *bench) operations(size int64) int {
	return max(4, min(b.spec.Operations, int(volumeMax/size)))
}

// stream keeps the device's engine saturated with reads, writes, or pairs of them.
func (b *bench) stream(target pcie.Target, size int64, parallel int, reads, writes bool) ([]Row, error) {
	tree, err := b.deviceTree()
	if err != nil {
		return nil, err
	}
	e := newEngine(&b.spec.Device, tree, target, size, reads && writes)
	operations := b.operations(size)
	m := meter{warm: operations / 4}
	for range operations {
		var done sim.Time
		switch {
		case !writes:
			done = e.read(0)
		case !reads:
			done = e.write(0)
		default:
			done = e.pair()
		}
		m.count(tree, done, size)
	}
	direction := "both"
	switch {
	case !writes:
		direction = "h2d"
	case !reads:
		direction = "d2h"
	}
	return []Row{{b.spec.Test, direction, size, parallel, "bandwidth", "GB/s", m.gigabytes(), b.dmaLimit(tree, e, &m)}}, nil
}

// dmaLatency is the median time of one read operation alone.
func (b *bench) dmaLatency(size int64, parallel int) ([]Row, error) {
	tree, err := b.deviceTree()
	if err != nil {
		return nil, err
	}
	e := newEngine(&b.spec.Device, tree, pcie.HostMemory, size, false)
	var latencies []sim.Time
	var now sim.Time
	for range b.operations(size) {
		done := e.read(now + e.spec.Command) // in flight from here on
		latencies = append(latencies, done-now)
		now = done + idle
	}
	slices.Sort(latencies)
	median := latencies[len(latencies)/2]
	return []Row{{b.spec.Test, "h2d", size, parallel, "latency", "ns", median.Nanoseconds(),
		"round trip, then the device's engine"}}, nil
}

// idle separates operations that must not meet.
const idle = 10 * sim.Microsecond
