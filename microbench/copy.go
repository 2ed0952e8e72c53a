package microbench

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// gpuTree is the platform with the GPU at the requester's link.
func (b *bench) gpuTree() (*pcie.Tree, error) {
	return pcie.New("bench", &b.pcie, b.gpu.OutstandingReads(), b.gpu.Target())
}

// copyEngine queues copies of one size back to back, to the device and to the host.
func (b *bench) copyEngine(size int64, parallel int) ([]Row, error) {
	var rows []Row
	for _, direction := range []string{"h2d", "d2h"} {
		tree, err := b.gpuTree()
		if err != nil {
			return nil, err
		}
		engine := b.gpu.NewCopyEngine(tree)
		operations := b.operations(size)
		m := meter{warm: operations / 4}
		for range operations {
			var done sim.Time
			if direction == "h2d" {
				done = engine.ToDevice(0, size)
			} else {
				done, _ = engine.ToHost(0, size)
			}
			m.count(tree, done, size)
		}
		limit, share := b.busiest(tree, &m)
		switch {
		case share < 0.5:
			limit = fixedLimit
		case share < saturated:
			limit += "; idle during the fixed time of each operation"
		}
		rows = append(rows, Row{Copy, direction, size, parallel, "bandwidth", "GB/s", m.gigabytes(), limit})
	}
	return rows, nil
}

// fixedLimit says that an operation's bytes are not what takes its time.
const fixedLimit = "copy engine: fixed time of an operation"

// hbmCopy copies within the device.
func (b *bench) hbmCopy(size int64, parallel int) ([]Row, error) {
	took := b.gpu.CopyWithin(size)
	limit := "device memory: memory_share of its bandwidth"
	if took < 2*(b.device.CopySetup+b.device.CopyFetch) {
		limit = fixedLimit
	}
	return []Row{{HBMCopy, "d2d", size, parallel, "bandwidth", "GB/s", float64(2*size) / took.Seconds() / 1e9, limit}}, nil
}

// pointerChase is one thread following pointers through so many bytes, of host memory
// and of device memory.
func (b *bench) pointerChase(size int64, parallel int) ([]Row, error) {
	b.pcie.HostWindow = sim.Bytes(size)
	tree, err := b.gpuTree()
	if err != nil {
		return nil, err
	}
	access := b.gpu.NewHostAccess(tree)
	var now sim.Time
	for i := range b.spec.Operations {
		s, _ := access.Load(now+b.device.HostFabric/2, uint64(i), pointerBytes, 0)
		access.Returned(s.Back, s.Slice)
		now = s.Back + b.device.HostFabric - b.device.HostFabric/2
	}
	each := now / sim.Time(b.spec.Operations)
	return []Row{
		{PointerChase, "host", size, parallel, "latency", "ns", each.Nanoseconds(), "round trip to host memory"},
		{PointerChase, "hbm", size, parallel, "latency", "ns", b.device.MemoryLatency.Nanoseconds(), "round trip to the L2 cache"},
	}, nil
}

// pointerBytes is a pointer.
const pointerBytes = 8
