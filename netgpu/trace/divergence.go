package trace

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/netgpu"
)

// Divergence is a line at which trace and model part.
type Divergence struct {
	Line      int64  // from 1
	Time      int64  // ns, the event's
	Actor     string // the event's
	Op        string
	Ring      string // "" if the event has none
	Expected  string
	Found     string
	Invariant string // conservation, exclusive-dma, ...; conformance if the model only chooses otherwise
	Cause     string // short and stable: one of netgpu's causes or of those in docs/trace.md
}

// String is one line for a reader.
func (d Divergence) String() string {
	on := ""
	if d.Ring != "" {
		on = " on " + d.Ring
	}
	return fmt.Sprintf("line %d: %s %s%s: %s (%s): expected %s, found %s", d.Line, d.Actor, d.Op, on, d.Cause, d.Invariant, d.Expected, d.Found)
}

// Conformance is the invariant of a divergence that breaks none of the protocol's: the
// variant that the trace claims to be of would have done otherwise.
const Conformance = "conformance"

// The other invariants of divergences.
var (
	conservation = netgpu.Conservation.String()
	ringSafety   = netgpu.RingSafety.String()
	delivery     = netgpu.Delivery.String()
	progress     = netgpu.Progress.String()
	robustness   = netgpu.Robustness.String()
	teardown     = netgpu.Teardown.String()
)

// diverge reports a divergence that is not a violation of the model. From here on the
// model does not know what is true; whatever is left to do for the event is left.
func (c *checker) diverge(invariant, cause, expected, found string) error {
	c.astray = true
	return c.add(Divergence{Expected: expected, Found: found, Invariant: invariant, Cause: cause})
}

func (c *checker) add(d Divergence) error {
	ev := &c.ev
	d.Line, d.Time, d.Actor, d.Op, d.Ring = c.in.count, ev.Time, ev.Actor.String(), ev.Op.String(), string(ev.ring)
	c.report.Divergences = append(c.report.Divergences, d)
	if len(c.report.Divergences) >= c.options.Max {
		return errStop
	}
	return nil
}

// violations reports what the model found wrong with the event. The model goes on with
// its faults, as the trace of the same implementation does.
func (c *checker) violations() error {
	vs := c.module.Violations() // nil, and for nothing, as long as there are none
	for _, v := range vs[min(c.known, len(vs)):] {
		c.known++
		if slices.Contains(c.seen, v.Cause) {
			continue
		}
		c.seen = append(c.seen, v.Cause)
		found := c.named(v.What)
		if va, ok := c.module.VA(v.Page); ok {
			found = fmt.Sprintf("%s (page %d: %#x)", found, v.Page, va)
		}
		if err := c.add(Divergence{Expected: rules[v.Cause.Invariant()], Found: found,
			Invariant: v.Cause.Invariant().String(), Cause: v.Cause.String()}); err != nil {
			return err
		}
	}
	return nil
}

// named is what the model says with the trace's names for its queues, whose numbers
// mean nothing to a reader.
func (m *model) named(what string) string {
	for _, r := range m.order {
		if r.kind == Fill && r.queue != nil {
			what = strings.ReplaceAll(what, fmt.Sprintf("queue %d", r.queue.QueueID()), fmt.Sprintf("queue %q", r.name))
		}
	}
	return what
}

// rules are the invariants in words, as what was expected.
var rules = [...]string{
	netgpu.Conservation: "each registered page in exactly one place",
	netgpu.ExclusiveDMA: "a page that is posted to be the NIC's alone, and posted once",
	netgpu.RingSafety:   "a slot to be written only when free and read only when published",
	netgpu.Delivery:     "bytes to arrive in order, once, unchanged, apart from headers",
	netgpu.TxStability:  "a buffer not to change while TCP may send from it",
	netgpu.Progress:     "what is sent to arrive in the end",
	netgpu.Robustness:   "nothing to touch what is not its own",
	netgpu.Teardown:     "closing to return everything, and no DMA into memory that is gone",
}
