package microbench

import (
	"netgpusim/gpu"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// storesMax bounds the stores or loads of a core in one row.
const storesMax = 200_000

// bar1Write is a core copying to GPU memory that is mapped write-combining: a stream of
// posted writes of store_tlp each, the last of a copy shorter.
func (b *bench) bar1Write(size int64, parallel int) ([]Row, error) {
	tree, err := b.gpuTree()
	if err != nil {
		return nil, err
	}
	core := &b.spec.Core
	pieces := b.corePieces(size, core.StoreTLP)
	m := meter{warm: pieces / 4}
	var next sim.Time
	left := size
	for range pieces {
		n := min(left, int64(core.StoreTLP))
		m.count(tree, tree.MMIOWrite(next, n), n)
		next += core.StoreInterval
		if left -= n; left == 0 {
			left = size
		}
	}
	limit := b.linkLimit(tree, &m)
	if limit == "" {
		limit = "core: one write-combining buffer per store_interval"
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
		asked := tree.MMIOWrite(flight[i%len(flight)], 0)
		if b.pcie.RemoteMemory {
			asked += b.pcie.NUMAHop // the answer's way back has its own
		}
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
