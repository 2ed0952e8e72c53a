package gpu

import "netgpusim/sim"

// Spec is the immutable description of a GPU as its PCIe peers see it. See
// nic.Spec for what the struct tags mean.
type Spec struct {
	Memory          sim.Bytes     `key:"memory" min:"1MiB" max:"1TiB" doc:"device memory"`
	BAR1            sim.Bytes     `key:"bar1" min:"64KiB" max:"1TiB" doc:"aperture through which peers reach device memory; pinned memory uses it up"`
	PageSize        sim.Bytes     `key:"page_size" min:"4KiB" max:"128KiB" pow2:"true" doc:"GPU page as the peer-to-peer interface pins it"`
	MemoryBandwidth sim.Bandwidth `key:"memory_bandwidth" min:"1Gbps" max:"1Pbps" doc:"device memory bandwidth"`
	BARRead         sim.Time      `key:"bar_read" min:"0" max:"100us" doc:"service time of a read that arrives at BAR1"`
	WriteVisibility sim.Time      `key:"write_visibility" min:"0" max:"100us" doc:"from a peer write's arrival until device code sees it"`
}
