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
	Topology string `key:"topology" enum:"switch|root" doc:"where NIC and GPU meet: under one switch, or in the root complex"`

	NICGen      int `key:"nic_gen" min:"1" max:"5" doc:"PCIe generation of the NIC's link"`
	NICLanes    int `key:"nic_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the NIC's link"`
	GPUGen      int `key:"gpu_gen" min:"1" max:"5" doc:"PCIe generation of the GPU's link"`
	GPULanes    int `key:"gpu_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the GPU's link"`
	UplinkGen   int `key:"uplink_gen" min:"1" max:"5" doc:"PCIe generation of the switch's link to the root port"`
	UplinkLanes int `key:"uplink_lanes" min:"1" max:"16" pow2:"true" doc:"lanes of the switch's link to the root port"`

	MaxPayload     sim.Bytes `key:"max_payload" min:"128" max:"4096" pow2:"true" doc:"MPS: most payload of a TLP"`
	MaxReadRequest sim.Bytes `key:"max_read_request" min:"128" max:"4096" pow2:"true" doc:"MRRS: most a memory read asks for"`
	CompletionSize sim.Bytes `key:"completion_size" min:"64" max:"4096" pow2:"true" doc:"payload of the completions that answer a read (coalesced RCB units)"`
	DLLPTax        float64   `key:"dllp_tax" min:"0" max:"0.5" doc:"share of the raw link rate spent on ACK and UpdateFC DLLPs and SKP"`

	PostedHeaderCredits int `key:"posted_header_credits" min:"1" max:"4096" doc:"posted TLPs a receiver accepts before it must drain (PH)"`
	PostedDataCredits   int `key:"posted_data_credits" min:"8" max:"65536" doc:"16-byte units of posted data a receiver accepts before it must drain (PD)"`

	LinkLatency    sim.Time      `key:"link_latency" min:"0" max:"10us" doc:"one way through a link's PHYs and data link layers"`
	SwitchHop      sim.Time      `key:"switch_hop" min:"0" max:"10us" doc:"through a switch, cut-through"`
	HostReadRTT    sim.Time      `key:"host_read_rtt" min:"0" max:"100us" doc:"64-byte read of host memory by a device under its own root port: request out to completion in"`
	HostWrite      sim.Time      `key:"host_write" min:"0" max:"100us" doc:"posted write by a device under its own root port until host software can see it"`
	MMIOWrite      sim.Time      `key:"mmio_write" min:"0" max:"100us" doc:"posted write by a core until the device has it"`
	PeerViaRoot    sim.Time      `key:"peer_via_root" min:"0" max:"100us" doc:"extra one-way latency of peer-to-peer traffic through the root complex"`
	PeerWriteLimit sim.Bandwidth `key:"peer_write_limit" min:"0" max:"1Tbps" doc:"payload rate limit of peer writes through the root complex; 0: none"`
	PeerReadLimit  sim.Bandwidth `key:"peer_read_limit" min:"0" max:"1Tbps" doc:"payload rate limit of peer reads through the root complex; 0: none"`
}
