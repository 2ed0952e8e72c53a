package pcie

import "netgpusim/sim"

// Values of Spec.Topology.
const (
	TopologySwitch = "switch"
	TopologyRoot   = "root"
)

// Spec is the immutable description of one host's PCIe tree around the NIC and the
// GPU. See nic.Spec for what the struct tags mean.
//
// Topology "switch": root port - switch - {NIC, GPU}. Payload between NIC and GPU
// turns round in the switch and the host's root port sees only headers, CQEs and
// WQEs. Topology "root": NIC and GPU each have a root port of their own, and peer
// traffic crosses the root complex.
type Spec struct {
	Engine string `key:"engine" enum:"auto|fast|exact" doc:"fast books transactions as a whole; exact sends every TLP through queues and credits and makes a run take eight times as long; auto is exact with ats, and with acs_redirect under a switch, where fast is known to be off, and else fast"`

	Topology string `key:"topology" enum:"switch|root" doc:"where NIC and GPU meet: under one switch, or in the root complex"`

	NICGen      int `key:"nic_gen" min:"1" max:"6" doc:"PCIe generation of the NIC's link"`
	NICLanes    int `key:"nic_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the NIC's link"`
	GPUGen      int `key:"gpu_gen" min:"1" max:"6" doc:"PCIe generation of the GPU's link"`
	GPULanes    int `key:"gpu_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the GPU's link"`
	UplinkGen   int `key:"uplink_gen" min:"1" max:"6" doc:"PCIe generation of the switch's link to the root port"`
	UplinkLanes int `key:"uplink_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the switch's link to the root port"`

	MaxPayload     sim.Bytes `key:"max_payload" min:"128" max:"4096" pow2:"true" doc:"MPS: most payload of a TLP"`
	MaxReadRequest sim.Bytes `key:"max_read_request" min:"128" max:"4096" pow2:"true" doc:"MRRS: most a memory read asks for"`
	CompletionSize sim.Bytes `key:"completion_size" min:"64" max:"4096" pow2:"true" doc:"payload of the completions that answer a read (coalesced RCB units)"`
	DLLPTax        float64   `key:"dllp_tax" min:"0" max:"0.5" doc:"share of the raw link rate spent on ACK and UpdateFC DLLPs and SKP"`

	TagBits int `key:"tag_bits" min:"0" max:"14" doc:"width of read tags on the NIC's path: 5, 8, 10 or 14 bits for 32, 256, 768 or 15360 reads in flight; 0: tags never bind"`

	PostedHeaderCredits     int `key:"posted_header_credits" min:"1" max:"4096" doc:"posted TLPs a receiver accepts before it must drain (PH)"`
	PostedDataCredits       int `key:"posted_data_credits" min:"8" max:"65536" doc:"16-byte units of posted data a receiver accepts before it must drain (PD)"`
	NonPostedHeaderCredits  int `key:"nonposted_header_credits" min:"0" max:"4096" doc:"read requests a receiver accepts before it must drain (NPH); 0: infinite"`
	NonPostedDataCredits    int `key:"nonposted_data_credits" min:"0" max:"65536" doc:"16-byte units of atomic operands a receiver accepts (NPD), exact engine only; 0: infinite"`
	CompletionHeaderCredits int `key:"completion_header_credits" min:"0" max:"4096" doc:"completions a switch or root port accepts before it must drain (CplH); endpoints are always infinite; 0: infinite"`
	CompletionDataCredits   int `key:"completion_data_credits" min:"0" max:"65536" doc:"16-byte units of completion data a switch or root port accepts (CplD); 0: infinite"`

	CutThrough      bool `key:"cut_through" doc:"the switch sends a TLP on when its header is in, not the whole TLP"`
	ACSRedirect     bool `key:"acs_redirect" doc:"ACS redirects peer-to-peer requests and completions from the switch to the root complex"`
	RelaxedOrdering bool `key:"relaxed_ordering" doc:"the NIC sets the relaxed-ordering attribute on its writes and reads"`
	IDOrdering      bool `key:"id_ordering" doc:"devices set the ID-based-ordering attribute"`

	LinkLatency    sim.Time      `key:"link_latency" min:"0" max:"10us" doc:"one way through a link's PHYs and data link layers"`
	SwitchHop      sim.Time      `key:"switch_hop" min:"0" max:"10us" doc:"through a switch, without the time to receive the TLP"`
	HostReadRTT    sim.Time      `key:"host_read_rtt" min:"0" max:"100us" doc:"64-byte read of host memory by a device under its own root port: request out to completion in"`
	HostWrite      sim.Time      `key:"host_write" min:"0" max:"100us" doc:"posted write by a device under its own root port until host software can see it"`
	MMIOWrite      sim.Time      `key:"mmio_write" min:"0" max:"100us" doc:"posted write by a core until the device has it"`
	PeerViaRoot    sim.Time      `key:"peer_via_root" min:"0" max:"100us" doc:"extra one-way latency of peer-to-peer traffic through the root complex"`
	PeerWriteLimit sim.Bandwidth `key:"peer_write_limit" min:"0" max:"1Tbps" doc:"payload rate limit of peer writes through the root complex; 0: none"`
	PeerReadLimit  sim.Bandwidth `key:"peer_read_limit" min:"0" max:"1Tbps" doc:"payload rate limit of peer reads through the root complex; 0: none"`

	HostReads    int           `key:"host_reads" min:"0" max:"4096" doc:"read requests that the root complex serves at once; 0: no limit"`
	MemoryLimit  sim.Bandwidth `key:"memory_limit" min:"0" max:"10Tbps" doc:"rate at which memory takes, and gives, device data that the LLC does not hold; 0: none"`
	RemoteMemory bool          `key:"remote_memory" doc:"the device's host memory is on the other socket"`
	NUMAHop      sim.Time      `key:"numa_hop" min:"0" max:"10us" doc:"one way between the sockets"`
	NUMALimit    sim.Bandwidth `key:"numa_limit" min:"0" max:"10Tbps" doc:"payload rate limit between the sockets, each direction; 0: none"`
	HostWindow   sim.Bytes     `key:"host_window" min:"0" max:"1TiB" doc:"host memory that transactions are spread over at random; 0: what LLC and IOTLB always hold"`
	LLCReach     sim.Bytes     `key:"llc_reach" min:"0" max:"16GiB" doc:"part of host_window that the last-level cache holds"`
	LLCMiss      sim.Time      `key:"llc_miss" min:"0" max:"10us" doc:"what a read takes longer when the last-level cache does not hold the data"`

	IOMMU        bool      `key:"iommu" doc:"the root complex translates the addresses of devices"`
	ATS          bool      `key:"ats" doc:"with iommu: the NIC asks for translations and keeps them in a TLB of its own"`
	IOMMUPage    sim.Bytes `key:"iommu_page" min:"4KiB" max:"1GiB" pow2:"true" doc:"page size of the IOMMU's mappings"`
	IOTLBEntries int       `key:"iotlb_entries" min:"1" max:"1048576" doc:"translations that the IOMMU holds"`
	IOMMUWalkers int       `key:"iommu_walkers" min:"1" max:"1024" doc:"page walks that the IOMMU does at once"`
	IOMMUWalk    sim.Time  `key:"iommu_walk" min:"0" max:"100us" doc:"one page walk"`
	IOMMULine    sim.Time  `key:"iommu_line" min:"0" max:"10us" doc:"what a walk's walker stays busy after it, for each cache line of the read that needed it"`
	ATSEntries   int       `key:"ats_entries" min:"1" max:"1048576" doc:"translations that the NIC holds with ATS"`
}
