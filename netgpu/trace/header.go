package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"netgpusim/netgpu"
)

// Format is what the first line of a trace says it is.
const Format = "netgpu trace 1"

// AnyVariant is the variant of an implementation that the model does not know: every
// choice that keeps the invariants is right.
const AnyVariant = "any"

// Limits of a header.
const (
	MaxContexts = 64
	MaxRings    = 900 // open at the same time; they are open files of one process
)

// Header is the first line of a trace: what there is when it begins. All of it belongs
// to one kernel module and one address space.
type Header struct {
	Format   string       `json:"format"`
	Producer string       `json:"producer,omitempty"` // who wrote the trace, for the reader
	Host     string       `json:"host,omitempty"`     // whose kernel it is, for the reader
	Variant  string       `json:"variant"`            // rfc-v2, rfc-v1, or any
	Actors   []string     `json:"actors"`             // of whom there are events
	Contexts int          `json:"contexts"`           // numbered from 0
	Regions  []RegionSpec `json:"regions"`
	Rings    []RingSpec   `json:"rings"`
}

// RegionSpec is registered memory.
type RegionSpec struct {
	Addr     uint64 `json:"addr"`
	Len      uint64 `json:"len"`      // bytes
	Memory   string `json:"memory"`   // host or cuda
	Contexts []int  `json:"contexts"` // it is attached to
}

// RingSpec is an interface queue with its fill ring, or a socket with its rx ring. The
// ring is empty and its indices are 0, unless a gap follows.
type RingSpec struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // fill or rx
	Context int    `json:"context"`
	Entries uint32 `json:"entries"`
}

// parseHeader decodes a header line; keys that it does not know are an error, because
// what they mean would be ignored.
func parseHeader(line []byte) (*Header, error) {
	h := &Header{}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("header: more than one value in the line")
	}
	return h, h.check()
}

// check refuses what no trace can have, apart from what the model refuses.
func (h *Header) check() error {
	switch {
	case h.Format != Format:
		return fmt.Errorf("header: format %q: this is not a trace of format %q", h.Format, Format)
	case h.Contexts < 0 || h.Contexts > MaxContexts:
		return fmt.Errorf("header: contexts %d: allowed are 0 to %d", h.Contexts, MaxContexts)
	case len(h.Rings) > MaxRings:
		return fmt.Errorf("header: %d rings: allowed are up to %d", len(h.Rings), MaxRings)
	case len(h.Actors) == 0:
		return fmt.Errorf("header: actors is empty: allowed are app, kernel, nic")
	}
	for _, a := range h.Actors {
		if !slices.Contains(actorNames[:], a) {
			return fmt.Errorf("header: actor %q: allowed are app, kernel, nic", a)
		}
	}
	if !h.has(App) && !h.has(Kernel) {
		return fmt.Errorf("header: actors: nothing can be checked without app or kernel")
	}
	for i, r := range h.Regions {
		if _, ok := memoryByName(r.Memory); !ok {
			return fmt.Errorf("header: regions[%d]: memory %q: allowed are host, cuda", i, r.Memory)
		}
		if len(r.Contexts) > MaxContexts {
			return fmt.Errorf("header: regions[%d]: attached to %d contexts: allowed are up to %d", i, len(r.Contexts), MaxContexts)
		}
	}
	for i, r := range h.Rings {
		if r.Name == "" || len(r.Name) > 64 {
			return fmt.Errorf("header: rings[%d]: a name has 1 to 64 bytes, not %d", i, len(r.Name))
		}
		if _, ok := kindByName(r.Kind); !ok {
			return fmt.Errorf("header: rings[%d]: kind %q: allowed are fill, rx", i, r.Kind)
		}
		if slices.ContainsFunc(h.Rings[:i], func(x RingSpec) bool { return x.Name == r.Name }) {
			return fmt.Errorf("header: rings[%d]: name %q is there twice", i, r.Name)
		}
	}
	return nil
}

// has says whether the trace has the events of an actor.
func (h *Header) has(a Actor) bool { return slices.Contains(h.Actors, a.String()) }

func memoryByName(name string) (netgpu.MemType, bool) {
	for _, t := range []netgpu.MemType{netgpu.HostMemory, netgpu.CUDAMemory} {
		if t.String() == name {
			return t, true
		}
	}
	return 0, false
}

func kindByName(name string) (Kind, bool) {
	for _, k := range []Kind{Fill, Rx} {
		if k.String() == name {
			return k, true
		}
	}
	return NoRing, false
}
