package nic

import "netgpusim/sim"

// Spec is the immutable description of an mlx5 NIC and of how its driver sets it
// up. A hardware profile gives every value with its unit, source and range;
// a scenario overrides what it wants to. The struct tags are the one place where
// a parameter's scenario key, bounds and meaning are written: the loader, the
// JSON Schema and the reference documentation are made from them.
type Spec struct {
	MTU      sim.Bytes `key:"mtu" min:"256" max:"9978" doc:"IP packet size limit of the port"`
	Channels int       `key:"channels" min:"1" max:"128" doc:"channels (RX/TX queue pairs with one interrupt); queue ids n..2n-1 are the shadow group that AF_XDP and netgpu use"`

	HeaderSplit sim.Bytes `key:"header_split" min:"14" max:"256" doc:"fixed offset at which the netgpu receive queue splits a frame between the host page and the netgpu page"`
	Fragment    sim.Bytes `key:"fragment" min:"256" max:"4096" doc:"largest payload entry of a receive WQE: one netgpu page"`

	RQEntries int       `key:"rq_entries" min:"64" max:"8192" pow2:"true" doc:"receive WQEs per queue"`
	CQEntries int       `key:"cq_entries" min:"64" max:"8192" pow2:"true" doc:"completion queue entries per receive queue"`
	SQEntries int       `key:"sq_entries" min:"64" max:"8192" pow2:"true" doc:"send queue size in 64-byte WQE basic blocks"`
	WQEBulk   int       `key:"wqe_bulk" min:"1" max:"64" doc:"receive WQEs posted per refill bulk"`
	CQEBytes  sim.Bytes `key:"cqe_bytes" min:"64" max:"128" doc:"size of a completion queue entry"`
	EQEBytes  sim.Bytes `key:"eqe_bytes" min:"64" max:"64" doc:"size of an event queue entry"`

	RxDIM            bool     `key:"rx_dim" doc:"dynamic moderation (Linux net_dim) of receive interrupts; it starts at 8 us / 128 and moves both by itself, so that rx_coalesce_time and rx_coalesce_frames do not count"`
	TxDIM            bool     `key:"tx_dim" doc:"the same for send interrupts"`
	RxCoalesceTime   sim.Time `key:"rx_coalesce_time" min:"0" max:"1ms" doc:"receive interrupt moderation: longest wait after a completion"`
	RxCoalesceFrames int      `key:"rx_coalesce_frames" min:"1" max:"65535" doc:"receive interrupt moderation: completions that end the wait"`
	RxCoalesceMode   string   `key:"rx_coalesce_mode" enum:"cqe|eqe" doc:"what starts the receive moderation period: every completion (cqe) or the first one after the last interrupt (eqe)"`
	TxCoalesceTime   sim.Time `key:"tx_coalesce_time" min:"0" max:"1ms" doc:"send interrupt moderation: longest wait after a completion"`
	TxCoalesceFrames int      `key:"tx_coalesce_frames" min:"1" max:"65535" doc:"send interrupt moderation: completions that end the wait"`

	RxPipeline      sim.Time  `key:"rx_pipeline" min:"0" max:"10us" doc:"from the last bit on the wire to the first DMA write"`
	TxPipeline      sim.Time  `key:"tx_pipeline" min:"0" max:"10us" doc:"from the doorbell's arrival to the WQE fetch"`
	IngressBuffer   sim.Bytes `key:"ingress_buffer" min:"16KiB" max:"64MiB" doc:"packet buffer between port and PCIe; a frame that finds it full is dropped (pcie_backpressure)"`
	OutstandingRead int       `key:"outstanding_reads" min:"1" max:"1024" doc:"memory reads the NIC keeps in flight"`
	WQEPrefetch     int       `key:"wqe_prefetch" min:"1" max:"64" doc:"receive WQEs fetched per memory read"`
	TxLookahead     sim.Bytes `key:"tx_lookahead" min:"4KiB" max:"16MiB" doc:"payload the send engine fetches ahead of the wire"`
}
