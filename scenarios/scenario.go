package scenarios

import (
	"netgpusim/host"
	"netgpusim/sim"
)

// SchemaVersion is the version of the file format: the value of the key netgpusim.
const SchemaVersion = 1

// Scenario is a resolved scenario: every value is set and checked. It is immutable
// by convention; derive variants with With.
type Scenario struct {
	Name, Title, Description string
	Group                    string // heading under which built-ins are listed

	Seed             uint64
	Run              RunSpec
	Link             host.LinkSpec
	Sender, Receiver host.Spec // a Spec whose GPU is zero has no GPU
	Flows            []host.FlowSpec

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

// Assumption is a setting that the source leaves open, and why it has its value.
type Assumption struct {
	Key   string `key:"key" text:"path" required:"true" doc:"the setting, as --set names it, such as nic.mtu"`
	Why   string `key:"why" text:"free" required:"true" doc:"why this value"`
	Value string // as resolved; "sender A, receiver B" if the hosts differ
}

// Measured is a published or measured value to put beside the prediction.
type Measured struct {
	Metric    string   `key:"metric" text:"free" required:"true" doc:"field of the result, such as goodput_gbps"`
	Unit      string   `key:"unit" text:"free" doc:"unit of the value"`
	Value     float64  `key:"value" required:"true" doc:"the measured value"`
	Source    string   `key:"source" text:"free" required:"true" doc:"where it was published"`
	Unstated  []string `key:"unstated" doc:"what the source does not say about the set-up"`
	Note      string   `key:"note" text:"free" doc:"what a reader has to know about the value"`
	Tolerance float64  `key:"tolerance" min:"0" max:"1" doc:"relative error up to which a prediction counts as consistent"`
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
	Seed        uint64 `key:"seed" doc:"seed of all random draws"`

	Run       RunSpec       `key:"run" doc:"how long to simulate"`
	Link      host.LinkSpec `key:"link" doc:"the wire between the hosts, one direction like the other"`
	host.Spec               // sections at top level apply to both hosts
	Sender    host.Spec     `key:"sender" doc:"sections here override those at top level, for the host that sends data"`
	Receiver  host.Spec     `key:"receiver" doc:"sections here override those at top level, for the host that receives data"`

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
