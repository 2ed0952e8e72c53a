package microbench

import "netgpusim/sim"

// The tests. Directions of the rows: h2d is out of host memory, d2h into it; host and
// hbm say where a chain of loads goes, d2d that data stay in the device.
const (
	DMARead      = "dma_read"       // device reads host memory, GB/s
	DMAWrite     = "dma_write"      // device writes host memory, GB/s
	DMAReadWrite = "dma_read_write" // both at once, one write for each read, GB/s of either
	DMALatency   = "dma_latency"    // one read of host memory at a time, ns

	P2PRead   = "p2p_read"   // device reads GPU memory, GB/s
	P2PWrite  = "p2p_write"  // device writes GPU memory, GB/s
	P2PBoth   = "p2p_both"   // both at once, GB/s of either
	P2PLag    = "p2p_lag"    // payload to the GPU, then a CQE to the host: by how much the CQE is seen first, ns
	P2PRevoke = "p2p_revoke" // memory revoked under a stream of writes: bytes that arrive after it, and for how long, ns

	GPUPin = "gpu_pin" // areas pinned until BAR1 is full: ns of a call, and how many

	BAR1Write = "bar1_write" // a core writes GPU memory through BAR1, GB/s
	BAR1Read  = "bar1_read"  // a core reads it, GB/s

	Copy             = "copy_engine"       // copies queued back to back, GB/s
	SMReadDense      = "sm_read_dense"     // kernel loads host memory, chunks side by side, GB/s
	SMReadGap        = "sm_read_gap"       // the same, chunks gap apart
	SMWriteDense     = "sm_write_dense"    // kernel stores to host memory, chunks side by side, GB/s
	SMWriteGap       = "sm_write_gap"      // the same, chunks gap apart
	PointerChase     = "pointer_chase"     // dependent loads of one thread, ns
	OutstandingReads = "outstanding_reads" // a dependent chain in each of many threads, million reads/s
	HBMCopy          = "hbm_copy"          // copy within the device, GB/s read and written
)

// Spec is the immutable description of one microbenchmark. Every combination of sizes
// and parallel gives its rows; only the tests of SMs' loads depend on parallel, the others
// report it as it is given. See nic.Spec for what the struct tags mean.
type Spec struct {
	Test       string      `key:"test" enum:"dma_read|dma_write|dma_read_write|dma_latency|p2p_read|p2p_write|p2p_both|p2p_lag|p2p_revoke|gpu_pin|bar1_write|bar1_read|copy_engine|sm_read_dense|sm_read_gap|sm_write_dense|sm_write_gap|pointer_chase|outstanding_reads|hbm_copy" doc:"what is measured"`
	Sizes      []sim.Bytes `key:"sizes" min:"1" max:"1GiB" doc:"bytes of an access, a copy or a chunk; for pointer_chase the bytes it runs through"`
	Parallel   []int       `key:"parallel" min:"1" max:"1048576" doc:"threads of a kernel; those that stream are whole warps of 32"`
	Gap        sim.Bytes   `key:"gap" min:"128" max:"1MiB" doc:"from chunk to chunk in the gap tests, at least"`
	Operations int         `key:"operations" min:"16" max:"10000000" doc:"accesses per row, of each thread where there are many; fewer of very large ones"`

	Device DeviceSpec `key:"device" profile:"device" doc:"the DMA engine of dma and p2p tests"`
	Core   CoreSpec   `key:"core" profile:"core" doc:"the core of bar1 tests"`
}

// DeviceSpec is a device with a DMA engine that software drives operation by operation,
// as pcie-bench does (Neugebauer et al., SIGCOMM 2018). An operation of n bytes keeps its
// direction of the engine busy for setup + n at the engine's rate, beside what the link
// takes: after the link when reading, before it when writing.
type DeviceSpec struct {
	Outstanding int           `key:"outstanding" min:"1" max:"16128" doc:"read operations, and read requests, that it keeps in flight"`
	Command     sim.Time      `key:"command" min:"0" max:"100us" doc:"read operation: from its command until it is one of those in flight"`
	Finish      sim.Time      `key:"finish" min:"0" max:"100us" doc:"read operation: from its data having been moved until it is not in flight any more"`
	ReadSetup   sim.Time      `key:"read_setup" min:"0" max:"10us" doc:"engine time of a read operation, without its bytes"`
	ReadRate    sim.Bandwidth `key:"read_rate" min:"1Gbps" max:"10Tbps" doc:"rate at which the engine moves read data on, after it has arrived whole"`
	WriteSetup  sim.Time      `key:"write_setup" min:"0" max:"10us" doc:"engine time of a write operation, without its bytes"`
	WriteRate   sim.Bandwidth `key:"write_rate" min:"1Gbps" max:"10Tbps" doc:"rate at which the engine takes the data of a write"`
	SharedRate  sim.Bandwidth `key:"shared_rate" min:"0" max:"10Tbps" doc:"rate of reads and writes together, of operations up to shared_max; 0: no limit"`
	SharedMax   sim.Bytes     `key:"shared_max" min:"0" max:"1GiB" doc:"largest operation that shared_rate applies to"`
}

// CoreSpec is a core of the host with GPU memory mapped write-combining, as gdrcopy maps
// it.
type CoreSpec struct {
	StoreTLP      sim.Bytes `key:"store_tlp" min:"4" max:"64" pow2:"true" doc:"payload of the posted writes that stores become: a write-combining buffer, or half of it"`
	StoreInterval sim.Time  `key:"store_interval" min:"0" max:"10us" doc:"that the core takes to fill a write-combining buffer"`
	StoreBuffers  int       `key:"store_buffers" min:"1" max:"64" doc:"write-combining buffers"`
	StoreHold     sim.Time  `key:"store_hold" min:"0" max:"10us" doc:"from a buffer's being full until the root complex of the core's socket has taken it and it is free"`
	LoadBytes     sim.Bytes `key:"load_bytes" min:"4" max:"64" pow2:"true" doc:"what one uncached load reads"`
	Loads         int       `key:"loads" min:"1" max:"64" doc:"uncached loads in flight: 1 for plain ones, the line-fill buffers for streaming loads"`
}
