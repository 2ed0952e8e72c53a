package gpu

import "netgpusim/sim"

// Spec is the immutable description of a GPU: what its PCIe peers see, and what its
// copy engines and streaming multiprocessors (SMs) do to host memory. See nic.Spec
// for what the struct tags mean.
type Spec struct {
	Memory          sim.Bytes     `key:"memory" min:"1MiB" max:"1TiB" doc:"device memory"`
	BAR1            sim.Bytes     `key:"bar1" min:"64KiB" max:"1TiB" doc:"aperture through which peers reach device memory; pinned memory uses it up"`
	PageSize        sim.Bytes     `key:"page_size" min:"4KiB" max:"128KiB" pow2:"true" doc:"GPU page as the peer-to-peer interface pins it"`
	MemoryBandwidth sim.Bandwidth `key:"memory_bandwidth" min:"1Gbps" max:"1Pbps" doc:"device memory bandwidth"`
	MemoryShare     float64       `key:"memory_share" min:"0.01" max:"1" doc:"share of memory_bandwidth that a copy within the device reaches, bytes read and bytes written together"`
	MemoryLatency   sim.Time      `key:"memory_latency" min:"1ns" max:"100us" doc:"dependent load of device memory by an SM, found in the L2 cache"`

	BARRead         sim.Time `key:"bar_read" min:"0" max:"100us" doc:"service time of a read that arrives at BAR1"`
	WriteVisibility sim.Time `key:"write_visibility" min:"0" max:"100us" doc:"from a peer write's arrival until device code sees it"`
	Flush           sim.Time `key:"flush" min:"0" max:"1ms" doc:"from the flush's arrival until it is answered, when no write is on its way to memory"`

	PinTime   sim.Time `key:"pin_time" min:"0" max:"1s" doc:"pinning memory for peers, one call"`
	UnpinTime sim.Time `key:"unpin_time" min:"0" max:"1s" doc:"giving it back, one call"`

	CopySetup     sim.Time      `key:"copy_setup" min:"0" max:"1ms" doc:"copy engine: fixed time of an operation, back to back with the one before"`
	CopyFetch     sim.Time      `key:"copy_fetch" min:"0" max:"1ms" doc:"copy engine: from asking device memory until its first data can leave"`
	CopyRamp      sim.Bytes     `key:"copy_ramp" min:"0" max:"1GiB" doc:"copy engine: first bytes of an operation to the host, which leave at copy_ramp_rate"`
	CopyRampRate  sim.Bandwidth `key:"copy_ramp_rate" min:"1Gbps" max:"10Tbps" doc:"copy engine: rate of the first copy_ramp bytes to the host"`
	HostFabric    sim.Time      `key:"host_fabric" min:"0" max:"100us" doc:"SM load of host memory: time between SM and PCIe interface, there and back, while no request is outstanding on PCIe"`
	ReadSlices    int           `key:"read_slices" min:"1" max:"4096" doc:"slices to which addresses of host memory are hashed"`
	SliceReads    int           `key:"slice_reads" min:"1" max:"1024" doc:"reads of host memory that a slice keeps outstanding"`
	LineInterval  sim.Time      `key:"line_interval" min:"0" max:"1us" doc:"between the requests of one warp instruction that touches several lines"`
	StoreInterval sim.Time      `key:"store_interval" min:"0" max:"1us" doc:"between posted writes of SM stores to host memory, whole device"`
}
