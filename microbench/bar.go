package microbench

import (
	"fmt"

	"netgpusim/gpu"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// storesMax bounds the stores or loads of a core in one row.
const storesMax = 200_000

// bar1Write is a core copying to GPU memory that is mapped write-combining: a stream of
// posted writes of store_tlp each, the last of a copy shorter. A buffer is free when the
// root complex at the GPU has taken it: from the other socket two crossings later.
func (b *bench) bar1Write(size int64, parallel int) ([]Row, error) {
	tree, err := b.gpuTree()
	if err != nil {
		return nil, err
	}
	core := &b.spec.Core
	pieces := b.corePieces(size, core.StoreTLP)
	m := meter{warm: pieces / 4}
	buffers := make([]sim.Time, core.StoreBuffers) // when each is free
	hop := b.socketHop()
	var full sim.Time
	left := size
	for i := range pieces {
		n := min(left, int64(core.StoreTLP))
		buffer := &buffers[i%len(buffers)]
		full = max(full, *buffer) + core.StoreInterval
		*buffer = full + core.StoreHold + 2*hop
		m.count(tree, tree.MMIOWrite(full+hop, n), n)
		if left -= n; left == 0 {
			left = size
		}
	}
	limit := b.linkLimit(tree, &m)
	switch {
	case limit != "":
	case core.StoreInterval*sim.Time(core.StoreBuffers) >= core.StoreInterval+core.StoreHold+2*hop:
		limit = "core: one write-combining buffer per store_interval"
	default:
		limit = fmt.Sprintf("core: %d write-combining buffers over the time that they are held", core.StoreBuffers)
	}
	return []Row{{BAR1Write, "h2d", size, parallel, "bandwidth", "GB/s", m.gigabytes(), limit}}, nil
}

// bar1Read is a core copying from such memory: loads of load_bytes, so many in flight,
// each a round trip to BAR1.
func (b *bench) bar1Read(size int64, parallel int) ([]Row, error) {
	tree, err := b.gpuTree()
	if err != nil {
		return nil, err
	}
	core := &b.spec.Core
	flight := make([]sim.Time, core.Loads)
	pieces := b.corePieces(size, core.LoadBytes)
	m := meter{warm: pieces / 4}
	left := size
	for i := range pieces {
		n := min(left, int64(core.LoadBytes))
		// The answer's way back has a hop of its own.
		asked := tree.MMIOWrite(flight[i%len(flight)]+b.socketHop(), 0)
		_, done := tree.Write(asked+b.device.BARRead, pcie.HostMemory, n)
		flight[i%len(flight)] = done
		m.count(tree, done, n)
		if left -= n; left == 0 {
			left = size
		}
	}
	return []Row{{BAR1Read, "d2h", size, parallel, "bandwidth", "GB/s", m.gigabytes(),
		"core: its uncached loads in flight over the round trip"}}, nil
}

// socketHop is what a core's accesses take to the socket of the device.
func (b *bench) socketHop() sim.Time {
	if b.pcie.RemoteMemory {
		return b.pcie.NUMAHop
	}
	return 0
}

// corePieces is how many accesses of at most piece bytes a row of copies of size makes.
func (b *bench) corePieces(size int64, piece sim.Bytes) int {
	each := (size + int64(piece) - 1) / int64(piece)
	return int(min(each*int64(b.spec.Operations), storesMax))
}

// p2pLag is a payload to the GPU followed by a CQE to the host, as a NIC writes them: by
// how much software sees the CQE before device code sees the payload, and how long a
// flush, which software starts when it sees the CQE, takes to make up for it.
func (b *bench) p2pLag(size int64, parallel int) ([]Row, error) {
	tree, err := b.deviceTree()
	if err != nil {
		return nil, err
	}
	var lag, flushed, now sim.Time
	operations := b.operations(size)
	for range operations {
		var payload gpu.Visibility
		_, visible := tree.Write(now, pcie.PeerGPU, size)
		payload.Wrote(visible)
		_, cqe := tree.Write(now, pcie.HostMemory, cqeBytes)
		lag += payload.Exposed(cqe)
		// The flush goes down to the device and its answer comes back up.
		answered := b.gpu.Flush(cqe+b.pcie.MMIOWrite, &payload) + b.pcie.HostWrite
		flushed += answered - cqe
		now = max(visible, answered) + idle
	}
	n := sim.Time(operations)
	return []Row{
		{P2PLag, "d2d", size, parallel, "lag", "ns", (lag / n).Nanoseconds(), "write_visibility of the GPU and the path to it"},
		{P2PLag, "d2d", size, parallel, "flush", "ns", (flushed / n).Nanoseconds(), "round trip to the device"},
	}, nil
}

// cqeBytes is a completion queue entry of mlx5.
const cqeBytes = 64
