package microbench

import (
	"fmt"

	"netgpusim/gpu"
	"netgpusim/sim"
)

// vectorBytes is what a thread of the streaming kernels loads or stores in one
// instruction: the largest vector there is.
const vectorBytes = 16

// warps is what so many threads are.
func warps(threads int) int { return (threads + gpu.WarpLanes - 1) / gpu.WarpLanes }

// access is one request of a warp instruction: part of a line.
type access struct {
	line   uint64
	bytes  int64 // from the first to the last byte asked for
	useful int64
}

// chunks is the order in which a kernel's threads go over memory: chunk after chunk, a
// vector each, thread after thread, all threads before the first goes on.
type chunks struct {
	size, spacing int64 // of a chunk, and from chunk to chunk
}

// instruction appends the requests of instruction number i of a warp among warps to buf:
// neighbouring lanes that touch one line share a request.
func (c *chunks) instruction(buf []access, i, warp, warps int) []access {
	rounded := (c.size + vectorBytes - 1) / vectorBytes * vectorBytes
	first := (int64(i)*int64(warps) + int64(warp)) * gpu.WarpLanes
	var end int64
	for lane := range int64(gpu.WarpLanes) {
		at := (first + lane) * vectorBytes
		within := at % rounded
		useful := min(vectorBytes, c.size-within)
		address := at/rounded*c.spacing + within
		line := uint64(address / gpu.LineBytes)
		if n := len(buf); n == 0 || buf[n-1].line != line {
			buf = append(buf, access{line: line})
			end = address
		}
		last := &buf[len(buf)-1]
		last.bytes += address + useful - end
		last.useful += useful
		end = address + useful
	}
	return buf
}

// chunks is the pattern of the running test.
func (b *bench) chunks(size int64) chunks {
	if b.spec.Test == SMReadDense || b.spec.Test == SMWriteDense {
		// Side by side, vectors of all chunks follow each other.
		return chunks{size: gpu.LineBytes, spacing: gpu.LineBytes}
	}
	gap := int64(b.spec.Gap)
	return chunks{size: size, spacing: (size + gap - 1) / gap * gap}
}

// requestsMax bounds the requests of one row of a test of many threads.
const requestsMax = 400_000

// smWrite is a kernel storing to host memory. Stores wait for nothing, so all warps
// together are one stream of posted writes.
func (b *bench) smWrite(size int64, parallel int) ([]Row, error) {
	tree, err := b.gpuTree()
	if err != nil {
		return nil, err
	}
	path := b.gpu.NewHostAccess(tree)
	chunks := b.chunks(size)
	n := warps(parallel)
	operations := min(b.spec.Operations*n, requestsMax/gpu.WarpLanes)
	m := meter{}
	var buf []access
	var sent sim.Time
	for i := range operations {
		buf = chunks.instruction(buf[:0], i/n, i%n, n)
		if i == 0 {
			m.warm = operations * len(buf) / 4
		}
		for _, a := range buf {
			sent, _ = path.Store(sent, a.bytes)
			m.count(tree, sent, a.useful)
		}
	}
	limit := b.linkLimit(tree, &m)
	if limit == "" {
		limit = "GPU: one posted write per store_interval"
	}
	return []Row{{b.spec.Test, "d2h", size, parallel, "bandwidth", "GB/s", m.gigabytes(), limit}}, nil
}

// smRead is a kernel loading host memory.
func (b *bench) smRead(size int64, parallel int) ([]Row, error) {
	chunks := b.chunks(size)
	n := warps(parallel)
	m, limit, err := b.loads(parallel, func(buf []access, i, warp int) []access {
		return chunks.instruction(buf, i, warp, n)
	})
	if err != nil {
		return nil, err
	}
	return []Row{{b.spec.Test, "h2d", size, parallel, "bandwidth", "GB/s", m.gigabytes(), limit}}, nil
}

// outstandingReads is many threads, each with a chain of dependent loads of its own, every
// load in another page.
func (b *bench) outstandingReads(size int64, parallel int) ([]Row, error) {
	if size > gpu.LineBytes {
		return nil, &SpecError{"sizes", fmt.Sprint(size), fmt.Sprintf("1 to %d, a line, in outstanding_reads", gpu.LineBytes)}
	}
	m, limit, err := b.loads(parallel, func(buf []access, i, warp int) []access {
		for thread := warp * gpu.WarpLanes; thread < min(parallel, (warp+1)*gpu.WarpLanes); thread++ {
			page := uint64(i)*uint64(parallel) + uint64(thread)
			buf = append(buf, access{page * uint64(gpu.HostPage) / gpu.LineBytes, size, size})
		}
		return buf
	})
	if err != nil {
		return nil, err
	}
	return []Row{{OutstandingReads, "host", size, parallel, "rate", "M/s", m.millions(), limit}}, nil
}
