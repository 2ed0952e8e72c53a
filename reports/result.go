// Package reports turns results into artefacts for people and programs: a table
// for the terminal, JSON, CSV. The types in this file are the contract that
// scripts rely on (schema netgpusim.result/1): fields may be added; these keep
// their meaning. Gbit/s are 1e9 based throughout.
package reports

// ResultSchema names the format of Result.
const ResultSchema = "netgpusim.result/1"

// Kinds of results.
const (
	KindTransfer = "transfer"   // of TCP between two hosts
	KindBench    = "pcie-bench" // of microbenchmarks: bench has the figures, what is about a transfer is empty or 0
)

// Result is what one run of one scenario found.
type Result struct {
	Schema   string `json:"schema"`
	Kind     string `json:"kind"` // KindTransfer or KindBench
	Scenario string `json:"scenario"`
	Title    string `json:"title,omitempty"`
	Seed     uint64 `json:"seed"`
	Version  string `json:"version"`
	Digest   string `json:"digest"` // hash of everything the run did

	SimulatedS float64 `json:"simulated_s"`
	WarmupS    float64 `json:"warmup_s"` // part of simulated_s that the figures leave out
	WallS      float64 `json:"wall_s"`
	Events     uint64  `json:"events"`
	Packets    uint64  `json:"packets"` // data and ACK frames carried by the links

	GoodputGbps     float64 `json:"goodput_gbps"`
	GoodputCI95Gbps float64 `json:"goodput_ci95_gbps"` // half width, batch means

	PerFlow    []Flow           `json:"per_flow"`
	Links      []WireLink       `json:"links"`
	PCIe       PCIe             `json:"pcie"`
	CPU        CPU              `json:"cpu"`
	Rings      []Ring           `json:"rings"`
	NICs       []NIC            `json:"nics"`
	Drops      map[string]int64 `json:"drops"` // by cause, causes that did not occur left out
	Pages      Pages            `json:"pages"`
	Violations []Violation      `json:"violations"`
	Stall      *Stall           `json:"stall,omitempty"` // the run made no progress
	Series     []Series         `json:"series"`
	Limit      Limit            `json:"limit"`
	Ladder     []Limit          `json:"ladder"` // every resource considered, tightest first, without Next

	Bench    []BenchRow `json:"bench,omitempty"`    // of a bench: its figures, in the order of the scenario
	Accuracy []Accuracy `json:"accuracy,omitempty"` // of a bench with measured rows: of all, then by test

	Assumptions []Assumption `json:"assumptions,omitempty"`
	Measured    []Measured   `json:"measured,omitempty"`
	Band        *Band        `json:"band,omitempty"`
	Expect      []Expect     `json:"expect"`
	Warnings    []string     `json:"warnings,omitempty"`
}

// Flow is one TCP connection.
type Flow struct {
	ID           string  `json:"id"`
	Direction    string  `json:"direction"` // "sender->receiver" or the reverse
	TxPath       string  `json:"tx_path"`   // netgpu or copy
	RxPath       string  `json:"rx_path"`
	TxMemory     string  `json:"tx_memory"` // host or gpu
	Memory       string  `json:"memory"`    // where received payload lands: host or gpu
	MSSBytes     int64   `json:"mss_bytes"`
	GoodputGbps  float64 `json:"goodput_gbps"`
	Bytes        int64   `json:"bytes"` // delivered to the application after warm-up
	Retransmits  int64   `json:"retransmits"`
	Timeouts     int64   `json:"timeouts"` // retransmission timeouts
	RTTUs        RTT     `json:"rtt_us"`
	CwndBytesMax int64   `json:"cwnd_bytes_max"`
	// Shares of the measured time in which the sender was held back by ...
	LimitedByWindow float64 `json:"limited_by_rwnd"`
	LimitedByCwnd   float64 `json:"limited_by_cwnd"`
	LimitedByBuffer float64 `json:"limited_by_sndbuf"` // nothing to send: the send buffer is full of what is in flight
	LimitedByApp    float64 `json:"limited_by_app"`    // nothing to send
	// Of a sender whose kernel tells when a send is completed (netgpu.variant fixed):
	// the share of the time in which it waited for that, part of LimitedByApp, and how
	// long a buffer is in use on average, from the begin of its send until the
	// application has taken the completion.
	LimitedByCompletions float64 `json:"limited_by_completions,omitempty"`
	CompletionUs         float64 `json:"completion_us,omitempty"`

	Error string `json:"error,omitempty"` // errno and reason, if the connection has ended with an error
}

// RTT is a round-trip time in microseconds.
type RTT struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	P99  float64 `json:"p99"`
}

// WireLink is one direction of the network link.
type WireLink struct {
	From        string  `json:"from"`
	To          string  `json:"to"`
	RateGbps    float64 `json:"rate_gbps"`
	Frames      int64   `json:"frames"`
	Bytes       int64   `json:"bytes"` // on the wire, with preamble and gap
	Utilisation float64 `json:"utilisation"`
}

// PCIe is the traffic on every PCIe link.
type PCIe struct {
	Links    []PCIeLink `json:"links"`
	HostPath []HostPath `json:"host_path"` // of the hosts whose GPU carries payload; of all if none does
}

// HostPath compares the payload on a host's root port with the payload into and out
// of its GPU (the RFC found "the host PCI bus mostly idle"), or with all that the NIC
// moves if the GPU has no part in it.
type HostPath struct {
	Host     string  `json:"host"`
	RootGbps float64 `json:"root_gbps"` // payload both ways through the host's root port
	GPUGbps  float64 `json:"gpu_gbps"`  // payload both ways on the GPU's link
	NICGbps  float64 `json:"nic_gbps"`  // payload both ways on the NIC's link
	Share    float64 `json:"share"`     // root over GPU, or over NIC if the GPU has none
}

// PCIeLink is one link with both its directions.
type PCIeLink struct {
	Host  string        `json:"host"`
	Name  string        `json:"name"`
	From  string        `json:"from"`
	To    string        `json:"to"`
	Gen   int           `json:"gen"`
	Lanes int           `json:"lanes"`
	Up    PCIeDirection `json:"up"`   // from the device towards the root: "from" is the device side
	Down  PCIeDirection `json:"down"` // from the root towards the device
}

// PCIeDirection is one direction of a PCIe link after warm-up.
type PCIeDirection struct {
	PayloadBytes int64   `json:"payload_bytes"`
	TotalBytes   int64   `json:"total_bytes"` // with TLP headers and framing
	Utilisation  float64 `json:"utilisation"` // of the rate that the DLLP tax leaves
}

// CPU is what the cores did.
type CPU struct {
	Cores []Core `json:"cores"`
}

// Core is one core that did anything.
type Core struct {
	Host       string           `json:"host"`
	Core       int              `json:"core"`
	Role       string           `json:"role"` // irq, app, irq+app
	Busy       float64          `json:"busy"` // 0..1
	Interrupts int64            `json:"interrupts"`
	Polls      int64            `json:"polls"` // NAPI polls
	NsByFunc   map[string]int64 `json:"ns"`
}

// Ring is a queue whose occupancy matters.
type Ring struct {
	Host      string    `json:"host"`
	Name      string    `json:"name"`
	Entries   int       `json:"entries"`
	Occupancy Occupancy `json:"occupancy"`
	EmptyS    float64   `json:"empty_s"` // time spent empty
	FullS     float64   `json:"full_s"`
}

// Occupancy is time-weighted.
type Occupancy struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// NIC holds the counters of one NIC, under the names ethtool has for them where it has any.
type NIC struct {
	Host     string           `json:"host"`
	Counters map[string]int64 `json:"counters"`
}

// Pages is the page ledger at the end: every registered page is in one place.
type Pages struct {
	Total      int64            `json:"total"`
	InPlace    map[string]int64 `json:"in_place"` // by place
	Lost       int64            `json:"lost"`
	Duplicated int64            `json:"duplicated"`
}

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant string  `json:"invariant"`
	TimeS     float64 `json:"time_s"`
	Host      string  `json:"host,omitempty"`
	What      string  `json:"what"`
	Count     int64   `json:"count"` // how often; TimeS and What are the first
}

// Stall says that the run stopped making progress, and why.
type Stall struct {
	SinceS float64 `json:"since_s"`
	Cause  string  `json:"cause"` // a short stable name
	What   string  `json:"what"`
}

// Series is a quantity over the whole run, warm-up included, in at most some
// hundreds of points. A point covers the time since the one before.
type Series struct {
	Name  string    `json:"name"` // goodput_gbps, cwnd_bytes
	TimeS []float64 `json:"time_s"`
	Mean  []float64 `json:"mean"`
	Min   []float64 `json:"min"`
	Max   []float64 `json:"max"`
}

// Limit is a resource and how close it is to binding.
type Limit struct {
	Resource     string  `json:"resource"`
	Utilisation  float64 `json:"utilisation"`
	CapacityGbps float64 `json:"capacity_gbps"` // goodput at which it would bind, by proportion
	HeadroomGbps float64 `json:"headroom_gbps"`
	Why          string  `json:"why,omitempty"`
	Advice       string  `json:"advice,omitempty"`
	Next         *Limit  `json:"next,omitempty"`
}

// Assumption is a setting that the source leaves open.
type Assumption struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Measured puts a published or measured value beside the prediction.
type Measured struct {
	Metric     string   `json:"metric"`
	Unit       string   `json:"unit,omitempty"`
	Value      float64  `json:"value"`
	Predicted  float64  `json:"predicted"`
	Error      float64  `json:"error"` // symmetric and signed: (predicted-value)/mean of both
	Source     string   `json:"source"`
	Unstated   []string `json:"unstated,omitempty"`
	Determines []string `json:"determines,omitempty"` // parameters derived from this value: it is an input
	Note       string   `json:"note,omitempty"`
}

// Band is the prediction over the plausible values of what the source leaves open.
type Band struct {
	Metric string      `json:"metric"`
	Low    float64     `json:"low"`
	High   float64     `json:"high"`
	Points []BandPoint `json:"points"`
}

// BandPoint is the scenario with some settings changed.
type BandPoint struct {
	Set         map[string]string `json:"set"`
	Value       float64           `json:"value"` // of the band's metric
	GoodputGbps float64           `json:"goodput_gbps"`
	CeilingGbps float64           `json:"ceiling_gbps"` // payload rate of the wire at this MTU and rate
	Limit       string            `json:"limit"`
	Consistent  *bool             `json:"consistent,omitempty"` // with the measured value: within its tolerance
	Note        string            `json:"note,omitempty"`
}

// BenchRow is one figure of a bench.
type BenchRow struct {
	ID        string   `json:"id"` // NAME/DIRECTION/SIZE, then xPARALLEL if that is not 1, then the metric if several share that
	Name      string   `json:"name"`
	Test      string   `json:"test"`
	Set       []string `json:"set,omitempty"` // settings of this test alone
	Direction string   `json:"direction"`     // h2d, d2h, both; host, hbm; d2d
	SizeBytes int64    `json:"size_bytes"`
	Parallel  int      `json:"parallel"`
	Metric    string   `json:"metric"` // bandwidth, latency, rate, lag, flush
	Unit      string   `json:"unit"`   // GB/s (1e9), ns, M/s (1e6)
	Value     float64  `json:"value"`
	Limit     string   `json:"limit"` // what bound it
	Measured  *float64 `json:"measured,omitempty"`
	Error     *float64 `json:"error,omitempty"`     // SymmetricError of value against measured
	Tolerance float64  `json:"tolerance,omitempty"` // size of the error up to which the scenario takes the two for consistent
}

// Accuracy sums up the errors of the measured rows of a bench, or of those of one name.
type Accuracy struct {
	Of       string  `json:"of"` // "all", or the name of the rows
	Rows     int     `json:"rows"`
	Median   float64 `json:"median"` // of the errors' sizes
	Worst    float64 `json:"worst"`  // greatest size of an error
	WorstRow string  `json:"worst_row"`
}

// Expect is one assertion of the scenario and its outcome.
type Expect struct {
	Name   string `json:"name"`
	Wanted string `json:"wanted"`
	Got    string `json:"got"`
	OK     bool   `json:"ok"`
}
