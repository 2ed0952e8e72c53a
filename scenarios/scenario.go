package scenarios

import (
	"netgpusim/gpu"
	"netgpusim/host"
	"netgpusim/microbench"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// SchemaVersion is the version of the file format: the value of the key netgpusim.
const SchemaVersion = 1

// Scenario is a resolved scenario: every value is set and checked. It is immutable
// by convention; derive variants with With.
type Scenario struct {
	Name, Title, Description string
	Group                    string // heading under which built-ins are listed
	Kind                     string // KindTransfer or KindBench
	Seed                     uint64

	// Of a transfer:
	Run              RunSpec
	Link             host.LinkSpec
	Sender, Receiver host.Spec // a Spec whose GPU is zero has no GPU
	Flows            []host.FlowSpec

	Bench Bench // of a bench

	Assumptions []Assumption
	Measured    []Measured
	Band        *Band // nil if the scenario has none
	Expect      []Expect

	// Warnings are settings that a run accepts but a reader of its result has to
	// know about: no effect, or against a standard.
	Warnings []string

	from *merged // what it was resolved from
}

// RunSpec says how long to simulate and how the time is divided.
type RunSpec struct {
	Warmup     sim.Time `key:"warmup" min:"0" max:"1000s" doc:"simulated time before measuring starts; the figures leave it out"`
	Duration   sim.Time `key:"duration" min:"1us" max:"1000s" doc:"simulated time that is measured"`
	Batches    int      `key:"batches" min:"2" max:"1000" doc:"equal parts of the duration whose means give the confidence interval"`
	StallAfter sim.Time `key:"stall_after" min:"0" max:"1000s" doc:"a run that delivers no byte for this long has stalled and ends; 0: never"`
}

// Kinds of scenarios.
const (
	KindTransfer = "transfer"   // TCP between two hosts
	KindBench    = "pcie-bench" // microbenchmarks of PCIe and GPU on one host
)

// Bench is what a scenario of kind pcie-bench measures, and on what platform.
type Bench struct {
	Platform
	Tests []BenchTest // at least one
}

// Platform is the hardware of a bench. A part that no test needs and no setting
// mentions is zero.
type Platform struct {
	PCIe   pcie.Spec
	GPU    gpu.Spec
	Device microbench.DeviceSpec
	Core   microbench.CoreSpec
}

// BenchTest is one test of a bench with its platform: that of the bench, changed by Set.
type BenchTest struct {
	Name            string   `key:"name" doc:"what results call the test; its own name if left out"`
	Set             []string `key:"set" doc:"settings for this test alone, such as pcie.iommu=true"`
	microbench.Spec          // with the platform's device and core

	PCIe pcie.Spec
	GPU  gpu.Spec
}

// benchSection is the section of a file that becomes Bench.
type benchSection struct {
	Device microbench.DeviceSpec `key:"device" profile:"device" doc:"the DMA engine that the dma and p2p tests drive"`
	Core   microbench.CoreSpec   `key:"core" profile:"core" doc:"the core that the bar1 tests run on"`
	Tests  []BenchTest           `key:"tests" doc:"what to measure: every combination of sizes and parallel gives a figure"`
}

// Assumption is a setting that the source leaves open, and why it has its value.
type Assumption struct {
	Key   string `key:"key" text:"path" required:"true" doc:"the setting, as --set names it, such as nic.mtu"`
	Why   string `key:"why" text:"free" required:"true" doc:"why this value"`
	Value string // as resolved; "sender A, receiver B" if the hosts differ
}

// Measured is a published or measured value to put beside the prediction.
type Measured struct {
	Metric     string   `key:"metric" text:"free" required:"true" doc:"field of the result, such as goodput_gbps"`
	Unit       string   `key:"unit" text:"free" doc:"unit of the value; in a bench that of the row"`
	Value      float64  `key:"value" required:"true" doc:"the measured value"`
	Source     string   `key:"source" text:"free" required:"true" doc:"where it was published"`
	Unstated   []string `key:"unstated" doc:"what the source does not say about the set-up"`
	Determines []string `key:"determines" doc:"parameters that were derived from this value, which then tests no prediction"`
	Note       string   `key:"note" text:"free" doc:"what a reader has to know about the value"`
	Tolerance  float64  `key:"tolerance" min:"0" max:"1" doc:"relative error up to which a prediction counts as consistent"`
}

// Band asks for the prediction over the plausible values of what the source leaves
// open. Points expands it.
type Band struct {
	Metric   string   `key:"metric" text:"free" required:"true" doc:"field of the result, such as goodput_gbps"`
	Warmup   sim.Time `key:"warmup" min:"0" max:"1000s" doc:"run.warmup of each point; with duration 0 that of the scenario"`
	Duration sim.Time `key:"duration" min:"0" max:"1000s" doc:"run.duration of each point; 0: that of the scenario"`
	Mode     string   `key:"mode" enum:"grid|each" doc:"grid: all combinations (the default); each: one axis at a time, the others as in the scenario"`
	Axes     []Axis   `key:"axes" required:"true" doc:"the settings to vary"`
}

// Axis is one setting and the values it plausibly had.
type Axis struct {
	Set    string   `key:"set" text:"path" required:"true" doc:"the setting, as --set names it"`
	Values []string `key:"values" text:"scalar" required:"true" doc:"the values to try"`
	Note   string   `key:"note" text:"free" doc:"why these values"`
}

// Expect is one assertion about the result. Min and Max bound a number (of a list,
// its length), Equals and Contains test text, Within compares with the measured
// value of the same metric. All that are given must hold.
type Expect struct {
	Name     string   `key:"name" text:"free" doc:"what the result calls it; made from the condition if left out"`
	Metric   string   `key:"metric" text:"free" required:"true" doc:"field of the result, such as drops.rx_out_of_buffer; the number of entries if it is a list"`
	Min      *float64 `key:"min" doc:"least value"`
	Max      *float64 `key:"max" doc:"greatest value"`
	Equals   *string  `key:"equals" text:"scalar" doc:"exact text"`
	Contains *string  `key:"contains" text:"free" doc:"part of the text"`
	Within   *float64 `key:"within" min:"0" max:"1" doc:"greatest relative distance from the measured value; goes with of"`
	Of       string   `key:"of" enum:"measured" doc:"what within compares with"`
}

// document is the shape of a scenario file. Only its tags matter: the loader keeps
// settings by path, with their origins, until all layers are merged.
type document struct {
	Schema      int    `key:"netgpusim" min:"1" max:"1" required:"true" doc:"version of the file format"`
	Name        string `key:"name" required:"true" doc:"what results call the scenario"`
	Title       string `key:"title" text:"free" doc:"one line"`
	Description string `key:"description" text:"free" doc:"what the scenario shows, and why it comes out as it does"`
	Group       string `key:"group" text:"free" doc:"heading under which the scenario is listed"`
	Extends     string `key:"extends" text:"free" doc:"scenario to build on: a built-in name, or the path of a .yaml file relative to this one"`
	Kind        string `key:"kind" enum:"transfer|pcie-bench" doc:"what is simulated: a transfer between two hosts (if left out), or microbenchmarks of PCIe and GPU on one"`
	Seed        uint64 `key:"seed" doc:"seed of all random draws"`

	Run       RunSpec       `key:"run" doc:"how long to simulate"`
	Link      host.LinkSpec `key:"link" doc:"the wire between the hosts, one direction like the other"`
	host.Spec               // sections at top level apply to both hosts
	Sender    host.Spec     `key:"sender" doc:"sections here override those at top level, for the host that sends data"`
	Receiver  host.Spec     `key:"receiver" doc:"sections here override those at top level, for the host that receives data"`

	Bench       benchSection    `key:"bench" doc:"microbenchmarks: what to measure, and with which engine and core"`
	Flows       []host.FlowSpec `key:"flows" doc:"the TCP connections"`
	Assumptions []Assumption    `key:"assumptions" doc:"settings that the source leaves open, and why they have their values"`
	Measured    []Measured      `key:"measured" doc:"published or measured values to put beside the prediction"`
	Band        *Band           `key:"band" doc:"plausible values of what the source leaves open"`
	Expect      []Expect        `key:"expect" doc:"what the result must satisfy"`
	Profiles    []profileFile   `key:"profiles" doc:"hardware profiles of this file's own, in the format of the built-in ones"`
}

// Points expands the band into lists of settings for Scenario.With. Mode "grid"
// gives every combination, the last axis fastest; mode "each" every value of every
// axis alone. Warmup and Duration are not among the settings.
func (b *Band) Points() [][]string {
	if b.Mode == "each" {
		var points [][]string
		for _, axis := range b.Axes {
			for _, v := range axis.Values {
				points = append(points, []string{axis.Set + "=" + v})
			}
		}
		return points
	}
	points := [][]string{nil}
	for _, axis := range b.Axes {
		var next [][]string
		for _, p := range points {
			for _, v := range axis.Values {
				next = append(next, append(p[:len(p):len(p)], axis.Set+"="+v))
			}
		}
		points = next
	}
	return points
}
