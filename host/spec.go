package host

import (
	"netgpusim/gpu"
	"netgpusim/nic"
	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Spec is the immutable description of one host: its hardware, its kernel's
// settings and what its application does. See nic.Spec for what the struct tags
// mean; a section is a block of the scenario file.
type Spec struct {
	CPU    CPUSpec    `key:"cpu" profile:"cpu" doc:"cores, placement and what each step of the path costs"`
	PCIe   pcie.Spec  `key:"pcie" profile:"pcie" doc:"the PCIe tree around NIC and GPU"`
	NIC    nic.Spec   `key:"nic" profile:"nic" doc:"the network interface"`
	GPU    gpu.Spec   `key:"gpu" profile:"gpu" doc:"the GPU"`
	TCP    tcp.Spec   `key:"tcp" profile:"tcp" doc:"the TCP stack's settings"`
	Netgpu NetgpuSpec `key:"netgpu" doc:"the netgpu module and how the application sets it up"`
	App    AppSpec    `key:"app" doc:"the iperf3 workload"`
}

// CPUSpec holds the cores and the cost of every step, as time on one core.
type CPUSpec struct {
	Cores   int `key:"cores" min:"1" max:"256" doc:"cores the run may use"`
	IRQCore int `key:"irq_core" min:"0" max:"255" doc:"core of the first netgpu channel's interrupt; further channels take the next ones"`
	AppCore int `key:"app_core" min:"0" max:"255" doc:"core of the application thread (of the first one with app.threads per-flow; further flows take the next cores)"`

	TickHz       int           `key:"tick_hz" min:"100" max:"1000" doc:"CONFIG_HZ; from 1000 on, a NAPI poll that uses its whole budget keeps GRO bundles younger than a tick"`
	NAPIBudget   int           `key:"napi_budget" min:"1" max:"1024" doc:"packets per NAPI poll (NAPI_POLL_WEIGHT)"`
	NetdevBudget int           `key:"netdev_budget" min:"1" max:"100000" doc:"packets per softirq before it yields to ksoftirqd (net.core.netdev_budget)"`
	NetdevTime   sim.Time      `key:"netdev_budget_time" min:"1us" max:"1s" doc:"time per softirq before it yields to ksoftirqd (net.core.netdev_budget_usecs)"`
	CopyRate     sim.Bandwidth `key:"copy_rate" min:"1Mbps" max:"10Tbps" doc:"copy between user and kernel memory on one core"`
	WakeLatency  sim.Time      `key:"wake_latency" min:"0" max:"1ms" doc:"from the wake-up of a sleeping thread until it runs"`

	// Receive path.
	RxCQE        sim.Time `key:"rx_cqe" min:"0" max:"100us" doc:"per packet: CQE poll and WQE bookkeeping"`
	RxSKB        sim.Time `key:"rx_skb" min:"0" max:"100us" doc:"per packet: napi_alloc_skb and copy of the header"`
	RxMisses     sim.Time `key:"rx_misses" min:"0" max:"100us" doc:"per packet: cache misses on CQE and header"`
	RxHeaderPage sim.Time `key:"rx_header_page" min:"0" max:"100us" doc:"per packet: recycling the header page"`
	PageRefill   sim.Time `key:"page_refill" min:"0" max:"100us" doc:"per netgpu page: cache or fill ring, map look-up, reference"`
	PagePool     sim.Time `key:"page_pool" min:"0" max:"100us" doc:"per ordinary receive page: page pool allocation and return"`
	GROMerge     sim.Time `key:"gro_merge" min:"0" max:"100us" doc:"per packet: GRO look-up and merge"`
	TCPReceive   sim.Time `key:"tcp_receive" min:"0" max:"100us" doc:"per segment or GRO bundle with data: IP and TCP slow path, data-ready"`
	TCPAck       sim.Time `key:"tcp_ack" min:"0" max:"100us" doc:"per incoming pure ACK: IP and TCP, clean the retransmit queue"`
	Deliver      sim.Time `key:"deliver" min:"0" max:"100us" doc:"per fragment: post an iovec to the rx ring, drop the reference"`
	ACKTransmit  sim.Time `key:"ack_transmit" min:"0" max:"100us" doc:"per ACK sent: build, route, queue, post"`
	Wakeup       sim.Time `key:"wakeup" min:"0" max:"100us" doc:"waking a sleeping thread, on the waker's core"`
	Interrupt    sim.Time `key:"interrupt" min:"0" max:"100us" doc:"per interrupt: entry, EQE, napi_schedule, softirq entry"`
	NAPIPoll     sim.Time `key:"napi_poll" min:"0" max:"100us" doc:"per NAPI poll: fixed cost"`
	NAPIComplete sim.Time `key:"napi_complete" min:"0" max:"100us" doc:"per NAPI completion: arming the channel's CQs"`

	// Application and transmit path.
	Poll        sim.Time `key:"poll" min:"0" max:"100us" doc:"poll or epoll system call that finds work"`
	AppIovec    sim.Time `key:"app_iovec" min:"0" max:"100us" doc:"per iovec: read the rx ring, recycle into the fill ring"`
	RecvCall    sim.Time `key:"recv_call" min:"0" max:"100us" doc:"per recv system call, without the copy"`
	SendCall    sim.Time `key:"send_call" min:"0" max:"100us" doc:"per sendmsg, fixed"`
	SendPage    sim.Time `key:"send_page" min:"0" max:"100us" doc:"per registered page attached to an skb"`
	SendSKB     sim.Time `key:"send_skb" min:"0" max:"100us" doc:"per skb: allocation and memory charge"`
	TCPTransmit sim.Time `key:"tcp_transmit" min:"0" max:"100us" doc:"per skb: tcp_write_xmit, IP, qdisc"`
	NICTransmit sim.Time `key:"nic_transmit" min:"0" max:"100us" doc:"per skb: driver transmit, fixed"`
	NICSegment  sim.Time `key:"nic_segment" min:"0" max:"100us" doc:"per data segment of a send WQE, DMA address look-up included"`
	Doorbell    sim.Time `key:"doorbell" min:"0" max:"100us" doc:"per doorbell: MMIO store"`
	TxCQE       sim.Time `key:"tx_cqe" min:"0" max:"100us" doc:"per send completion, fixed"`
	TxFragment  sim.Time `key:"tx_fragment" min:"0" max:"100us" doc:"per fragment of a completed skb"`
}

// NetgpuSpec is how the application sets up netgpu on a host: one memory type,
// one or more contexts (each with a NIC queue and a fill ring), and the buffers.
type NetgpuSpec struct {
	Variant     string    `key:"variant" enum:"rfc-v2|rfc-v1|fixed" doc:"which implementation the reference model follows; fixed is rfc-v2 with every repair of docs/protocol.md, the completion notification for sends among them"`
	Memory      string    `key:"memory" enum:"host|gpu" doc:"where registered memory (receive buffers and transmit data) lives"`
	AreaSize    sim.Bytes `key:"area_size" min:"64KiB" max:"16GiB" doc:"registered receive buffers"`
	Contexts    int       `key:"contexts" min:"1" max:"64" doc:"contexts; each binds one NIC queue and owns one fill ring"`
	ShareArea   bool      `key:"share_area" doc:"all contexts attach one memory area and divide its slots; otherwise each has an area of area_size"`
	Queue       int       `key:"queue" min:"-1" max:"255" doc:"NIC queue id of the first context (shadow group, channels..2*channels-1); -1: any"`
	FillEntries int       `key:"fill_entries" min:"1" max:"262144" doc:"fill ring slots asked for (rounded up to a power of two)"`
	RxEntries   int       `key:"rx_entries" min:"1" max:"131072" doc:"rx ring slots asked for, per socket (rounded up to a power of two)"`
}

// AppSpec is the iperf3 workload of RFC section 7, and the faults a scenario can
// make it commit.
type AppSpec struct {
	SendSize    sim.Bytes `key:"send_size" min:"0" max:"16MiB" doc:"bytes per send from a fixed registered buffer"`
	SendBuffers int       `key:"send_buffers" min:"1" max:"64" doc:"registered buffers of send_size that a zero-copy sender sends from in turn; where the kernel tells when a send is completed (netgpu.variant fixed), it waits for that before it uses one again"`
	Modify      bool      `key:"modify" doc:"a zero-copy sender has new data written into its buffer before each send; the writing itself takes no time"`
	ReceiveSize sim.Bytes `key:"receive_size" min:"1" max:"16MiB" doc:"bytes asked for per recv on the copying path"`
	Threads     string    `key:"threads" enum:"single|per-flow" doc:"iperf3 before 3.16 serves all streams from one thread; per-flow gives every connection a thread on a core of its own"`
	Batch       int       `key:"batch" min:"1" max:"1024" doc:"iovecs taken from the rx ring per turn"`
	FillSlots   int       `key:"fill_slots" min:"0" max:"1048576" doc:"buffers put into each fill ring at the start; 0: as many as the area and the ring hold"`
	StopAfter   sim.Time  `key:"stop_after" min:"0" max:"1000s" doc:"fault: the application stops for good at this time; 0: never"`
	RecycleStop sim.Time  `key:"recycle_stop" min:"0" max:"1000s" doc:"fault: from this time on the application keeps buffers instead of recycling them; 0: never"`
	Overfill    bool      `key:"overfill" doc:"fault: the application recycles every buffer of its area that fill_slots leaves out, one by one, without asking whether the fill ring has room"`
	ThinkTime   sim.Time  `key:"think_time" min:"0" max:"1s" doc:"extra time the application spends on each batch"`
}

// LinkSpec is the wire between the two hosts, one direction like the other.
type LinkSpec struct {
	Rate         sim.Bandwidth `key:"rate" min:"1Mbps" max:"1Tbps" doc:"MAC rate: what frames, preamble and gaps share"`
	Delay        sim.Time      `key:"delay" min:"0" max:"10s" doc:"one-way delay: cable, switches, PHYs"`
	FEC          sim.Time      `key:"fec" min:"0" max:"10us" doc:"forward error correction latency"`
	Loss         float64       `key:"loss" min:"0" max:"1" doc:"probability that a frame is lost"`
	Reorder      float64       `key:"reorder" min:"0" max:"1" doc:"probability that a frame is held back by reorder_delay"`
	ReorderDelay sim.Time      `key:"reorder_delay" min:"0" max:"1s" doc:"how long a reordered frame is held back"`
	Duplicate    float64       `key:"duplicate" min:"0" max:"1" doc:"probability that a frame arrives twice"`
}

// FlowSpec is a group of identical TCP connections.
type FlowSpec struct {
	Name      string `key:"name" doc:"what results call the flow"`
	Count     int    `key:"count" min:"1" max:"256" doc:"connections of this kind"`
	Reverse   bool   `key:"reverse" doc:"data goes from the receiver host to the sender host"`
	Tx        string `key:"tx" enum:"netgpu|copy" doc:"transmit path of the end that sends data"`
	Rx        string `key:"rx" enum:"netgpu|copy" doc:"receive path of the end that receives data"`
	Symmetric bool   `key:"symmetric" doc:"the sending end's ACKs arrive on a netgpu queue too when tx is netgpu (the proof of concept sets up both directions)"`
	Context   int    `key:"context" min:"-1" max:"63" doc:"context of the netgpu sockets; -1: connections take the contexts in turn"`
}
